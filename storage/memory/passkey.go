package memory

import (
	"context"
	"strings"
	"time"

	"latchkey/storage"
)

// CreatePasskey implements [storage.Passkeys].
func (s *Store) CreatePasskey(ctx context.Context, p storage.Passkey, with storage.Effects, now time.Time) error {
	p = clonePasskey(p)
	return s.write(ctx, "CreatePasskey", func(t *tx) error {
		if _, ok := s.accounts[p.AccountID]; !ok {
			return storage.ErrNotFound
		}
		if p.ID == "" || !s.putNewPasskey(t, p) {
			return storage.ErrExists
		}
		if len(s.passkeysOf[p.AccountID]) > storage.PasskeysMax {
			return storage.ErrFull
		}
		return s.apply(t, p.AccountID, with, now)
	})
}

// putNewPasskey stores the passkey unless there is one with its ID, and says whether it did.
func (s *Store) putNewPasskey(t *tx, p storage.Passkey) bool {
	if !putNew(t, s.passkeys, p.ID, p) {
		return false
	}
	s.passkeysOf.add(t, p.AccountID, p.ID)
	return true
}

func (s *Store) removePasskey(t *tx, accountID int64, id string) {
	drop(t, s.passkeys, id)
	s.passkeysOf.remove(t, accountID, id)
}

func (s *Store) dropPasskeys(t *tx, accountID int64) {
	for id := range s.passkeysOf[accountID] {
		s.removePasskey(t, accountID, id)
	}
}

// passkeyOf returns the account's passkey with that ID.
func (s *Store) passkeyOf(accountID int64, id string) (storage.Passkey, bool) {
	p, ok := s.passkeys[id]
	return p, ok && p.AccountID == accountID
}

// Passkey implements [storage.Passkeys].
func (s *Store) Passkey(ctx context.Context, id string) (p storage.Passkey, err error) {
	err = s.read(ctx, "Passkey", func() error {
		found, ok := s.passkeys[id]
		if !ok {
			return storage.ErrNotFound
		}
		p = clonePasskey(found)
		return nil
	})
	return p, err
}

// ListPasskeys implements [storage.Passkeys].
func (s *Store) ListPasskeys(ctx context.Context, accountID int64) (list []storage.Passkey, err error) {
	err = s.read(ctx, "ListPasskeys", func() error {
		for id := range s.passkeysOf[accountID] {
			list = append(list, clonePasskey(s.passkeys[id]))
		}
		storage.Sort(list, storage.Passkey.Compare)
		return nil
	})
	return list, err
}

// TouchPasskey implements [storage.Passkeys].
func (s *Store) TouchPasskey(ctx context.Context, accountID int64, id string, change storage.PasskeyChange, now time.Time) (p storage.Passkey, err error) {
	err = s.write(ctx, "TouchPasskey", func(t *tx) error {
		found, ok := s.passkeyOf(accountID, id)
		if !ok {
			return storage.ErrNotFound
		}
		if !found.Change(change, now) {
			return storage.ErrConflict
		}
		put(t, s.passkeys, id, found)
		p = clonePasskey(found)
		return nil
	})
	return p, err
}

// DeletePasskey implements [storage.Passkeys].
func (s *Store) DeletePasskey(ctx context.Context, accountID int64, id string, with storage.Effects, now time.Time) error {
	return s.write(ctx, "DeletePasskey", func(t *tx) error {
		if _, ok := s.passkeyOf(accountID, id); !ok {
			return storage.ErrNotFound
		}
		s.removePasskey(t, accountID, id)
		return s.apply(t, accountID, with, now)
	})
}

type eventKey struct {
	account int64
	id      string
}

// AppendEvents implements [storage.Events].
func (s *Store) AppendEvents(ctx context.Context, events []storage.AccountEvent, now time.Time) error {
	return s.write(ctx, "AppendEvents", func(t *tx) error {
		for _, e := range events {
			if _, ok := s.accounts[e.AccountID]; ok && e.ID != "" {
				s.putNewEvent(t, e)
			}
		}
		return nil
	})
}

// putNewEvent stores the event unless there is one with its ID.
func (s *Store) putNewEvent(t *tx, e storage.AccountEvent) {
	if putNew(t, s.events, eventKey{e.AccountID, e.ID}, e) {
		s.eventsOf.add(t, e.AccountID, e.ID)
		s.expires(e.ExpiresAt, expiring{kind: anEvent, account: e.AccountID, id: e.ID})
	}
}

func (s *Store) removeEvent(t *tx, key eventKey) {
	drop(t, s.events, key)
	s.eventsOf.remove(t, key.account, key.id)
}

func (s *Store) dropEvents(t *tx, accountID int64) {
	for id := range s.eventsOf[accountID] {
		s.removeEvent(t, eventKey{accountID, id})
	}
}

// ListEvents implements [storage.Events].
func (s *Store) ListEvents(ctx context.Context, q storage.EventQuery, now time.Time) (list []storage.AccountEvent, err error) {
	err = s.read(ctx, "ListEvents", func() error {
		for id := range s.eventsOf[q.AccountID] {
			if e := s.events[eventKey{q.AccountID, id}]; q.Asks(e, now) {
				list = append(list, e)
			}
		}
		storage.Sort(list, func(a, b storage.AccountEvent) int { return strings.Compare(b.ID, a.ID) })
		list = list[:max(0, min(len(list), q.Limit, storage.EventsListed))]
		return nil
	})
	return list, err
}
