package authorize

import (
	"slices"
	"strings"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// Request is an authorization request that passed the rules (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1).
type Request struct {
	Form   oauth.Form
	Client storage.Client
	// RedirectURI is where the answer goes. Sent tells whether the request named it.
	RedirectURI     string
	RedirectURISent bool
	Mode            oauth.ResponseMode
	State           string

	Scopes    oauth.Scopes
	Resources []string
	Nonce     string
	Challenge string
	Prompt    oauth.Prompt
	// MaxAge counts where HasMaxAge.
	MaxAge    time.Duration
	HasMaxAge bool
	LoginHint string
	UILocales string
	// HintSub is the subject of a valid id_token_hint, "" if none was sent.
	HintSub string

	// StartedAt is when the request first came. What must be fresh (a sign-in, a consent) must be later.
	StartedAt time.Time
	// Chosen is the session that the person chose to go on with (prompt=select_account), "" if none.
	Chosen string
}

// Decision is what /authorize does next: exactly one of the types below.
type Decision interface{ decision() }

// SignIn sends the person to the sign-in page.
type SignIn struct {
	// Reauth: the session's person must prove who they are again. Choose: offer the account that is signed in. Create: sign-up first.
	Reauth, Choose, Create bool
}

// Consent asks the person for what was not granted before: scopes, and marks with a space in them for resources and for the sign-in itself.
type Consent struct{ Scopes oauth.Scopes }

// Named are the scopes among what is asked for, without the marks.
func (c Consent) Named() oauth.Scopes {
	return slices.DeleteFunc(slices.Clone(c.Scopes), func(s string) bool { return strings.Contains(s, " ") })
}

// Issue answers with a code.
type Issue struct{ Session storage.Session }

// Refuse answers with an error.
type Refuse struct{ Err *oauth.Error }

func (SignIn) decision()  {}
func (Consent) decision() {}
func (Issue) decision()   {}
func (Refuse) decision()  {}
