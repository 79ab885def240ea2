package client

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// forwardRow is forward_auth, which stands in files alone: the application of a host is found by what they declare.
func forwardRow(name string) member {
	m := documentRow(name, nil, func(c *storage.Client) *[]byte { return &c.Forward })
	m.read, m.clear, m.refused = nil, nil, "stands in files alone"
	return m
}

// completeForward fills in what follows for a client that stands for applications behind a proxy. Nobody can prove to be it, for its codes are
// redeemed here.
func completeForward(c *storage.Client) {
	f, err := ParseForward(c.Forward)
	if err != nil { // [Check] says so
		return
	}
	var callbacks, homes []string
	for _, host := range f.Hosts {
		callbacks, homes = append(callbacks, "https://"+host+ForwardCallback), append(homes, "https://"+host+"/")
	}
	if len(c.RedirectURIs) == 0 {
		c.RedirectURIs = callbacks
	}
	c.PostLogoutRedirectURIs, c.AuthMethod, c.ApplicationType, c.SkipConsent = homes, KeyJWTMethod, "web", true
	c.GrantTypes, c.ResponseTypes = []string{"authorization_code"}, []string{oauth.TypeCode}
	c.Scopes = []string{oauth.OpenID, oauth.ProfileScope, oauth.EmailScope, oauth.GroupsScope}
	if c.URI == "" && len(homes) > 0 {
		c.URI = homes[0]
	}
}

// forward checks forward_auth.
func (k *checker) forward() {
	const field = "forward_auth"
	c := k.c
	if c.Forward == nil {
		return
	}
	f, err := ParseForward(c.Forward)
	if err != nil {
		k.bad(true, field, "%v", err)
		return
	}
	k.bad(c.Registered, field, "is set, but the client registered itself")
	k.bad(len(f.Hosts) == 0, field, "has no hosts")
	k.bad(c.JWKS != nil || c.JWKSURI != "" || c.Federated != nil, field, "is given beside keys, but nobody proves to be such a client")
	k.bad(len(c.RedirectURIs) != len(f.Hosts), "redirect_uris", "is given beside forward_auth, whose hosts say where answers go")
	own, _ := url.Parse(k.s.Issuer)
	for _, host := range f.Hosts {
		problem := hostProblem(host)
		k.badValue(problem != "", field, host, "%s", problem)
		k.badValue(own != nil && strings.EqualFold(own.Host, host), field, host, "is the host of this server itself")
		k.badValue(len(c.RedirectURIs) == len(f.Hosts) && !slices.Contains(c.RedirectURIs, "https://"+host+ForwardCallback), "redirect_uris", host, "is a host without a redirect URI")
	}
	for i, r := range f.Rules {
		problem := r.problem(f.Hosts)
		k.bad(problem != "", field, "has rule %d, which %s", i+1, problem)
		k.bad(k.s.OpenUsernames && len(r.Users) > 0, field, "has rule %d, which names usernames: whoever signs up could take one. Name e-mail addresses or groups, or set accounts.signup to closed", i+1)
	}
}

// hostProblem says what keeps a value from being a host as browsers send it.
func hostProblem(host string) string {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, ""
	}
	u, uerr := url.Parse("https://" + host + "/")
	switch {
	case uerr != nil || u.Host != host || name == "" || strings.ContainsFunc(host, notToken) || strings.ContainsAny(host, "/*@,;%?#"):
		return "is no host such as wiki.example.com, maybe with a port"
	case host != strings.ToLower(host):
		return "has capitals, which browsers do not send"
	case strings.HasSuffix(name, "."):
		return "ends with a dot"
	case port == "443":
		return "has the port 443, which browsers do not send"
	}
	return ""
}

// problem says what is wrong with a rule; "" if nothing is.
func (r ForwardRule) problem(hosts []string) string {
	people := len(r.Users) + len(r.Emails) + len(r.Domains) + len(r.Groups)
	switch {
	case r.Access != AccessPeople && people > 0:
		return "names people, but lets everybody or nobody pass"
	case r.Access == AccessPeople && people == 0 && r.Hosts == nil && r.Methods == nil && r.Paths == nil:
		return "says nothing"
	case r.Access == AccessPublic && r.Paths == nil:
		return "is public without paths: then the proxy need not ask at all"
	}
	for _, host := range r.Hosts {
		if !slices.Contains(hosts, host) {
			return "has a host that is not among hosts"
		}
	}
	for _, m := range r.Methods {
		if m != strings.ToUpper(m) || strings.ContainsFunc(m, func(c rune) bool { return notToken(c) || strings.ContainsRune("()<>@,;:/[]?={}", c) }) { // RFC 9110 §9.1
			return "has a method that is not written in capitals"
		}
	}
	for _, p := range r.Paths {
		begin, open := strings.CutSuffix(p, "*")
		if open && strings.HasPrefix(begin, "/") {
			p = begin + "x"
		}
		if strings.Contains(p, "*") || !PlainPath(p) { // others would fit no request
			return `has a path that is no plain one, maybe with "*" at its end`
		}
	}
	for _, list := range [][]string{r.Users, r.Emails, r.Domains} {
		for _, v := range list {
			if v != strings.ToLower(v) {
				return "names somebody in capitals; names and addresses are compared in lower case"
			}
		}
	}
	for _, v := range r.Emails {
		if strings.Count(v, "@") != 1 {
			return "has an e-mail address that is none"
		}
	}
	for _, v := range append(slices.Clone(r.Users), r.Domains...) {
		if strings.ContainsAny(v, "@*,") {
			return "has a username or a domain that is none"
		}
	}
	for _, v := range r.Groups {
		if err := storage.CheckGroup(v); err != nil {
			return "has a group whose name " + err.Error()
		}
	}
	return ""
}
