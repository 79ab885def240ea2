package providertest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"latchkey/provider"
	"latchkey/provider/client"
	"latchkey/provider/fetch"
	"latchkey/provider/oauth"
	"latchkey/provider/register"
	"latchkey/storage"
)

// side is a relying party's own server: what stands at its addresses, which the provider fetches with its real fetcher.
type side struct {
	*httptest.Server
	mu    sync.Mutex
	pages map[string]string
	asked []string
}

func newSide(t *testing.T) *side {
	t.Helper()
	s := &side{pages: map[string]string{}}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked = append(s.asked, r.URL.Path)
		body, ok := s.pages[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s
}

// put puts a page at a path and returns its address.
func (s *side) put(path, body string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[path] = body
	return s.URL + path
}

func (s *side) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// fetching lets the issuer fetch from s.
func fetching(t *testing.T, s *side) Option {
	t.Helper()
	roots := s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return Config(func(c *provider.Config) {
		c.Fetch = fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: roots})
	})
}

// registering opens registration; change says otherwise.
func registering(change ...func(*register.Policy)) Option {
	p := register.Policy{Mode: register.Open, Scopes: []string{"openid", "profile", "email", "offline_access"},
		GrantTypes: []string{"authorization_code", "refresh_token", oauth.DeviceGrant}, PerAddress: 1000, MaxClients: 100, UnusedTTL: unusedTTL}
	for _, f := range change {
		f(&p)
	}
	return Config(func(c *provider.Config) { c.Registration = &p })
}

// sendJSON sends a request with JSON.
func (i *Issuer) sendJSON(method, target, bearer string, body any, change ...func(*http.Request)) Answer {
	i.T.Helper()
	raw, err := json.Marshal(body)
	i.must(err)
	r := httptest.NewRequestWithContext(i.T.Context(), method, i.URL+strings.TrimPrefix(target, i.URL), bytes.NewReader(raw))
	r.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	i.Handler.ServeHTTP(w, r)
	a := Answer{Status: w.Code, Header: w.Header(), Raw: w.Body.String()}
	if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		i.must(json.Unmarshal(w.Body.Bytes(), &a.JSON))
	}
	return a
}

type object = map[string]any

// register registers a client, which must be taken.
func (i *Issuer) register(t *testing.T, initial string, metadata object) Answer {
	t.Helper()
	a := i.sendJSON("POST", "/register", initial, metadata)
	if a.Status != 201 || a.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("RFC 7591 §3.2.1: %d %s", a.Status, a.Raw)
	}
	return a
}

// registered is the application of a client that registered itself; k signs for it, and may be nil.
func (i *Issuer) registered(t *testing.T, reg Answer, k *keyring) *App {
	t.Helper()
	a := i.App(reg.Str("client_id"))
	secret := reg.Str("client_secret")
	a.Prove = func(path string, form url.Values) http.Header {
		switch a.AuthMethod {
		case client.BasicMethod:
			return Basic(a.ID, secret)
		case client.PostMethod:
			form.Set("client_secret", secret)
		case client.SecretJWTMethod, client.KeyJWTMethod:
			form.Set("client_assertion_type", client.AssertionType)
			form.Set("client_assertion", k.assertion(t, i, a.ID, secret, nil))
			return nil
		}
		form.Set("client_id", a.ID)
		return nil
	}
	return a
}

// initial makes an initial access token.
func (i *Issuer) initial(r storage.RegistrationToken) string {
	i.T.Helper()
	token, hash := client.NewRegistrationToken(client.InitialPrefix)
	r.Hash = hash
	i.must(i.Store.CreateRegistrationToken(i.T.Context(), r, i.Clock.Now()))
	return token
}
