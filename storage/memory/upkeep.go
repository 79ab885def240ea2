package memory

import (
	"container/heap"
	"context"
	"time"

	"latchkey/storage"
)

// kind says in which map a record is.
type kind byte

const (
	aSession kind = iota
	aGrant
	aOneTime
	aMail
	aDenial
	aClient
	aDevice
	aPushedRequest
	aReplay
	aRegistrationToken
	aNotice
	anEvent
)

// expiring names one record. more is the second half of keys that have two, account that of events.
type expiring struct {
	kind     kind
	id, more string
	account  int64
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
	dead := func(at time.Time) bool { return !at.After(now) }
	oneTime, notice := storage.OneTimeKey{Purpose: storage.Purpose(e.id), Hash: e.more}, storage.NoticeKey{SID: e.id, ClientID: e.more}
	switch e.kind {
	case aSession:
		return gone(s.sessions, e.id, func(r storage.Session) bool { return dead(r.ExpiresAt) }, func() { s.removeSession(t, e.id) })
	case aGrant:
		return gone(s.grants, e.id, func(r grant) bool { return dead(r.SweptAt()) }, func() { s.removeGrant(t, e.id) })
	case aOneTime:
		return gone(s.oneTimes, oneTime, func(r storage.OneTime) bool { return dead(r.ExpiresAt) }, func() { drop(t, s.oneTimes, oneTime) })
	case aMail:
		return gone(s.mails, e.id, func(r storage.Mail) bool { return dead(r.ExpiresAt) }, func() { drop(t, s.mails, e.id) })
	case aDenial:
		return gone(s.denials, e.id, func(r denial) bool { return dead(r.until) }, func() { drop(t, s.denials, e.id) })
	case aClient:
		return gone(s.clients, e.id, func(r storage.Client) bool { return r.Expired(now) }, func() { s.removeClient(t, e.id, now) })
	case aDevice:
		return gone(s.devices, e.id, func(r storage.Device) bool { return dead(r.ExpiresAt) }, func() { s.removeDevice(t, e.id) })
	case aPushedRequest:
		return gone(s.pushed, e.id, func(r storage.PushedRequest) bool { return dead(r.ExpiresAt) }, func() { drop(t, s.pushed, e.id) })
	case aReplay:
		return gone(s.replays, e.id, dead, func() { drop(t, s.replays, e.id) })
	case aRegistrationToken:
		return gone(s.registrations, e.id, func(r storage.RegistrationToken) bool { return r.Expired(now) }, func() { s.removeRegistration(t, e.id) })
	case aNotice:
		return gone(s.notices, notice, func(r storage.LogoutNotice) bool { return dead(r.SweptAt()) }, func() { s.removeNotice(t, notice) })
	case anEvent:
		key := eventKey{e.account, e.id}
		return gone(s.events, key, func(r storage.AccountEvent) bool { return dead(r.ExpiresAt) }, func() { s.removeEvent(t, key) })
	}
	return 0
}

// gone removes the record if it is there and dead, and returns how many it removed.
func gone[K comparable, V any](m map[K]V, k K, dead func(V) bool, remove func()) int {
	if r, ok := m[k]; !ok || !dead(r) {
		return 0
	}
	remove()
	return 1
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
			"passkeys": int64(len(s.passkeys)),
			"events":   int64(len(s.events)),
			"denials":  int64(len(s.denials)),
			"outbox":   int64(len(s.mails)),
			"clients":  int64(len(s.clients)),

			"devices":             int64(len(s.devices)),
			"pushed_requests":     int64(len(s.pushed)),
			"replays":             int64(len(s.replays)),
			"registration_tokens": int64(len(s.registrations)),
			"notices":             int64(len(s.notices)),
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
