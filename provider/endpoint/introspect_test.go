package endpoint

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/provider/oauth"
	"latchkey/provider/token"
	"latchkey/storage"
)

func TestIntrospect(t *testing.T) {
	r := newTokenRig(t, storage.Client{ID: "app"}, storage.Client{ID: "opaque", OpaqueAccessTokens: true, AccountClaims: true},
		storage.Client{ID: "pair", SubjectType: token.Pairwise, Sector: "a.example"},
		storage.Client{ID: "api", Audiences: []string{"https://api"}}, storage.Client{ID: "stranger"}, storage.Client{ID: "public", AuthMethod: "none"})
	e := &Introspect{Issuer: rigIssuer, Clients: r, Tokens: r.issuer, Live: r.live, Grants: r.store, Now: func() time.Time { return r.now }}
	scopes := oauth.Scopes{"openid", "read"}
	forAPI := func(g *storage.Grant) { g.Resources = []string{"https://api"} }
	bound := func(g *storage.Grant) { g.Confirmation = []byte(`{"jkt":"x"}`) }
	app, opaque, pair := r.issue("app", scopes, forAPI), r.issue("opaque", scopes, forAPI), r.issue("pair", scopes, forAPI)
	held := r.issue("app", scopes, bound)
	named := oauth.Scopes{"openid", "profile"}
	person, hidden := r.issue("app", named, forAPI), r.issue("pair", named, forAPI)
	owner := r.issue("app", oauth.Scopes{token.AccountScope}, forAPI)
	type m = map[string]any
	access := func(client string, more m) m {
		out := m{"active": true, "scope": "openid read", "client_id": client, "token_type": "Bearer", "iat": float64(r.now.Unix()), "exp": float64(r.now.Unix() + 300),
			"sub": "alice", "aud": []any{"https://api", rigIssuer}, "iss": rigIssuer, "sid": "sid", "auth_time": float64(r.now.Unix() - 60), "acr": "1", "amr": []any{"pwd"}}
		for k, v := range more {
			if out[k] = v; v == nil {
				delete(out, k)
			}
		}
		return out
	}
	refresh := func(client string, more m) m {
		out := m{"active": true, "scope": "openid read", "client_id": client, "token_type": "refresh_token", "iat": float64(r.now.Unix()),
			"exp": float64(r.now.Unix() + 3600), "sub": "alice", "iss": rigIssuer, "sid": "sid"}
		for k, v := range more {
			if out[k] = v; v == nil {
				delete(out, k)
			}
		}
		return out
	}
	sub, sid := r.issuer.Subject(r.clients["pair"], "alice"), r.issuer.SID(r.clients["pair"], "sid")
	inactive, cnf := m{"active": false}, m{"jkt": "x"}
	for _, c := range []struct {
		name, client, raw string
		want              m
	}{
		{"RFC 7662 §2.2, RFC 9470 §6.2 own access token", "app", app.AccessToken, access("app", nil)},
		{"RFC 7662 §2.2 opaque", "opaque", opaque.AccessToken, access("opaque", m{"user_id": float64(r.alice.ID)})},
		{"RFC 7662 §2.2 opaque, by the API it is for", "api", opaque.AccessToken, access("opaque", m{"user_id": float64(r.alice.ID)})},
		{"OpenID Connect Core §8.1 pairwise", "api", pair.AccessToken, access("pair", m{"sub": sub, "sid": sid})},
		{"RFC 7662 §2.2 username, for scope profile", "api", person.AccessToken, access("app", m{"scope": "openid profile", "username": "alice"})},
		{"RFC 7662 §2.2 username, for the account API's scope", "app", owner.AccessToken, access("app", m{"scope": "account", "username": "alice", "aud": "https://api"})},
		{"RFC 7662 §2.2 username, of a refresh token", "app", person.RefreshToken, refresh("app", m{"scope": "openid profile", "username": "alice"})},
		{"OpenID Connect Core §8.1 no username, though scope profile", "api", hidden.AccessToken, access("pair", m{"scope": "openid profile", "sub": sub, "sid": sid})},
		{"OpenID Connect Core §8.1 nor of a refresh token", "pair", hidden.RefreshToken, refresh("pair", m{"scope": "openid profile", "sub": sub, "sid": sid})},
		{"RFC 8705 §3.2, RFC 7800 §3 cnf", "app", held.AccessToken, access("app", m{"cnf": cnf, "aud": rigIssuer})},
		{"RFC 7662 §2.2 own refresh token", "app", app.RefreshToken, refresh("app", nil)},
		{"OpenID Connect Core §8.1 refresh token of a pairwise client", "pair", pair.RefreshToken, refresh("pair", m{"sub": sub, "sid": sid})},
		{"RFC 9449 §5 cnf of a refresh token", "app", held.RefreshToken, refresh("app", m{"cnf": cnf})},
		{"RFC 7662 §4 a stranger", "stranger", app.AccessToken, inactive},
		{"RFC 7662 §4 a stranger, opaque", "stranger", opaque.AccessToken, inactive},
		{"RFC 7662 §4 another's refresh token", "stranger", app.RefreshToken, inactive},
		{"RFC 7662 §2.2 an ID token", "app", app.IDToken, inactive},
		{"RFC 7662 §2.2 not ours", "app", "lka_AAAA", inactive},
	} {
		t.Run(c.name, func(t *testing.T) {
			form := url.Values{"client_id": {c.client}, "token": {c.raw}}
			a := r.post(e.Serve, form)
			if a.code != "" || a.Header().Get("Content-Type") != "application/json" || a.Header().Get("Cache-Control") != "no-store" || a.Header().Get("Vary") != "Accept" {
				t.Fatalf("%s %v", a.code, a.Header())
			}
			got := a.json(t)
			delete(got, "jti")
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			a = r.post(e.Serve, form, introspectionMedia)
			if a.Header().Get("Content-Type") != introspectionMedia || a.Header().Get("Cache-Control") != "no-store" {
				t.Fatalf("RFC 9701 §5: %s %v", a.code, a.Header())
			}
			header, claims := r.checked("RS256", a.Body.String())
			if header["typ"] != token.IntrospectionType {
				t.Error("RFC 9701 §5", header)
			}
			inner, _ := claims["token_introspection"].(m)
			delete(inner, "jti")
			if d := cmp.Diff(m{"iss": rigIssuer, "aud": c.client, "iat": float64(r.now.Unix()), "token_introspection": c.want}, claims); d != "" {
				t.Error("RFC 9701 §5", d)
			}
		})
	}
	for name, c := range map[string]struct {
		form url.Values
		code string
	}{
		"RFC 7662 §2.1 no token":        {url.Values{"client_id": {"app"}}, "invalid_request"},
		"RFC 7662 §2.1 a public client": {url.Values{"client_id": {"public"}, "token": {app.AccessToken}}, "invalid_client"},
		"RFC 7662 §2.1 nobody":          {url.Values{"token": {app.AccessToken}}, "invalid_client"},
	} {
		if a := r.post(e.Serve, c.form, introspectionMedia); a.code != c.code || a.Body.Len() != 0 {
			t.Errorf("%s: %q %s", name, a.code, a.Body)
		}
	}
	r.now = r.now.Add(5 * time.Minute)
	if a := r.post(e.Serve, url.Values{"client_id": {"opaque"}, "token": {opaque.AccessToken}}); a.Body.String() != `{"active":false}` {
		t.Error("RFC 7662 §2.2 expired", a.Body)
	}
}

// TestUsername: it is told for what lets its holder read it elsewhere.
func TestUsername(t *testing.T) {
	for _, row := range []struct {
		name, client, subjects, scope string
		want                          bool
	}{
		{"RFC 7662 §2.2 a token of the account API", token.AccountClientID, "", "", true},
		{"RFC 7662 §2.2 profile among others", "app", "public", "openid profile read", true},
		{"RFC 7662 §2.2 account", "app", "", "account", true},
		{"RFC 7662 §5 no such scope", "app", "", "openid email", false},
		{"RFC 6749 §3.3 a scope that begins alike", "app", "", "profile.read accounts", false},
		{"OpenID Connect Core §8.1 pairwise", "app", token.Pairwise, "profile account", false},
	} {
		if got := username(storage.Client{ID: row.client, SubjectType: row.subjects}, storage.Account{Username: "alice"}, row.scope); got != map[bool]string{true: "alice"}[row.want] {
			t.Errorf("%s: %q", row.name, got)
		}
	}
}

// TestIntrospectRefreshOfASession: what the token endpoint would refuse is not active.
func TestIntrospectRefreshOfASession(t *testing.T) {
	r := newTokenRig(t, storage.Client{ID: "app"})
	e := &Introspect{Issuer: rigIssuer, Clients: r, Tokens: r.issuer, Live: r.live, Grants: r.store, Now: func() time.Time { return r.now }}
	longer := func(offline bool) func(*storage.Grant) {
		return func(g *storage.Grant) {
			g.Offline, g.ExpiresAt, g.Refresh.ExpiresAt = offline, r.now.Add(3*time.Hour), r.now.Add(2*time.Hour)
		}
	}
	bound, offline := r.issue("app", oauth.Scopes{"openid"}, longer(false)), r.issue("app", oauth.Scopes{"openid"}, longer(true))
	active := func(raw string) any {
		return r.post(e.Serve, url.Values{"client_id": {"app"}, "token": {raw}}).json(t)["active"]
	}
	if active(bound.RefreshToken) != true || active(offline.RefreshToken) != true {
		t.Fatal("not active to begin with")
	}
	r.now = r.now.Add(time.Hour) // the session expires, and nobody ended it
	if active(bound.RefreshToken) != false {
		t.Error("RFC 7662 §2.2 a refresh token outlives its session")
	}
	if active(offline.RefreshToken) != true {
		t.Error("OpenID Connect Core §11 an offline one ends with its session")
	}
}

// TestIntrospectAlg: the client chose how its answers are signed (RFC 9701 §6).
func TestIntrospectAlg(t *testing.T) {
	r := newTokenRig(t, storage.Client{ID: "RS256"}, storage.Client{ID: "ES384", IntrospectionAlg: "ES384"}, storage.Client{ID: "HS256", IntrospectionAlg: "HS256"},
		storage.Client{ID: "ES512", IntrospectionAlg: "ES512"})
	e := &Introspect{Issuer: rigIssuer, Clients: r, Tokens: r.issuer, Live: r.live, Grants: r.store, Now: func() time.Time { return r.now }}
	for _, alg := range []string{"RS256", "ES384", "HS256"} {
		r.checked(alg, r.post(e.Serve, url.Values{"client_id": {alg}, "token": {"x"}}, introspectionMedia).Body.String())
	}
	if a := r.post(e.Serve, url.Values{"client_id": {"ES512"}, "token": {"x"}}, introspectionMedia); a.code != "fault" || a.Body.Len() != 0 {
		t.Error("an algorithm without a key", a.code, a.Body)
	}
}

func TestPrefersJWT(t *testing.T) {
	const jwt = introspectionMedia
	for _, c := range []struct {
		name   string
		accept []string
		want   bool
	}{
		{"RFC 9701 §4 it alone", []string{jwt}, true},
		{"RFC 9110 §8.3.1 without case", []string{strings.ToUpper(jwt)}, true},
		{"RFC 9110 §12.5.1 nothing", nil, false},
		{"RFC 9110 §12.5.1 JSON", []string{"application/json"}, false},
		{"RFC 9110 §12.5.1 a wildcard", []string{"*/*"}, false},
		{"RFC 9110 §12.5.1 a wildcard of the type", []string{"application/*"}, false},
		{"RFC 9110 §12.5.1 it or anything", []string{jwt + ", */*"}, true},
		{"RFC 9110 §12.5.1 both alike", []string{"application/json, " + jwt}, true},
		{"RFC 9110 §12.5.1 JSON rather", []string{"application/json, " + jwt + ";q=0.5"}, false},
		{"RFC 9110 §12.5.1 it rather", []string{"application/json;q=0.4, " + jwt + "; q=0.5"}, true},
		{"RFC 9110 §12.5.1 the closer range counts", []string{"*/*, application/json;q=0.1, " + jwt + ";q=0.5"}, true},
		{"RFC 9110 §12.4.2 never", []string{jwt + ";q=0"}, false},
		{"RFC 9110 §12.4.2 no number", []string{jwt + ";q=x"}, false},
		{"RFC 9110 §12.4.2 too much", []string{jwt + ";q=2"}, false},
		{"RFC 9110 §5.3 two fields", []string{"text/html", jwt}, true},
		{"another JWT", []string{"application/jwt"}, false},
		{"rubbish", []string{";;,,q=1," + jwt[1:]}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := prefersJWT(c.accept); got != c.want {
				t.Error(got)
			}
		})
	}
}

func FuzzPrefersJWT(f *testing.F) {
	f.Add("*/*;q=0.1, " + introspectionMedia)
	f.Add("application/json;q=NaN," + introspectionMedia + ";q=1")
	f.Fuzz(func(t *testing.T, accept string) {
		if prefersJWT([]string{accept}) && !strings.Contains(strings.ToLower(accept), introspectionMedia) {
			t.Errorf("%q does not name it", accept)
		}
		if prefersJWT([]string{accept, "application/json;q=1", introspectionMedia + ";q=0"}) {
			t.Errorf("%q: taken against its will", accept)
		}
	})
}

func TestMayIntrospect(t *testing.T) {
	app := storage.Client{ID: "app", RedirectURIs: []string{"https://app/cb"}, Audiences: []string{"https://api"}}
	api := storage.Client{ID: "api", Audiences: []string{"https://api"}}
	for _, c := range []struct {
		name string
		who  storage.Client
		t    token.Access
		want bool
	}{
		{"RFC 7662 §2.1 own", app, token.Access{ClientID: "app"}, true},
		{"RFC 7662 §2.1 meant for it by name", app, token.Access{ClientID: "x", Audience: token.Audience{"app"}}, true},
		{"RFC 7662 §2.1 an API's own audience", api, token.Access{ClientID: "x", Audience: token.Audience{"y", "https://api"}}, true},
		{"RFC 7662 §4 an application's API", app, token.Access{ClientID: "x", Audience: token.Audience{"https://api"}}, false},
		{"RFC 7662 §4 a stranger's", api, token.Access{ClientID: "x", Audience: token.Audience{"https://other"}}, false},
		{"the account API's", app, token.Access{ClientID: token.AccountClientID}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := mayIntrospect(c.who, c.t); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
