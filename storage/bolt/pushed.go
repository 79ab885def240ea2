package bolt

import (
	"context"
	"time"

	"latchkey/storage"
)

func (t *txn) livePushed(id string, now time.Time) (storage.PushedRequest, bool) {
	p, ok := load(t, tPushed, []byte(id), walkPushed)
	if !ok || !p.ExpiresAt.After(now) {
		return storage.PushedRequest{}, false
	}
	return p, true
}

func (t *txn) removePushed(id string) {
	p, ok := load(t, tPushed, []byte(id), walkPushed)
	if !ok {
		return
	}
	t.drop(tPushed, []byte(id))
	t.drop(tExpiry, expiryKey(p.ExpiresAt, tPushed, []byte(id)))
	t.delta[tPushed]--
}

// PutPushedRequest implements [storage.PushedRequests].
func (s *Store) PutPushedRequest(ctx context.Context, p storage.PushedRequest, now time.Time) error {
	return s.updateWeighing(ctx, "PutPushedRequest", len(p.Form), func(t *txn) error {
		if _, live := t.livePushed(p.ID, now); live || p.ID == "" {
			return storage.ErrExists
		}
		t.removePushed(p.ID)
		t.addPushed(p)
		return nil
	})
}

func (t *txn) addPushed(p storage.PushedRequest) {
	save(t, tPushed, []byte(p.ID), walkPushed, p)
	t.mark(tExpiry, expiryKey(p.ExpiresAt, tPushed, []byte(p.ID)))
	t.delta[tPushed]++
}

// PushedRequest implements [storage.PushedRequests].
func (s *Store) PushedRequest(ctx context.Context, id string, now time.Time) (p storage.PushedRequest, err error) {
	err = s.view(ctx, "PushedRequest", func(t *txn) error {
		found, live := t.livePushed(id, now)
		if !live {
			return storage.ErrNotFound
		}
		p = found
		return nil
	})
	return p, err
}

// TakePushedRequest implements [storage.PushedRequests].
func (s *Store) TakePushedRequest(ctx context.Context, id string, now time.Time) error {
	return s.update(ctx, "TakePushedRequest", func(t *txn) error {
		if _, live := t.livePushed(id, now); !live {
			return storage.ErrNotFound
		}
		t.removePushed(id)
		return nil
	})
}

// SpendOnce implements [storage.Replays].
func (s *Store) SpendOnce(ctx context.Context, key string, until, now time.Time) error {
	return s.update(ctx, "SpendOnce", func(t *txn) error {
		was, known := load(t, tReplays, []byte(key), walkTime)
		if key == "" || !until.After(now) || known && was.After(now) {
			return storage.ErrSpent
		}
		if known {
			t.drop(tExpiry, expiryKey(was, tReplays, []byte(key)))
			t.delta[tReplays]--
		}
		t.addUntil(tReplays, key, until)
		return nil
	})
}

// addUntil stores a denial or a replay.
func (t *txn) addUntil(tb table, key string, until time.Time) {
	save(t, tb, []byte(key), walkTime, until)
	t.mark(tExpiry, expiryKey(until, tb, []byte(key)))
	t.delta[tb]++
}
