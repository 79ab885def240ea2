package bolt

import (
	"context"
	"math"
	"time"

	"latchkey/storage"
)

// CreateRegistrationToken implements [storage.Registrations].
func (s *Store) CreateRegistrationToken(ctx context.Context, r storage.RegistrationToken, now time.Time) error {
	return s.update(ctx, "CreateRegistrationToken", func(t *txn) error {
		holder := t.registrationOf(r.Hash)
		_, held := t.liveRegistration(r.ID, now)
		_, heldByHash := t.liveRegistration(holder, now)
		if held || heldByHash || r.ID == "" || r.Hash == "" {
			return storage.ErrExists
		}
		t.removeRegistration(r.ID)
		t.removeRegistration(holder)
		t.addRegistration(r)
		return nil
	})
}

func (t *txn) addRegistration(r storage.RegistrationToken) {
	save(t, tRegistrations, []byte(r.ID), walkRegistration, r)
	t.point(tRegistrationHashes, []byte(r.Hash), []byte(r.ID))
	if !r.ExpiresAt.IsZero() {
		t.mark(tExpiry, expiryKey(r.ExpiresAt, tRegistrations, []byte(r.ID)))
	}
	t.delta[tRegistrations]++
}

// registrationOf returns the ID of the token with that hash, "" for none.
func (t *txn) registrationOf(hash string) string {
	id, _ := t.get(tRegistrationHashes, []byte(hash))
	return string(id)
}

func (t *txn) liveRegistration(id string, now time.Time) (storage.RegistrationToken, bool) {
	r, ok := load(t, tRegistrations, []byte(id), walkRegistration)
	if !ok || r.Expired(now) {
		return storage.RegistrationToken{}, false
	}
	return r, true
}

func (t *txn) removeRegistration(id string) {
	r, ok := load(t, tRegistrations, []byte(id), walkRegistration)
	if !ok {
		return
	}
	t.drop(tRegistrations, []byte(id))
	t.drop(tRegistrationHashes, []byte(r.Hash))
	if !r.ExpiresAt.IsZero() {
		t.drop(tExpiry, expiryKey(r.ExpiresAt, tRegistrations, []byte(id)))
	}
	t.delta[tRegistrations]--
}

// registration returns an unexpired token; one whose uses are used up with ErrSpent.
func (t *txn) registration(hash string, now time.Time) (storage.RegistrationToken, error) {
	r, live := t.liveRegistration(t.registrationOf(hash), now)
	switch {
	case !live:
		return storage.RegistrationToken{}, storage.ErrNotFound
	case r.Hash != hash:
		return storage.RegistrationToken{}, corrupt(tRegistrationHashes, "an entry that leads elsewhere").err
	case r.MaxUses > 0 && r.Uses >= r.MaxUses:
		return r, storage.ErrSpent
	}
	return r, nil
}

// RegistrationToken implements [storage.Registrations].
func (s *Store) RegistrationToken(ctx context.Context, hash string, now time.Time) (r storage.RegistrationToken, err error) {
	err = s.view(ctx, "RegistrationToken", func(t *txn) (err error) {
		r, err = t.registration(hash, now)
		return err
	})
	return r, err
}

// ListRegistrationTokens implements [storage.Registrations].
func (s *Store) ListRegistrationTokens(ctx context.Context, now time.Time) (list []storage.RegistrationToken, err error) {
	err = s.view(ctx, "ListRegistrationTokens", func(t *txn) error {
		for _, r := range scanRecords(t, tRegistrations, nil, nil, math.MaxInt, walkRegistration) {
			if !r.Expired(now) {
				list = append(list, r)
			}
		}
		return nil
	})
	return list, err
}

// DeleteRegistrationToken implements [storage.Registrations].
func (s *Store) DeleteRegistrationToken(ctx context.Context, id string, now time.Time) error {
	return s.update(ctx, "DeleteRegistrationToken", func(t *txn) error {
		if _, live := t.liveRegistration(id, now); !live {
			return storage.ErrNotFound
		}
		t.removeRegistration(id)
		return nil
	})
}

// RegisterClient implements [storage.Registrations]. How many registered is counted with every write, so that the quota costs no scan.
func (s *Store) RegisterClient(ctx context.Context, in storage.Client, tokenHash string, quota int, now time.Time) (c storage.Client, err error) {
	in = own(walkClient, in)
	in.Registered, in.RegisteredWith = true, ""
	err = s.update(ctx, "RegisterClient", func(t *txn) error {
		c = in
		was, held := t.clientHeld(c.ID, now)
		if held {
			return storage.ErrExists
		}
		var token storage.RegistrationToken
		if tokenHash != "" {
			r, err := t.registration(tokenHash, now)
			if err != nil {
				return err
			}
			token, c.RegisteredWith = r, r.ID
		}
		registered := loadCounts(t)[tRegistered] + t.delta[tRegistered]
		if was.Registered {
			registered-- // it has expired, and makes room
		}
		if quota > 0 && registered >= int64(quota) {
			return storage.ErrFull
		}
		if tokenHash != "" {
			token.Uses++
			save(t, tRegistrations, []byte(token.ID), walkRegistration, token)
		}
		c = t.createClient(c, now)
		return nil
	})
	if err != nil {
		return storage.Client{}, err
	}
	return c, nil
}
