package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/provider/providertest"
	"latchkey/storage"
)

// TestCORS: pages of registered origins may call token, userinfo and revocation, and nothing else that clients prove themselves at.
func TestCORS(t *testing.T) {
	i := providertest.New(t, providertest.Clients(providertest.WebClient("app", func(c *storage.Client) { c.AllowedOrigins = []string{"https://spa.example.test"} })))
	const spa, callback, evil = "https://spa.example.test", "https://app.example.test", "https://evil.example.test"
	for _, c := range []struct {
		method, path string
		status       int
		open         bool
	}{
		{"POST", "/token", 401, true}, {"GET", "/userinfo", 401, true}, {"POST", "/userinfo", 401, true}, {"POST", "/revoke", 401, true}, {"GET", "/token", 405, true},
		{"POST", "/introspect", 401, false}, {"POST", "/par", 401, false}, {"POST", "/device_authorization", 401, false},
	} {
		t.Run(c.method+c.path, func(t *testing.T) {
			for origin, registered := range map[string]bool{spa: true, callback: true, evil: false, "null": false, "": false} {
				want := ""
				if registered && c.open {
					want = origin
				}
				h := http.Header{}
				if origin != "" {
					h.Set("Origin", origin)
				}
				var form url.Values
				if c.method == "POST" {
					form = url.Values{"client_id": {"nobody"}}
				}
				got := i.Call(c.method, c.path, form, h)
				if got.Status != c.status || got.Header.Get("Access-Control-Allow-Origin") != want || got.Header.Get("Access-Control-Allow-Credentials") != "" {
					t.Errorf("Fetch §3.2 %q: %d %v", origin, got.Status, got.Header)
				}
				if vary := got.Header.Get("Vary"); c.open && vary != "Origin" {
					t.Errorf("Fetch §3.2.5 %q: Vary %q", origin, vary)
				}
				h.Set("Access-Control-Request-Method", c.method)
				h.Set("Access-Control-Request-Headers", "authorization,content-type")
				pre := i.Call("OPTIONS", c.path, nil, h)
				if pre.Header.Get("Access-Control-Allow-Origin") != want || (pre.Status == 204) != c.open {
					t.Errorf("Fetch §3.2.2 %q: %d %v", origin, pre.Status, pre.Header)
				}
				if methods := pre.Header.Get("Access-Control-Allow-Methods"); want != "" && c.status != 405 && !strings.Contains(methods, c.method) {
					t.Errorf("Fetch §3.2.2 %q: methods %q", origin, methods)
				}
			}
		})
	}
}
