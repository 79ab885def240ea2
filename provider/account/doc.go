// Package account holds the rules of accounts: sign up, sign in, reset, profile, password, sessions, throttling. Rules only:
// it must not know HTTP, HTML, JSON, OAuth or which door a request came through beyond its [Dialect].
//
// contracts: the account API. NIST SP 800-63B-4 §3.1.1, OWASP ASVS 5.0 V6, RFC 9106 (argon2id).
package account
