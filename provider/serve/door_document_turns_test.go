package serve

import (
	"net/http"
	"strings"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// Who had to wait for a turn is answered at the door too.
func TestDoorAnswersWhoWaited(t *testing.T) {
	r := newDocumentRig(t, true, func(c *Config) { c.MaxConcurrent = 1 })
	c := ask(t, r.listen(t))
	r.calm(t, 1)
	first := r.gate.enter(Vital)
	c.say(t, askKeys)
	until(t, "it waits", func() bool { _, _, waiting := r.gate.state(); return waiting == 1 })
	if r.seen.Load() != 0 {
		t.Error("it goes before who came first")
	}
	first.leave()
	if res, _ := c.hear(t); res.StatusCode != http.StatusOK || r.seen.Load() != 1 {
		t.Errorf("%d, %d answered at the door", res.StatusCode, r.seen.Load())
	}
	until(t, "its turn is given back", func() bool { busy, _, _ := r.gate.state(); return busy == 0 })
}

// Who waited for a turn while the end began is told to go, as others are.
func TestDoorPassesWhoWaitedAtTheEnd(t *testing.T) {
	r := newDocumentRig(t, true, func(c *Config) { c.MaxConcurrent = 1 })
	c := ask(t, r.listen(t))
	r.calm(t, 1)
	first := r.gate.enter(Vital)
	c.say(t, askKeys)
	until(t, "it waits", func() bool { _, _, waiting := r.gate.state(); return waiting == 1 })
	r.Drain()
	first.leave()
	if res, _ := c.hear(t); res.StatusCode != http.StatusOK || !res.Close || r.seen.Load() != 0 {
		t.Errorf("%d %v, %d answered at the door", res.StatusCode, res.Header, r.seen.Load())
	}
}

// A HEAD that is refused has no body, so that the connection goes on.
func TestDoorRefusesHEAD(t *testing.T) {
	r := newDocumentRig(t, true)
	c := ask(t, r.listen(t))
	r.calm(t, 1)
	r.gate.mu.Lock()
	r.gate.lines[Vital].push(&turn{}) // somebody stands in front, and it would take for ever
	each, busy := r.gate.each, r.gate.busy
	r.gate.each, r.gate.busy = time.Hour, int(r.gate.most)
	r.gate.mu.Unlock()
	head := strings.Replace(askKeys, "GET", "HEAD", 1)
	c.say(t, head)
	if res, err := http.ReadResponse(c.in, &http.Request{Method: http.MethodHead}); err != nil || res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Fatalf("%v %v", res, err)
	}
	r.gate.mu.Lock()
	r.gate.lines[Vital], r.gate.each, r.gate.busy = line{}, each, busy
	r.gate.mu.Unlock()
	c.say(t, askKeys)
	if res, body := c.hear(t); res.StatusCode != http.StatusOK || body != `{"keys":1}` {
		t.Errorf("afterwards: %d %q", res.StatusCode, body)
	}
}

// Of requests for documents as many are recorded as of others, each with the identifiers in its line, and with a link to the trace that came with it.
func TestDoorSpans(t *testing.T) {
	const n = 600
	spans := tracetest.NewInMemoryExporter()
	r := newDocumentRig(t, true, func(c *Config) {
		c.Tracer = newSampling(sdktrace.TraceIDRatioBased(0.5), sdktrace.WithSyncer(spans))
	})
	pieces := make([][]byte, n)
	for i := range pieces {
		pieces[i] = []byte(with(askKeys, "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
	}
	r.play(t, pieces...)
	recorded := map[string]bool{}
	for _, s := range spans.GetSpans() {
		recorded[s.SpanContext.TraceID().String()] = true
		if s.Name != "GET /keys" || len(s.Links) != 1 {
			t.Errorf("%s with %d links", s.Name, len(s.Links))
		}
	}
	if got := len(recorded); got < n/2-90 || got > n/2+90 { // seven deviations
		t.Errorf("%d of %d are recorded", got, n)
	}
	lines, found := r.log.lines(t, "request"), 0
	for _, line := range lines {
		if recorded[line["trace_id"].(string)] {
			found++
		}
	}
	if inside := n - int(r.seen.Load()); len(lines) != n || found != len(recorded) || inside > found+1 {
		t.Errorf("%d lines, %d of the %d that are recorded, %d answered at the door", len(lines), found, len(recorded), r.seen.Load())
	}
}
