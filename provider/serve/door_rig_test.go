package serve

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// doorRig is an edge behind its door. Requests for /page are held until release is closed.
type doorRig struct {
	fixture
	addr             string
	conns            *Connections
	entered, release chan struct{}
}

func newDoorRig(t *testing.T, edit ...func(*Config)) *doorRig {
	t.Helper()
	r := &doorRig{fixture: newFixture(t, edit...), entered: make(chan struct{}, 64), release: make(chan struct{})}
	mux := http.NewServeMux()
	handle := func(path string, p Priority, h Handler, opts ...Option) {
		mux.Handle(path, r.Handle("at"+path, FaceFunc(JSONFace), h, append(opts, At(p), Route(path))...))
	}
	echo := func(w http.ResponseWriter, q *http.Request) error {
		b, err := io.ReadAll(q.Body)
		if err == nil {
			_, err = fmt.Fprintf(w, "%s %s %s", q.Method, q.URL.Path, b)
		}
		return err
	}
	handle("/keys", Vital, echo)
	handle("/token", Machine, echo)
	handle("/page", Interactive, func(w http.ResponseWriter, q *http.Request) error {
		r.entered <- struct{}{}
		<-r.release
		return echo(w, q)
	})
	handle("/slow", Machine, func(w http.ResponseWriter, q *http.Request) error {
		select {
		case <-q.Context().Done():
			return q.Context().Err()
		case <-time.After(100 * time.Millisecond):
			return echo(w, q)
		}
	})
	conns := NewConnections(64)
	r.conns = conns
	hs := r.NewHTTPServer(r.Wrap(mux), Limits{Conns: conns, ReadHeader: 200 * time.Millisecond, Read: 300 * time.Millisecond}, nil)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = hs.Serve(conns.Listen(ln)) }()
	t.Cleanup(func() { _ = hs.Close() })
	r.addr = ln.Addr().String()
	return r
}

// talker is a client that says what goes onto the wire.
type talker struct {
	net.Conn
	in *bufio.Reader
}

func (r *doorRig) dial(t *testing.T) *talker {
	t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return &talker{c, bufio.NewReader(c)}
}

// hold keeps so many pages under way until end is called.
func (r *doorRig) hold(t *testing.T, n int) (end func()) {
	t.Helper()
	var held sync.WaitGroup
	for range n {
		c := r.dial(t)
		c.say(t, getPage)
		<-r.entered
		held.Go(func() {
			if res, _ := c.hear(t); res.StatusCode != 200 {
				t.Errorf("a page that was let in: %d", res.StatusCode)
			}
		})
	}
	return func() {
		close(r.release)
		held.Wait()
	}
}

func (c *talker) say(t *testing.T, parts ...string) {
	t.Helper()
	for i, part := range parts {
		if i > 0 {
			time.Sleep(20 * time.Millisecond)
		}
		if _, err := io.WriteString(c, part); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *talker) hear(t *testing.T) (*http.Response, string) {
	t.Helper()
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

const (
	getKeys   = "GET /keys HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"
	getPage   = "GET /page HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"
	getSlow   = "GET /slow HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"
	postSlow  = "POST /slow HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 3\r\n\r\na=b"
	postToken = "POST /token HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 3\r\n\r\na=b"
)
