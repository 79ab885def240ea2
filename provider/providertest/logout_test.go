package providertest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const bye = "https://app.example.test/bye"

// TestLogout has every row of RP-initiated logout, each for a person who is signed in.
func TestLogout(t *testing.T) {
	state := strings.Repeat("s", 128)
	type world struct {
		i    *Issuer
		b    *Browser
		a    *App
		ans  Answer
		hint string
	}
	gone := func(t *testing.T, w world) {
		t.Helper()
		if p := w.b.Get(w.a.Authorize("prompt", "none")); p.Left == nil || p.Left.Query().Get("error") != "login_required" {
			t.Errorf("still signed in: %v", p.Left)
		}
		w.a.dead(t, w.ans)
	}
	stays := func(t *testing.T, w world) {
		t.Helper()
		if p := w.b.Get(w.a.Authorize("prompt", "none")); p.Left == nil || p.Left.Query().Get("code") == "" {
			t.Errorf("signed out without a word: %v", p.Left)
		}
	}
	redirected := func(t *testing.T, w world, p *Page, want url.Values) {
		t.Helper()
		if p.Left == nil || !strings.HasPrefix(p.Left.String(), bye) || p.Left.Query().Encode() != want.Encode() {
			t.Fatalf("%d %q left %v", p.Status, p.Title(), p.Left)
		}
		gone(t, w)
	}
	// asks wants the question, and once it is answered the page that says so.
	asks := func(t *testing.T, w world, p *Page) {
		t.Helper()
		if p.Left != nil || p.Status != 200 || p.Title() != "Do you want to sign out?" {
			t.Fatalf("%d %q left %v", p.Status, p.Title(), p.Left)
		}
		stays(t, w)
		if p = p.Submit(); p.Left != nil || p.Title() != "You are signed out" {
			t.Fatalf("%d %q left %v", p.Status, p.Title(), p.Left)
		}
		gone(t, w)
	}
	never := func(t *testing.T, w world, p *Page) {
		t.Helper()
		if p.Left != nil || p.Status != 400 || !strings.HasPrefix(p.Title(), "Problem: ") {
			t.Fatalf("%d %q left %v", p.Status, p.Title(), p.Left)
		}
		stays(t, w)
	}
	get := func(w world, pairs ...string) *Page { return w.b.Get("/logout?" + Query(pairs...).Encode()) }
	for _, c := range []struct {
		name string
		do   func(t *testing.T, w world)
	}{
		{"RP-Initiated Logout §3 redirect with state", func(t *testing.T, w world) {
			redirected(t, w, get(w, "id_token_hint", w.hint, "post_logout_redirect_uri", bye, "state", state), Query("state", state))
		}},
		{"RP-Initiated Logout §3 no state", func(t *testing.T, w world) {
			redirected(t, w, get(w, "id_token_hint", w.hint, "post_logout_redirect_uri", bye), Query())
		}},
		{"RP-Initiated Logout §2 POST from the client's site", func(t *testing.T, w world) {
			p := w.b.PostFrom("/logout", Query("id_token_hint", w.hint, "post_logout_redirect_uri", bye, "state", state))
			redirected(t, w, p, Query("state", state))
		}},
		{"RP-Initiated Logout §2 POST from anywhere asks", func(t *testing.T, w world) { asks(t, w, w.b.PostFrom("/logout", Query("state", state))) }},
		{"RP-Initiated Logout §3 bad post_logout_redirect_uri", func(t *testing.T, w world) {
			never(t, w, get(w, "id_token_hint", w.hint, "post_logout_redirect_uri", "https://evil.test/", "state", state))
		}},
		{"RP-Initiated Logout §3 query added", func(t *testing.T, w world) {
			never(t, w, get(w, "id_token_hint", w.hint, "post_logout_redirect_uri", bye+"?foo=bar"))
		}},
		{"RP-Initiated Logout §2 modified id_token_hint", func(t *testing.T, w world) {
			parts := strings.Split(w.hint, ".")
			never(t, w, get(w, "id_token_hint", "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0."+parts[1]+".", "post_logout_redirect_uri", bye))
		}},
		{"RP-Initiated Logout §2 id_token_hint of a foreign key", func(t *testing.T, w world) {
			other := testIssuer(t)
			other.Person("alice")
			foreign := other.App("basic").Redeem(other.App("basic").SignIn(other.Browser(), "alice")).Str("id_token")
			parts, mine := strings.Split(foreign, "."), strings.Split(w.hint, ".")
			never(t, w, get(w, "id_token_hint", parts[0]+"."+mine[1]+"."+parts[2], "post_logout_redirect_uri", bye))
		}},
		{"RP-Initiated Logout §3 no id_token_hint", func(t *testing.T, w world) {
			never(t, w, get(w, "post_logout_redirect_uri", bye, "state", state))
		}},
		{"RP-Initiated Logout §3 no parameters", func(t *testing.T, w world) { asks(t, w, get(w)) }},
		{"RP-Initiated Logout §3 no post_logout_redirect_uri", func(t *testing.T, w world) {
			p := get(w, "id_token_hint", w.hint)
			if p.Left != nil || p.Title() != "You are signed out" {
				t.Fatalf("%d %q", p.Status, p.Title())
			}
			gone(t, w)
		}},
		{"RP-Initiated Logout §3 only state", func(t *testing.T, w world) { asks(t, w, get(w, "state", state)) }},
		{"RP-Initiated Logout §2 client_id is not the hint's audience", func(t *testing.T, w world) {
			never(t, w, get(w, "id_token_hint", w.hint, "client_id", "post", "post_logout_redirect_uri", bye))
		}},
		{"RP-Initiated Logout §3 client_id alone: the person decides", func(t *testing.T, w world) {
			p := get(w, "client_id", "basic", "post_logout_redirect_uri", bye)
			if p.Title() != "Do you want to sign out?" {
				t.Fatalf("%d %q left %v", p.Status, p.Title(), p.Left)
			}
			redirected(t, w, p.Submit(), Query())
		}},
		{"RP-Initiated Logout §2 another session's id_token_hint asks", func(t *testing.T, w world) {
			old := w.a.Redeem(w.a.SignIn(w.i.Browser(), "alice")).Str("id_token")
			p := get(w, "id_token_hint", old)
			asks(t, w, p)
		}},
		{"RP-Initiated Logout §2 an expired hint will do", func(t *testing.T, w world) {
			w.i.Clock.Add(2 * oneSecond * 3600)
			p := get(w, "id_token_hint", w.hint, "post_logout_redirect_uri", bye)
			redirected(t, w, p, Query())
		}},
		{"RFC 6749 §3.1 repeated parameter", func(t *testing.T, w world) {
			p := w.b.Get("/logout?state=a&state=b")
			if p.Status != 400 || strings.Contains(p.Body, "%!") {
				t.Errorf("%d %s", p.Status, p.Body)
			}
			stays(t, w)
		}},
		{"a question cannot be answered by another session", func(t *testing.T, w world) {
			other := w.i.Browser()
			w.a.SignIn(other, "alice")
			action, form, _ := get(w).Form()
			if p := other.visit(http.MethodPost, action, form, "same-origin"); p.Status != 400 {
				t.Errorf("%d %q", p.Status, p.Title())
			}
			stays(t, w)
		}},
		{"nobody is signed in", func(t *testing.T, w world) {
			p := w.i.Browser().Get("/logout?" + Query("id_token_hint", w.hint, "post_logout_redirect_uri", bye).Encode())
			if p.Left == nil || p.Left.String() != bye {
				t.Errorf("%d %q left %v", p.Status, p.Title(), p.Left)
			}
			if p = w.i.Browser().Get("/logout"); p.Title() != "You are signed out" {
				t.Errorf("%q", p.Title())
			}
			stays(t, w)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := testIssuer(t)
			i.Person("alice")
			w := world{i: i, b: i.Browser(), a: i.App("basic")}
			w.ans = w.a.Redeem(w.a.SignIn(w.b, "alice"))
			w.hint = w.ans.Str("id_token")
			c.do(t, w)
		})
	}
}
