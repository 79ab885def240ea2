// Package validator makes tokens that applications must take or refuse, and judges applications by what they do with them. [Mint] is the
// issuer's part: it signs with keys of its own, which are made when a server starts in development mode, are in the JWK set beside the
// ring's, and are never stored: no key of a real ring signs anything wrong, and no key leaves the process. [Check] is the other part: it sends
// tokens to an endpoint and tells what it wrongly took or refused.
//
// It must not be reachable in production: cmd/latchkey makes a Mint in development mode alone.
//
// RFC 7515, RFC 7518, RFC 7519, RFC 8725, RFC 9068, OpenID Connect Core §2, §3.1.3.7, §10.1.1.
package validator
