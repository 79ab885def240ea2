// Package logo keeps the pictures that clients registered as logo_uri, so that pages show them from our own origin: fetched once in a while
// through the guarded fetcher, re-encoded small, and kept in memory. No person's browser asks anybody else, and whoever serves the picture
// does not learn who looks at it.
//
// Only addresses that a client registered for itself are fetched: one at a time for each client, a few at once and so many in a minute in
// all, and one that gave nothing is left alone for a while. It must not know pages, and must not open connections itself.
//
// RFC 7591 §2, §2.2 and §5, OpenID Connect Registration §2.
package logo
