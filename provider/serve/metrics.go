package serve

import (
	"context"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"latchkey/provider/audit"
)

// unknownEndpoint is the label of what no route matched.
const unknownEndpoint = "unknown"

// DurationBuckets are those of the HTTP semantic conventions, in seconds.
func DurationBuckets() []float64 {
	return []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
}

type metrics struct {
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	conns    prometheus.Gauge
	shed     *prometheus.CounterVec
	refused  *prometheus.CounterVec
	panics   *prometheus.CounterVec
	tokens   *prometheus.CounterVec
	signIns  *prometheus.CounterVec
	second   *prometheus.CounterVec
	events   *prometheus.CounterVec

	// shedAt are the members of shed by priority.
	shedAt [Deferrable + 1]prometheus.Counter

	grants, outcomes, details *bounded

	// durations and requests keep the members of duration and tokens, so that no request looks them up by the text of all their labels.
	durations Memo[durationLabels, prometheus.Observer]
	requests  Memo[tokenLabels, prometheus.Counter]
}

type durationLabels struct {
	endpoint, method string
	status           int
}

type tokenLabels struct{ grant, outcome string }

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &metrics{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "latchkey_http_request_duration_seconds", Help: "Time from a request's header to the end of its answer.", Buckets: DurationBuckets(),
		}, []string{"endpoint", "method", "code"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "latchkey_http_requests_in_flight", Help: "Requests that are being served."}),
		conns:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "latchkey_http_connections", Help: "Open connections."}),
		shed:     counter("latchkey_http_requests_shed_total", "Requests refused because the server was full.", "priority"),
		refused:  counter("latchkey_http_requests_refused_total", "Requests refused before routing.", "reason"),
		panics:   counter("latchkey_http_panics_total", "Panics in handlers.", "endpoint"),
		tokens:   counter("latchkey_token_requests_total", "Requests for tokens.", "grant", "outcome"),
		signIns:  counter("latchkey_signins_total", "Attempts to sign in.", "outcome", "method"),
		events:   counter("latchkey_audit_events_total", "Audit events.", "event"),
		second:   newSecondFactors(),
		grants:   newBounded(16), outcomes: newBounded(64), details: newBounded(64),
	}
	for _, p := range []Priority{Vital, Machine, Interactive, Deferrable} {
		m.shedAt[p] = m.shed.WithLabelValues(p.String()) // a rate needs a zero to start from
	}
	for _, n := range audit.Names() {
		m.events.WithLabelValues(m.details.word(string(n)))
	}
	for _, way := range signInMethods() {
		m.signIns.WithLabelValues("ok", way)
		m.signIns.WithLabelValues("failed", way)
	}
	for _, c := range []prometheus.Collector{m.duration, m.inFlight, m.conns, m.shed, m.refused, m.panics, m.tokens, m.signIns, m.second, m.events} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// timing is the histogram of requests that are alike.
func (m *metrics) timing(endpoint, method string, status int) prometheus.Observer {
	return m.durations.Get(durationLabels{endpoint, method, status}, func(l durationLabels) prometheus.Observer {
		return m.duration.WithLabelValues(l.endpoint, l.method, strconv.Itoa(l.status))
	})
}

func (m *metrics) observe(st *state, r *http.Request, status int, took time.Duration) {
	o := m.timing(st.rec.Endpoint, method(r), status)
	if eo, ok := o.(prometheus.ExemplarObserver); ok && st.root.context.IsSampled() {
		eo.ObserveWithExemplar(took.Seconds(), prometheus.Labels{"trace_id": st.root.context.TraceID().String()})
	} else {
		o.Observe(took.Seconds())
	}
	if st.rec.GrantType != "" {
		m.requests.Get(tokenLabels{m.grants.word(st.rec.GrantType), m.outcomes.word(st.rec.Outcome)}, func(l tokenLabels) prometheus.Counter {
			return m.tokens.WithLabelValues(l.grant, l.outcome)
		}).Inc()
	}
}

// Sink counts audit events, and sign-ins by outcome.
func (e *Edge) Sink() audit.Sink {
	return audit.SinkFunc(func(_ context.Context, ev audit.Event) {
		e.metrics.events.WithLabelValues(e.metrics.details.word(string(ev.Name))).Inc()
		countSecond(e.metrics.second, ev)
		switch ev.Name {
		case audit.SignIn:
			e.metrics.signIns.WithLabelValues("ok", signInMethod(ev.Detail)).Inc()
		case audit.SignInFailed:
			e.metrics.signIns.WithLabelValues("failed", signInMethod(ev.Detail)).Inc()
		}
	})
}

// signInMethods are the doors at which people sign in: the pages, the dialects of the account API, and a password that is asked for again.
func signInMethods() []string { return []string{"page", "platform", "session", "simple", "confirm"} }

// signInMethod is the detail of a sign-in's event as a bounded label.
func signInMethod(detail string) string {
	if slices.Contains(signInMethods(), detail) {
		return detail
	}
	return "other"
}

// method is the request's method as a bounded label.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "_OTHER"
}

// bounded lets the first max words through and calls the rest "other": no label set grows without end.
type bounded struct {
	mu   sync.RWMutex
	max  int
	seen map[string]bool
}

func newBounded(max int) *bounded { return &bounded{max: max, seen: map[string]bool{}} }

func (b *bounded) word(s string) string {
	b.mu.RLock()
	known := b.seen[s]
	b.mu.RUnlock()
	if known {
		return s
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.seen) >= b.max && !b.seen[s] {
		return "other"
	}
	b.seen[s] = true
	return s
}

// RegisterProcess registers the collectors of the Go runtime and the process, and latchkey_build_info.
func RegisterProcess(reg prometheus.Registerer, version, revision string) error {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "latchkey_build_info", Help: "Always 1; the labels tell the build.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "goversion": runtime.Version()},
	})
	info.Set(1)
	for _, c := range []prometheus.Collector{info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		if err := reg.Register(c); err != nil {
			return err
		}
	}
	return nil
}
