package memory

import (
	"container/heap"
	"context"
	"time"

	"latchkey/storage"
)

// expiring names the one record of which a field is set.
type expiring struct {
	session, grant, mail, jti string
	oneTime                   storage.OneTimeKey
}

type expiryEntry struct {
	at time.Time
	expiring
}

// expiryHeap orders records by expiry. Entries are not removed with their record: each is checked when its time comes.
type expiryHeap []expiryEntry

func (h expiryHeap) Len() int           { return len(h) }
func (h expiryHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h expiryHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *expiryHeap) Push(x any)        { *h = append(*h, x.(expiryEntry)) }
func (h *expiryHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

func (s *Store) expires(at time.Time, what expiring) {
	heap.Push(&s.expiry, expiryEntry{at, what})
}

// sweepBatch bounds how long a sweep keeps everybody else waiting.
const sweepBatch = 250

// Sweep implements [storage.Upkeep].
func (s *Store) Sweep(ctx context.Context, limit int, now time.Time) (total int, err error) {
	for total < limit {
		n, want := 0, min(limit-total, sweepBatch)
		err := s.write(ctx, "Sweep", func(t *tx) error {
			for n < want && len(s.expiry) > 0 && !s.expiry[0].at.After(now) {
				n += s.sweepOne(t, heap.Pop(&s.expiry).(expiryEntry).expiring, now)
			}
			return nil
		})
		total += n
		if err != nil || n < want {
			return total, err
		}
	}
	return total, nil
}

// sweepOne removes the record if it is there and has expired, and returns how many it removed.
func (s *Store) sweepOne(t *tx, e expiring, now time.Time) int {
	gone := func(at time.Time, ok bool) bool { return ok && !at.After(now) }
	switch {
	case e.session != "":
		if r, ok := s.sessions[e.session]; gone(r.ExpiresAt, ok) {
			s.removeSession(t, e.session)
			return 1
		}
	case e.grant != "":
		if r, ok := s.grants[e.grant]; gone(r.SweptAt(), ok) {
			s.removeGrant(t, e.grant)
			return 1
		}
	case e.mail != "":
		if r, ok := s.mails[e.mail]; gone(r.ExpiresAt, ok) {
			drop(t, s.mails, e.mail)
			return 1
		}
	case e.jti != "":
		if r, ok := s.denials[e.jti]; gone(r.until, ok) {
			drop(t, s.denials, e.jti)
			return 1
		}
	default:
		if r, ok := s.oneTimes[e.oneTime]; gone(r.ExpiresAt, ok) {
			drop(t, s.oneTimes, e.oneTime)
			return 1
		}
	}
	return 0
}

// Ping implements [storage.Upkeep].
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, "Ping", func() error { return nil })
}

// Stats implements [storage.Upkeep]. Expired records count until they are swept.
func (s *Store) Stats(ctx context.Context) (stats map[string]int64, err error) {
	err = s.read(ctx, "Stats", func() error {
		stats = map[string]int64{
			"accounts": int64(len(s.accounts)),
			"files":    int64(len(s.files)),
			"sessions": int64(len(s.sessions)),
			"grants":   int64(len(s.grants)),
			"onetimes": int64(len(s.oneTimes)),
			"consents": int64(len(s.consents)),
			"denials":  int64(len(s.denials)),
			"outbox":   int64(len(s.mails)),
			"clients":  int64(len(s.clients)),
		}
		return nil
	})
	return stats, err
}

// Close implements [storage.Upkeep]: from then on every verb is ErrUnavailable.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// TakeAttempts implements [storage.Limits].
func (s *Store) TakeAttempts(ctx context.Context, limits []storage.Limit, now time.Time) (storage.Taken, error) {
	if err := s.Ping(ctx); err != nil {
		return storage.Taken{}, err
	}
	return s.counters.Take(limits, now), nil
}

// ReturnAttempts implements [storage.Limits].
func (s *Store) ReturnAttempts(ctx context.Context, limits []storage.Limit, now time.Time) error {
	if err := s.Ping(ctx); err != nil {
		return err
	}
	s.counters.Return(limits, now)
	return nil
}

// ClearAttempts implements [storage.Limits].
func (s *Store) ClearAttempts(ctx context.Context, keys []string, _ time.Time) error {
	if err := s.Ping(ctx); err != nil {
		return err
	}
	s.counters.Clear(keys)
	return nil
}
