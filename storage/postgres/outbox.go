package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"latchkey/storage"
)

// QueueMail implements [storage.Outbox].
func (s *Store) QueueMail(ctx context.Context, list []storage.Mail, now time.Time) error {
	steps := s.queueMail(list, now)
	if len(steps) == 0 {
		return nil
	}
	return s.run(ctx, "QueueMail", writing, steps...)
}

func (s *Store) queueMail(list []storage.Mail, now time.Time) (steps []step) {
	for _, m := range list {
		steps = append(steps,
			step{sql: "DELETE FROM outbox WHERE id = $1 AND expires_at <= $2", args: []any{toText(m.ID), now}, clears: true},
			s.t.mails.add(&m))
	}
	return steps
}

// LeaseMail implements [storage.Outbox]. Those due longest come first. Rows that another replica is leasing are passed over, not waited for.
func (s *Store) LeaseMail(ctx context.Context, limit int, until, now time.Time) ([]storage.Mail, error) {
	var taken []leased[storage.Mail]
	err := s.mailDoubts.lease("outbox", until, func(before []step) error {
		return s.run(ctx, "LeaseMail", writing, append(before, s.t.leasedMails.get(&taken, `WITH due AS (
			SELECT id, due_at FROM outbox WHERE due_at <= $1 AND expires_at > $1 ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
		) UPDATE outbox q SET lease_until = $3 FROM due WHERE q.id = due.id RETURNING `+s.t.leasedMails.list, now, max(limit, 0), until))...)
	})
	if err != nil {
		return nil, err
	}
	return longestDueFirst(taken, func(a, b storage.Mail) int { return strings.Compare(a.ID, b.ID) }), nil
}

// ReleaseMail implements [storage.Handover].
func (s *Store) ReleaseMail(ctx context.Context) (int, error) {
	var n int64
	err := s.runWithin(ctx, longTimeout, "ReleaseMail", repeating, longer(), step{
		sql:      "UPDATE outbox SET lease_until = NULL WHERE id IN (SELECT id FROM outbox WHERE lease_until IS NOT NULL ORDER BY id FOR UPDATE)",
		affected: &n,
	})
	return int(n), err
}

// FinishMail implements [storage.Outbox].
func (s *Store) FinishMail(ctx context.Context, id string, _ time.Time) error {
	return s.run(ctx, "FinishMail", repeating, step{sql: "DELETE FROM outbox WHERE id = $1", args: []any{toText(id)}})
}

// RetryMail implements [storage.Outbox].
func (s *Store) RetryMail(ctx context.Context, id string, notBefore time.Time, lastError string, now time.Time) error {
	return s.mustChange(ctx, "RetryMail", writing,
		"UPDATE outbox SET attempts = attempts + 1, not_before = $3, last_error = $4, lease_until = NULL WHERE id = $1 AND expires_at > $2",
		toText(id), now, notBefore, toText(lastError))
}

// mustChange runs a statement that changes at most one row. Errors: ErrNotFound where it changed none.
func (s *Store) mustChange(ctx context.Context, verb string, m mode, sql string, args ...any) error {
	var n int64
	if err := s.run(ctx, verb, m, step{sql: sql, args: args, affected: &n}); err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("%s: %w", verb, storage.ErrNotFound)
	}
	return nil
}

// OutboxState implements [storage.Outbox].
func (s *Store) OutboxState(ctx context.Context, now time.Time) (state storage.OutboxState, err error) {
	err = s.run(ctx, "OutboxState", reading, step{
		sql: `SELECT count(*), count(*) FILTER (WHERE attempts > 0), min(CASE WHEN attempts > 0 THEN created_at ELSE greatest(created_at, not_before) END)
			FROM outbox WHERE expires_at > $1 AND (attempts > 0 OR not_before <= $1)`,
		args: []any{now}, scan: oneRow(&state.Waiting, &state.Failing, timeDest{&state.Oldest}),
	})
	return state, err
}
