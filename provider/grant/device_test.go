package grant

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/provider/oauth"
	"latchkey/provider/token"
	"latchkey/storage"
	"latchkey/storage/memory"
)

// deviceTokens reads codes of the form client/anything, which expire in ten minutes from now.
type deviceTokens struct{}

func (deviceTokens) EncodeRefresh(r token.Refresh) string { return "refresh of " + r.GrantID }
func (deviceTokens) DecodeRefresh(string) (token.Refresh, error) {
	return token.Refresh{}, token.ErrNotOurs
}
func (deviceTokens) RefreshTTL(storage.Client) time.Duration { return time.Hour }
func (deviceTokens) AccessTTL(storage.Client) time.Duration  { return time.Minute }
func (deviceTokens) DeviceCodeExpiry(code, c string) (time.Time, error) {
	if code != c+"/code" {
		return time.Time{}, token.ErrNotDevice
	}
	return now.Add(10 * time.Minute), nil
}

// deviceWorld is a store with one person, her session, and a device of the client "tv" that waits.
type deviceWorld struct {
	*memory.Store
	t      *testing.T
	who    storage.Account
	client storage.Client
	form   url.Values
	at     time.Time
}

const deviceUser = "user code"

func newDeviceWorld(t *testing.T) *deviceWorld {
	t.Helper()
	w := &deviceWorld{Store: memory.New(), t: t, at: now, form: url.Values{"device_code": {"tv/code"}},
		client: storage.Client{ID: "tv", GrantTypes: []string{DeviceType, RefreshType}, Scopes: []string{"openid", "read", "offline_access"}, Audiences: []string{"https://api"}}}
	var err error
	w.who, err = w.CreateAccount(t.Context(), storage.Account{Sub: "sub", Username: "alice", UsernameKey: "alice"}, storage.Effects{}, now)
	w.must(err)
	w.must(w.CreateSession(t.Context(), storage.Session{SID: "sid", AccountID: w.who.ID, ExpiresAt: now.Add(time.Hour)}, now))
	w.must(w.CreateDevice(t.Context(), storage.Device{CodeHash: token.HashDeviceCode("tv/code"), UserCodeHash: deviceUser, ClientID: "tv",
		Scopes: []string{"openid", "read"}, Resources: []string{"https://api"}, CreatedAt: now, ExpiresAt: now.Add(10 * time.Minute)}, now))
	return w
}

func (w *deviceWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *deviceWorld) decide(allow bool) {
	w.t.Helper()
	w.must(w.PutConsent(w.t.Context(), storage.Consent{AccountID: w.who.ID, ClientID: "tv", Scopes: oauth.Consentable(oauth.Scopes{"openid", "read"}, []string{"https://api"})}, w.at))
	w.must(w.DecideDevice(w.t.Context(), deviceUser, storage.DeviceDecision{Allowed: allow, Denied: !allow, AccountID: w.who.ID, SID: "sid",
		AuthTime: now.Add(-time.Minute), AMR: []string{"pwd"}, ACR: "1", At: w.at}, w.at))
}

func (w *deviceWorld) poll(s DeviceStore) (*token.Authorization, error) {
	x := Device{Store: s, Tokens: deviceTokens{}, Interval: 5 * time.Second}
	a, _, err := x.Exchange(w.t.Context(), &Request{Client: &w.client, Form: form(w.t, w.form), Now: w.at})
	return a, err
}

func TestDevice(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(w *deviceWorld)
		want oauth.Code
	}{
		{"RFC 8628 §3.5 not decided", func(*deviceWorld) {}, oauth.AuthorizationPending},
		{"RFC 8628 §3.5 refused", func(w *deviceWorld) { w.decide(false) }, oauth.AccessDenied},
		{"RFC 8628 §3.5 allowed", func(w *deviceWorld) { w.decide(true) }, ""},
		{"RFC 8628 §3.5 expired", func(w *deviceWorld) { w.at = now.Add(10 * time.Minute) }, oauth.ExpiredToken},
		{"RFC 8628 §3.5 allowed, but expired", func(w *deviceWorld) { w.decide(true); w.at = now.Add(10 * time.Minute) }, oauth.ExpiredToken},
		{"RFC 8628 §3.4 no device_code", func(w *deviceWorld) { w.form = nil }, oauth.InvalidRequest},
		{"RFC 6749 §5.2 unknown", func(w *deviceWorld) { w.form.Set("device_code", "tv/other") }, oauth.InvalidGrant},
		{"RFC 6749 §5.2 another client's", func(w *deviceWorld) { w.decide(true); w.client.ID = "other" }, oauth.InvalidGrant},
		{"RFC 6749 §5.2 stored for another client", func(w *deviceWorld) {
			w.must(w.CreateDevice(w.t.Context(), storage.Device{CodeHash: token.HashDeviceCode("box/code"), UserCodeHash: "u2", ClientID: "tv", ExpiresAt: now.Add(time.Minute)}, now))
			w.client.ID = "box"
			w.form.Set("device_code", "box/code")
		}, oauth.InvalidGrant},
		{"RFC 6749 §5.2 used", func(w *deviceWorld) {
			w.decide(true)
			_, err := w.poll(w)
			w.must(err)
		}, oauth.InvalidGrant},
		{"account disabled since", func(w *deviceWorld) {
			w.decide(true)
			w.who.Disabled = true
			_, err := w.ReplaceAccount(w.t.Context(), w.who, storage.Effects{}, now)
			w.must(err)
		}, oauth.InvalidGrant},
		{"signed out since", func(w *deviceWorld) {
			w.decide(true)
			_, err := w.EndSessions(w.t.Context(), storage.EndScope{AccountID: w.who.ID}, now)
			w.must(err)
		}, oauth.InvalidGrant},
		{"RFC 8628 §5.4 taken back since", func(w *deviceWorld) {
			w.decide(true)
			w.must(w.DeleteConsent(w.t.Context(), w.who.ID, "tv", now))
		}, oauth.InvalidGrant},
		{"RFC 8628 §5.4 taken back since, and less allowed", func(w *deviceWorld) {
			w.decide(true)
			w.must(w.DeleteConsent(w.t.Context(), w.who.ID, "tv", now))
			w.must(w.PutConsent(w.t.Context(), storage.Consent{AccountID: w.who.ID, ClientID: "tv", Scopes: []string{"openid"}}, now))
		}, oauth.InvalidGrant},
		{"RFC 8707 §2.2 a resource that was not allowed", func(w *deviceWorld) { w.decide(true); w.form.Set("resource", "https://other") }, oauth.InvalidTarget},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newDeviceWorld(t)
			row.do(w)
			a, err := w.poll(w)
			if codeOf(err) != row.want || (row.want == "") != (err == nil && a != nil) {
				t.Errorf("%v %v", a, err)
			}
		})
	}
}

// TestDeviceGrant: what is granted is what the person allowed, at most what the client still may.
func TestDeviceGrant(t *testing.T) {
	for _, row := range []struct {
		name           string
		change         func(c *storage.Client)
		scopes         []string
		refresh, token bool
	}{
		{"RFC 8628 §3.5 all of it", func(*storage.Client) {}, []string{"openid", "read"}, true, true},
		{"RFC 6749 §3.3 the client lost a scope", func(c *storage.Client) { c.Scopes = []string{"read"} }, []string{"read"}, true, false},
		{"RFC 6749 §1.5 the client has no refresh tokens", func(c *storage.Client) { c.GrantTypes = []string{DeviceType} }, []string{"openid", "read"}, false, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newDeviceWorld(t)
			row.change(&w.client)
			w.decide(true)
			w.at = now.Add(time.Minute)
			a, err := w.poll(w)
			w.must(err)
			if !slices.Equal(a.Scopes, row.scopes) || (a.Refresh != "") != row.refresh || a.IDToken != row.token || !slices.Equal(a.Resources, []string{"https://api"}) || a.Account.ID != w.who.ID {
				t.Errorf("%+v", a)
			}
			g, err := w.Grant(t.Context(), storage.GrantKey{ID: a.Grant.ID}, w.at)
			w.must(err)
			if g.SID != "sid" || g.AccountID != w.who.ID || g.ClientID != "tv" || !g.AuthTime.Equal(now.Add(-time.Minute)) || g.ACR != "1" || !slices.Equal(g.AMR, []string{"pwd"}) ||
				g.Offline || !slices.Equal(g.Scopes, []string{"openid", "read"}) || (g.Refresh != nil) != row.refresh || !g.ExpiresAt.Equal(w.at.Add(time.Hour+time.Minute)) {
				t.Errorf("stored %+v", g)
			}
		})
	}
}

// TestDeviceOffline: an offline grant outlives its session, but does not come about without one: a password reset between the two must hold.
func TestDeviceOffline(t *testing.T) {
	w := newDeviceWorld(t)
	offline := storage.Device{CodeHash: token.HashDeviceCode("box/code"), UserCodeHash: "u2", ClientID: "box", Scopes: []string{"offline_access"}, ExpiresAt: now.Add(time.Minute)}
	w.must(w.CreateDevice(t.Context(), offline, now))
	w.must(w.DecideDevice(t.Context(), "u2", storage.DeviceDecision{Allowed: true, AccountID: w.who.ID, SID: "sid", At: now}, now))
	w.must(w.PutConsent(t.Context(), storage.Consent{AccountID: w.who.ID, ClientID: "box", Scopes: []string{"offline_access"}}, now))
	w.client.ID = "box"
	w.form.Set("device_code", "box/code")
	_, err := w.EndSessions(t.Context(), storage.EndScope{AccountID: w.who.ID, Offline: true}, now)
	w.must(err)
	if _, err := w.poll(w); codeOf(err) != oauth.InvalidGrant {
		t.Fatalf("OpenID Connect Core §11: %v", err)
	}
	w.must(w.CreateSession(t.Context(), storage.Session{SID: "sid", AccountID: w.who.ID, ExpiresAt: now.Add(time.Hour)}, now))
	a, err := w.poll(w)
	w.must(err)
	if !a.Grant.Offline {
		t.Error("OpenID Connect Core §11: the grant is not offline")
	}
}

// TestDeviceSlowDown polls every second and every five: the pace is judged, and nobody is punished for ever.
func TestDeviceSlowDown(t *testing.T) {
	w := newDeviceWorld(t)
	want := func(after time.Duration, code oauth.Code) {
		t.Helper()
		w.at = now.Add(after)
		if _, err := w.poll(w); codeOf(err) != code {
			t.Errorf("RFC 8628 §3.5 after %v: %v, want %s", after, err, code)
		}
	}
	want(0, oauth.AuthorizationPending)
	want(time.Second, oauth.SlowDown)
	want(3*time.Second, oauth.SlowDown)
	want(4900*time.Millisecond, oauth.AuthorizationPending) // the network was faster this time
	want(10*time.Second, oauth.AuthorizationPending)
	want(11*time.Second, oauth.SlowDown)
	w.decide(false)
	want(11*time.Second, oauth.AccessDenied)
	want(11*time.Second, oauth.AccessDenied)
}

// TestDeviceRace: of 50 polls at once one gets tokens, and one grant is there.
func TestDeviceRace(t *testing.T) {
	w := newDeviceWorld(t)
	w.decide(true)
	var wg sync.WaitGroup
	var won atomic.Int32
	start := make(chan struct{})
	for range 50 {
		wg.Go(func() {
			<-start
			switch a, err := w.poll(w); {
			case err == nil && a != nil:
				won.Add(1)
			case codeOf(err) != oauth.InvalidGrant:
				t.Errorf("RFC 6749 §5.2: %v", err)
			}
		})
	}
	close(start)
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("RFC 8628 §3.5: %d polls got tokens", won.Load())
	}
	if n, err := w.RevokeGrants(t.Context(), storage.GrantScope{AccountID: w.who.ID}, now); err != nil || n != 1 {
		t.Errorf("%d grants, %v", n, err)
	}
}

// brokenDevices fails at one verb.
type brokenDevices struct {
	DeviceStore
	verb string
}

func (b brokenDevices) fail(verb string) error {
	if b.verb == verb {
		return storage.ErrUnavailable
	}
	return nil
}

func (b brokenDevices) Device(ctx context.Context, key storage.DeviceKey, now time.Time) (storage.Device, error) {
	if err := b.fail("Device"); err != nil {
		return storage.Device{}, err
	}
	return b.DeviceStore.Device(ctx, key, now)
}

func (b brokenDevices) RedeemDevice(ctx context.Context, hash string, g *storage.Grant, now time.Time) error {
	if err := b.fail("RedeemDevice"); err != nil {
		return err
	}
	return b.DeviceStore.RedeemDevice(ctx, hash, g, now)
}

func (b brokenDevices) TakeAttempts(ctx context.Context, l []storage.Limit, now time.Time) (storage.Taken, error) {
	if err := b.fail("TakeAttempts"); err != nil {
		return storage.Taken{}, err
	}
	return b.DeviceStore.TakeAttempts(ctx, l, now)
}

// hasty takes the consent back the moment the device is redeemed.
type hasty struct{ *deviceWorld }

func (h hasty) RedeemDevice(ctx context.Context, hash string, g *storage.Grant, at time.Time) error {
	h.must(h.DeleteConsent(ctx, h.who.ID, "tv", at))
	return h.Store.RedeemDevice(ctx, hash, g, at)
}

// TestDeviceTakenBackMeanwhile: no grant outlives the consent that was taken back while it came about.
func TestDeviceTakenBackMeanwhile(t *testing.T) {
	w := newDeviceWorld(t)
	w.decide(true)
	if a, err := w.poll(hasty{w}); codeOf(err) != oauth.InvalidGrant {
		t.Errorf("RFC 8628 §5.4: %v %v", a, err)
	}
	if n, err := w.RevokeGrants(t.Context(), storage.GrantScope{AccountID: w.who.ID}, now); err != nil || n != 0 {
		t.Errorf("RFC 8628 §5.4: %d grants are left, %v", n, err)
	}
}

func (b brokenDevices) Consent(ctx context.Context, id int64, clientID string) (storage.Consent, error) {
	if err := b.fail("Consent"); err != nil {
		return storage.Consent{}, err
	}
	return b.DeviceStore.Consent(ctx, id, clientID)
}

func TestDeviceFaults(t *testing.T) {
	for verb, decided := range map[string]bool{"Device": false, "TakeAttempts": false, "Consent": true, "RedeemDevice": true} {
		w := newDeviceWorld(t)
		if decided {
			w.decide(true)
		}
		if _, err := w.poll(brokenDevices{w, verb}); !errors.Is(err, storage.ErrUnavailable) || codeOf(err) != "" {
			t.Errorf("%s is away: %v", verb, err)
		}
	}
}
