package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var quiet = log.New(io.Discard, "", 0)

func TestGet(t *testing.T) {
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "Application/JSON; charset=utf-8")
		w.Header().Set("Cache-Control", "public, max-age=90")
		w.Header().Set("Set-Cookie", "a=b")
		fmt.Fprintf(w, "%s|%s|%s|%s|%s|%v|%v", q.Method, q.RequestURI, q.Header.Get("Accept"), q.Header.Get("User-Agent"), q.Header.Get("Accept-Encoding"),
			q.Header["Cookie"], q.Header["Authorization"])
	})
	f := New(r.cfg)
	for range 2 {
		a, err := f.Get(t.Context(), r.URL+"/keys?x=%20y", "application/json")
		if err != nil {
			t.Fatal(detailOf(err))
		}
		if got, want := string(a.Body), "GET|/keys?x=%20y|application/json|latchkey|identity|[]|[]"; got != want {
			t.Errorf("got %s", got)
		}
		if a.ContentType != "application/json" || !a.HasMaxAge || a.MaxAge != 90*time.Second {
			t.Errorf("%+v", a)
		}
	}
	if r.conns.Load() != 2 {
		t.Errorf("%d connections for 2 fetches: one was kept", r.conns.Load())
	}
}

func TestPost(t *testing.T) {
	var got string
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		b, _ := io.ReadAll(q.Body)
		got = q.Method + " " + q.Header.Get("Content-Type") + " " + string(b)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusSeeOther)
	})
	status, err := New(r.cfg).Post(t.Context(), r.URL, "application/x-www-form-urlencoded", []byte("logout_token=x"))
	if err != nil || status != http.StatusSeeOther || got != "POST application/x-www-form-urlencoded logout_token=x" || r.hits.Load() != 1 {
		t.Errorf("%d %v %q, %d requests", status, detailOf(err), got, r.hits.Load())
	}
}

func TestAddresses(t *testing.T) {
	r := newRig(t, func(http.ResponseWriter, *http.Request) {})
	f := New(r.cfg)
	for name, uri := range map[string]string{
		"OpenID Connect Core §6.2 plain http without exempt networks": "http://example.com/",
		"empty":            "",
		"relative":         "/keys",
		"no host":          "https:///keys",
		"opaque":           "https:example.com",
		"user information": strings.Replace(r.URL, "://", "://user:pass@", 1),
		"many at signs":    strings.Replace(r.URL, "://", "://a@b@", 1),
		"fragment":         r.URL + "/#f",
		"empty fragment":   r.URL + "/#",
		"another scheme":   "file:///etc/passwd",
		"gopher":           "gopher://127.0.0.1:70/1",
		"line break":       r.URL + "/\r\nX: y",
		"space":            r.URL + "/a b",
		"backslash":        "https:\\\\127.0.0.1/",
		"not ASCII":        "https://127.0.0.1/ä",
		"zone":             "https://[fe80::1%25eth0]/",
		"encoded host":     "https://127%2e0%2e0%2e1/",
		"port":             "https://127.0.0.1:99999999/",
		"too long":         r.URL + "/" + strings.Repeat("x", maxURI),
	} {
		t.Run(name, func(t *testing.T) {
			f := f
			if strings.HasPrefix(uri, "http:") {
				f = New(Config{})
			}
			_, err := f.Get(t.Context(), uri, "*/*")
			refusedFor(t, err, "address")
		})
	}
	if r.hits.Load() != 0 {
		t.Error("one was fetched")
	}
}

func TestTLS(t *testing.T) {
	r := newRig(t, func(http.ResponseWriter, *http.Request) {})
	r.cfg.RootCAs = nil
	_, err := New(r.cfg).Get(t.Context(), r.URL, "*/*")
	refusedFor(t, err, "tls") // nobody vouches for the server
	r2 := newRig(t, func(http.ResponseWriter, *http.Request) {})
	r2.cfg.resolver = answers(func(string) []string { return []string{"127.0.0.1"} })
	_, err = New(r2.cfg).Get(t.Context(), r2.named("other.test"), "*/*")
	refusedFor(t, err, "tls") // its certificate has another name
	old := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	old.Config.ErrorLog = quiet
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.StartTLS()
	defer old.Close()
	_, err = New(r2.cfg).Get(t.Context(), old.URL, "*/*")
	refusedFor(t, err, "tls") // RFC 9325 §3.1.1
	clear := httptest.NewServer(http.NotFoundHandler())
	defer clear.Close()
	_, err = New(r2.cfg).Get(t.Context(), strings.Replace(clear.URL, "http:", "https:", 1), "*/*")
	refusedFor(t, err, "tls")
}

func TestNobodyThere(t *testing.T) {
	r := newRig(t, func(http.ResponseWriter, *http.Request) {})
	r.Close()
	_, err := New(r.cfg).Get(t.Context(), r.URL, "*/*")
	refusedFor(t, err, "connect")
}

// A proxy of the environment would reach for us what we may not.
func TestNoProxy(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "direct") })
	r.cfg.resolver = answers(func(string) []string { return []string{"127.0.0.1"} })
	if a, err := New(r.cfg).Get(t.Context(), r.named("example.com"), "*/*"); err != nil || string(a.Body) != "direct" {
		t.Errorf("%q %v", a.Body, detailOf(err))
	}
}

// One slow host has its few places, however many ports it has and however its name is written, and all hosts together have theirs.
func TestBounds(t *testing.T) {
	var now, most, total atomic.Int64
	perHost := sync.Map{}
	release := make(chan struct{})
	hold := http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		host, _, _ := net.SplitHostPort(q.Host)
		v, _ := perHost.LoadOrStore(strings.TrimSuffix(strings.ToLower(host), "."), &atomic.Int64{})
		n := v.(*atomic.Int64)
		if n.Add(1) > maxPerHost {
			t.Errorf("more than %d from %s", maxPerHost, q.Host)
		}
		for seen, is := most.Load(), now.Add(1); is > seen && !most.CompareAndSwap(seen, is); seen = most.Load() {
		}
		total.Add(1)
		<-release
		now.Add(-1)
		n.Add(-1)
	})
	s, second := httptest.NewServer(hold), httptest.NewServer(hold)
	defer s.Close()
	defer second.Close()
	f := New(Config{Allow: loopback, Timeout: 20 * time.Second, resolver: answers(func(string) []string { return []string{"127.0.0.1"} })})
	const hosts, each = 20, 5
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	ends := []string{".test" + port, ".test" + second.URL[strings.LastIndex(second.URL, ":"):], ".TEST." + port}
	var wg sync.WaitGroup
	for n := range hosts * each {
		wg.Go(func() {
			if _, err := f.Get(t.Context(), fmt.Sprintf("http://h%d%s", n%hosts, ends[n/hosts%len(ends)]), "*/*"); err != nil {
				t.Error(detailOf(err))
			}
		})
	}
	for deadline := time.Now().Add(10 * time.Second); now.Load() < maxFetches && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err := f.Get(ctx, "http://another.test"+port, "*/*")
	refusedFor(t, err, "busy")
	close(release)
	wg.Wait()
	if most.Load() != maxFetches || total.Load() != hosts*each {
		t.Errorf("%d at once, %d in all", most.Load(), total.Load())
	}
	if len(f.gate.hosts) != 0 || len(f.gate.all) != 0 {
		t.Errorf("%d hosts and %d places were not given back", len(f.gate.hosts), len(f.gate.all))
	}
}

func TestDetail(t *testing.T) {
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "inner secret", http.StatusTeapot) })
	_, err := New(r.cfg).Get(t.Context(), r.URL+"/path?token=abc", "*/*")
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "error", err)
	for _, text := range []string{Detail(err), Detail(fmt.Errorf("read keys: %w", err)), log.String()} {
		if !strings.Contains(text, "status 418") || strings.Contains(text, "token=abc") || strings.Contains(text, "inner secret") {
			t.Error(text)
		}
	}
	if Detail(io.EOF) != "EOF" {
		t.Error(Detail(io.EOF))
	}
}

// Whatever passes names one host, and nothing else that could be taken for one.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"https://example.com/a?b", "https://a@b/", "https://[::1]:8/", "http://x/#y", "https://a\\@b/", "https:a", "//a", "https://%31/"} {
		f.Add(s)
	}
	allow := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	f.Fuzz(func(t *testing.T, uri string) {
		u, err := parse(uri, allow)
		if err != nil {
			return
		}
		if (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.User != nil || strings.ContainsAny(u.Host, "@\\/?#%") || strings.Contains(uri, "#") {
			t.Errorf("%q: %+v", uri, u)
		}
	})
}
