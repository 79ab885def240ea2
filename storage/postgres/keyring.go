package postgres

import (
	"context"
	"fmt"
	"time"

	"latchkey/storage"
)

const keyringRevision = "SELECT revision FROM keyring WHERE id = 1"

// ring is the keyring as it is read.
type ring struct {
	revision int64
	keys     []signingKey
	secrets  []secret
}

func (s *Store) readRing(into *ring) []step {
	return []step{
		number(&into.revision, keyringRevision),
		s.t.keys.get(&into.keys, "SELECT "+s.t.keys.list+" FROM signing_keys ORDER BY place"),
		s.t.secrets.get(&into.secrets, "SELECT "+s.t.secrets.list+" FROM service_secrets ORDER BY place"),
	}
}

func (r *ring) keyring() storage.Keyring {
	k := storage.Keyring{Revision: r.revision}
	for _, key := range r.keys {
		k.Keys = append(k.Keys, key.SigningKey)
	}
	for _, secret := range r.secrets {
		k.Secrets = append(k.Secrets, secret.Secret)
	}
	return k
}

// Keyring implements [storage.Keyrings]. It reads all parts in one round trip, and again where somebody wrote meanwhile.
func (s *Store) Keyring(ctx context.Context) (storage.Keyring, error) {
	for range maxSerial {
		var r ring
		var after int64
		if err := s.run(ctx, "Keyring", reading, append(s.readRing(&r), number(&after, keyringRevision))...); err != nil {
			return storage.Keyring{}, err
		}
		if r.revision == after {
			return r.keyring(), nil
		}
	}
	return storage.Keyring{}, fmt.Errorf("Keyring: %w: it changes all the time", storage.ErrUnavailable)
}

// SwapKeyring implements [storage.Keyrings].
func (s *Store) SwapKeyring(ctx context.Context, k storage.Keyring, _ time.Time) (storage.Keyring, error) {
	steps := []step{
		guard(storage.ErrConflict, "UPDATE keyring SET revision = revision + 1 WHERE id = 1 AND revision = $1 RETURNING 1", k.Revision),
		{sql: "DELETE FROM signing_keys"},
		{sql: "DELETE FROM service_secrets"},
	}
	for i, key := range k.Keys {
		steps = append(steps, s.t.keys.add(&signingKey{place: i, SigningKey: key}))
	}
	for i, key := range k.Secrets {
		steps = append(steps, s.t.secrets.add(&secret{place: i, Secret: key}))
	}
	if s.announces {
		steps = append(steps, step{sql: "SELECT pg_notify('" + channel + "', 'keyring ' || revision || ' ') FROM keyring"})
	}
	var r ring
	if err := s.run(ctx, "SwapKeyring", writing, append(steps, s.readRing(&r)...)...); err != nil {
		return storage.Keyring{}, err
	}
	return r.keyring(), nil
}
