package endpoint

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/provider/oauth"
	"latchkey/provider/token"
	"latchkey/storage"
)

func get(raw string) *http.Request {
	req := httptest.NewRequest(http.MethodGet, "/userinfo", nil)
	req.Header.Set("Authorization", "Bearer "+raw)
	return req
}

func postHeader(raw string) *http.Request {
	req := httptest.NewRequest(http.MethodPost, "/userinfo", nil)
	req.Header.Set("Authorization", "Bearer "+raw)
	return req
}

func postBody(raw string) *http.Request {
	req := httptest.NewRequest(http.MethodPost, "/userinfo", strings.NewReader("access_token="+raw))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req
}

func TestUserinfo(t *testing.T) {
	all := []string{"openid", "profile", "email"}
	r := newTokenRig(t, storage.Client{ID: "app", Scopes: all}, storage.Client{ID: "opaque", Scopes: all, OpaqueAccessTokens: true},
		storage.Client{ID: "pair", Scopes: all, SubjectType: token.Pairwise, Sector: "a.example"}, storage.Client{ID: "narrow", Scopes: []string{"openid", "email"}},
		storage.Client{ID: "rs", Scopes: all, UserinfoAlg: "RS256"}, storage.Client{ID: "hs", Scopes: all, UserinfoAlg: token.HS256},
		storage.Client{ID: "es", Scopes: all, UserinfoAlg: "ES384", OpaqueAccessTokens: true, SubjectType: token.Pairwise, Sector: "a.example"})
	e := &Userinfo{Issuer: rigIssuer, Tokens: r.issuer, Live: r.live}
	pair := r.issuer.Subject(r.clients["pair"], "alice")
	asked := func(claims string) func(*storage.Grant) {
		return func(g *storage.Grant) { g.Claims = []byte(claims) }
	}
	type m = map[string]any
	for _, c := range []struct {
		name, client string
		scopes       oauth.Scopes
		grant        func(*storage.Grant)
		alg          string // "" for JSON
		want         m
	}{
		{"OpenID Connect Core §5.3.2 by scopes", "app", oauth.Scopes{"openid", "email"}, nil, "", m{"sub": "alice", "email": "a@x.example", "email_verified": false}},
		{"OpenID Connect Core §5.5 by the claims parameter", "app", oauth.Scopes{"openid"}, asked(`{"userinfo":{"name":{"essential":true}},"id_token":{"email":{}}}`), "", m{"sub": "alice", "name": "Alice A"}},
		{"OpenID Connect Core §5.5 beyond the client's scopes", "narrow", oauth.Scopes{"openid"}, asked(`{"userinfo":{"name":{"essential":true},"email":{}}}`), "", m{"sub": "alice", "email": "a@x.example"}},
		{"RFC 7662 §4 opaque token", "opaque", oauth.Scopes{"openid"}, nil, "", m{"sub": "alice"}},
		{"OpenID Connect Core §8.1 pairwise", "pair", oauth.Scopes{"openid"}, nil, "", m{"sub": pair}},
		{"OpenID Connect Core §5.3.2 signed", "rs", oauth.Scopes{"openid"}, nil, "RS256", m{"sub": "alice", "iss": rigIssuer, "aud": "rs"}},
		{"OpenID Connect Core §5.3.2 signed with the client's secret", "hs", oauth.Scopes{"openid"}, nil, token.HS256, m{"sub": "alice", "iss": rigIssuer, "aud": "hs"}},
		{"OpenID Connect Core §5.3.2 opaque, pairwise, signed", "es", oauth.Scopes{"openid"}, asked(`{"userinfo":{"nickname":null}}`), "ES384",
			m{"sub": pair, "iss": rigIssuer, "aud": "es", "nickname": "Al"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := r.issue(c.client, c.scopes, c.grant).AccessToken
			for _, req := range []*http.Request{get(raw), postHeader(raw), postBody(raw)} {
				a := r.call(e.Serve, req)
				if a.code != "" || a.Code != http.StatusOK || a.Header().Get("Cache-Control") != "no-store" {
					t.Fatalf("%s: %d %s", req.Method, a.Code, a.code)
				}
				media, claims := "application/json", m(nil)
				if c.alg == "" {
					claims = a.json(t)
				} else {
					media = "application/jwt"
					_, claims = r.checked(c.alg, a.Body.String())
				}
				if got := a.Header().Get("Content-Type"); got != media {
					t.Error("OpenID Connect Core §5.3.2", got)
				}
				if d := cmp.Diff(c.want, claims); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

func TestUserinfoRefuses(t *testing.T) {
	r := newTokenRig(t, storage.Client{ID: "app", Scopes: []string{"openid"}, AccessTokenAlg: "ES256"}, storage.Client{ID: "opaque", OpaqueAccessTokens: true})
	e := &Userinfo{Issuer: rigIssuer, Tokens: r.issuer, Live: r.live}
	openid := oauth.Scopes{"openid"}
	good := r.issue("app", openid, nil)
	own, err := r.issuer.Issue(t.Context(), &token.Authorization{Client: new(r.clients["app"]), Scopes: openid, Resources: []string{rigIssuer}})
	r.must(err)
	bound := func(g *storage.Grant) { g.Confirmation = []byte(`{"jkt":"x"}`) }
	twice := postBody(good.AccessToken)
	twice.Header.Set("Authorization", "Bearer "+good.AccessToken)
	revoked, opaque := r.issue("app", openid, nil).AccessToken, r.issue("opaque", openid, nil).AccessToken
	for _, raw := range []string{revoked, opaque} {
		c, err := r.issuer.VerifyAccess(raw)
		r.must(err)
		r.must(r.store.DenyToken(t.Context(), c.ID, r.now.Add(300e9), r.now))
	}
	for _, c := range []struct {
		name string
		req  *http.Request
		code string
	}{
		{"RFC 6750 §3.1 no token", httptest.NewRequest(http.MethodGet, "/", nil), "invalid_token"},
		{"RFC 6750 §2.3 a token in the address", httptest.NewRequest(http.MethodGet, "/?access_token="+good.AccessToken, nil), "invalid_token"},
		{"RFC 6750 §2 sent twice", twice, "invalid_request"},
		{"RFC 6750 §3.1 not ours", get("abc"), "invalid_token"},
		{"RFC 8725 §3.11 an ID token", get(good.IDToken), "invalid_token"},
		{"RFC 8725 §3.11 a refresh token", get(good.RefreshToken), "invalid_token"},
		{"RFC 7009 §2.2 revoked", get(revoked), "invalid_token"},
		{"RFC 7009 §2.2 revoked, opaque", get(opaque), "invalid_token"},
		{"OpenID Connect Core §5.3.1 without openid", get(r.issue("app", oauth.Scopes{"read"}, nil).AccessToken), "insufficient_scope"},
		{"OpenID Connect Core §5.3.1 a client for itself", get(own.AccessToken), "invalid_token"},
		{"RFC 9449 §7.1 bound to a key", get(r.issue("app", openid, bound).AccessToken), "invalid_token"},
		{"RFC 8705 §3 bound to a key, opaque", get(r.issue("opaque", openid, bound).AccessToken), "invalid_token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a := r.call(e.Serve, c.req); a.code != c.code {
				t.Errorf("got %q %d %s", a.code, a.Code, a.Body)
			}
		})
	}
	if a := r.call(e.Serve, get(good.AccessToken)); a.code != "" {
		t.Fatal(a.code)
	}
	delete(r.clients, "app")
	if a := r.call(e.Serve, get(good.AccessToken)); a.code != "invalid_token" {
		t.Errorf("a client that is gone: %q %s", a.code, a.Body)
	}
}
