package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/pprof"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// ErrStandby is what a [Check] returns while the store waits for another process to let go of it.
var ErrStandby = errors.New("standby")

// Check is one condition of readiness. Probe must be cheap; it gets a second.
type Check struct {
	Name  string
	Probe func(context.Context) error
}

// Ops is the operators' listener: probes, metrics and, where asked for, profiles. It never faces the public.
type Ops struct {
	gatherer prometheus.Gatherer
	profiles bool

	mu       sync.Mutex
	checks   []Check
	started  bool
	draining bool
}

// NewOps makes it; with profiles it serves /debug/pprof/ too. It is neither started nor ready.
func NewOps(g prometheus.Gatherer, profiles bool) *Ops { return &Ops{gatherer: g, profiles: profiles} }

// Started sets what readiness asks from now on, and turns /startupz to 200.
func (o *Ops) Started(checks ...Check) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.checks, o.started = checks, true
}

// Starting sets what readiness tells while the service is not started, such as that it stands by.
func (o *Ops) Starting(checks ...Check) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.checks, o.started = checks, false
}

// Drain turns /readyz to 503 for good.
func (o *Ops) Drain() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.draining = true
}

// Handler serves /livez (the process runs), /readyz (it may get traffic), /startupz (it has started), /metrics and profiles. /readyz?exclude=NAME
// leaves out a check once the service has started: where all replicas lose their store at once, a balancer that took them all away would take away
// the keys too, which need no store.
func (o *Ops) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { writePlain(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", o.ready)
	mux.HandleFunc("GET /startupz", func(w http.ResponseWriter, _ *http.Request) {
		o.mu.Lock()
		started := o.started
		o.mu.Unlock()
		if !started {
			writePlain(w, http.StatusServiceUnavailable, "starting")
			return
		}
		writePlain(w, http.StatusOK, "ok")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.gatherer, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	if o.profiles {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux
}

func (o *Ops) ready(w http.ResponseWriter, r *http.Request) {
	j := o.judge(r.Context(), r.URL.Query()["exclude"]...)
	status, text := http.StatusServiceUnavailable, j.state
	switch {
	case j.state == stateReady:
		status, text = http.StatusOK, "ok"
	case j.failed != "" && j.state != stateDraining && j.state != stateStandby:
		text = "not ready: " + j.failed
	}
	if r.URL.Query().Has("verbose") {
		var lines strings.Builder
		for _, c := range j.checks {
			switch {
			case c.err == nil:
				fmt.Fprintf(&lines, "[+] %s ok\n", c.name)
			case errors.Is(c.err, errExcluded):
				fmt.Fprintf(&lines, "[ ] %s excluded\n", c.name)
			default:
				fmt.Fprintf(&lines, "[-] %s: %v\n", c.name, c.err)
			}
		}
		text = lines.String() + text
	}
	w.Header().Set("Cache-Control", "no-store")
	writePlain(w, status, text)
}

// probe ends with ctx even where the check does not heed it.
func probe(ctx context.Context, c Check) error {
	done := make(chan error, 1)
	go func() { done <- c.Probe(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return errors.New("no answer within a second")
	}
}

// NewServer makes the listener's server: its own limits, since profiles take their time.
func (o *Ops) NewServer(e *Edge) *http.Server {
	return newHTTPServer(o.Handler(), Limits{Write: 5 * time.Minute}, nil, e.cfg.Logger, nil)
}
