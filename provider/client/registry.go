package client

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"latchkey/storage"
)

// ErrUnknown: there is no such client, or it is disabled, or nobody used it for too long.
var ErrUnknown = errors.New("unknown client")

// Stored finds clients that were created at run time.
type Stored interface {
	Client(ctx context.Context, id string) (storage.Client, error)
}

// Registry finds clients: first those of the operator's files, then those of the store.
type Registry struct {
	declared atomic.Pointer[declared]
	stored   Stored
	use      Use
}

// declared is what the operator's files have.
type declared struct {
	clients map[string]storage.Client
	// origins of those that are not disabled.
	origins map[string]struct{}
	// forwarded are applications behind proxies, by their hosts.
	forwarded map[string]Forwarded
}

// NewRegistry makes a registry without declared clients. stored may be nil.
func NewRegistry(stored Stored) *Registry {
	r := &Registry{stored: stored}
	r.Declare(nil)
	return r
}

// Declare replaces the clients of the operator's files, at once and for all requests that come.
func (r *Registry) Declare(clients []storage.Client) {
	d := &declared{clients: make(map[string]storage.Client, len(clients)), origins: map[string]struct{}{}, forwarded: map[string]Forwarded{}}
	for _, c := range clients {
		d.clients[c.ID] = c
	}
	for _, c := range d.clients {
		if c.Disabled {
			continue
		}
		for _, origin := range c.Origins() {
			d.origins[origin] = struct{}{}
		}
		d.forward(c)
	}
	r.declared.Store(d)
}

// Declared lists the clients of the operator's files.
func (r *Registry) Declared() []storage.Client {
	d := r.declared.Load()
	out := make([]storage.Client, 0, len(d.clients))
	for _, c := range d.clients {
		out = append(out, c)
	}
	return out
}

// IsDeclared tells whether the operator's files have this client.
func (r *Registry) IsDeclared(id string) bool { _, ok := r.declared.Load().clients[id]; return ok }

// Client returns the client. Errors: ErrUnknown, or a fault of the store.
func (r *Registry) Client(ctx context.Context, id string) (storage.Client, error) {
	c, ok := r.declared.Load().clients[id]
	if !ok {
		if r.stored == nil || id == "" || len(id) > MaxIDBytes {
			return storage.Client{}, ErrUnknown
		}
		var err error
		if c, err = r.stored.Client(ctx, id); errors.Is(err, storage.ErrNotFound) {
			return storage.Client{}, ErrUnknown
		} else if err != nil {
			return storage.Client{}, fmt.Errorf("read client: %w", err)
		}
	}
	if c.Disabled || !ok && c.Declared || r.expired(c) { // a copy of a client that the files have no more serves nobody
		return storage.Client{}, ErrUnknown
	}
	return c, nil
}

// MaxIDBytes bounds a client_id.
const MaxIDBytes = 256
