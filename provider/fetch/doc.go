// Package fetch gets what stands at addresses that somebody else names: a client's keys, its request objects, its sector identifier, and the
// address where it is told of a logout. It is the only place of the protocol that opens a connection. It must not know what it fetches.
//
// Such an address is an attacker's choice, so: https only, one exchange without redirect, cookie, proxy or decompression, time and size
// capped, and the address that the socket is about to connect to is checked, not the name that led there. What failed is for the log; the
// error's own text is the same whatever the other side did.
//
// RFC 6890 and the IANA special-purpose address registries, RFC 9110, RFC 9111 §4.2, OpenID Connect Core §6.2, §8.1.
package fetch
