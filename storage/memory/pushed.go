package memory

import (
	"context"
	"time"

	"latchkey/storage"
)

// PutPushedRequest implements [storage.PushedRequests].
func (s *Store) PutPushedRequest(ctx context.Context, p storage.PushedRequest, now time.Time) error {
	return s.write(ctx, "PutPushedRequest", func(t *tx) error {
		if s.pushed[p.ID].ExpiresAt.After(now) || p.ID == "" {
			return storage.ErrExists
		}
		put(t, s.pushed, p.ID, p)
		s.expires(p.ExpiresAt, expiring{kind: aPushedRequest, id: p.ID})
		return nil
	})
}

// PushedRequest implements [storage.PushedRequests].
func (s *Store) PushedRequest(ctx context.Context, id string, now time.Time) (p storage.PushedRequest, err error) {
	err = s.read(ctx, "PushedRequest", func() error {
		found := s.pushed[id]
		if !found.ExpiresAt.After(now) {
			return storage.ErrNotFound
		}
		p = found
		return nil
	})
	return p, err
}

// TakePushedRequest implements [storage.PushedRequests].
func (s *Store) TakePushedRequest(ctx context.Context, id string, now time.Time) error {
	return s.write(ctx, "TakePushedRequest", func(t *tx) error {
		if !s.pushed[id].ExpiresAt.After(now) {
			return storage.ErrNotFound
		}
		drop(t, s.pushed, id)
		return nil
	})
}

// SpendOnce implements [storage.Replays].
func (s *Store) SpendOnce(ctx context.Context, key string, until, now time.Time) error {
	return s.write(ctx, "SpendOnce", func(t *tx) error {
		if key == "" || !until.After(now) || s.replays[key].After(now) {
			return storage.ErrSpent
		}
		put(t, s.replays, key, until)
		s.expires(until, expiring{kind: aReplay, id: key})
		return nil
	})
}
