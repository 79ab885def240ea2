// Package authorize is the authorization endpoint: request, rules (two ordered tables), decide (pure), flow, respond. Steps in the
// browser (sign in, consent) are pages elsewhere; they only ever return to the dispatcher here. It must not know HTML, passwords,
// keys, or how sessions begin. For an anonymous visitor it writes nothing to the store: the pending request travels sealed.
//
// RFC 6749 §3.1, §4.1; RFC 7636; RFC 8707; RFC 9207; RFC 9700; OpenID Connect Core §3.1.2; OAuth 2.0 Form Post Response Mode.
package authorize
