// Package endpoint holds the small endpoints of the protocol, one file each: discovery, JWKS, userinfo, introspection, revocation and
// logout. It must not know how keys or accounts are kept, nor draw pages.
//
// OpenID Connect Discovery, RFC 8414, RFC 7517, OpenID Connect Core §5.3, RFC 7662, RFC 7009, OpenID Connect RP-Initiated Logout.
package endpoint
