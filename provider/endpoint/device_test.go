package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
	"latchkey/storage/memory"
)

// deviceRig is both halves of the device flow over a store in memory. The browser is signed in as alice where signedIn is true.
type deviceRig struct {
	*memory.Store
	t        *testing.T
	now      time.Time
	client   storage.Client
	who      storage.Account
	signedIn bool
	events   []audit.Event
}

func newDeviceRig(t *testing.T) *deviceRig {
	t.Helper()
	g := &deviceRig{Store: memory.New(), t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), signedIn: true,
		client: storage.Client{ID: "tv", Name: "Television", AuthMethod: client.NoneMethod, GrantTypes: []string{oauth.DeviceGrant, "refresh_token"},
			Scopes: []string{"openid", "read", "offline_access"}, Audiences: []string{"https://api"}}}
	var err error
	g.who, err = g.CreateAccount(t.Context(), storage.Account{Sub: "sub", Username: "alice", UsernameKey: "alice"}, storage.Effects{}, g.now)
	g.must(err)
	g.session("sid", g.who.ID)
	return g
}

func (g *deviceRig) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

func (g *deviceRig) session(sid string, account int64) {
	g.t.Helper()
	g.must(g.CreateSession(g.t.Context(), storage.Session{SID: sid, AccountID: account, AuthTime: g.now, AMR: []string{"pwd"}, ACR: "1", ExpiresAt: g.now.Add(time.Hour)}, g.now))
}

// Authenticate takes every client for what it says.
func (g *deviceRig) Authenticate(_ context.Context, _ *http.Request, f oauth.Form) (storage.Client, error) {
	if f.Get("client_id") != g.client.ID {
		return storage.Client{}, oauth.E(oauth.InvalidClient, "")
	}
	return g.client, nil
}

// Client finds the one client that there is.
func (g *deviceRig) Client(_ context.Context, id string) (storage.Client, error) {
	if id != g.client.ID {
		return storage.Client{}, client.ErrUnknown
	}
	return g.client, nil
}

// NewDeviceCode makes plain ones.
func (g *deviceRig) NewDeviceCode(string, time.Time) string { return "lkd_" + token.Random(8) }

// Current is the session "sid", or that of the header Sid.
func (g *deviceRig) Current(r *http.Request) (storage.Session, bool, error) {
	sid := r.Header.Get("Sid")
	if sid == "" {
		sid = "sid"
	}
	s, err := g.Session(r.Context(), sid, g.now)
	if errors.Is(err, storage.ErrNotFound) || !g.signedIn {
		return s, false, nil
	}
	return s, err == nil, err
}

// Seal hides nothing, but Open wants the same purpose and context.
func (g *deviceRig) Seal(purpose, context string, plain []byte) ([]byte, error) {
	return []byte(purpose + "\x00" + context + "\x00" + string(plain)), nil
}

// Open is the reverse of Seal.
func (g *deviceRig) Open(purpose, context string, sealed []byte) ([]byte, error) {
	plain, ok := strings.CutPrefix(string(sealed), purpose+"\x00"+context+"\x00")
	if !ok {
		return nil, errors.New("sealed for another purpose")
	}
	return []byte(plain), nil
}

func (g *deviceRig) endpoint() *Device {
	return &Device{Issuer: "https://id", TTL: 10 * time.Minute, Interval: 5 * time.Second, Clients: g, Tokens: g, Store: g, Now: func() time.Time { return g.now }}
}

// begin asks for codes; pairs are form parameters.
func (g *deviceRig) begin(address string, pairs ...string) (deviceAnswer, error) {
	g.t.Helper()
	form := url.Values{"client_id": {"tv"}}
	for n := 0; n+1 < len(pairs); n += 2 {
		form.Add(pairs[n], pairs[n+1])
	}
	r := httptest.NewRequest(http.MethodPost, DeviceRoute, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r = r.WithContext(serve.WithRecord(r.Context(), &serve.Record{Address: address}))
	w := httptest.NewRecorder()
	if err := g.endpoint().Serve(w, r); err != nil {
		return deviceAnswer{}, err
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		g.t.Error("RFC 8628 §3.2 the answer may be stored")
	}
	var ans deviceAnswer
	g.must(json.Unmarshal(w.Body.Bytes(), &ans))
	return ans, nil
}

func TestDeviceAuthorization(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(c *storage.Client)
		pairs  []string
		want   oauth.Code
		scopes []string
	}{
		{"RFC 8628 §3.1", nil, []string{"scope", "openid read"}, "", []string{"openid", "read"}},
		{"RFC 8628 §3.1 no scope", nil, nil, "", nil},
		{"RFC 6749 §3.3 a scope of others is ignored", nil, []string{"scope", "openid admin"}, "", []string{"openid"}},
		{"RFC 6749 §3.3 none is left", nil, []string{"scope", "admin"}, oauth.InvalidScope, nil},
		{"RFC 6749 §3.3 malformed", nil, []string{"scope", "a\\b"}, oauth.InvalidScope, nil},
		{"OpenID Connect Core §11 offline", nil, []string{"scope", "offline_access"}, "", []string{"offline_access"}},
		{"OpenID Connect Core §11 offline without refresh tokens", func(c *storage.Client) { c.GrantTypes = []string{oauth.DeviceGrant} }, []string{"scope", "openid offline_access"}, "", []string{"openid"}},
		{"RFC 8707 §2 resource", nil, []string{"resource", "https://api"}, "", nil},
		{"RFC 8707 §2 a resource of others", nil, []string{"resource", "https://other"}, oauth.InvalidTarget, nil},
		{"RFC 8707 §2 malformed", nil, []string{"resource", "api"}, oauth.InvalidTarget, nil},
		{"RFC 6749 §3.2 repeated", nil, []string{"scope", "openid", "scope", "read"}, oauth.InvalidRequest, nil},
		{"RFC 6749 §5.2 not this client's grant", func(c *storage.Client) { c.GrantTypes = []string{"authorization_code"} }, nil, oauth.UnauthorizedClient, nil},
		{"RFC 7591 §2 grants not registered", func(c *storage.Client) { c.GrantTypes = nil }, nil, oauth.UnauthorizedClient, nil},
		{"RFC 6749 §2.3 client unknown", func(c *storage.Client) { c.ID = "x" }, nil, oauth.InvalidClient, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := newDeviceRig(t)
			if row.change != nil {
				row.change(&g.client)
			}
			ans, err := g.begin("192.0.2.1", row.pairs...)
			if row.want != "" {
				if e, ok := oauth.AsError(err); !ok || e.Code != row.want {
					t.Fatalf("%v, want %s", err, row.want)
				}
				return
			}
			g.must(err)
			code, ok := oauth.NormalUserCode(ans.UserCode)
			if !ok || len(ans.UserCode) != 9 || ans.VerificationURI != "https://id/device" || ans.Complete != "https://id/device?user_code="+ans.UserCode || ans.ExpiresIn != 600 || ans.Interval != 5 {
				t.Errorf("RFC 8628 §3.2: %+v", ans)
			}
			d, err := g.Device(t.Context(), storage.DeviceKey{CodeHash: token.HashDeviceCode(ans.DeviceCode)}, g.now.Add(599*time.Second))
			g.must(err)
			if d.UserCodeHash != token.HashUserCode(code) || d.ClientID != "tv" || !slices.Equal(d.Scopes, row.scopes) || d.Decision.Made() {
				t.Errorf("stored %+v", d)
			}
			if strings.Contains(d.CodeHash+d.UserCodeHash, code) {
				t.Error("RFC 8628 §5.2: codes are stored as they are")
			}
		})
	}
}

// TestDeviceLimit: who need not prove anything cannot fill the store; other addresses, and clients that proved who they are, go on.
func TestDeviceLimit(t *testing.T) {
	g := newDeviceRig(t)
	for range deviceBudget.Max {
		_, err := g.begin("2001:db8::1")
		g.must(err)
	}
	_, err := g.begin("2001:db8::2")
	often, ok := errors.AsType[*serve.Throttled](err)
	if !ok || often.RetryAfter <= 0 || often.RetryAfter > deviceBudget.Window {
		t.Fatalf("RFC 6749 §10: %v", err)
	}
	_, err = g.begin("192.0.2.9")
	g.must(err)
	g.client.AuthMethod = client.BasicMethod
	_, err = g.begin("2001:db8::1")
	g.must(err)
	g.client.Registered = true // a secret that anybody can have made for himself proves nothing
	if _, err = g.begin("2001:db8::1"); err == nil {
		t.Error("a client that registered itself fills the store")
	}
}

// taken answers ErrExists a number of times.
type taken struct {
	*memory.Store
	left int
}

func (s *taken) CreateDevice(ctx context.Context, d storage.Device, now time.Time) error {
	if s.left--; s.left >= 0 {
		return storage.ErrExists
	}
	return s.Store.CreateDevice(ctx, d, now)
}

func TestDeviceCollision(t *testing.T) {
	for tries, good := range map[int]bool{codeTries - 1: true, codeTries: false} {
		g := newDeviceRig(t)
		e := g.endpoint()
		e.Store = &taken{g.Store, tries}
		ans, err := e.start(t.Context(), storage.Device{ClientID: "tv"})
		if (err == nil) != good || good && ans.UserCode == "" {
			t.Errorf("RFC 8628 §6.1 %d codes in use: %+v %v", tries, ans, err)
		}
		if _, busy := errors.AsType[*serve.Unavailable](err); !good && !busy {
			t.Errorf("%v", err)
		}
	}
}
