package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/storage/postgres/wire"
)

// step is one statement of a verb. The steps of a verb are one transaction.
type step struct {
	sql  string
	args []any
	// scan reads the rows; nil where there are none worth reading. It may be called again where the verb is tried again.
	scan func(*wire.Rows) error
	// affected gets how many rows the statement changed; may be nil.
	affected *int64
	// means is what it means where the step is a guard and finds nothing; nil: somebody was in the way, try again.
	means error
	// clears: the step removes what has expired and is in the way. It is left out until something is in the way.
	clears bool
}

// guard makes a step of a query that must find a row: where it finds none, the statement fails, and undoes the steps before it.
func guard(means error, query string, args ...any) step {
	return step{sql: "WITH hit AS (" + query + ") SELECT 1 / count(*) FROM hit", args: args, means: means}
}

// mode is how a verb may be tried.
type mode int

const (
	// reading changes nothing.
	reading mode = iota
	// writing must not be sent again where it may have happened.
	writing
	// repeating writes, and comes to the same when it is done twice.
	repeating
)

// failure is how one try ended.
type failure struct {
	error
	class class
	step  *step
	// sent: the database may have seen it.
	sent bool
}

// run does the steps, as one transaction, within the time that verbs have.
func (s *Store) run(ctx context.Context, verb string, m mode, steps ...step) error {
	return s.runWithin(ctx, s.timeout, verb, m, steps...)
}

// runWithin is run with a time of its own. A caller that goes away while it waits for a connection is let go; what was sent is waited for, so that no
// connection is lost with each caller, and the outcome is known.
func (s *Store) runWithin(ctx context.Context, limit time.Duration, verb string, m mode, steps ...step) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	t := tries{mode: m}
	for {
		todo := t.todo(steps)
		fail := s.try(ctx, work, todo)
		if fail == nil {
			return nil
		}
		wait, again := t.again(fail)
		if !again || !pause(work, wait) {
			return fmt.Errorf("%s: %w", verb, t.outcome(fail))
		}
	}
}

// try gets a connection and sends the steps.
func (s *Store) try(ctx, work context.Context, steps []step) *failure {
	waiting, cancel := context.WithCancel(work)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	bounded, stop := context.WithTimeout(waiting, s.acquireTimeout)
	defer stop()
	conn, err := s.pool.Acquire(bounded)
	if err != nil {
		if gone := ctx.Err(); gone != nil {
			return &failure{error: gone, class: classOther}
		}
		return &failure{error: err, class: classBroken}
	}
	defer conn.Release()
	at, err := send(work, conn.Conn, steps)
	if err == nil {
		return nil
	}
	fail := &failure{error: err, class: classOf(err, conn.IsClosed()), step: at, sent: true}
	s.evict(conn.Conn, fail)
	return fail
}

// send runs the steps and returns the one that failed; nil where that cannot be told.
func send(ctx context.Context, conn *wire.Conn, steps []step) (*step, error) {
	if len(steps) == 1 {
		return &steps[0], steps[0].alone(ctx, conn)
	}
	b := &wire.Batch{}
	for i := range steps {
		b.Queue(steps[i].sql, steps[i].args...)
	}
	results := conn.SendBatch(ctx, b)
	for i := range steps {
		if err := steps[i].result(results); err != nil {
			_ = results.Close() // says the same again
			return &steps[i], err
		}
	}
	return nil, results.Close()
}

func (p *step) alone(ctx context.Context, conn *wire.Conn) error {
	if p.scan == nil {
		tag, err := conn.Exec(ctx, p.sql, p.args...)
		if p.affected != nil {
			*p.affected = tag.RowsAffected()
		}
		return err
	}
	rows, err := conn.Query(ctx, p.sql, p.args...)
	if err != nil {
		return err
	}
	return p.read(rows)
}

func (p *step) result(results *wire.Results) error {
	if p.scan == nil {
		tag, err := results.Exec()
		if p.affected != nil {
			*p.affected = tag.RowsAffected()
		}
		return err
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	return p.read(rows)
}

func (p *step) read(rows *wire.Rows) error {
	err := p.scan(rows)
	rows.Close()
	return errors.Join(err, rows.Err())
}

// evict ends connections that are not to be used again. One that timed out is closed already; where the node went or was demoted, all others to it
// are as bad, and each of them would fail a request before it is noticed.
func (s *Store) evict(conn *wire.Conn, fail *failure) {
	switch fail.class {
	case classMoved:
		_ = conn.Close(context.Background())
	case classBroken:
		if timedOut(fail.error) {
			return
		}
	default:
		return
	}
	s.reset(conn)
}
