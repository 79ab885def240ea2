package providertest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkOperations is what the issuer allocates and takes for whole requests, over the store in memory and without net/http's own part.
func BenchmarkOperations(b *testing.B) {
	i := New(b, Clients(WebClient("app")))
	i.Person("anna")
	app := i.App("app")
	ans := app.Redeem(app.SignIn(i.Browser(), "anna", "scope", "openid profile offline_access"))
	access, refresh := ans.Str("access_token"), ans.Str("refresh_token")
	basic := Basic("app", Secret)
	for _, c := range []struct {
		name, method, path, body string
		header                   http.Header
	}{
		{"jwks", "GET", "/jwks.json", "", nil},
		{"client_credentials", "POST", "/token", "grant_type=client_credentials&scope=read", basic},
		{"introspection", "POST", "/introspect", "token=" + access, basic},
		{"userinfo", "GET", "/userinfo", "", Bearer(access)},
		{"refresh", "POST", "/token", "grant_type=refresh_token&refresh_token=", basic},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := httptest.NewRequest(c.method, URL+c.path, nil)
			for name, values := range c.header {
				r.Header[name] = values
			}
			if c.method == http.MethodPost {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			b.ReportAllocs()
			for b.Loop() {
				body := c.body
				if c.name == "refresh" {
					body += refresh
				}
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
				w := answer{header: http.Header{}}
				i.Handler.ServeHTTP(&w, r)
				if w.status != http.StatusOK {
					b.Fatalf("%d %s", w.status, w.body.String())
				}
				if c.name == "refresh" {
					_, rest, _ := strings.Cut(w.body.String(), `"refresh_token":"`)
					refresh, _, _ = strings.Cut(rest, `"`)
				}
				i.Log.Reset()
				i.events = i.events[:0]
			}
		})
	}
}

// answer takes what a handler writes, as net/http's does and httptest's, which copies every header, does not.
type answer struct {
	header http.Header
	body   bytes.Buffer
	status int
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
