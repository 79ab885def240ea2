package providertest

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/audit"
	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/storage"
)

// deviceWorld is an issuer with devices, public and confidential, and alice signed in to a browser.
type deviceWorld struct {
	i   *Issuer
	b   *Browser
	who storage.Account
}

func newDeviceWorld(t *testing.T) deviceWorld {
	t.Helper()
	device := func(c *storage.Client) {
		c.GrantTypes, c.RedirectURIs, c.ResponseTypes = []string{oauth.DeviceGrant, "refresh_token"}, nil, nil
	}
	i := testIssuer(t, Clients(
		WebClient("tv", Public, device),
		WebClient("box", device, func(c *storage.Client) { c.AuthMethod = client.PostMethod }),
		WebClient("once", Public, device, func(c *storage.Client) { c.GrantTypes = []string{oauth.DeviceGrant} }),
		WebClient("both", Public, func(c *storage.Client) { c.GrantTypes = append(c.GrantTypes, oauth.DeviceGrant) }),
	))
	w := deviceWorld{i: i, b: i.Browser(), who: i.Person("alice")}
	i.App("first").SignIn(w.b, "alice")
	return w
}

// begin starts the flow of a device.
func (a *App) begin(t *testing.T) (deviceCode, complete string) {
	t.Helper()
	return a.beginFor(t, "openid profile read")
}

func (a *App) beginFor(t *testing.T, scope string) (deviceCode, complete string) {
	t.Helper()
	ans := a.Post("/device_authorization", "scope", scope)
	if ans.Status != 200 || ans.Header.Get("Cache-Control") != "no-store" || ans.Str("verification_uri") != URL+"/device" || ans.JSON["expires_in"] != 600.0 || ans.JSON["interval"] != 5.0 ||
		!strings.HasPrefix(ans.Str("verification_uri_complete"), URL+"/device?user_code=") || !strings.HasPrefix(ans.Str("device_code"), "lkd_") {
		t.Fatalf("RFC 8628 §3.2: %d %s", ans.Status, ans.Raw)
	}
	return ans.Str("device_code"), ans.Str("verification_uri_complete")
}

// poll asks for tokens, in time.
func (a *App) poll(code string, pairs ...string) Answer {
	a.i.T.Helper()
	a.i.Clock.Add(5 * time.Second)
	return a.pollAtOnce(code, pairs...)
}

// pollAtOnce asks without a wait: a clock that somebody turns on meanwhile ends the time of requests under way.
func (a *App) pollAtOnce(code string, pairs ...string) Answer {
	a.i.T.Helper()
	return a.Post("/token", append([]string{"grant_type", oauth.DeviceGrant, "device_code", code}, pairs...)...)
}

// says answers the question of a device in the browser.
func (w deviceWorld) says(t *testing.T, complete, decision string) {
	t.Helper()
	if p := w.b.Get(complete).Submit("decision", decision); p.Title() != "Decided" {
		t.Fatalf("RFC 8628 §3.3: %d %q", p.Status, p.Title())
	}
}

func TestDeviceFlow(t *testing.T) {
	for _, id := range []string{"tv", "box", "once"} {
		t.Run("RFC 8628 §3 "+id, func(t *testing.T) {
			w := newDeviceWorld(t)
			a := w.i.App(id)
			code, complete := a.begin(t)
			a.poll(code).wants(t, 400, "authorization_pending")
			if p := w.b.Get(complete); p.Title() != "Device: App "+id+": openid profile read" {
				t.Fatalf("RFC 8628 §3.3: %d %q", p.Status, p.Title())
			}
			w.says(t, complete, "allow")
			if p := w.b.Get(complete); p.Status != 422 {
				t.Errorf("asked again: %d %q", p.Status, p.Title())
			}
			ans := a.poll(code)
			if ans.Status != 200 || ans.Str("token_type") != "Bearer" || ans.Str("scope") != "openid profile read" || (ans.Str("refresh_token") != "") != (id != "once") {
				t.Fatalf("RFC 8628 §3.5: %d %s", ans.Status, ans.Raw)
			}
			sub, nonce, sid, at := claims(t, w.i, ans.Str("id_token"))
			if sub != w.who.Sub || nonce != "" || sid == "" || at == 0 {
				t.Errorf("ID token: %s %q %q %d", sub, nonce, sid, at)
			}
			if info := w.i.Userinfo(ans.Str("access_token")); info.Str("name") != "Person alice" {
				t.Errorf("userinfo %d %s", info.Status, info.Raw)
			}
			a.poll(code).wants(t, 400, "invalid_grant")
			if w.i.Userinfo(ans.Str("access_token")).Status != 200 {
				t.Error("a second poll harms the device")
			}
			if r := ans.Str("refresh_token"); r != "" {
				if next := a.Refresh(r); next.Status != 200 {
					t.Errorf("RFC 6749 §6: %d %s", next.Status, next.Raw)
				}
			}
			if c, err := w.i.Store.Consent(t.Context(), w.who.ID, id); err != nil || !slices.Equal(c.Scopes, []string{"openid", "profile", "read"}) {
				t.Errorf("consent %+v %v", c, err)
			}
			if s, _, err := w.i.Provider.Sessions.Current(w.request()); err != nil || !slices.Contains(s.Clients, id) {
				t.Errorf("the session reaches %v, %v", s.Clients, err)
			}
			if w.i.Audited(audit.DeviceAllowed) != 1 || w.i.Audited(audit.TokenIssued) < 1 {
				t.Error("not audited")
			}
		})
	}
}

// request is one of the browser's.
func (w deviceWorld) request() *http.Request {
	r, err := http.NewRequest(http.MethodGet, URL, nil)
	w.i.must(err)
	for _, c := range w.b.Cookies() {
		r.AddCookie(c)
	}
	return r
}

func TestDeviceRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(t *testing.T, w deviceWorld, a *App, code, complete string) Answer
		want string
	}{
		{"RFC 8628 §3.5 refused", func(t *testing.T, w deviceWorld, a *App, code, complete string) Answer {
			w.says(t, complete, "deny")
			a.poll(code).wants(t, 400, "access_denied")
			return a.poll(code)
		}, "access_denied"},
		{"refused, then Back and Allow", func(t *testing.T, w deviceWorld, a *App, code, complete string) Answer {
			p := w.b.Get(complete)
			p.Submit("decision", "deny")
			if again := p.Submit("decision", "allow"); again.Status != 422 {
				t.Errorf("decided twice: %d", again.Status)
			}
			return a.poll(code)
		}, "access_denied"},
		{"RFC 8628 §3.5 too fast", func(t *testing.T, _ deviceWorld, a *App, code, _ string) Answer {
			a.poll(code).wants(t, 400, "authorization_pending")
			return a.Post("/token", "grant_type", oauth.DeviceGrant, "device_code", code)
		}, "slow_down"},
		{"RFC 8628 §3.5 expired", func(_ *testing.T, w deviceWorld, a *App, code, _ string) Answer {
			w.i.Clock.Add(10 * time.Minute)
			return a.poll(code)
		}, "expired_token"},
		{"RFC 8628 §3.5 expired and swept", func(t *testing.T, w deviceWorld, a *App, code, _ string) Answer {
			w.i.Clock.Add(24 * time.Hour)
			if _, err := w.i.Store.Sweep(t.Context(), 100, w.i.Clock.Now()); err != nil {
				t.Fatal(err)
			}
			return a.poll(code)
		}, "expired_token"},
		{"RFC 6749 §5.2 another client", func(t *testing.T, w deviceWorld, _ *App, code, complete string) Answer {
			w.says(t, complete, "allow")
			return w.i.App("once").poll(code)
		}, "invalid_grant"},
		{"RFC 6749 §5.2 not this client's grant", func(_ *testing.T, w deviceWorld, _ *App, code, _ string) Answer {
			return w.i.App("public").poll(code)
		}, "unauthorized_client"},
		{"RFC 8628 §3.1 not this client's grant", func(_ *testing.T, w deviceWorld, _ *App, _, _ string) Answer {
			return w.i.App("public").Post("/device_authorization")
		}, "unauthorized_client"},
		{"RFC 8628 §3.1 form only", func(_ *testing.T, w deviceWorld, _ *App, _, _ string) Answer {
			return w.i.Call("POST", "/device_authorization?client_id=tv&client_secret=x", nil, nil)
		}, "invalid_request"},
		{"RFC 6749 §5.2 a user code is no device code", func(_ *testing.T, _ deviceWorld, a *App, _, complete string) Answer {
			return a.poll(complete[len(complete)-9:])
		}, "invalid_grant"},
		{"account disabled", func(t *testing.T, w deviceWorld, a *App, code, complete string) Answer {
			w.says(t, complete, "allow")
			w.i.Disable(w.who)
			return a.poll(code)
		}, "invalid_grant"},
		{"account about to be deleted", func(t *testing.T, w deviceWorld, a *App, code, complete string) Answer {
			w.says(t, complete, "allow")
			w.i.Doom(w.who)
			return a.poll(code)
		}, "invalid_grant"},
		{"signed out everywhere before the device asked", func(t *testing.T, w deviceWorld, a *App, code, complete string) Answer {
			w.says(t, complete, "allow")
			endSessions(t, w.i, w.who)
			return a.poll(code)
		}, "invalid_grant"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newDeviceWorld(t)
			a := w.i.App("tv")
			code, complete := a.begin(t)
			c.do(t, w, a, code, complete).wants(t, 400, c.want)
		})
	}
}

// TestDeviceEnds: what a device got ends with its session, unless it is offline, and by revocation.
func TestDeviceEnds(t *testing.T) {
	w := newDeviceWorld(t)
	a := w.i.App("box")
	get := func(scope string) Answer {
		code, complete := a.beginFor(t, scope)
		w.says(t, complete, "allow")
		return a.poll(code)
	}
	online, offline, revoked := get("openid"), get("openid offline_access"), get("openid")
	if a.Post("/revoke", "token", revoked.Str("refresh_token")).Status != 200 {
		t.Error("RFC 7009 §2.2")
	}
	a.dead(t, revoked)
	endSessions(t, w.i, w.who)
	a.dead(t, online)
	if next := a.Refresh(offline.Str("refresh_token")); next.Status != 200 {
		t.Errorf("OpenID Connect Core §11: %d %s", next.Status, next.Raw)
	}
}

// TestDeviceAlwaysAsks: consent is remembered for the code flow, but a device is always asked about (RFC 8628 §5.4).
func TestDeviceAlwaysAsks(t *testing.T) {
	w := newDeviceWorld(t)
	a := w.i.App("both")
	for range 2 {
		code, complete := a.begin(t)
		a.poll(code).wants(t, 400, "authorization_pending")
		w.says(t, complete, "allow")
		if ans := a.poll(code); ans.Status != 200 {
			t.Fatalf("%d %s", ans.Status, ans.Raw)
		}
	}
	if p := w.b.Get(a.Authorize("scope", "openid profile")); p.Left == nil || p.Left.Query().Get("code") == "" {
		t.Errorf("asked for what was allowed: %q", p.Title())
	}
	if p := w.b.Get(a.Authorize("scope", "openid email")); !strings.HasPrefix(p.Title(), "Consent") {
		t.Errorf("not asked: %q %v", p.Title(), p.Left)
	}
}

// TestDeviceTakenBack: who allowed a device and thought better of it is heard, however long the device waits before it comes for its tokens.
func TestDeviceTakenBack(t *testing.T) {
	w := newDeviceWorld(t)
	a := w.i.App("tv")
	waits, complete := a.begin(t)
	w.says(t, complete, "allow")
	had, complete := a.begin(t)
	w.says(t, complete, "allow")
	ans := a.poll(had)
	if err := w.i.Accounts.RemoveConsent(t.Context(), w.who.ID, "tv", account.Caller{}); err != nil {
		t.Fatal(err)
	}
	a.dead(t, ans)
	a.poll(waits).wants(t, 400, "invalid_grant")
}

// TestDeviceForgery: a page of another site cannot decide.
func TestDeviceForgery(t *testing.T) {
	w := newDeviceWorld(t)
	a := w.i.App("tv")
	code, complete := a.begin(t)
	_, form, _ := w.b.Get(complete).Form()
	form.Set("decision", "allow")
	if p := w.b.PostFrom("/device", form); p.Status != 403 {
		t.Errorf("RFC 8628 §5.4: %d", p.Status)
	}
	mallory := w.i.Browser()
	w.i.Person("mallory")
	w.i.App("first").SignIn(mallory, "mallory")
	if p := mallory.visit(http.MethodPost, "/device", form, "same-origin"); p.Status != 422 {
		t.Errorf("another person's ticket: %d", p.Status)
	}
	a.poll(code).wants(t, 400, "authorization_pending")
}

// TestDeviceRace: of 50 polls at once one gets tokens.
func TestDeviceRace(t *testing.T) {
	w := newDeviceWorld(t)
	a := w.i.App("tv")
	code, complete := a.begin(t)
	w.says(t, complete, "allow")
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	w.i.Clock.Add(5 * time.Second)
	for range 50 {
		wg.Go(func() {
			ans := a.pollAtOnce(code)
			mu.Lock()
			defer mu.Unlock()
			if ans.Status == 200 {
				won++
			} else if ans.Str("error") != "invalid_grant" {
				t.Errorf("%d %s", ans.Status, ans.Raw)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("RFC 8628 §3.5: %d polls got tokens", won)
	}
}
