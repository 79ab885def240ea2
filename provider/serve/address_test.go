package serve

import (
	"net/http"
	"net/netip"
	"testing"
)

func testProxies() Proxies {
	return Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
}

func TestClientAddress(t *testing.T) {
	type lines = []string
	for _, row := range []struct {
		name, peer string
		xff, fwd   lines
		want       string
	}{
		{name: "no header", peer: "192.0.2.7:1234", want: "192.0.2.7"},
		{name: "header of a stranger", peer: "192.0.2.7:1234", xff: lines{"1.1.1.1"}, want: "192.0.2.7"},
		{name: "Forwarded of a stranger", peer: "192.0.2.7:1234", fwd: lines{"for=1.1.1.1"}, want: "192.0.2.7"},
		{name: "one proxy", peer: "10.0.0.1:1", xff: lines{"192.0.2.9"}, want: "192.0.2.9"},
		{name: "leftmost is the client's own word", peer: "10.0.0.1:1", xff: lines{"1.1.1.1, 192.0.2.9"}, want: "192.0.2.9"},
		{name: "two proxies", peer: "10.0.0.1:1", xff: lines{"1.1.1.1, 192.0.2.9, 10.0.0.2"}, want: "192.0.2.9"},
		{name: "several lines", peer: "10.0.0.1:1", xff: lines{"1.1.1.1", "192.0.2.9", "10.0.0.2"}, want: "192.0.2.9"},
		{name: "only proxies", peer: "10.0.0.1:1", xff: lines{"10.0.0.3, 10.0.0.2"}, want: "10.0.0.3"},
		{name: "port stripped", peer: "10.0.0.1:1", xff: lines{"192.0.2.9:8080"}, want: "192.0.2.9"},
		{name: "mapped IPv6 normalised", peer: "[::ffff:10.0.0.1]:1", xff: lines{"::ffff:192.0.2.9"}, want: "192.0.2.9"},
		{name: "IPv6", peer: "[fd00::1]:1", xff: lines{"2001:db8::9"}, want: "2001:db8::9"},
		{name: "IPv6 in brackets", peer: "[fd00::1]:1", xff: lines{"[2001:db8::9]"}, want: "2001:db8::9"},
		{name: "IPv6 with port", peer: "[fd00::1]:1", xff: lines{"[2001:DB8::9]:443"}, want: "2001:db8::9"},
		{name: "malformed stops", peer: "10.0.0.1:1", xff: lines{"1.1.1.1, nonsense"}, want: "10.0.0.1"},
		{name: "malformed stops at the hop before it", peer: "10.0.0.1:1", xff: lines{"1.1.1.1, nonsense, 10.0.0.2"}, want: "10.0.0.2"},
		{name: "a name is not resolved", peer: "10.0.0.1:1", xff: lines{"localhost"}, want: "10.0.0.1"},
		{name: "empty", peer: "10.0.0.1:1", xff: lines{""}, want: "10.0.0.1"},
		{name: "empty last", peer: "10.0.0.1:1", xff: lines{"1.1.1.1,"}, want: "10.0.0.1"},
		{name: "octal", peer: "10.0.0.1:1", xff: lines{"010.0.0.2"}, want: "10.0.0.1"},
		{name: "RFC 7239 §4", peer: "10.0.0.1:1", fwd: lines{`for=192.0.2.9;proto=https;by=10.0.0.1`}, want: "192.0.2.9"},
		{name: "RFC 7239 §4 leftmost", peer: "10.0.0.1:1", fwd: lines{`for=1.1.1.1, for=192.0.2.9`}, want: "192.0.2.9"},
		{name: "RFC 7239 §4 case of name", peer: "10.0.0.1:1", fwd: lines{`By=x;FOR="192.0.2.9:80"`}, want: "192.0.2.9"},
		{name: "RFC 7239 §6 IPv6", peer: "10.0.0.1:1", fwd: lines{`for="[2001:db8::9]:4711"`}, want: "2001:db8::9"},
		{name: "RFC 7239 §6.2 unknown", peer: "10.0.0.1:1", fwd: lines{`for=1.1.1.1, for=unknown`}, want: "10.0.0.1"},
		{name: "RFC 7239 §6.3 obfuscated", peer: "10.0.0.1:1", fwd: lines{`for=1.1.1.1, for=_hidden, for=10.0.0.2`}, want: "10.0.0.2"},
		{name: "RFC 7239 §4 an element without for", peer: "10.0.0.1:1", fwd: lines{`for=1.1.1.1, proto=https`}, want: "10.0.0.1"},
		{name: "RFC 7239 §4 for twice", peer: "10.0.0.1:1", fwd: lines{`for=192.0.2.9;for=1.1.1.1`}, want: "10.0.0.1"},
		{name: "unclosed quote swallows what the proxy appended", peer: "10.0.0.1:1", fwd: lines{`for=1.1.1.1;x="`, `for=192.0.2.9`}, want: "10.0.0.1"},
		{name: "unclosed quote closed by the proxy's", peer: "10.0.0.1:1", fwd: lines{`for=1.1.1.1;x="`, `for="[2001:db8::9]"`}, want: "10.0.0.1"},
		{name: "both agree", peer: "10.0.0.1:1", xff: lines{"192.0.2.9"}, fwd: lines{"for=192.0.2.9"}, want: "192.0.2.9"},
		{name: "both disagree", peer: "10.0.0.1:1", xff: lines{"192.0.2.9"}, fwd: lines{"for=1.1.1.1"}, want: "10.0.0.1"},
		{name: "unix socket", peer: "@", xff: lines{"1.1.1.1"}, want: "invalid IP"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: row.peer, Header: http.Header{}}
			if row.xff != nil {
				r.Header["X-Forwarded-For"] = row.xff
			}
			if row.fwd != nil {
				r.Header["Forwarded"] = row.fwd
			}
			if got := testProxies().Client(r).String(); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
	t.Run("nobody is trusted by default", func(t *testing.T) {
		r := &http.Request{RemoteAddr: "127.0.0.1:1", Header: http.Header{"X-Forwarded-For": {"1.1.1.1"}}}
		if got := Proxies(nil).Client(r).String(); got != "127.0.0.1" {
			t.Error(got)
		}
	})
}

// Whatever a client sends, what the trusted proxy appended decides.
func FuzzClientAddress(f *testing.F) {
	f.Add("1.1.1.1", "for=1.1.1.1")
	f.Add("", `for="`)
	f.Add(",,", `a="\`)
	f.Fuzz(func(t *testing.T, xff, fwd string) {
		r := &http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{"X-Forwarded-For": {xff, "192.0.2.9"}}}
		if got := testProxies().Client(r).String(); got != "192.0.2.9" {
			t.Errorf("X-Forwarded-For %q: %s", xff, got)
		}
		for _, appended := range []string{`for=192.0.2.9`, `for="192.0.2.9:80";proto=https`} {
			r := &http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{"Forwarded": {fwd, appended}}}
			if got := testProxies().Client(r).String(); got != "192.0.2.9" && got != "10.0.0.1" {
				t.Errorf("Forwarded %q: %s", fwd, got)
			}
		}
	})
}
