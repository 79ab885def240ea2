package oauth

import (
	"slices"
	"strings"
)

// ResponseMode is how an authorization response reaches the client.
type ResponseMode string

// The response modes (Multiple Response Types §2.1; Form Post Response Mode).
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
// (Multiple Response Types §3).
func ParseResponseType(s string) string {
	words := strings.Fields(s)
	slices.Sort(words)
	return strings.Join(words, " ")
}

// The response types that can be served, in canonical order (Multiple Response Types §3, §5).
const (
	TypeCode             = "code"
	TypeIDToken          = "id_token"
	TypeIDTokenToken     = "id_token token"
	TypeCodeIDToken      = "code id_token"
	TypeCodeToken        = "code token"
	TypeCodeIDTokenToken = "code id_token token"
)

// ImplicitGrant is the grant type by which a client says that tokens may leave from the authorization endpoint (RFC 7591 §2.1).
const ImplicitGrant = "implicit"

// ResponseTypes lists every response type that can be served.
func ResponseTypes() []string {
	return []string{TypeCode, TypeIDToken, TypeIDTokenToken, TypeCodeIDToken, TypeCodeToken, TypeCodeIDTokenToken}
}

// Answers tells whether a response type (in canonical order) asks for word: "code", "token" or "id_token".
func Answers(responseType, word string) bool {
	return slices.Contains(strings.Fields(responseType), word)
}

// Fronted tells whether a response type (in canonical order) lets a token of any kind leave the authorization endpoint.
func Fronted(responseType string) bool {
	return Answers(responseType, "token") || Answers(responseType, "id_token")
}

// ParseResponseMode reads a response_mode for a response type, which need not be one that can be served: "" gives the type's default, and tokens
// never leave by the query (Multiple Response Types §2.1, §5). Errors: *Error with InvalidRequest; the mode that comes with it is the
// type's default, by which the error leaves.
func ParseResponseMode(s, responseType string) (ResponseMode, error) {
	usual := ModeQuery
	if Fronted(responseType) {
		usual = ModeFragment
	}
	switch m := ResponseMode(s); {
	case m == "":
		return usual, nil
	case m == ModeQuery && usual == ModeFragment:
		return usual, E(InvalidRequest, "response_mode query is not allowed with tokens") // Multiple Response Types §5
	case m == ModeQuery, m == ModeFragment, m == ModeFormPost:
		return m, nil
	}
	return usual, E(InvalidRequest, "response_mode is not supported")
}

// CheckResource checks a resource indicator: an absolute URI without fragment (RFC 8707 §2). Errors: *Error with InvalidTarget.
func CheckResource(uri string) error {
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok || scheme == "" || rest == "" || strings.Contains(uri, "#") || len(uri) > 2048 || strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return E(InvalidTarget, "resource must be an absolute URI without a fragment")
	}
	return nil
}
