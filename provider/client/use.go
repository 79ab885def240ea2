package client

import (
	"context"
	"fmt"
	"time"

	"latchkey/storage"
)

// Use is how the registry follows the use of stored clients.
type Use struct {
	Store storage.ClientUse
	// UnusedTTL is how long a client that registered itself lives after its last use; 0 leaves the end of each as it is.
	UnusedTTL time.Duration
	Now       func() time.Time
}

// maxOrigin bounds an origin, in bytes: the longest host name, a scheme and a port.
const maxOrigin = 272

// Follow sets how the use of stored clients is followed. It is for the assembly, before the first request.
func (r *Registry) Follow(u Use) { r.use = u }

func (r *Registry) expired(c storage.Client) bool { return r.use.Now != nil && c.Expired(r.use.Now()) }

// HasOrigin tells whether pages of a web origin may call the token endpoint and its like for some client (see [storage.Client.Origins]).
// Errors: a fault of the store.
func (r *Registry) HasOrigin(ctx context.Context, origin string) (bool, error) {
	if _, ok := r.declared.Load().origins[origin]; ok {
		return true, nil
	}
	if r.use.Store == nil || origin == "" || len(origin) > maxOrigin {
		return false, nil
	}
	ok, err := r.use.Store.HasClientOrigin(ctx, origin)
	if err != nil {
		return false, fmt.Errorf("find client origin: %w", err)
	}
	return ok, nil
}

// Used puts off the end of a client that registered itself, at most once a day (and at least four times in a life that is shorter). A failure is
// none of the request's: the next use tries again.
func (r *Registry) Used(ctx context.Context, c storage.Client) {
	u := r.use
	if u.Store == nil || u.UnusedTTL <= 0 || !c.Registered || c.ExpiresAt.IsZero() {
		return
	}
	now := u.Now()
	end := now.Add(u.UnusedTTL)
	if end.Sub(c.ExpiresAt) < min(24*time.Hour, u.UnusedTTL/4) {
		return
	}
	_ = u.Store.TouchClient(ctx, c.ID, end, now)
}
