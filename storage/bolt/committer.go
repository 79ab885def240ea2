package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"

	"go.etcd.io/bbolt"

	"latchkey/storage"
)

// A commit takes at most maxBatch operations, and no more once they weigh maxWeight bytes.
const (
	maxBatch  = 256
	maxWeight = 8 << 20
)

// op is one write. It may run more than once before it is committed: what it captures it must not change, and what it
// returns it must set anew each time.
type op struct {
	run    func(t *txn) error
	weight int
	taken  atomic.Bool // by the committer, or by a caller who gave up
	err    chan error
}

// update has fn committed, together with whatever else waits, and returns once that is on disk.
func (s *Store) update(ctx context.Context, verb string, fn func(t *txn) error) error {
	return s.updateWeighing(ctx, verb, 0, fn)
}

func (s *Store) updateWeighing(ctx context.Context, verb string, weight int, fn func(t *txn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o := &op{run: fn, weight: weight, err: make(chan error, 1)}
	if err := s.hand(ctx, o); err != nil {
		return named(verb, err)
	}
	select {
	case err := <-o.err:
		return named(verb, err)
	case <-ctx.Done():
		if o.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		return named(verb, <-o.err) // under way: the truth is worth the wait
	}
}

func (s *Store) hand(ctx context.Context, o *op) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return fmt.Errorf("%w: closed", storage.ErrUnavailable)
	}
	select {
	case s.queue <- o:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// committer commits whatever has queued. A lone writer does not wait for others; many share one fsync.
func (s *Store) committer() {
	defer close(s.done)
	debug.SetPanicOnFault(true)
	batch := make([]*op, 0, maxBatch)
	company := false
	for o := range s.queue {
		if company {
			runtime.Gosched() // lets those whom the last commit woke queue up again
		}
		batch = s.drain(append(batch[:0], o))
		company = len(batch) > 1
		for rest := batch; len(rest) > 0; {
			rest = s.commit(rest)
		}
	}
}

// drain takes what has queued behind the first operation.
func (s *Store) drain(batch []*op) []*op {
	weight := batch[0].weight
	for len(batch) < maxBatch && weight < maxWeight {
		select {
		case o, ok := <-s.queue:
			if !ok {
				return claim(batch)
			}
			batch = append(batch, o)
			weight += o.weight
		default:
			return claim(batch)
		}
	}
	return claim(batch)
}

// claim keeps the operations whose callers have not given up.
func claim(batch []*op) []*op {
	kept := batch[:0]
	for _, o := range batch {
		if o.taken.CompareAndSwap(false, true) {
			kept = append(kept, o)
		}
	}
	return kept
}

// commit runs the operations in one transaction and returns those that have to be run again. An operation that fails
// before it wrote is harmless. One that fails after it wrote is taken out: the others run again without it, and then it
// runs alone, so that its error does not rest on writes that were never committed.
func (s *Store) commit(batch []*op) (rest []*op) {
	if err := s.Broken(); err != nil {
		answer(batch, func(int) error { return fmt.Errorf("%w: %w", storage.ErrUnavailable, err) })
		return nil
	}
	tx, err := s.db.Begin(true)
	if err != nil {
		answer(batch, func(int) error { return fmt.Errorf("%w: %w", storage.ErrUnavailable, err) })
		return nil
	}
	t := &txn{tx: tx, standings: &s.standings}
	errs := make([]error, len(batch))
	wrote := false
	for i, o := range batch {
		t.dirty = false
		errs[i] = runOp(t, o)
		if errs[i] != nil && t.dirty {
			s.rollback(tx)
			if len(batch) == 1 {
				o.err <- errs[i]
				return nil
			}
			s.reruns.Add(1)
			others := append(append([]*op(nil), batch[:i]...), batch[i+1:]...)
			for len(others) > 0 {
				others = s.commit(others)
			}
			return []*op{o}
		}
		wrote = wrote || t.dirty
	}
	if !wrote {
		s.rollback(tx)
		answer(batch, func(i int) error { return errs[i] })
		return nil
	}
	s.standings.writing(t.wrote)
	err = s.makeDurable(t)
	s.standings.written(t.wrote)
	if err != nil {
		answer(batch, func(int) error { return err })
		return nil
	}
	answer(batch, func(i int) error { return errs[i] })
	return nil
}

func answer(batch []*op, err func(i int) error) {
	for i, o := range batch {
		o.err <- err(i)
	}
}

func runOp(t *txn, o *op) (err error) {
	defer recovered(&err)
	return o.run(t)
}

// makeDurable commits. Where nothing was changed the error is ErrUnavailable; otherwise ErrUnknown, and no write is
// accepted any more, since what the system holds in memory may differ from the disk.
func (s *Store) makeDurable(t *txn) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %w: %v", storage.ErrUnknown, storage.ErrCorrupt, p)
			s.refuse(err)
			s.rollback(t.tx)
		}
	}()
	if err := runOp(t, &op{run: saveCounts}); err != nil {
		s.rollback(t.tx)
		return err
	}
	if err := s.persist(t.tx); err != nil {
		if noRoom(err) {
			return fmt.Errorf("%w: %w", storage.ErrUnavailable, err)
		}
		err = fmt.Errorf("%w: %w", storage.ErrUnknown, err)
		s.refuse(err)
		return err
	}
	s.commits.Add(1)
	return nil
}

// noRoom says whether a commit failed while making or filling room for pages that nothing refers to yet.
func noRoom(err error) bool {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return errors.Is(e, syscall.ENOSPC) || errors.Is(e, syscall.EDQUOT) || errors.Is(e, syscall.EFBIG)
	}
	// bbolt reports a file that cannot grow in words only.
	return strings.HasPrefix(err.Error(), "file resize error")
}

func (s *Store) rollback(tx *bbolt.Tx) {
	defer func() {
		if p := recover(); p != nil {
			s.wedged.Store(true)
			s.refuse(fmt.Errorf("%w: %v", storage.ErrCorrupt, p))
		}
	}()
	if tx.DB() != nil {
		_ = tx.Rollback() // fails only where it is done already
	}
}

func loadCounts(t *txn) number {
	n, _ := load(t, tMeta, []byte(keyCounts), walkCounts)
	return n
}

// saveCounts adds up how many records there are of each table.
func saveCounts(t *txn) error {
	if t.delta == (number{}) {
		return nil
	}
	n := loadCounts(t)
	for i, d := range t.delta {
		n[i] += d
	}
	save(t, tMeta, []byte(keyCounts), walkCounts, n)
	return nil
}
