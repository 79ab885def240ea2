package serve

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Priority says how long an endpoint is served when the server is full: the lower ones are refused first, with 503 and
// Retry-After, so that the higher ones keep their time.
type Priority int

// The priorities, the best protected first.
const (
	// Vital: JWKS and discovery. Every application stops without them, and they cost next to nothing.
	Vital Priority = iota
	// Machine: token, introspection, userinfo, the account API's protected routes.
	Machine
	// Interactive: pages and sign-in.
	Interactive
	// Deferrable: sign-up, reset, uploads.
	Deferrable
)

// String is a metric label.
func (p Priority) String() string {
	switch p {
	case Vital:
		return "vital"
	case Machine:
		return "machine"
	case Interactive:
		return "interactive"
	}
	return "deferrable"
}

// busyPerCore is how many requests a processor is given at once at least: enough that it has work while some wait for the store.
const busyPerCore = 4

// lane counts uploads. Their handlers read the body themselves, as slowly as it is sent, so a few accounts could otherwise keep everybody
// else waiting at the gate.
type lane struct {
	used *atomic.Int64
	room int64
}

// guard makes what keeps requests out when there are too many.
func (e *Edge) guard() {
	most := e.cfg.MaxConcurrent
	e.gate = newGate(busyPerCore*runtime.GOMAXPROCS(0), most, e.cfg.Now, schedLag())
	e.uploads = lane{used: new(atomic.Int64), room: int64(max(1, most*6/100))}
	e.lanes, e.refusals.edge = map[string]*endpoint{}, e
}

// lane notes the endpoint's path, where it is fixed. Where a path has several, the best protected counts.
func (e *Edge) lane(ep *endpoint) {
	if !strings.HasPrefix(ep.route, "/") || strings.ContainsAny(ep.route, "{}") {
		return
	}
	if other := e.lanes[ep.route]; other == nil || ep.priority < other.priority {
		e.lanes[ep.route] = ep
	}
}

// admit lets a request into its handler, or answers it. give must follow once it is served.
func (ep *endpoint) admit(w http.ResponseWriter, r *http.Request) (give func(), ok bool) {
	e := ep.edge
	if ep.upload() {
		used := e.uploads.used
		if used.Add(1) <= e.uploads.room {
			return func() { used.Add(-1) }, true
		}
		used.Add(-1)
	} else {
		t := doorTurn(r)
		if t == nil {
			t = e.gate.admit(r.Context(), ep.priority)
		}
		if t != nil {
			if st := stateOf(r.Context()); st != nil {
				st.w.turn, st.turn = t, t
			}
			return t.leave, true
		}
		e.gate.hold(r.Context(), 2*e.cfg.MaxConcurrent) // in HTTP/2 there are many more than connections
	}
	if st := stateOf(r.Context()); st != nil {
		st.rec.Outcome = shedOutcome
	}
	e.shed(ep)
	e.refusals.get(ep, string(firstLanguage([]byte(r.Header.Get("Accept-Language"))))).answer(w)
	return nil, false
}

// shedOutcome is the outcome of requests that are refused because the server is full. They have no line in the log.
const shedOutcome = "shed"

// doorTurn is the turn that the request already had at the door, nil if none.
func doorTurn(r *http.Request) *turn {
	if st := stateOf(r.Context()); st != nil && st.door != nil {
		return st.door.take()
	}
	return nil
}

// Away tells that the request of ctx waits for something that takes no processor time of ours, such as a queue: it is not counted among those
// that are worked on until back is called.
func Away(ctx context.Context) (back func()) {
	if st := stateOf(ctx); st != nil && st.turn != nil {
		return st.turn.away()
	}
	return func() {}
}

// Describe implements [prometheus.Collector].
func (g *gate) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range gateDescs() {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (g *gate) Collect(ch chan<- prometheus.Metric) {
	busy, limit, waiting := g.state()
	for i, d := range gateDescs() {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64([...]int{busy, limit, waiting}[i]))
	}
}

func gateDescs() [3]*prometheus.Desc {
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }
	return [3]*prometheus.Desc{
		desc("latchkey_http_requests_working", "Requests that are worked on: they neither wait for a hash nor for their client."),
		desc("latchkey_http_requests_working_limit", "How many requests are worked on at once, as it is worth it now."),
		desc("latchkey_http_requests_queued", "Requests that wait until they are worked on."),
	}
}
