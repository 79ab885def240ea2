package postgres

import (
	"context"
	"fmt"
	"time"

	"latchkey/storage"
)

// PutPushedRequest implements [storage.PushedRequests].
func (s *Store) PutPushedRequest(ctx context.Context, p storage.PushedRequest, now time.Time) error {
	return s.run(ctx, "PutPushedRequest", writing,
		step{sql: "DELETE FROM pushed_requests WHERE id = $1 AND expires_at <= $2", args: []any{toText(p.ID), now}, clears: true},
		s.t.pushed.add(&p))
}

// PushedRequest implements [storage.PushedRequests].
func (s *Store) PushedRequest(ctx context.Context, id string, now time.Time) (storage.PushedRequest, error) {
	var found []storage.PushedRequest
	err := s.run(ctx, "PushedRequest", reading, s.t.pushed.get(&found,
		"SELECT "+s.t.pushed.list+" FROM pushed_requests WHERE id = $1 AND expires_at > $2", toText(id), now))
	if err != nil {
		return storage.PushedRequest{}, err
	}
	return only("PushedRequest", found)
}

// TakePushedRequest implements [storage.PushedRequests].
func (s *Store) TakePushedRequest(ctx context.Context, id string, now time.Time) error {
	return s.mustChange(ctx, "TakePushedRequest", writing, "DELETE FROM pushed_requests WHERE id = $1 AND expires_at > $2", toText(id), now)
}

// SpendOnce implements [storage.Replays].
func (s *Store) SpendOnce(ctx context.Context, key string, until, now time.Time) error {
	if key == "" || !until.After(now) {
		return fmt.Errorf("SpendOnce: %w", storage.ErrSpent)
	}
	var n int64
	err := s.run(ctx, "SpendOnce", writing, step{
		sql: `INSERT INTO replays (key, expires_at) VALUES ($1, $2)
			ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at WHERE replays.expires_at <= $3`,
		args: []any{toText(key), until, now}, affected: &n,
	})
	if err == nil && n == 0 {
		err = fmt.Errorf("SpendOnce: %w", storage.ErrSpent)
	}
	return err
}
