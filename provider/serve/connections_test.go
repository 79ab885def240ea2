package serve

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// hoard opens a connection and, if asked, has one request answered on it.
func hoard(t *testing.T, address string, request bool) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if request {
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 16)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestConnectionsOfHoardersMakeRoom(t *testing.T) {
	const most = 4
	for _, request := range []bool{true, false} {
		conns := NewConnections(most)
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		working, finish := make(chan struct{}), make(chan struct{})
		srv := &http.Server{ConnState: conns.State, ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				close(working)
				<-finish
			}
			_, _ = io.WriteString(w, "served")
		})}
		done := make(chan error, 1)
		go func() { done <- srv.Serve(conns.Listen(ln)) }()
		address := ln.Addr().String()
		slow := make(chan error, 1)
		go func() {
			r, err := http.Get("http://" + address + "/slow")
			if err == nil {
				err = r.Body.Close()
			}
			slow <- err
		}()
		<-working
		var held []net.Conn
		for range 3 * most {
			held = append(held, hoard(t, address, request))
		}
		client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		r, err := client.Get("http://" + address + "/")
		if err != nil {
			t.Fatalf("a stranger, beside hoarders with requests %v: %v", request, err)
		}
		_ = r.Body.Close()
		_ = held[0].SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.Copy(io.Discard, held[0]); err != nil && !request {
			t.Errorf("the first hoarder was not closed: %v", err)
		}
		close(finish)
		if err := <-slow; err != nil {
			t.Errorf("a request under way was cut: %v", err)
		}
		_ = srv.Close()
		<-done
	}
}
