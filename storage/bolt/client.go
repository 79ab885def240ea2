package bolt

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"latchkey/storage"
)

// CreateClient implements [storage.Clients].
func (s *Store) CreateClient(ctx context.Context, in storage.Client, now time.Time) (c storage.Client, err error) {
	in = own(walkClient, in)
	err = s.update(ctx, "CreateClient", func(t *txn) error {
		if _, held := t.clientHeld(in.ID, now); held {
			return storage.ErrExists
		}
		c = t.createClient(in, now)
		return nil
	})
	if err != nil {
		return storage.Client{}, err
	}
	return c, nil
}

func (t *txn) client(id string) (storage.Client, bool) {
	return load(t, tClients, []byte(id), walkClient)
}

// clientHeld says whether the ID is not free. Where it is, an expired client that still has it is returned.
func (t *txn) clientHeld(id string, now time.Time) (storage.Client, bool) {
	c, ok := t.client(id)
	return c, id == "" || ok && !c.Expired(now)
}

// createClient stores a client whose ID is free.
func (t *txn) createClient(c storage.Client, now time.Time) storage.Client {
	t.removeClient(c.ID, now)
	c.Version = 1
	if c.CreatedAt.IsZero() {
		c.CreatedAt = now
	}
	if c.UpdatedAt.IsZero() {
		c.UpdatedAt = now
	}
	t.addClient(c)
	return c
}

func (t *txn) addClient(c storage.Client) {
	save(t, tClients, []byte(c.ID), walkClient, c)
	t.indexClient(storage.Client{}, c)
	t.delta[tClients]++
}

// removeClient removes the client, if it is there, with all that goes with it. Rows that cannot be read, and so serve nobody, are passed over:
// they must keep neither the operator from deleting nor the store from sweeping.
func (t *txn) removeClient(id string, now time.Time) {
	c, ok := t.client(id)
	if !ok {
		return
	}
	t.drop(tClients, []byte(id))
	t.indexClient(c, storage.Client{})
	t.delta[tClients]--
	for _, key := range t.members(tConsentsBy, within(id)) {
		if t.damaged(tConsents, join(slices.Clone(key), id)) {
			continue
		}
		if c, ok := load(t, tConsents, join(key, id), walkConsent); ok {
			t.removeConsent(c.AccountID, id)
		}
	}
	for _, gid := range t.members(tGrantsBy, within(id)) {
		if !t.damaged(tGrants, gid) {
			t.revoke(string(gid), now)
		}
	}
	for _, key := range t.members(tNoticesBy, within(id)) {
		if !t.damaged(tNotices, key) {
			t.removeNotice(key)
		}
	}
}

// forgetClient removes the index entries that count by themselves of a client whose row cannot be read.
func (t *txn) forgetClient(id []byte) {
	if _, ok := t.get(tRegistered, id); ok {
		t.drop(tRegistered, id)
		t.delta[tRegistered]--
	}
	for _, key := range t.members(tOrigins, nil) {
		if n := len(key) - len(id); n >= 0 && bytes.Equal(key[n:], id) && bytes.Equal(key, originKey(string(key[min(4, n):n]), string(id))) {
			t.drop(tOrigins, key)
		}
	}
}

// originsOf are the origins under which a client is found.
func originsOf(c storage.Client) []string {
	if c.Disabled {
		return nil
	}
	return c.Origins()
}

func originKey(origin, id string) []byte { return join(within(origin), id) }

// indexClient moves what is counted and indexed of a client from what it was to what it is; either may be none.
func (t *txn) indexClient(was, is storage.Client) {
	id := cmp.Or(is.ID, was.ID)
	from, to := originsOf(was), originsOf(is)
	for _, origin := range from {
		if !slices.Contains(to, origin) {
			t.drop(tOrigins, originKey(origin, id))
		}
	}
	for _, origin := range to {
		if !slices.Contains(from, origin) {
			t.mark(tOrigins, originKey(origin, id))
		}
	}
	if was.Registered && !is.Registered {
		t.drop(tRegistered, []byte(id))
		t.delta[tRegistered]--
	}
	if is.Registered && !was.Registered {
		t.mark(tRegistered, []byte(id))
		t.delta[tRegistered]++
	}
	if was.ExpiresAt.Equal(is.ExpiresAt) {
		return
	}
	if !was.ExpiresAt.IsZero() {
		t.drop(tExpiry, expiryKey(was.ExpiresAt, tClients, []byte(id)))
	}
	if !is.ExpiresAt.IsZero() {
		t.mark(tExpiry, expiryKey(is.ExpiresAt, tClients, []byte(id)))
	}
}

// Client implements [storage.Clients].
func (s *Store) Client(ctx context.Context, id string) (c storage.Client, err error) {
	err = s.view(ctx, "Client", func(t *txn) error {
		found, ok := t.client(id)
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
		was, ok := t.client(in.ID)
		if !ok || was.Expired(now) {
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
		t.indexClient(was, c)
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
		if c, ok := t.client(id); !ok || c.Expired(now) {
			return storage.ErrNotFound
		}
		t.removeClient(id, now)
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

// TouchClient implements [storage.ClientUse].
func (s *Store) TouchClient(ctx context.Context, id string, expiresAt, now time.Time) error {
	return s.update(ctx, "TouchClient", func(t *txn) error {
		was, ok := t.client(id)
		if !ok || was.Expired(now) {
			return storage.ErrNotFound
		}
		if was.ExpiresAt.IsZero() || was.ExpiresAt.Equal(expiresAt) {
			return nil
		}
		c := was
		c.ExpiresAt = expiresAt
		save(t, tClients, []byte(id), walkClient, c)
		t.indexClient(was, c)
		return nil
	})
}

// HasClientOrigin implements [storage.ClientUse]. It reads the index alone.
func (s *Store) HasClientOrigin(ctx context.Context, origin string) (has bool, err error) {
	err = s.view(ctx, "HasClientOrigin", func(t *txn) error {
		t.scan(tOrigins, within(origin), within(origin), func([]byte, []byte) bool {
			has = true
			return false
		})
		return nil
	})
	return has, err
}
