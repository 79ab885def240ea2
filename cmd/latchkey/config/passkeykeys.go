package config

import (
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Passkeys is who browsers make passkeys for.
type Passkeys struct {
	Enabled bool
	RPID    string
	Origins []string
}

func (c *Config) passkeyKeys() []key {
	p := &c.Accounts.Passkeys
	return []key{
		{path: "accounts.passkeys.enabled", to: &p.Enabled, def: "true", doc: "Signing in by passkeys. They need an issuer with a host name; for one with an IP address they are off."},
		{path: "accounts.passkeys.rp_id", to: &p.RPID, doc: `The domain that passkeys are made for: the issuer's host, which "" means, or a parent domain of it. Passkeys of one do not work for another: choose before people have any.`},
		{path: "accounts.passkeys.origins", to: &p.Origins, doc: "Further origins, such as https://id.example.org, that answers of passkeys may come from, told at /.well-known/webauthn: for an issuer that moves, or is reached by several names."},
	}
}

// PasskeyParty is the Relying Party ID, "" where there are no passkeys.
func (c *Config) PasskeyParty() string {
	p := c.Accounts.Passkeys
	u, err := url.Parse(c.Issuer)
	if err != nil || !p.Enabled || !named(u.Hostname()) {
		return ""
	}
	if p.RPID != "" {
		return p.RPID
	}
	return u.Hostname()
}

// PasskeyOrigins are the origins of pages that may use passkeys, the issuer's first.
func (c *Config) PasskeyOrigins() []string {
	u, err := url.Parse(c.Issuer)
	if err != nil {
		return nil
	}
	return append([]string{u.Scheme + "://" + u.Host}, c.Accounts.Passkeys.Origins...)
}

// named tells whether a host is a name: passkeys cannot be made for addresses (Web Authentication Level 3 §5.1.2).
func named(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host != "" && err != nil
}

func (c *Config) checkPasskeys(fault func(path, format string, args ...any)) {
	p := &c.Accounts.Passkeys
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Hostname() == "" || !p.Enabled {
		return // the issuer has a fault of its own
	}
	host := u.Hostname()
	if !named(host) {
		if c.IsSet("accounts.passkeys.enabled") || p.RPID != "" {
			fault("accounts.passkeys.enabled", "is true, but the issuer's host is an IP address: passkeys are made for names")
		}
		return
	}
	if id := p.RPID; id != "" && id != host {
		suffix, _ := publicsuffix.PublicSuffix(id)
		switch {
		case id != strings.ToLower(id) || strings.ContainsAny(id, "/:@ "):
			fault("accounts.passkeys.rp_id", "is no domain in lower case such as example.com")
		case !strings.HasSuffix(host, "."+id):
			fault("accounts.passkeys.rp_id", "is neither the issuer's host nor a parent domain of it")
		case suffix == id:
			fault("accounts.passkeys.rp_id", "is a suffix that many share, and no browser makes passkeys for it")
		}
	}
	for _, o := range p.Origins {
		switch v, err := url.Parse(o); {
		case err != nil || v.Scheme != "https" || v.Host == "" || o != "https://"+strings.ToLower(v.Host) || v.Port() == "443" || !named(v.Hostname()):
			fault("accounts.passkeys.origins", "has %q, which is no origin such as https://id.example.org: lower case, without path and without a default port", o)
		case o == u.Scheme+"://"+u.Host:
			fault("accounts.passkeys.origins", "has the issuer's own origin, which is among them anyway")
		}
	}
}
