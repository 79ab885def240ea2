package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/accountapi"
	"latchkey/provider/audit"
	"latchkey/provider/bearer"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

// AccountTokens makes and checks the tokens of the account API: the access tokens of every dialect, and the fixed refresh tokens of
// the session dialect.
type AccountTokens struct {
	Issuer *token.Issuer
	// Audience must be in a token's `aud`: the default audience or the issuer.
	Audience string
	Live     token.Live
	Store    AccountTokenStore
	// Proved tells whether a session still proves enough of its account, by the rules of second factors; nil: every one does.
	Proved func(a storage.Account, s storage.Session) bool
	// RefreshedTTL is the lifetime of access tokens that a refresh gives.
	RefreshedTTL time.Duration
	Audit        audit.Sink
	Now          func() time.Time
}

// AccountTokenStore is what it reads and writes.
type AccountTokenStore interface {
	CreateGrant(ctx context.Context, g storage.Grant, now time.Time) error
	Grant(ctx context.Context, key storage.GrantKey, now time.Time) (storage.Grant, error)
	EndSessions(ctx context.Context, scope storage.EndScope, now time.Time) ([]storage.Session, error)
	Session(ctx context.Context, sid string, now time.Time) (storage.Session, error)
	Account(ctx context.Context, key storage.AccountKey) (storage.Account, error)
}

func (t *AccountTokens) client(ttl time.Duration) storage.Client {
	return storage.Client{ID: token.AccountClientID, Scopes: []string{token.AccountScope}, AccountClaims: true, AccessTokenTTL: ttl}
}

// AccessToken makes an access token for a session. expiresIn is in seconds.
func (t *AccountTokens) AccessToken(ctx context.Context, a storage.Account, s storage.Session, _ account.Dialect, ttl time.Duration) (access string, expiresIn int, err error) {
	ans, err := t.Issuer.Issue(ctx, &token.Authorization{
		Client:  new(t.client(ttl)),
		Grant:   storage.Grant{SID: s.SID, AuthTime: s.AuthTime, AMR: s.AMR, ACR: s.ACR},
		Account: a, Scopes: oauth.Scopes{token.AccountScope},
	})
	if err != nil {
		return "", 0, err
	}
	return ans.AccessToken, int(ans.ExpiresIn), nil
}

// RefreshToken makes a refresh token that stays valid and unchanged until it expires or its session ends.
func (t *AccountTokens) RefreshToken(ctx context.Context, a storage.Account, s storage.Session, ttl time.Duration) (string, error) {
	now := t.Now()
	g := storage.Grant{
		ID: token.NewGrantID(now), ClientID: token.AccountClientID, AccountID: a.ID, SID: s.SID, Scopes: []string{token.AccountScope},
		AuthTime: s.AuthTime, AMR: s.AMR, ACR: s.ACR, Refresh: &storage.Refresh{Fixed: true, ExpiresAt: now.Add(ttl)},
		CreatedAt: now, ExpiresAt: now.Add(ttl),
	}
	if err := t.Store.CreateGrant(ctx, g, now); err != nil {
		return "", fmt.Errorf("store refresh token: %w", err)
	}
	return t.Issuer.EncodeRefresh(token.Refresh{GrantID: g.ID}), nil
}

// Refresh buys an access token. Errors: accountapi.ErrRefresh where the refresh token is unknown, revoked or expired.
func (t *AccountTokens) Refresh(ctx context.Context, raw string) (access string, expiresIn int, err error) {
	g, err := t.grant(ctx, raw)
	if err != nil {
		return "", 0, err
	}
	now := t.Now()
	s, err := t.Store.Session(ctx, g.SID, now)
	if err != nil {
		return "", 0, gone("read session", err)
	}
	a, err := t.Store.Account(ctx, storage.AccountKey{ID: g.AccountID})
	if err != nil {
		return "", 0, gone("read account", err)
	}
	if a.Shut() {
		return "", 0, accountapi.ErrRefresh
	}
	if t.Proved != nil && !t.Proved(a, s) {
		return "", 0, accountapi.ErrRefresh
	}
	return t.AccessToken(ctx, a, s, account.Session, t.RefreshedTTL)
}

// RevokeRefresh ends the refresh token's session, and with it the token. Errors: accountapi.ErrRefresh where it is none of ours or ended before.
func (t *AccountTokens) RevokeRefresh(ctx context.Context, raw string) error {
	g, err := t.grant(ctx, raw)
	if err != nil {
		return err
	}
	ended, err := t.Store.EndSessions(ctx, storage.EndScope{AccountID: g.AccountID, SID: g.SID}, t.Now())
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	rec := serve.RecordOf(ctx)
	for _, s := range ended {
		t.Audit.Record(ctx, audit.Event{Name: audit.SignOut, Time: t.Now(), AccountID: s.AccountID, SID: s.SID, Address: rec.Address, RequestID: rec.ID, Detail: s.Kind})
	}
	return nil
}

func (t *AccountTokens) grant(ctx context.Context, raw string) (storage.Grant, error) {
	ref, err := t.Issuer.DecodeRefresh(raw)
	if err != nil {
		return storage.Grant{}, accountapi.ErrRefresh
	}
	now := t.Now()
	g, err := t.Store.Grant(ctx, storage.GrantKey{ID: ref.GrantID}, now)
	if err != nil {
		return storage.Grant{}, gone("read grant", err)
	}
	if g.ClientID != token.AccountClientID || g.Refresh == nil || !g.Refresh.Fixed || !now.Before(g.Refresh.ExpiresAt) {
		return storage.Grant{}, accountapi.ErrRefresh
	}
	return g, nil
}

func gone(verb string, err error) error {
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrSpent) {
		return accountapi.ErrRefresh
	}
	return fmt.Errorf("%s: %w", verb, err)
}

// Verify implements [bearer.Verifier] for the account API. Errors: bearer.ErrMalformed, ErrExpired, ErrInvalid (not for this API),
// ErrEnded, or a fault.
func (t *AccountTokens) Verify(ctx context.Context, raw string) (bearer.Claims, error) {
	c, err := t.Issuer.VerifyAccess(raw)
	switch {
	case errors.Is(err, token.ErrExpired):
		return bearer.Claims{}, fmt.Errorf("%w: %w", bearer.ErrExpired, err)
	case err != nil:
		return bearer.Claims{}, fmt.Errorf("%w: %w", bearer.ErrMalformed, err)
	}
	scopes, err := oauth.ParseScopes(c.Scope)
	if err != nil || c.Bound() || !scopes.Has(token.AccountScope) || !c.Audience.Has(t.Audience) || c.SID == "" {
		return bearer.Claims{}, bearer.ErrInvalid
	}
	sub, sid, err := t.stands(ctx, c)
	if err != nil {
		return bearer.Claims{}, err
	}
	return bearer.Claims{Subject: sub, ClientID: c.ClientID, SID: sid, JTI: c.ID, Scopes: scopes,
		Issued: time.Unix(c.IssuedAt, 0), Expires: time.Unix(c.Expires, 0), Raw: raws(c)}, nil
}

// stands checks that the token was not revoked, alone or with its grant, and returns the own names of its account and session. Whether these
// stand is for the API to see, which has different words for the two.
func (t *AccountTokens) stands(ctx context.Context, c token.Access) (sub, sid string, err error) {
	if c.GrantID() != "" { // of a client, which may know the person by pairwise names
		s, err := t.Live.Check(ctx, c)
		if errors.Is(err, token.ErrEnded) || (err == nil && s.Account.ID == 0) {
			return "", "", bearer.ErrEnded
		}
		return s.Account.Sub, s.Grant.SID, err
	}
	on, err := t.Live.Store.Standing(ctx, storage.StandingKey{JTI: c.ID}, t.Now())
	if err != nil {
		return "", "", fmt.Errorf("read denials: %w", err)
	}
	if on.Denied {
		return "", "", bearer.ErrEnded
	}
	return c.Subject, c.SID, nil
}

func raws(c token.Access) map[string]any {
	b, err := json.Marshal(c)
	if err != nil {
		return nil
	}
	var m map[string]any
	_ = json.Unmarshal(b, &m) // what was just written
	return m
}
