package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/provider/oauth"
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
