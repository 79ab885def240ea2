package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"latchkey/provider/admin"
	"latchkey/provider/audit"
	"latchkey/storage"
)

// Copies keeps the store's copies of the clients that files declare. Nobody is served by a copy. It tells what the files had before, to whoever starts
// later or has no files; and by removing it all that was granted to its client is revoked.
type Copies struct {
	Store storage.Clients
	// Prune removes copies of clients that have been missing for After, unless they were more than Max percent of all.
	Prune  bool
	After  time.Duration
	Max    int
	Audit  audit.Sink
	Logger *slog.Logger
	Now    func() time.Time

	// missing is since when each copy's client has been seen missing, without a break.
	missing map[string]time.Time
	refused bool
}

// Found is what Look or Write found.
type Found struct {
	// Differing are declared clients of which the store has no copy yet, or another one. Shadowed are those whose ID a client of the store has, too,
	// which is left alone.
	Differing, Shadowed []string
	// Inert are copies of clients that are not declared, with when each is to be removed; Write alone finds them.
	Inert []admin.Inert
	// Pruned counts those that were removed. Refused: some would have been, but they were too many at once.
	Pruned  int
	Refused bool
}

// copyOf is what the store keeps: no secret, and none of its hash, for the ID of a secret is made of it.
func copyOf(c storage.Client) storage.Client {
	c = c.Clone()
	c.Declared, c.Disabled, c.Registered, c.Version = true, true, false, 0
	c.CreatedAt, c.UpdatedAt, c.ExpiresAt = time.Time{}, time.Time{}, time.Time{}
	for i, s := range c.Secrets {
		c.Secrets[i] = storage.ClientSecret{ID: s.ID, ExpiresAt: s.ExpiresAt}
	}
	return c
}

// fingerprint is a client as it is compared: every member of its metadata, and its secrets by ID. A copy is always disabled.
func fingerprint(c storage.Client) string {
	members := admin.DeclaredClient(c).Members()
	delete(members, "disabled")
	out, err := json.Marshal(members)
	if err != nil { // metadata is made of what JSON has
		return err.Error()
	}
	return string(out)
}

// Look compares without writing: what every replica can do.
func (c *Copies) Look(ctx context.Context, declared []storage.Client) (f Found, err error) {
	for _, d := range declared {
		have, err := c.Store.Client(ctx, d.ID)
		switch {
		case errors.Is(err, storage.ErrNotFound):
			f.Differing = append(f.Differing, d.ID)
		case err != nil:
			return f, fmt.Errorf("read copy: %w", err)
		case !have.Declared:
			f.Shadowed = append(f.Shadowed, d.ID)
		case fingerprint(have) != fingerprint(d):
			f.Differing = append(f.Differing, d.ID)
		}
	}
	return f, nil
}

// Write makes the copies what is declared, and removes what is to be pruned. It is for one replica at a time; two that do it have no other effect than
// work done twice. complete: what is declared is all that there is, so that what lacks was removed.
func (c *Copies) Write(ctx context.Context, declared []storage.Client, complete bool) (f Found, err error) {
	for _, d := range declared {
		if err := c.put(ctx, d, &f); err != nil {
			return f, err
		}
	}
	copies, err := List(ctx, c.Store)
	if err != nil {
		return f, err
	}
	return f, c.prune(ctx, copies, declared, complete, &f)
}

// put writes one copy where it lacks or differs.
func (c *Copies) put(ctx context.Context, d storage.Client, f *Found) error {
	for range 3 {
		have, err := c.Store.Client(ctx, d.ID)
		next, now := copyOf(d), c.Now()
		switch {
		case errors.Is(err, storage.ErrNotFound):
			_, err = c.Store.CreateClient(ctx, next, now)
		case err != nil:
		case !have.Declared:
			f.Shadowed = append(f.Shadowed, d.ID)
			return nil
		case fingerprint(have) == fingerprint(d):
			return nil
		default:
			next.Version, next.CreatedAt = have.Version, have.CreatedAt
			_, err = c.Store.ReplaceClient(ctx, next, now)
		}
		if err == nil {
			return nil
		}
		if !errors.Is(err, storage.ErrExists) && !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrNotFound) {
			return fmt.Errorf("write copy: %w", err)
		}
	}
	f.Differing = append(f.Differing, d.ID) // others write it too
	return nil
}

// List reads all copies, in order of ID.
func List(ctx context.Context, store storage.Clients) (out []storage.Client, err error) {
	const page = 500
	for after := ""; ; {
		clients, err := store.ListClients(ctx, after, page)
		if err != nil {
			return nil, fmt.Errorf("list copies: %w", err)
		}
		for _, one := range clients {
			if after = one.ID; one.Declared {
				out = append(out, one)
			}
		}
		if len(clients) < page {
			return out, nil
		}
	}
}

// prune removes the copies whose clients have been missing for long enough.
func (c *Copies) prune(ctx context.Context, copies, declared []storage.Client, complete bool, f *Found) error {
	now := c.Now()
	still := make(map[string]bool, len(declared))
	for i := range declared {
		still[declared[i].ID] = true
	}
	before := c.missing
	c.missing = map[string]time.Time{}
	var due []string
	for _, have := range copies {
		id := have.ID
		if still[id] {
			continue
		}
		inert := admin.Inert{ClientID: id}
		if c.Prune && complete {
			since, known := before[id]
			if !known {
				since = now
			}
			c.missing[id] = since
			if inert.PrunedAt = since.Add(c.After); !inert.PrunedAt.After(now) {
				due = append(due, id)
			}
		}
		f.Inert = append(f.Inert, inert)
	}
	if len(due) == 0 {
		c.refused = false
		return nil
	}
	if len(declared) == 0 || len(due)*100 > c.Max*len(copies) {
		c.refuse(ctx, due, len(copies), f)
		return nil
	}
	for _, id := range due {
		if err := c.Store.DeleteClient(ctx, id, now); err != nil && !errors.Is(err, storage.ErrNotFound) {
			return fmt.Errorf("prune client: %w", err)
		}
		f.Pruned++
		delete(c.missing, id)
		f.Inert = slices.DeleteFunc(f.Inert, func(i admin.Inert) bool { return i.ClientID == id })
		c.Logger.LogAttrs(ctx, slog.LevelInfo, "client pruned: no file declares it any more", slog.String("client_id", id))
		c.Audit.Record(ctx, audit.Event{Name: audit.ClientChanged, Time: now, ClientID: id, Detail: "pruned"})
	}
	return nil
}

// refuse says once that too many went missing to be believed.
func (c *Copies) refuse(ctx context.Context, due []string, all int, f *Found) {
	for i := range f.Inert {
		f.Inert[i].PrunedAt = time.Time{}
	}
	if f.Refused = true; c.refused {
		return
	}
	c.refused = true
	c.Logger.LogAttrs(ctx, slog.LevelError, "clients that files declare no more are not pruned: too many at once (declared.prune_max)",
		slog.Int("missing", len(due)), slog.Int("of", all), slog.Int("max_percent", c.Max))
}
