// Package bearer guards resource servers: it reads an access token from a request, has it verified, and puts what it says into the
// request's context. [Required] refuses without a valid token, [Optional] goes on as a guest. Latchkey's own API stands on it, and
// any Go program may.
//
// It must not know keys, issuers, stores beyond the account record, or how a refusal is worded: that is the [Verifier]'s and the
// face's work. A token is taken from the Authorization header alone, never from a URL or a form.
//
// RFC 6750 §2.1, §3; RFC 9110 §11.4; OAuth 2.1 §5.1.
package bearer
