package oauth

import "slices"

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
