package fetch

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
)

// One address out of each range of the IANA special-purpose registries, and the ways to write one inside another.
func TestSpecialAddresses(t *testing.T) {
	for _, row := range []struct{ name, addresses string }{
		{"RFC 791 §3.2 this network", "0.0.0.0 0.1.2.3"},
		{"RFC 1918 §3 private", "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1"},
		{"RFC 6598 §7 carrier-grade NAT", "100.64.0.1 100.100.100.200 100.127.255.255"},
		{"RFC 1122 §3.2.1 loopback", "127.0.0.1 127.255.255.254 ::1"},
		{"RFC 3927 §2.1 link-local, metadata", "169.254.169.254 169.254.170.2 fe80::1 fe80::a9fe:a9fe"},
		{"RFC 6890 §2.2 protocol assignments", "192.0.0.1 192.0.0.192 2001::1 2001:1::1 2001:4:112::1"},
		{"RFC 5737 §3 documentation", "192.0.2.1 198.51.100.1 203.0.113.1"},
		{"RFC 3849 §2, RFC 9637 §2 documentation", "2001:db8::1 3fff::1 3fff:fff:ffff::1"},
		{"RFC 2544, RFC 5180 §8 benchmarking", "198.18.0.1 198.19.255.255 2001:2::1"},
		{"RFC 5771 §3, RFC 4291 §2.7 multicast", "224.0.0.1 239.255.255.255 ff02::1 ff0e::1"},
		{"RFC 1112 §4 reserved, RFC 919 §7 broadcast", "240.0.0.1 255.255.255.255"},
		{"RFC 7535 §3.2, RFC 7450 §3, RFC 7526 §4 anycast of the infrastructure", "192.31.196.1 192.175.48.1 192.52.193.1 192.88.99.1 2620:4f:8000::1"},
		{"RFC 4291 §2.5.2 unspecified", "::"},
		{"RFC 4291 §2.5.5 IPv4 inside IPv6", "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:a9fe:a9fe ::127.0.0.1 ::ffff:0:127.0.0.1"},
		{"RFC 6052 §2.1, RFC 8215 §3 NAT64", "64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::a00:1"},
		{"RFC 3056 §2 6to4", "2002:7f00:1::1 2002:a00:1::1 2002:808:808::1"},
		{"RFC 4380 §2.6 Teredo", "2001:0:7f00:1::1"},
		{"RFC 6666 §4, RFC 9780 §3 discard and dummy", "100::1 100:0:0:1::1"},
		{"RFC 9602 §6 segment routing", "5f00::1"},
		{"RFC 4193 §3.1 unique local, metadata", "fc00::1 fd00:ec2::254 fd20:ce::254"},
		{"RFC 3879 §4 site-local", "fec0::1"},
		{"RFC 7343 §2 ORCHID", "2001:20::1 2001:10::1"},
		{"a host agent on a public address", "168.63.129.16"},
		{"not given out", "4000::1 8000::1"},
		{"with a zone", "fe80::1%eth0 ::1%lo"},
	} {
		for s := range strings.FieldsSeq(row.addresses) {
			if public(netip.MustParseAddr(s)) {
				t.Errorf("%s: %s passes", row.name, s)
			}
		}
	}
	for s := range strings.FieldsSeq("1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 192.0.1.1 198.17.0.1 223.255.255.255 " +
		"2606:4700::1111 2a00:1450::1 2001:4860:4860::8888 2400:cb00::1 ::ffff:8.8.8.8") {
		if !public(netip.MustParseAddr(s)) {
			t.Errorf("%s is refused", s)
		}
	}
	if public(netip.Addr{}) {
		t.Error("no address passes")
	}
}

// What is connected to is judged, whatever name or spelling led there: nothing reaches the server.
func TestRefused(t *testing.T) {
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "secret") })
	cfg := r.cfg
	cfg.Allow = nil
	cfg.resolver = answers(func(name string) []string {
		return map[string][]string{
			"private.example.com": {"127.0.0.1"},
			"mapped.example.com":  {"::ffff:127.0.0.1"},
			"many.example.com":    {"10.0.0.1", "127.0.0.1", "169.254.169.254"},
			"0x7f.example.com":    {"127.0.0.1"},
		}[strings.ToLower(name)]
	})
	f := New(cfg)
	for _, host := range []string{"127.0.0.1", "[::ffff:127.0.0.1]", "private.example.com", "PRIVATE.example.com.", "mapped.example.com", "many.example.com",
		"0x7f.example.com"} {
		t.Run(host, func(t *testing.T) {
			_, err := f.Get(t.Context(), r.named(host), "*/*")
			refusedFor(t, err, "refused")
			if _, err = f.Post(t.Context(), r.named(host), "text/plain", nil); err == nil {
				t.Error("posted")
			}
		})
	}
	for _, host := range []string{"nowhere.example.com", "127.1", "2130706433", "0x7f000001", "0177.0.0.1"} { // what other resolvers take for an address
		_, err := f.Get(t.Context(), r.named(host), "*/*")
		refusedFor(t, err, "name")
	}
	if r.conns.Load() != 0 {
		t.Errorf("%d connections reached the server", r.conns.Load())
	}
}

// A name that was good when somebody looked leads elsewhere a moment later.
func TestRebinding(t *testing.T) {
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "secret") })
	var asked atomic.Int64
	cfg := r.cfg
	cfg.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	cfg.resolver = answers(func(string) []string {
		if asked.Add(1) <= 2 { // one question for each family
			return []string{"127.0.0.1"}
		}
		return []string{"127.0.0.2"}
	})
	f := New(cfg)
	if a, err := f.Get(t.Context(), r.named("example.com"), "*/*"); err != nil || string(a.Body) != "secret" {
		t.Fatalf("%q %v", a.Body, detailOf(err))
	}
	_, err := f.Get(t.Context(), r.named("example.com"), "*/*")
	refusedFor(t, err, "refused")
	if r.conns.Load() != 1 {
		t.Errorf("%d connections", r.conns.Load())
	}
}

// Where a name has a good and a bad address, only the good one is connected to.
func TestMixedAddresses(t *testing.T) {
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "fine") })
	r.cfg.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	r.cfg.resolver = answers(func(string) []string { return []string{"127.0.0.2", "127.0.0.1"} })
	if a, err := New(r.cfg).Get(t.Context(), r.named("example.com"), "*/*"); err != nil || string(a.Body) != "fine" {
		t.Errorf("%q %v", a.Body, detailOf(err))
	}
}

func TestPorts(t *testing.T) {
	f := New(Config{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	for _, row := range []struct {
		address string
		secure  bool
		want    bool
	}{
		{"8.8.8.8:443", true, true},
		{"8.8.8.8:8443", true, true},
		{"[2606:4700::1111]:443", true, true},
		{"8.8.8.8:25", true, false},
		{"8.8.8.8:80", true, false},
		{"8.8.8.8:1023", true, false},
		{"8.8.8.8:443", false, false},
		{"8.8.8.8:8080", false, false},
		{"10.1.2.3:25", true, true},
		{"10.1.2.3:80", false, true},
		{"[::ffff:10.1.2.3]:80", false, true},
		{"11.1.2.3:80", false, false},
		{"192.168.0.1:443", true, false},
		{"nonsense", true, false},
	} {
		if err := f.guard(row.secure)("tcp", row.address, nil); (err == nil) != row.want {
			t.Errorf("%s secure=%v: %v", row.address, row.secure, err)
		}
	}
}

func TestPlainHTTP(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "plain") }))
	defer s.Close()
	if a, err := New(Config{Allow: loopback}).Get(t.Context(), s.URL, "*/*"); err != nil || string(a.Body) != "plain" {
		t.Errorf("%q %v", a.Body, detailOf(err))
	}
	_, err := New(Config{}).Get(t.Context(), s.URL, "*/*")
	refusedFor(t, err, "address")
	_, err = New(Config{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}).Get(t.Context(), s.URL, "*/*")
	refusedFor(t, err, "refused")
}
