package endpoint

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/oauth"
	"latchkey/storage"
)

// TestRevoke: both forms of an access token die alone, a refresh token with its family (RFC 7009 §2.1).
func TestRevoke(t *testing.T) {
	r := newTokenRig(t, storage.Client{ID: "app"}, storage.Client{ID: "opaque", OpaqueAccessTokens: true}, storage.Client{ID: "stranger"})
	now := func() time.Time { return r.now }
	e := &Revoke{Clients: r, Tokens: r.issuer, Store: r.store, Audit: audit.Discard, Now: now}
	look := &Introspect{Issuer: rigIssuer, Clients: r, Tokens: r.issuer, Live: r.live, Grants: r.store, Now: now}
	active := func(client, raw string) bool {
		return r.post(look.Serve, url.Values{"client_id": {client}, "token": {raw}}).json(t)["active"] == true
	}
	scopes := oauth.Scopes{"openid"}
	for _, client := range []string{"app", "opaque"} {
		t.Run(client, func(t *testing.T) {
			ans := r.issue(client, scopes, nil)
			other, err := r.issuer.VerifyAccess(ans.AccessToken)
			r.must(err)
			if a := r.post(e.Serve, url.Values{"client_id": {"stranger"}, "token": {ans.AccessToken}}); a.code != "unauthorized_client" || !active(client, ans.AccessToken) {
				t.Error("RFC 7009 §2.1 another client's", a.code)
			}
			if a := r.post(e.Serve, url.Values{"client_id": {client}, "token": {ans.AccessToken}}); a.code != "" || a.Code != http.StatusOK || a.Body.Len() != 0 {
				t.Error("RFC 7009 §2.2", a.code)
			}
			if active(client, ans.AccessToken) || !active(client, ans.RefreshToken) {
				t.Error("RFC 7009 §2.1 an access token dies alone")
			}
			if denied, err := r.store.Denied(t.Context(), other.ID, r.now); err != nil || !denied {
				t.Error(denied, err)
			}
			ans = r.issue(client, scopes, nil)
			if a := r.post(e.Serve, url.Values{"client_id": {client}, "token": {ans.RefreshToken}}); a.code != "" {
				t.Error("RFC 7009 §2.1", a.code)
			}
			if active(client, ans.AccessToken) || active(client, ans.RefreshToken) {
				t.Error("RFC 7009 §2.1 the family lives on")
			}
		})
	}
	for name, c := range map[string]struct {
		form url.Values
		code string
	}{
		"RFC 7009 §2.1 no token":                     {url.Values{"client_id": {"app"}}, "invalid_request"},
		"RFC 7009 §2.2 not ours":                     {url.Values{"client_id": {"app"}, "token": {"lka_x"}}, ""},
		"RFC 7009 §2.2.1 a hint of another kind":     {url.Values{"client_id": {"app"}, "token": {"x"}, "token_type_hint": {"saml"}}, ""},
		"RFC 7009 §2.2 an ID token is none of these": {url.Values{"client_id": {"app"}, "token": {r.issue("app", scopes, nil).IDToken}}, ""},
	} {
		if a := r.post(e.Serve, c.form); a.code != c.code {
			t.Errorf("%s: %q", name, a.code)
		}
	}
}
