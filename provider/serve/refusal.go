package serve

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// comeBack are the seconds after which those who are refused are told to come back, one after the other: so that they do not come all at once.
const comeBack = 4

// refusal is an answer that is prepared: drawing it anew for everybody would take the time that is missing.
type refusal struct {
	header http.Header
	status int
	body   []byte
	// wire is all of it for HTTP/1.1.
	wire []byte
}

// refusals are the answers of endpoints to who is refused because the server is full, in the words of their faces.
type refusals struct {
	edge *Edge
	turn atomic.Uint32
	made sync.Map // of refusalKey to *refusal
}

type refusalKey struct {
	ep       *endpoint
	language string
	after    uint32
}

// maxLanguages bounds the languages for which answers are kept; any other gets that of nobody who asks for one.
const maxLanguages = 8

// get is the answer of an endpoint in a language, "" for none.
func (s *refusals) get(ep *endpoint, language string) *refusal {
	key := refusalKey{ep, language, 1 + s.turn.Add(1)%comeBack}
	if r, ok := s.made.Load(key); ok {
		return r.(*refusal)
	}
	if language != "" {
		known := map[string]bool{}
		s.made.Range(func(k, _ any) bool {
			known[k.(refusalKey).language] = true
			return true
		})
		if len(known) > maxLanguages && !known[language] {
			return s.get(ep, "")
		}
	}
	r, _ := s.made.LoadOrStore(key, s.draw(key))
	return r.(*refusal)
}

// draw lets the endpoint's face answer a request that says nothing but its language.
func (s *refusals) draw(key refusalKey) *refusal {
	w := &drawing{header: http.Header{}}
	for _, h := range s.edge.headers {
		w.header[h.name] = h.value
	}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, key.ep.route, http.NoBody)
	if err != nil { // the route is a template that no URL can be made of
		r = &http.Request{Method: http.MethodGet, URL: s.edge.issuer, Header: http.Header{}}
	}
	r.Host = s.edge.issuer.Host
	if key.language != "" {
		r.Header.Set("Accept-Language", key.language)
	}
	key.ep.face.Answer(w, r, &Unavailable{RetryAfter: time.Duration(key.after) * time.Second})
	w.header.Set("Content-Length", strconv.Itoa(w.body.Len()))
	out := &refusal{header: w.header, status: w.status, body: w.body.Bytes()}
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 " + strconv.Itoa(out.status) + " " + http.StatusText(out.status) + "\r\n")
	_ = out.header.Write(&b) // to memory
	b.WriteString("\r\n")
	b.Write(out.body)
	out.wire = b.Bytes()
	return out
}

// answer writes it further inside.
func (r *refusal) answer(w http.ResponseWriter) {
	h := w.Header()
	for name, values := range r.header {
		if name != "Vary" || h[name] == nil { // which CORS may have written
			h[name] = values
		}
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body) // #nosec G705 -- drawn by the face from nothing that came; a client that has gone needs no answer
}

// drawing is a [http.ResponseWriter] to memory.
type drawing struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (d *drawing) Header() http.Header { return d.header }

// WriteHeader implements [http.ResponseWriter].
func (d *drawing) WriteHeader(status int) {
	if d.status == 0 {
		d.status = status
	}
}

// Write implements [http.ResponseWriter].
func (d *drawing) Write(b []byte) (int, error) {
	d.WriteHeader(http.StatusOK)
	return d.body.Write(b)
}

// shedding counts what is refused because the server is full, for a line a second: one for each would cost more than the refusal.
type shedding struct {
	mu    sync.Mutex
	count [Deferrable + 1]int
	told  time.Time
}

// shed counts a request that is refused because the server is full.
func (e *Edge) shed(ep *endpoint) {
	e.metrics.shedAt[ep.priority].Inc()
	s, now := &e.shedding, e.cfg.Now()
	s.mu.Lock()
	s.count[ep.priority]++
	if now.Sub(s.told) < time.Second {
		s.mu.Unlock()
		return
	}
	count := s.count
	s.count, s.told = [Deferrable + 1]int{}, now
	s.mu.Unlock()
	busy, limit, waiting := e.gate.state()
	e.cfg.Logger.LogAttrs(context.Background(), slog.LevelWarn, "requests refused because the server is full", slog.Int("vital", count[Vital]),
		slog.Int("machine", count[Machine]), slog.Int("interactive", count[Interactive]), slog.Int("deferrable", count[Deferrable]),
		slog.Int("in_flight", busy), slog.Int("limit", limit), slog.Int("waiting", waiting))
}
