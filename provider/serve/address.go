package serve

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the networks whose word about the client's address is believed. The zero value believes nobody.
type Proxies []netip.Prefix

// Client returns the address of the client, without port, IPv4-mapped IPv6 as IPv4: the nearest hop that is not a trusted proxy.
// Headers are walked from right to left and only as far as trusted proxies wrote them; at the first entry that is no address
// the walk stops at the hop before it. Names are never resolved. The zero address comes back where the peer has none (a unix socket).
func (p Proxies) Client(r *http.Request) netip.Addr {
	peer, ok := parseHop(r.RemoteAddr)
	if !ok || !p.trusts(peer) {
		return peer
	}
	xff, fwd := r.Header["X-Forwarded-For"], r.Header["Forwarded"]
	switch {
	case xff == nil && fwd == nil:
		return peer
	case fwd == nil:
		return p.walk(peer, splitList(xff))
	case xff == nil:
		return p.walk(peer, forwardedFor(fwd))
	}
	// A proxy writes one of them and may hand on the other as the client sent it. We cannot know which, so they must agree.
	byXFF, byForwarded := p.walk(peer, splitList(xff)), p.walk(peer, forwardedFor(fwd))
	if byXFF != byForwarded {
		return peer
	}
	return byXFF
}

// address is the text of the client's address, "" where it has none. A connection has one for all requests that tell no other.
func (e *Edge) address(c *doorConn, r *http.Request) string {
	told := r.Header["X-Forwarded-For"] != nil || r.Header["Forwarded"] != nil
	if c != nil && c.address != "" && (!told || !c.proxy) {
		return c.address
	}
	a := e.cfg.Proxies.Client(r)
	if !a.IsValid() {
		return ""
	}
	text := a.String()
	if c != nil && !told {
		c.address, c.proxy = text, e.cfg.Proxies.Trusts(r)
	}
	return text
}

// Trusts says whether the peer of a request is one of them.
func (p Proxies) Trusts(r *http.Request) bool {
	peer, ok := parseHop(r.RemoteAddr)
	return ok && p.trusts(peer)
}

func (p Proxies) trusts(a netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

func (p Proxies) walk(peer netip.Addr, hops []string) netip.Addr {
	at := peer
	for i := len(hops) - 1; i >= 0 && p.trusts(at); i-- {
		next, ok := parseHop(hops[i])
		if !ok {
			break
		}
		at = next
	}
	return at
}

// parseHop reads an address with or without port: 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1], [2001:db8::1]:80.
func parseHop(s string) (netip.Addr, bool) {
	s = strings.Trim(s, " \t")
	if host, _, err := net.SplitHostPort(s); err == nil {
		s = host
	} else if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		s = s[1 : len(s)-1]
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, false
	}
	return a.WithZone("").Unmap(), true
}

func splitList(lines []string) []string { return strings.Split(strings.Join(lines, ","), ",") }

// forwardedFor returns the `for` of each element, left to right, "" where an element has none (RFC 7239 §4). A header that
// cannot be read as a whole yields one empty entry: an unclosed quote could otherwise swallow what a proxy appended.
func forwardedFor(lines []string) []string {
	rest, broken := strings.Join(lines, ","), []string{""}
	var hops []string
	current, seen := "", false
	for {
		rest = strings.TrimLeft(rest, " \t")
		if rest != "" && rest[0] != ',' && rest[0] != ';' {
			name, value, tail, ok := forwardedPair(rest)
			isFor := strings.EqualFold(name, "for")
			if !ok || isFor && seen {
				return broken
			}
			if isFor {
				current, seen = value, true
			}
			rest = strings.TrimLeft(tail, " \t")
		}
		switch {
		case rest == "":
			return append(hops, current)
		case rest[0] == ',':
			hops, current, seen = append(hops, current), "", false
		case rest[0] != ';':
			return broken
		}
		rest = rest[1:]
	}
}

// forwardedPair reads token "=" value from the front of s (RFC 7239 §4).
func forwardedPair(s string) (name, value, tail string, ok bool) {
	name, s, ok = strings.Cut(s, "=")
	if !ok || name == "" || strings.ContainsAny(name, "\",; \t") {
		return "", "", "", false
	}
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ",; \t\"")
		if end < 0 {
			end = len(s)
		}
		return name, s[:end], s[end:], end > 0
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return name, b.String(), s[i+1:], true
		case '\\':
			i++
			if i == len(s) {
				return "", "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", "", false
}
