package grant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

// RefreshType is the refresh token grant.
const RefreshType = "refresh_token"

// Refresh is the refresh token grant with rotation (RFC 6749 §6, RFC 9700 §4.14.2).
type Refresh struct {
	Store  Store
	Tokens Tokens
	// Grace is how long after a rotation the former token still gets the same successor: its answer may have been lost. 0 means never.
	Grace time.Duration
	Audit audit.Sink
}

// GrantType is refresh_token.
func (Refresh) GrantType() string { return RefreshType }

// Exchange checks everything first, then rotates; a request that is refused for its scope costs the client nothing.
func (x Refresh) Exchange(ctx context.Context, r *Request) (*token.Authorization, Taking, error) {
	raw := r.Form.Get("refresh_token")
	if raw == "" {
		return nil, nil, oauth.E(oauth.InvalidRequest, "refresh_token is missing") // RFC 6749 §6
	}
	ref, err := x.Tokens.DecodeRefresh(raw)
	if err != nil {
		return nil, nil, errRefresh().Because(err)
	}
	on, err := x.Store.Standing(ctx, storage.StandingKey{Grant: storage.GrantKey{ID: ref.GrantID}}, r.Now)
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrSpent) {
		return nil, nil, errRefresh()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read grant: %w", err)
	}
	g := on.Grant
	if g.ClientID != r.Client.ID { // RFC 6749 §6: bound to the client
		return nil, nil, errRefresh()
	}
	if g.Refresh == nil || g.Refresh.Fixed || !r.Now.Before(g.Refresh.ExpiresAt) {
		return nil, nil, errRefresh()
	}
	scopes, err := narrowScopes(r.Form, g.Scopes, *r.Client)
	if err != nil {
		return nil, nil, err
	}
	resources, err := r.narrow(g.Resources, scopes, r.Client.SkipConsent)
	if err != nil {
		return nil, nil, err
	}
	account, err := gate(on, g, r)
	if err != nil {
		return nil, nil, err
	}
	a := &token.Authorization{Client: r.Client, Grant: withoutNonce(g), Account: account, Scopes: scopes, Resources: resources,
		Refresh: x.Tokens.EncodeRefresh(token.Refresh{GrantID: ref.GrantID, Generation: ref.Generation + 1}), IDToken: scopes.Has(oauth.OpenID)}
	take := func(ctx context.Context) error { return x.rotate(ctx, ref, g, r) }
	if ref.Generation != g.Refresh.Generation { // most likely a replay, for which nothing is signed
		return a, nil, take(ctx)
	}
	return a, take, nil
}

// rotate raises the generation. Of any number of callers one raises it; the others are within the grace window and get the same successor, or they
// replay.
func (x Refresh) rotate(ctx context.Context, ref token.Refresh, g storage.Grant, r *Request) error {
	rotated, err := x.Store.RotateRefresh(ctx, ref.GrantID, ref.Generation, g.Refresh.ExpiresAt, r.Now)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, storage.ErrNotFound), errors.Is(err, storage.ErrSpent):
		return errRefresh()
	case !errors.Is(err, storage.ErrConflict) || rotated.Refresh == nil:
		return fmt.Errorf("rotate refresh token: %w", err)
	}
	in := rotated.Refresh
	if ref.Generation > in.Generation { // newer than the store: it was restored from a backup
		return errRefresh()
	}
	// Who came before the rotation, and was served after it, is as late as one who came at its moment.
	if x.Grace > 0 && ref.Generation+1 == in.Generation && r.Now.Sub(in.RotatedAt) <= x.Grace {
		return nil
	}
	return x.replayed(ctx, rotated, r)
}

// replayed kills the family: two hold the token, and one of them is not the client (RFC 9700 §4.14.2).
func (x Refresh) replayed(ctx context.Context, g storage.Grant, r *Request) error {
	if _, err := x.Store.RevokeGrants(ctx, storage.GrantScope{ID: g.ID}, r.Now); err != nil {
		return fmt.Errorf("revoke after replay: %w", err)
	}
	rec := serve.RecordOf(ctx)
	x.Audit.Record(ctx, audit.Event{Name: audit.RefreshReplayed, Time: r.Now, AccountID: g.AccountID, ClientID: g.ClientID, SID: g.SID,
		GrantID: g.ID, Address: rec.Address, RequestID: rec.ID})
	return errRefresh()
}

// narrowScopes returns the scopes that a refresh asks for: none beyond the grant's, and none that the client lost since.
func narrowScopes(f oauth.Form, granted []string, c storage.Client) (oauth.Scopes, error) {
	scopes, err := oauth.ParseScopes(f.Get("scope"))
	if err != nil {
		return nil, err
	}
	if len(scopes) == 0 {
		return oauth.Scopes(granted).And(c.Scopes), nil
	}
	if !scopes.Within(granted) {
		return nil, oauth.E(oauth.InvalidScope, "scope goes beyond what was granted") // RFC 6749 §6
	}
	return scopes.And(c.Scopes), nil
}

// withoutNonce leaves the nonce out of ID tokens of a refresh (OpenID Connect Core §12.2: it should not have one).
func withoutNonce(g storage.Grant) storage.Grant { g.Nonce = ""; return g }

func errRefresh() *oauth.Error {
	return oauth.E(oauth.InvalidGrant, "the refresh token is unknown, expired, revoked or not for this client")
}
