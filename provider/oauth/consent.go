package oauth

import (
	"slices"
	"strings"
)

// Marks stand beside scopes in remembered consent. They hold a space, so they are no scope tokens and no client can ask for them as such.
const (
	signInMark   = "(sign in)"
	resourceMark = "(resource) "
)

// Consentable is what a request asks consent for: its scopes and its resources (RFC 8707 §2), or at least that the person signs in.
func Consentable(scopes Scopes, resources []string) Scopes {
	ask := slices.Clone(scopes)
	for _, res := range resources {
		ask = append(ask, resourceMark+res)
	}
	if len(ask) == 0 {
		return Scopes{signInMark}
	}
	return ask
}

// Consented takes apart what is remembered of a consent: the scopes, and the resources.
func Consented(remembered []string) (scopes Scopes, resources []string) {
	for _, s := range remembered {
		if res, ok := strings.CutPrefix(s, resourceMark); ok {
			resources = append(resources, res)
		} else if s != signInMark {
			scopes = append(scopes, s)
		}
	}
	return scopes, resources
}
