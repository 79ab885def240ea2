// Package client finds clients and authenticates them: a file per method. It must not know grants, tokens or pages.
//
// RFC 6749 §2.3, RFC 7591 §2, RFC 8252 §7, OpenID Connect Core §9.
package client
