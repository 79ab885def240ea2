package postgres

import (
	"context"
	"time"
)

// TakeLease implements [storage.Leases].
func (s *Store) TakeLease(ctx context.Context, name, holder string, until, now time.Time) (bool, error) {
	if name == "" || holder == "" || !until.After(now) {
		return false, s.run(ctx, "TakeLease", reading, step{sql: "SELECT 1"})
	}
	var n int64
	err := s.run(ctx, "TakeLease", repeating, step{
		sql: `INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
			WHERE leases.holder = excluded.holder OR leases.expires_at <= $4`,
		args: []any{toText(name), toText(holder), until, now}, affected: &n,
	})
	return n == 1 && err == nil, err
}

// ReleaseLease implements [storage.Leases].
func (s *Store) ReleaseLease(ctx context.Context, name, holder string, _ time.Time) error {
	return s.run(ctx, "ReleaseLease", repeating, step{
		sql: "DELETE FROM leases WHERE name = $1 AND holder = $2", args: []any{toText(name), toText(holder)},
	})
}
