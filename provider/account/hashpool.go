package account

import (
	"context"
	"crypto/subtle"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
)

// HashStats is the state of the hash queue.
type HashStats struct {
	// Slots is how many hashes can run at once, Running how many do, Waiting how many wait.
	Slots, Running, Waiting int
	// Done and Shed count hashes computed and requests turned away, since the start.
	Done, Shed uint64
}

// hashPool computes password hashes, a bounded number at once: a storm of sign-ins then does not exhaust memory. Who would wait too long is
// refused at once.
type hashPool struct {
	jobs    chan *hashJob
	quit    chan struct{}
	once    sync.Once // closes quit
	workers sync.WaitGroup
	slots   int
	params  params
	derives Derive
	away    func(context.Context) (back func())
	now     func() time.Time
	wait    patience

	running    atomic.Int64
	waiting    atomic.Int64
	done, shed atomic.Uint64
}

type hashJob struct {
	password, salt []byte
	params         params
	keyLen         uint32
	// bcrypt is a hash to compare with, in place of all but the password.
	bcrypt []byte
	key    chan []byte // of capacity 1: nobody may be waiting any more
	// since is when it began to wait; later: it sets a password.
	since time.Time
	later bool
	// overdue is set by a worker that did not compute it, before it answers.
	overdue bool
	// taken is set by whoever decides the job's fate: the worker that starts it or the caller that gives up.
	taken atomic.Bool
}

func newHashPool(c HashConfig, now func() time.Time) *hashPool {
	p := &hashPool{
		jobs: make(chan *hashJob, max(c.MaxWaiting, 1)), quit: make(chan struct{}), slots: c.slots(), derives: c.Derive, away: c.Away, now: now,
		params: params{version: argonVersion, memory: c.Memory, passes: c.Passes, lanes: c.Lanes},
	}
	if p.derives == nil {
		p.derives = argon2.IDKey
	}
	if p.away == nil {
		p.away = func(context.Context) func() { return func() {} }
	}
	p.wait = patience{longest: c.MaxWait, slots: p.slots, each: p.params.guess()}
	for range p.slots {
		p.workers.Go(p.work)
	}
	return p
}

// work serves jobs.
func (p *hashPool) work() {
	for {
		select {
		case <-p.quit:
			return
		case job := <-p.jobs:
			p.waiting.Add(-1)
			if !job.taken.CompareAndSwap(false, true) {
				continue // the caller gave up
			}
			begun := p.now()
			if job.overdue = p.wait.overdue(begun.Sub(job.since), begun); job.overdue {
				job.key <- nil
				continue
			}
			p.running.Add(1)
			key := p.compute(job)
			p.wait.took(p.now().Sub(begun))
			p.running.Add(-1)
			p.done.Add(1)
			job.key <- key
		}
	}
}

func (p *hashPool) compute(job *hashJob) []byte {
	if job.bcrypt != nil {
		return compareBcrypt(job.bcrypt, job.password)
	}
	return p.derives(job.password, job.salt, job.params.passes, job.params.memory, job.params.lanes, job.keyLen)
}

// derive computes a key. later: it is of a password that is set. Refusals: Busy.
func (p *hashPool) derive(ctx context.Context, password, salt []byte, with params, keyLen int, later bool) ([]byte, error) {
	return p.run(ctx, &hashJob{password: password, salt: salt, params: with, keyLen: uint32(keyLen), later: later}) // #nosec G115 -- at most 128
}

// run waits for a slot as long as patience says, then for the hash. Refusals: Busy.
func (p *hashPool) run(ctx context.Context, job *hashJob) ([]byte, error) {
	job.key, job.since = make(chan []byte, 1), p.now()
	ahead := int(p.waiting.Add(1)) - 1
	select {
	case <-p.quit:
		return nil, p.refuse()
	default:
	}
	if !p.wait.worthwhile(ahead, int(p.running.Load()), job.later, job.since) {
		return nil, p.refuse()
	}
	select {
	case p.jobs <- job:
	default:
		return nil, p.refuse()
	}
	defer p.away(ctx)()
	timer := time.NewTimer(p.wait.longest)
	defer timer.Stop()
	select {
	case key := <-job.key:
		return p.outcome(job, key)
	case <-timer.C:
	case <-p.quit:
	case <-ctx.Done():
	}
	if job.taken.CompareAndSwap(false, true) {
		// It stays in the queue until a worker meets it, which counts it out of the waiting.
		p.shed.Add(1)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, p.busy()
	}
	return p.outcome(job, <-job.key) // it runs: its cost is spent, so let it be of use
}

func (p *hashPool) outcome(job *hashJob, key []byte) ([]byte, error) {
	if job.overdue {
		p.shed.Add(1)
		return nil, p.busy()
	}
	return key, nil
}

func (p *hashPool) refuse() error {
	p.waiting.Add(-1)
	p.shed.Add(1)
	return p.busy()
}

// hold lets err wait until it is due, where it is a refusal for being busy. Whoever calls it holds nothing that others wait for, no place under a limit either.
func (p *hashPool) hold(ctx context.Context, err error) {
	if refusal, ok := errors.AsType[*Refusal](err); !ok || refusal.Kind != Busy {
		return
	}
	wait := p.wait.due(p.now())
	if wait <= 0 {
		return
	}
	defer p.wait.told()
	defer p.away(ctx)()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.quit:
	case <-ctx.Done():
	}
}

// busy tells one after the other to come back a little later, so that they do not come back at once.
func (p *hashPool) busy() error {
	return &Refusal{Kind: Busy, RetryAfter: time.Duration(1+p.shed.Load()%4) * time.Second}
}

// hash encodes a password with the parameters in force.
func (p *hashPool) hash(ctx context.Context, password, salt []byte) (string, error) {
	key, err := p.derive(ctx, password, salt, p.params, keyLength, true)
	if err != nil {
		p.hold(ctx, err)
		return "", err
	}
	return encodeHash(p.params, salt, key), nil
}

// verify compares in constant time. stale says that the hash was made with other parameters than those in force.
func (p *hashPool) verify(ctx context.Context, encoded string, password []byte) (ok, stale bool, err error) {
	if isBcrypt(encoded) {
		return p.verifyBcrypt(ctx, encoded, password)
	}
	with, salt, want, err := parseHash(encoded)
	if err != nil {
		return false, false, err
	}
	got, err := p.derive(ctx, password, salt, with, len(want), false)
	if err != nil {
		return false, false, err
	}
	ok = subtle.ConstantTimeCompare(got, want) == 1
	return ok, with != p.params || len(want) != keyLength || len(salt) != saltLength, nil
}

func (p *hashPool) stats() HashStats {
	return HashStats{
		Slots: p.slots, Running: int(p.running.Load()), Waiting: int(p.waiting.Load()), Done: p.done.Load(), Shed: p.shed.Load(),
	}
}

// close lets running hashes end. Jobs that wait are refused by their callers.
func (p *hashPool) close() {
	p.once.Do(func() { close(p.quit) })
	p.workers.Wait()
}
