package provider_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"latchkey/provider"
	"latchkey/provider/providertest"
	"latchkey/provider/serve"
)

// documentTalker asks one after the other on a connection to a whole issuer behind its door.
type documentTalker struct {
	net.Conn
	t     *testing.T
	conns *serve.Connections
	in    *bufio.Reader
}

func talkTo(t *testing.T, i *providertest.Issuer) *documentTalker {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conns := serve.NewConnections(4)
	hs := i.Edge.NewHTTPServer(i.Handler, serve.Limits{Conns: conns}, nil)
	go func() { _ = hs.Serve(conns.Listen(ln)) }()
	t.Cleanup(func() { _ = hs.Close() })
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return &documentTalker{c, t, conns, bufio.NewReader(c)}
}

// ask returns the answer without its date, and what of it was told at the door.
func (c *documentTalker) ask(method, path, known string) (text string, h http.Header) {
	c.t.Helper()
	more := ""
	if known != "" {
		more = "If-None-Match: " + known + "\r\n"
	}
	if _, err := fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: id.example.test\r\n%s\r\n", method, path, more); err != nil {
		c.t.Fatal(err)
	}
	res, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		c.t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	res.Header.Del("Date")
	return fmt.Sprintln(res.Status, res.ContentLength, res.Header, string(body)), res.Header
}

// Every document is answered at the door as its handler answers it further inside, and a change of the keys is told at once.
func TestDocumentsAtTheDoor(t *testing.T) {
	i := providertest.New(t, providertest.Config(func(c *provider.Config) { c.SessionManagement = true }))
	i.Clock.Add(time.Since(providertest.Start)) // connections have deadlines
	c := talkTo(t, i)
	_, _ = c.ask("GET", "/jwks.json?", "")
	// A query passes. So what the door answers is compared with the same of an address with one.
	for _, path := range []string{"/jwks.json", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/session/check"} {
		_, h := c.ask("GET", path+"?", "")
		for _, method := range []string{"GET", "HEAD"} {
			for _, known := range []string{"", h.Get("ETag")} {
				inside, _ := c.ask(method, path+"?", known)
				before := i.AtDoor.Load()
				for n := 0; n < 2 || n < 1000 && i.AtDoor.Load() == before; n++ { // what comes too soon after a request inside passes too
					time.Sleep(time.Millisecond)
					if got, _ := c.ask(method, path, known); got != inside {
						t.Errorf("%s %s is answered with\n%s, inside with\n%s", method, path, got, inside)
					}
				}
				if i.AtDoor.Load() == before {
					t.Errorf("%s %s: the door answers nothing", method, path)
				}
			}
		}
	}
	old, _ := c.ask("GET", "/jwks.json", "")
	changes, err := i.Keys.Rotate(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	i.Clock.Add(changes.Sub(i.Clock.Now()) + time.Hour)
	if err := i.Keys.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := i.AtDoor.Load()
	got, h := c.ask("GET", "/jwks.json", "")
	if got == old || h.Get("ETag") != i.Keys.JWKS().ETag || i.AtDoor.Load() == before {
		t.Errorf("after a change of keys: %s", got)
	}
	i.Clock.Add(47*time.Hour + 15*time.Minute) // the keys were not read since
	before = i.AtDoor.Load()
	got, h = c.ask("GET", "/jwks.json", "")
	if inside, _ := c.ask("GET", "/jwks.json?", ""); got != inside || h.Get("Cache-Control") == "public, max-age=3600, must-revalidate" || i.AtDoor.Load() == before {
		t.Errorf("keys that are about to change:\n%s\ninside\n%s", got, inside)
	}
	time.Sleep(time.Millisecond)
	asked := i.Clock.Now()
	if _, _ = c.ask("GET", "/jwks.json", ""); i.Keys.LastJWKSFetch().Before(asked) {
		t.Errorf("fetched at %v, known is %v", asked, i.Keys.LastJWKSFetch())
	}
}
