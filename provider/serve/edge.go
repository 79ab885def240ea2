package serve

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
)

// Limits of the edge where [Config] does not say otherwise.
const (
	DefaultMaxBody        = 64 << 10
	DefaultRequestTimeout = 20 * time.Second
	DefaultMaxConcurrent  = 512
	// maxSafeBody caps the body of a request whose method gives a body no meaning (RFC 9110 §9.3.1).
	maxSafeBody = 4 << 10
)

// Config is what an [Edge] stands on.
type Config struct {
	// Issuer is the configured issuer: its host is served, and with https every answer bears HSTS.
	Issuer string
	// Hosts are further host names, without port, that are served.
	Hosts []string
	// Guest says which requests are served whatever host they name; nil: none.
	Guest func(r *http.Request) bool
	// Proxies may tell the client's address.
	Proxies Proxies
	// MaxBody is the cap of request bodies in bytes, where an endpoint has no own; 0 means [DefaultMaxBody].
	MaxBody int64
	// MaxConcurrent is how many requests are worked on at once; 0 means [DefaultMaxConcurrent]. See [Priority].
	MaxConcurrent int
	// Refuse may answer what is refused before routing, and says whether it did; nil leaves it in plain text.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, text string) bool
	// Watched are the names, in lower case, of headers that somebody between [Edge.Wrap] and the endpoints looks for: requests with one of them are not
	// answered before. Answered is told of each that is, where nobody further inside hears of it; nil: nobody.
	Watched  []string
	Answered func()
	// RequestTimeout ends the context of a request; 0 means [DefaultRequestTimeout].
	RequestTimeout time.Duration
	// Logger gets one line per request, and panics.
	Logger *slog.Logger
	// Registry gets the metrics.
	Registry prometheus.Registerer
	// Tracer makes the spans; nil makes none.
	Tracer trace.TracerProvider
	// Now tells the time.
	Now func() time.Time
}

// Edge is what stands between the network and every handler.
type Edge struct {
	cfg     Config
	https   bool
	headers []header
	hosts   hosts
	tracer  trace.Tracer
	// spanKey is what contexts are asked for spans by.
	spanKey any
	// sampling says which requests tracer records; nil leaves it to tracer.
	sampling *sampling
	metrics  *metrics
	issuer   *url.URL
	gate     *gate
	uploads  lane
	// lanes are the endpoints by their paths, where these are fixed; they are made before anything is served.
	lanes    map[string]*endpoint
	refusals refusals
	shedding shedding
	// lines writes the lines of requests; nil where Logger is not of [NewLogger].
	lines    *lineHandler
	draining atomic.Bool
}

// New makes an edge. It fails where the issuer is no URL or the metrics cannot be registered.
func New(cfg Config) (*Edge, error) {
	issuer, err := url.Parse(cfg.Issuer)
	if err != nil || issuer.Hostname() == "" {
		return nil, errors.New("serve: the issuer has no host")
	}
	if cfg.Logger == nil || cfg.Registry == nil || cfg.Now == nil {
		return nil, errors.New("serve: Logger, Registry and Now are required")
	}
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = DefaultMaxBody
	}
	if cfg.MaxConcurrent <= 0 {
		cfg.MaxConcurrent = DefaultMaxConcurrent
	}
	if cfg.RequestTimeout <= 0 {
		cfg.RequestTimeout = DefaultRequestTimeout
	}
	https := issuer.Scheme == "https"
	e := &Edge{cfg: cfg, https: https, headers: defaultHeaders(https), hosts: newHosts(issuer, cfg.Hosts), issuer: issuer}
	e.guard()
	e.lines, _ = Routine(cfg.Logger).Handler().(*lineHandler)
	if cfg.Tracer != nil {
		e.tracer, e.spanKey = cfg.Tracer.Tracer(scope), spanKey()
		e.sampling, _ = cfg.Tracer.(*sampling)
	}
	if e.metrics, err = newMetrics(cfg.Registry); err != nil {
		return nil, err
	}
	return e, cfg.Registry.Register(e.gate)
}

// Drain makes every further answer ask its client to open a new connection elsewhere. Requests are still served.
func (e *Edge) Drain() { e.draining.Store(true) }

type header struct {
	name  string
	value []string
}

// defaultHeaders bear the strictest policy; what draws pages sets its own in their place.
func defaultHeaders(https bool) []header {
	h := []header{
		{"X-Content-Type-Options", []string{"nosniff"}},
		{"Referrer-Policy", []string{"no-referrer"}},
		{"Content-Security-Policy", []string{"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}},
	}
	if https {
		h = append(h, header{"Strict-Transport-Security", []string{"max-age=31536000"}})
	}
	return h
}

// Wrap is the outermost middleware: it stands before any handler and any routing. It finds the client's address, opens the
// request's record, refuses what no handler should see, and in the end writes the log line, the metrics and the span.
func (e *Edge) Wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		st, r := e.begin(w, r)
		defer func() {
			abort := false
			switch v := recover(); v {
			case nil:
			case http.ErrAbortHandler:
				abort = true
				if st.rec.Outcome == "" {
					st.rec.Outcome = "aborted"
				}
			default:
				abort = !e.failed(&st.w, r, st, FaceFunc(PlainFace), &Panicked{Value: v, Stack: debug.Stack()})
			}
			e.finish(st, r)
			if abort { // half an answer must not look like a whole one
				panic(http.ErrAbortHandler)
			}
		}()
		if e.draining.Load() {
			st.w.Header().Set("Connection", "close")
		}
		if e.admit(st, r) {
			h.ServeHTTP(&st.w, r)
		}
	})
}

func (e *Edge) begin(w http.ResponseWriter, r *http.Request) (*state, *http.Request) {
	e.metrics.inFlight.Inc()
	st := &state{edge: e, parent: r.Context(), rec: Record{ID: newRequestID(), Start: e.cfg.Now(), Endpoint: unknownEndpoint}, w: recorder{ResponseWriter: w}}
	st.door, _ = st.parent.Value(doorKey{}).(*doorConn)
	st.rec.Address = e.address(st.door, r)
	h := w.Header()
	for i := range e.headers {
		h[e.headers[i].name] = e.headers[i].value
	}
	e.startSpan(st, r)
	r = r.WithContext(st)
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &cappedBody{body: r.Body, left: e.cfg.MaxBody}
	}
	return st, r
}

// newRequestID makes 100 random bits in base32. They need to be unique, and hold up no request: they are no secret.
func newRequestID() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	var id [20]byte
	for half := range 2 {
		bits := rand.Uint64() // #nosec G404 -- unique is enough
		for i := range 10 {
			id[10*half+i] = alphabet[bits>>(5*i)&31]
		}
	}
	return string(id[:])
}

func (e *Edge) finish(st *state, r *http.Request) {
	st.end()
	e.metrics.inFlight.Dec()
	status := st.w.status
	if status == 0 {
		status = http.StatusOK
	}
	if st.rec.Outcome == "" {
		st.rec.Outcome = "ok"
		if status >= 400 {
			st.rec.Outcome = "refused"
		}
	}
	took := e.cfg.Now().Sub(st.rec.Start)
	e.metrics.observe(st, r, status, took)
	e.endSpan(st, r, status)
	e.logRequest(st, r, status, took)
}

// failed lets the face answer err and writes it into the record. It returns false where an answer had begun before.
func (e *Edge) failed(w http.ResponseWriter, r *http.Request, st *state, face Face, err error) (answered bool) {
	st.rec.Err = err
	if a := Explain(err); st.rec.Outcome == "" || a.Outcome == "panic" {
		st.rec.Outcome = a.Outcome
	}
	if p, ok := errors.AsType[*Panicked](err); ok {
		e.metrics.panics.WithLabelValues(st.rec.Endpoint).Inc()
		e.cfg.Logger.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelError, "panic", slog.String("request_id", st.rec.ID),
			slog.String("endpoint", st.rec.Endpoint), slog.String("panic", scrub(p.Error(), r)), slog.String("stack", string(p.Stack)))
	}
	if st.w.status != 0 {
		return false
	}
	if is[*TooLarge](err) || is[*BadRequest](err) {
		w.Header().Set("Connection", "close") // the rest of the body is not read
	}
	face.Answer(w, r, err)
	return true
}
