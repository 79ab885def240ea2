// Package register lets clients register themselves and look after their registration. What metadata there is and what goes together is
// [latchkey/provider/client]'s; what of it a stranger may have is the [Policy]'s. It must not know grants, tokens of people or pages.
//
// Everything in a request is a stranger's word. A client that registered has never the operator's trust: people are always asked for consent, and
// an update is judged as a registration is.
//
// RFC 7591, RFC 7592, OpenID Connect Dynamic Client Registration.
package register
