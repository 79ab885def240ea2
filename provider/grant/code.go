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

// CodeType is the authorization code grant.
const CodeType = "authorization_code"

// Tokens makes what grants hand out beside access tokens.
type Tokens interface {
	EncodeRefresh(r token.Refresh) string
	DecodeRefresh(s string) (token.Refresh, error)
	RefreshTTL(c storage.Client) time.Duration
}

// Code is the authorization code grant (RFC 6749 §4.1.3, RFC 7636 §4.6).
type Code struct {
	Store  Store
	Tokens Tokens
	Audit  audit.Sink
}

// GrantType is authorization_code.
func (Code) GrantType() string { return CodeType }

// Exchange buys the first tokens of a family. What is checked before the code is taken never changes once the code exists, so that only
// the taking decides who wins; a stranger's failed try does not spend the code.
func (x Code) Exchange(ctx context.Context, r *Request) (*token.Authorization, Taking, error) {
	code := r.Form.Get("code")
	if code == "" {
		return nil, nil, oauth.E(oauth.InvalidRequest, "code is missing") // RFC 6749 §4.1.3
	}
	key := token.CodeKey(code)
	on, err := x.Store.Standing(ctx, storage.StandingKey{Grant: key}, r.Now)
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrSpent) {
		return nil, nil, errCode()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read code: %w", err)
	}
	g := on.Grant
	if err := checkCode(g, r); err != nil {
		return nil, nil, err
	}
	if !g.Code.RedeemedAt.IsZero() { // a replay is one however late it comes, and whoever has ended meanwhile
		return nil, nil, x.replayed(ctx, g, r)
	}
	if !r.Now.Before(g.Code.ExpiresAt) { // RFC 6749 §4.1.2
		return nil, nil, errCode()
	}
	resources, err := r.narrow(g.Resources, oauth.Scopes(g.Scopes).And(r.Client.Scopes), r.Client.SkipConsent)
	if err != nil {
		return nil, nil, err
	}
	account, err := gate(on, g, r)
	if err != nil {
		return nil, nil, err
	}
	refresh := x.refresh(r, g)
	take := func(ctx context.Context) error { return x.redeem(ctx, key, g, refresh, r) }
	return x.authorization(r, g, refresh != nil, account, resources), take, nil
}

// redeem takes the code.
func (x Code) redeem(ctx context.Context, key storage.GrantKey, g storage.Grant, refresh *storage.Refresh, r *Request) error {
	_, err := x.Store.RedeemCode(ctx, key, refresh, r.Now)
	switch {
	case errors.Is(err, storage.ErrSpent): // somebody was faster
		return x.replayed(ctx, g, r)
	case errors.Is(err, storage.ErrNotFound):
		return errCode()
	case err != nil:
		return fmt.Errorf("redeem code: %w", err)
	}
	return nil
}

func (x Code) authorization(r *Request, g storage.Grant, refresh bool, account storage.Account, resources []string) *token.Authorization {
	scopes := oauth.Scopes(g.Scopes).And(r.Client.Scopes) // what the client lost since is not granted
	a := &token.Authorization{Client: r.Client, Grant: g, Account: account, Scopes: scopes, Resources: resources, IDToken: scopes.Has(oauth.OpenID)}
	if refresh {
		a.Refresh = x.Tokens.EncodeRefresh(token.Refresh{GrantID: g.ID})
	}
	return a
}

// checkCode compares the request with what the code is bound to, each clause on its own.
func checkCode(g storage.Grant, r *Request) error {
	if g.Code == nil {
		return errCode()
	}
	if g.ClientID != r.Client.ID { // RFC 6749 §4.1.3: issued to another client
		return errCode()
	}
	uri := r.Form.Get("redirect_uri")
	if g.Code.RedirectURISent && uri != g.Code.RedirectURI { // RFC 6749 §4.1.3: identical
		return oauth.E(oauth.InvalidGrant, "redirect_uri differs from the authorization request")
	}
	if !g.Code.RedirectURISent && uri != "" && uri != g.Code.RedirectURI {
		return oauth.E(oauth.InvalidGrant, "redirect_uri differs from the authorization request")
	}
	return checkPKCE(g.Code, r.Form.Get("code_verifier"))
}

func checkPKCE(c *storage.Code, verifier string) error {
	if c.Challenge == "" {
		if verifier != "" { // RFC 9700 §2.1.1: a verifier without a challenge is a downgrade
			return oauth.E(oauth.InvalidGrant, "code_verifier was sent but no code_challenge")
		}
		return nil
	}
	if verifier == "" {
		return oauth.E(oauth.InvalidGrant, "code_verifier is missing") // RFC 7636 §4.5
	}
	if err := oauth.CheckVerifier(verifier); err != nil {
		return err
	}
	if !oauth.MatchVerifier(c.Challenge, verifier) { // RFC 7636 §4.6
		return oauth.E(oauth.InvalidGrant, "code_verifier does not match")
	}
	return nil
}

func (x Code) refresh(r *Request, g storage.Grant) *storage.Refresh {
	if !Allowed(*r.Client, RefreshType) {
		return nil
	}
	return &storage.Refresh{ExpiresAt: g.CreatedAt.Add(x.Tokens.RefreshTTL(*r.Client))}
}

// replayed answers a code that was used before, by somebody who proved all the rest: two hold it, and whatever the first use bought is
// revoked (RFC 6749 §4.1.2, RFC 9700 §4.2.4).
func (x Code) replayed(ctx context.Context, g storage.Grant, r *Request) error {
	if _, err := x.Store.RevokeGrants(ctx, storage.GrantScope{ID: g.ID}, r.Now); err != nil {
		return fmt.Errorf("revoke after replay: %w", err)
	}
	rec := serve.RecordOf(ctx)
	x.Audit.Record(ctx, audit.Event{Name: audit.CodeReplayed, Time: r.Now, AccountID: g.AccountID, ClientID: g.ClientID, SID: g.SID,
		GrantID: g.ID, Address: rec.Address, RequestID: rec.ID})
	return errCode()
}

func errCode() *oauth.Error {
	return oauth.E(oauth.InvalidGrant, "the code is unknown, expired, used or not for this client")
}
