package memory

import (
	"context"
	"time"
)

// TakeLease implements [storage.Leases].
func (s *Store) TakeLease(ctx context.Context, name, holder string, until, now time.Time) (bool, error) {
	if err := s.Ping(ctx); err != nil {
		return false, err
	}
	return s.leases.Take(name, holder, until, now), nil
}

// ReleaseLease implements [storage.Leases].
func (s *Store) ReleaseLease(ctx context.Context, name, holder string, _ time.Time) error {
	if err := s.Ping(ctx); err != nil {
		return err
	}
	s.leases.Release(name, holder)
	return nil
}
