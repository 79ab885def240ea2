package providertest

import (
	"strings"
	"testing"
	"time"

	"latchkey/provider/token"
	"latchkey/storage"
)

// TestClaimsParameter follows alice, who consented to openid and profile before.
func TestClaimsParameter(t *testing.T) {
	type world struct {
		i          *Issuer
		a          *App
		b          *Browser
		alice, bob storage.Account
	}
	// gets wants tokens without a page, and returns the claims of the ID token and of userinfo.
	gets := func(t *testing.T, w world, pairs ...string) (id, info map[string]any) {
		t.Helper()
		got, _ := w.b.Get(w.a.Authorize(pairs...)).Response()
		if got.Get("code") == "" {
			t.Fatalf("%v", got)
		}
		ans := w.a.Redeem(got.Get("code"))
		return payload(t, ans.Str("id_token")), w.i.Userinfo(ans.Str("access_token")).JSON
	}
	title := func(t *testing.T, w world, want string, pairs ...string) *Page {
		t.Helper()
		p := w.b.Get(w.a.Authorize(pairs...))
		if p.Title() != want {
			t.Fatalf("got %d %q left %v, want %q", p.Status, p.Title(), p.Left, want)
		}
		return p
	}
	refused := func(t *testing.T, w world, code string, pairs ...string) {
		t.Helper()
		if got, _ := w.b.Get(w.a.Authorize(pairs...)).Response(); got.Get("error") != code {
			t.Errorf("got %v, want %s", got, code)
		}
	}
	for _, c := range []struct {
		name, client string
		do           func(t *testing.T, w world)
	}{
		{"OpenID Connect Core §5.5 name in userinfo", "basic", func(t *testing.T, w world) {
			id, info := gets(t, w, "scope", "openid", "claims", `{"userinfo":{"name":{"essential":true}}}`)
			if id["name"] != nil || info["name"] != "Person alice" || info["given_name"] != nil {
				t.Errorf("%v, %v", id, info)
			}
		}},
		{"OpenID Connect Core §5.5 name in the ID token", "basic", func(t *testing.T, w world) {
			id, info := gets(t, w, "scope", "openid", "claims", `{"id_token":{"name":null}}`)
			if id["name"] != "Person alice" || info["name"] != nil {
				t.Errorf("%v, %v", id, info)
			}
		}},
		{"OpenID Connect Core §5.5 a claim is asked about as its scope is", "basic", func(t *testing.T, w world) {
			claims := []string{"claims", `{"userinfo":{"email":null}}`}
			refused(t, w, "consent_required", append(claims, "prompt", "none")...)
			p := title(t, w, "Consent: email", claims...).Submit("decision", "allow")
			if got, _ := p.Response(); got.Get("code") == "" {
				t.Fatalf("%v", got)
			}
			if _, info := gets(t, w, claims...); info["email"] != "alice@example.test" {
				t.Errorf("%v", info)
			}
			if got, _ := w.b.Get(w.a.Authorize("scope", "openid email", "prompt", "none")).Response(); got.Get("code") == "" {
				t.Errorf("asked again for the scope: %v", got)
			}
		}},
		{"OpenID Connect Core §5.5 no claim beyond the client's scopes", "narrow", func(t *testing.T, w world) {
			_, info := gets(t, w, "claims", `{"userinfo":{"email":{"essential":true},"name":null,"unheard_of":null}}`)
			if info["email"] != nil || info["name"] != "Person alice" {
				t.Errorf("%v", info)
			}
		}},
		{"OpenID Connect Core §5.5 claims without openid mean nothing", "basic", func(t *testing.T, w world) {
			title(t, w, "Consent: read", "scope", "read", "claims", `{"userinfo":{"email":null}}`)
		}},
		{"OpenID Connect Core §5.5 malformed", "basic", func(t *testing.T, w world) {
			for _, bad := range []string{"{", "[]", `{"userinfo":1}`, `{"id_token":{"acr":{"essential":1}}}`, `{"id_token":{"sub":{"value":7}}}`} {
				refused(t, w, "invalid_request", "claims", bad)
			}
		}},
		{"OpenID Connect Core §5.5 userinfo of a lone ID token", "basic", func(t *testing.T, w world) {
			got, _ := w.b.Get(w.a.Authorize("response_type", "id_token", "claims", `{"userinfo":{"email":null}}`)).Response()
			if id := payload(t, got.Get("id_token")); id["email"] != nil || id["name"] != "Person alice" {
				t.Errorf("%v", id)
			}
		}},
		{"OpenID Connect Core §5.5.1 sub of who is signed in", "basic", func(t *testing.T, w world) {
			gets(t, w, "claims", `{"id_token":{"sub":{"value":"`+w.alice.Sub+`"}}}`)
			gets(t, w, "claims", `{"userinfo":{"sub":{"values":["x","`+w.alice.Sub+`"]}}}`)
		}},
		{"OpenID Connect Core §3.1.2.2 sub of somebody else", "basic", func(t *testing.T, w world) {
			claims := []string{"claims", `{"id_token":{"sub":{"value":"` + w.bob.Sub + `"}}}`}
			refused(t, w, "login_required", append(claims, "prompt", "none")...)
			p := title(t, w, "Choose", claims...)
			if got, _ := p.Submit("login", "alice", "password", Password).Response(); got.Get("error") != "login_required" {
				t.Errorf("an answer about alice: %v", got)
			}
			if got, _ := w.b.Through(title(t, w, "Choose", claims...), "bob").Response(); got.Get("code") == "" {
				t.Errorf("%v", got)
			}
		}},
		{"OpenID Connect Core §3.1.2.2 two subs at once are nobody", "basic", func(t *testing.T, w world) {
			refused(t, w, "login_required", "prompt", "none", "claims", `{"id_token":{"sub":{"value":"`+w.bob.Sub+`"}},"userinfo":{"sub":{"value":"`+w.alice.Sub+`"}}}`)
		}},
		{"OpenID Connect Core §8.1 sub of a pairwise client is its own", "pairwise", func(t *testing.T, w world) {
			id, _ := gets(t, w)
			if id["sub"] == w.alice.Sub {
				t.Fatal("not pairwise")
			}
			gets(t, w, "prompt", "none", "claims", `{"id_token":{"sub":{"value":"`+id["sub"].(string)+`"}}}`)
			refused(t, w, "login_required", "prompt", "none", "claims", `{"id_token":{"sub":{"value":"`+w.alice.Sub+`"}}}`)
		}},
		{"OpenID Connect Core §5.5.1.1 acr, one that is reached", "basic", func(t *testing.T, w world) {
			if id, _ := gets(t, w, "claims", `{"id_token":{"acr":{"essential":true,"values":["2","1"]}}}`); id["acr"] != "1" {
				t.Errorf("%v", id["acr"])
			}
		}},
		{"OpenID Connect Core §5.5.1.1 acr, essential and out of reach", "basic", func(t *testing.T, w world) {
			refused(t, w, "unmet_authentication_requirements", "claims", `{"id_token":{"acr":{"essential":true,"value":"urn:mace:incommon:iap:silver"}}}`)
			refused(t, w, "unmet_authentication_requirements", "prompt", "none", "claims", `{"id_token":{"acr":{"essential":true,"value":3}}}`)
		}},
		{"OpenID Connect Core §5.5.1.1 acr, voluntary and out of reach", "basic", func(t *testing.T, w world) {
			if id, _ := gets(t, w, "claims", `{"id_token":{"acr":{"value":"9"}}}`); id["acr"] != "1" {
				t.Errorf("%v", id["acr"])
			}
			gets(t, w, "acr_values", "9 8")
		}},
		{"OpenID Connect Registration §2 default_acr_values are voluntary", "defaults", func(t *testing.T, w world) { gets(t, w, "max_age", "100") }},
		{"OpenID Connect Registration §2 default_max_age", "defaults", func(t *testing.T, w world) {
			w.i.Clock.Add(10 * time.Second)
			title(t, w, "Sign in")
			refused(t, w, "login_required", "prompt", "none")
			id, _ := gets(t, w, "max_age", "100") // the request's own goes before
			if id["auth_time"] == nil {
				t.Error("no auth_time")
			}
		}},
		{"OpenID Connect Core §5.5.1 auth_time, essential", "basic", func(t *testing.T, w world) {
			if id, _ := gets(t, w, "claims", `{"id_token":{"auth_time":{"essential":true}}}`); id["auth_time"] == nil {
				t.Error("no auth_time")
			}
		}},
		{"OpenID Connect Core §3.1.2.1 display and locales nobody knows", "basic", func(t *testing.T, w world) {
			gets(t, w, "display", "hologram", "claims_locales", "xx yy", "ui_locales", strings.Repeat("se ", 200))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := world{}
			w.i = testIssuer(t, Config(everyType), Clients(
				WebClient("basic", front),
				WebClient("narrow", func(c *storage.Client) { c.Scopes = []string{"openid", "profile"} }),
				WebClient("pairwise", func(c *storage.Client) { c.SubjectType, c.Sector = token.Pairwise, "app.example.test" }),
				WebClient("defaults", func(c *storage.Client) {
					c.DefaultACRValues, c.DefaultMaxAge, c.HasDefaultMaxAge = []string{"9"}, 5*time.Second, true
				}),
			))
			w.alice, w.bob = w.i.Person("alice"), w.i.Person("bob")
			w.a, w.b = w.i.App(c.client), w.i.Browser()
			w.a.SignIn(w.b, "alice")
			w.i.Clock.Add(time.Second)
			c.do(t, w)
		})
	}
}

// TestHintsOfOthers: an ID token of one client, shown by another.
func TestHintsOfOthers(t *testing.T) {
	pairwise := func(sector string) func(c *storage.Client) {
		return func(c *storage.Client) { c.SubjectType, c.Sector, c.SkipConsent = token.Pairwise, sector, true }
	}
	skip := func(c *storage.Client) { c.SkipConsent = true }
	i := New(t, Clients(WebClient("public", skip), WebClient("other", skip), WebClient("gone", skip), WebClient("a", pairwise("a.test")), WebClient("sister", pairwise("a.test")), WebClient("b", pairwise("b.test")),
		WebClient("lone", pairwise("")), WebClient("alone", pairwise(""))))
	i.Person("alice")
	b := i.Browser()
	hints := map[string]string{}
	for _, id := range []string{"public", "gone", "a", "lone"} {
		a := i.App(id)
		hints[id] = a.Redeem(a.SignIn(b, "alice")).Str("id_token")
	}
	declared := i.Registry.Declared()
	for n, c := range declared {
		if c.ID == "gone" {
			declared[n].Disabled = true
		}
	}
	i.Registry.Declare(declared)
	for _, c := range []struct{ name, of, by, want string }{
		{"OpenID Connect Core §3.1.2.1 its own", "public", "public", ""},
		{"OpenID Connect Core §3.1.2.1 of another public client", "public", "other", ""},
		{"OpenID Connect Core §3.1.2.1 of a client that is gone", "gone", "other", "invalid_request"},
		{"OpenID Connect Core §8.1 its own, pairwise", "a", "a", ""},
		{"OpenID Connect Core §8.1 its own, pairwise without a sector", "lone", "lone", ""},
		{"OpenID Connect Core §8.1 of the same sector", "a", "sister", ""},
		{"OpenID Connect Core §8.1, §17.3 of another sector", "a", "b", "invalid_request"},
		{"OpenID Connect Core §8.1 no sector is nobody's", "lone", "alone", "invalid_request"},
		{"OpenID Connect Core §8.1 pairwise, shown by a public client", "a", "public", "invalid_request"},
		{"OpenID Connect Core §8.1 public, shown by a pairwise client", "public", "a", "invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := b.Get(i.App(c.by).Authorize("prompt", "none", "id_token_hint", hints[c.of])).Response()
			if got.Get("error") != c.want || (c.want == "") != got.Has("code") {
				t.Errorf("%v", got)
			}
		})
	}
}
