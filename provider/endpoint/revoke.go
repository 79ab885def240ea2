package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

// Revoke is the revocation endpoint (RFC 7009).
type Revoke struct {
	Clients ClientAuthenticator
	Tokens  interface {
		Verifier
		RefreshDecoder
	}
	Store interface {
		GrantReader
		RevokeGrants(ctx context.Context, scope storage.GrantScope, now time.Time) (int, error)
		DenyToken(ctx context.Context, jti string, until time.Time, now time.Time) error
	}
	Audit audit.Sink
	Now   func() time.Time
}

// Serve revokes a token. It answers 200 only when the token is dead, or was none (RFC 7009 §2.2).
func (e *Revoke) Serve(w http.ResponseWriter, r *http.Request) error {
	form, err := oauth.PostForm(r)
	if err != nil {
		return err
	}
	c, err := e.Clients.Authenticate(r.Context(), r, form)
	if err != nil {
		return err
	}
	serve.RecordOf(r.Context()).ClientID = c.ID
	raw := form.Get("token")
	if raw == "" {
		return oauth.E(oauth.InvalidRequest, "token is missing") // RFC 7009 §2.1
	}
	if err := e.revoke(r.Context(), c, raw); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	return nil
}

func (e *Revoke) revoke(ctx context.Context, c storage.Client, raw string) error {
	now := e.Now()
	if ref, err := e.Tokens.DecodeRefresh(raw); err == nil {
		return e.revokeRefresh(ctx, c, ref, now)
	}
	t, err := e.Tokens.VerifyAccess(raw)
	if err != nil { // unknown, foreign or expired: nothing to revoke (RFC 7009 §2.2)
		return nil //nolint:nilerr // see above
	}
	if t.ClientID != c.ID {
		return errNotYours()
	}
	if err := e.Store.DenyToken(ctx, t.ID, time.Unix(t.Expires, 0), now); err != nil {
		return fmt.Errorf("deny token: %w", err)
	}
	e.note(ctx, audit.Event{ClientID: c.ID, SID: t.SID, GrantID: t.GrantID(), Detail: "access_token"})
	return nil
}

// revokeRefresh ends the whole family: the refresh token and every access token that it bought (RFC 7009 §2.1).
func (e *Revoke) revokeRefresh(ctx context.Context, c storage.Client, ref token.Refresh, now time.Time) error {
	g, err := e.Store.Grant(ctx, storage.GrantKey{ID: ref.GrantID}, now)
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrSpent) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read grant: %w", err)
	}
	if g.ClientID != c.ID {
		return errNotYours()
	}
	if _, err := e.Store.RevokeGrants(ctx, storage.GrantScope{ID: g.ID}, now); err != nil {
		return fmt.Errorf("revoke grant: %w", err)
	}
	e.note(ctx, audit.Event{AccountID: g.AccountID, ClientID: c.ID, SID: g.SID, GrantID: g.ID, Detail: "refresh_token"})
	return nil
}

func (e *Revoke) note(ctx context.Context, ev audit.Event) {
	rec := serve.RecordOf(ctx)
	ev.Name, ev.Time, ev.Address, ev.RequestID = audit.TokenRevoked, e.Now(), rec.Address, rec.ID
	e.Audit.Record(ctx, ev)
}

func errNotYours() *oauth.Error {
	return oauth.E(oauth.UnauthorizedClient, "the token was issued to another client") // RFC 7009 §2.1
}
