package serve

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// maxPlain bounds a request that the door answers, in bytes: net/http grants as many to the header of any, see [Limits].MaxHeader.
const maxPlain = 4 << 10

// drawnTrace are the identifiers of a request's trace where they were drawn at the door, and whether it is recorded.
type drawnTrace struct {
	context  trace.SpanContext
	recorded bool
}

// prepared says whether the door may answer a request: for a document, and with nothing in it that could matter further inside.
//
// The first request of a connection passes, so that net/http knows it as one that waits, and closes it as such.
func (d *doorConn) prepared(ep *endpoint, f frame) bool {
	e := d.door.edge
	switch {
	case ep == nil || ep.prepared == nil || ep.cors != nil || ep.upload() || !d.known,
		string(f.method) != http.MethodGet && string(f.method) != http.MethodHead,
		f.query || f.body > 0 || f.size > maxPlain || f.watched || f.noneMatches > 1 || f.hosts != 1 || len(f.host) == 0,
		e.tracer != nil && e.sampling == nil: // who makes the spans decides about them further inside
		return false
	}
	if string(f.host) != d.host { // mostly it is that of the request before
		host := string(f.host)
		if !plainHost(f.host) || !e.hosts.allows(host) {
			return false
		}
		d.host = host
	}
	return true
}

// plainHost says that a Host is one for net/http too.
func plainHost(b []byte) bool {
	for _, c := range b {
		if l := c | 0x20; (l < 'a' || l > 'z') && (c < '0' || c > ':') && c != '.' && c != '-' && c != '[' && c != ']' {
			return false
		}
	}
	return true
}

// answer answers a request that was let in at the gate, and gives its turn back. It does not where something else than what is ready is asked for, or
// where the request is one of those whose spans are recorded: then it passes, with what was drawn for it. head is how the request begins.
func (d *doorConn) answer(conn net.Conn, ep *endpoint, f frame, head []byte, t *turn) (done bool, err error) {
	e, conns := d.door.edge, d.conn.conns
	conns.answering.Add(1) // before draining is looked at: see Settle
	defer conns.answering.Add(-1)
	conns.waits(d.conn, false) // as soon as may be: one that waits may be closed
	of, k := ep.prepared.document.Edition(), kind(0)
	if string(f.method) == http.MethodHead {
		k |= kindHead
	}
	if f.noneMatches > 0 {
		if string(f.noneMatch) != of.ETag {
			return false, nil
		}
		k |= kindKnown
	}
	begun := e.cfg.Now()
	a, drawn := ep.answer(k, of, begun)
	if a == nil || e.draining.Load() {
		return false, nil
	}
	var span trace.SpanContext
	if e.sampling != nil {
		var recorded bool
		if span, recorded = e.sampling.samples(k.method()); recorded {
			d.drawn = &drawnTrace{span, recorded}
			return false, nil
		}
	}
	e.metrics.inFlight.Inc()
	if !drawn {
		ep.prepared.document.Sent()
	}
	e.answered(ep, a, k, d.told(f, head), begun, span)
	e.metrics.inFlight.Dec()
	t.leave() // how fast a client takes it is no work of ours
	_ = conn.SetWriteDeadline(begun.Add(d.door.write))
	if _, err := conn.Write(a.wire); err != nil {
		return true, err
	}
	_ = conn.SetReadDeadline(e.cfg.Now().Add(d.door.idle)) // net/http sets its own for a request that passes
	conns.waits(d.conn, true)
	return true, nil
}

// answered counts and logs an answer of the door, as [Edge.finish] does.
func (e *Edge) answered(ep *endpoint, a *answer, k kind, address string, begun time.Time, span trace.SpanContext) {
	if e.cfg.Answered != nil {
		e.cfg.Answered()
	}
	took := e.cfg.Now().Sub(begun)
	a.timing.Observe(took.Seconds())
	if !e.cfg.Logger.Enabled(context.Background(), slog.LevelInfo) {
		return
	}
	e.line(&requestLine{at: begun.Add(took), level: slog.LevelInfo, id: newRequestID(), method: k.method(), route: ep.route, endpoint: ep.name, address: address,
		outcome: "ok", status: a.status, bytes: int64(len(a.body)), took: took, span: span})
}

// told is the client's address, as [Edge.address] finds it.
func (d *doorConn) told(f frame, head []byte) string {
	if d.address != "" && (!f.told || !d.proxy) {
		return d.address
	}
	r := &http.Request{RemoteAddr: d.conn.RemoteAddr().String()}
	if f.told {
		r.Header = hops(head)
	}
	return d.door.edge.address(d, r)
}

// hops are the headers in which proxies tell an address, of a request that was read whole.
func hops(head []byte) http.Header {
	h := http.Header{}
	_, rest, _ := bytes.Cut(head, []byte("\r\n"))
	for {
		var line []byte
		if line, rest, _ = bytes.Cut(rest, []byte("\r\n")); len(line) == 0 {
			return h
		}
		switch name, value, _ := bytes.Cut(line, []byte(":")); {
		case isHeader(name, "x-forwarded-for"):
			h.Add("X-Forwarded-For", string(bytes.Trim(value, " \t")))
		case isHeader(name, "forwarded"):
			h.Add("Forwarded", string(bytes.Trim(value, " \t")))
		}
	}
}
