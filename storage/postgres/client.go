package postgres

import (
	"context"
	"fmt"
	"time"

	"latchkey/storage"
)

// All writes of clients begin by raising the revision of clients, and so wait for one another: what comes after that in the same batch sees all that
// the others did, and quotas and uses can be counted.

// CreateClient implements [storage.Clients].
func (s *Store) CreateClient(ctx context.Context, c storage.Client, now time.Time) (storage.Client, error) {
	var made []storage.Client
	steps := append(s.changeClients(c.ID), s.createClient(c, &made, now)...)
	if err := s.run(ctx, "CreateClient", writing, steps...); err != nil {
		return storage.Client{}, err
	}
	return only("CreateClient", made)
}

// createClient stores a new client, in place of one that has expired.
func (s *Store) createClient(c storage.Client, made *[]storage.Client, now time.Time) []step {
	c.Version = 1
	if c.CreatedAt.IsZero() {
		c.CreatedAt = now
	}
	if c.UpdatedAt.IsZero() {
		c.UpdatedAt = now
	}
	steps := removeClients("SELECT id FROM clients WHERE id = $1 AND expires_at <= $2", nil, toText(c.ID), now)
	for i := range steps {
		steps[i].clears = true
	}
	add := s.t.clients.add(&c)
	return append(steps, s.t.clients.get(made, add.sql+" RETURNING "+s.t.clients.list, add.args...))
}

// removeClients removes the clients that the query names, with their consents and the notices that they are yet to be sent, and revokes their
// grants. The last parameter of the query is now. Rows are locked as by whoever removes accounts: notices, grants, consents, and those of a table in order.
func removeClients(query string, n *int64, args ...any) []step {
	now := marks(len(args), 1)
	return []step{
		{
			sql: "DELETE FROM notices WHERE (sid, client_id) IN (SELECT sid, client_id FROM notices WHERE client_id IN (" + query + ") AND " + waits +
				" ORDER BY sid, client_id FOR UPDATE)",
			args: args,
		},
		{
			sql: "UPDATE grants SET revoked_at = " + now + " WHERE id IN (SELECT id FROM grants WHERE client_id IN (" + query +
				") AND revoked_at IS NULL AND expires_at > " + now + " ORDER BY id FOR UPDATE)",
			args: args,
		},
		{
			sql: "DELETE FROM consents WHERE (account_id, client_id) IN (SELECT account_id, client_id FROM consents WHERE client_id IN (" + query +
				") ORDER BY account_id, client_id FOR UPDATE)",
			args: args,
		},
		{sql: "DELETE FROM clients WHERE id IN (" + query + ")", args: args, affected: n},
	}
}

// unexpired is true of a row that never expires, or has not yet. The second parameter is now.
const unexpired = "(expires_at IS NULL OR expires_at > $2)"

// Client implements [storage.Clients].
func (s *Store) Client(ctx context.Context, id string) (storage.Client, error) {
	var found []storage.Client
	err := s.run(ctx, "Client", reading, s.t.clients.get(&found, "SELECT "+s.t.clients.list+" FROM clients WHERE id = $1", toText(id)))
	if err != nil {
		return storage.Client{}, err
	}
	return only("Client", found)
}

// ReplaceClient implements [storage.Clients].
func (s *Store) ReplaceClient(ctx context.Context, c storage.Client, now time.Time) (storage.Client, error) {
	if c.UpdatedAt.IsZero() {
		c.UpdatedAt = now
	}
	set, args := s.t.clients.set(&c, 2, "id", "version")
	var changed []storage.Client
	steps := append(s.changeClients(c.ID),
		guard(storage.ErrNotFound, "SELECT 1 FROM clients WHERE id = $1 AND "+unexpired, toText(c.ID), now),
		guard(storage.ErrConflict, "SELECT 1 FROM clients WHERE id = $1 AND version = $2", toText(c.ID), c.Version),
		s.t.clients.get(&changed, "UPDATE clients SET version = version + 1, "+set+" WHERE id = $1 RETURNING "+s.t.clients.list,
			append([]any{toText(c.ID)}, args...)...),
	)
	if err := s.run(ctx, "ReplaceClient", writing, steps...); err != nil {
		return storage.Client{}, err
	}
	return only("ReplaceClient", changed)
}

// DeleteClient implements [storage.Clients]. It may take longer than other verbs: a client can have very many grants.
func (s *Store) DeleteClient(ctx context.Context, id string, now time.Time) error {
	steps := append([]step{longer()}, s.changeClients(id)...)
	steps = append(steps, guard(storage.ErrNotFound, "SELECT 1 FROM clients WHERE id = $1 AND "+unexpired, toText(id), now))
	steps = append(steps, removeClients("SELECT id FROM clients WHERE id = $1 AND "+unexpired, nil, toText(id), now)...)
	return s.runWithin(ctx, longTimeout, "DeleteClient", writing, steps...)
}

// ListClients implements [storage.Clients].
func (s *Store) ListClients(ctx context.Context, after string, limit int) (list []storage.Client, err error) {
	err = s.run(ctx, "ListClients", reading, s.t.clients.get(&list,
		"SELECT "+s.t.clients.list+" FROM clients WHERE id > $1 ORDER BY id LIMIT $2", toText(after), max(limit, 0)))
	return list, err
}

// TouchClient implements [storage.ClientUse]. A client that never expires costs no write.
func (s *Store) TouchClient(ctx context.Context, id string, expiresAt, now time.Time) error {
	var live, expires bool
	err := s.run(ctx, "TouchClient", reading, step{
		sql:  "SELECT " + unexpired + ", expires_at IS NOT NULL FROM clients WHERE id = $1",
		args: []any{toText(id), now}, scan: oneRow(&live, &expires),
	})
	switch {
	case err != nil:
		return err
	case !live:
		return fmt.Errorf("TouchClient: %w", storage.ErrNotFound)
	case !expires:
		return nil
	}
	steps := append(s.changeClients(id), guard(storage.ErrNotFound,
		"UPDATE clients SET expires_at = $3 WHERE id = $1 AND expires_at > $2 RETURNING 1", toText(id), now, moment(expiresAt)))
	return s.run(ctx, "TouchClient", repeating, steps...)
}

// HasClientOrigin implements [storage.ClientUse]. It counts: of EXISTS the planner thinks that reading the table from its beginning will soon find one,
// but mostly there is none.
func (s *Store) HasClientOrigin(ctx context.Context, origin string) (has bool, err error) {
	err = s.run(ctx, "HasClientOrigin", reading, step{
		sql:  "SELECT count(*) > 0 FROM clients WHERE origins @> ARRAY[$1::text] AND NOT disabled",
		args: []any{toText(indexed(origin))}, scan: oneRow(&has),
	})
	return has, err
}
