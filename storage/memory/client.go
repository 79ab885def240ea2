package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"latchkey/storage"
)

// CreateClient implements [storage.Clients].
func (s *Store) CreateClient(ctx context.Context, c storage.Client, now time.Time) (storage.Client, error) {
	c = cloneClient(c)
	err := s.write(ctx, "CreateClient", func(t *tx) error {
		if _, taken := s.clients[c.ID]; taken || c.ID == "" {
			return storage.ErrExists
		}
		c.Version = 1
		if c.CreatedAt.IsZero() {
			c.CreatedAt = now
		}
		if c.UpdatedAt.IsZero() {
			c.UpdatedAt = now
		}
		put(t, s.clients, c.ID, c)
		return nil
	})
	if err != nil {
		return storage.Client{}, err
	}
	return cloneClient(c), nil
}

// Client implements [storage.Clients].
func (s *Store) Client(ctx context.Context, id string) (c storage.Client, err error) {
	err = s.read(ctx, "Client", func() error {
		found, ok := s.clients[id]
		if !ok {
			return storage.ErrNotFound
		}
		c = cloneClient(found)
		return nil
	})
	return c, err
}

// ReplaceClient implements [storage.Clients].
func (s *Store) ReplaceClient(ctx context.Context, c storage.Client, now time.Time) (storage.Client, error) {
	c = cloneClient(c)
	err := s.write(ctx, "ReplaceClient", func(t *tx) error {
		was, ok := s.clients[c.ID]
		if !ok {
			return storage.ErrNotFound
		}
		if was.Version != c.Version {
			return storage.ErrConflict
		}
		c.Version++
		if c.UpdatedAt.IsZero() {
			c.UpdatedAt = now
		}
		put(t, s.clients, c.ID, c)
		return nil
	})
	if err != nil {
		return storage.Client{}, err
	}
	return cloneClient(c), nil
}

// DeleteClient implements [storage.Clients].
func (s *Store) DeleteClient(ctx context.Context, id string, now time.Time) error {
	return s.write(ctx, "DeleteClient", func(t *tx) error {
		if _, ok := s.clients[id]; !ok {
			return storage.ErrNotFound
		}
		drop(t, s.clients, id)
		for k := range s.consents {
			if k.client == id {
				drop(t, s.consents, k)
			}
		}
		for gid := range s.grantsBy[id] {
			s.revoke(t, gid, now)
		}
		return nil
	})
}

// ListClients implements [storage.Clients].
func (s *Store) ListClients(ctx context.Context, after string, limit int) (list []storage.Client, err error) {
	err = s.read(ctx, "ListClients", func() error {
		for _, id := range slices.Sorted(maps.Keys(s.clients)) {
			if id > after && len(list) < limit {
				list = append(list, cloneClient(s.clients[id]))
			}
		}
		return nil
	})
	return list, err
}

// Keyring implements [storage.Keyrings].
func (s *Store) Keyring(ctx context.Context) (k storage.Keyring, err error) {
	err = s.read(ctx, "Keyring", func() error {
		k = cloneKeyring(s.keyring)
		return nil
	})
	return k, err
}

// SwapKeyring implements [storage.Keyrings].
func (s *Store) SwapKeyring(ctx context.Context, k storage.Keyring, _ time.Time) (storage.Keyring, error) {
	k = cloneKeyring(k)
	err := s.write(ctx, "SwapKeyring", func(t *tx) error {
		if s.keyring.Revision != k.Revision {
			return storage.ErrConflict
		}
		k.Revision++
		set(t, &s.keyring, k)
		return nil
	})
	if err != nil {
		return storage.Keyring{}, err
	}
	return cloneKeyring(k), nil
}
