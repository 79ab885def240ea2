package serve

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// maxFrame is how much of a request the door reads before it lets it pass.
const maxFrame = 16 << 10

// door stands where requests come in on connections without TLS, before net/http has spent anything on them: it reads a request whole, asks the
// gate, and answers what is refused, and who asks for a document, with bytes that were prepared. A refusal costs a tenth of what it costs further inside.
// What is unusual passes, and meets the gate at its endpoint.
type door struct {
	edge *Edge
	// header and read are how long a request may take to come, write an answer to go, idle how long a connection may wait for the next.
	header, read, write, idle time.Duration
}

// doorKey is the key of a connection's door in the context of its requests.
type doorKey struct{}

// doorConn is the door's part of a connection. Reads are net/http's, one at a time.
type doorConn struct {
	door *door
	conn *boundConn
	// fresh: what comes next is the beginning of a request. It is told by ConnState.
	fresh atomic.Bool
	// lead is the byte that net/http read ahead of the next request; led says that there is one.
	lead byte
	led  bool
	// ready is what was read and is yet to be handed on.
	ready []byte
	// address is the text of the peer's address, once it is known; proxy says that it may tell another's. They are for the requests of the connection,
	// of which there is one at a time.
	address string
	proxy   bool
	// known: net/http has served a request of the connection. host is a Host that is served, of the request that the door answered last. drawn is for the
	// request that passed.
	known bool
	host  string
	drawn *drawnTrace
	// turn is that of the request which passed.
	mu   sync.Mutex
	turn *turn
}

// read does what Read does for a connection with a door.
func (d *doorConn) read(p []byte) (int, error) {
	conn := d.conn.Conn
	if len(d.ready) > 0 {
		n := copy(p, d.ready)
		if d.ready = d.ready[n:]; len(d.ready) == 0 {
			d.ready = nil
		}
		return n, nil
	}
	if !d.fresh.Load() {
		n, err := conn.Read(p)
		if n == 1 && len(p) == 1 { // net/http looks whether the client is still there while it serves
			d.lead, d.led = p[0], true
		}
		return n, err
	}
	for {
		n, err := conn.Read(p)
		if err != nil || d.door == nil {
			return n, err
		}
		again, n, err := d.meet(conn, p, n)
		if !again {
			return n, err
		}
	}
}

// meet looks at the beginning of a request in p[:n]. again says that it was refused and answered.
func (d *doorConn) meet(conn net.Conn, p []byte, n int) (again bool, _ int, _ error) {
	d.fresh.Store(false)
	b := p[:n]
	if d.led {
		d.led = false
		if _, what := readFrame(append([]byte{d.lead}, b...)); what != frameWhole {
			d.door = nil // nobody knows where the next begins
		}
		return false, n, nil
	}
	f, what := readFrame(b, d.door.edge.cfg.Watched...)
	if what == framePart {
		b, f, what = d.gather(conn, b)
	}
	if what != frameWhole {
		d.door = nil
		return false, d.hand(p, b), nil
	}
	ep := d.door.edge.lanes[string(f.path)]
	plain := d.prepared(ep, f)
	t, refused := d.ask(ep, f, plain)
	if refused == nil {
		if plain && t != nil {
			if done, err := d.answer(conn, ep, f, b, t); done {
				return err == nil, 0, err
			}
		}
		d.mu.Lock()
		d.turn = t
		d.mu.Unlock()
		return false, d.hand(p, b), nil
	}
	_ = conn.SetDeadline(d.door.edge.cfg.Now().Add(d.door.idle)) // net/http sets its own for a request that passes
	if _, err := conn.Write(refused); err != nil {
		return false, 0, err
	}
	d.conn.conns.waits(d.conn, true)
	d.fresh.Store(true)
	return true, 0, nil
}

// gather reads on until a request is whole.
func (d *doorConn) gather(conn net.Conn, b []byte) ([]byte, frame, framing) {
	b = append(make([]byte, 0, 4<<10), b...)
	now := d.door.edge.cfg.Now()
	_ = conn.SetReadDeadline(now.Add(d.door.header))
	for size := 0; ; {
		if len(b) >= size {
			f, what := readFrame(b, d.door.edge.cfg.Watched...)
			if what != framePart {
				return b, f, what
			}
			if size = f.size; size > 0 { // the header is there
				_ = conn.SetReadDeadline(now.Add(d.door.read))
			}
		}
		if len(b) == cap(b) {
			if len(b) >= maxFrame {
				return b, frame{}, frameOther
			}
			b = append(make([]byte, 0, 2*cap(b)), b...)
		}
		n, err := conn.Read(b[len(b):cap(b)])
		if b = b[:len(b)+n]; err != nil {
			return b, frame{}, frameOther // net/http meets the same error
		}
	}
}

// hand gives b to net/http, what does not fit the next time.
func (d *doorConn) hand(p, b []byte) int {
	n := copy(p, b)
	if n < len(b) {
		d.ready = b[n:]
	}
	return n
}

// state is told what becomes of the connection.
func (d *doorConn) state(s http.ConnState) {
	d.leave()
	d.known = d.known || s == http.StateIdle
	d.fresh.Store(s == http.StateNew || s == http.StateIdle)
}

// leave gives the turn of the request back, if one is left.
func (d *doorConn) leave() {
	if t := d.take(); t != nil {
		t.leave()
	}
}

// take hands the turn of the request to whoever gives it back.
func (d *doorConn) take() *turn {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.turn
	d.turn = nil
	return t
}

// ask takes a request to the gate. It returns the answer where it is refused. No turn and no answer means that its endpoint is to ask. plain: it is one
// that the door may answer.
func (d *doorConn) ask(ep *endpoint, f frame, plain bool) (*turn, []byte) {
	e := d.door.edge
	if ep == nil || ep.upload() || ep.cors != nil && f.origin || e.draining.Load() || string(f.method) != "GET" && string(f.method) != "POST" && !plain {
		return nil, nil
	}
	begun := e.cfg.Now()
	t := e.gate.enter(ep.priority)
	if t == nil || t.ready != nil { // net/http does not know of it yet
		d.conn.conns.waits(d.conn, false)
	}
	if t != nil && t.wait(context.Background()) {
		return t, nil
	}
	if t == nil {
		e.gate.hold(context.Background(), d.conn.conns.spare())
	}
	e.shed(ep)
	e.metrics.timing(ep.name, string(f.method), http.StatusServiceUnavailable).Observe(e.cfg.Now().Sub(begun).Seconds())
	refused := e.refusals.get(ep, string(f.language))
	if string(f.method) == http.MethodHead {
		return nil, refused.wire[:len(refused.wire)-len(refused.body)]
	}
	return nil, refused.wire
}
