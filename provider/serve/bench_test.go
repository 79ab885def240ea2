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
