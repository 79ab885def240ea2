package serve

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// sink is an answer that nobody reads. Its headers are kept from request to request, as net/http's map costs the same for whoever serves.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(int)             {}

// BenchmarkEdge is what the edge itself costs for each request, with a line, an observation and a span of which one in a hundred is recorded.
func BenchmarkEdge(b *testing.B) {
	e, err := New(Config{
		Issuer: "http://localhost:8080", Logger: NewLogger(NewLines(io.Discard, LineDelay), "json", slog.LevelInfo), Registry: prometheus.NewRegistry(), Now: time.Now,
		Tracer: newSampling(sdktrace.TraceIDRatioBased(0.01)),
	})
	if err != nil {
		b.Fatal(err)
	}
	body := []byte("{}")
	h := e.Wrap(e.Handle("jwks", FaceFunc(JSONFace), func(w http.ResponseWriter, _ *http.Request) error {
		_, err := w.Write(body)
		return err
	}, At(Vital)))
	r := httptest.NewRequest(http.MethodGet, "/jwks.json", nil)
	r.Host, r.RemoteAddr, r.Body = "localhost:8080", "192.0.2.9:4711", http.NoBody
	w := &sink{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}

// repeated is a connection on which the same request comes again and again, and answers are nobody's.
type repeated struct {
	*script
	request []byte
	left    int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left--; r.left < 0 {
		return 0, io.EOF
	}
	return copy(p, r.request), nil
}

func (r *repeated) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkDoorDocument is what the door spends on a request for a document, without reading and writing.
func BenchmarkDoorDocument(b *testing.B) {
	e, err := New(Config{
		Issuer: "http://localhost:8080", Logger: NewLogger(NewLines(io.Discard, LineDelay), "json", slog.LevelInfo), Registry: prometheus.NewRegistry(), Now: time.Now,
		Tracer: newSampling(sdktrace.NeverSample()),
	})
	if err != nil {
		b.Fatal(err)
	}
	keys := &keySet{}
	_ = e.Handle("keys", FaceFunc(JSONFace), keys.serve, At(Vital), Route("/keys"), Prepared(keys))
	conns := NewConnections(1)
	_ = e.NewHTTPServer(http.NotFoundHandler(), Limits{Conns: conns}, nil) // makes the door
	c := &boundConn{Conn: &repeated{newScript(nil), []byte(with(askKeys, "User-Agent: bench", "Accept: */*", "Accept-Encoding: gzip")), b.N}, conns: conns}
	c.doorConn = doorConn{door: conns.door, conn: c, known: true, address: "192.0.2.9"}
	c.doorConn.fresh.Store(true)
	b.ReportAllocs()
	b.ResetTimer()
	if n, err := c.Read(make([]byte, 4<<10)); n != 0 || err != io.EOF { //nolint:errorlint // it is that
		b.Errorf("%d bytes pass, %v", n, err)
	}
}
