package providertest

import (
	"crypto/rand"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"latchkey/provider/client"
	"latchkey/provider/token"
	"latchkey/storage"
)

// signedBy signs claims with an application's key, or with a secret where key is []byte.
func signedBy(t *testing.T, key any, alg, typ, kid string, claims map[string]any) string {
	t.Helper()
	opts := (&jose.SignerOptions{}).WithType(jose.ContentType(typ))
	if kid != "" {
		opts = opts.WithHeader("kid", kid)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key}, opts)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign([]byte(mustJSON(claims)))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestConfusion shows everything that is signed, sealed or random to every place that takes such a thing: each is good in its own places alone
// (RFC 8725 §2.8, §3.11, §3.12).
func TestConfusion(t *testing.T) {
	own, err := appKeys()
	if err != nil {
		t.Fatal(err)
	}
	prove := func(i *Issuer, change map[string]any) string {
		now := i.Clock.Now()
		c := map[string]any{"iss": "app", "sub": "app", "aud": URL, "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
		maps.Copy(c, change)
		return signedBy(t, own["ES256"], "ES256", "JWT", "ES256", c)
	}
	device := func(c *storage.Client) {
		c.GrantTypes = append(c.GrantTypes, "urn:ietf:params:oauth:grant-type:device_code")
	}
	i := New(t, Clients(WebClient("app", front, device, withKeys(t), func(c *storage.Client) {
		c.AuthMethod, c.Secrets, c.UserinfoAlg, c.SkipConsent = client.KeyJWTMethod, nil, "RS256", true
	}), WebClient("opaque", front, func(c *storage.Client) { c.OpaqueAccessTokens, c.SkipConsent = true, true })))
	hs := WebClient("hs", front, func(c *storage.Client) { c.IDTokenAlg, c.UserinfoAlg, c.SkipConsent = token.HS256, token.HS256, true })
	i.sealedSecret(&hs)
	i.Registry.Declare(append(i.Registry.Declared(), hs))
	alice := i.Person("alice")
	b, apps := i.Browser(), map[string]*App{}
	for _, id := range []string{"app", "opaque", "hs"} {
		apps[id] = i.App(id)
	}
	app := apps["app"]
	app.Prove = func(_ string, form url.Values) http.Header {
		form.Set("client_assertion_type", client.AssertionType)
		form.Set("client_assertion", prove(i, nil))
		return nil
	}
	bought := func(id string) Answer { return apps[id].Redeem(apps[id].SignIn(b, "alice")) }
	must := func(raw string, err error) string { i.must(err); return raw }
	jwks := i.Call(http.MethodGet, "/jwks.json", nil, nil).Raw
	hint := map[string]any{"iss": URL, "sub": alice.Sub, "aud": "hs", "iat": Start.Unix(), "exp": Start.Add(time.Hour).Unix()}
	things := map[string]func() string{
		"ID token":             func() string { return bought("app").Str("id_token") },
		"ID token of HS256":    func() string { return bought("hs").Str("id_token") },
		"access token":         func() string { return bought("app").Str("access_token") },
		"opaque access token":  func() string { return bought("opaque").Str("access_token") },
		"refresh token":        func() string { return bought("app").Str("refresh_token") },
		"code":                 func() string { return app.SignIn(b, "alice") },
		"device code":          func() string { return app.Post("/device_authorization", "scope", "openid").Str("device_code") },
		"flow":                 func() string { return i.Browser().Get(app.Authorize()).Flow() },
		"flow as opaque token": func() string { return token.AccessPrefix + i.Browser().Get(app.Authorize()).Flow() },
		"pushed request":       func() string { return app.Push().Str("request_uri") },
		"userinfo":             func() string { return i.Userinfo(bought("app").Str("access_token")).Raw },
		"userinfo of HS256":    func() string { return i.Userinfo(bought("hs").Str("access_token")).Raw },
		"introspection": func() string {
			return must(i.Provider.Issuer.SignIntrospection(t.Context(), app.Client, map[string]any{"active": true, "sub": alice.Sub, "scope": "openid"}))
		},
		"logout token":                      func() string { return must(i.Provider.Issuer.LogoutToken(t.Context(), app.Client, alice.Sub, "sid")) },
		"request object":                    func() string { return signObject(t, "ES256", app.object()) },
		"request object that says too much": func() string { return signObject(t, "ES256", app.object("sub", "app", "jti", rand.Text())) },
		"assertion":                         func() string { return prove(i, nil) },
		"assertion with a request":          func() string { return prove(i, app.object()) },
		"hint by the public key":            func() string { return signedBy(t, []byte(jwks), "HS256", "JWT", "", hint) },
		"hint by the secret of another":     func() string { return signedBy(t, []byte(strings.Repeat("x", 32)), "HS256", "JWT", "", hint) },
		"request object by the public key":  func() string { return signedBy(t, app.JWKS, "HS256", "oauth-authz-req+jwt", "", app.object()) },
		"hint of an application's own key":  func() string { hint["aud"] = "app"; return signedBy(t, own["RS256"], "RS256", "JWT", "RS256", hint) },
		"nothing":                           func() string { return "x" },
	}
	asked := func(pairs ...string) bool {
		p := i.Browser().Get(app.Authorize(append(pairs, "prompt", "none")...))
		return p.Left != nil && p.Left.Query().Get("error") == "login_required"
	}
	ok := func(a Answer) bool { return a.Status == 200 || a.Status == 201 }
	for place, p := range map[string]struct {
		takes func(raw string) bool
		good  []string
	}{
		"OpenID Connect Core §3.1.2.1 id_token_hint": {func(raw string) bool { return asked("id_token_hint", raw) }, []string{"ID token", "ID token of HS256"}},
		"RP-Initiated Logout §2 id_token_hint": {func(raw string) bool {
			return i.Browser().Get("/logout?"+Query("id_token_hint", raw).Encode()).Status == 200
		},
			[]string{"ID token", "ID token of HS256"}},
		"RFC 9101 §6.2 request": {func(raw string) bool { return asked("request", raw) }, []string{"request object"}},
		"RFC 9126 §3 request":   {func(raw string) bool { return ok(app.Post("/par", "request", raw)) }, []string{"request object"}},
		"RFC 9126 §4 request_uri": {func(raw string) bool {
			return i.Browser().Get("/authorize?"+Query("client_id", "app", "request_uri", raw).Encode()).Title() == "Sign in"
		}, []string{"pushed request"}},
		"RFC 7523 §3 client_assertion": {func(raw string) bool {
			return ok(i.Call("POST", "/token", Query("grant_type", "client_credentials", "client_assertion_type", client.AssertionType, "client_assertion", raw), nil))
		}, []string{"assertion", "assertion with a request"}},
		"RFC 6750 §2.1 userinfo": {func(raw string) bool { return ok(i.Userinfo(raw)) }, []string{"access token", "opaque access token"}},
		"RFC 7662 §2.2 introspection": {func(raw string) bool {
			return slices.ContainsFunc([]*App{app, apps["opaque"], apps["hs"]}, func(a *App) bool { return a.Post("/introspect", "token", raw).JSON["active"] == true })
		}, []string{"access token", "opaque access token", "refresh token"}},
		"RFC 6749 §6 refresh_token": {func(raw string) bool { return ok(app.Refresh(raw)) }, []string{"refresh token"}},
		"RFC 6749 §4.1.3 code":      {func(raw string) bool { return ok(app.Redeem(raw)) }, []string{"code"}},
		"RFC 8628 §3.4 device_code": {func(raw string) bool {
			got := app.Post("/token", "grant_type", "urn:ietf:params:oauth:grant-type:device_code", "device_code", raw)
			return ok(got) || got.Str("error") == "authorization_pending"
		}, []string{"device code"}},
		"a pending flow": {func(raw string) bool { return b.Get("/authorize/resume?flow="+url.QueryEscape(raw)).Status != 400 }, nil},
	} {
		for thing, make := range things {
			t.Run(place+": "+thing, func(t *testing.T) {
				if taken := p.takes(make()); taken != slices.Contains(p.good, thing) {
					t.Errorf("taken: %v", taken)
				}
			})
		}
	}
}
