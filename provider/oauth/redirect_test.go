package oauth

import (
	"net/url"
	"strings"
	"testing"
)

func TestCheckRedirectURI(t *testing.T) {
	for _, row := range []struct {
		name, uri   string
		web, native bool
	}{
		{"https", "https://app.example/cb", true, true},
		{"https with port and query", "https://app.example:8443/cb?x=1", true, true},
		{"https without path", "https://app.example", true, true},
		{"RFC 8252 §7.3 loopback IPv4", "http://127.0.0.1/cb", true, true},
		{"RFC 8252 §7.3 loopback IPv6", "http://[::1]:8000/cb", true, true},
		{"RFC 8252 §7.3 loopback IPv4, no path", "http://127.0.0.1", true, true},
		{"RFC 8252 §8.3 localhost", "http://localhost:3000/cb", true, true},
		{"RFC 8252 §7.1 private scheme", "com.example.app:/cb", false, true},
		{"RFC 8252 §7.1 private scheme with authority", "com.example.app://cb", false, true},
		{"RFC 8252 §7.1 scheme without a dot", "myapp:/cb", false, false},
		{"scheme that is only a dot", "a.:/cb", false, false},
		{"http elsewhere", "http://app.example/cb", false, false},
		{"http on a name that begins like loopback", "http://127.0.0.1.evil.example/cb", false, false},
		{"http on another loopback address", "http://127.0.0.2/cb", false, false},
		{"RFC 6749 §3.1.2 fragment", "https://app.example/cb#x", false, false},
		{"RFC 6749 §3.1.2 empty fragment", "https://app.example/cb#", false, false},
		{"RFC 6749 §3.1.2 relative", "/cb", false, false},
		{"no scheme", "//app.example/cb", false, false},
		{"userinfo", "https://me@app.example/cb", false, false},
		{"userinfo, many @", "https://a@b@c/cb", false, false},
		{"RFC 9700 §4.1.3 wildcard host", "https://*.example/cb", false, false},
		{"wildcard path", "https://app.example/*", false, false},
		{"traversal", "https://app.example/a/../cb", false, false},
		{"encoded traversal", "https://app.example/%2e%2e/cb", false, false},
		{"upper-case scheme", "HTTPS://app.example/cb", false, false},
		{"javascript", "javascript:alert(1)", false, false},
		{"JaVaScRiPt", "JaVaScRiPt:alert(1)", false, false},
		{"data", "data:text/html,x", false, false},
		{"backslash", `https://app.example\@evil.example/`, false, false},
		{"space", "https://app.example/a b", false, false},
		{"line feed", "https://app.example/\n", false, false},
		{"not ASCII", "https://äpp.example/cb", false, false},
		{"no host", "https:///cb", false, false},
		{"RFC 3986 §3.2.2 IPv6", "https://[2001:db8::1]:8443/cb", true, true},
		{"WHATWG URL §3.2 host that is more than a name, as words of a policy", "https://a;b.example/cb", false, false},
		{"the same, a list", "https://a,b.example/cb", false, false},
		{"the same, a quote", "https://a'b.example/cb", false, false},
		{"the same, a parameter", "https://a&b/cb", false, false},
		{"host that begins with a dot", "https://.example/cb", false, false},
		{"host with an empty label", "https://a..example/cb", false, false},
		{"IPv4 in brackets", "https://[192.0.2.1]/cb", false, false},
		{"RFC 6874 zone", "https://[fe80::1%25eth0]/cb", false, false},
		{"port that is none", "https://app.example:/cb", false, false},
		{"port 0", "https://app.example:0/cb", false, false},
		{"port beyond all", "https://app.example:65536/cb", false, false},
		{"opaque https", "https:app.example", false, false},
		{"empty", "", false, false},
		{"too long", "https://app.example/" + strings.Repeat("a", 2048), false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := CheckRedirectURI(row.uri, false); (err == nil) != row.web {
				t.Errorf("web: %q: %v", row.uri, err)
			}
			if err := CheckRedirectURI(row.uri, true); (err == nil) != row.native {
				t.Errorf("native: %q: %v", row.uri, err)
			}
		})
	}
}

func TestMatchRedirectURI(t *testing.T) {
	for _, row := range []struct {
		name, registered, asked string
		web, native             bool
	}{
		{"RFC 6749 §3.1.2.3 equal", "https://a.example/cb?x=1", "https://a.example/cb?x=1", true, true},
		{"case of path", "https://a.example/cb", "https://a.example/CB", false, false},
		{"case of host", "https://a.example/cb", "https://A.example/cb", false, false},
		{"added query", "https://a.example/cb", "https://a.example/cb?x=1", false, false},
		{"added slash", "https://a.example/cb", "https://a.example/cb/", false, false},
		{"port of https", "https://a.example/cb", "https://a.example:443/cb", false, false},
		{"RFC 8252 §7.3 port added", "http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", false, true},
		{"RFC 8252 §7.3 port added, no path", "http://127.0.0.1", "http://127.0.0.1:8000", false, true},
		{"RFC 8252 §7.3 port changed", "http://127.0.0.1:80/cb?a=b", "http://127.0.0.1:51004/cb?a=b", false, true},
		{"RFC 8252 §7.3 IPv6", "http://[::1]/cb", "http://[::1]:51004/cb", false, true},
		{"RFC 8252 §7.3 port dropped", "http://[::1]:1/cb", "http://[::1]/cb", false, true},
		{"RFC 8252 §7.3 path stays", "http://127.0.0.1/cb", "http://127.0.0.1:1/other", false, false},
		{"RFC 8252 §7.3 query stays", "http://127.0.0.1/cb", "http://127.0.0.1:1/cb?x", false, false},
		{"RFC 8252 §7.3 family stays", "http://127.0.0.1/cb", "http://[::1]:1/cb", false, false},
		{"RFC 8252 §8.3 a name's port does not float", "http://localhost/cb", "http://localhost:1/cb", false, false},
		{"a longer name", "http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", false, false},
		{"userinfo", "http://127.0.0.1/cb", "http://127.0.0.1:1@evil.example/cb", false, false},
		{"port out of range", "http://127.0.0.1/cb", "http://127.0.0.1:65536/cb", false, false},
		{"port zero", "http://127.0.0.1/cb", "http://127.0.0.1:0/cb", false, false},
		{"empty port", "http://127.0.0.1/cb", "http://127.0.0.1:/cb", false, false},
		{"https loopback", "https://127.0.0.1/cb", "https://127.0.0.1:1/cb", false, false},
		{"nothing asked", "https://a.example/cb", "", false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := MatchRedirectURI(row.registered, row.asked, false); got != row.web {
				t.Errorf("web: %v", got)
			}
			if got := MatchRedirectURI(row.registered, row.asked, true); got != row.native {
				t.Errorf("native: %v", got)
			}
		})
	}
}

// Whatever matches a checked URI has its scheme, host name, path and query, and is fit to be registered itself.
func FuzzMatchRedirectURI(f *testing.F) {
	f.Add("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb")
	f.Add("http://[::1]/cb?x", "http://[::1]:1/cb?x")
	f.Add("https://a.example/cb", "https://a.example@evil.example/cb")
	f.Add("com.example.app:/cb", "com.example.app:/cb")
	f.Fuzz(func(t *testing.T, registered, asked string) {
		if CheckRedirectURI(registered, true) != nil || !MatchRedirectURI(registered, asked, true) {
			return
		}
		if err := CheckRedirectURI(asked, true); err != nil {
			t.Fatalf("%q matches %q, yet it %v", asked, registered, err)
		}
		a, _ := url.Parse(asked)
		r, _ := url.Parse(registered)
		if a.Scheme != r.Scheme || a.Hostname() != r.Hostname() || a.EscapedPath() != r.EscapedPath() || a.RawQuery != r.RawQuery {
			t.Fatalf("%q matches %q", asked, registered)
		}
	})
}

func TestOwn(t *testing.T) {
	for _, row := range []struct {
		issuer, uri string
		want        bool
	}{
		{"https://id.example", "https://id.example/account", true},
		{"https://id.example", "https://id.example", true},
		{"https://id.example", "https://id.example?x", true},
		{"https://id.example", "https://ID.example:443/account", true},
		{"https://id.example", "https://id.example./account", true},
		{"https://id.example:8443", "https://id.example:8443/x", true},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080/x", true},
		{"http://[::1]:8080", "http://[::1]:8080/x", true},
		{"https://id.example/op", "https://id.example/op/account", true},
		{"https://id.example/op", "https://id.example/op?x", true},
		{"https://id.example/op", "https://id.example/%6fp/account", true},
		{"https://id.example/op", "https://id.example//op/account", true},
		{"https://id.example/op", "https://id.example/app/cb", false},
		{"https://id.example/op", "https://id.example/option", false},
		{"https://id.example", "https://id.example:8443/x", false},
		{"https://id.example", "https://app.example/x", false},
		{"https://id.example", "https://id.example.evil.example/x", false},
		{"https://id.example", "com.example.app:/x", false},
		{"http://localhost:8080", "http://localhost/x", false},
	} {
		if got := Own(row.issuer, row.uri); got != row.want {
			t.Errorf("%s of %s: %v", row.uri, row.issuer, got)
		}
	}
}
