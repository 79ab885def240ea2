package bolt

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"latchkey/storage"
	"latchkey/storage/internal/counter"
	"latchkey/storage/internal/lease"
)

// Store is a [storage.Store] in one file. It is safe for concurrent use.
type Store struct {
	db       *bbolt.DB
	file     *os.File
	counters *counter.Table
	leases   lease.Table
	// alone: nobody else uses the store.
	alone bool

	// mu is held for reading while an operation is handed over, so that none is handed over after queue was closed.
	mu     sync.RWMutex
	closed bool
	queue  chan *op
	done   chan struct{} // closed when the committer has ended

	// broken is why writes are refused; nil while they are not. wedged: bbolt cannot be closed in order any more.
	broken atomic.Pointer[error]
	wedged atomic.Bool

	commits, reruns atomic.Int64
	standings       standings
	sealer          sealer
	// commitTx is (*bbolt.Tx).Commit, except where a test has it fail.
	commitTx func(*bbolt.Tx) error
}

var _ storage.Store = (*Store)(nil)

func start(db *bbolt.DB, f *os.File) *Store {
	s := &Store{
		db: db, file: f, counters: counter.New(0),
		queue: make(chan *op, maxBatch), done: make(chan struct{}),
		sealer:    sealer{f: f, flush: flush, page: make([]byte, pageSize)},
		commitTx:  (*bbolt.Tx).Commit,
		standings: standings{seed: maphash.MakeSeed()},
	}
	go s.committer()
	return s
}

// Broken says why the store refuses writes until it is opened again, or nil. It wraps ErrUnknown where making a write durable failed.
func (s *Store) Broken() error {
	if p := s.broken.Load(); p != nil {
		return *p
	}
	return nil
}

// refuse has every later write refused. The first reason stands.
func (s *Store) refuse(err error) { s.broken.CompareAndSwap(nil, &err) }

// Commits says how many transactions were made durable since the store was opened.
func (s *Store) Commits() int64 { return s.commits.Load() }

// view runs fn in a short read transaction.
func (s *Store) view(ctx context.Context, verb string, fn func(t *txn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return named(verb, s.read(fn))
}

func (s *Store) read(fn func(t *txn) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recovered(&err)
	tx, err := s.db.Begin(false)
	if err != nil {
		return fmt.Errorf("%w: %w", storage.ErrUnavailable, err)
	}
	defer tx.Rollback() //nolint:errcheck // a read transaction has nothing to lose
	return fn(&txn{tx: tx, standings: &s.standings})
}

// recovered turns a panic of ours, of bbolt, or of memory that is not there into an error.
func recovered(err *error) {
	p := recover()
	switch p := p.(type) {
	case nil:
	case abort:
		*err = p.err
	default:
		*err = fmt.Errorf("%w: %v", storage.ErrCorrupt, p)
	}
}

// named adds the verb that failed. Errors that stand for themselves stay what they are to [errors.Is].
func named(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", verb, err)
}

// Ping implements [storage.Upkeep]. It touches neither file nor locks of bbolt.
func (s *Store) Ping(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.done:
		return fmt.Errorf("Ping: %w: closed", storage.ErrUnavailable)
	default:
	}
	if err := s.Broken(); err != nil {
		return fmt.Errorf("Ping: %w: %w", storage.ErrUnavailable, err)
	}
	return nil
}

// Close implements [storage.Upkeep]. Operations that were handed over are committed first.
func (s *Store) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	if !again {
		close(s.queue)
	}
	s.mu.Unlock()
	s.standings.end()
	<-s.done
	if again {
		return nil
	}
	if s.wedged.Load() {
		return s.file.Close() // frees the lock at least
	}
	s.keepFreelist()
	if err := s.db.Close(); err != nil && !errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return fmt.Errorf("Close: %w", err)
	}
	return nil
}
