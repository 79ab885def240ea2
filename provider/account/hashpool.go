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
// refused, see [patience].
type hashPool struct {
	quit    chan struct{}
	once    sync.Once // closes quit
	workers sync.WaitGroup
	// come has a token for each job that came, as far as it holds them: no worker sleeps while it has one.
	come    chan struct{}
	slots   int
	params  params
	derives Derive
	away    func(context.Context) (back func())
	now     func() time.Time
	wait    patience

	running    atomic.Int64
	done, shed atomic.Uint64
}

type hashJob struct {
	password, salt []byte
	params         params
	keyLen         uint32
	// bcrypt is a hash to compare with, in place of all but the password.
	bcrypt []byte
	key    chan []byte // of capacity 1: nobody may be waiting any more
	// later: it sets a password.
	later bool
	// passed is set by whoever makes it make room for others, before it is answered.
	passed bool
}

func newHashPool(c HashConfig, now func() time.Time) *hashPool {
	p := &hashPool{
		quit: make(chan struct{}), come: make(chan struct{}, c.slots()), slots: c.slots(), derives: c.Derive, away: c.Away, now: now,
		params: params{version: argonVersion, memory: c.Memory, passes: c.Passes, lanes: c.Lanes},
	}
	if p.derives == nil {
		p.derives = argon2.IDKey
	}
	if p.away == nil {
		p.away = func(context.Context) func() { return func() {} }
	}
	p.wait = patience{longest: c.MaxWait, slots: p.slots, most: max(c.MaxWaiting, 1), each: p.params.guess()}
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
		case <-p.come:
		}
		for !p.closed() {
			begun := p.now()
			job := p.wait.next(begun)
			if job == nil {
				break
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

func (p *hashPool) closed() bool {
	select {
	case <-p.quit:
		return true
	default:
		return false
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
	job.key = make(chan []byte, 1)
	if p.closed() {
		return nil, p.refuse()
	}
	out, ok := p.wait.join(job, p.now())
	for _, other := range out {
		other.passed = true
		other.key <- nil
	}
	if !ok {
		return nil, p.refuse()
	}
	select {
	case p.come <- struct{}{}:
	default: // the workers have been told already
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
	if !p.wait.leave(job) {
		return p.outcome(job, <-job.key) // it runs: its cost is spent, so let it be of use
	}
	if ctx.Err() != nil {
		p.shed.Add(1)
		return nil, ctx.Err()
	}
	return nil, p.refuse()
}

func (p *hashPool) outcome(job *hashJob, key []byte) ([]byte, error) {
	if job.passed {
		return nil, p.refuse()
	}
	return key, nil
}

func (p *hashPool) refuse() error {
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
		Slots: p.slots, Running: int(p.running.Load()), Waiting: p.wait.queued(), Done: p.done.Load(), Shed: p.shed.Load(),
	}
}

// close lets running hashes end. Jobs that wait are refused by their callers.
func (p *hashPool) close() {
	p.once.Do(func() { close(p.quit) })
	p.workers.Wait()
}
