// Package session is the browser's session cookie: how a stored session is found from a request, and given to a browser; and the state
// of the browser that applications may watch. It must not decide who may sign in, and must not start or end sessions.
//
// OWASP ASVS 5.0 V7, RFC 6265bis (cookie name prefixes), OpenID Connect Session Management.
package session
