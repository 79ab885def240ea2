package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"latchkey/storage"
	"latchkey/storage/postgres/wire"
)

// Store is a [storage.Store] in a PostgreSQL database. It is safe for concurrent use, and any number of them can share a database.
type Store struct {
	pool *wire.Pool
	// aside has few connections, for what must not wait for requests.
	aside *wire.Pool
	// listener is how the connection of [Store.Watch] is made.
	listener *wire.Config

	timeout, acquireTimeout, pollEvery time.Duration
	// announces: the server has NOTIFY.
	announces bool

	// epoch counts how often all connections were given up.
	epoch atomic.Int64
	// sweepTurn is the table that the next sweep begins with.
	sweepTurn atomic.Uint32

	// mailDoubts and noticeDoubts are about the queues.
	mailDoubts, noticeDoubts doubts

	t tables
}

var _ storage.Store = (*Store)(nil)

// Ping implements [storage.Upkeep]. It asks whether the database can be written to, over connections of its own: the requests under way say
// nothing about that.
func (s *Store) Ping(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("Ping: %w", err)
	}
	bounded, cancel := context.WithTimeout(ctx, s.acquireTimeout)
	defer cancel()
	err := s.ping(bounded)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("Ping: %w", ctx.Err())
	}
	return fmt.Errorf("Ping: %w: %w", storage.ErrUnavailable, err)
}

func (s *Store) ping(ctx context.Context) error {
	conn, err := s.aside.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	var readOnly string
	if err := conn.QueryRow(ctx, "SHOW transaction_read_only").Scan(&readOnly); err != nil {
		return err
	}
	if readOnly == "on" {
		_ = conn.Close(ctx)
		s.reset(conn.Conn)
		return errors.New("the database cannot be written to")
	}
	return nil
}

// Close implements [storage.Upkeep]. Verbs under way are waited for.
func (s *Store) Close() error {
	s.pool.Close()
	s.aside.Close()
	return nil
}

// Load says how the pool is used: connections in use, open ones, and how many there may be. For metrics.
func (s *Store) Load() (used, open, limit int) { return s.pool.Stat() }
