package oauth

import (
	"slices"
	"strings"
)

// Bounds of a scope parameter.
const (
	MaxScopes     = 64
	MaxScopeBytes = 256
)

// Scopes is a set of scope tokens, in the order they were asked for (RFC 6749 §3.3).
type Scopes []string

// Scopes that OpenID Connect defines (Core §3.1.2.1, §5.4, §11).
const (
	OpenID        = "openid"
	ProfileScope  = "profile"
	EmailScope    = "email"
	AddressScope  = "address"
	PhoneScope    = "phone"
	OfflineAccess = "offline_access"
	// GroupsScope is of no specification, and asked for by Kubernetes, Argo CD, Grafana and others.
	GroupsScope = "groups"
)

// ParseScopes splits a scope parameter; repeated tokens count once. Errors: *Error with InvalidScope.
func ParseScopes(s string) (Scopes, error) {
	var out Scopes
	for tok := range strings.SplitSeq(s, " ") {
		if tok == "" {
			continue
		}
		if out == nil {
			out = make(Scopes, 0, min(MaxScopes, 1+strings.Count(s, " ")))
		}
		if len(tok) > MaxScopeBytes || strings.ContainsFunc(tok, notScopeChar) {
			return nil, E(InvalidScope, "scope is malformed")
		}
		if slices.Contains(out, tok) {
			continue
		}
		if len(out) == MaxScopes {
			return nil, E(InvalidScope, "too many scopes")
		}
		out = append(out, tok)
	}
	return out, nil
}

func notScopeChar(r rune) bool { return r < 0x21 || r > 0x7e || r == '"' || r == '\\' } // RFC 6749 §3.3

// Has tells whether s holds the scope.
func (s Scopes) Has(scope string) bool { return slices.Contains(s, scope) }

// Within tells whether every scope of s is in limit.
func (s Scopes) Within(limit []string) bool {
	return !slices.ContainsFunc(s, func(x string) bool { return !slices.Contains(limit, x) })
}

// Without returns those of s that are not in other.
func (s Scopes) Without(other []string) Scopes {
	return slices.DeleteFunc(slices.Clone(s), func(x string) bool { return slices.Contains(other, x) })
}

// And returns those of s that are in limit.
func (s Scopes) And(limit []string) Scopes {
	return slices.DeleteFunc(slices.Clone(s), func(x string) bool { return !slices.Contains(limit, x) })
}

// For narrows scopes to what the resources that a token is for know (RFC 8707 §2.2): known has the scopes of each resource that is declared, and
// one that is not, or none at all, may be sent anything. Scopes in always stay.
func (s Scopes) For(resources []string, known map[string][]string, always []string) Scopes {
	if len(resources) == 0 {
		return s
	}
	keep := slices.Clone(always)
	for _, res := range resources {
		scopes, declared := known[res]
		if !declared {
			return s
		}
		keep = append(keep, scopes...)
	}
	return s.And(keep)
}

// String joins the scopes with spaces.
func (s Scopes) String() string { return strings.Join(s, " ") }
