package serve

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// script is a connection whose client sends pieces: each once the answers to the former are there, as far as its server looks for more. What is
// written to it is kept.
type script struct {
	mu     sync.Mutex
	wake   *sync.Cond
	pieces [][]byte
	fresh  bool // the first piece is whole
	past   bool // the deadline for reading is
	out    bytes.Buffer
	closed chan struct{}
	once   sync.Once
}

func newScript(pieces [][]byte) *script {
	s := &script{pieces: pieces, fresh: true, closed: make(chan struct{})}
	s.wake = sync.NewCond(&s.mu)
	return s
}

func (s *script) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(p) == 1 && s.fresh && !s.past { // whether the client is there: it says nothing before it is answered
		s.wake.Wait()
	}
	switch {
	case s.past:
		return 0, os.ErrDeadlineExceeded
	case len(s.pieces) == 0:
		return 0, io.EOF
	}
	n := copy(p, s.pieces[0])
	s.fresh = false
	if s.pieces[0] = s.pieces[0][n:]; len(s.pieces[0]) == 0 {
		s.pieces, s.fresh = s.pieces[1:], true
	}
	return n, nil
}

func (s *script) Write(p []byte) (int, error) { return s.out.Write(p) }

func (s *script) Close() error {
	s.once.Do(func() {
		close(s.closed)
		_ = s.SetReadDeadline(time.Unix(1, 0))
	})
	return nil
}

func (s *script) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.past = !t.IsZero() && t.Before(time.Now())
	s.wake.Broadcast()
	return nil
}

func (s *script) SetDeadline(t time.Time) error    { return s.SetReadDeadline(t) }
func (s *script) SetWriteDeadline(time.Time) error { return nil }
func (s *script) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (s *script) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// Accept, Addr: it is a listener of itself too.
type once struct {
	conns chan net.Conn
	*script
}

func (o once) Accept() (net.Conn, error) {
	if c, ok := <-o.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (o once) Close() error   { return nil }
func (o once) Addr() net.Addr { return &net.TCPAddr{} }

// answers are the status codes that a server gives to pieces, and what it wrote.
func answers(t *testing.T, pieces [][]byte, door, full bool) (codes []int, closes []bool, raw string) {
	e, err := New(Config{Issuer: "http://localhost", Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for path, p := range map[string]Priority{"/a": Vital, "/b": Machine} {
		mux.Handle(path, e.Handle(path[1:], FaceFunc(JSONFace), func(w http.ResponseWriter, r *http.Request) error {
			b, err := io.ReadAll(r.Body)
			if err == nil {
				_, err = io.WriteString(w, r.Method+string(b))
			}
			return err
		}, At(p), Route(path)))
	}
	if full { // somebody stands in front of everybody, and it would take for ever
		e.gate.mu.Lock()
		e.gate.lines[Vital].push(&turn{})
		e.gate.each, e.gate.busy = time.Hour, int(e.gate.most)
		e.gate.mu.Unlock()
	}
	conns, s := NewConnections(1), newScript(slices.Clone(pieces))
	hs := e.NewHTTPServer(e.Wrap(mux), Limits{Conns: conns}, nil)
	if !door {
		conns.door = nil
	}
	l := once{make(chan net.Conn, 1), s}
	l.conns <- s
	close(l.conns)
	go func() { _ = hs.Serve(conns.Listen(l)) }()
	select {
	case <-s.closed:
	case <-time.After(10 * time.Second):
		t.Fatalf("it neither ends nor goes on: %q", pieces)
	}
	raw = s.out.String()
	in := bufio.NewReader(strings.NewReader(raw))
	for {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return codes, closes, raw
		}
		_, _ = io.Copy(io.Discard, res.Body)
		codes, closes = append(codes, res.StatusCode), append(closes, res.Close)
	}
}

// With a door in front requests end where they end without one, however they come in pieces: whether all are let in or all refused, there are as
// many answers, to the same requests.
func FuzzDoor(f *testing.F) {
	get := "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
	post := "POST /b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\na=b"
	for _, seed := range []string{get, post, get + post + get, post + "\r\n" + post, strings.Replace(post, "Content-Length: 3", "Transfer-Encoding: chunked", 1) + get,
		strings.Replace(post, "3", "50", 1) + get, strings.Replace(get, "1.1", "1.0", 1) + get, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + get, strings.Replace(get, "/a", "http://localhost/a", 1) + get,
		strings.Replace(post, "\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n", 1) + get, strings.Replace(get, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1) + post,
		strings.Replace(get, "\r\n\r\n", "\r\nX: a\r\n b\r\n\r\n", 1) + get, "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n" + get} {
		for _, cuts := range []uint64{0, 1, 1 << 20, 0x123456789abcdef} {
			f.Add([]byte(seed), cuts)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, cuts uint64) {
		if len(b) > 1<<15 {
			return
		}
		pieces := cut(b, cuts)
		codes, closes, raw := answers(t, pieces, false, false)
		doorCodes, _, doorRaw := answers(t, pieces, true, false)
		if !slices.Equal(codes, doorCodes) {
			t.Errorf("%q: %v without a door, %v with one\n%q\n%q", pieces, codes, doorCodes, raw, doorRaw)
		}
		refused, _, refusedRaw := answers(t, pieces, true, true)
		for i, code := range codes {
			switch {
			case i >= len(refused):
				t.Fatalf("%q: %v without a door, %v where all are refused\n%q", pieces, codes, refused, refusedRaw)
			case refused[i] != code && refused[i] != http.StatusServiceUnavailable:
				t.Fatalf("%q: %v without a door, %v where all are refused", pieces, codes, refused)
			case closes[i]: // refused, it may go on
				return
			}
		}
		if len(refused) > len(codes) && !slices.Contains(closes, true) {
			t.Errorf("%q: %v without a door, %v where all are refused", pieces, codes, refused)
		}
	})
}

// cut makes pieces of b: where they end is told by the bits of cuts.
func cut(b []byte, cuts uint64) (pieces [][]byte) {
	for len(b) > 0 {
		n := len(b)
		if cuts != 0 {
			cuts = cuts*6364136223846793005 + 1442695040888963407
			n = min(n, 1+int(cuts>>56))
		}
		pieces, b = append(pieces, b[:n]), b[n:]
	}
	return pieces
}
