package token

import (
	"slices"
	"strings"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// GroupsClaim is the claim with a person's groups, an array of strings: in userinfo and ID tokens for the scope of that name, and in access tokens of
// clients that want it there (RFC 9068 §2.2.3.1).
const GroupsClaim = "groups"

// Groups are the groups of a person that a client is told: sorted, empty where there are none, and never nil. An empty list says that there are none,
// where no claim would make applications ask again.
func (i *Issuer) Groups(c storage.Client, a storage.Account) []string {
	out := []string{}
	if i.cfg.GroupsOf == nil || a.ID == 0 {
		return out
	}
	for _, g := range i.cfg.GroupsOf(a) {
		if len(c.GroupsFilter) == 0 || slices.ContainsFunc(c.GroupsFilter, func(p string) bool { return matches(p, g) }) {
			out = append(out, g)
		}
	}
	return out
}

// matches compares a group with a name, or with a beginning that ends with "*".
func matches(pattern, group string) bool {
	if begin, open := strings.CutSuffix(pattern, "*"); open {
		return strings.HasPrefix(group, begin)
	}
	return pattern == group
}

// Admits tells whether a person may use a client: it is open to all, or to one of their groups. What the client is told of groups does not matter here.
func (i *Issuer) Admits(c storage.Client, a storage.Account) bool {
	if len(c.AllowedGroups) == 0 {
		return true
	}
	if i.cfg.GroupsOf == nil {
		return false
	}
	return slices.ContainsFunc(i.cfg.GroupsOf(a), func(g string) bool { return slices.Contains(c.AllowedGroups, g) })
}

// claimsOf are the claims that a scope brings: by OpenID Connect, or as the operator declared.
func (i *Issuer) claimsOf(scope string) []string {
	if claims, standard := claimsOf[scope]; standard || i.cfg.Scopes == nil {
		return claims
	}
	return i.cfg.Scopes()[scope]
}

// brings tells whether one of the scopes brings the claim.
func (i *Issuer) brings(scopes oauth.Scopes, claim string) bool {
	return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(i.claimsOf(s), claim) })
}

// ScopeClaims are the claims that a scope can be declared to bring: those of the standard scopes, `sub` aside.
func ScopeClaims() []string {
	var out []string
	for _, s := range StandardScopes() {
		out = append(out, claimsOf[s]...)
	}
	return slices.DeleteFunc(out, func(name string) bool { return name == "sub" })
}
