package fetch

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// What shows without asking the network, and that what connects says the same.
func TestCheck(t *testing.T) {
	inside := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}
	for _, row := range []struct {
		name, uri string
		allow     []netip.Prefix
		want      string // of the error
	}{
		{"a name", "https://a.example/x", nil, ""},
		{"a port of users", "https://a.example:8443/x", nil, ""},
		{"the least port of users", "https://a.example:1024/x", nil, ""},
		{"an empty port", "https://a.example:/x", nil, ""},
		{"a port of the system", "https://a.example:80/x", nil, "port"},
		{"the last port of the system", "https://a.example:1023/x", nil, "port"},
		{"no such port", "https://a.example:65536/x", inside, "cannot be"},
		{"a name that may be inside, at any port", "https://a.example:80/x", inside, ""},
		{"a name that may be inside, by http", "http://a.example/x", inside, ""},
		{"http", "http://a.example/x", nil, "not https"},
		{"public", "https://8.8.8.8/x", nil, ""},
		{"public, IPv6", "https://[2606:4700::1111]/x", nil, ""},
		{"public, at a port of the system", "https://8.8.8.8:25/x", nil, "port"},
		{"public is not inside", "https://8.8.8.8:25/x", inside, "port"},
		{"public by http", "http://8.8.8.8:8080/x", inside, "not https"},
		{"RFC 1918 §3", "https://10.0.0.1/x", nil, "public internet"},
		{"RFC 1918 §3 outside of what is exempt", "https://10.0.0.1/x", inside, "public internet"},
		{"RFC 1918 §3 inside", "https://10.1.0.1:80/x", inside, ""},
		{"RFC 1918 §3 inside, by http", "http://10.1.0.1/x", inside, ""},
		{"RFC 1918 §3 outside, by http", "http://10.2.0.1/x", inside, "public internet"},
		{"RFC 4291 §2.5.5 IPv4 inside IPv6", "https://[::ffff:10.0.0.1]/x", nil, "public internet"},
		{"RFC 4291 §2.5.5 exempt IPv4 inside IPv6", "http://[::ffff:10.1.0.1]/x", inside, ""},
		{"RFC 4291 §2.5.3 loopback", "https://[::1]:8443/x", nil, "public internet"},
		{"RFC 4193 §3.1 exempt", "https://[fd00::1]/x", inside, ""},
		{"RFC 3986 §3.2.1 user information", "https://me@a.example/x", nil, "user information"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := New(Config{Allow: row.allow})
			err := f.Reachable(row.uri)
			if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
				t.Fatal(err)
			}
			u, parseErr := url.Parse(row.uri)
			if parseErr != nil {
				return
			}
			if err != nil && strings.Contains(err.Error(), u.Hostname()) {
				t.Error("echoes", err)
			}
			a, noAddr := netip.ParseAddr(u.Hostname())
			if noAddr != nil {
				return
			}
			at := u.Port()
			if at == "" {
				at = map[string]string{"http": "80", "https": "443"}[u.Scheme]
			}
			if got := f.guard(u.Scheme == "https")("tcp", net.JoinHostPort(a.String(), at), nil); (got == nil) != (err == nil) {
				t.Errorf("looked at: %v; connected to: %v", err, got)
			}
		})
	}
}
