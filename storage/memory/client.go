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
	c = c.Clone()
	err := s.write(ctx, "CreateClient", func(t *tx) error {
		if s.clientHeld(c.ID, now) {
			return storage.ErrExists
		}
		s.removeClient(t, c.ID, now)
		c = s.createClient(t, c, now)
		return nil
	})
	if err != nil {
		return storage.Client{}, err
	}
	return c.Clone(), nil
}

// clientHeld says whether the ID is not free.
func (s *Store) clientHeld(id string, now time.Time) bool {
	c, ok := s.clients[id]
	return id == "" || ok && !c.Expired(now)
}

// createClient stores a client whose ID is free.
func (s *Store) createClient(t *tx, c storage.Client, now time.Time) storage.Client {
	c.Version = 1
	if c.CreatedAt.IsZero() {
		c.CreatedAt = now
	}
	if c.UpdatedAt.IsZero() {
		c.UpdatedAt = now
	}
	s.putClient(t, c)
	return c
}

// putClient writes the client, new or in place of an older one, and what is counted and indexed of it.
func (s *Store) putClient(t *tx, c storage.Client) {
	s.dropClient(t, c.ID)
	put(t, s.clients, c.ID, c)
	if c.Registered {
		set(t, &s.registered, s.registered+1)
	}
	if !c.Disabled {
		for _, origin := range c.Origins() {
			s.clientsAt.add(t, origin, c.ID)
		}
	}
	if !c.ExpiresAt.IsZero() {
		s.expires(c.ExpiresAt, expiring{kind: aClient, id: c.ID})
	}
}

func (s *Store) dropClient(t *tx, id string) {
	c, ok := s.clients[id]
	if !ok {
		return
	}
	drop(t, s.clients, id)
	if c.Registered {
		set(t, &s.registered, s.registered-1)
	}
	for _, origin := range c.Origins() {
		s.clientsAt.remove(t, origin, id)
	}
}

// removeClient removes the client, if it is there, with all that goes with it.
func (s *Store) removeClient(t *tx, id string, now time.Time) {
	if _, ok := s.clients[id]; !ok {
		return
	}
	s.dropClient(t, id)
	for k := range s.consents {
		if k.client == id {
			drop(t, s.consents, k)
		}
	}
	for gid := range s.grantsBy[id] {
		s.revoke(t, gid, now)
	}
	s.forgetWaiting(t, id)
}

// Client implements [storage.Clients].
func (s *Store) Client(ctx context.Context, id string) (c storage.Client, err error) {
	err = s.read(ctx, "Client", func() error {
		found, ok := s.clients[id]
		if !ok {
			return storage.ErrNotFound
		}
		c = found.Clone()
		return nil
	})
	return c, err
}

// ReplaceClient implements [storage.Clients].
func (s *Store) ReplaceClient(ctx context.Context, c storage.Client, now time.Time) (storage.Client, error) {
	c = c.Clone()
	err := s.write(ctx, "ReplaceClient", func(t *tx) error {
		was, ok := s.clients[c.ID]
		if !ok || was.Expired(now) {
			return storage.ErrNotFound
		}
		if was.Version != c.Version {
			return storage.ErrConflict
		}
		c.Version++
		if c.UpdatedAt.IsZero() {
			c.UpdatedAt = now
		}
		s.putClient(t, c)
		return nil
	})
	if err != nil {
		return storage.Client{}, err
	}
	return c.Clone(), nil
}

// DeleteClient implements [storage.Clients].
func (s *Store) DeleteClient(ctx context.Context, id string, now time.Time) error {
	return s.write(ctx, "DeleteClient", func(t *tx) error {
		if id == "" || !s.clientHeld(id, now) {
			return storage.ErrNotFound
		}
		s.removeClient(t, id, now)
		return nil
	})
}

// ListClients implements [storage.Clients].
func (s *Store) ListClients(ctx context.Context, after string, limit int) (list []storage.Client, err error) {
	err = s.read(ctx, "ListClients", func() error {
		for _, id := range slices.Sorted(maps.Keys(s.clients)) {
			if id > after && len(list) < limit {
				list = append(list, s.clients[id].Clone())
			}
		}
		return nil
	})
	return list, err
}

// TouchClient implements [storage.ClientUse].
func (s *Store) TouchClient(ctx context.Context, id string, expiresAt, now time.Time) error {
	return s.write(ctx, "TouchClient", func(t *tx) error {
		c, ok := s.clients[id]
		if !ok || c.Expired(now) {
			return storage.ErrNotFound
		}
		if c.ExpiresAt.IsZero() {
			return nil
		}
		c.ExpiresAt = expiresAt
		s.putClient(t, c)
		return nil
	})
}

// HasClientOrigin implements [storage.ClientUse].
func (s *Store) HasClientOrigin(ctx context.Context, origin string) (has bool, err error) {
	err = s.read(ctx, "HasClientOrigin", func() error {
		has = len(s.clientsAt[origin]) > 0
		return nil
	})
	return has, err
}
