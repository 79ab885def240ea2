package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// Paths on the host of an application behind a proxy that lead to us.
const (
	// ForwardPrefix begins all of them.
	ForwardPrefix = "/.latchkey/"
	// ForwardCallback is where answers go.
	ForwardCallback = ForwardPrefix + "callback"
)

// What of a person stands for them at an application behind a proxy.
const (
	UserByName    = "username"
	UserByEmail   = "email"
	UserBySubject = "sub"
)

// How the headers about a person begin.
const (
	RemoteHeaders      = "Remote-"
	AuthRequestHeaders = "X-Auth-Request-"
)

// Bounds of forward_auth.
const (
	defaultForwardTTL = 12 * time.Hour
	minForwardTTL     = time.Minute
	maxForwardTTL     = 30 * 24 * time.Hour
	maxForwardText    = 512
)

// ForwardAuth makes a client stand for web applications that know nothing of OpenID Connect: a proxy before them asks us about each request.
type ForwardAuth struct {
	// Hosts of the applications as browsers send them: in lower case, with a port unless it is 443.
	Hosts []string
	// Rules are asked in their order, and the first that fits decides. Where none does, whoever may use the client passes.
	Rules []ForwardRule
	// Headers begins the names of the headers about a person: [RemoteHeaders] or [AuthRequestHeaders].
	Headers string
	// User is what stands for a person: [UserByName], [UserByEmail] or [UserBySubject].
	User string
	// BearerAudience is the `aud` of access tokens that pass in place of the cookie; "" where none do.
	BearerAudience string
	// TTL is how long a browser stays signed in before it comes back to us.
	TTL time.Duration
}

// Access is what a rule says of everybody.
type Access int

// AccessPeople lets those pass whom the rule names, AccessPublic everybody, AccessDeny nobody.
const (
	AccessPeople Access = iota
	AccessPublic
	AccessDeny
)

// ForwardRule says who may pass at some addresses.
type ForwardRule struct {
	// Hosts, Methods and Paths that it is about; nil for all. A path that ends with "*" is how paths begin.
	Hosts, Methods, Paths []string
	Access                Access
	// Users are usernames, Emails verified addresses, Domains what such addresses have behind the "@", all in lower case; Groups those that a person is
	// in. Who is in one of the lists passes; where all are empty, whoever may use the client does.
	Users, Emails, Domains, Groups []string
}

// ParseForward reads forward_auth. Its error completes "the member …".
func ParseForward(raw []byte) (*ForwardAuth, error) {
	v, err := StrictJSON(raw)
	o, ok := v.(map[string]any)
	if err != nil || !ok {
		return nil, errors.New("must be a mapping")
	}
	f := &ForwardAuth{Headers: RemoteHeaders, User: UserByName, TTL: defaultForwardTTL}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		switch v := o[name]; name {
		case "hosts":
			f.Hosts, err = texts(v)
		case "rules":
			f.Rules, err = parseRules(v)
		case "headers":
			f.Headers, err = word(v, map[string]string{"remote": RemoteHeaders, "x-auth-request": AuthRequestHeaders})
		case "user":
			f.User, err = word(v, map[string]string{UserByName: UserByName, UserByEmail: UserByEmail, UserBySubject: UserBySubject})
		case "bearer_audience":
			if f.BearerAudience, ok = v.(string); !ok || oauth.CheckResource(f.BearerAudience) != nil { // RFC 8707 §2
				err = errors.New("is no absolute URI without fragment")
			}
		case "session_ttl":
			f.TTL, err = ttl(v)
		default:
			err = errors.New("is not known")
		}
		if err != nil {
			return nil, fmt.Errorf("has %s, which %w", name, err)
		}
	}
	return f, nil
}

func parseRules(v any) ([]ForwardRule, error) {
	list, ok := v.([]any)
	if !ok || len(list) > MaxListed {
		return nil, fmt.Errorf("must be a list of at most %d rules", MaxListed)
	}
	out := make([]ForwardRule, len(list))
	for i, item := range list {
		o, ok := item.(map[string]any)
		if !ok || len(o) == 0 {
			return nil, errors.New("has a rule that is no mapping, or empty")
		}
		var err error
		r := &out[i]
		lists := map[string]*[]string{"hosts": &r.Hosts, "methods": &r.Methods, "paths": &r.Paths, "users": &r.Users, "emails": &r.Emails, "email_domains": &r.Domains, "groups": &r.Groups}
		for _, name := range slices.Sorted(maps.Keys(o)) {
			switch to := lists[name]; {
			case to != nil:
				*to, err = texts(o[name])
			case name == "access":
				r.Access, err = word(o[name], map[string]Access{"people": AccessPeople, "public": AccessPublic, "deny": AccessDeny})
			default:
				err = errors.New("is not known")
			}
			if err != nil {
				return nil, fmt.Errorf("has a rule with %s, which %w", name, err)
			}
		}
	}
	return out, nil
}

// texts is a list that has something, each once.
func texts(v any) (out []string, err error) {
	list, ok := v.([]any)
	if !ok || len(list) == 0 || len(list) > MaxListed {
		return nil, fmt.Errorf("must be a list of 1 to %d strings", MaxListed)
	}
	for _, item := range list {
		s, ok := item.(string)
		if !ok || s == "" || len(s) > maxForwardText || strings.ContainsFunc(s, unprintable) {
			return nil, fmt.Errorf("has what is no string of 1 to %d bytes", maxForwardText)
		}
		if slices.Contains(out, s) {
			return nil, errors.New("has a value twice")
		}
		out = append(out, s)
	}
	return out, nil
}

func word[T any](v any, known map[string]T) (out T, err error) {
	s, _ := v.(string)
	out, ok := known[s]
	if !ok {
		err = fmt.Errorf("must be one of %s", strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	return out, err
}

// ttl is a number of seconds, or a duration as text.
func ttl(v any) (d time.Duration, err error) {
	switch v := v.(type) {
	case json.Number:
		d, err = asSeconds(v)
	case string:
		if days, whole := strings.CutSuffix(v, "d"); whole {
			var n uint64
			n, err = strconv.ParseUint(days, 10, 8)
			d = time.Duration(n) * 24 * time.Hour // #nosec G115 -- eight bits
		} else {
			d, err = time.ParseDuration(v)
		}
	default:
		err = errors.New("no duration")
	}
	if err != nil || d < minForwardTTL || d > maxForwardTTL {
		return 0, errors.New("must be a number of seconds, or a duration such as 12h or 7d, from 1m to 30d")
	}
	return d, nil
}

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
		if p == "*" || !strings.HasPrefix(p, "/") || strings.Contains(strings.TrimSuffix(p, "*"), "*") || strings.ContainsAny(p, "?#%\\;") || strings.Contains(p, "//") ||
			strings.Contains(p+"/", "/../") || strings.Contains(p+"/", "/./") {
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
