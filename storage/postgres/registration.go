package postgres

import (
	"context"
	"fmt"
	"time"

	"latchkey/storage"
)

// CreateRegistrationToken implements [storage.Registrations].
func (s *Store) CreateRegistrationToken(ctx context.Context, r storage.RegistrationToken, now time.Time) error {
	return s.run(ctx, "CreateRegistrationToken", writing,
		step{
			sql:  "DELETE FROM registration_tokens WHERE (id = $1 OR hash = $2) AND expires_at <= $3",
			args: []any{toText(r.ID), toText(r.Hash), now}, clears: true,
		},
		s.t.registrations.add(&r))
}

// RegistrationToken implements [storage.Registrations].
func (s *Store) RegistrationToken(ctx context.Context, hash string, now time.Time) (storage.RegistrationToken, error) {
	const verb = "RegistrationToken"
	var found []storage.RegistrationToken
	err := s.run(ctx, verb, reading, s.t.registrations.get(&found,
		"SELECT "+s.t.registrations.list+" FROM registration_tokens WHERE hash = $1 AND "+unexpired, toText(hash), now))
	if err != nil {
		return storage.RegistrationToken{}, err
	}
	r, err := only(verb, found)
	if err == nil && r.MaxUses > 0 && r.Uses >= r.MaxUses {
		err = fmt.Errorf("%s: %w", verb, storage.ErrSpent)
	}
	return r, err
}

// ListRegistrationTokens implements [storage.Registrations].
func (s *Store) ListRegistrationTokens(ctx context.Context, now time.Time) (list []storage.RegistrationToken, err error) {
	err = s.run(ctx, "ListRegistrationTokens", reading, s.t.registrations.get(&list,
		"SELECT "+s.t.registrations.list+" FROM registration_tokens WHERE expires_at IS NULL OR expires_at > $1 ORDER BY id", now))
	return list, err
}

// DeleteRegistrationToken implements [storage.Registrations].
func (s *Store) DeleteRegistrationToken(ctx context.Context, id string, now time.Time) error {
	return s.mustChange(ctx, "DeleteRegistrationToken", writing, "DELETE FROM registration_tokens WHERE id = $1 AND "+unexpired, toText(id), now)
}

// RegisterClient implements [storage.Registrations].
func (s *Store) RegisterClient(ctx context.Context, c storage.Client, tokenHash string, quota int, now time.Time) (storage.Client, error) {
	const verb = "RegisterClient"
	if c.ID == "" {
		return storage.Client{}, fmt.Errorf("%s: %w", verb, storage.ErrExists)
	}
	c.Registered, c.RegisteredWith = true, ""
	var made []storage.Client
	steps := append(s.changeClients(c.ID), guard(storage.ErrExists,
		"SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM clients WHERE id = $1 AND "+unexpired+")", toText(c.ID), now))
	if tokenHash != "" {
		hash := toText(tokenHash)
		steps = append(steps,
			guard(storage.ErrNotFound, "SELECT 1 FROM registration_tokens WHERE hash = $1 AND "+unexpired, hash, now),
			guard(storage.ErrSpent, `UPDATE registration_tokens SET uses = uses + 1
				WHERE hash = $1 AND (max_uses = 0 OR uses < max_uses) RETURNING 1`, hash))
	}
	steps = append(steps, removeClients("SELECT id FROM clients WHERE id = $1 AND expires_at <= $2", nil, toText(c.ID), now)...)
	if quota > 0 {
		steps = append(steps, guard(storage.ErrFull, "SELECT 1 WHERE $1 > (SELECT count(*) FROM clients WHERE registered)", quota))
	}
	steps = append(steps, s.createClient(c, &made, now)...)
	if tokenHash != "" {
		steps = append(steps, s.t.clients.get(&made, `UPDATE clients SET registered_with = (SELECT id FROM registration_tokens WHERE hash = $2)
			WHERE id = $1 RETURNING `+s.t.clients.list, toText(c.ID), toText(tokenHash)))
	}
	if err := s.run(ctx, verb, writing, steps...); err != nil {
		return storage.Client{}, err
	}
	return only(verb, made)
}
