package harness

import (
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Front is what a Service of Kubernetes is: an address whose connections go to one backend after the other. Connections that are there stay where
// they are, whatever becomes of the backend.
type Front struct {
	Address string

	ln       net.Listener
	turn     atomic.Int64
	mu       sync.Mutex
	backends []*backend
}

type backend struct {
	address, ops string
	out          atomic.Bool
}

func newFront(t testing.TB) *Front {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &Front{Address: ln.Addr().String(), ln: ln}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go f.serve(c)
		}
	}()
	return f
}

func (f *Front) add(s *Server) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.backends = append(f.backends, &backend{address: s.Config["server.listen"].(string), ops: s.Ops})
}

// Remove gives no more connections to the i-th backend.
func (f *Front) Remove(i int) { f.backends[i].out.Store(true) }

// Restore gives it connections again.
func (f *Front) Restore(i int) { f.backends[i].out.Store(false) }

// next is the backend whose turn it is, nil where none is in.
func (f *Front) next() *backend {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.backends)
	first := int(f.turn.Add(1))
	for i := range n {
		if b := f.backends[(first+i)%n]; !b.out.Load() {
			return b
		}
	}
	return nil
}

// serve joins a connection with one to a backend. One that cannot be had is refused, as the kernel would.
func (f *Front) serve(client net.Conn) {
	defer client.Close()
	b := f.next()
	if b == nil {
		return
	}
	server, err := net.DialTimeout("tcp4", b.address, time.Second)
	if err != nil {
		return
	}
	defer server.Close()
	var both sync.WaitGroup
	join := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		_ = to.(*net.TCPConn).CloseWrite()
	}
	both.Go(func() { join(server, client) })
	both.Go(func() { join(client, server) })
	both.Wait()
}

// Endpoints gives connections to those backends only that say they are ready, as the control plane does, which asks every now and then. It ends with
// the test.
func (f *Front) Endpoints(t testing.TB, every time.Duration) {
	stop := make(chan struct{})
	var all sync.WaitGroup
	c := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for _, b := range f.backends {
		all.Go(func() {
			for {
				status, _, err := get(c, b.ops+"/readyz")
				b.out.Store(err != nil || status != http.StatusOK)
				select {
				case <-stop:
					return
				case <-time.After(every):
				}
			}
		})
	}
	t.Cleanup(func() { close(stop); all.Wait() })
}

// In is how many backends get connections.
func (f *Front) In() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range f.backends {
		if !b.out.Load() {
			n++
		}
	}
	return n
}
