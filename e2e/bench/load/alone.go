package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"syscall"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// socket is one connection that is read by asking the kernel again and again, so that waking up this process is no part of what an answer takes.
type socket struct {
	conn  net.Conn
	raw   syscall.RawConn
	until time.Time
	in    *bufio.Reader
}

func dialSocket(host string, timeout time.Duration) (*socket, error) {
	conn, err := net.DialTimeout("tcp", host, timeout)
	if err != nil {
		return nil, err
	}
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	s := &socket{conn: conn, raw: raw}
	s.in = bufio.NewReader(s)
	return s, nil
}

// Read implements [io.Reader]. It does not sleep, and gives up when the time of the request is over.
func (s *socket) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	ended := s.raw.Read(func(fd uintptr) bool {
		for round := 0; ; round++ {
			n, err = syscall.Read(int(fd), p)
			if err != syscall.EAGAIN && err != syscall.EINTR {
				return true
			}
			if round%1024 == 0 && time.Now().After(s.until) {
				n, err = 0, errors.New("no answer in time")
				return true
			}
		}
	})
	if err = errors.Join(err, ended); err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// alone is the closed loop of one connection: what takes the time is the server, not a client that sleeps and is woken.
func (c *Client) alone(src Source, during time.Duration) Sample {
	out := Sample{Codes: map[uint16]int{}}
	read := func(f func() time.Duration) time.Duration {
		if f == nil {
			return 0
		}
		return f()
	}
	next, _ := c.targeter(src)
	cpu, beside, begun := read(c.Meter), read(c.Beside), time.Now()
	for time.Since(begun) < during {
		var t vegeta.Target
		if err := next(&t); err != nil {
			break
		}
		res := c.once(&t)
		out.note(res, src.Done(res))
	}
	out.Took, out.CPU, out.Beside = time.Since(begun), read(c.Meter)-cpu, read(c.Beside)-beside
	slices.Sort(out.Latencies)
	return out
}

// once makes one request and reads its answer whole. A connection that failed, or that the server closes, is not used again.
func (c *Client) once(t *vegeta.Target) *vegeta.Result {
	out := &vegeta.Result{Method: t.Method, URL: t.URL, Timestamp: time.Now()}
	res, body, err := c.exchange(t, out)
	if err != nil {
		out.Error = err.Error()
		c.hangUp()
		return out
	}
	out.Code, out.Headers, out.Body, out.BytesIn, out.BytesOut = uint16(res.StatusCode), res.Header, body, uint64(len(body)), uint64(len(t.Body))
	if res.Close {
		c.hangUp()
	}
	return out
}

func (c *Client) exchange(t *vegeta.Target, out *vegeta.Result) (*http.Response, []byte, error) {
	req, err := t.Request()
	if err != nil {
		return nil, nil, err
	}
	var whole bytes.Buffer
	if err := req.Write(&whole); err != nil {
		return nil, nil, err
	}
	if err := c.connect(req.URL); err != nil {
		return nil, nil, err
	}
	begun := time.Now()
	defer func() { out.Latency = time.Since(begun) }()
	c.one.until = begun.Add(c.http.Timeout)
	if _, err := c.one.conn.Write(whole.Bytes()); err != nil {
		return nil, nil, err
	}
	res, err := http.ReadResponse(c.one.in, req)
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(res.Body)
	return res, body, errors.Join(err, res.Body.Close())
}

func (c *Client) connect(u *url.URL) (err error) {
	if c.one != nil {
		return nil
	}
	if u.Scheme != "http" {
		return fmt.Errorf("%s is not asked from one connection", u.Scheme)
	}
	c.one, err = dialSocket(u.Host, c.http.Timeout)
	return err
}

func (c *Client) hangUp() {
	if c.one != nil {
		_ = c.one.conn.Close()
		c.one = nil
	}
}
