package providertest

import (
	"strings"
	"testing"
	"time"

	"latchkey/storage"
)

// TestPrompt follows one person who signed in and consented before, through every prompt.
func TestPrompt(t *testing.T) {
	type world struct {
		i *Issuer
		b *Browser
		a *App
		// hint is alice's ID token, bobs is bob's; at is when alice signed in.
		hint, bobs string
		at         int64
	}
	silent := func(t *testing.T, w world, pairs ...string) {
		t.Helper()
		p := w.b.Get(w.a.Authorize(pairs...))
		if p.Left == nil || p.Left.Query().Get("code") == "" {
			t.Fatalf("not silent: %d %q left %v", p.Status, p.Title(), p.Left)
		}
		ans := w.a.Redeem(p.Left.Query().Get("code"))
		if _, _, _, at := claims(t, w.i, ans.Str("id_token")); at != w.at {
			t.Errorf("auth_time %d, want that of the sign-in, %d", at, w.at)
		}
	}
	// again wants a page of that title, then a code with a later auth_time.
	again := func(t *testing.T, w world, title string, pairs ...string) {
		t.Helper()
		p := w.b.Get(w.a.Authorize(pairs...))
		if p.Title() != title {
			t.Fatalf("got %d %q left %v, want %q", p.Status, p.Title(), p.Left, title)
		}
		if p = w.b.Through(p, "alice"); p.Left == nil || p.Left.Query().Get("code") == "" {
			t.Fatalf("got %d %q left %v", p.Status, p.Title(), p.Left)
		}
		ans := w.a.Redeem(p.Left.Query().Get("code"))
		if _, _, _, at := claims(t, w.i, ans.Str("id_token")); at <= w.at {
			t.Errorf("auth_time %d, want later than %d", at, w.at)
		}
	}
	refused := func(t *testing.T, w world, code string, pairs ...string) {
		t.Helper()
		p := w.b.Get(w.a.Authorize(pairs...))
		if p.Left == nil || p.Left.Query().Get("error") != code {
			t.Errorf("got %d %q left %v, want %s", p.Status, p.Title(), p.Left, code)
		}
	}
	for _, c := range []struct {
		name string
		do   func(t *testing.T, w world)
	}{
		{"OpenID Connect Core §3.1.2.3 nothing asked", func(t *testing.T, w world) { silent(t, w) }},
		{"OpenID Connect Core §3.1.2.1 prompt=none", func(t *testing.T, w world) { silent(t, w, "prompt", "none") }},
		{"OpenID Connect Core §3.1.2.1 prompt=login", func(t *testing.T, w world) { again(t, w, "Sign in", "prompt", "login") }},
		{"OpenID Connect Core §3.1.2.1 prompt=login consent", func(t *testing.T, w world) { again(t, w, "Sign in", "prompt", "login consent") }},
		{"OpenID Connect Core §3.1.2.1 prompt=login select_account", func(t *testing.T, w world) { again(t, w, "Sign in", "prompt", "login select_account") }},
		{"OpenID Connect Core §3.1.2.1 all prompts at once", func(t *testing.T, w world) {
			again(t, w, "Sign up", "prompt", "create login consent select_account", "max_age", "0")
		}},
		{"OpenID Connect Core §3.1.2.1 prompt=consent", func(t *testing.T, w world) {
			p := w.b.Get(w.a.Authorize("prompt", "consent"))
			if p.Title() != "Consent: openid profile" {
				t.Fatalf("%q", p.Title())
			}
			if p = p.Submit("decision", "allow"); p.Left == nil || p.Left.Query().Get("code") == "" {
				t.Errorf("%d %q", p.Status, p.Title())
			}
		}},
		{"OpenID Connect Core §3.1.2.1 prompt=select_account, continue", func(t *testing.T, w world) {
			p := w.b.Get(w.a.Authorize("prompt", "select_account"))
			if p.Title() != "Choose" {
				t.Fatalf("%q", p.Title())
			}
			if p = w.b.visit("POST", "/continue", Query("flow", p.Flow()), "same-origin"); p.Left == nil || p.Left.Query().Get("code") == "" {
				t.Errorf("%d %q", p.Status, p.Title())
			}
		}},
		{"OpenID Connect Core §3.1.2.1 prompt=select_account, another", func(t *testing.T, w world) {
			p := w.b.Through(w.b.Get(w.a.Authorize("prompt", "select_account")), "bob")
			if p.Left == nil || p.Left.Query().Get("code") == "" {
				t.Errorf("%d %q", p.Status, p.Title())
			}
		}},
		{"Initiating User Registration §4 prompt=create", func(t *testing.T, w world) {
			p := w.b.Get(w.a.Authorize("prompt", "create"))
			if p.Title() != "Sign up" {
				t.Fatalf("%q", p.Title())
			}
			p = p.Submit("username", "carol", "password", Password)
			if p = w.b.Through(p, "carol"); p.Left == nil || p.Left.Query().Get("code") == "" {
				t.Errorf("%d %q %s", p.Status, p.Title(), p.Body)
			}
		}},
		{"OpenID Connect Core §3.1.2.1 max_age=0 is prompt=login", func(t *testing.T, w world) { again(t, w, "Sign in", "max_age", "0") }},
		{"OpenID Connect Core §3.1.2.1 max_age=1 after 2 s", func(t *testing.T, w world) {
			w.i.Clock.Add(2 * time.Second)
			again(t, w, "Sign in", "max_age", "1")
		}},
		{"OpenID Connect Core §3.1.2.1 max_age=10000", func(t *testing.T, w world) {
			w.i.Clock.Add(time.Hour)
			silent(t, w, "max_age", "10000")
		}},
		{"OpenID Connect Core §3.1.2.1 max_age old, prompt=none", func(t *testing.T, w world) {
			w.i.Clock.Add(2 * time.Second)
			refused(t, w, "login_required", "max_age", "1", "prompt", "none")
		}},
		{"OpenID Connect Core §3.1.2.1 id_token_hint", func(t *testing.T, w world) {
			silent(t, w, "id_token_hint", w.hint, "prompt", "none")
		}},
		{"OpenID Connect Core §3.1.2.1 id_token_hint that has expired", func(t *testing.T, w world) {
			w.i.Clock.Add(2 * time.Hour)
			silent(t, w, "id_token_hint", w.hint, "prompt", "none")
		}},
		{"OpenID Connect Core §3.1.2.1 id_token_hint of another person, prompt=none", func(t *testing.T, w world) {
			refused(t, w, "login_required", "id_token_hint", w.bobs, "prompt", "none")
		}},
		{"OpenID Connect Core §3.1.2.1 id_token_hint of another person who then signs in", func(t *testing.T, w world) {
			p := w.b.Get(w.a.Authorize("id_token_hint", w.bobs))
			if p.Title() != "Choose" {
				t.Fatalf("%q", p.Title())
			}
			if p = w.b.Through(p, "bob"); p.Left == nil || p.Left.Query().Get("code") == "" {
				t.Errorf("%d %q left %v", p.Status, p.Title(), p.Left)
			}
		}},
		{"OpenID Connect Core §3.1.2.1 id_token_hint of another person, the same signs in again: no loop", func(t *testing.T, w world) {
			p := w.b.Get(w.a.Authorize("id_token_hint", w.bobs)).Submit("login", "alice", "password", Password)
			if p.Left == nil || p.Left.Query().Get("error") != "login_required" {
				t.Errorf("%d %q left %v", p.Status, p.Title(), p.Left)
			}
		}},
		{"OpenID Connect Core §3.1.2.1 id_token_hint of another person, continue as alice: no loop", func(t *testing.T, w world) {
			p := w.b.Get(w.a.Authorize("id_token_hint", w.bobs))
			p = w.b.visit("POST", "/continue", Query("flow", p.Flow()), "same-origin")
			if p.Left == nil || p.Left.Query().Get("error") != "login_required" {
				t.Errorf("%d %q left %v", p.Status, p.Title(), p.Left)
			}
		}},
		{"OpenID Connect Core §3.1.2.1 id_token_hint with alg none", func(t *testing.T, w world) {
			parts := strings.Split(w.hint, ".")
			refused(t, w, "invalid_request", "id_token_hint", "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0."+parts[1]+".")
		}},
		{"OpenID Connect Core §3.1.2.1 display, ui_locales, acr_values, claims_locales and unknown parameters", func(t *testing.T, w world) {
			silent(t, w, "display", "popup", "ui_locales", "se", "claims_locales", "se", "acr_values", "1 2", "extra", "foobar", "claims", `{"userinfo":{}}`)
		}},
		{"OpenID Connect Core §3.1.2.1 login_hint fills the form", func(t *testing.T, w world) {
			p := w.b.Get(w.a.Authorize("prompt", "login", "login_hint", "dave"))
			if _, form, _ := p.Form(); form.Get("login") != "dave" {
				t.Errorf("%v", form)
			}
		}},
		{"a disabled account is nobody", func(t *testing.T, w world) {
			a, err := w.i.Store.Account(t.Context(), storage.AccountKey{UsernameKey: "alice"})
			if err != nil {
				t.Fatal(err)
			}
			w.i.Disable(a)
			refused(t, w, "login_required", "prompt", "none")
			if p := w.b.Get(w.a.Authorize()); p.Title() != "Sign in" {
				t.Errorf("%q", p.Title())
			}
		}},
		{"RFC 6749 §4.1.2.1 the person refuses", func(t *testing.T, w world) {
			p := w.b.Get(w.a.Authorize("prompt", "consent")).Submit("decision", "deny")
			if p.Left == nil || p.Left.Query().Get("error") != "access_denied" || p.Left.Query().Get("state") != "st" || p.Left.Query().Get("iss") != URL {
				t.Errorf("left %v", p.Left)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := testIssuer(t)
			i.Person("alice")
			i.Person("bob")
			w := world{i: i, b: i.Browser(), a: i.App("basic")}
			w.bobs = w.a.Redeem(w.a.SignIn(i.Browser(), "bob")).Str("id_token")
			w.hint = w.a.Redeem(w.a.SignIn(w.b, "alice")).Str("id_token")
			_, _, _, w.at = claims(t, i, w.hint)
			i.Clock.Add(time.Second)
			c.do(t, w)
		})
	}
}

func TestConsent(t *testing.T) {
	for _, c := range []struct {
		name, client string
		first, next  []string // parameters of two requests
		title        string   // what the second one shows, "" where it is silent
	}{
		{"OpenID Connect Core §3.1.2.4 remembered", "basic", nil, nil, ""},
		{"OpenID Connect Core §3.1.2.4 a subset", "basic", nil, []string{"scope", "openid"}, ""},
		{"OpenID Connect Core §3.1.2.4 a superset asks for the rest", "basic", nil, []string{"scope", "openid profile email"}, "Consent: email"},
		{"OpenID Connect Core §11 offline_access is asked for", "basic", nil, []string{"scope", "openid profile offline_access"}, "Consent: offline_access"},
		{"RFC 6749 §3.3 no scope at all", "basic", []string{"scope", ""}, []string{"scope", ""}, ""},
		{"RFC 6749 §3.3 no scope is no scope later", "basic", []string{"scope", ""}, []string{"scope", "read"}, "Consent: read"},
		{"RFC 8252 §8.6 native loopback, another port", "native", []string{"redirect_uri", "http://127.0.0.1:5000/cb"}, []string{"redirect_uri", "http://127.0.0.1:6000/cb"}, "Consent: openid profile"},
		{"RFC 8252 §8.6 native loopback of a client that has a claimed https address too", "native", nil, nil, "Consent: openid profile"},
		{"RFC 8252 §8.6 native claimed https address", "native", []string{"redirect_uri", "https://app.example.test/claimed"}, []string{"redirect_uri", "https://app.example.test/claimed"}, ""},
		{"RFC 8252 §8.6 native loopback without consent by the operator's word", "native-first", nil, nil, "Consent: openid profile"},
		{"the operator's word", "first", nil, nil, ""},
		{"the operator's word does not outweigh prompt=consent", "first", nil, []string{"prompt", "consent"}, "Consent: openid profile"},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := testIssuer(t)
			i.Person("alice")
			a, b := i.App(c.client), i.Browser()
			if p := b.Through(b.Get(a.Authorize(c.first...)), "alice"); p.Left == nil || p.Left.Query().Get("code") == "" {
				t.Fatalf("%d %q left %v", p.Status, p.Title(), p.Left)
			}
			i.Clock.Add(time.Second)
			none := b.Get(a.Authorize(append([]string{"prompt", "none"}, c.next...)...))
			p := b.Get(a.Authorize(c.next...))
			if c.title == "" {
				if p.Left == nil || p.Left.Query().Get("code") == "" || none.Left.Query().Get("code") == "" {
					t.Errorf("not silent: %d %q; prompt=none: %v", p.Status, p.Title(), none.Left)
				}
				return
			}
			if p.Title() != c.title {
				t.Errorf("got %q, want %q", p.Title(), c.title)
			}
			if len(c.next) < 2 || c.next[0] != "prompt" {
				if none.Left == nil || none.Left.Query().Get("error") != "consent_required" {
					t.Errorf("prompt=none: %v", none.Left)
				}
			}
			if p = b.Through(p, "alice"); p.Left == nil || p.Left.Query().Get("code") == "" {
				t.Errorf("%d %q left %v", p.Status, p.Title(), p.Left)
			}
		})
	}
}
