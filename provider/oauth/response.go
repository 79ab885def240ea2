package oauth

import (
	"slices"
	"strings"
)

// ResponseMode is how an authorization response reaches the client.
type ResponseMode string

// The response modes (OAuth 2.0 Multiple Response Type Encoding Practices §2.1; Form Post Response Mode).
const (
	ModeQuery    ResponseMode = "query"
	ModeFragment ResponseMode = "fragment"
	ModeFormPost ResponseMode = "form_post"
)

// ResponseModes lists every mode that is served, for discovery.
func ResponseModes() []string {
	return []string{string(ModeQuery), string(ModeFragment), string(ModeFormPost)}
}

// ParseResponseType brings the words of a response_type into canonical order ("code id_token token"): their order has no meaning
// (OAuth 2.0 Multiple Response Types §3).
func ParseResponseType(s string) string {
	words := strings.Fields(s)
	slices.Sort(words)
	return strings.Join(words, " ")
}

// ParseResponseMode reads a response_mode; "" gives the default of the code flow. Errors: *Error with InvalidRequest.
func ParseResponseMode(s string) (ResponseMode, error) {
	switch m := ResponseMode(s); m {
	case "":
		return ModeQuery, nil
	case ModeQuery, ModeFragment, ModeFormPost:
		return m, nil
	}
	return "", E(InvalidRequest, "response_mode is not supported")
}

// CheckResource checks a resource indicator: an absolute URI without fragment (RFC 8707 §2). Errors: *Error with InvalidTarget.
func CheckResource(uri string) error {
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok || scheme == "" || rest == "" || strings.Contains(uri, "#") || len(uri) > 2048 || strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return E(InvalidTarget, "resource must be an absolute URI without a fragment")
	}
	return nil
}
