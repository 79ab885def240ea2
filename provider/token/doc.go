// Package token turns what a grant proved into tokens, and checks our own tokens when they come back. It owns the shapes of
// access tokens, ID tokens, codes and refresh tokens. It must not know HTTP, pages, accounts' rules or how keys are kept: it signs
// and looks keys up through [Keys].
//
// RFC 9068 (JWT access tokens), OpenID Connect Core §2, §3.1.3.6 (ID tokens), RFC 8725 (JWT best practice), RFC 7519, RFC 8707.
package token
