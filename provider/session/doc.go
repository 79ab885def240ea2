// Package session is the browser's session cookie: how a stored session is found from a request, and given to a browser. It must
// not decide who may sign in, and must not start or end sessions.
//
// OWASP ASVS 5.0 V7, RFC 6265bis (cookie name prefixes).
package session
