package bolt

import (
	"context"
	"time"
)

// TakeLease implements [storage.Leases]. Leases are kept in memory: the file has one process at a time.
func (s *Store) TakeLease(ctx context.Context, name, holder string, until, now time.Time) (bool, error) {
	if err := s.usable(ctx, "TakeLease"); err != nil {
		return false, err
	}
	return s.leases.Take(name, holder, until, now), nil
}

// ReleaseLease implements [storage.Leases].
func (s *Store) ReleaseLease(ctx context.Context, name, holder string, _ time.Time) error {
	if err := s.usable(ctx, "ReleaseLease"); err != nil {
		return err
	}
	s.leases.Release(name, holder)
	return nil
}
