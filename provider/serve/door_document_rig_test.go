package serve

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// keySet is a document of the tests: its body names its edition.
type keySet struct {
	number, minutes atomic.Int64
	inside, sent    atomic.Int64
	// size is how much longer the body is than it needs to be; meanwhile is called while the handler works.
	size      atomic.Int64
	meanwhile func()
	// spoil changes what the handler wrote in its header.
	spoil func(http.Header)
	// failure is what the handler returns instead of an answer, late what it returns after one.
	failure, late error
}

func (d *keySet) body(n int64) []byte {
	return []byte(fmt.Sprintf("{\"keys\":%d}", n) + strings.Repeat(" ", int(d.size.Load())))
}

// Edition implements [Document].
func (d *keySet) Edition() Edition {
	n := d.number.Load()
	return Edition{fmt.Sprintf(`"%d"`, n), time.Duration(d.minutes.Load()) * time.Minute}
}

// Sent implements [Document].
func (d *keySet) Sent() { d.sent.Add(1) }

// serve is the handler.
func (d *keySet) serve(w http.ResponseWriter, r *http.Request) error {
	d.inside.Add(1)
	if d.meanwhile != nil {
		d.meanwhile()
	}
	if d.failure != nil {
		return d.failure
	}
	n := d.number.Load()
	body, of := d.body(n), d.Edition()
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(of.MaxAge/time.Second)))
	h.Set("ETag", fmt.Sprintf(`"%d"`, n))
	if known := r.Header.Get("If-None-Match"); known == h.Get("ETag") || known == "*" {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", "application/jwk-set+json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if d.spoil != nil {
		d.spoil(h)
	}
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := w.Write(body); err != nil {
		return err
	}
	return d.late
}

// documentRig is an edge with a document, and what it logs and counts.
type documentRig struct {
	fixture
	keys  *keySet
	conns *Connections
	door  *door
	hs    *http.Server
	seen  atomic.Int64
}

// newDocumentRig makes an edge whose door answers for the document, or one whose door does not.
func newDocumentRig(t *testing.T, door bool, edit ...func(*Config)) *documentRig {
	t.Helper()
	r := &documentRig{keys: &keySet{}, conns: NewConnections(64)}
	r.keys.number.Store(1)
	r.fixture = newFixture(t, append([]func(*Config){func(c *Config) {
		c.Issuer, c.Watched, c.Answered = "https://localhost:8080", []string{"x-watched"}, func() { r.seen.Add(1) }
		c.Tracer = newSampling(sdktrace.NeverSample())
	}}, edit...)...)
	var opts []Option
	if door {
		opts = append(opts, Prepared(r.keys))
	}
	mux := http.NewServeMux()
	mux.Handle("/keys", r.Handle("keys", FaceFunc(JSONFace), r.keys.serve, append(opts, At(Vital), Route("/keys"))...))
	mux.Handle("/form", r.Handle("form", FaceFunc(JSONFace), func(w http.ResponseWriter, q *http.Request) error {
		b, err := io.ReadAll(q.Body)
		if err == nil {
			_, err = w.Write(b)
		}
		return err
	}, At(Machine), Route("/form")))
	r.hs = r.NewHTTPServer(r.Wrap(mux), Limits{Conns: r.conns, ReadHeader: 300 * time.Millisecond, Write: 300 * time.Millisecond}, nil)
	r.door = r.conns.door
	return r
}

func (r *documentRig) listen(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() { _ = r.hs.Serve(r.conns.Listen(ln)) })
	t.Cleanup(func() { _ = r.hs.Close(); served.Wait() })
	return ln.Addr().String()
}

// play sends pieces, each once the answers to the former are there, and returns what came.
func (r *documentRig) play(t *testing.T, pieces ...[]byte) string {
	t.Helper()
	s := newScript(append([][]byte(nil), pieces...))
	l := once{make(chan net.Conn, 1), s}
	l.conns <- s
	close(l.conns)
	go func() { _ = r.hs.Serve(r.conns.Listen(l)) }()
	select {
	case <-s.closed:
	case <-time.After(10 * time.Second):
		t.Fatalf("it neither ends nor goes on: %q", pieces)
	}
	return s.out.String()
}

var (
	anyDate = regexp.MustCompile(`(?m)^Date: [^\r]*\r$`)
	anyLine = regexp.MustCompile(`"(time|request_id|trace_id|span_id)":"[^"]*"|"duration_ms":[0-9.]+`)
)

// told is what the log and the metrics tell of requests, without what differs from one to the next.
func (r *documentRig) told(t *testing.T) string {
	t.Helper()
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) { // a turn is given back once the connection is known to be over
		if busy, _, waiting := r.gate.state(); busy == 0 && waiting == 0 {
			break
		} else if time.Now().After(until) {
			t.Fatalf("%d under way, %d wait for ever", busy, waiting)
		}
	}
	var out strings.Builder
	for line := range strings.Lines(r.log.String()) {
		if strings.Contains(line, `"msg":"request"`) {
			out.WriteString(anyLine.ReplaceAllStringFunc(line, func(s string) string { return s[:strings.Index(s, ":")] }))
		}
	}
	families, err := r.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		switch family.GetName() {
		case "latchkey_http_requests_in_flight", "latchkey_http_requests_shed_total", "latchkey_http_requests_refused_total",
			"latchkey_http_request_duration_seconds":
		default: // which tell how busy the machine is
			continue
		}
		for _, m := range family.GetMetric() {
			fmt.Fprintln(&out, family.GetName(), labels(m), m.GetCounter().GetValue(), m.GetGauge().GetValue(), m.GetHistogram().GetSampleCount())
		}
	}
	return out.String()
}

func labels(m *dto.Metric) (out []string) {
	for _, l := range m.GetLabel() {
		out = append(out, l.GetName()+"="+l.GetValue())
	}
	return out
}

const askKeys = "GET /keys HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"

// with puts lines into the header of a request.
func with(request string, lines ...string) string {
	return strings.Replace(request, "\r\n\r\n", "\r\n"+strings.Join(lines, "\r\n")+"\r\n\r\n", 1)
}
