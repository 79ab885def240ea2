// Package token turns what a grant proved into tokens, and checks our own tokens when they come back. It owns the shapes of
// access tokens, ID tokens, logout tokens, signed answers, codes and refresh tokens, which claims of a person they bear, and the subject by
// which a client knows a person. It must not know HTTP, pages, accounts' rules or how keys are kept: it signs and looks keys up
// through [Keys].
//
// RFC 9068 (JWT access tokens), OpenID Connect Core §2, §3.1.3.6 (ID tokens), §5 (claims), §8 (subjects), §10.1 (HS256), Back-Channel
// Logout §2.4, RFC 9701 (introspection as JWT), RFC 8725 (JWT best practice), RFC 7519, RFC 7800, RFC 8707.
package token
