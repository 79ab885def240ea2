package serve

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// A connection whose first requests were refused serves a later one for as long as any other: net/http counts its time limit from when the
// connection came, and would tell the handler that its client has gone.
func TestDoorLimitsBeginWithTheRequest(t *testing.T) {
	r := newDoorRig(t, func(c *Config) { c.MaxConcurrent = 4 })
	letOut := r.hold(t, 3)
	c := r.dial(t)
	c.say(t, getPage)
	if res, _ := c.hear(t); res.StatusCode != 503 {
		t.Fatalf("%d in a full server", res.StatusCode)
	}
	letOut()
	time.Sleep(350 * time.Millisecond) // longer than a request may take to come (Limits.Read of the rig)
	for _, request := range []string{getSlow, postSlow, getSlow} {
		c.say(t, request)
		if res, text := c.hear(t); res.StatusCode != 200 {
			t.Errorf("%q is answered with %d %q", request, res.StatusCode, text)
		}
	}
}

// Who waits in line has a request under way: its connection does not make room for others.
func TestDoorWaitingIsNoIdling(t *testing.T) {
	r := newDoorRig(t, func(c *Config) { c.MaxConcurrent = 4 })
	for len(r.conns.slots) < cap(r.conns.slots)-4 { // room for four
		r.conns.slots <- struct{}{}
	}
	letOut := r.hold(t, 3)
	waits := r.dial(t)
	waits.say(t, getPage)
	time.Sleep(20 * time.Millisecond) // less than it may wait
	fifth := r.dial(t)
	fifth.say(t, getKeys)
	if res, err := http.ReadResponse(waits.in, nil); err != nil || res.StatusCode != 503 {
		t.Errorf("in line, it is cut off: %v %v", res, err)
	}
	if res, _ := fifth.hear(t); res.StatusCode != 200 {
		t.Errorf("keys on a further connection: %d", res.StatusCode)
	}
	letOut()
}

// Connections that are all busy when another comes make room as soon as one is not.
func TestConnectionsMakeRoomLater(t *testing.T) {
	conns := NewConnections(1)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	working, finish := make(chan struct{}), make(chan struct{})
	srv := &http.Server{ConnState: conns.State, ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/slow" {
			close(working)
			<-finish
		}
		_, _ = io.WriteString(w, "served")
	})}
	go func() { _ = srv.Serve(conns.Listen(ln)) }()
	t.Cleanup(func() { _ = srv.Close() })
	base := "http://" + ln.Addr().String()
	go func() {
		if res, err := http.Get(base + "/slow"); err == nil { // on a connection that is kept
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
	}()
	<-working
	answer := make(chan error, 1)
	go func() {
		client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		res, err := client.Get(base + "/")
		if err == nil {
			err = res.Body.Close()
		}
		answer <- err
	}()
	time.Sleep(100 * time.Millisecond) // it has come
	close(finish)
	if err := <-answer; err != nil {
		t.Errorf("beside a connection that is kept: %v", err)
	}
}

// A server that is behind with reading does not hang up on who has asked: those who say nothing make room first.
func TestConnectionsKeepWhoHasAsked(t *testing.T) {
	conns := NewConnections(2)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	bound := conns.Listen(ln)
	t.Cleanup(func() { _ = bound.Close() })
	come := func(say string) (client, server net.Conn) {
		client, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		_ = client.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.WriteString(client, say); err != nil {
			t.Fatal(err)
		}
		if server, err = bound.Accept(); err != nil {
			t.Fatal(err)
		}
		_ = server.SetDeadline(time.Now().Add(10 * time.Second))
		conns.State(server, http.StateNew)
		return client, server
	}
	_, asked := come(getKeys)
	silent, _ := come("")
	_, _ = come("")
	if n, err := silent.Read(make([]byte, 1)); err != io.EOF { //nolint:errorlint // it is that
		t.Errorf("the silent one reads %d %v", n, err)
	}
	if n, err := asked.Read(make([]byte, 4096)); n != len(getKeys) || err != nil {
		t.Errorf("of the one that has asked %d are read, %v", n, err)
	}
}
