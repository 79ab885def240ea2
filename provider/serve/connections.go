package serve

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/http"
	"runtime"
	"sync"
)

// Connections bounds the open connections of a listener. When there is no room, the connection that has waited longest without a request
// makes room: whoever hoards connections loses them, and everybody else is served.
type Connections struct {
	slots chan struct{}
	// door is what requests meet first, nil for none.
	door *door

	mu sync.Mutex
	// waiting are connections without a request under way, the longest waiting first.
	waiting *list.List
	at      map[net.Conn]*list.Element
	// wanted: somebody waits for room that nobody could make, since all connections had requests under way.
	wanted bool
}

// NewConnections allows n connections at once, at least one.
func NewConnections(n int) *Connections {
	return &Connections{slots: make(chan struct{}, max(n, 1)), waiting: list.New(), at: map[net.Conn]*list.Element{}}
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
	if b, ok := conn.(*boundConn); ok && s != http.StateActive {
		b.doorConn.state(s == http.StateNew || s == http.StateIdle)
	}
	c.waits(conn, s == http.StateNew || s == http.StateIdle)
}

// waits notes whether a connection waits for a request.
func (c *Connections) waits(conn net.Conn, yes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.at[conn]; ok {
		c.waiting.Remove(e)
		delete(c.at, conn)
	}
	if yes {
		c.at[conn] = c.waiting.PushBack(conn)
		if c.wanted {
			c.closeFirst()
		}
	}
}

// makeRoom closes the connection that has waited longest; where none waits, the next that does.
func (c *Connections) makeRoom() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wanted = true
	c.closeFirst()
}

func (c *Connections) closeFirst() {
	if e := c.waiting.Front(); e != nil {
		c.waiting.Remove(e)
		conn := e.Value.(net.Conn)
		delete(c.at, conn)
		c.wanted = false
		go func() { _ = conn.Close() }() // it is going either way; its server may hold on to it just now
	}
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
	c := &boundConn{Conn: conn, conns: l.conns}
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
	conns    *Connections
	once     sync.Once
	doorConn doorConn
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
