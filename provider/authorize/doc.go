// Package authorize is the authorization endpoint: resolve (where a request comes from), request, rules (two ordered tables), decide (pure),
// flow, issue, respond; and push, where clients leave requests beforehand. Steps in the browser (sign in, consent) are pages elsewhere; they
// only ever return to the dispatcher here. It must not know HTML, passwords, keys, or how sessions begin. For an anonymous visitor it writes
// nothing to the store: the pending request travels sealed.
//
// RFC 6749 §3.1, §4.1, §4.2; RFC 7636; RFC 8707; RFC 9101; RFC 9126; RFC 9207; RFC 9700; OpenID Connect Core §3, §5.5, §6; Multiple Response
// Types; Form Post Response Mode; Session Management §2.
package authorize
