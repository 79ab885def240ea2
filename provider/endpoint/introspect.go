package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

// ClientAuthenticator decides which client sent a request.
type ClientAuthenticator interface {
	Authenticate(ctx context.Context, r *http.Request, f oauth.Form) (storage.Client, error)
}

// RefreshDecoder reads refresh tokens.
type RefreshDecoder interface {
	DecodeRefresh(s string) (token.Refresh, error)
}

// GrantReader reads grants.
type GrantReader interface {
	Grant(ctx context.Context, key storage.GrantKey, now time.Time) (storage.Grant, error)
}

// Introspect is the introspection endpoint (RFC 7662), with answers as JSON or as JWT (RFC 9701).
type Introspect struct {
	Issuer  string
	Clients ClientAuthenticator
	Tokens  interface {
		Verifier
		RefreshDecoder
		Subject(c storage.Client, sub string) string
		SID(c storage.Client, sid string) string
		SignIntrospection(ctx context.Context, c storage.Client, answer any) (string, error)
	}
	Live   Liveness
	Grants interface {
		Standing(ctx context.Context, key storage.StandingKey, now time.Time) (storage.Standing, error)
	}
	// Admits tells whether a person may use a client; nil: everybody may.
	Admits func(c storage.Client, a storage.Account) bool
	Now    func() time.Time
}

// varyAccept is shared, and changed by nobody.
var varyAccept = []string{"Accept"}

// introspection is the answer (RFC 7662 §2.2). An inactive token is told by that one member alone.
type introspection struct {
	Active    bool           `json:"active"`
	Scope     string         `json:"scope,omitempty"`
	ClientID  string         `json:"client_id,omitempty"`
	Username  string         `json:"username,omitempty"`
	TokenType string         `json:"token_type,omitempty"`
	Expires   int64          `json:"exp,omitempty"`
	IssuedAt  int64          `json:"iat,omitempty"`
	Subject   string         `json:"sub,omitempty"`
	Audience  token.Audience `json:"aud,omitempty"`
	Issuer    string         `json:"iss,omitempty"`
	ID        string         `json:"jti,omitempty"`
	SID       string         `json:"sid,omitempty"`
	// AuthTime and ACR are RFC 9470 §6.2.
	AuthTime int64    `json:"auth_time,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`
	// Confirmation is the key that the token is bound to (RFC 7800 §3, RFC 8705 §3.2).
	Confirmation json.RawMessage `json:"cnf,omitempty"`
	// Groups are those that the token bears.
	Groups []string `json:"groups,omitempty"`
	// UserID is for the clients of the account API.
	UserID int64 `json:"user_id,omitempty"`
}

// encode writes the answer in the bytes that encoding/json makes of it.
func (a *introspection) encode() ([]byte, error) {
	o := oauth.NewObject(512)
	o.Bool("active", a.Active)
	o.TextIf("scope", a.Scope)
	o.TextIf("client_id", a.ClientID)
	o.TextIf("username", a.Username)
	o.TextIf("token_type", a.TokenType)
	o.NumberIf("exp", a.Expires)
	o.NumberIf("iat", a.IssuedAt)
	o.TextIf("sub", a.Subject)
	if len(a.Audience) > 0 {
		a.Audience.Member(o, "aud")
	}
	o.TextIf("iss", a.Issuer)
	o.TextIf("jti", a.ID)
	o.TextIf("sid", a.SID)
	o.NumberIf("auth_time", a.AuthTime)
	o.TextIf("acr", a.ACR)
	o.ListIf("amr", a.AMR)
	if len(a.Confirmation) > 0 {
		o.Any("cnf", a.Confirmation)
	}
	o.ListIf("groups", a.Groups)
	o.NumberIf("user_id", a.UserID)
	return o.End()
}

// Serve answers for a token.
func (e *Introspect) Serve(w http.ResponseWriter, r *http.Request) error {
	form, err := oauth.PostForm(r)
	if err != nil {
		return err
	}
	c, err := e.Clients.Authenticate(r.Context(), r, form)
	if err != nil {
		return err
	}
	if c.AuthMethod == client.NoneMethod { // RFC 7662 §2.1: the caller must be authorised
		return oauth.E(oauth.InvalidClient, "a public client may not introspect")
	}
	serve.RecordOf(r.Context()).ClientID = c.ID
	raw := form.Get("token")
	if raw == "" {
		return oauth.E(oauth.InvalidRequest, "token is missing") // RFC 7662 §2.1
	}
	ans, err := e.look(r.Context(), c, raw)
	if err != nil {
		return err
	}
	if h := w.Header(); h["Vary"] == nil {
		h["Vary"] = varyAccept
	} else {
		h.Add("Vary", "Accept")
	}
	if !prefersJWT(r.Header["Accept"]) {
		body, err := ans.encode()
		if err != nil {
			return err
		}
		serve.WriteJSONBytes(w, http.StatusOK, body)
		return nil
	}
	signed, err := e.Tokens.SignIntrospection(r.Context(), c, ans)
	if err != nil {
		return err
	}
	writeJWT(w, introspectionMedia, signed)
	return nil
}

func (e *Introspect) look(ctx context.Context, c storage.Client, raw string) (introspection, error) {
	if ref, err := e.Tokens.DecodeRefresh(raw); err == nil {
		return e.refresh(ctx, c, ref)
	}
	t, err := e.Tokens.VerifyAccess(raw)
	if err != nil || !mayIntrospect(c, t) {
		return introspection{}, nil
	}
	s, err := e.Live.Check(ctx, t)
	if errors.Is(err, token.ErrEnded) {
		return introspection{}, nil
	}
	if err != nil {
		return introspection{}, err
	}
	return introspection{Active: true, Scope: t.Scope, ClientID: t.ClientID, Username: username(s.Client, s.Account, t.Scope), TokenType: "Bearer", Expires: t.Expires,
		IssuedAt: t.IssuedAt, Subject: t.Subject, Audience: t.Audience, Issuer: t.Issuer, ID: t.ID, SID: t.SID,
		AuthTime: t.AuthTime, ACR: t.ACR, AMR: t.AMR, Confirmation: t.Confirmation, Groups: t.Groups, UserID: t.UserID}, nil
}

// username is told for what lets its holder read it elsewhere: the scope profile, and the account API (RFC 7662 §2.2, §5). It is not where `sub` is
// pairwise: it would undo that (OpenID Connect Core §8.1).
func username(c storage.Client, a storage.Account, scope string) string {
	has := func(name string) bool {
		for s := range strings.SplitSeq(scope, " ") {
			if s == name {
				return true
			}
		}
		return false
	}
	if c.SubjectType == token.Pairwise || c.ID != token.AccountClientID && !has(oauth.ProfileScope) && !has(token.AccountScope) {
		return ""
	}
	return a.Username
}

// mayIntrospect lets a client see its own tokens, those meant for it, and those of the account API, which are for every application. The
// audiences of a client without redirect URIs are the APIs that it is; those of an application are only the APIs that it may call, and
// tokens of others for them are not its business.
func mayIntrospect(c storage.Client, t token.Access) bool {
	if t.ClientID == c.ID || t.ClientID == token.AccountClientID || t.Audience.Has(c.ID) {
		return true
	}
	return len(c.RedirectURIs) == 0 && slices.ContainsFunc(c.Audiences, t.Audience.Has)
}

// refresh tells a client about its own refresh token.
func (e *Introspect) refresh(ctx context.Context, c storage.Client, ref token.Refresh) (introspection, error) {
	on, err := e.Grants.Standing(ctx, storage.StandingKey{Grant: storage.GrantKey{ID: ref.GrantID}}, e.Now())
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrSpent) {
		return introspection{}, nil
	}
	if err != nil {
		return introspection{}, err
	}
	g, a := on.Grant, on.Account
	if g.ClientID != c.ID || g.Refresh == nil || g.Refresh.Generation != ref.Generation || !e.Now().Before(g.Refresh.ExpiresAt) {
		return introspection{}, nil
	}
	if a.ID == 0 || a.Shut() || e.Admits != nil && !e.Admits(c, a) {
		return introspection{}, nil
	}
	if c.SecondFactor && !oauth.TwoFactors(g.AMR) { // the token endpoint refuses it
		return introspection{}, nil
	}
	if !g.Offline && g.SID != "" && !on.Live { // the token endpoint refuses it when its session is over
		return introspection{}, nil
	}
	return introspection{Active: true, Scope: oauth.Scopes(g.Scopes).String(), ClientID: g.ClientID, Username: username(c, a, oauth.Scopes(g.Scopes).String()), TokenType: "refresh_token",
		Expires: g.Refresh.ExpiresAt.Unix(), IssuedAt: g.CreatedAt.Unix(), Subject: e.Tokens.Subject(c, a.Sub), Issuer: e.Issuer, SID: e.Tokens.SID(c, g.SID),
		Confirmation: g.Confirmation}, nil
}
