package endpoint

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

func (g *deviceRig) approval() *DeviceApproval {
	return &DeviceApproval{Clients: g, Sessions: g, Vault: g, Store: g, Now: func() time.Time { return g.now },
		Audit: audit.SinkFunc(func(_ context.Context, e audit.Event) { g.events = append(g.events, e) })}
}

// browser is a request from an address; sid "" is alice's.
func (g *deviceRig) browser(address, sid string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, DevicePage, nil)
	if sid != "" {
		r.Header.Set("Sid", sid)
	}
	return r.WithContext(serve.WithRecord(r.Context(), &serve.Record{ID: "req", Address: address}))
}

func (g *deviceRig) device(code string) storage.Device {
	g.t.Helper()
	d, err := g.Device(g.t.Context(), storage.DeviceKey{CodeHash: token.HashDeviceCode(code)}, g.now)
	g.must(err)
	return d
}

func TestDeviceLook(t *testing.T) {
	for _, row := range []struct {
		name  string
		do    func(g *deviceRig, ans *deviceAnswer)
		found bool
	}{
		{"RFC 8628 §3.3 the code as shown", func(*deviceRig, *deviceAnswer) {}, true},
		{"RFC 8628 §6.1 typed carelessly", func(_ *deviceRig, a *deviceAnswer) { a.UserCode = " " + a.UserCode[:4] + a.UserCode[5:] + "." }, true},
		{"RFC 8628 §5.1 nobody signed in", func(g *deviceRig, _ *deviceAnswer) { g.signedIn = false }, false},
		{"no code", func(_ *deviceRig, a *deviceAnswer) { a.UserCode = "" }, false},
		{"unknown", func(_ *deviceRig, a *deviceAnswer) { a.UserCode = "BBBB-BBBB" }, false},
		{"the device code is no user code", func(_ *deviceRig, a *deviceAnswer) { a.UserCode = a.DeviceCode }, false},
		{"RFC 8628 §3.2 expired", func(g *deviceRig, _ *deviceAnswer) { g.now = g.now.Add(10 * time.Minute) }, false},
		{"the client is gone", func(g *deviceRig, _ *deviceAnswer) { g.client.ID = "x" }, false},
		{"account disabled", func(g *deviceRig, _ *deviceAnswer) {
			g.who.Disabled = true
			_, err := g.ReplaceAccount(g.t.Context(), g.who, storage.Effects{}, g.now)
			g.must(err)
		}, false},
		{"decided before", func(g *deviceRig, a *deviceAnswer) {
			q, err := g.approval().Look(g.browser("192.0.2.1", ""), a.UserCode)
			g.must(err)
			g.must(g.approval().Decide(g.browser("192.0.2.1", ""), q.Ticket, false))
		}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := newDeviceRig(t)
			ans, err := g.begin("192.0.2.1", "scope", "openid read", "resource", "https://api")
			g.must(err)
			began := g.now
			row.do(g, &ans)
			q, err := g.approval().Look(g.browser("192.0.2.1", ""), ans.UserCode)
			if !row.found {
				if !errors.Is(err, ErrNoDevice) {
					t.Errorf("%+v %v", q, err)
				}
				return
			}
			g.must(err)
			if q.Ticket == "" || q.Client.Name != "Television" || !slices.Equal(q.Scopes, oauth.Scopes{"openid", "read"}) || !slices.Equal(q.Resources, []string{"https://api"}) || !q.AskedAt.Equal(began) {
				t.Errorf("%+v", q)
			}
		})
	}
}

// TestDeviceGuess: wrong codes are counted for each person at each address, and for an address altogether; right ones are not.
func TestDeviceGuess(t *testing.T) {
	g := newDeviceRig(t)
	g.session("other", g.who.ID)
	ans, err := g.begin("192.0.2.1")
	g.must(err)
	look := func(address, sid, code string) error {
		_, err := g.approval().Look(g.browser(address, sid), code)
		return err
	}
	for range 3 * guessBudget.Max {
		g.must(look("192.0.2.1", "", ans.UserCode))
	}
	for range guessBudget.Max {
		if err := look("192.0.2.1", "", "BBBB-BBBB"); !errors.Is(err, ErrNoDevice) {
			t.Fatal(err)
		}
	}
	for _, code := range []string{"BBBB-BBBB", ans.UserCode} {
		if _, often := errors.AsType[*serve.Throttled](look("192.0.2.1", "", code)); !often {
			t.Error("RFC 8628 §5.1: guessing goes on")
		}
	}
	if n := len(g.events); n != 2 || g.events[0].Name != audit.Throttled || g.events[0].Address != "192.0.2.1" {
		t.Errorf("audited %+v", g.events)
	}
	g.must(look("192.0.2.2", "", ans.UserCode))
	g.must(look("192.0.2.1", "other", ans.UserCode))
	g.now = g.now.Add(guessBudget.Window)
	g.must(look("192.0.2.1", "", ans.UserCode))

	// A new session for every guess does not help.
	var throttled atomic.Bool
	for n := range guessesBudget.Max + 1 {
		sid := "s" + string(rune('A'+n))
		g.session(sid, g.who.ID)
		if _, often := errors.AsType[*serve.Throttled](look("192.0.2.7", sid, "BBBB-BBBB")); often {
			throttled.Store(true)
		}
	}
	if !throttled.Load() {
		t.Error("RFC 8628 §5.1: one address guesses for ever")
	}
}

func TestDeviceDecide(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(g *deviceRig, q *DeviceQuestion) (sid string)
		good bool
	}{
		{"RFC 8628 §3.3", func(*deviceRig, *DeviceQuestion) string { return "" }, true},
		{"RFC 8628 §5.4 another session's ticket", func(g *deviceRig, _ *DeviceQuestion) string { g.session("other", g.who.ID); return "other" }, false},
		{"RFC 8628 §5.4 nobody signed in", func(g *deviceRig, _ *DeviceQuestion) string { g.signedIn = false; return "" }, false},
		{"RFC 8628 §5.4 no ticket", func(_ *deviceRig, q *DeviceQuestion) string { q.Ticket = ""; return "" }, false},
		{"RFC 8628 §5.4 a ticket made up", func(_ *deviceRig, q *DeviceQuestion) string { q.Ticket = "AAAA"; return "" }, false},
		{"RFC 8628 §3.2 expired", func(g *deviceRig, _ *DeviceQuestion) string { g.now = g.now.Add(10 * time.Minute); return "" }, false},
		{"refused before", func(g *deviceRig, q *DeviceQuestion) string {
			g.must(g.approval().Decide(g.browser("192.0.2.1", ""), q.Ticket, false))
			return ""
		}, false},
		{"the session ended", func(g *deviceRig, _ *DeviceQuestion) string {
			_, err := g.EndSessions(g.t.Context(), storage.EndScope{AccountID: g.who.ID}, g.now)
			g.must(err)
			return ""
		}, false},
		{"the code is another device's by now", func(g *deviceRig, q *DeviceQuestion) string {
			g.now = g.now.Add(10 * time.Minute)
			_, c, err := g.approval().waiting(g.t.Context(), "", g.now)
			if !errors.Is(err, ErrNoDevice) {
				g.t.Fatal(c, err)
			}
			t, err := g.approval().open(q.Ticket, "sid")
			g.must(err)
			g.must(g.CreateDevice(g.t.Context(), storage.Device{CodeHash: "new", UserCodeHash: t.UserCodeHash, ClientID: "tv", ExpiresAt: g.now.Add(time.Minute)}, g.now))
			return ""
		}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := newDeviceRig(t)
			ans, err := g.begin("192.0.2.1", "scope", "openid read")
			g.must(err)
			q, err := g.approval().Look(g.browser("192.0.2.1", ""), ans.UserCode)
			g.must(err)
			sid := row.do(g, &q)
			err = g.approval().Decide(g.browser("192.0.2.1", sid), q.Ticket, true)
			if !row.good {
				if !errors.Is(err, ErrNoDevice) {
					t.Errorf("%v", err)
				}
				if _, err := g.Consent(t.Context(), g.who.ID, "tv"); !errors.Is(err, storage.ErrNotFound) {
					t.Errorf("a consent is remembered: %v", err)
				}
				return
			}
			g.must(err)
			by := g.device(ans.DeviceCode).Decision
			if !by.Allowed || by.Denied || by.AccountID != g.who.ID || by.SID != "sid" || by.ACR != "1" || !slices.Equal(by.AMR, []string{"pwd"}) || by.AuthTime.IsZero() {
				t.Errorf("%+v", by)
			}
			if c, err := g.Consent(t.Context(), g.who.ID, "tv"); err != nil || !slices.Equal(c.Scopes, []string{"openid", "read"}) {
				t.Errorf("consent %+v %v", c, err)
			}
			if n := len(g.events); n != 1 || g.events[0].Name != audit.DeviceAllowed || g.events[0].ClientID != "tv" || g.events[0].AccountID != g.who.ID || g.events[0].RequestID != "req" {
				t.Errorf("audited %+v", g.events)
			}
		})
	}
}

// TestDeviceNotify: the session reaches the client from now on, and its end is told to who asked for that.
func TestDeviceNotify(t *testing.T) {
	for uri, notify := range map[string][]string{"": nil, "https://tv.example/logout": {"tv"}} {
		g := newDeviceRig(t)
		g.client.BackchannelLogoutURI = uri
		for range 2 { // the second device of the same kind changes nothing
			ans, err := g.begin("192.0.2.1")
			g.must(err)
			q, err := g.approval().Look(g.browser("192.0.2.1", ""), ans.UserCode)
			g.must(err)
			g.must(g.approval().Decide(g.browser("192.0.2.1", ""), q.Ticket, true))
		}
		s, err := g.Session(t.Context(), "sid", g.now)
		g.must(err)
		if !slices.Equal(s.Clients, []string{"tv"}) || !slices.Equal(s.Notify, notify) {
			t.Errorf("Back-Channel Logout §2.2 %q: %+v", uri, s)
		}
	}
}

// TestDeviceRefuse: no means no, remembers nothing, and cannot be taken back.
func TestDeviceRefuse(t *testing.T) {
	g := newDeviceRig(t)
	ans, err := g.begin("192.0.2.1", "scope", "openid")
	g.must(err)
	q, err := g.approval().Look(g.browser("192.0.2.1", ""), ans.UserCode)
	g.must(err)
	g.must(g.approval().Decide(g.browser("192.0.2.1", ""), q.Ticket, false))
	if err := g.approval().Decide(g.browser("192.0.2.1", ""), q.Ticket, true); !errors.Is(err, ErrNoDevice) {
		t.Errorf("Back, then Allow: %v", err)
	}
	if by := g.device(ans.DeviceCode).Decision; !by.Denied || by.Allowed {
		t.Errorf("%+v", by)
	}
	if _, err := g.Consent(t.Context(), g.who.ID, "tv"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a consent is remembered: %v", err)
	}
	if len(g.events) != 1 || g.events[0].Name != audit.DeviceRefused {
		t.Errorf("audited %+v", g.events)
	}
}

// TestDeviceDecideRace: of many clicks at once, on both buttons, one counts.
func TestDeviceDecideRace(t *testing.T) {
	g := newDeviceRig(t)
	ans, err := g.begin("192.0.2.1")
	g.must(err)
	a := g.approval()
	a.Audit = audit.Discard
	q, err := a.Look(g.browser("192.0.2.1", ""), ans.UserCode)
	g.must(err)
	var wg sync.WaitGroup
	var won atomic.Int32
	for n := range 40 {
		wg.Go(func() {
			switch err := a.Decide(g.browser("192.0.2.1", ""), q.Ticket, n%2 == 0); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, ErrNoDevice):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("RFC 8628 §3.3: %d decisions", won.Load())
	}
}
