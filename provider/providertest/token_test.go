package providertest

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/provider"
	"latchkey/provider/account"
	"latchkey/provider/audit"
	"latchkey/provider/token"
	"latchkey/storage"
)

func (a Answer) wants(t *testing.T, status int, code string) {
	t.Helper()
	if a.Status != status || a.Str("error") != code || a.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
		t.Errorf("got %d %s %v, want %d %s", a.Status, a.Raw, a.Header, status, code)
	}
	if a.JSON["access_token"] != nil {
		t.Error("an error with a token")
	}
}

// dead wants that none of a token answer works any more.
func (a *App) dead(t *testing.T, ans Answer) {
	t.Helper()
	if got := a.i.Userinfo(ans.Str("access_token")); got.Status != 401 || !strings.Contains(got.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("userinfo %d %s", got.Status, got.Header.Get("WWW-Authenticate"))
	}
	for _, name := range []string{"access_token", "refresh_token"} {
		if got := a.Post("/introspect", "token", ans.Str(name)); a.AuthMethod != "none" && got.Raw != `{"active":false}` {
			t.Errorf("introspection of %s: %s", name, got.Raw)
		}
	}
	if r := ans.Str("refresh_token"); r != "" {
		a.Refresh(r).wants(t, 400, "invalid_grant")
	}
}

func endSessions(t *testing.T, i *Issuer, who storage.Account) {
	t.Helper()
	if _, err := i.Store.EndSessions(t.Context(), storage.EndScope{AccountID: who.ID}, i.Clock.Now()); err != nil {
		t.Fatal(err)
	}
}

func TestCode(t *testing.T) {
	type world struct {
		i    *Issuer
		b    *Browser
		a    *App
		code string
		who  storage.Account
	}
	for _, c := range []struct {
		name, client string
		do           func(t *testing.T, w world)
	}{
		{"RFC 6749 §4.1.2 and RFC 9700 §4.2.4 used twice: all it bought is dead", "basic", func(t *testing.T, w world) {
			first := w.a.Redeem(w.code)
			w.a.Redeem(w.code).wants(t, 400, "invalid_grant")
			w.a.dead(t, first)
			if w.i.Audited(audit.CodeReplayed) != 1 {
				t.Error("not audited")
			}
		}},
		{"RFC 6749 §4.1.2 used twice, the second time after it expired", "basic", func(t *testing.T, w world) {
			first := w.a.Redeem(w.code)
			w.i.Clock.Add(2 * time.Minute)
			w.a.Redeem(w.code).wants(t, 400, "invalid_grant")
			w.a.dead(t, first)
		}},
		{"RFC 6749 §4.1.2 used twice by a public client", "public", func(t *testing.T, w world) {
			first := w.a.Redeem(w.code)
			w.a.Redeem(w.code).wants(t, 400, "invalid_grant")
			w.a.dead(t, first)
		}},
		{"RFC 7636 §4.6 a replay without the verifier harms nobody", "basic", func(t *testing.T, w world) {
			first := w.a.Redeem(w.code)
			w.a.Redeem(w.code, "code_verifier", strings.Repeat("x", 43)).wants(t, 400, "invalid_grant")
			if w.i.Userinfo(first.Str("access_token")).Status != 200 {
				t.Error("the family is dead")
			}
		}},
		{"RFC 6749 §4.1.3 of 32 at once one wins at most, and two kill the family", "basic", func(t *testing.T, w world) {
			var wg sync.WaitGroup
			var mu sync.Mutex
			var won []Answer
			for range 32 {
				wg.Go(func() {
					if a := w.a.Redeem(w.code); a.Status == 200 {
						mu.Lock()
						won = append(won, a)
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			if len(won) != 1 {
				t.Fatalf("%d won", len(won))
			}
			w.a.dead(t, won[0])
		}},
		{"RFC 6749 §4.1.3 another client", "basic", func(t *testing.T, w world) {
			w.i.App("post").Redeem(w.code).wants(t, 400, "invalid_grant")
			w.i.App("public").Redeem(w.code).wants(t, 400, "invalid_grant")
			if w.a.Redeem(w.code).Status != 200 {
				t.Error("a stranger's try spent the code")
			}
		}},
		{"RFC 6749 §4.1.3 redirect_uri missing", "basic", func(t *testing.T, w world) {
			w.a.Redeem(w.code, "redirect_uri", "").wants(t, 400, "invalid_grant")
		}},
		{"RFC 6749 §4.1.3 redirect_uri of another request", "two", func(t *testing.T, w world) {
			w.a.Redeem(w.code, "redirect_uri", Callback+"2?x=1").wants(t, 400, "invalid_grant")
		}},
		{"RFC 7636 §4.6 wrong verifier", "basic", func(t *testing.T, w world) {
			w.a.Redeem(w.code, "code_verifier", strings.Repeat("x", 43)).wants(t, 400, "invalid_grant")
		}},
		{"RFC 7636 §4.5 no verifier", "basic", func(t *testing.T, w world) {
			w.a.Redeem(w.code, "code_verifier", "").wants(t, 400, "invalid_grant")
		}},
		{"RFC 7636 §4.1 the challenge as verifier", "basic", func(t *testing.T, w world) {
			w.a.Redeem(w.code, "code_verifier", Challenge).wants(t, 400, "invalid_grant")
		}},
		{"RFC 6749 §4.1.2 expired", "basic", func(t *testing.T, w world) {
			w.i.Clock.Add(time.Minute)
			w.a.Redeem(w.code).wants(t, 400, "invalid_grant")
		}},
		{"RFC 6749 §4.1.3 no code", "basic", func(t *testing.T, w world) { w.a.Redeem("").wants(t, 400, "invalid_request") }},
		{"RFC 6749 §5.2 unknown code", "basic", func(t *testing.T, w world) { w.a.Redeem("lkc_x").wants(t, 400, "invalid_grant") }},
		{"RFC 6749 §5.2 no grant_type", "basic", func(t *testing.T, w world) {
			w.a.Redeem(w.code, "grant_type", "").wants(t, 400, "invalid_request")
		}},
		{"RFC 6749 §5.2 unknown grant_type", "basic", func(t *testing.T, w world) {
			w.a.Redeem(w.code, "grant_type", "password").wants(t, 400, "unsupported_grant_type")
		}},
		{"RFC 6749 §5.2 grant_type not for this client", "code-only", func(t *testing.T, w world) {
			if ans := w.a.Redeem(w.code); ans.Status != 200 || ans.Str("refresh_token") != "" {
				t.Errorf("%d %s", ans.Status, ans.Raw)
			}
			w.a.Post("/token", "grant_type", "client_credentials").wants(t, 400, "unauthorized_client")
		}},
		{"RFC 8707 §2.2 a resource that was not granted", "basic", func(t *testing.T, w world) {
			w.a.Redeem(w.code, "resource", "https://evil.test").wants(t, 400, "invalid_target")
			w.a.Redeem(w.code, "resource", API).wants(t, 400, "invalid_target") // the person consented to no API
			if w.a.Redeem(w.code).Status != 200 {
				t.Error("the refused try spent the code")
			}
		}},
		{"the session ended before", "basic", func(t *testing.T, w world) {
			endSessions(t, w.i, w.who)
			w.a.Redeem(w.code).wants(t, 400, "invalid_grant")
		}},
		{"the session ends after", "basic", func(t *testing.T, w world) {
			ans := w.a.Redeem(w.code)
			endSessions(t, w.i, w.who)
			w.a.dead(t, ans)
		}},
		{"the account is disabled before", "basic", func(t *testing.T, w world) {
			w.i.Disable(w.who)
			w.a.Redeem(w.code).wants(t, 400, "invalid_grant")
		}},
		{"the account is disabled after", "basic", func(t *testing.T, w world) {
			ans := w.a.Redeem(w.code)
			w.i.Disable(w.who)
			w.a.dead(t, ans)
		}},
		{"the account is about to be deleted before", "basic", func(t *testing.T, w world) {
			w.i.Doom(w.who)
			w.a.Redeem(w.code).wants(t, 400, "invalid_grant")
		}},
		{"the account is about to be deleted after", "basic", func(t *testing.T, w world) {
			ans := w.a.Redeem(w.code)
			w.i.Doom(w.who)
			w.a.dead(t, ans)
		}},
		{"OpenID Connect Core §11 offline_access outlives the session", "basic", func(t *testing.T, w world) {
			ans := w.a.Redeem(w.a.SignIn(w.b, "alice", "scope", "openid offline_access"))
			endSessions(t, w.i, w.who)
			again := w.a.Refresh(ans.Str("refresh_token"))
			if again.Status != 200 || w.i.Userinfo(again.Str("access_token")).Status != 200 {
				t.Errorf("%d %s", again.Status, again.Raw)
			}
			w.i.Disable(w.who)
			w.a.Refresh(again.Str("refresh_token")).wants(t, 400, "invalid_grant")
		}},
		{"OpenID Connect Core §3.1.2.2 no openid, no ID token, no userinfo", "basic", func(t *testing.T, w world) {
			ans := w.a.Redeem(w.a.SignIn(w.b, "alice", "scope", "read"))
			if ans.Status != 200 || ans.Str("id_token") != "" || ans.Str("scope") != "read" {
				t.Errorf("%d %s", ans.Status, ans.Raw)
			}
			if info := w.i.Userinfo(ans.Str("access_token")); info.Status != 403 || !strings.Contains(info.Header.Get("WWW-Authenticate"), `error="insufficient_scope"`) {
				t.Errorf("%d %v", info.Status, info.Header)
			}
		}},
		{"OpenID Connect Core §3.1.2.1 no nonce asked, none invented", "basic", func(t *testing.T, w world) {
			ans := w.a.Redeem(w.a.SignIn(w.b, "alice", "nonce", ""))
			if _, nonce, _, _ := claims(t, w.i, ans.Str("id_token")); nonce != "" {
				t.Errorf("nonce %q", nonce)
			}
		}},
		{"RFC 9700 §2.1.1 a verifier without a challenge", "exempt", func(t *testing.T, w world) {
			code := w.a.SignIn(w.b, "alice", "code_challenge", "", "code_challenge_method", "")
			w.a.Redeem(code).wants(t, 400, "invalid_grant")
			if ans := w.a.Redeem(code, "code_verifier", ""); ans.Status != 200 {
				t.Errorf("%d %s", ans.Status, ans.Raw)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := testIssuer(t)
			w := world{i: i, who: i.Person("alice"), a: i.App(c.client), b: i.Browser()}
			w.code = w.a.SignIn(w.b, "alice")
			c.do(t, w)
		})
	}
}

func TestRefresh(t *testing.T) {
	setup := func(t *testing.T, client string, pairs ...string) (*Issuer, *App, Answer) {
		t.Helper()
		i := testIssuer(t)
		i.Person("alice")
		a := i.App(client)
		ans := a.Redeem(a.SignIn(i.Browser(), "alice", pairs...))
		if ans.Str("refresh_token") == "" {
			t.Fatal(ans.Raw)
		}
		i.Clock.Add(20 * time.Second)
		return i, a, ans
	}
	t.Run("OpenID Connect Core §12.2 the ID token of a refresh", func(t *testing.T) {
		i, a, first := setup(t, "basic")
		next := a.Refresh(first.Str("refresh_token"))
		c1, _ := i.Provider.Issuer.VerifyIDHint(t.Context(), first.Str("id_token"))
		c2, err := i.Provider.Issuer.VerifyIDHint(t.Context(), next.Str("id_token"))
		if err != nil || c1.Subject != c2.Subject || c1.AuthTime != c2.AuthTime || c1.Authorized != c2.Authorized || c2.IssuedAt <= c1.IssuedAt || c2.Nonce != "" {
			t.Errorf("%+v then %+v, %v", c1, c2, err)
		}
		if next.Str("refresh_token") == first.Str("refresh_token") {
			t.Error("RFC 9700 §2.2.2 not rotated")
		}
	})
	t.Run("a lost answer: the same successor within the grace window", func(t *testing.T) {
		i, a, first := setup(t, "public")
		next := a.Refresh(first.Str("refresh_token"))
		i.Clock.Add(9 * time.Second)
		again := a.Refresh(first.Str("refresh_token"))
		if again.Status != 200 || again.Str("refresh_token") != next.Str("refresh_token") {
			t.Errorf("%d %s", again.Status, again.Raw)
		}
		if third := a.Refresh(next.Str("refresh_token")); third.Status != 200 {
			t.Errorf("%d %s", third.Status, third.Raw)
		}
	})
	t.Run("RFC 9700 §4.14.2 replay after the grace window kills the family", func(t *testing.T) {
		i, a, first := setup(t, "basic")
		next := a.Refresh(first.Str("refresh_token"))
		i.Clock.Add(11 * time.Second)
		a.Refresh(first.Str("refresh_token")).wants(t, 400, "invalid_grant")
		a.dead(t, next)
		if i.Audited(audit.RefreshReplayed) != 1 {
			t.Error("not audited")
		}
	})
	t.Run("RFC 9700 §4.14.2 without a grace window the second use is a replay, also of a request that came before the first was served", func(t *testing.T) {
		i := testIssuer(t, Config(func(c *provider.Config) { c.RefreshGrace = 0 }))
		i.Person("alice")
		a := i.App("basic")
		first := a.Redeem(a.SignIn(i.Browser(), "alice"))
		next := a.Refresh(first.Str("refresh_token"))
		i.Clock.Add(-time.Millisecond)
		a.Refresh(first.Str("refresh_token")).wants(t, 400, "invalid_grant")
		i.Clock.Add(time.Millisecond)
		a.dead(t, next)
	})
	t.Run("RFC 9700 §4.14.2 replay once the successor was used kills the family, within the window too", func(t *testing.T) {
		_, a, first := setup(t, "basic")
		third := a.Refresh(a.Refresh(first.Str("refresh_token")).Str("refresh_token"))
		a.Refresh(first.Str("refresh_token")).wants(t, 400, "invalid_grant")
		a.dead(t, third)
	})
	t.Run("RFC 9700 §4.14.2 of 32 at once all get the one successor", func(t *testing.T) {
		_, a, first := setup(t, "public")
		var wg sync.WaitGroup
		var mu sync.Mutex
		got := map[string]int{}
		for range 32 {
			wg.Go(func() {
				ans := a.Refresh(first.Str("refresh_token"))
				mu.Lock()
				defer mu.Unlock()
				got[ans.Str("refresh_token")]++
			})
		}
		wg.Wait()
		if len(got) != 1 || got[""] != 0 {
			t.Errorf("%d different answers", len(got))
		}
	})
	t.Run("RFC 6749 §6 another client", func(t *testing.T) {
		i, a, first := setup(t, "basic")
		i.App("post").Refresh(first.Str("refresh_token")).wants(t, 400, "invalid_grant")
		if a.Refresh(first.Str("refresh_token")).Status != 200 {
			t.Error("a stranger's try harmed the owner")
		}
	})
	t.Run("RFC 6749 §6 scope", func(t *testing.T) {
		_, a, first := setup(t, "basic", "scope", "openid profile read")
		a.Refresh(first.Str("refresh_token"), "scope", "openid email").wants(t, 400, "invalid_scope")
		less := a.Refresh(first.Str("refresh_token"), "scope", "read")
		if less.Status != 200 || less.Str("scope") != "read" || less.Str("id_token") != "" {
			t.Errorf("%d %s", less.Status, less.Raw)
		}
		if all := a.Refresh(less.Str("refresh_token")); all.Str("scope") != "openid profile read" {
			t.Errorf("%d %s", all.Status, all.Raw)
		}
	})
	t.Run("RFC 8707 §2.2 an audience that the client lost does not cost the token", func(t *testing.T) {
		i, a, first := setup(t, "basic", "resource", API)
		i.Registry.Declare([]storage.Client{WebClient("basic", func(c *storage.Client) { c.Audiences = nil })})
		a.Refresh(first.Str("refresh_token")).wants(t, 400, "invalid_target")
		i.Registry.Declare([]storage.Client{WebClient("basic")})
		i.Clock.Add(time.Minute)
		if ans := a.Refresh(first.Str("refresh_token")); ans.Status != 200 {
			t.Errorf("%d %s", ans.Status, ans.Raw)
		}
	})
	t.Run("a scope that the client lost is not granted", func(t *testing.T) {
		i, a, first := setup(t, "basic")
		i.Registry.Declare([]storage.Client{WebClient("basic", func(c *storage.Client) { c.Scopes = []string{"openid"} })})
		if ans := a.Refresh(first.Str("refresh_token")); ans.Str("scope") != "openid" {
			t.Errorf("%d %s", ans.Status, ans.Raw)
		}
	})
	t.Run("expired", func(t *testing.T) {
		i, a, first := setup(t, "basic", "scope", "openid offline_access")
		i.Clock.Add(24 * time.Hour)
		a.Refresh(first.Str("refresh_token")).wants(t, 400, "invalid_grant")
	})
	t.Run("RFC 6749 §6 broken", func(t *testing.T) {
		_, a, first := setup(t, "basic")
		r := first.Str("refresh_token")
		for _, bad := range []string{"x", r[:len(r)-1], r + "A", "\n" + r, r[:20] + "\n" + r[20:], strings.ToUpper(r), first.Str("access_token"), "lkr_" + strings.Repeat("A", 83)} {
			a.Refresh(bad).wants(t, 400, "invalid_grant")
		}
		a.Refresh("").wants(t, 400, "invalid_request")
	})
}

func TestResources(t *testing.T) {
	i := testIssuer(t)
	i.Person("alice")
	a, b := i.App("basic"), i.Browser()
	aud := func(ans Answer) string {
		c, err := i.Provider.Issuer.VerifyAccess(ans.Str("access_token"))
		if err != nil {
			t.Fatal(err, ans.Raw)
		}
		return strings.Join(c.Audience, " ")
	}
	for _, c := range []struct{ name, granted, asked, want string }{
		{"RFC 9068 §3 none: the default, and the issuer for userinfo", "", "", URL},
		{"RFC 8707 §2 granted", API, "", API + " " + URL},
		{"RFC 8707 §2.2 asked of what was granted", API, API, API + " " + URL},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := aud(a.Redeem(a.SignIn(b, "alice", "resource", c.granted), "resource", c.asked)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	a.Redeem(a.SignIn(b, "alice", "resource", API), "resource", OtherAPI).wants(t, 400, "invalid_target")
	t.Run("RFC 8707 §2.2 asked at the token endpoint alone: only where nobody is asked to consent", func(t *testing.T) {
		a.Redeem(a.SignIn(b, "alice"), "resource", OtherAPI).wants(t, 400, "invalid_target")
		first := i.App("first")
		if got := aud(first.Redeem(first.SignIn(b, "alice"), "resource", OtherAPI)); got != OtherAPI+" "+URL {
			t.Error(got)
		}
	})
	t.Run("consent to scopes is no consent to an API", func(t *testing.T) {
		i.Person("bob")
		bob := i.Browser()
		a.SignIn(bob, "bob")
		if p := bob.Get("/authorize?" + a.Request("prompt", "none").Encode()); p.Left.Query().Get("code") == "" {
			t.Errorf("the same again: %v", p.Left)
		}
		if p := bob.Get("/authorize?" + a.Request("prompt", "none", "resource", API).Encode()); p.Left.Query().Get("error") != "consent_required" {
			t.Errorf("an API more: %v", p.Left)
		}
	})
	t.Run("RFC 8707 §2 two, one of them twice", func(t *testing.T) {
		q := a.Request()
		q["resource"] = []string{API, OtherAPI, API}
		p := b.Through(b.Get("/authorize?"+q.Encode()), "alice")
		if got := aud(a.Redeem(p.Left.Query().Get("code"))); got != API+" "+OtherAPI+" "+URL {
			t.Error(got)
		}
	})
}

func TestClientCredentials(t *testing.T) {
	i := testIssuer(t)
	before := i.Watch.Writes()
	m := i.App("machine")
	ask := func(pairs ...string) Answer {
		return m.Post("/token", append([]string{"grant_type", "client_credentials"}, pairs...)...)
	}
	ans := ask()
	c, err := i.Provider.Issuer.VerifyAccess(ans.Str("access_token"))
	if err != nil || c.Subject != "machine" || c.Scope != "read write" || c.SID != "" || ans.Str("refresh_token") != "" || ans.Str("id_token") != "" {
		t.Errorf("RFC 6749 §4.4.3: %+v %v %s", c, err, ans.Raw)
	}
	if one := ask("scope", "read", "resource", API); one.Str("scope") != "read" {
		t.Error(one.Raw)
	}
	ask("scope", "admin").wants(t, 400, "invalid_scope")
	ask("scope", "openid").wants(t, 400, "invalid_scope")
	ask("resource", "https://evil.test").wants(t, 400, "invalid_target")
	i.App("public").Post("/token", "grant_type", "client_credentials").wants(t, 400, "unauthorized_client")
	if info := i.Userinfo(ans.Str("access_token")); info.Status != 403 {
		t.Errorf("userinfo %d", info.Status)
	}
	if n := i.Watch.Writes() - before; n != 0 {
		t.Errorf("%d writes", n)
	}
	m.Post("/revoke", "token", ans.Str("access_token"))
	if got := m.Post("/introspect", "token", ans.Str("access_token")); got.Raw != `{"active":false}` {
		t.Error(got.Raw)
	}
}

func TestClientAuthentication(t *testing.T) {
	i := testIssuer(t)
	cc := []string{"grant_type", "client_credentials"}
	with := func(pairs ...string) []string { return append(append([]string{}, cc...), pairs...) }
	for _, c := range []struct {
		name   string
		form   []string
		header http.Header
		status int
		code   string
	}{
		{"RFC 6749 §2.3.1 basic", cc, Basic("basic", Secret), 200, ""},
		{"RFC 6749 §2.3.1 post", with("client_id", "post", "client_secret", Secret), nil, 200, ""},
		{"RFC 6749 §2.3.1 basic with the same client_id", with("client_id", "basic"), Basic("basic", Secret), 200, ""},
		{"RFC 6749 §5.2 wrong secret", cc, Basic("basic", "x"), 401, "invalid_client"},
		{"RFC 6749 §5.2 empty secret", cc, Basic("basic", ""), 401, "invalid_client"},
		{"RFC 6749 §5.2 unknown client", cc, Basic("nobody", Secret), 401, "invalid_client"},
		{"RFC 6749 §5.2 public client with a secret", with("client_id", "public", "client_secret", Secret), nil, 401, "invalid_client"},
		{"RFC 7591 §2 post where basic is registered", with("client_id", "basic", "client_secret", Secret), nil, 401, "invalid_client"},
		{"RFC 7591 §2 basic where post is registered", cc, Basic("post", Secret), 401, "invalid_client"},
		{"RFC 7591 §2 none where basic is registered", with("client_id", "basic"), nil, 401, "invalid_client"},
		{"RFC 6749 §2.3 two methods", with("client_id", "basic", "client_secret", Secret), Basic("basic", Secret), 400, "invalid_request"},
		{"RFC 6749 §2.3 another client_id", with("client_id", "post"), Basic("basic", Secret), 400, "invalid_request"},
		{"RFC 6749 §5.2 nothing", cc, nil, 401, "invalid_client"},
		{"RFC 6749 §2.3.1 not base64", cc, http.Header{"Authorization": {"Basic !!"}}, 401, "invalid_client"},
		{"RFC 6749 §2.3.1 no colon", cc, http.Header{"Authorization": {"Basic YmFzaWM="}}, 401, "invalid_client"},
		{"RFC 4648 §3.2 padding missing", cc, http.Header{"Authorization": {strings.TrimRight(Basic("basic", Secret).Get("Authorization"), "=")}}, 401, "invalid_client"},
		{"RFC 9110 §5.3 two headers", cc, http.Header{"Authorization": {Basic("basic", Secret).Get("Authorization"), "Basic x"}}, 401, "invalid_client"},
		{"RFC 6749 §3.2 repeated parameter", nil, Basic("basic", Secret), 400, "invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			form := Query(c.form...)
			if c.form == nil {
				form["grant_type"] = []string{"client_credentials", "client_credentials"}
			}
			ans := i.Call("POST", "/token", form, c.header)
			if ans.Status != c.status || ans.Str("error") != c.code {
				t.Errorf("got %d %s", ans.Status, ans.Raw)
			}
			if ans.Status == 401 && c.header != nil && ans.Header.Get("WWW-Authenticate") == "" {
				t.Error("RFC 6749 §5.2 no WWW-Authenticate")
			}
		})
	}
	t.Run("RFC 6749 §2.3.1 credentials in the query", func(t *testing.T) {
		i.Call("POST", "/token?client_secret="+Secret, Query(with("client_id", "post")...), nil).wants(t, 400, "invalid_request")
	})
	t.Run("RFC 6749 §3.2 GET", func(t *testing.T) {
		if ans := i.Call("GET", "/token?grant_type=client_credentials", nil, Basic("basic", Secret)); ans.Status != 405 || ans.Header.Get("Allow") != "POST" {
			t.Errorf("%d %v", ans.Status, ans.Header)
		}
	})
	if i.Audited(audit.ClientAuthFailed) == 0 {
		t.Error("failures are not audited")
	}
	if log := i.Log.String(); strings.Contains(log, Secret) {
		t.Error("the log has a secret")
	}
}

func TestUserinfo(t *testing.T) {
	i := testIssuer(t)
	alice := i.Person("alice")
	a := i.App("basic")
	ans := a.Redeem(a.SignIn(i.Browser(), "alice", "scope", "openid email"))
	access := ans.Str("access_token")
	form := Query("access_token", access)
	for _, c := range []struct {
		name   string
		got    Answer
		status int
		auth   string // in WWW-Authenticate
	}{
		{"OpenID Connect Core §5.3.1 GET", i.Userinfo(access), 200, ""},
		{"OpenID Connect Core §5.3.1 POST with header", i.Call("POST", "/userinfo", nil, Bearer(access)), 200, ""},
		{"RFC 6750 §2.2 POST with form", i.Call("POST", "/userinfo", form, nil), 200, ""},
		{"RFC 6750 §2 twice", i.Call("POST", "/userinfo", form, Bearer(access)), 400, `error="invalid_request"`},
		{"OAuth 2.1 §5.1.2 in the query", i.Call("GET", "/userinfo?access_token="+access, nil, nil), 401, ""},
		{"OAuth 2.1 §5.1.2 in the query of a POST", i.Call("POST", "/userinfo?access_token="+access, Query(), nil), 400, `error="invalid_request"`},
		{"RFC 6750 §3.1 nothing: no error code", i.Call("GET", "/userinfo", nil, nil), 401, ""},
		{"RFC 6750 §3.1 another scheme: no error code", i.Call("GET", "/userinfo", nil, Basic("a", "b")), 401, ""},
		{"RFC 6750 §3.1 malformed", i.Call("GET", "/userinfo", nil, Bearer("a b")), 401, `error="invalid_token"`},
		{"RFC 6750 §3.1 garbage", i.Userinfo("garbage"), 401, `error="invalid_token"`},
		{"RFC 6750 §3.1 garbage in a form", i.Call("POST", "/userinfo", Query("access_token", "x"), nil), 401, `error="invalid_token"`},
		{"RFC 9068 §4 an ID token", i.Userinfo(ans.Str("id_token")), 401, `error="invalid_token"`},
		{"a refresh token", i.Userinfo(ans.Str("refresh_token")), 401, `error="invalid_token"`},
		{"RFC 9110 §9.3.4 PUT", i.Call("PUT", "/userinfo", nil, Bearer(access)), 405, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := c.got.Header.Get("WWW-Authenticate")
			if c.got.Status != c.status || !strings.Contains(h, c.auth) || (c.auth == "" && strings.Contains(h, "error")) || (c.status == 401 && !strings.HasPrefix(h, "Bearer ")) {
				t.Errorf("%d %q %s", c.got.Status, h, c.got.Raw)
			}
			if c.status == 200 && (c.got.Str("sub") != alice.Sub || c.got.Str("email") != "alice@example.test" || c.got.JSON["email_verified"] != false || c.got.JSON["name"] != nil) {
				t.Error(c.got.Raw)
			}
			if c.got.Header.Get("Cache-Control") != "no-store" {
				t.Error("may be cached")
			}
		})
	}
	i.Clock.Add(5 * time.Minute)
	if got := i.Userinfo(access); got.Status != 401 {
		t.Errorf("expired: %d", got.Status)
	}
}

func TestIntrospection(t *testing.T) {
	api := WebClient("api", func(c *storage.Client) {
		c.RedirectURIs, c.GrantTypes, c.Audiences, c.Scopes = nil, []string{"client_credentials"}, []string{API}, nil
	})
	i := testIssuer(t)
	i.Registry.Declare(append(i.Registry.Declared(), api))
	alice := i.Person("alice")
	a := i.App("basic")
	ans := a.Redeem(a.SignIn(i.Browser(), "alice", "resource", API))
	access := ans.Str("access_token")
	const inactive = `{"active":false}`
	t.Run("RFC 7662 §2.2 own access token", func(t *testing.T) {
		got := a.Post("/introspect", "token", access)
		if got.JSON["active"] != true || got.Str("sub") != alice.Sub || got.Str("client_id") != "basic" || got.Str("scope") != "openid profile" || got.Str("iss") != URL || got.JSON["exp"] == nil {
			t.Error(got.Raw)
		}
	})
	t.Run("RFC 7662 §2.2 own refresh token", func(t *testing.T) {
		if got := a.Post("/introspect", "token", ans.Str("refresh_token"), "token_type_hint", "access_token"); got.JSON["active"] != true || got.Str("token_type") != "refresh_token" {
			t.Error(got.Raw)
		}
	})
	t.Run("RFC 7662 §4 another application, which may call the same API", func(t *testing.T) {
		for _, name := range []string{"access_token", "refresh_token"} {
			if got := i.App("post").Post("/introspect", "token", ans.Str(name)); got.Raw != inactive {
				t.Error(got.Raw)
			}
		}
	})
	t.Run("RFC 7662 §2.1 the API that the token is for", func(t *testing.T) {
		if got := i.App("api").Post("/introspect", "token", access); got.JSON["active"] != true {
			t.Error(got.Raw)
		}
		other := a.Redeem(a.SignIn(i.Browser(), "alice", "resource", OtherAPI)).Str("access_token")
		if got := i.App("api").Post("/introspect", "token", other); got.Raw != inactive {
			t.Error(got.Raw)
		}
	})
	t.Run("RFC 7662 §2.1 public client, no client", func(t *testing.T) {
		i.App("public").Post("/introspect", "token", access).wants(t, 401, "invalid_client")
		i.Call("POST", "/introspect", Query("token", access), Bearer(access)).wants(t, 401, "invalid_client")
	})
	t.Run("RFC 7662 §2.1 no token", func(t *testing.T) { a.Post("/introspect").wants(t, 400, "invalid_request") })
	t.Run("RFC 7662 §2.2 no token of ours", func(t *testing.T) {
		for _, raw := range []string{"x", ans.Str("id_token"), access + "\n", access[:len(access)-2], strings.Repeat("a.", 6000)} {
			if got := a.Post("/introspect", "token", raw); got.Raw != inactive {
				t.Error(got.Raw)
			}
		}
	})
	t.Run("a token of the account API is for every application", func(t *testing.T) {
		in, err := i.Accounts.SignIn(t.Context(), account.Credentials{Dialect: account.Platform, Login: "alice", Password: Password})
		if err != nil {
			t.Fatal(err)
		}
		raw, _, err := i.Provider.Accounts.AccessToken(t.Context(), in.Account, in.Session, account.Platform, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Post("/introspect", "token", raw); got.JSON["active"] != true || got.Str("client_id") != token.AccountClientID {
			t.Error(got.Raw)
		}
		if err := i.Accounts.SignOut(t.Context(), in.Session.SID, account.Caller{}); err != nil {
			t.Fatal(err)
		}
		if got := a.Post("/introspect", "token", raw); got.Raw != inactive {
			t.Error(got.Raw)
		}
	})
	i.Clock.Add(5 * time.Minute)
	if got := a.Post("/introspect", "token", access); got.Raw != inactive {
		t.Error("expired:", got.Raw)
	}
}

func TestRevocation(t *testing.T) {
	i := testIssuer(t)
	i.Person("alice")
	a := i.App("public")
	fresh := func() Answer { return a.Redeem(a.SignIn(i.Browser(), "alice")) }
	t.Run("RFC 7009 §2.1 refresh token: the family", func(t *testing.T) {
		ans := fresh()
		if got := a.Post("/revoke", "token", ans.Str("refresh_token"), "token_type_hint", "access_token"); got.Status != 200 || got.Raw != "" {
			t.Errorf("%d %s", got.Status, got.Raw)
		}
		a.dead(t, ans)
		if got := a.Post("/revoke", "token", ans.Str("refresh_token")); got.Status != 200 {
			t.Errorf("RFC 7009 §2.2 again: %d", got.Status)
		}
	})
	t.Run("RFC 7009 §2.1 access token: it alone", func(t *testing.T) {
		ans := fresh()
		a.Post("/revoke", "token", ans.Str("access_token"))
		if got := i.Userinfo(ans.Str("access_token")); got.Status != 401 {
			t.Errorf("userinfo %d", got.Status)
		}
		if got := a.Refresh(ans.Str("refresh_token")); got.Status != 200 {
			t.Errorf("refresh %d", got.Status)
		}
	})
	t.Run("RFC 7009 §2.1 of another client", func(t *testing.T) {
		ans := fresh()
		for _, name := range []string{"access_token", "refresh_token"} {
			i.App("basic").Post("/revoke", "token", ans.Str(name)).wants(t, 400, "unauthorized_client")
		}
		if i.Userinfo(ans.Str("access_token")).Status != 200 {
			t.Error("revoked by a stranger")
		}
	})
	t.Run("RFC 7009 §2.2 no token of ours", func(t *testing.T) {
		if got := a.Post("/revoke", "token", "x"); got.Status != 200 {
			t.Errorf("%d", got.Status)
		}
	})
	t.Run("RFC 7009 §2.1 nothing", func(t *testing.T) { a.Post("/revoke").wants(t, 400, "invalid_request") })
	t.Run("RFC 7009 §2.1 unauthenticated", func(t *testing.T) {
		i.Call("POST", "/revoke", Query("token", "x"), nil).wants(t, 401, "invalid_client")
	})
}

// down is a store that cannot be reached, from when on it is told.
type down struct {
	storage.Store
	now *bool
}

func (d down) err() error {
	if *d.now {
		return storage.ErrUnavailable
	}
	return nil
}

func (d down) Grant(ctx context.Context, key storage.GrantKey, now time.Time) (storage.Grant, error) {
	if err := d.err(); err != nil {
		return storage.Grant{}, err
	}
	return d.Store.Grant(ctx, key, now)
}

func (d down) Standing(ctx context.Context, key storage.StandingKey, now time.Time) (storage.Standing, error) {
	if err := d.err(); err != nil {
		return storage.Standing{}, err
	}
	return d.Store.Standing(ctx, key, now)
}

func (d down) DenyToken(ctx context.Context, jti string, until, now time.Time) error {
	if err := d.err(); err != nil {
		return err
	}
	return d.Store.DenyToken(ctx, jti, until, now)
}

func (d down) Session(ctx context.Context, sid string, now time.Time) (storage.Session, error) {
	if err := d.err(); err != nil {
		return storage.Session{}, err
	}
	return d.Store.Session(ctx, sid, now)
}

func TestStoreAway(t *testing.T) {
	away := new(bool)
	i := testIssuer(t, WrapStore(func(s storage.Store) storage.Store { return down{s, away} }))
	i.Person("alice")
	a, b := i.App("basic"), i.Browser()
	ans := a.Redeem(a.SignIn(b, "alice"))
	*away = true
	for name, got := range map[string]Answer{
		"token":                        a.Refresh(ans.Str("refresh_token")),
		"code":                         a.Redeem("lkc_x"),
		"introspect":                   a.Post("/introspect", "token", ans.Str("access_token")),
		"RFC 7009 §2.2.1 revoke":       a.Post("/revoke", "token", ans.Str("refresh_token")),
		"RFC 7009 §2.2.1 revoke a jwt": a.Post("/revoke", "token", ans.Str("access_token")),
		"userinfo":                     i.Userinfo(ans.Str("access_token")),
	} {
		if got.Status != 503 || got.Header.Get("Retry-After") == "" || strings.Contains(got.Raw, "store") {
			t.Errorf("%s: %d %s", name, got.Status, got.Raw)
		}
	}
	if p := b.Get(a.Authorize()); p.Status != 503 || p.Left != nil {
		t.Errorf("authorize: %d left %v", p.Status, p.Left)
	}
	if p := b.Get("/logout"); p.Status != 503 {
		t.Errorf("logout: %d", p.Status)
	}
	for _, path := range []string{"/jwks.json", "/.well-known/openid-configuration"} {
		if got := i.Call("GET", path, nil, nil); got.Status != 200 {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
}
