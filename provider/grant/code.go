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
func (x Code) Exchange(ctx context.Context, r *Request) (*token.Authorization, error) {
	code := r.Form.Get("code")
	if code == "" {
		return nil, oauth.E(oauth.InvalidRequest, "code is missing") // RFC 6749 §4.1.3
	}
	hash := token.HashCode(code)
	g, err := x.Store.Grant(ctx, storage.GrantKey{CodeHash: hash}, r.Now)
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrSpent) {
		return nil, errCode()
	}
	if err != nil {
		return nil, fmt.Errorf("read code: %w", err)
	}
	if err := checkCode(g, r); err != nil {
		return nil, err
	}
	resources, err := narrow(r.Form, g.Resources, r.Client)
	if err != nil {
		return nil, err
	}
	account, err := gate(ctx, x.Store, g, r.Now)
	if err != nil {
		return nil, err
	}
	refresh := x.refresh(r, g)
	if g, err = x.Store.RedeemCode(ctx, hash, refresh, r.Now); err != nil {
		return nil, x.lost(ctx, g, r, err)
	}
	scopes := oauth.Scopes(g.Scopes).And(r.Client.Scopes) // what the client lost since is not granted
	a := &token.Authorization{Client: r.Client, Grant: g, Account: account, Scopes: scopes, Resources: resources, IDToken: scopes.Has(oauth.OpenID)}
	if refresh != nil {
		a.Refresh = x.Tokens.EncodeRefresh(token.Refresh{GrantID: g.ID})
	}
	return a, nil
}

// checkCode compares the request with what the code is bound to, each clause on its own.
func checkCode(g storage.Grant, r *Request) error {
	if g.Code == nil {
		return errCode()
	}
	if g.ClientID != r.Client.ID { // RFC 6749 §4.1.3: issued to another client
		return errCode()
	}
	if !r.Now.Before(g.Code.ExpiresAt) { // RFC 6749 §4.1.2
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
	if !Allowed(r.Client, RefreshType) {
		return nil
	}
	return &storage.Refresh{ExpiresAt: g.CreatedAt.Add(x.Tokens.RefreshTTL(r.Client))}
}

// lost answers a code that could not be taken. A second use by the client that proved all the rest means that two hold it: whatever
// the first use bought is revoked (RFC 6749 §4.1.2, RFC 9700 §4.2.4).
func (x Code) lost(ctx context.Context, g storage.Grant, r *Request, err error) error {
	switch {
	case errors.Is(err, storage.ErrSpent):
		if _, err := x.Store.RevokeGrants(ctx, storage.GrantScope{ID: g.ID}, r.Now); err != nil {
			return fmt.Errorf("revoke after replay: %w", err)
		}
		rec := serve.RecordOf(ctx)
		x.Audit.Record(ctx, audit.Event{Name: audit.CodeReplayed, Time: r.Now, AccountID: g.AccountID, ClientID: g.ClientID, SID: g.SID,
			GrantID: g.ID, Address: rec.Address, RequestID: rec.ID})
		return errCode()
	case errors.Is(err, storage.ErrNotFound):
		return errCode()
	}
	return fmt.Errorf("redeem code: %w", err)
}

func errCode() *oauth.Error {
	return oauth.E(oauth.InvalidGrant, "the code is unknown, expired, used or not for this client")
}
