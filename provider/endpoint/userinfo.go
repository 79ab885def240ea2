package endpoint

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"latchkey/provider/bearer"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

// Verifier checks access tokens of ours.
type Verifier interface {
	VerifyAccess(raw string) (token.Access, error)
}

// Liveness tells whether what a token stands on still stands.
type Liveness interface {
	Check(ctx context.Context, c token.Access) (token.Standing, error)
}

// Userinfo is the userinfo endpoint (OpenID Connect Core §5.3).
type Userinfo struct {
	Issuer string
	Tokens interface {
		Verifier
		Userinfo(s token.Standing, scopes oauth.Scopes) (map[string]any, error)
		SignUserinfo(ctx context.Context, c storage.Client, claims map[string]any) (string, error)
	}
	Live Liveness
}

// Serve answers with the claims that the token's scopes and the claims parameter ask for: as JSON, or signed for clients that registered an
// algorithm for it (OpenID Connect Core §5.3.2).
func (e *Userinfo) Serve(w http.ResponseWriter, r *http.Request) error {
	raw, err := accessToken(r)
	if err != nil {
		return err
	}
	c, err := e.Tokens.VerifyAccess(raw)
	if err != nil {
		return oauth.E(oauth.InvalidToken, "the access token is malformed or expired").Because(err)
	}
	if c.Bound() { // RFC 9449 §7.1, RFC 8705 §3: no proof of the key is taken here
		return oauth.E(oauth.InvalidToken, "the access token is bound to a key")
	}
	scopes, err := oauth.ParseScopes(c.Scope)
	if err != nil || !scopes.Has(oauth.OpenID) { // OpenID Connect Core §5.3.1
		return oauth.E(oauth.InsufficientScope, "the scope openid is needed")
	}
	if !c.Audience.Has(e.Issuer) { // RFC 9068 §4
		return oauth.E(oauth.InvalidToken, "the access token is for another audience")
	}
	s, err := e.Live.Check(r.Context(), c)
	if errors.Is(err, token.ErrEnded) || (err == nil && s.Account.ID == 0) {
		return oauth.E(oauth.InvalidToken, "the access token was revoked")
	}
	if err != nil {
		return err
	}
	rec := serve.RecordOf(r.Context())
	rec.ClientID, rec.AccountID = c.ClientID, s.Account.ID
	claims, err := e.Tokens.Userinfo(s, scopes)
	if err != nil {
		return err
	}
	if s.Client.UserinfoAlg == "" {
		body, err := oauth.EncodeClaims(claims)
		if err != nil {
			return err
		}
		serve.WriteJSONBytes(w, http.StatusOK, body)
		return nil
	}
	signed, err := e.Tokens.SignUserinfo(r.Context(), s.Client, claims)
	if err != nil {
		return err
	}
	writeJWT(w, "application/jwt", signed)
	return nil
}

// errNoToken asks for a token without naming an error (RFC 6750 §3.1).
func errNoToken(cause error) error {
	return oauth.E(oauth.InvalidToken, "").Because(errors.Join(bearer.ErrMissing, cause))
}

// accessToken takes the token from the Authorization header, or from a form body (RFC 6750 §2.1, §2.2); never from the address.
func accessToken(r *http.Request) (string, error) {
	header := len(r.Header.Values("Authorization")) > 0
	isForm := r.Method == http.MethodPost && strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "application/x-www-form-urlencoded")
	if isForm {
		f, err := oauth.PostForm(r)
		if err != nil {
			return "", err
		}
		if body := f.Get("access_token"); body != "" {
			if header {
				return "", oauth.E(oauth.InvalidRequest, "the access token was sent twice") // RFC 6750 §2
			}
			return body, nil
		}
	}
	if !header {
		return "", errNoToken(nil)
	}
	raw, err := bearer.Token(r)
	switch {
	case errors.Is(err, bearer.ErrMissing):
		return "", errNoToken(err)
	case err != nil:
		return "", oauth.E(oauth.InvalidToken, "the access token is malformed").Because(err)
	}
	return raw, nil
}
