package serve

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// hosts are the names that we answer for.
type hosts struct {
	names    map[string]bool
	loopback bool
}

func newHosts(issuer *url.URL, more []string) hosts {
	h := hosts{names: map[string]bool{hostName(issuer.Host): true}, loopback: IsLoopback(issuer.Hostname())}
	for _, name := range more {
		h.names[hostName(name)] = true
	}
	return h
}

// allows compares names alone: whatever port a proxy maps, nothing of ours is derived from it.
func (h hosts) allows(host string) bool {
	name := hostName(host)
	return name != "" && (h.names[name] || h.loopback && IsLoopback(name))
}

// IsLoopback says whether a host name, without port, means this machine: localhost or a loopback address.
func IsLoopback(name string) bool {
	if name == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && a.Unmap().IsLoopback()
}

// hostName is the canonical name in a Host value: without port, brackets and final dot, in lower case.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// admit refuses what no handler should see and answers it, in plain text, since nothing is routed yet.
func (e *Edge) admit(st *state, r *http.Request) bool {
	refuse := func(status int, reason, text string, hangUp bool) bool {
		st.rec.Outcome = reason
		e.metrics.refused.WithLabelValues(reason).Inc()
		h := st.w.Header()
		h.Set("Cache-Control", "no-store")
		if hangUp {
			h.Set("Connection", "close")
		}
		if e.cfg.Refuse == nil || !e.cfg.Refuse(&st.w, r, status, text) {
			writePlain(&st.w, status, text)
		}
		return false
	}
	switch {
	case !e.hosts.allows(r.Host) && (e.cfg.Guest == nil || !e.cfg.Guest(r)): // also the host of an absolute-form target (RFC 9112 §3.2.2), which Go puts here
		return refuse(http.StatusMisdirectedRequest, "unknown_host", "This host is not served here.", true)
	case r.ProtoMajor < 2 && (len(r.TransferEncoding) > 0 || r.ContentLength < 0):
		// Go serves what is smuggled behind a message with both Content-Length and Transfer-Encoding (RFC 9112 §6.1).
		return refuse(http.StatusLengthRequired, "chunked", "A Content-Length is required.", true)
	case r.ContentLength > maxSafeBody && (r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions):
		return refuse(http.StatusRequestEntityTooLarge, "too_large", "The request body is too large.", true)
	}
	return true
}

// cappedBody fails with [TooLarge] once more than left bytes were read.
type cappedBody struct {
	body io.ReadCloser
	left int64
}

func (b *cappedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, &TooLarge{}
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, &TooLarge{}
	}
	return n, err
}

func (b *cappedBody) Close() error { return b.body.Close() }
