package endpoint

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestDocument(t *testing.T) {
	d := NewDocument([]byte("{}"), 90*time.Second)
	shelf := new(shelf)
	for _, c := range []struct {
		name, method, match string
		status              int
		body                string
	}{
		{"RFC 9110 §9.3.1", "GET", "", 200, "{}"},
		{"RFC 9110 §9.3.2 HEAD", "HEAD", "", 200, ""},
		{"RFC 9110 §13.1.2 the same", "GET", d.ETag, 304, ""},
		{"RFC 9110 §13.1.2 weak, in a list", "GET", `"x", W/` + d.ETag, 304, ""},
		{"RFC 9110 §13.1.2 any", "GET", "*", 304, ""},
		{"RFC 9110 §13.1.2 another", "GET", `"x"`, 200, "{}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, w := httptest.NewRequest(c.method, "/", nil), httptest.NewRecorder()
			if c.match != "" {
				r.Header.Set("If-None-Match", c.match)
			}
			shelf.write(w, r, d, "application/json")
			if w.Code != c.status || w.Body.String() != c.body || w.Header().Get("ETag") != d.ETag || w.Header().Get("Cache-Control") != "public, max-age=90, must-revalidate" {
				t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
			}
			if w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Access-Control-Allow-Credentials") != "" {
				t.Error("CORS")
			}
			if c.status == http.StatusOK && w.Header().Get("Content-Length") != "2" {
				t.Error("Content-Length")
			}
		})
	}
}

func TestWithState(t *testing.T) {
	for _, c := range []struct{ uri, state, want string }{
		{"https://a/bye", "", "https://a/bye"}, {"https://a/bye", "a b&", "https://a/bye?state=a+b%26"}, {"https://a/bye?x=1", "s", "https://a/bye?x=1&state=s"},
	} {
		if got := withState(c.uri, c.state); got != c.want {
			t.Errorf("RP-Initiated Logout §3: got %s, want %s", got, c.want)
		}
	}
}
