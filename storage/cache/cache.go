// Package cache keeps in memory what nearly every request reads and hardly anybody changes: clients, and the web origins they have.
//
// It owns: when something may be answered from memory. It must not: answer from memory while changes may go untold, keep what was read before a
// change was told, or remember what is not there.
package cache

import (
	"context"
	"sync"
	"time"

	"latchkey/storage"
)

// DefaultMax is how many clients, and how many origins, a [Cache] keeps unless told otherwise.
const DefaultMax = 10_000

// Cache is a store that answers [storage.Clients].Client and [storage.ClientUse].HasClientOrigin from memory where it can, and hands everything else
// on. It does so only while somebody tells it of changes, see [Cache.Tell]. It is safe for concurrent use.
type Cache struct {
	storage.Store
	max int

	mu sync.Mutex
	// told: changes are told; before and after, nothing is answered from memory.
	told bool
	// age is raised by every change: what was read in an earlier one is not kept.
	age     uint64
	clients map[string]storage.Client
	origins map[string]bool
}

// New returns a cache before s, of at most max clients; [DefaultMax] where max is below 1. Until it is told [storage.ChangesHeard] it only hands on.
func New(s storage.Store, max int) *Cache {
	if max < 1 {
		max = DefaultMax
	}
	return &Cache{Store: s, max: max, clients: make(map[string]storage.Client), origins: make(map[string]bool)}
}

// clear forgets everything. The caller holds mu.
func (c *Cache) clear() {
	c.age++
	clear(c.clients)
	clear(c.origins)
}

// Tell tells the cache of a change, as the Watch of drivers for several replicas does.
func (c *Cache) Tell(change storage.Change) {
	switch {
	case change.Kind == storage.ChangesHeard, change.Kind == storage.ChangesLost:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.told = change.Kind == storage.ChangesHeard
		c.clear()
	case change.Kind == storage.ChangedClients && change.ID == "":
		c.mu.Lock()
		defer c.mu.Unlock()
		c.clear()
	case change.Kind == storage.ChangedClients:
		c.forget(change.ID)
	}
}

// forget forgets what is known of one client.
func (c *Cache) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.age++
	delete(c.clients, id)
	clear(c.origins)
}

// known looks in memory, and otherwise says in which age what is read now begins.
func known[V any](c *Cache, entries map[string]V, key string) (v V, ok bool, age uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.told {
		v, ok = entries[key]
	}
	return v, ok, c.age
}

// keep keeps what was read, unless something changed since its reading began. Where there is no room, any other goes.
func keep[V any](c *Cache, entries map[string]V, key string, v V, age uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.told || age != c.age {
		return
	}
	for other := range entries {
		if len(entries) < c.max {
			break
		}
		delete(entries, other)
	}
	entries[key] = v
}

// Client implements [storage.Clients].
func (c *Cache) Client(ctx context.Context, id string) (storage.Client, error) {
	found, ok, age := known(c, c.clients, id)
	if ok {
		return found.Clone(), nil
	}
	found, err := c.Store.Client(ctx, id)
	if err == nil {
		keep(c, c.clients, id, found.Clone(), age)
	}
	return found, err
}

// HasClientOrigin implements [storage.ClientUse].
func (c *Cache) HasClientOrigin(ctx context.Context, origin string) (bool, error) {
	has, ok, age := known(c, c.origins, origin)
	if ok {
		return has, nil
	}
	has, err := c.Store.HasClientOrigin(ctx, origin)
	if err == nil && has { // anybody can ask for origins that nobody has
		keep(c, c.origins, origin, has, age)
	}
	return has, err
}

// Whoever writes through this cache reads what it wrote, without waiting to be told of it.

// CreateClient implements [storage.Clients].
func (c *Cache) CreateClient(ctx context.Context, client storage.Client, now time.Time) (storage.Client, error) {
	defer c.forget(client.ID)
	return c.Store.CreateClient(ctx, client, now)
}

// ReplaceClient implements [storage.Clients].
func (c *Cache) ReplaceClient(ctx context.Context, client storage.Client, now time.Time) (storage.Client, error) {
	defer c.forget(client.ID)
	return c.Store.ReplaceClient(ctx, client, now)
}

// DeleteClient implements [storage.Clients].
func (c *Cache) DeleteClient(ctx context.Context, id string, now time.Time) error {
	defer c.forget(id)
	return c.Store.DeleteClient(ctx, id, now)
}

// TouchClient implements [storage.ClientUse].
func (c *Cache) TouchClient(ctx context.Context, id string, expiresAt, now time.Time) error {
	defer c.forget(id)
	return c.Store.TouchClient(ctx, id, expiresAt, now)
}

// RegisterClient implements [storage.Registrations].
func (c *Cache) RegisterClient(ctx context.Context, client storage.Client, tokenHash string, quota int, now time.Time) (storage.Client, error) {
	defer c.forget(client.ID)
	return c.Store.RegisterClient(ctx, client, tokenHash, quota, now)
}

// Sweep implements [storage.Upkeep].
func (c *Cache) Sweep(ctx context.Context, limit int, now time.Time) (int, error) {
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for id, client := range c.clients {
			if client.Expired(now) {
				delete(c.clients, id)
			}
		}
		c.age++
		clear(c.origins)
	}()
	return c.Store.Sweep(ctx, limit, now)
}
