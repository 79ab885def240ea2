package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// slowListener has accepted a while before it tells.
type slowListener struct {
	net.Listener
	accepted chan struct{}
}

func (l slowListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		close(l.accepted)
		time.Sleep(100 * time.Millisecond)
	}
	return conn, err
}

func TestWhoWasLetInIsServedToTheEnd(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var answered atomic.Bool
	slow := slowListener{ln, make(chan struct{})}
	p := public{ln: slow, closed: make(chan struct{}), Server: &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { answered.Store(true) })}}
	go func() {
		defer close(p.closed)
		if err := p.Serve(slow); !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /token HTTP/1.1\r\nHost: id.example.com\r\nContent-Length: 0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-slow.accepted
	if err := p.end(t.Context(), lastRequests); err != nil {
		t.Fatal(err)
	}
	if !answered.Load() {
		t.Error("the process would have ended with a request that nobody answered")
	}
}
