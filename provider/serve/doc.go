// Package serve is the HTTP edge, written once: what happens before and after any handler, and how an error reaches the
// wire. It owns handlers' shape, faces of errors, the record of a request (one log line, one set of metric labels, one span),
// limits, security headers, the client's address, load shedding, metrics and traces. It must not know protocol rules, storage
// drivers, pages or keys.
//
// RFC 9110, RFC 9112 §6.1, RFC 6749 §5.2, RFC 6750 §3, RFC 7239, OWASP ASVS 5.0 V4.
package serve
