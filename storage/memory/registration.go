package memory

import (
	"context"
	"strings"
	"time"

	"latchkey/storage"
)

// CreateRegistrationToken implements [storage.Registrations].
func (s *Store) CreateRegistrationToken(ctx context.Context, r storage.RegistrationToken, now time.Time) error {
	return s.write(ctx, "CreateRegistrationToken", func(t *tx) error {
		holder := s.registrationHashes[r.Hash]
		if s.liveRegistration(r.ID, now) || s.liveRegistration(holder, now) || r.ID == "" || r.Hash == "" {
			return storage.ErrExists
		}
		s.removeRegistration(t, r.ID)
		s.removeRegistration(t, holder)
		put(t, s.registrations, r.ID, r)
		put(t, s.registrationHashes, r.Hash, r.ID)
		if !r.ExpiresAt.IsZero() {
			s.expires(r.ExpiresAt, expiring{kind: aRegistrationToken, id: r.ID})
		}
		return nil
	})
}

func (s *Store) liveRegistration(id string, now time.Time) bool {
	r, ok := s.registrations[id]
	return ok && !r.Expired(now)
}

func (s *Store) removeRegistration(t *tx, id string) {
	if r, ok := s.registrations[id]; ok {
		drop(t, s.registrationHashes, r.Hash)
		drop(t, s.registrations, id)
	}
}

// registration returns an unexpired token; one whose uses are used up with ErrSpent.
func (s *Store) registration(hash string, now time.Time) (storage.RegistrationToken, error) {
	id := s.registrationHashes[hash]
	r := s.registrations[id]
	switch {
	case !s.liveRegistration(id, now):
		return storage.RegistrationToken{}, storage.ErrNotFound
	case r.MaxUses > 0 && r.Uses >= r.MaxUses:
		return r, storage.ErrSpent
	}
	return r, nil
}

// RegistrationToken implements [storage.Registrations].
func (s *Store) RegistrationToken(ctx context.Context, hash string, now time.Time) (r storage.RegistrationToken, err error) {
	err = s.read(ctx, "RegistrationToken", func() (err error) {
		r, err = s.registration(hash, now)
		return err
	})
	return r, err
}

// ListRegistrationTokens implements [storage.Registrations].
func (s *Store) ListRegistrationTokens(ctx context.Context, now time.Time) (list []storage.RegistrationToken, err error) {
	err = s.read(ctx, "ListRegistrationTokens", func() error {
		for _, r := range s.registrations {
			if !r.Expired(now) {
				list = append(list, r)
			}
		}
		storage.Sort(list, func(a, b storage.RegistrationToken) int { return strings.Compare(a.ID, b.ID) })
		return nil
	})
	return list, err
}

// DeleteRegistrationToken implements [storage.Registrations].
func (s *Store) DeleteRegistrationToken(ctx context.Context, id string, now time.Time) error {
	return s.write(ctx, "DeleteRegistrationToken", func(t *tx) error {
		if !s.liveRegistration(id, now) {
			return storage.ErrNotFound
		}
		s.removeRegistration(t, id)
		return nil
	})
}

// RegisterClient implements [storage.Registrations].
func (s *Store) RegisterClient(ctx context.Context, c storage.Client, tokenHash string, quota int, now time.Time) (storage.Client, error) {
	c = c.Clone()
	c.Registered, c.RegisteredWith = true, ""
	err := s.write(ctx, "RegisterClient", func(t *tx) error {
		if s.clientHeld(c.ID, now) {
			return storage.ErrExists
		}
		if tokenHash != "" {
			r, err := s.registration(tokenHash, now)
			if err != nil {
				return err
			}
			r.Uses++
			put(t, s.registrations, r.ID, r)
			c.RegisteredWith = r.ID
		}
		s.removeClient(t, c.ID, now) // one that has expired makes room
		if quota > 0 && s.registered >= quota {
			return storage.ErrFull
		}
		c = s.createClient(t, c, now)
		return nil
	})
	if err != nil {
		return storage.Client{}, err
	}
	return c.Clone(), nil
}
