package serve

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// ask connects, and asks once: the first request of a connection passes.
func ask(t *testing.T, addr string) *talker {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	k := &talker{c, bufio.NewReader(c)}
	k.say(t, askKeys)
	if res, _ := k.hear(t); res.StatusCode != http.StatusOK {
		t.Fatalf("the first is answered with %d", res.StatusCode)
	}
	return k
}

// calm waits until the server knows of so many connections that wait for a request.
func (r *documentRig) calm(t *testing.T, n int) {
	t.Helper()
	until(t, "the connections wait", func() bool { return r.conns.idle() == n })
}

// grow makes the document longer than sockets can hold.
func (r *documentRig) grow() {
	r.keys.size.Store(huge)
	r.keys.number.Add(1)
}

const huge = 32 << 20

// until waits for what must come, and fails where it does not.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never happens: %s", what)
		}
	}
}

// idle counts the connections that wait for a request.
func (c *Connections) idle() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for b := c.waiting.next; b != &c.waiting; b = b.next {
		n++
	}
	return n
}

// While keys change nobody is told of others than were there between the question and the answer.
func TestDoorTellsNothingStale(t *testing.T) {
	r := newDocumentRig(t, true)
	addr := r.listen(t)
	over := make(chan struct{})
	var rotating, asking sync.WaitGroup
	rotating.Go(func() {
		for {
			select {
			case <-over:
				return
			case <-time.After(200 * time.Microsecond):
				r.keys.number.Add(1)
			}
		}
	})
	for range 4 {
		asking.Go(func() {
			c := ask(t, addr)
			for range 300 {
				before := r.keys.number.Load()
				c.say(t, askKeys)
				res, body := c.hear(t)
				after := r.keys.number.Load()
				var n int64
				if _, err := fmt.Sscanf(body, `{"keys":%d}`, &n); err != nil || n < before || n > after || res.Header.Get("ETag") != fmt.Sprintf(`"%d"`, n) {
					t.Errorf("asked at %d, answered at %d: %q with %s", before, after, body, res.Header.Get("ETag"))
					return
				}
			}
		})
	}
	asking.Wait()
	close(over)
	rotating.Wait()
	if r.seen.Load() == 0 {
		t.Error("nothing was answered at the door")
	}
}

// What a handler wrote while its document changed, or what net/http would not write as it is, is not sent at the door.
func TestDoorSendsNothingUnsound(t *testing.T) {
	header := func(name string, values ...string) func(*documentRig) {
		return func(r *documentRig) { r.keys.spoil = func(h http.Header) { h[name] = values } }
	}
	for name, spoil := range map[string]func(*documentRig){
		"new keys while it is made":     func(r *documentRig) { r.keys.meanwhile = func() { r.keys.number.Add(1) } },
		"a new age while it is made":    func(r *documentRig) { r.keys.meanwhile = func() { r.keys.minutes.Add(1) } },
		"no length":                     header("Content-Length"),
		"another tag than the document": header("Etag", `"x"`),
		"no type":                       header("Content-Type"),
		"a date of its own":             header("Date", "Sun, 22 Nov 2026 12:00:00 GMT"),
		"a word about the connection":   header("Connection", "keep-alive"),
		"a trailer":                     header("Trailer", "X"),
		"a coding":                      header("Transfer-Encoding", "identity"),
		"it panics":                     func(r *documentRig) { r.keys.meanwhile = func() { panic("x") } },
		"it fails":                      func(r *documentRig) { r.keys.failure = errors.New("x") },
		"it fails late":                 func(r *documentRig) { r.keys.late = errors.New("x") },
	} {
		t.Run(name, func(t *testing.T) {
			r := newDocumentRig(t, true)
			spoil(r)
			raw := r.play(t, []byte(askKeys), []byte(askKeys), []byte(askKeys))
			if n := r.seen.Load(); n != 0 || strings.Count(raw, "HTTP/1.1 ") != 3 {
				t.Errorf("%d are answered at the door, want three inside: %q", n, raw)
			}
		})
	}
}

// Who does not read holds its connection until the time for writing is over, and nothing that others need.
func TestDoorSlowReader(t *testing.T) {
	r := newDocumentRig(t, true, func(c *Config) { c.MaxConcurrent = 1 })
	r.door.write = 2 * time.Second
	addr := r.listen(t)
	slow := ask(t, addr)
	r.calm(t, 1)
	r.grow()
	slow.say(t, askKeys)
	until(t, "it takes nobody's turn, and its connection is not one that waits", func() bool {
		busy, _, _ := r.gate.state()
		return r.seen.Load() == 1 && r.conns.answering.Load() == 1 && busy == 0 && r.conns.idle() == 0
	})
	r.keys.size.Store(0)
	r.keys.number.Add(1)
	ask(t, addr)
	until(t, "its connection ends", func() bool { return len(r.conns.slots) == 1 })
	if n, err := io.Copy(io.Discard, slow); n >= huge {
		t.Errorf("%d bytes of half an answer, %v", n, err)
	}
}

// An answer that is under way at the door when the server ends is told to the end, and who asks then is told to go.
func TestDoorSettles(t *testing.T) {
	r := newDocumentRig(t, true)
	r.door.write = time.Minute
	c := ask(t, r.listen(t))
	r.calm(t, 1)
	r.grow()
	c.say(t, askKeys)
	until(t, "the door answers", func() bool { return r.seen.Load() == 1 && r.conns.answering.Load() == 1 })
	r.Drain()
	soon, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if r.conns.Settle(soon); soon.Err() == nil {
		t.Error("it is settled while an answer is under way")
	}
	settled := make(chan struct{})
	go func() {
		defer close(settled)
		r.conns.Settle(t.Context())
	}()
	if res, body := c.hear(t); len(body) < huge || res.Close {
		t.Errorf("%d bytes, %v", len(body), res.Header)
	}
	<-settled
	r.keys.size.Store(0)
	c.say(t, askKeys)
	if res, _ := c.hear(t); !res.Close || r.seen.Load() != 1 {
		t.Errorf("after the end has begun: %v, %d answered at the door", res.Header, r.seen.Load())
	}
}

// A server that ends does not wait for connections that the door has answered on.
func TestDoorConnectionsEndAtOnce(t *testing.T) {
	r := newDocumentRig(t, true)
	c := ask(t, r.listen(t))
	r.calm(t, 1)
	c.say(t, askKeys)
	c.hear(t)
	r.calm(t, 1)
	soon, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if err := r.hs.Shutdown(soon); err != nil {
		t.Error(err)
	}
}

// A connection may idle for as long after an answer of the door as after any other.
func TestDoorIdling(t *testing.T) {
	r := newDocumentRig(t, true)
	r.door.idle = time.Second
	c := ask(t, r.listen(t))
	for range 5 {
		time.Sleep(300 * time.Millisecond)
		c.say(t, askKeys)
		c.hear(t)
	}
	if n, err := c.in.ReadByte(); err != io.EOF {
		t.Errorf("idle for ever: %v %v", n, err)
	}
	if r.seen.Load() != 5 {
		t.Errorf("%d are answered at the door", r.seen.Load())
	}
}
