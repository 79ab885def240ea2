package config

import (
	"slices"
	"strings"
	"testing"
)

func TestPasskeyKeys(t *testing.T) {
	for _, c := range []struct {
		name, issuer, id string
		origins          []string
		set, off         bool
		party, fault     string
	}{
		{name: "the issuer's host", issuer: "https://id.example.com", party: "id.example.com"},
		{name: "with a port and a path", issuer: "https://id.example.com:8443/tenant", party: "id.example.com"},
		{name: "localhost", issuer: "http://localhost:8080", party: "localhost"},
		{name: "turned off", issuer: "https://id.example.com", off: true},
		{name: "an address has none", issuer: "http://127.0.0.1:8080"},
		{name: "an IPv6 address has none", issuer: "https://[2001:db8::1]"},
		{name: "an address, and turned on", issuer: "http://127.0.0.1:8080", set: true, fault: "IP address"},
		{name: "a parent domain", issuer: "https://id.example.com", id: "example.com", party: "example.com"},
		{name: "a sibling", issuer: "https://id.example.com", id: "www.example.com", party: "www.example.com", fault: "neither"},
		{name: "part of a label", issuer: "https://id.example.com", id: "ample.com", party: "ample.com", fault: "neither"},
		{name: "a public suffix", issuer: "https://id.example.co.uk", id: "co.uk", party: "co.uk", fault: "many share"},
		{name: "a top-level domain", issuer: "https://id.example.com", id: "com", party: "com", fault: "many share"},
		{name: "a URL", issuer: "https://id.example.com", id: "https://example.com", party: "https://example.com", fault: "no domain"},
		{name: "further origins", issuer: "https://id.example.com", origins: []string{"https://id.example.org", "https://id.example.net:8443"}, party: "id.example.com"},
		{name: "an origin with a path", issuer: "https://id.example.com", origins: []string{"https://id.example.org/"}, party: "id.example.com", fault: "no origin"},
		{name: "an origin by http", issuer: "https://id.example.com", origins: []string{"http://id.example.org"}, party: "id.example.com", fault: "no origin"},
		{name: "an origin in capitals", issuer: "https://id.example.com", origins: []string{"https://ID.example.org"}, party: "id.example.com", fault: "no origin"},
		{name: "an origin with a default port", issuer: "https://id.example.com", origins: []string{"https://id.example.org:443"}, party: "id.example.com", fault: "no origin"},
		{name: "the issuer's own origin", issuer: "https://id.example.com", origins: []string{"https://id.example.com"}, party: "id.example.com", fault: "own origin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := &Config{Issuer: c.issuer, origins: map[string]string{}}
			conf.Accounts.Passkeys = Passkeys{Enabled: !c.off, RPID: c.id, Origins: c.origins}
			if c.set {
				conf.origins["accounts.passkeys.enabled"] = "test"
			}
			if got := conf.PasskeyParty(); got != c.party {
				t.Errorf("party %q, want %q", got, c.party)
			}
			var faults []string
			conf.checkPasskeys(func(path, format string, _ ...any) { faults = append(faults, path+" "+format) })
			if all := strings.Join(faults, "\n"); (c.fault == "") != (all == "") || !strings.Contains(all, c.fault) {
				t.Errorf("faults %q, want %q", all, c.fault)
			}
		})
	}
	conf := &Config{Issuer: "https://id.example.com:8443/tenant"}
	conf.Accounts.Passkeys.Origins = []string{"https://id.example.org"}
	if got := conf.PasskeyOrigins(); !slices.Equal(got, []string{"https://id.example.com:8443", "https://id.example.org"}) {
		t.Errorf("origins %q", got)
	}
}
