package serve

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"latchkey/provider/audit"
	"latchkey/provider/oauth"
	"latchkey/storage"
)

// logBuffer is a log that handlers of several requests write at once.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// value is what a counter or gauge stands at.
func value(t *testing.T, m prometheus.Metric) float64 {
	t.Helper()
	var out dto.Metric
	if err := m.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.GetCounter().GetValue() + out.GetGauge().GetValue()
}

// samples counts what a histogram has seen.
func samples(t *testing.T, reg prometheus.Gatherer, name string) (n uint64) {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name {
				n += m.GetHistogram().GetSampleCount()
			}
		}
	}
	return n
}

type fixture struct {
	*Edge
	log *logBuffer
	reg *prometheus.Registry
}

func newFixture(t *testing.T, change ...func(*Config)) fixture {
	t.Helper()
	f := fixture{log: &logBuffer{}, reg: prometheus.NewRegistry()}
	cfg := Config{Issuer: "http://localhost:8080", Logger: NewLogger(f.log, "json", slog.LevelDebug), Registry: f.reg, Now: time.Now}
	for _, c := range change {
		c(&cfg)
	}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	f.Edge = e
	return f
}

// start serves h behind the edge on a real listener and returns its address.
func (f fixture) start(t *testing.T, h http.Handler, lim Limits) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := f.NewHTTPServer(f.Wrap(h), lim, nil)
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Serve(NewConnections(100).Listen(ln)) })
	t.Cleanup(func() { _ = srv.Close(); wg.Wait() })
	return ln.Addr().String()
}

func (f fixture) do(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	if r.Host == "example.com" {
		r.Host = "localhost"
	}
	w := httptest.NewRecorder()
	f.Wrap(h).ServeHTTP(w, r)
	return w
}

// lines returns the log's lines with that message.
func (l *logBuffer) lines(t *testing.T, msg string) (out []map[string]any) {
	t.Helper()
	for line := range strings.Lines(l.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if m["msg"] == msg {
			out = append(out, m)
		}
	}
	return out
}

func ok(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	_, err = w.Write(body)
	return err
}

func TestRequestLine(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Proxies = testProxies() })
	h := f.Handle("media", FaceFunc(JSONFace), func(w http.ResponseWriter, r *http.Request) error {
		rec := RecordOf(r.Context())
		rec.ClientID, rec.AccountID, rec.GrantType = "app", 7, "refresh_token"
		return oauth.E(oauth.InvalidGrant, "The code is spent.").Because(errors.New("row 12"))
	}, Route("/media/{id}"))
	r := httptest.NewRequest(http.MethodPost, "/media/very-private?code=in-the-query", nil)
	r.RemoteAddr, r.Header["X-Forwarded-For"] = "10.0.0.1:99", []string{"192.0.2.9"}
	w := f.do(h, r)
	if w.Code != 400 || w.Body.String() != `{"error":"invalid_grant","error_description":"The code is spent."}` {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	lines := f.log.lines(t, "request")
	if len(lines) != 1 {
		t.Fatalf("%d lines: %s", len(lines), f.log)
	}
	for key, want := range map[string]any{
		"route": "/media/{id}", "endpoint": "media", "method": "POST", "status": 400.0, "bytes": 66.0, "address": "192.0.2.9", "client_id": "app",
		"account_id": 7.0, "grant_type": "refresh_token", "outcome": "invalid_grant", "error": "invalid_grant: The code is spent.: row 12",
	} {
		if lines[0][key] != want {
			t.Errorf("%s = %v, want %v", key, lines[0][key], want)
		}
	}
	if id, _ := lines[0]["request_id"].(string); len(id) < 16 {
		t.Errorf("request_id %q", id)
	}
	if n := value(t, f.metrics.tokens.WithLabelValues("refresh_token", "invalid_grant")); n != 1 {
		t.Errorf("token requests: %v", n)
	}
	if n := samples(t, f.reg, "latchkey_http_request_duration_seconds"); n != 1 {
		t.Errorf("durations: %d", n)
	}
}

func TestUnroutedPathStaysOut(t *testing.T) {
	f := newFixture(t)
	f.do(http.NotFoundHandler(), httptest.NewRequest("BREW", "/secret-path?x=secret-query", nil))
	line := f.log.lines(t, "request")[0]
	if line["endpoint"] != "unknown" || line["route"] != "" || line["method"] != "_OTHER" || line["outcome"] != "refused" || strings.Contains(f.log.String(), "secret") {
		t.Errorf("%v", line)
	}
}

// No secret that a request carries may be in the log, even where a handler's error repeats all of it.
func TestLogHoldsNoSecret(t *testing.T) {
	f := newFixture(t)
	h := f.Handle("careless", FaceFunc(JSONFace), func(_ http.ResponseWriter, r *http.Request) error {
		if err := r.ParseForm(); err != nil {
			return err
		}
		_, password, _ := r.BasicAuth()
		err := fmt.Errorf("get %s: %v %v %v %s", r.URL, r.Header, r.PostForm, r.Cookies(), password)
		if r.Header.Get("X-Panic") != "" {
			panic(err)
		}
		return err
	})
	for _, panics := range []string{"", "yes"} {
		r := httptest.NewRequest(http.MethodPost, "/x?code=SECRET-query&state=SECRET%2Fstate", strings.NewReader("password=SECRET+form&refresh_token=SECRET-rt"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Cookie", "__Host-s=SECRET-cookie")
		r.SetBasicAuth("client", "SECRET-basic")
		if panics != "" {
			r.Header.Set("X-Panic", panics)
		}
		if w := f.do(h, r); w.Code != 500 || strings.Contains(w.Body.String(), "SECRET") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	for _, secret := range []string{"SECRET", "Y2xpZW50OlNFQ1JFVC1iYXNpYw"} {
		if strings.Contains(f.log.String(), secret) {
			t.Errorf("%s is in the log:\n%s", secret, f.log)
		}
	}
	if n := len(f.log.lines(t, "request")); n != 2 {
		t.Errorf("%d lines", n)
	}
}

func TestPanicIsAnsweredCountedAndLogged(t *testing.T) {
	f := newFixture(t)
	mux := http.NewServeMux()
	mux.Handle("/fresh", f.Handle("fresh", FaceFunc(JSONFace), func(http.ResponseWriter, *http.Request) error { panic("boom") }))
	mux.Handle("/half", f.Handle("half", FaceFunc(JSONFace), func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Length", "10")
		_, _ = w.Write([]byte("half"))
		panic("boom")
	}))
	mux.HandleFunc("/outside", func(http.ResponseWriter, *http.Request) { panic("boom") })
	mux.Handle("/abort", f.Handle("abort", FaceFunc(JSONFace), func(http.ResponseWriter, *http.Request) error { panic(http.ErrAbortHandler) }))
	mux.Handle("/ok", f.Handle("ok", FaceFunc(JSONFace), ok))
	base := "http://" + f.start(t, mux, Limits{})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // on a kept connection it would try again
	for path, status := range map[string]int{"/fresh": 500, "/outside": 500, "/half": 0, "/abort": 0, "/ok": 200} {
		res, err := client.Get(base + path)
		if err == nil {
			_, err = io.ReadAll(res.Body)
			_ = res.Body.Close()
		}
		switch {
		case status == 0 && err == nil:
			t.Errorf("%s: a broken answer looks whole", path)
		case status != 0 && (err != nil || res.StatusCode != status):
			t.Errorf("%s: %v %v", path, res, err)
		}
	}
	if got := value(t, f.metrics.panics.WithLabelValues("fresh")); got != 1 {
		t.Errorf("panics of fresh: %v", got)
	}
	panics := f.log.lines(t, "panic")
	if len(panics) != 3 {
		t.Fatalf("%d panics logged", len(panics))
	}
	for _, line := range panics {
		if stack, _ := line["stack"].(string); !strings.Contains(stack, "edge_test.go") {
			t.Errorf("no stack: %v", line)
		}
	}
	if got := value(t, f.metrics.inFlight); got != 0 {
		t.Errorf("%v requests in flight for ever", got)
	}
	if used, _, _ := f.gate.state(); used != 0 {
		t.Errorf("%d slots held for ever", used)
	}
}

func TestHosts(t *testing.T) {
	public := func(c *Config) { c.Issuer, c.Hosts = "https://id.example", []string{"Other.example"} }
	for _, row := range []struct {
		name, host string
		cfg        func(*Config)
		status     int
	}{
		{"issuer", "id.example", public, 200},
		{"issuer with port", "id.example:443", public, 200},
		{"case", "ID.Example", public, 200},
		{"final dot", "id.example.", public, 200},
		{"extra", "other.example:8443", public, 200},
		{"unknown", "evil.example", public, 421},
		{"longer", "id.example.evil.example", public, 421},
		{"loopback of a public issuer", "localhost", public, 421},
		{"empty", "", public, 421},
		{"loopback name", "localhost:1", func(*Config) {}, 200},
		{"loopback IPv4", "127.0.0.1:1", func(*Config) {}, 200},
		{"loopback IPv6", "[::1]:1", func(*Config) {}, 200},
		{"not loopback", "127.0.0.1.evil.example", func(*Config) {}, 421},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t, row.cfg)
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Host = row.host
			if w := f.do(f.Handle("x", FaceFunc(JSONFace), ok), r); w.Code != row.status {
				t.Errorf("%d, want %d", w.Code, row.status)
			}
		})
	}
}

func TestDefaultHeaders(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Issuer = "https://id.example" })
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Host = "id.example"
	h := f.do(f.Handle("x", FaceFunc(JSONFace), ok), r).Header()
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Strict-Transport-Security": "max-age=31536000",
		"Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	} {
		if h.Get(name) != want {
			t.Errorf("%s: %q", name, h.Get(name))
		}
	}
	page := newFixture(t)
	h = page.do(page.Handle("x", FaceFunc(JSONFace), func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Security-Policy", "own")
		return nil
	}), httptest.NewRequest(http.MethodGet, "/", nil)).Header()
	if h.Get("Strict-Transport-Security") != "" || h.Get("Content-Security-Policy") != "own" {
		t.Errorf("%v", h)
	}
	h = page.do(page.Handle("y", FaceFunc(JSONFace), ok), httptest.NewRequest(http.MethodGet, "/", nil)).Header()
	if h.Get("Content-Security-Policy") == "own" {
		t.Error("one answer's policy reached another")
	}
}

func TestBodyCaps(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.MaxBody = 100 })
	small := f.Handle("small", FaceFunc(JSONFace), ok)
	upload := f.Handle("upload", FaceFunc(JSONFace), ok, MaxBody(1000))
	bare := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			PlainFace(w, r, err)
		}
	})
	for _, row := range []struct {
		name   string
		h      http.Handler
		method string
		size   int
		told   bool
		status int
	}{
		{"at the cap", small, "POST", 100, true, 200},
		{"over it", small, "POST", 101, true, 413},
		{"HTTP/2 without length, at the cap", small, "POST", 100, false, 200},
		{"HTTP/2 without length, over it", small, "POST", 101, false, 413},
		{"own cap", upload, "POST", 1000, true, 200},
		{"over the own cap", upload, "POST", 1001, true, 413},
		{"over the own cap without length", upload, "POST", 1001, false, 413},
		{"a handler without the edge's help", bare, "POST", 101, true, 413},
		{"RFC 9110 §9.3.1 GET with a body", upload, "GET", maxSafeBody + 1, true, 413},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := httptest.NewRequest(row.method, "/", strings.NewReader(strings.Repeat("x", row.size)))
			if !row.told {
				r.ContentLength, r.ProtoMajor, r.Proto = -1, 2, "HTTP/2.0"
			}
			w := f.do(row.h, r)
			if w.Code != row.status {
				t.Fatalf("%d, want %d", w.Code, row.status)
			}
			if row.status == 200 && w.Body.Len() != row.size {
				t.Errorf("%d bytes of %d arrived", w.Body.Len(), row.size)
			}
		})
	}
}

// raw sends text over a socket and returns everything that comes back until the server hangs up or 2 s have passed.
func raw(t *testing.T, addr, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
	answer, err := io.ReadAll(conn)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "reset") && !strings.Contains(err.Error(), "timeout") {
		t.Fatal(err)
	}
	return string(answer)
}

func TestRawSockets(t *testing.T) {
	f := newFixture(t)
	addr := f.start(t, f.Handle("echo", FaceFunc(JSONFace), ok), Limits{ReadHeader: 300 * time.Millisecond, Read: 600 * time.Millisecond})
	smuggled := "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for _, row := range []struct {
		name, request, status string
		closes                bool
	}{
		{"RFC 9112 §6.1 Content-Length and Transfer-Encoding", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, "411", true},
		{"chunked", "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + smuggled, "411", true},
		{"RFC 9112 §6.3 two lengths", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde" + smuggled, "400", true},
		{"RFC 9112 §3.2.2 absolute form, foreign", "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n" + smuggled, "421", true},
		{"RFC 9112 §3.2.2 absolute form, ours", "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "200", true},
		{"RFC 9112 §3.2 foreign host", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n" + smuggled, "421", true},
		{"RFC 9112 §3.2 no host", "GET / HTTP/1.1\r\n\r\n", "400", true},
		{"HTTP/1.0 without host", "GET / HTTP/1.0\r\n\r\n", "421", true},
		{"body over the cap", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n" + smuggled, "413", true},
		{"slow header", "GET / HTTP/1.1\r\nHost: loc", "408", true},
		{"slow body", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc", "400", true},
		{"header over the cap", "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 24<<10) + "\r\n\r\n", "431", true},
		{"kept alive", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "200", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			answer := raw(t, addr, row.request)
			n := strings.Count(answer, "HTTP/1.1 ") + strings.Count(answer, "HTTP/1.0 ")
			if row.name == "slow header" && n == 0 {
				return // net/http hangs up without a word before the request line is whole
			}
			res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil)
			if err != nil {
				t.Fatalf("%v: %q", err, answer)
			}
			if fmt.Sprint(res.StatusCode) != row.status {
				t.Errorf("status %d, want %s: %q", res.StatusCode, row.status, answer)
			}
			if row.closes && (n != 1 || !res.Close) {
				t.Errorf("%d answers, close %v: %q", n, res.Close, answer)
			}
			if !row.closes && n != 2 {
				t.Errorf("%d answers", n)
			}
		})
	}
}

func TestFacesKnowEveryError(t *testing.T) {
	type seen struct {
		status             int
		code, kind, header string
	}
	page := pagesFunc(func(w http.ResponseWriter, _ *http.Request, p Problem) {
		w.WriteHeader(p.Status)
		_, _ = fmt.Fprintf(w, "%s %s", p.Kind, p.Code)
	})
	for _, row := range []struct {
		name string
		err  error
		want seen
	}{
		{"RFC 6749 §5.2", oauth.E(oauth.InvalidGrant, "x"), seen{400, "invalid_grant", "request invalid_grant", ""}},
		{"RFC 9110 §15.5.14", &TooLarge{}, seen{413, "invalid_request", "too_large ", ""}},
		{"net/http's cap", &http.MaxBytesError{}, seen{413, "invalid_request", "too_large ", ""}},
		{"RFC 9110 §15.5.6", &MethodNotAllowed{Allow: "GET, HEAD"}, seen{405, "invalid_request", "method ", "Allow: GET, HEAD"}},
		{"RFC 9110 §15.5.5", &NotFound{}, seen{404, "invalid_request", "not_found ", ""}},
		{"RFC 9110 §15.5.16", &UnsupportedMedia{}, seen{415, "invalid_request", "request ", ""}},
		{"bad request", &BadRequest{Reason: "x"}, seen{400, "invalid_request", "request ", ""}},
		{"cross-site", &CrossSite{}, seen{403, "invalid_request", "cross_site ", ""}},
		{"RFC 6585 §4", &Throttled{RetryAfter: 1500 * time.Millisecond}, seen{429, "invalid_request", "throttled ", "Retry-After: 2"}},
		{"RFC 9110 §15.6.4", &Unavailable{}, seen{503, "temporarily_unavailable", "unavailable ", "Retry-After: 1"}},
		{"store", fmt.Errorf("redeem: %w", storage.ErrUnavailable), seen{503, "temporarily_unavailable", "unavailable ", "Retry-After: 2"}},
		{"store in doubt", storage.ErrUnknown, seen{503, "temporarily_unavailable", "unavailable ", "Retry-After: 2"}},
		{"deadline", context.DeadlineExceeded, seen{503, "temporarily_unavailable", "unavailable ", "Retry-After: 2"}},
		{"temporarily_unavailable", oauth.E(oauth.TemporarilyUnavailable, "x"), seen{503, "temporarily_unavailable", "unavailable temporarily_unavailable", "Retry-After: 2"}},
		{"ours", errors.New("SECRET insides"), seen{500, "server_error", "internal ", ""}},
		{"panic", &Panicked{Value: "SECRET"}, seen{500, "server_error", "internal ", ""}},
	} {
		t.Run(row.name, func(t *testing.T) {
			for name, face := range map[string]Face{"json": FaceFunc(JSONFace), "bearer": FaceFunc(BearerFace), "page": PageFace(page)} {
				w := httptest.NewRecorder()
				status := face.Answer(w, httptest.NewRequest(http.MethodPost, "/", nil), fmt.Errorf("wrapped: %w", row.err))
				if status != row.want.status || w.Code != status || w.Header().Get("Cache-Control") != "no-store" {
					t.Errorf("%s: %d (%d) %v", name, w.Code, status, w.Header())
				}
				if key, value, found := strings.Cut(row.want.header, ": "); found && w.Header().Get(key) != value {
					t.Errorf("%s: %s is %q", name, key, w.Header().Get(key))
				}
				if strings.Contains(w.Body.String(), "SECRET") {
					t.Errorf("%s tells our insides: %s", name, w.Body)
				}
				if name == "page" {
					if w.Body.String() != row.want.kind {
						t.Errorf("page: %q", w.Body)
					}
					continue
				}
				var body struct {
					Error string `json:"error"`
				}
				if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Error != row.want.code {
					t.Errorf("%s: %q %v", name, w.Body, err)
				}
			}
		})
	}
}

type pagesFunc func(http.ResponseWriter, *http.Request, Problem)

func (f pagesFunc) Problem(w http.ResponseWriter, r *http.Request, p Problem)          { f(w, r, p) }
func (pagesFunc) HandOff(http.ResponseWriter, *http.Request, string) error             { return nil }
func (pagesFunc) FormPost(http.ResponseWriter, *http.Request, string, []Param) error   { return nil }
func (pagesFunc) SignOutConfirm(http.ResponseWriter, *http.Request, SignOutView) error { return nil }
func (pagesFunc) SignedOut(http.ResponseWriter, *http.Request, SignOutView) error      { return nil }

func TestChallenges(t *testing.T) {
	for _, row := range []struct {
		name, authorization string
		face                FaceFunc
		err                 error
		want                string
	}{
		{"RFC 6749 §5.2 Basic was tried", "basic eDp5", JSONFace, oauth.E(oauth.InvalidClient, "No."), `Basic realm="latchkey", charset="UTF-8"`},
		{"RFC 6749 §5.2 Basic was not tried", "", JSONFace, oauth.E(oauth.InvalidClient, "No."), ""},
		{"RFC 6750 §3 bad token", "Bearer x", BearerFace, oauth.E(oauth.InvalidToken, "Expired."), `Bearer realm="latchkey", error="invalid_token", error_description="Expired."`},
		{"RFC 6750 §3.1 no credentials", "", BearerFace, oauth.E(oauth.InvalidToken, ""), `Bearer realm="latchkey"`},
		{"RFC 6750 §3.1 scope", "Bearer x", BearerFace, oauth.E(oauth.InsufficientScope, "openid"), `Bearer realm="latchkey", error="insufficient_scope", error_description="openid"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			if row.authorization != "" {
				r.Header.Set("Authorization", row.authorization)
			}
			w := httptest.NewRecorder()
			row.face(w, r, row.err)
			if got := w.Header().Get("WWW-Authenticate"); got != row.want {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestShedding(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.MaxConcurrent = 4 }) // ceilings 4, 3, 3, 2
	release, entered := make(chan struct{}), make(chan struct{}, 8)
	hold := f.Handle("hold", FaceFunc(JSONFace), func(http.ResponseWriter, *http.Request) error {
		entered <- struct{}{}
		<-release
		return nil
	}, At(Vital))
	var wg sync.WaitGroup
	holdOne := func() {
		wg.Go(func() { f.do(hold, httptest.NewRequest(http.MethodGet, "/", nil)) })
		<-entered
	}
	served := func() (list []string) {
		for _, p := range []Priority{Vital, Machine, Interactive, Deferrable} {
			w := f.do(f.Handle("x"+p.String(), FaceFunc(JSONFace), ok, At(p)), httptest.NewRequest(http.MethodGet, "/", nil))
			switch {
			case w.Code == 200:
				list = append(list, p.String())
			case w.Code != 503 || w.Header().Get("Retry-After") == "":
				t.Errorf("%d %v", w.Code, w.Header())
			}
		}
		return list
	}
	for _, want := range [][]string{
		{"vital", "machine", "interactive", "deferrable"},
		{"vital", "machine", "interactive", "deferrable"},
		{"vital", "machine", "interactive"},
		{"vital"},
		nil,
	} {
		if got := served(); !slices.Equal(got, want) {
			t.Errorf("%d held: served %v, want %v", f.gate.busy, got, want)
		}
		if want != nil {
			holdOne()
		}
	}
	close(release)
	wg.Wait()
	if got := served(); len(got) != 4 {
		t.Errorf("afterwards: %v", got)
	}
	if n := value(t, f.metrics.shed.WithLabelValues("deferrable")); n != 3 {
		t.Errorf("shed: %v", n)
	}
}

// Uploads that come slowly hold slots of their own: neither sign-up nor anything else goes without for them.
func TestSlowUploadsHoldNobodyElsesSlots(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.MaxConcurrent = 64 }) // 3 for uploads
	release, entered := make(chan struct{}), make(chan struct{}, 8)
	upload := f.Handle("upload", FaceFunc(JSONFace), func(http.ResponseWriter, *http.Request) error {
		entered <- struct{}{}
		<-release
		return nil
	}, At(Deferrable), MaxBody(1<<20))
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { f.do(upload, httptest.NewRequest(http.MethodPost, "/", nil)) })
		<-entered
	}
	if w := f.do(upload, httptest.NewRequest(http.MethodPost, "/", nil)); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("an upload too many: %d", w.Code)
	}
	if used, _, _ := f.gate.state(); used != 0 {
		t.Errorf("uploads hold %d slots of other requests", used)
	}
	if w := f.do(f.Handle("signup", FaceFunc(JSONFace), ok, At(Deferrable)), httptest.NewRequest(http.MethodPost, "/", nil)); w.Code != 200 {
		t.Errorf("sign-up during uploads: %d", w.Code)
	}
	close(release)
	wg.Wait()
	if used := f.uploads.used.Load(); used != 0 {
		t.Errorf("%d slots held for ever", used)
	}
}

// A body that comes slowly must hold no slot.
func TestSlowSenderHoldsNoSlot(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.MaxConcurrent = 1 })
	addr := f.start(t, f.Handle("echo", FaceFunc(JSONFace), ok, At(Vital)), Limits{})
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc")
	deadline := time.Now().Add(5 * time.Second)
	for value(t, f.metrics.inFlight) == 0 {
		if time.Now().After(deadline) {
			t.Fatal("the slow request never came in")
		}
		time.Sleep(time.Millisecond)
	}
	res, err := http.Post("http://"+addr, "text/plain", strings.NewReader("quick"))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 200 {
		t.Errorf("%d", res.StatusCode)
	}
}

func TestSameOrigin(t *testing.T) {
	f := newFixture(t)
	h := f.Handle("form", FaceFunc(JSONFace), ok, SameOrigin())
	for _, row := range []struct {
		name, method, site, origin string
		status                     int
	}{
		{"same origin", "POST", "same-origin", "", 200},
		{"cross-site", "POST", "cross-site", "", 403},
		{"same-site is not enough", "POST", "same-site", "", 403},
		{"cross-site GET", "GET", "cross-site", "", 200},
		{"old browser, own origin", "POST", "", "http://localhost", 200},
		{"old browser, foreign origin", "POST", "", "https://evil.example", 403},
		{"opaque origin", "POST", "", "null", 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := httptest.NewRequest(row.method, "/", nil)
			if row.site != "" {
				r.Header.Set("Sec-Fetch-Site", row.site)
			}
			if row.origin != "" {
				r.Header.Set("Origin", row.origin)
			}
			if w := f.do(h, r); w.Code != row.status {
				t.Errorf("%d", w.Code)
			}
		})
	}
}

func TestSameOriginOfHTTPS(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Issuer = "https://localhost" })
	h := f.Handle("form", FaceFunc(JSONFace), ok, SameOrigin())
	for _, row := range []struct {
		name, method, site, origin string
		status                     int
	}{
		{"old browser, own origin", "POST", "", "https://localhost", 200},
		{"old browser, own host over http", "POST", "", "http://localhost", 403},
		{"new browser says so itself", "POST", "same-site", "http://localhost", 403},
		{"no browser", "POST", "", "", 200},
		{"GET changes nothing", "GET", "", "http://localhost", 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := httptest.NewRequest(row.method, "/", nil)
			for name, value := range map[string]string{"Sec-Fetch-Site": row.site, "Origin": row.origin} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			if w := f.do(h, r); w.Code != row.status {
				t.Errorf("%d", w.Code)
			}
		})
	}
}

func TestDeadlineBecomes503(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.RequestTimeout = 10 * time.Millisecond })
	w := f.do(f.Handle("slow", FaceFunc(JSONFace), func(_ http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		return fmt.Errorf("read: %w", r.Context().Err())
	}), httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != 503 || w.Header().Get("Retry-After") == "" || f.log.lines(t, "request")[0]["outcome"] != "deadline" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestDrainClosesConnections(t *testing.T) {
	f := newFixture(t)
	f.Drain()
	w := f.do(f.Handle("x", FaceFunc(JSONFace), ok), httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != 200 || w.Header().Get("Connection") != "close" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestLabelsAreBounded(t *testing.T) {
	f := newFixture(t)
	sink := f.Sink()
	for i := range 500 {
		sink.Record(t.Context(), audit.Event{Name: audit.SignInFailed, Detail: fmt.Sprint("word", i)})
		sink.Record(t.Context(), audit.Event{Name: audit.Name(fmt.Sprint("event", i))})
		h := f.Handle("token", FaceFunc(JSONFace), func(_ http.ResponseWriter, r *http.Request) error {
			rec := RecordOf(r.Context())
			rec.GrantType, rec.Outcome = fmt.Sprint("g", i), fmt.Sprint("o", i)
			return nil
		})
		f.do(h, httptest.NewRequest(fmt.Sprint("M", i), "/", nil))
	}
	sink.Record(t.Context(), audit.Event{Name: audit.SignIn})
	families, err := f.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if n := len(family.GetMetric()); n > 140 {
			t.Errorf("%s has %d series", family.GetName(), n)
		}
	}
	if n := value(t, f.metrics.signIns.WithLabelValues("ok", "other")); n != 1 {
		t.Errorf("%v sign-ins", n)
	}
	if n := value(t, f.metrics.signIns.WithLabelValues("failed", "other")); n != 500 {
		t.Errorf("%v failed sign-ins", n)
	}
}
