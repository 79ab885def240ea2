package serve

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// However a request comes in pieces, it is served, and so is the next on the same connection.
func TestDoorLetsPass(t *testing.T) {
	r := newDoorRig(t)
	head, body := postToken[:len(postToken)-3], postToken[len(postToken)-3:]
	long := strings.Replace(getKeys, "\r\n\r\n", "\r\nX: "+strings.Repeat("x", 6000)+"\r\n\r\n", 1)
	for name, parts := range map[string][]string{
		"whole": {postToken}, "the body later": {head, body}, "in the middle of the header": {head[:10], head[10:] + body}, "byte for byte at the end": {head, "a", "=", "b"},
		"two at once": {getKeys + getKeys}, "the end of one with the next": {getKeys + getKeys[:7], getKeys[7:]}, "longer than one read": {long}, "longer, in pieces": {long[:5000], long[5000:]},
		"HTTP/1.1 that closes": {strings.Replace(getKeys, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			c := r.dial(t)
			for range 2 {
				c.say(t, parts...)
				answers := strings.Count(strings.Join(parts, ""), "HTTP/1.1\r\n")
				for range answers {
					if res, text := c.hear(t); res.StatusCode != 200 || !strings.HasPrefix(text, "GET /keys") && text != "POST /token a=b" {
						t.Fatalf("%d %q", res.StatusCode, text)
					}
				}
				if strings.Contains(name, "closes") {
					return
				}
			}
		})
	}
	if busy, _, waiting := r.gate.state(); busy != 0 || waiting != 0 {
		t.Errorf("%d under way, %d wait for ever", busy, waiting)
	}
}

// A full server refuses by priority, says when to come back, keeps the connection, and serves again once it has room.
func TestDoorRefuses(t *testing.T) {
	r := newDoorRig(t, func(c *Config) { c.MaxConcurrent = 4 }) // ceilings 4, 3, 3, 2
	letOut := r.hold(t, 3)
	c := r.dial(t)
	for range 3 {
		c.say(t, getPage)
		res, text := c.hear(t)
		if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.Contains(text, "temporarily_unavailable") || res.Close {
			t.Errorf("%d %v %q", res.StatusCode, res.Header, text)
		}
	}
	c.say(t, getKeys)
	if res, _ := c.hear(t); res.StatusCode != 200 {
		t.Errorf("keys: %d", res.StatusCode)
	}
	c.say(t, postToken)
	if res, _ := c.hear(t); res.StatusCode != 503 {
		t.Errorf("a token: %d", res.StatusCode)
	}
	letOut()
	c.say(t, postToken)
	if res, text := c.hear(t); res.StatusCode != 200 || text != "POST /token a=b" {
		t.Errorf("afterwards: %d %q", res.StatusCode, text)
	}
	if n := value(t, r.metrics.shed.WithLabelValues("interactive")); n != 3 {
		t.Errorf("%v pages shed", n)
	}
	if lines := r.log.lines(t, "requests refused because the server is full"); len(lines) != 1 {
		t.Errorf("%d lines about what was refused, want one for the second", len(lines))
	}
	if busy, _, waiting := r.gate.state(); busy != 0 || waiting != 0 {
		t.Errorf("%d under way, %d wait for ever", busy, waiting)
	}
}

// Requests that come too slowly hold nothing, and end as they do without a door.
func TestDoorEndsSlowSenders(t *testing.T) {
	r := newDoorRig(t, func(c *Config) { c.MaxConcurrent = 1 })
	for name, part := range map[string]string{"header": getKeys[:20], "body": postToken[:len(postToken)-1]} {
		for _, before := range []string{"", getKeys} {
			c := r.dial(t)
			if before != "" {
				c.say(t, before)
				c.hear(t)
			}
			c.say(t, part)
			other := r.dial(t)
			other.say(t, getKeys)
			if res, _ := other.hear(t); res.StatusCode != 200 {
				t.Errorf("%s: another request meanwhile: %d", name, res.StatusCode)
			}
			if res, err := http.ReadResponse(c.in, nil); err == nil && res.StatusCode == 200 {
				t.Errorf("%s: half a request was served", name)
			}
		}
	}
}

// A request that net/http refuses gives its turn back.
func TestDoorTurnOfBrokenRequest(t *testing.T) {
	r := newDoorRig(t)
	c := r.dial(t)
	c.say(t, "GET /keys HTTP/1.1\r\n\r\n") // no Host (RFC 9112 §3.2)
	if res, _ := c.hear(t); res.StatusCode != 400 {
		t.Errorf("%d", res.StatusCode)
	}
	if _, err := c.in.ReadByte(); err == nil {
		t.Error("the connection goes on")
	}
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) { // it is given back once the connection is known to be over
		if busy, _, _ := r.gate.state(); busy == 0 {
			break
		} else if time.Now().After(until) {
			t.Fatalf("%d under way for ever", busy)
		}
	}
}

func TestRefusalsAreBounded(t *testing.T) {
	f := newFixture(t)
	ep := f.Handle("x", FaceFunc(JSONFace), ok, Route("/x")).(*endpoint)
	after := map[string]bool{}
	for i := range 100 {
		got := f.refusals.get(ep, fmt.Sprintf("%c%c", 'a'+i%26, 'a'+i/26))
		after[got.header.Get("Retry-After")] = true
	}
	n := 0
	f.refusals.made.Range(func(any, any) bool { n++; return true })
	if n > comeBack*(maxLanguages+2) {
		t.Errorf("%d answers are kept", n)
	}
	if len(after) != comeBack {
		t.Errorf("everybody is told one of %v", after)
	}
}
