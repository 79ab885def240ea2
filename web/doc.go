// Package web draws the pages that people see, serves their assets, and writes the texts of mails. It must not decide anything:
// rules of accounts are in provider/account, those of the protocol in provider/authorize. It never touches a store or a key.
//
// Pages are html/template rendered whole before they are sent, one stylesheet, and one module that only adds: everything but the
// sample application works without script. No script, style or handler stands inline, so the policy needs no nonce ([setHeaders]);
// the one exception is the page that posts itself to a client, whose single line is allowed by its hash. A link in a mail never acts
// on GET. Words come from web/words, in every language there is.
//
// It draws for: OpenID Connect Core §3.1.2.3 and §3.1.2.4 (sign-in, consent), RP-Initiated Logout §2, OAuth 2.0 Form Post Response
// Mode §2, RFC 9110 §15 (errors). The sample application shows a relying party's duties: OpenID Connect Core §3.1.3.7, RFC 7636,
// RFC 9068 §4, RFC 9207 §2.4.
package web
