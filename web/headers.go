package web

import (
	"net/http"
	"strings"
)

// policy says in what an answer's headers differ from those of a page. The zero value is a page.
type policy struct {
	// secure: served over https.
	secure bool
	// immutable: a file whose address changes with its content.
	immutable bool
	// formAction and scriptHash are for the page that posts itself to a client.
	formAction, scriptHash string
	// frames are the origins that the page that says "signed out" may load in frames.
	frames []string
	// upload: what a person sent us; it must never run.
	upload bool
}

const pageCSP = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// setHeaders is the one place where the headers of what this package sends are set.
func setHeaders(h http.Header, p policy) {
	csp, cache := pageCSP, "no-store"
	switch {
	case p.immutable:
		csp, cache = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'", "public, max-age=31536000, immutable"
	case p.upload:
		csp, cache = "default-src 'none'; sandbox", "private, max-age=3600"
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
	case len(p.frames) > 0:
		csp += "; frame-src " + strings.Join(p.frames, " ")
	case p.formAction != "":
		csp = "default-src 'none'; script-src '" + p.scriptHash + "'; style-src 'self'; font-src 'self'; img-src 'self'; form-action " + p.formAction +
			"; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	}
	h.Set("Content-Security-Policy", csp)
	h.Set("Cache-Control", cache)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=()")
	if p.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000") // RFC 6797 §6.1
	}
}
