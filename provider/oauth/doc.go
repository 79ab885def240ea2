// Package oauth is the vocabulary of OAuth 2.0 and OpenID Connect: error codes, form parameters, scopes, prompts, PKCE and
// redirect URIs. It knows words and their syntax; it must not know storage, HTTP routes, keys or accounts.
//
// RFC 6749, RFC 6750, RFC 7636, RFC 8252, RFC 8707, RFC 9207, OpenID Connect Core 1.0.
package oauth
