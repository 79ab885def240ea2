// Package forward answers proxies that ask whether a request to somebody else's application may pass (forward authentication): who asks, for what
// address, who sits before the browser, and what the application is told of them. Signing in is a code flow of /authorize, whose answer comes to a
// reserved path on the application's own host.
//
// It must not sign anybody in, and holds no state: what a browser brings is sealed, and what it stands on is looked up for each request.
//
// RFC 6749 §4.1, RFC 7636, RFC 9207, RFC 6265bis (cookie name prefixes), RFC 6750.
package forward
