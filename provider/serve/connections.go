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
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.at[conn]; ok {
		c.waiting.Remove(e)
		delete(c.at, conn)
	}
	if s == http.StateNew || s == http.StateIdle {
		c.at[conn] = c.waiting.PushBack(conn)
	}
}

// makeRoom closes the connection that has waited longest, if any waits.
func (c *Connections) makeRoom() {
	c.mu.Lock()
	e := c.waiting.Front()
	if e != nil {
		c.waiting.Remove(e)
		delete(c.at, e.Value.(net.Conn))
	}
	c.mu.Unlock()
	if e != nil {
		_ = e.Value.(net.Conn).Close() // it is going either way
	}
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
		case <-l.done:
			_ = conn.Close() // nobody will serve it
			return nil, net.ErrClosed
		}
	}
	if l.rush++; l.rush%maxRush == 0 {
		runtime.Gosched()
	}
	return &boundConn{Conn: conn, conns: l.conns, doorConn: doorConn{door: l.conns.door}}, nil
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
	return c.doorConn.read(c.Conn, p)
}

// Close implements [net.Conn].
func (c *boundConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { <-c.conns.slots })
	return err
}
