package providertest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/provider"
	"latchkey/provider/audit"
	"latchkey/storage"
)

// Push pushes a request and returns the answer; pairs change its parameters as in [App.Request].
func (a *App) Push(pairs ...string) Answer {
	a.i.T.Helper()
	var flat []string
	for name, vs := range a.Request(pairs...) {
		flat = append(flat, name, vs[0])
	}
	return a.Post("/par", flat...)
}

// Pushed is the address of an authorization request that was pushed.
func (a *App) Pushed(ans Answer, pairs ...string) string {
	a.i.T.Helper()
	if ans.Status != http.StatusCreated {
		a.i.T.Fatalf("not pushed: %d %s", ans.Status, ans.Raw)
	}
	v := Query("client_id", a.ID, "request_uri", ans.Str("request_uri"))
	for n := 0; n+1 < len(pairs); n += 2 {
		v.Set(pairs[n], pairs[n+1])
	}
	return "/authorize?" + v.Encode()
}

func (p *Page) usedUp(t *testing.T) {
	t.Helper()
	if p.Left != nil || p.Status != 400 || p.Title() != "Problem: used_up" || !strings.Contains(p.Body, "invalid_request_uri") {
		t.Errorf("got %d %q %s left %v", p.Status, p.Title(), p.Body, p.Left)
	}
}

func TestPush(t *testing.T) {
	type world struct {
		i *Issuer
		a *App
		b *Browser
	}
	answered := func(t *testing.T, p *Page) url.Values {
		t.Helper()
		got, _ := p.Response()
		if got.Get("code") == "" {
			t.Fatalf("%v", got)
		}
		return got
	}
	for _, c := range []struct {
		name, client string
		do           func(t *testing.T, w world)
	}{
		{"RFC 9126 §2.2 the answer", "basic", func(t *testing.T, w world) {
			ans := w.a.Push()
			uri := ans.Str("request_uri")
			if ans.Status != 201 || ans.Header.Get("Cache-Control") != "no-store" || ans.JSON["expires_in"] != 60.0 || len(ans.JSON) != 2 ||
				!strings.HasPrefix(uri, "urn:ietf:params:oauth:request_uri:") || len(uri) < 34+43 {
				t.Errorf("%d %v %s", ans.Status, ans.Header, ans.Raw)
			}
			if again := w.a.Push(); again.Str("request_uri") == uri {
				t.Error("RFC 9126 §7.1 the same twice")
			}
		}},
		{"RFC 9126 §4 the flow", "basic", func(t *testing.T, w world) {
			got := answered(t, w.b.Through(w.b.Get(w.a.Pushed(w.a.Push("nonce", "pushed-nonce"))), "alice"))
			if got.Get("state") != "st" || got.Get("iss") != URL {
				t.Errorf("%v", got)
			}
			if ans := w.a.Redeem(got.Get("code")); payload(t, ans.Str("id_token"))["nonce"] != "pushed-nonce" {
				t.Errorf("%s", ans.Raw)
			}
		}},
		{"RFC 9126 §2.1 the client is named by its credentials alone", "basic", func(t *testing.T, w world) {
			answered(t, w.b.Through(w.b.Get(w.a.Pushed(w.a.Push("client_id", ""))), "alice"))
		}},
		{"RFC 9126 §4 by a public client", "public", func(t *testing.T, w world) {
			answered(t, w.b.Through(w.b.Get(w.a.Pushed(w.a.Push())), "alice"))
		}},
		{"RFC 9126 §4 by client_secret_post: the secret is not kept", "post", func(t *testing.T, w world) {
			ans := w.a.Push()
			w.b.Get(w.a.Pushed(ans))
			answered(t, w.b.Through(w.b.Get(w.a.Pushed(ans)), "alice"))
			if strings.Contains(w.i.Log.String(), Secret) {
				t.Error("the secret is in the log")
			}
		}},
		{"RFC 9101 §6.3 what stands outside does not count", "basic", func(t *testing.T, w world) {
			p := w.b.Get(w.a.Pushed(w.a.Push(), "state", "outer", "nonce", "outer", "redirect_uri", "https://evil.test/", "response_type", "token", "scope", "openid email"))
			got := answered(t, w.b.Through(p, "alice"))
			if got.Get("state") != "st" || payload(t, w.a.Redeem(got.Get("code")).Str("id_token"))["nonce"] != "n-1" {
				t.Errorf("%v", got)
			}
		}},
		{"RFC 9126 §4 visits use nothing up, the answer does", "basic", func(t *testing.T, w world) {
			at := w.a.Pushed(w.a.Push())
			first, second := w.b.Get(at), w.b.Get(at)
			if first.Title() != "Sign in" || second.Title() != "Sign in" {
				t.Fatalf("%q %q", first.Title(), second.Title())
			}
			answered(t, w.b.Through(second, "alice"))
			w.b.Get(at).usedUp(t)
			w.b.Get("/authorize/resume?flow=" + first.Flow()).usedUp(t)
			w.i.Browser().Get(at).usedUp(t)
		}},
		{"RFC 9126 §4 a refusal uses it up", "basic", func(t *testing.T, w world) {
			at := w.a.Pushed(w.a.Push("prompt", "none"))
			if got, _ := w.b.Get(at).Response(); got.Get("error") != "login_required" || got.Get("state") != "st" {
				t.Errorf("%v", got)
			}
			w.b.Get(at).usedUp(t)
		}},
		{"RFC 9126 §4 one tab denies, the other gets nothing", "basic", func(t *testing.T, w world) {
			at := w.a.Pushed(w.a.Push())
			one := w.b.Get(at).Submit("login", "alice", "password", Password)
			other := w.b.Get(at)
			if got, _ := one.Submit("decision", "deny").Response(); got.Get("error") != "access_denied" {
				t.Errorf("%v", got)
			}
			other.Submit("decision", "allow").usedUp(t)
			one.Submit("decision", "deny").usedUp(t)
		}},
		{"RFC 9126 §2.2 it expires", "basic", func(t *testing.T, w world) {
			ans := w.a.Push()
			w.i.Clock.Add(time.Minute)
			w.b.Get(w.a.Pushed(ans)).usedUp(t)
		}},
		{"RFC 9126 §2.2 a flow that began goes on, and is answered once", "basic", func(t *testing.T, w world) {
			at := w.a.Pushed(w.a.Push())
			one, other := w.b.Get(at), w.b.Get(at)
			w.i.Clock.Add(20 * time.Minute)
			if _, err := w.i.Store.Sweep(t.Context(), 100, w.i.Clock.Now()); err != nil {
				t.Fatal(err)
			}
			answered(t, w.b.Through(one, "alice"))
			if _, err := w.i.Store.Sweep(t.Context(), 100, w.i.Clock.Now()); err != nil {
				t.Fatal(err)
			}
			w.b.Get("/authorize/resume?flow=" + other.Flow()).usedUp(t)
		}},
		{"RFC 9126 §2.2 bound to its client", "basic", func(t *testing.T, w world) {
			ans := w.a.Push()
			w.b.Get(w.i.App("post").Pushed(ans)).usedUp(t)
			if p := w.b.Get("/authorize?" + Query("request_uri", ans.Str("request_uri")).Encode()); p.Title() != "Problem: unknown_client" {
				t.Errorf("%q", p.Title())
			}
			answered(t, w.b.Through(w.b.Get(w.a.Pushed(ans)), "alice"))
		}},
		{"RFC 9126 §7.1 guesses", "basic", func(t *testing.T, w world) {
			uri := w.a.Push().Str("request_uri")
			for _, guess := range []string{uri[:len(uri)-1], uri + "A", "urn:ietf:params:oauth:request_uri:", uri + strings.Repeat("A", 200)} {
				w.b.Get("/authorize?" + Query("client_id", w.a.ID, "request_uri", guess).Encode()).usedUp(t)
			}
		}},
		{"RFC 9126 §4 posted from another site: it lives no longer for it", "basic", func(t *testing.T, w world) {
			ans := w.a.Push()
			res := w.i.Send("POST", "/authorize", Query("client_id", w.a.ID, "request_uri", ans.Str("request_uri")), nil)
			if at := res.Header.Get("Location"); at != w.a.Pushed(ans) {
				t.Fatalf("to %q", at)
			}
			p := w.b.PostFrom("/authorize", Query("client_id", w.a.ID, "request_uri", ans.Str("request_uri")))
			answered(t, w.b.Through(p, "alice"))
		}},
		{"RFC 9126 §2.1 anonymous visits write nothing", "basic", func(t *testing.T, w world) {
			at := w.a.Pushed(w.a.Push())
			before := w.i.Watch.Writes()
			w.b.Get(at)
			w.b.Get(w.a.Pushed(w.a.Push(), "request_uri", "urn:ietf:params:oauth:request_uri:x"))
			if verbs := w.i.Watch.Verbs(); w.i.Watch.Writes() != before+1 || verbs[len(verbs)-1] != "PutPushedRequest" {
				t.Errorf("%v", verbs)
			}
		}},
		{"RFC 9126 §6 a client of which only pushed requests are taken", "par", func(t *testing.T, w world) {
			if got, _ := w.b.Get(w.a.Authorize()).Response(); got.Get("error") != "invalid_request" {
				t.Errorf("%v", got)
			}
			answered(t, w.b.Through(w.b.Get(w.a.Pushed(w.a.Push())), "alice"))
		}},
		{"RFC 9126 §4 of 16 at once one is answered", "basic", func(t *testing.T, w world) {
			w.a.SignIn(w.b, "alice")
			at := w.a.Pushed(w.a.Push())
			var mu sync.Mutex
			codes := 0
			var wg sync.WaitGroup
			for range 16 {
				wg.Go(func() {
					if p := w.b.Get(at); p.Left != nil && p.Left.Query().Get("code") != "" {
						mu.Lock()
						codes++
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			if codes != 1 {
				t.Errorf("%d codes", codes)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := testIssuer(t, Clients(WebClient("par", func(c *storage.Client) { c.RequirePAR = true })))
			i.Person("alice")
			c.do(t, world{i, i.App(c.client), i.Browser()})
		})
	}
}

func TestPushRefused(t *testing.T) {
	i := testIssuer(t, Clients(WebClient("signed-only", func(c *storage.Client) { c.RequireSignedRequest = true })))
	for _, c := range []struct {
		name, client string
		pairs        []string
		status       int
		err          string
	}{
		{"RFC 9126 §2.1 request_uri", "basic", []string{"request_uri", "https://app.example.test/r"}, 400, "invalid_request"},
		{"RFC 9126 §2.1 request_uri of a pushed one", "basic", []string{"request_uri", "urn:ietf:params:oauth:request_uri:x"}, 400, "invalid_request"},
		{"RFC 9126 §2.3 redirect_uri", "basic", []string{"redirect_uri", "https://evil.test/"}, 400, "invalid_request"},
		{"RFC 9126 §2.3 no redirect_uri", "basic", []string{"redirect_uri", ""}, 400, "invalid_request"},
		{"RFC 9126 §2.3 another client's client_id", "basic", []string{"client_id", "post"}, 400, "invalid_request"},
		{"RFC 9126 §2.3 no response_type", "basic", []string{"response_type", ""}, 400, "invalid_request"},
		{"RFC 9126 §2.3 response_type", "basic", []string{"response_type", "code id_token"}, 400, "unsupported_response_type"},
		{"RFC 9126 §2.3 PKCE", "basic", []string{"code_challenge", ""}, 400, "invalid_request"},
		{"RFC 9126 §2.3 PKCE plain", "public", []string{"code_challenge_method", "plain"}, 400, "invalid_request"},
		{"RFC 9126 §2.3 scope", "basic", []string{"scope", "admin"}, 400, "invalid_scope"},
		{"RFC 9126 §2.3 resource", "basic", []string{"resource", "https://evil.test"}, 400, "invalid_target"},
		{"RFC 9126 §2.3 prompt", "basic", []string{"prompt", "none login"}, 400, "invalid_request"},
		{"RFC 9126 §2.3 acr out of reach", "basic", []string{"claims", `{"id_token":{"acr":{"essential":true,"value":"9"}}}`}, 400, "unmet_authentication_requirements"},
		{"RFC 9126 §2.3 a client that may not", "machine", []string{"redirect_uri", Callback}, 400, "invalid_request"},
		{"RFC 9101 §10.5 not signed", "signed-only", nil, 400, "invalid_request"},
		{"too long", "basic", []string{"state", strings.Repeat("x", 7<<10)}, 400, "invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := i.App(c.client)
			if len(a.RedirectURIs) == 0 {
				a.RedirectURIs = []string{Callback}
			}
			a.Push(c.pairs...).wants(t, c.status, c.err)
		})
	}
	t.Run("RFC 9126 §2.3 wrong secret", func(t *testing.T) {
		i.Call("POST", "/par", i.App("basic").Request(), Basic("basic", "wrong")).wants(t, 401, "invalid_client")
	})
	t.Run("RFC 9126 §2.1 a confidential client that proves nothing", func(t *testing.T) {
		i.Call("POST", "/par", i.App("basic").Request(), nil).wants(t, 401, "invalid_client")
	})
	t.Run("RFC 6749 §3.1 repeated", func(t *testing.T) {
		q := i.App("public").Request()
		q["state"] = []string{"a", "b"}
		i.Call("POST", "/par", q, nil).wants(t, 400, "invalid_request")
	})
	t.Run("RFC 9126 §2.3 GET", func(t *testing.T) {
		if got := i.Call("GET", "/par?"+i.App("public").Request().Encode(), nil, nil); got.Status != 405 || got.Header.Get("Allow") != "POST" {
			t.Errorf("%d %v", got.Status, got.Header)
		}
	})
	t.Run("nothing was stored", func(t *testing.T) {
		if slices.Contains(i.Watch.Verbs(), "PutPushedRequest") {
			t.Error(i.Watch.Verbs())
		}
	})
}

func TestPushLimit(t *testing.T) {
	i := testIssuer(t, Clients(WebClient("stranger", func(c *storage.Client) { c.Registered = true })))
	count := func(id string) (taken int, last Answer) {
		for range 70 {
			if last = i.App(id).Push(); last.Status == 201 {
				taken++
			}
		}
		return taken, last
	}
	taken, last := count("public")
	if taken != 60 || last.Status != 429 || last.Header.Get("Retry-After") == "" || i.Audited(audit.Throttled) != 10 {
		t.Errorf("RFC 9126 §2.3 %d taken, then %d %v", taken, last.Status, last.Header)
	}
	if taken, _ := count("basic"); taken != 70 {
		t.Errorf("who proves itself is not limited: %d", taken)
	}
	if taken, _ := count("stranger"); taken != 0 {
		t.Errorf("a client that registered itself fills the store: %d", taken)
	}
	i.Clock.Add(time.Minute)
	if i.App("public").Push().Status != 201 {
		t.Error("the window does not end")
	}
}

func TestPushOnly(t *testing.T) {
	i := testIssuer(t, Config(func(c *provider.Config) { c.RequirePAR, c.PushTTL = true, 5*time.Minute }))
	i.Person("alice")
	a, b := i.App("basic"), i.Browser()
	if got, _ := b.Get(a.Authorize()).Response(); got.Get("error") != "invalid_request" {
		t.Errorf("RFC 9126 §5 %v", got)
	}
	ans := a.Push()
	i.Clock.Add(4 * time.Minute)
	if p := b.Get(a.Pushed(ans)); ans.JSON["expires_in"] != 300.0 || p.Title() != "Sign in" {
		t.Errorf("RFC 9126 §2.2 %s %q", ans.Raw, p.Title())
	}
}
