package providertest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"latchkey/provider/authorize"
	"latchkey/provider/client"
	"latchkey/provider/fetch"
	"latchkey/provider/token"
	"latchkey/storage"
)

// appKeys are an application's own, by algorithm.
var appKeys = sync.OnceValues(func() (map[string]crypto.Signer, error) {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	_, d, err := ed25519.GenerateKey(rand.Reader)
	return map[string]crypto.Signer{"RS256": r, "PS256": r, "ES256": e, "EdDSA": d}, err
})

// withKeys gives a client the public halves.
func withKeys(t testing.TB) func(c *storage.Client) {
	t.Helper()
	keys, err := appKeys()
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: keys[alg].Public(), KeyID: alg})
	}
	doc, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return func(c *storage.Client) { c.JWKS = doc }
}

// signObject signs claims with the application's key for alg, or with the one given.
func signObject(t testing.TB, alg string, claims map[string]any, key ...crypto.Signer) string {
	t.Helper()
	keys, err := appKeys()
	if err != nil {
		t.Fatal(err)
	}
	by := keys[alg]
	if len(key) > 0 {
		by = key[0]
	}
	opts := (&jose.SignerOptions{}).WithType("oauth-authz-req+jwt")
	if len(key) == 0 && alg != "PS256" {
		opts = opts.WithHeader("kid", alg)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: by}, opts)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// object is a request of this application as the claims of a request object; pairs change them, nil takes one away.
func (a *App) object(pairs ...any) map[string]any {
	now := a.i.Clock.Now()
	out := map[string]any{"iss": a.ID, "aud": URL, "exp": now.Add(time.Minute).Unix(), "nbf": now.Unix(), "iat": now.Unix()}
	for name, vs := range a.Request() {
		out[name] = vs[0]
	}
	for n := 0; n+1 < len(pairs); n += 2 {
		name, _ := pairs[n].(string)
		out[name] = pairs[n+1]
		if pairs[n+1] == nil {
			delete(out, name)
		}
	}
	return out
}

// web is what stands at addresses of others.
type web struct {
	mu    sync.Mutex
	pages map[string]string
	asked []string
}

func (w *web) Get(_ context.Context, uri, _ string) (fetch.Answer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, uri)
	body, ok := w.pages[uri]
	if !ok {
		return fetch.Answer{}, errors.New("nothing is there")
	}
	return fetch.Answer{Body: []byte(body)}, nil
}

const objectAt = "https://app.example.test/request.jwt"

// objectIssuer takes request objects, by value and from pages.
func objectIssuer(t *testing.T, pages *web) *Issuer {
	t.Helper()
	keyed := withKeys(t)
	by := func(id string, change ...func(c *storage.Client)) storage.Client {
		return WebClient(id, append([]func(c *storage.Client){keyed, func(c *storage.Client) {
			c.RequestURIs = []string{objectAt + "#old", "http://app.example.test/plain.jwt"}
		}}, change...)...)
	}
	i := New(t, Clients(
		by("basic", front), by("other"), by("keyless", func(c *storage.Client) { c.JWKS = nil }), by("es256", func(c *storage.Client) { c.RequestObjectAlg = "ES256" }),
		by("signed-only", func(c *storage.Client) { c.RequireSignedRequest = true }), by("two", func(c *storage.Client) { c.RedirectURIs = []string{Callback, Callback + "2"} }),
		by("signed-par", func(c *storage.Client) { c.RequireSignedRequest, c.RequirePAR = true, true }),
	))
	i.Provider.Authorize.Objects = client.NewKeys(nil, i.Clock.Now)
	i.Provider.Authorize.Fetch = pages
	i.Person("alice")
	return i
}

func TestRequestObject(t *testing.T) {
	for _, c := range []struct {
		name, client, alg string
		outer             []string // beside the usual outer request
		inner             []any    // beside what stands in any object
		state, nonce      string   // what counts
	}{
		{"OpenID Connect Core §6.1 RS256", "basic", "RS256", nil, []any{"state", "in", "nonce", "in"}, "in", "in"},
		{"OpenID Connect Core §6.1 PS256 without kid", "basic", "PS256", nil, []any{"state", "in"}, "in", "n-1"},
		{"OpenID Connect Core §6.1 ES256", "es256", "ES256", nil, []any{"state", "in"}, "in", "n-1"},
		{"OpenID Connect Core §6.1 EdDSA", "basic", "EdDSA", nil, []any{"state", "in"}, "in", "n-1"},
		{"OpenID Connect Core §6.1 what is silent inside counts outside", "basic", "ES256", []string{"nonce", "out"}, []any{"nonce", nil, "state", nil, "client_id", nil, "iss", nil, "aud", nil, "exp", nil}, "st", "out"},
		{"OpenID Connect Core §6.1 what differs counts inside", "basic", "ES256", []string{"state", "out", "nonce", "out", "scope", "openid"}, nil, "st", "n-1"},
		{"OpenID Connect Core §6.1 redirect_uri of the object, a bad one outside", "basic", "ES256", []string{"redirect_uri", "https://evil.test/"}, nil, "st", "n-1"},
		{"OpenID Connect Core §6.1 redirect_uri of the object, a good other one outside", "two", "ES256", []string{"redirect_uri", Callback + "2"}, nil, "st", "n-1"},
		{"RFC 9101 §5 response_type only inside", "basic", "ES256", []string{"response_type", ""}, nil, "st", "n-1"},
		{"RFC 9101 §6.3 nothing outside but client_id", "signed-only", "ES256", []string{"response_type", "", "redirect_uri", "", "scope", "", "state", "", "nonce", "", "code_challenge", "", "code_challenge_method", ""}, nil, "st", "n-1"},
		{"RFC 9101 §6.3 what stands outside does not count", "signed-only", "ES256", []string{"state", "out", "nonce", "out"}, []any{"state", nil, "nonce", nil}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := objectIssuer(t, nil)
			a, b := i.App(c.client), i.Browser()
			at := a.Authorize(append(c.outer, "request", signObject(t, c.alg, a.object(c.inner...)))...)
			p := b.Through(b.Get(at), "alice")
			got, _ := p.Response()
			if got.Get("code") == "" || got.Get("state") != c.state || !strings.HasPrefix(p.Left.String(), Callback+"?") {
				t.Fatalf("left %v", p.Left)
			}
			ans := a.Redeem(got.Get("code"))
			if ans.Status != 200 {
				t.Fatalf("%d %s", ans.Status, ans.Raw)
			}
			nonce, _ := payload(t, ans.Str("id_token"))["nonce"].(string)
			if nonce != c.nonce {
				t.Errorf("nonce %q", nonce)
			}
		})
	}
}

func TestRequestObjectRefused(t *testing.T) {
	foreign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := objectIssuer(t, nil)
	bare := func(header string, claims map[string]any) string {
		body, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		enc := base64.RawURLEncoding.EncodeToString
		return enc([]byte(header)) + "." + enc(body) + "."
	}
	sign := func(pairs ...any) func(a *App) string {
		return func(a *App) string { return signObject(t, "ES256", a.object(pairs...)) }
	}
	for _, c := range []struct {
		name, client string
		raw          func(a *App) string
		outer        []string
		want         string // an error at the client, or, after "page ", on a page
	}{
		{"RFC 9101 §6.2 alg none", "basic", func(a *App) string { return bare(`{"alg":"none"}`, a.object()) }, nil, "invalid_request_object"},
		{"RFC 9101 §6.2 alg none with a kid", "basic", func(a *App) string { return bare(`{"alg":"none","kid":"ES256"}`, a.object()) }, nil, "invalid_request_object"},
		{"RFC 8725 §2.1 HS256", "basic", func(a *App) string { return bare(`{"alg":"HS256"}`, a.object()) + "AAAA" }, nil, "invalid_request_object"},
		{"RFC 7516 encrypted", "basic", func(*App) string { return "a.b.c.d.e" }, nil, "invalid_request_object"},
		{"RFC 7515 §5.2 another key", "basic", func(a *App) string { return signObject(t, "ES256", a.object(), foreign) }, nil, "invalid_request_object"},
		{"RFC 7515 §5.2 no key", "keyless", sign(), nil, "invalid_request_object"},
		{"RFC 9101 §6.2 signed for another client", "basic", func(*App) string { return signObject(t, "ES256", i.App("other").object()) }, nil, "invalid_request_object"},
		{"OpenID Connect Registration §2 another algorithm than registered", "es256", func(a *App) string { return signObject(t, "RS256", a.object()) }, nil, "invalid_request_object"},
		{"RFC 7519 §4.1.4 expired", "basic", sign("exp", Start.Add(-2*time.Minute).Unix()), nil, "invalid_request_object"},
		{"RFC 9101 §10.8 an assertion of the client", "basic", sign("sub", "basic"), nil, "invalid_request_object"},
		{"RFC 9101 §4 request_uri inside", "basic", sign("request_uri", objectAt), nil, "invalid_request_object"},
		{"OpenID Connect Core §6.1 another response_type outside", "basic", sign("response_type", "code"), []string{"response_type", "code id_token"}, "fragment invalid_request_object"},
		{"too long", "basic", sign("state", strings.Repeat("x", 9<<10)), nil, "invalid_request_object"},
		{"OpenID Connect Core §6.1 request and request_uri", "basic", sign(), []string{"request_uri", objectAt}, "invalid_request"},
		{"RFC 9101 §6.3 no client_id inside", "signed-only", sign("client_id", nil), nil, "invalid_request_object"},
		{"RFC 9101 §6.3 no redirect_uri inside", "signed-only", sign("redirect_uri", nil), nil, "page invalid_request"},
		{"RFC 9101 §10.5 not signed at all", "signed-only", nil, nil, "invalid_request"},
		{"RFC 9126 §6 signed but not pushed", "signed-par", sign(), nil, "invalid_request"},
		{"RFC 9700 §2.1 a redirect_uri inside that is not registered", "basic", sign("redirect_uri", "https://evil.test/"), nil, "page invalid_request"},
		{"RFC 9700 §4.11 broken, and nowhere to say so", "basic", func(*App) string { return "x" }, []string{"redirect_uri", "https://evil.test/"}, "page invalid_request_object"},
		{"RFC 7636 §4.4.1 PKCE is of the object", "signed-only", sign("code_challenge", nil), nil, "invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := i.App(c.client)
			outer := c.outer
			if c.raw != nil {
				outer = append(outer, "request", c.raw(a))
			}
			p := i.Browser().Get(a.Authorize(outer...))
			if want, ok := strings.CutPrefix(c.want, "page "); ok {
				if p.Left != nil || p.Status != 400 || !strings.Contains(p.Body, want+" ") {
					t.Errorf("%d %q left %v", p.Status, p.Body, p.Left)
				}
				return
			}
			want, fragment := strings.CutPrefix(c.want, "fragment ")
			got, mode := p.Response()
			if got.Get("error") != want || got.Get("state") != "st" || (mode == "fragment") != fragment {
				t.Errorf("%v by %s, want %s", got, mode, want)
			}
		})
	}
	t.Run("OpenID Connect Core §3.1.2.6 not served", func(t *testing.T) {
		i.Provider.Authorize.Objects = nil
		a := i.App("basic")
		if got, _ := i.Browser().Get(a.Authorize("request", "x")).Response(); got.Get("error") != "request_not_supported" {
			t.Errorf("%v", got)
		}
		if got, _ := i.Browser().Get(a.Authorize("request_uri", objectAt)).Response(); got.Get("error") != "request_uri_not_supported" {
			t.Errorf("%v", got)
		}
	})
}

func TestRequestURI(t *testing.T) {
	pages := &web{pages: map[string]string{}}
	i := objectIssuer(t, pages)
	a := i.App("basic")
	pages.pages[objectAt] = signObject(t, "RS256", a.object("state", "in")) + "\n"
	pages.pages["http://app.example.test/plain.jwt"] = pages.pages[objectAt]
	for _, c := range []struct{ name, client, uri, want string }{
		{"OpenID Connect Core §6.2 registered", "basic", objectAt, ""},
		{"OpenID Connect Core §6.2 another fragment is another version", "basic", objectAt + "#new", ""},
		{"OpenID Connect Core §6.2 a query is another address", "basic", objectAt + "?x", "invalid_request_uri"},
		{"RFC 9101 §10.4.1 not registered", "basic", "https://169.254.169.254/latest", "invalid_request_uri"},
		{"RFC 9101 §10.4.1 another prefix", "basic", "https://app.example.test/request.jwt.evil.test", "invalid_request_uri"},
		{"RFC 9101 §5.2 http", "basic", "http://app.example.test/plain.jwt", "invalid_request_uri"},
		{"RFC 9101 §6.2 the object is of another client", "other", objectAt, "invalid_request_object"},
		{"RFC 9101 §5.2.1 another URN", "basic", "urn:example:request", "invalid_request_uri"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pages.asked = nil
			a, b := i.App(c.client), i.Browser()
			got, _ := b.Through(b.Get(a.Authorize("request_uri", c.uri)), "alice").Response()
			if got.Get("error") != c.want || (c.want == "" && (got.Get("code") == "" || got.Get("state") != "in")) || (c.want != "" && got.Get("state") != "st") {
				t.Errorf("%v", got)
			}
			if fetched := c.want != "invalid_request_uri"; (len(pages.asked) == 1) != fetched || fetched && pages.asked[0] != objectAt {
				t.Errorf("asked for %q", pages.asked) // once, whatever pages followed
			}
		})
	}
	t.Run("RFC 9101 §6.2 nothing is there, and nothing of why is told", func(t *testing.T) {
		delete(pages.pages, objectAt)
		got, _ := i.Browser().Get(a.Authorize("request_uri", objectAt)).Response()
		if got.Get("error") != "invalid_request_uri" || strings.Contains(got.Get("error_description"), "nothing is there") {
			t.Errorf("%v", got)
		}
	})
	t.Run("RFC 9101 §10.4.2 nobody makes us ask without end", func(t *testing.T) {
		pages.asked = nil
		last := 0
		for range 70 {
			last = i.Browser().Get(a.Authorize("request_uri", objectAt)).Status
		}
		if len(pages.asked) > 60 || last != http.StatusTooManyRequests {
			t.Errorf("%d times, then %d", len(pages.asked), last)
		}
	})
}

func TestPushedObject(t *testing.T) {
	i := objectIssuer(t, nil)
	b := i.Browser()
	for _, id := range []string{"signed-par", "basic"} {
		t.Run("RFC 9126 §3 "+id, func(t *testing.T) {
			a := i.App(id)
			ans := a.Post("/par", "request", signObject(t, "ES256", a.object("state", "in")), "state", "out", "nonce", "out")
			p := b.Through(b.Get(a.Pushed(ans, "state", "outer")), "alice")
			got, _ := p.Response()
			if got.Get("code") == "" || got.Get("state") != "in" {
				t.Fatalf("%v", got)
			}
			if payload(t, a.Redeem(got.Get("code")).Str("id_token"))["nonce"] != "n-1" {
				t.Error("the nonce is not the object's")
			}
		})
	}
	for _, c := range []struct {
		name, client string
		form         func(a *App) []string
		want         string
	}{
		{"RFC 9126 §3 what is outside does not count", "basic", func(a *App) []string {
			return []string{"request", signObject(t, "ES256", a.object("response_type", nil)), "response_type", "code"}
		}, "invalid_request"},
		{"RFC 9126 §3 signed for another client", "basic", func(*App) []string { return []string{"request", signObject(t, "ES256", i.App("other").object())} }, "invalid_request_object"},
		{"RFC 9126 §3 no client_id inside", "basic", func(a *App) []string { return []string{"request", signObject(t, "ES256", a.object("client_id", nil))} }, "invalid_request_object"},
		{"RFC 9101 §10.5 not signed", "signed-par", func(*App) []string {
			return []string{"response_type", "code", "redirect_uri", Callback, "scope", "openid", "code_challenge", Challenge, "code_challenge_method", "S256"}
		}, "invalid_request"},
		{"RFC 9126 §2.3 redirect_uri of the object", "basic", func(a *App) []string {
			return []string{"request", signObject(t, "ES256", a.object("redirect_uri", "https://evil.test/"))}
		}, "invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := i.App(c.client)
			a.Post("/par", c.form(a)...).wants(t, 400, c.want)
		})
	}
}

// TestObjectAlgs: what is announced is what is taken.
func TestObjectAlgs(t *testing.T) {
	for _, alg := range authorize.RequestObjectAlgs() {
		if alg == "none" || strings.HasPrefix(alg, "HS") || alg == token.HS256 {
			t.Errorf("RFC 9101 §10.1 %s", alg)
		}
	}
}
