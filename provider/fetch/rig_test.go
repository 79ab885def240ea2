package fetch

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// rig is a TLS server on loopback and what fetches from it.
type rig struct {
	*httptest.Server
	cfg  Config
	hits atomic.Int64
	// conns counts the connections that were taken.
	conns atomic.Int64
}

func newRig(t *testing.T, h http.HandlerFunc) *rig {
	r := &rig{}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.hits.Add(1)
		h(w, q)
	}))
	r.Config.ErrorLog = quiet
	r.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			r.conns.Add(1)
		}
	}
	r.StartTLS()
	t.Cleanup(r.Close)
	pool := x509.NewCertPool()
	pool.AddCert(r.Certificate())
	r.cfg = Config{Allow: loopback, RootCAs: pool, Timeout: 5 * time.Second}
	return r
}

// named is the server's address under a name that its certificate has.
func (r *rig) named(host string) string {
	u, _ := url.Parse(r.URL)
	return "https://" + host + ":" + u.Port()
}

func refusedFor(t *testing.T, err error, reason string) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Reason != reason {
		t.Fatalf("got %v (%s), want %s", err, detailOf(err), reason)
	}
	want := ErrNoAnswer
	if reason == "address" {
		want = ErrAddress
	}
	if !errors.Is(err, want) || err.Error() != want.Error() {
		t.Errorf("the text tells something: %v", err)
	}
}

func detailOf(err error) string {
	if err == nil {
		return ""
	}
	return Detail(err)
}

// answers makes a resolver that knows what lookup says; each question asks it anew.
func answers(lookup func(name string) []string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go serveDNS(server, lookup)
		return client, nil
	}}
}

// serveDNS answers one question over a stream (RFC 1035 §4.2.2).
func serveDNS(c net.Conn, lookup func(string) []string) {
	defer c.Close()
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return
	}
	raw := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, raw); err != nil {
		return
	}
	var m dnsmessage.Message
	if m.Unpack(raw) != nil || len(m.Questions) != 1 {
		return
	}
	q := m.Questions[0]
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	for _, s := range lookup(strings.TrimSuffix(q.Name.String(), ".")) {
		a, head := netip.MustParseAddr(s), dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
		switch {
		case a.Is4() && q.Type == dnsmessage.TypeA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: a.As4()}})
		case a.Is6() && q.Type == dnsmessage.TypeAAAA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	out, err := m.Pack()
	if err != nil {
		return
	}
	binary.BigEndian.PutUint16(size[:], uint16(len(out)))
	_, _ = c.Write(append(size[:], out...))
}
