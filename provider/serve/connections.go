package serve

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Connections bounds the open connections of a listener. When there is no room, the connection that has waited longest without a request
// makes room: whoever hoards connections loses them, and everybody else is served.
type Connections struct {
	slots chan struct{}
	// door is what requests meet first, nil for none.
	door *door

	// grain is how much later than asked a deadline may come, see [lazyConn]; 0: not at all.
	grain time.Duration

	mu sync.Mutex
	// waiting are connections without a request under way, in a ring: the longest waiting comes next.
	waiting boundConn
	// wanted: somebody waits for room that nobody could make, since all connections had requests under way.
	wanted bool
	// answering is how many requests are being answered at the door.
	answering atomic.Int64
}

// NewConnections allows n connections at once, at least one.
func NewConnections(n int) *Connections {
	c := &Connections{slots: make(chan struct{}, max(n, 1))}
	c.waiting.next, c.waiting.prev = &c.waiting, &c.waiting
	return c
}

// Listen bounds ln. The server must tell State of its connections.
func (c *Connections) Listen(ln net.Listener) net.Listener {
	return &boundListener{Listener: ln, conns: c, done: make(chan struct{})}
}

// State is to be called by [http.Server].ConnState.
func (c *Connections) State(conn net.Conn, s http.ConnState) {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	b, ok := conn.(*boundConn)
	if !ok {
		return
	}
	fresh := s == http.StateNew || s == http.StateIdle
	if s != http.StateActive {
		b.doorConn.state(s)
	}
	c.waits(b, fresh)
}

// Settle waits until no request is being answered at the door, or until ctx ends. It is for after [Edge.Drain], from when on they all pass: the
// server takes a connection whose request did not for one that waits, and closes it at once when it shuts down.
func (c *Connections) Settle(ctx context.Context) {
	for c.answering.Load() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// waits notes whether a connection waits for a request.
func (c *Connections) waits(b *boundConn, yes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b.leave()
	if yes {
		b.prev, b.next = c.waiting.prev, &c.waiting
		b.prev.next, b.next.prev = b, b
		if c.wanted {
			c.closeFirst()
		}
	}
}

// leave takes the connection out of the ring of those that wait, if it is there. The caller holds mu of its connections.
func (c *boundConn) leave() {
	if c.next != nil {
		c.prev.next, c.next.prev = c.next, c.prev
		c.prev, c.next = nil, nil
	}
}

// spare is on how many connections nothing need happen for a while: others must find one.
func (c *Connections) spare() int {
	if 8*len(c.slots) >= 7*cap(c.slots) {
		return 0
	}
	return cap(c.slots)
}

// makeRoom closes the connection that has waited longest; where none waits, the next that does.
func (c *Connections) makeRoom() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wanted = true
	c.closeFirst()
}

// closeFirst closes the first that waits for its client. Where requests have come that nobody has read yet, for want of processors, it is not the
// client who keeps anybody waiting.
func (c *Connections) closeFirst() {
	const looks = 32
	first := c.waiting.next
	for n := 0; n < looks && first != &c.waiting; n++ {
		if !unread(first.socket) {
			first.leave()
			c.wanted = false
			go func() { _ = first.Close() }() // it is going either way; its server may hold on to it just now
			return
		}
		first = first.next
	}
}

// unread says that something has come which nobody has read yet.
func unread(conn net.Conn) (yes bool) {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	_ = raw.Control(func(fd uintptr) { // a closed one has nothing
		n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		yes = err == nil && n > 0
	})
	return yes
}

// roomy tells that room was found.
func (c *Connections) roomy() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wanted = false
}

// maxRush is how many connections are accepted before those that are there have a turn.
const maxRush = 32

type boundListener struct {
	net.Listener
	conns *Connections
	once  sync.Once
	done  chan struct{}
	// rush counts what was accepted.
	rush int
}

// Accept implements [net.Listener].
func (l *boundListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	select {
	case l.conns.slots <- struct{}{}:
	default:
		l.conns.makeRoom()
		select {
		case l.conns.slots <- struct{}{}:
			l.conns.roomy()
		case <-l.done:
			_ = conn.Close() // nobody will serve it
			return nil, net.ErrClosed
		}
	}
	if l.rush++; l.rush%maxRush == 0 {
		runtime.Gosched()
	}
	socket := conn
	if l.conns.grain > 0 {
		conn = &lazyConn{Conn: conn, grain: l.conns.grain}
	}
	c := &boundConn{Conn: conn, socket: socket, conns: l.conns}
	c.doorConn.door, c.doorConn.conn = l.conns.door, c
	return c, nil
}

// Close implements [net.Listener].
func (l *boundListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

// boundConn gives its slot back when it closes.
type boundConn struct {
	net.Conn
	socket   net.Conn // below it
	conns    *Connections
	once     sync.Once
	doorConn doorConn
	// prev and next are its neighbours in the ring of those that wait; nil where it does not.
	prev, next *boundConn
}

// Read implements [net.Conn].
func (c *boundConn) Read(p []byte) (int, error) {
	if c.doorConn.door == nil && c.doorConn.ready == nil {
		return c.Conn.Read(p)
	}
	return c.doorConn.read(p)
}

// Close implements [net.Conn].
func (c *boundConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { <-c.conns.slots })
	return err
}
