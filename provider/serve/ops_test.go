package serve

import (
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestProbes(t *testing.T) {
	o := NewOps(prometheus.NewRegistry(), false)
	h := o.Handler()
	expect := func(path string, status int, text string) {
		t.Helper()
		if w := get(h, path); w.Code != status || w.Body.String() != text+"\n" {
			t.Errorf("%s: %d %q, want %d %q", path, w.Code, w.Body, status, text)
		}
	}
	expect("/livez", 200, "ok")
	expect("/startupz", 503, "starting")
	expect("/readyz", 503, "starting")
	o.Starting(Check{"store", func(context.Context) error { return fmt.Errorf("lock: %w", ErrStandby) }})
	expect("/readyz", 503, "standby")
	expect("/readyz?verbose", 503, "[-] store: lock: standby\nstandby")
	expect("/readyz?exclude=store", 503, "standby")
	var fault error
	o.Started(Check{"store", func(context.Context) error { return fault }}, Check{"keys", func(context.Context) error { return nil }})
	expect("/startupz", 200, "ok")
	expect("/readyz", 200, "ok")
	expect("/readyz?verbose", 200, "[+] store ok\n[+] keys ok\nok")
	fault = errors.New("gone")
	expect("/readyz", 503, "not ready: store")
	expect("/readyz?verbose", 503, "[-] store: gone\n[+] keys ok\nnot ready: store")
	expect("/readyz?exclude=keys", 503, "not ready: store")
	expect("/readyz?exclude=store", 200, "ok")
	expect("/readyz?verbose&exclude=store&exclude=keys", 200, "[ ] store excluded\n[ ] keys excluded\nok")
	expect("/livez", 200, "ok")
	fault = nil
	o.Drain()
	expect("/readyz", 503, "draining")
	expect("/readyz?exclude=store", 503, "draining")
	expect("/livez", 200, "ok")
}

func TestProbeThatHangs(t *testing.T) {
	o := NewOps(prometheus.NewRegistry(), false)
	release := make(chan struct{})
	defer close(release)
	o.Started(Check{"store", func(context.Context) error { <-release; return nil }})
	if w := get(o.Handler(), "/readyz"); w.Code != 503 || w.Body.String() != "not ready: store\n" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestProfilesAreOffUnlessSet(t *testing.T) {
	for profiles, want := range map[bool]int{false: 404, true: 200} {
		if w := get(NewOps(prometheus.NewRegistry(), profiles).Handler(), "/debug/pprof/"); w.Code != want {
			t.Errorf("%v: %d", profiles, w.Code)
		}
	}
}

func newSpans(t *testing.T) (*tracetest.InMemoryExporter, *sdktrace.TracerProvider) {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	return spans, provider
}

func TestSpanAndExemplar(t *testing.T) {
	spans, provider := newSpans(t)
	f := newFixture(t, func(c *Config) { c.Tracer = provider })
	if err := RegisterProcess(f.reg, "1.2.3", "abc"); err != nil {
		t.Fatal(err)
	}
	h := f.Handle("token", FaceFunc(JSONFace), func(w http.ResponseWriter, r *http.Request) error {
		ctx, end := Span(r.Context(), "store redeem_code")
		f.cfg.Logger.InfoContext(ctx, "inside")
		end(errors.New("no"))
		return errors.New("fault")
	}, Route("/token"))
	r := httptest.NewRequest(http.MethodPost, "/token?code=SECRET", nil)
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	f.do(h, r)
	got := spans.GetSpans()
	if len(got) != 2 || got[0].Name != "store redeem_code" || got[1].Name != "POST /token" {
		t.Fatalf("%v", got)
	}
	root := got[1]
	if root.Parent.IsValid() || root.SpanContext.TraceID().String() == "0af7651916cd43dd8448eb211c80319c" {
		t.Error("a stranger's trace was joined")
	}
	if len(root.Links) != 1 || root.Links[0].SpanContext.SpanID().String() != "b7ad6b7169203331" {
		t.Errorf("links %v", root.Links)
	}
	if got[0].Parent.SpanID() != root.SpanContext.SpanID() {
		t.Error("the inner span is not below the request")
	}
	attrs := map[string]string{}
	for _, a := range root.Attributes {
		attrs[string(a.Key)] = a.Value.String()
	}
	for key, want := range map[string]string{
		"http.request.method": "POST", "http.route": "/token", "http.response.status_code": "500", "url.scheme": "http", "url.path": "/token",
		"error.type": "error", "server.address": "localhost", "client.address": "192.0.2.1",
	} {
		if attrs[key] != want {
			t.Errorf("%s = %q, want %q", key, attrs[key], want)
		}
	}
	if _, found := attrs["url.query"]; found || strings.Contains(fmt.Sprint(got), "SECRET") {
		t.Error("the query is in the span")
	}
	traceID := root.SpanContext.TraceID().String()
	for _, msg := range []string{"inside", "request"} {
		if lines := f.log.lines(t, msg); len(lines) != 1 || lines[0]["trace_id"] != traceID || lines[0]["request_id"] == nil {
			t.Errorf("%s: %v", msg, lines)
		}
	}
	metrics := get(NewOps(f.reg, false).Handler(), "/metrics", "Accept", "application/openmetrics-text; version=1.0.0")
	if body := metrics.Body.String(); !strings.Contains(body, `# {trace_id="`+traceID+`"}`) || !strings.Contains(body, `latchkey_build_info{goversion=`) {
		t.Errorf("no exemplar or build info:\n%s", body)
	}
}

func TestPathWithVariablesStaysOutOfSpans(t *testing.T) {
	spans, provider := newSpans(t)
	f := newFixture(t, func(c *Config) { c.Tracer = provider })
	f.do(f.Handle("media", FaceFunc(JSONFace), ok, Route("/media/{id}")), httptest.NewRequest(http.MethodGet, "/media/unguessable", nil))
	f.do(http.NotFoundHandler(), httptest.NewRequest(http.MethodGet, "/unguessable", nil))
	got := spans.GetSpans()
	if got[0].Name != "GET /media/{id}" || got[1].Name != "GET" || strings.Contains(fmt.Sprint(got), "unguessable") {
		t.Errorf("%v", got)
	}
}

// otlpSink receives what an OTLP/HTTP exporter sends.
type otlpSink struct {
	mu    sync.Mutex
	spans []*tracepb.ResourceSpans
	paths []string
}

func (s *otlpSink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		zr, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = zr
	}
	content, err := io.ReadAll(body)
	var req tracepb.TracesData
	if err == nil {
		err = proto.Unmarshal(content, &req)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spans, s.paths = append(s.spans, req.GetResourceSpans()...), append(s.paths, r.URL.Path)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func TestTracesReachACollector(t *testing.T) {
	sink := &otlpSink{}
	srv := httptest.NewServer(sink)
	defer srv.Close()
	none := func(string) string { return "" }
	for name, start := range map[string]func() Telemetry{
		"configuration": func() Telemetry { return Telemetry{Endpoint: srv.URL, Getenv: none} },
		"environment": func() Telemetry {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", srv.URL)
			t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
			return Telemetry{Getenv: os.Getenv}
		},
	} {
		t.Run(name, func(t *testing.T) {
			sink.spans, sink.paths = nil, nil
			tel := start()
			tel.Version, tel.Instance, tel.Logger = "1.2.3", "pod-1", slog.New(slog.DiscardHandler)
			provider, stop, err := tel.Start(t.Context())
			if err != nil || provider == nil {
				t.Fatal(provider, err)
			}
			f := newFixture(t, func(c *Config) { c.Tracer = provider })
			f.do(f.Handle("jwks", FaceFunc(JSONFace), ok, Route("/jwks")), httptest.NewRequest(http.MethodGet, "/jwks", nil))
			if err := stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			sink.mu.Lock()
			defer sink.mu.Unlock()
			if len(sink.spans) != 1 || !slices.Equal(sink.paths, []string{"/v1/traces"}) {
				t.Fatalf("%v %v", sink.paths, sink.spans)
			}
			if got := sink.spans[0].GetScopeSpans()[0].GetSpans()[0].GetName(); got != "GET /jwks" {
				t.Errorf("span %q", got)
			}
			about := sink.spans[0].GetResource().String()
			for _, want := range []string{"latchkey", "1.2.3", "pod-1"} {
				if !strings.Contains(about, want) {
					t.Errorf("no %s in %s", want, about)
				}
			}
		})
	}
}

func TestWhetherTracesAreWanted(t *testing.T) {
	for _, row := range []struct {
		name, traces, endpoint string
		env                    map[string]string
		want, fails            bool
	}{
		{name: "default"},
		{name: "endpoint set", endpoint: "http://c:4318", want: true},
		{name: "endpoint in the environment", env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, want: true},
		{name: "exporter in the environment", env: map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, want: true},
		{name: "none beats an endpoint", traces: "none", endpoint: "http://c"},
		{name: "none in the environment", endpoint: "http://c", env: map[string]string{"OTEL_TRACES_EXPORTER": "none"}},
		{name: "disabled", traces: "otlp", env: map[string]string{"OTEL_SDK_DISABLED": "true"}},
		{name: "zipkin", env: map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, fails: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := Telemetry{Traces: row.traces, Endpoint: row.endpoint, Getenv: func(k string) string { return row.env[k] }}.wanted()
			if got != row.want || (err != nil) != row.fails {
				t.Errorf("%v %v", got, err)
			}
		})
	}
}

// writePair writes a fresh self-signed certificate for the name.
func writePair(t *testing.T, dir, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func TestCertificateFollowsItsFilesAndSpeaksHTTP2(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := writePair(t, dir, "first.example")
	cert, err := LoadCertificate(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wg.Go(func() { cert.Watch(ctx, 5*time.Millisecond) })

	f := newFixture(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := f.NewHTTPServer(f.Wrap(f.Handle("x", FaceFunc(JSONFace), ok)), Limits{}, cert.TLSConfig())
	wg.Go(func() { _ = srv.ServeTLS(ln, "", "") })
	defer func() { _ = srv.Close() }()

	seen := func() string {
		client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		defer client.CloseIdleConnections()
		res, err := client.Get("https://" + ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.ProtoMajor != 2 || res.StatusCode != 200 {
			t.Fatalf("%s %d", res.Proto, res.StatusCode)
		}
		return res.TLS.PeerCertificates[0].DNSNames[0]
	}
	if got := seen(); got != "first.example" {
		t.Error(got)
	}
	if err := os.WriteFile(certFile, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	if got := seen(); got != "first.example" {
		t.Errorf("after a broken file: %s", got)
	}
	writePair(t, dir, "second.example")
	for deadline := time.Now().Add(5 * time.Second); seen() != "second.example"; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the new certificate never came")
		}
	}
}
