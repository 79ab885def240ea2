package serve

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// countedConn counts how often its deadlines are set.
type countedConn struct {
	net.Conn
	sets atomic.Int64
}

func (c *countedConn) SetReadDeadline(t time.Time) error {
	c.sets.Add(1)
	return c.Conn.SetReadDeadline(t)
}

func (c *countedConn) SetWriteDeadline(t time.Time) error {
	c.sets.Add(1)
	return c.Conn.SetWriteDeadline(t)
}

func lazyPipe(t *testing.T, grain time.Duration) (c *lazyConn, counted *countedConn, other net.Conn) {
	t.Helper()
	a, b := net.Pipe()
	counted = &countedConn{Conn: a}
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	return &lazyConn{Conn: counted, grain: grain}, counted, b
}

func TestLazyDeadlinesCome(t *testing.T) {
	for name, wait := range map[string]func(c *lazyConn) error{
		"reading": func(c *lazyConn) error {
			_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
			_, err := c.Read(make([]byte, 1))
			return err
		},
		"writing": func(c *lazyConn) error {
			_ = c.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
			_, err := c.Write(make([]byte, 1))
			return err
		},
		"both": func(c *lazyConn) error {
			_ = c.SetDeadline(time.Now().Add(20 * time.Millisecond))
			_, err := c.Write(make([]byte, 1))
			_, rerr := c.Read(make([]byte, 1))
			return errors.Join(err, rerr)
		},
		"a nearer one than the last": func(c *lazyConn) error {
			_ = c.SetReadDeadline(time.Now().Add(time.Hour))
			go func() { time.Sleep(time.Millisecond); _ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond)) }()
			_, err := c.Read(make([]byte, 1))
			return err
		},
		"none after one that is over": func(c *lazyConn) error {
			_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
			_, err := c.Read(make([]byte, 1))
			_ = c.SetReadDeadline(time.Time{})
			go func() { time.Sleep(20 * time.Millisecond); _ = c.SetReadDeadline(time.Unix(1, 0)) }()
			_, again := c.Read(make([]byte, 1))
			return errors.Join(err, again)
		},
		"one long ago, asked for before": func(c *lazyConn) error {
			time.Sleep(20 * time.Millisecond)
			_ = c.SetReadDeadline(time.Unix(1, 0))
			_, err := c.Read(make([]byte, 1))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, _, _ := lazyPipe(t, 10*time.Millisecond)
			begun := time.Now()
			err := wait(c)
			var timeout net.Error
			if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Fatalf("%v", err)
			}
			if took := time.Since(begun); took < 20*time.Millisecond {
				t.Errorf("it came after %s", took)
			}
		})
	}
}

// A keep-alive connection whose requests come one after the other moves its deadlines as net/http does, and hardly ever sets one.
func TestLazyDeadlinesAreFew(t *testing.T) {
	c, counted, other := lazyPipe(t, time.Minute)
	for range 100 {
		now := time.Now()
		_ = c.SetReadDeadline(now.Add(20 * time.Minute))
		go func() { _, _ = other.Write([]byte("x")) }()
		if n, err := c.Read(make([]byte, 8)); n != 1 || err != nil {
			t.Fatalf("%d %v", n, err)
		}
		_ = c.SetReadDeadline(time.Time{})
		_ = c.SetReadDeadline(now.Add(5 * time.Minute))
		_ = c.SetReadDeadline(now.Add(15 * time.Minute))
		_ = c.SetReadDeadline(time.Unix(1, 0)) // nobody waits for the next request
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		_ = c.SetWriteDeadline(now.Add(20 * time.Minute))
		go func() { _, _ = other.Read(make([]byte, 8)) }()
		if _, err := c.Write([]byte("y")); err != nil {
			t.Fatal(err)
		}
	}
	if n := counted.sets.Load(); n > 4 {
		t.Errorf("%d times", n)
	}
}
