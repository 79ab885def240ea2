package storm

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// wire is an [http.RoundTripper] for one server without TLS that costs the generator little: who asks writes and reads himself, where
// [http.Transport] has two goroutines for each connection. Connections are kept, as many as requests are under way at once.
type wire struct {
	timeout time.Duration

	mu   sync.Mutex
	idle []*wireConn
}

type wireConn struct {
	net.Conn
	in  *bufio.Reader
	out *bufio.Writer
}

// RoundTrip implements [http.RoundTripper]. The answer's body has come whole.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	for {
		c, kept, err := w.take(req.URL.Host)
		if err != nil {
			return nil, err
		}
		res, began, err := c.do(req, w.timeout)
		if err == nil {
			if res.Close {
				_ = c.Close()
			} else {
				w.give(c)
			}
			return res, nil
		}
		_ = c.Close()
		if !kept || began { // else the server hung up on a connection that was idle
			return nil, err
		}
		if req.GetBody != nil {
			if req.Body, err = req.GetBody(); err != nil {
				return nil, err
			}
		}
	}
}

// do asks on a connection. began: the server had begun to answer, or did not within the time.
func (c *wireConn) do(req *http.Request, timeout time.Duration) (res *http.Response, began bool, err error) {
	if err := c.SetDeadline(time.Now().Add(timeout)); err != nil {
		return nil, false, err
	}
	if err := req.Write(c.out); err != nil {
		return nil, false, err
	}
	if err := c.out.Flush(); err != nil {
		return nil, false, err
	}
	if _, err := c.in.Peek(1); err != nil {
		ne, ok := err.(net.Error)
		return nil, ok && ne.Timeout(), err
	}
	if res, err = http.ReadResponse(c.in, req); err != nil {
		return nil, true, err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, true, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, true, nil
}

// take is the connection that was used last, or a new one.
func (w *wire) take(address string) (c *wireConn, kept bool, err error) {
	w.mu.Lock()
	if n := len(w.idle); n > 0 {
		c = w.idle[n-1]
		w.idle = w.idle[:n-1]
		w.mu.Unlock()
		return c, true, nil
	}
	w.mu.Unlock()
	conn, err := net.DialTimeout("tcp", address, w.timeout)
	if err != nil {
		return nil, false, err
	}
	return &wireConn{Conn: conn, in: bufio.NewReaderSize(conn, 8<<10), out: bufio.NewWriter(conn)}, false, nil
}

func (w *wire) give(c *wireConn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle = append(w.idle, c)
}

func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.idle {
		_ = c.Close()
	}
	w.idle = nil
}
