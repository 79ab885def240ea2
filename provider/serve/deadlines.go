package serve

import (
	"net"
	"os"
	"sync"
	"time"
)

// lazyConn sets the deadlines of a connection when somebody is about to wait for it, and not more often than they matter. net/http moves them half a
// dozen times for each request, of which most are moved again before anybody waits, and each costs a change of the runtime's timers.
//
// No deadline comes before its time, and none more than grain after it; one that is moved while somebody waits is moved at once, and exactly.
type lazyConn struct {
	net.Conn
	grain       time.Duration
	read, write lazyDeadline
}

// longAgo is a day after the beginning of 1970, in seconds: whoever asks for less wants nobody to wait any more.
const longAgo = 24 * 60 * 60

// lazyDeadline is the deadline of one direction.
type lazyDeadline struct {
	mu sync.Mutex
	// want was asked for, set is the connection's.
	want, set time.Time
	// waiting is how many wait for the connection.
	waiting int
}

// Read implements [net.Conn].
func (c *lazyConn) Read(p []byte) (int, error) {
	if err := c.begin(&c.read); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	c.read.end()
	return n, err
}

// Write implements [net.Conn].
func (c *lazyConn) Write(p []byte) (int, error) {
	if err := c.begin(&c.write); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(p)
	c.write.end()
	return n, err
}

// SetReadDeadline implements [net.Conn].
func (c *lazyConn) SetReadDeadline(t time.Time) error { return c.ask(&c.read, t) }

// SetWriteDeadline implements [net.Conn].
func (c *lazyConn) SetWriteDeadline(t time.Time) error { return c.ask(&c.write, t) }

// SetDeadline implements [net.Conn].
func (c *lazyConn) SetDeadline(t time.Time) error {
	if err := c.ask(&c.read, t); err != nil {
		return err
	}
	return c.ask(&c.write, t)
}

func (c *lazyConn) ask(d *lazyDeadline, t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.want = t
	if d.waiting == 0 {
		return nil
	}
	return c.set(d, t)
}

// begin makes sure of the deadline before somebody waits. What net/http ended (by a time long ago) is told without asking the system.
func (c *lazyConn) begin(d *lazyDeadline) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var err error
	switch {
	case d.want.IsZero():
		if !d.set.IsZero() {
			err = c.set(d, d.want)
		}
	case d.want.Unix() < longAgo:
		return os.ErrDeadlineExceeded
	case d.want.After(d.set) || d.set.Sub(d.want) > c.grain:
		err = c.set(d, d.want.Add(c.grain))
	}
	if err == nil {
		d.waiting++
	}
	return err
}

func (c *lazyConn) set(d *lazyDeadline, t time.Time) error {
	d.set = t
	if d == &c.read {
		return c.Conn.SetReadDeadline(t)
	}
	return c.Conn.SetWriteDeadline(t)
}

func (d *lazyDeadline) end() {
	d.mu.Lock()
	d.waiting--
	d.mu.Unlock()
}
