package register

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/storage"
)

// Mode says who may register.
type Mode string

// A holder of an initial access token, or anybody. Where nobody may, there is no endpoint.
const (
	Token Mode = "token"
	Open  Mode = "open"
)

// Policy is what clients that register may have.
type Policy struct {
	Mode Mode
	// Scopes they may have, and get where they ask for none. The account API's is never among them.
	Scopes []string
	// GrantTypes, ResponseTypes and AuthMethods they may have, of those that are served; nil for all.
	GrantTypes, ResponseTypes, AuthMethods []string
	// RedirectHosts their redirect URIs may have: a host as it is, or with a dot before it for every host below; a private-use scheme counts as a
	// host. Empty for all.
	RedirectHosts []string
	// PKCEExempt are the names (client_name, or what of it stands before a space) of clients that are excused from PKCE. Who registers chooses
	// the name, and with it how well codes of its own users are kept; nobody else's.
	PKCEExempt []string
	// MaxClients bounds how many clients have registered, 0 for no bound.
	MaxClients int
	// PerAddress bounds registrations of an hour from one client address; updates are counted apart, with the same bound.
	PerAddress int
	// UnusedTTL is how long a client lives that nobody uses; 0 for ever.
	UnusedTTL time.Duration
}

// excuses says whether a client of that name needs no PKCE.
func (p Policy) excuses(name string) bool {
	return slices.ContainsFunc(p.PKCEExempt, func(n string) bool { return name == n || strings.HasPrefix(name, n+" ") })
}

// end is when a client goes that nobody uses from now on.
func (p Policy) end(now time.Time) time.Time {
	if p.UnusedTTL <= 0 {
		return time.Time{}
	}
	return now.Add(p.UnusedTTL)
}

// narrow leaves of what is served what may be had.
func (p Policy) narrow(s client.Served) client.Served {
	both := func(served, allowed []string) []string {
		if served == nil || allowed == nil {
			return append(served, allowed...)
		}
		return slices.DeleteFunc(slices.Clone(allowed), func(word string) bool { return !slices.Contains(served, word) })
	}
	s.GrantTypes, s.ResponseTypes, s.AuthMethods = both(s.GrantTypes, p.GrantTypes), both(s.ResponseTypes, p.ResponseTypes), both(s.AuthMethods, p.AuthMethods)
	return s
}

// scopes gives the client what it may have of what it asked for: RFC 7591 §2 lets the server choose, and the answer tells. A client that can never
// act for a person gets no scope about people by default.
func (p Policy) scopes(c *storage.Client, asked bool) {
	allowed := oauth.Scopes(p.Scopes).Without([]string{accountScope})
	if asked {
		c.Scopes = oauth.Scopes(c.Scopes).And(allowed)
		return
	}
	c.Scopes = allowed
	if !slices.ContainsFunc(c.GrantTypes, func(g string) bool { return g != "client_credentials" }) {
		c.Scopes = allowed.Without([]string{oauth.OpenID, oauth.ProfileScope, oauth.EmailScope, oauth.AddressScope, oauth.PhoneScope, oauth.OfflineAccess})
	}
}

// hosts checks where browsers may be sent for the client: never to addresses below the issuer's, where what comes would look like the person's own doing
// (RFC 9700 §4.16).
func (p Policy) hosts(issuer string, c storage.Client) (faults []client.Fault) {
	for _, l := range []struct {
		field string
		uris  []string
	}{
		{"redirect_uris", c.RedirectURIs}, {"post_logout_redirect_uris", c.PostLogoutRedirectURIs}, {"initiate_login_uri", []string{c.InitiateLoginURI}},
	} {
		for _, uri := range l.uris {
			switch {
			case uri == "":
			case oauth.Own(issuer, uri):
				faults = append(faults, client.Fault{Field: l.field, Value: uri, Problem: "is an address of this server"})
			case len(p.RedirectHosts) > 0 && !p.allows(uri):
				faults = append(faults, client.Fault{Field: l.field, Value: uri, Problem: "has a host that may not be registered here"})
			}
		}
	}
	return faults
}

func (p Policy) allows(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	if u.Scheme != "https" && u.Scheme != "http" {
		host = u.Scheme
	}
	return slices.ContainsFunc(p.RedirectHosts, func(allowed string) bool {
		allowed = strings.ToLower(allowed)
		return host != "" && (host == allowed || strings.HasPrefix(allowed, ".") && strings.HasSuffix(host, allowed))
	})
}
