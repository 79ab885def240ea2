package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"latchkey/keys"
	"latchkey/provider/admin"
	"latchkey/provider/audit"
	"latchkey/storage"
)

// adminHandler is the operators' API over a core: the same for a running server and for a command that has the store to itself.
func adminHandler(c *core, sink audit.Sink) http.Handler {
	return withMint(c, withBackup(c, sink, admin.Handler(admin.Config{
		Users: c.accounts, Factors: c.accounts, KeepAccount: c.accounts.KeepByOperator, SignUp: c.accounts.CreateAccount, SetClaims: c.accounts.SetClaims, Invite: c.accounts.Invite, Clients: c.store, Registrations: c.store, Notices: c.store, Declared: c.registry.Declared, Served: c.served, Vault: c.rings, Keys: adminKeys{c.rings},
		Audit: sink, Logger: c.log, Now: c.now,
		Declaration: c.declaration, Groups: c.declared.directory, SetMember: c.accounts.SetMember, SecretUsed: c.declared.secretUsed,
	})))
}

// adminKeys shows the rings to the operators' API.
type adminKeys struct{ rings *keys.Rings }

// List implements [admin.Keys].
func (k adminKeys) List(ctx context.Context) ([]admin.Key, error) {
	if err := k.rings.Tick(ctx); err != nil {
		return nil, err
	}
	var out []admin.Key
	for _, i := range k.rings.List() {
		out = append(out, admin.Key{KID: i.KID, Alg: i.Alg, State: string(i.State), PublishedAt: i.PublishedAt, ActivatesAt: i.ActivatesAt,
			RetiresAt: i.RetiresAt, GoneAt: i.GoneAt, RevokedAt: i.RevokedAt, NextTransition: i.NextTransition, SealKeyID: i.SealKeyID})
	}
	return out, nil
}

// Rotate implements [admin.Keys].
func (k adminKeys) Rotate(ctx context.Context, alg string) (time.Time, error) {
	return k.rings.Rotate(ctx, alg)
}

// Revoke implements [admin.Keys].
func (k adminKeys) Revoke(ctx context.Context, kid string) (admin.Revoked, error) {
	r, err := k.rings.Revoke(ctx, kid)
	if errors.Is(err, keys.ErrUnknownKey) {
		return admin.Revoked{}, fmt.Errorf("%w: %w", storage.ErrNotFound, err)
	}
	if err != nil {
		return admin.Revoked{}, err
	}
	return admin.Revoked{KID: r.KID, Alg: r.Alg, Was: string(r.Was), ActiveKID: r.ActiveKID, MayFailUntil: r.MayFailUntil}, nil
}

// Reseal implements [admin.Keys].
func (k adminKeys) Reseal(ctx context.Context) (int, error) { return k.rings.Reseal(ctx) }

// openAdminSocket serves the operators' API. Whoever can open the socket is an operator.
func (s *server) openAdminSocket(ctx context.Context) (func(), error) {
	path := s.cfg.AdminSocketPath()
	if path == "" {
		return func() {}, nil
	}
	if err := freeSocket(ctx, path); err != nil {
		return nil, fmt.Errorf("server.admin_socket: %w", err)
	}
	ln, err := listenPrivate(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("server.admin_socket: %w", err)
	}
	hs := &http.Server{Handler: s.probes.beside(adminHandler(s.core, s.sink)), ReadHeaderTimeout: 5 * time.Second}
	go s.run("admin socket", func() error { return hs.Serve(ln) })
	return func() { _ = hs.Close() }, nil
}

// socketWait is how long a server that ends may still answer at its socket.
const socketWait = 3 * time.Second

// freeSocket removes the socket of a server that was killed. One that answers is another server's, with a store of its own: commands for that one
// must not reach us.
func freeSocket(ctx context.Context, path string) error {
	for end := time.Now().Add(socketWait); ; {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unix", path)
		if err != nil {
			break
		}
		_ = conn.Close()
		if time.Now().After(end) {
			return fmt.Errorf("another server answers at %s; give this one a socket of its own", path)
		}
		if !wait(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// listenPrivate makes a socket that only this user can open: it is given its mode in a folder of its own, then moved into place.
func listenPrivate(ctx context.Context, path string) (net.Listener, error) {
	dir, err := os.MkdirTemp(filepath.Dir(path), ".admin-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	made := filepath.Join(dir, "s")
	ln, err := (&net.ListenConfig{}).Listen(ctx, "unix", made)
	if err != nil {
		return nil, err
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(made, 0o600), os.Rename(made, path)); err != nil { // #nosec G302 -- a socket needs w
		return nil, errors.Join(err, ln.Close())
	}
	own, err := os.Lstat(path)
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return unlinking{ln, path, own}, nil
}

// unlinking removes the socket when it closes.
type unlinking struct {
	net.Listener
	path string
	own  os.FileInfo
}

// Close implements [net.Listener].
func (u unlinking) Close() error {
	err := u.Listener.Close()
	if now, statErr := os.Lstat(u.path); statErr == nil && os.SameFile(now, u.own) { // not the one of who came after us
		err = errors.Join(err, os.Remove(u.path))
	}
	return err
}
