package provider_test

import (
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/provider"
	"latchkey/provider/fetch"
	"latchkey/provider/oauth"
	"latchkey/provider/providertest"
	"latchkey/provider/register"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestDiscoveryGolden: what is on is announced, and nothing else, in the configuration that nobody changed and in others.
func TestDiscoveryGolden(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*provider.Config)
	}{
		{"discovery", func(*provider.Config) {}},
		{"discovery-all", func(c *provider.Config) {
			c.ResponseTypes, c.RequirePAR, c.SessionManagement = oauth.ResponseTypes(), true, true
			c.Fetch, c.Registration = fetch.New(fetch.Config{}), &register.Policy{Mode: register.Open}
			c.PolicyURI, c.TermsURI, c.DocsURI = "https://example.test/privacy", "https://example.test/terms", "https://example.test/docs"
		}},
		{"discovery-closed", func(c *provider.Config) {
			c.SignUpOpen, c.Locales, c.ResponseTypes = false, nil, []string{oauth.TypeCode, oauth.TypeCodeIDToken}
			c.Registration = &register.Policy{Mode: register.Token}
		}},
	} {
		t.Run(c.name, func(t *testing.T) { checkDiscovery(t, providertest.New(t, providertest.Config(c.change)), c.name) })
	}
}

func checkDiscovery(t *testing.T, i *providertest.Issuer, name string) {
	golden := filepath.Join("testdata", name+".golden.json")
	got := i.Call("GET", "/.well-known/openid-configuration", nil, nil)
	if *update {
		if err := os.WriteFile(golden, []byte(got.Raw), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got.Raw); d != "" {
		t.Error(d)
	}
	if second := i.Call("GET", "/.well-known/oauth-authorization-server", nil, nil); second.Raw != got.Raw {
		t.Error("RFC 8414 §3 differs")
	}
	if not := i.Call("GET", "/.well-known/openid-configuration", nil, map[string][]string{"If-None-Match": {got.Header.Get("ETag")}}); not.Status != 304 || not.Raw != "" {
		t.Errorf("RFC 9110 §13.1.2: %d", not.Status)
	}
	if head := i.Call("HEAD", "/.well-known/openid-configuration", nil, nil); head.Status != 200 || head.Raw != "" || head.Header.Get("Content-Length") == "0" {
		t.Errorf("RFC 9110 §9.3.2: %d", head.Status)
	}
	served := 0
	for name, v := range got.JSON {
		address, ok := v.(string)
		if !ok || name == "issuer" || !strings.HasPrefix(address, i.URL) {
			continue
		}
		served++
		u, err := url.Parse(address)
		if err != nil || !strings.HasPrefix(address, i.URL+"/") {
			t.Fatalf("%s: %s", name, address)
		}
		if p := i.Call("PATCH", u.Path, nil, nil); p.Status != 405 || p.Header.Get("Allow") == "" {
			t.Errorf("%s is announced but not served: %d", address, p.Status)
		}
	}
	if served < 6 {
		t.Errorf("%d addresses announced", served)
	}
	for _, name := range []string{"response_types_supported", "grant_types_supported", "id_token_signing_alg_values_supported", "scopes_supported", "prompt_values_supported"} {
		if list, _ := got.JSON[name].([]any); len(list) == 0 || slices.Contains(list, any("none")) && name != "prompt_values_supported" {
			t.Errorf("%s: %v", name, list)
		}
	}
}

// TestIssuerWithPath: every address begins with the issuer, and RFC 8414's stands where that says.
func TestIssuerWithPath(t *testing.T) {
	const issuer = "https://example.test/id"
	i := providertest.New(t, providertest.Config(func(c *provider.Config) { c.Issuer = issuer }))
	for _, path := range []string{"/id/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/id"} {
		got := i.Call("GET", "https://example.test"+path, nil, nil)
		if got.Status != 200 || got.Str("issuer") != issuer || got.Str("token_endpoint") != issuer+"/token" {
			t.Errorf("RFC 8414 §3.1 %s: %d %s", path, got.Status, got.Raw)
		}
	}
	if got := i.Call("GET", "https://example.test/token", nil, nil); got.Status != 404 {
		t.Errorf("outside of the issuer's path: %d", got.Status)
	}
}

func TestJWKS(t *testing.T) {
	i := providertest.New(t)
	got := i.Send("GET", "/jwks.json", nil, nil)
	var set struct{ Keys []map[string]any }
	if err := json.NewDecoder(got.Body).Decode(&set); err != nil || got.Header.Get("Content-Type") != "application/jwk-set+json" || got.Header.Get("ETag") == "" {
		t.Fatal(err, got.Header)
	}
	kids := map[any]bool{}
	for _, k := range set.Keys {
		if kids[k["kid"]] || k["d"] != nil || k["k"] != nil || k["kid"] == nil {
			t.Errorf("RFC 7517 §4.5, §9.2: %v", k)
		}
		kids[k["kid"]] = true
	}
	if len(kids) < 3 || i.Keys.LastJWKSFetch().IsZero() {
		t.Errorf("%d keys", len(kids))
	}
}

func TestRoutes(t *testing.T) {
	i := providertest.New(t)
	for _, c := range []struct {
		name, method, path string
		status             int
		allow              string
	}{
		{"RFC 9110 §15.5.6 token", "GET", "/token", 405, "POST"},
		{"RFC 9110 §15.5.6 authorize", "PUT", "/authorize", 405, "GET, HEAD, POST"},
		{"RFC 9110 §15.5.6 jwks", "POST", "/jwks.json", 405, "GET, HEAD"},
		{"paths are not cleaned", "GET", "//jwks.json", 404, ""},
		{"paths are not cleaned: dots", "GET", "/x/../jwks.json", 404, ""},
		{"paths are not decoded", "GET", "/%6Awks.json", 404, ""},
		{"no trailing slash", "GET", "/jwks.json/", 404, ""},
		{"case", "GET", "/JWKS.json", 404, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := i.Send(c.method, c.path, nil, nil)
			if res.StatusCode != c.status || res.Header.Get("Allow") != c.allow {
				t.Errorf("got %d, Allow %q", res.StatusCode, res.Header.Get("Allow"))
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for _, issuer := range []string{"", "id.example.test", "https://", "https://id.example.test/", "https://id.example.test?x", "https://id.example.test#", "ftp://id.example.test", "https://user@id.example.test", "//id.example.test"} {
		if _, err := provider.New(provider.Config{Issuer: issuer}); err == nil {
			t.Errorf("OpenID Connect Discovery §3: %q was taken", issuer)
		}
	}
}
