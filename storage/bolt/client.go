package bolt

import (
	"context"
	"time"

	"latchkey/storage"
)

// CreateClient implements [storage.Clients].
func (s *Store) CreateClient(ctx context.Context, in storage.Client, now time.Time) (c storage.Client, err error) {
	in = own(walkClient, in)
	err = s.update(ctx, "CreateClient", func(t *txn) error {
		if _, taken := t.get(tClients, []byte(in.ID)); taken || in.ID == "" {
			return storage.ErrExists
		}
		c = in
		c.Version = 1
		if c.CreatedAt.IsZero() {
			c.CreatedAt = now
		}
		if c.UpdatedAt.IsZero() {
			c.UpdatedAt = now
		}
		save(t, tClients, []byte(c.ID), walkClient, c)
		t.delta[tClients]++
		return nil
	})
	if err != nil {
		return storage.Client{}, err
	}
	return c, nil
}

// Client implements [storage.Clients].
func (s *Store) Client(ctx context.Context, id string) (c storage.Client, err error) {
	err = s.view(ctx, "Client", func(t *txn) error {
		found, ok := load(t, tClients, []byte(id), walkClient)
		if !ok {
			return storage.ErrNotFound
		}
		c = found
		return nil
	})
	return c, err
}

// ReplaceClient implements [storage.Clients].
func (s *Store) ReplaceClient(ctx context.Context, in storage.Client, now time.Time) (c storage.Client, err error) {
	in = own(walkClient, in)
	err = s.update(ctx, "ReplaceClient", func(t *txn) error {
		was, ok := load(t, tClients, []byte(in.ID), walkClient)
		if !ok {
			return storage.ErrNotFound
		}
		if was.Version != in.Version {
			return storage.ErrConflict
		}
		c = in
		c.Version++
		if c.UpdatedAt.IsZero() {
			c.UpdatedAt = now
		}
		save(t, tClients, []byte(c.ID), walkClient, c)
		return nil
	})
	if err != nil {
		return storage.Client{}, err
	}
	return c, nil
}

// DeleteClient implements [storage.Clients].
func (s *Store) DeleteClient(ctx context.Context, id string, now time.Time) error {
	return s.update(ctx, "DeleteClient", func(t *txn) error {
		if _, ok := t.get(tClients, []byte(id)); !ok {
			return storage.ErrNotFound
		}
		t.drop(tClients, []byte(id))
		t.delta[tClients]--
		for _, key := range t.members(tConsentsBy, within(id)) {
			if c, ok := load(t, tConsents, join(key, id), walkConsent); ok {
				t.removeConsent(c.AccountID, id)
			}
		}
		for _, gid := range t.members(tGrantsBy, within(id)) {
			t.revoke(string(gid), now)
		}
		return nil
	})
}

// ListClients implements [storage.Clients].
func (s *Store) ListClients(ctx context.Context, after string, limit int) (list []storage.Client, err error) {
	err = s.view(ctx, "ListClients", func(t *txn) error {
		from := append([]byte(after), 0) // the next key there can be
		list = scanRecords(t, tClients, from, nil, limit, walkClient)
		return nil
	})
	return list, err
}

// Keyring implements [storage.Keyrings].
func (s *Store) Keyring(ctx context.Context) (k storage.Keyring, err error) {
	err = s.view(ctx, "Keyring", func(t *txn) error {
		k, _ = load(t, tMeta, []byte(keyKeyring), walkKeyring)
		return nil
	})
	return k, err
}

// SwapKeyring implements [storage.Keyrings].
func (s *Store) SwapKeyring(ctx context.Context, in storage.Keyring, _ time.Time) (k storage.Keyring, err error) {
	in = own(walkKeyring, in)
	err = s.update(ctx, "SwapKeyring", func(t *txn) error {
		was, _ := load(t, tMeta, []byte(keyKeyring), walkKeyring)
		if was.Revision != in.Revision {
			return storage.ErrConflict
		}
		k = in
		k.Revision++
		save(t, tMeta, []byte(keyKeyring), walkKeyring, k)
		return nil
	})
	if err != nil {
		return storage.Keyring{}, err
	}
	return k, nil
}
