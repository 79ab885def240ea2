// Package grant is the token endpoint: one pipeline, and one file per grant. A grant reads its form, checks clause by clause,
// takes its one-time thing and yields a [token.Authorization]; it never signs and never writes a response.
//
// RFC 6749 §3.2, §4.1.3, §4.4, §6; RFC 7636 §4.6; RFC 8707 §2.2; RFC 9700 §4.14; OpenID Connect Core §3.1.3, §12.
package grant
