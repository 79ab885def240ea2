package serve

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/provider/oauth"
)

const appOrigin = "https://app.example"

func TestCORS(t *testing.T) {
	asked := 0
	allow := func(_ context.Context, o string) (bool, error) {
		asked++
		if o == "https://away.example" {
			return true, errors.New("the store is away")
		}
		return o == appOrigin || o == "null" || len(o) > maxOrigin, nil
	}
	f := newFixture(t)
	h := f.Handle("token", FaceFunc(JSONFace), ok, CORS(allow, "GET", "POST"))
	for _, row := range []struct {
		name, method, origin, want string
		status                     int
	}{
		{"Fetch §3.2.2 preflight", "OPTIONS", appOrigin, appOrigin, 204},
		{"Fetch §3.2.1 request", "POST", appOrigin, appOrigin, 200},
		{"stranger's preflight", "OPTIONS", "https://evil.example", "", 204},
		{"stranger", "POST", "https://evil.example", "", 200},
		{"another port is another origin", "POST", appOrigin + ":444", "", 200},
		{"opaque origin", "POST", "null", "", 200},
		{"no origin", "POST", "", "", 200},
		{"an origin that no host could have", "POST", "https://" + strings.Repeat("a", maxOrigin), "", 200},
		{"nobody can say", "POST", "https://away.example", "", 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := httptest.NewRequest(row.method, "/", nil)
			if row.origin != "" {
				r.Header.Set("Origin", row.origin)
			}
			if row.method == "OPTIONS" {
				r.Header.Set("Access-Control-Request-Method", "POST")
			}
			w := f.do(h, r)
			if w.Code != row.status || w.Header().Get("Access-Control-Allow-Origin") != row.want || w.Header().Get("Vary") != "Origin" {
				t.Errorf("%d %v", w.Code, w.Header())
			}
			if w.Header().Get("Access-Control-Allow-Credentials") != "" {
				t.Error("credentials allowed")
			}
			preflight := row.method == "OPTIONS" && row.want != ""
			if got := w.Header().Get("Access-Control-Allow-Methods"); (got == "GET, POST") != preflight {
				t.Errorf("methods %q", got)
			}
			if got := w.Header().Get("Access-Control-Allow-Headers"); strings.Contains(got, "Authorization, Content-Type, DPoP") != preflight {
				t.Errorf("headers %q", got)
			}
			if got := w.Header().Get("Access-Control-Expose-Headers"); strings.Contains(got, "WWW-Authenticate") != (row.want != "") {
				t.Errorf("exposed %q", got)
			}
		})
	}
	t.Run("two origins are none", func(t *testing.T) {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header["Origin"] = []string{appOrigin, appOrigin}
		before := asked
		if w := f.do(h, r); w.Header().Get("Access-Control-Allow-Origin") != "" || asked != before {
			t.Errorf("%v", w.Header())
		}
	})
}

// TestCORSOfErrors: what a page cannot read looks to it as if the network had failed.
func TestCORSOfErrors(t *testing.T) {
	allow := CORS(func(_ context.Context, o string) (bool, error) { return o == appOrigin, nil }, "POST")
	fail := func(err error) Handler { return func(http.ResponseWriter, *http.Request) error { return err } }
	f := newFixture(t)
	for _, row := range []struct {
		name   string
		h      http.Handler
		method string
		body   string
		status int
		also   string
	}{
		{"RFC 6749 §5.2", f.Handle("a", FaceFunc(JSONFace), fail(oauth.E(oauth.InvalidGrant, "spent")), allow), "POST", "", 400, ""},
		{"RFC 6750 §3", f.Handle("b", FaceFunc(BearerFace), fail(oauth.E(oauth.InvalidToken, "expired")), allow), "POST", "", 401, "WWW-Authenticate"},
		{"RFC 6585 §4", f.Handle("c", FaceFunc(JSONFace), fail(&Throttled{RetryAfter: time.Second}), allow), "POST", "", 429, "Retry-After"},
		{"busy", f.Handle("d", FaceFunc(JSONFace), fail(&Unavailable{}), allow), "POST", "", 503, "Retry-After"},
		{"too large", f.Handle("e", FaceFunc(JSONFace), ok, allow, MaxBody(3)), "POST", "four", 413, ""},
		{"a panic", f.Handle("f", FaceFunc(JSONFace), func(http.ResponseWriter, *http.Request) error { panic("x") }, allow), "POST", "", 500, ""},
		{"RFC 9110 §15.5.6", f.Handle("g", FaceFunc(JSONFace), fail(&MethodNotAllowed{Allow: "POST"}), allow), "OPTIONS", "", 405, "Allow"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := httptest.NewRequest(row.method, "/", strings.NewReader(row.body))
			r.Header.Set("Origin", appOrigin)
			w := f.do(row.h, r)
			if w.Code != row.status || w.Header().Get("Access-Control-Allow-Origin") != appOrigin || w.Header().Get("Vary") != "Origin" {
				t.Errorf("%d %v", w.Code, w.Header())
			}
			if row.also != "" && w.Header().Get(row.also) == "" {
				t.Errorf("no %s", row.also)
			}
		})
	}
	t.Run("shed", func(t *testing.T) {
		full := newFixture(t, func(c *Config) { c.MaxConcurrent = 1 })
		full.gate.enter(Vital)
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Origin", appOrigin)
		if w := full.do(full.Handle("h", FaceFunc(JSONFace), ok, allow), r); w.Code != 503 || w.Header().Get("Access-Control-Allow-Origin") != appOrigin {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	})
}
