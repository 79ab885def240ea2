package authorize

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/provider/oauth"
	"latchkey/provider/token"
	"latchkey/storage"
)

// Request is an authorization request that passed the rules (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1).
type Request struct {
	// Form is what counts of the request, wherever it came from.
	Form   oauth.Form
	Client storage.Client
	// Pushed is the ID of the pushed request that it is, "" if it was not pushed. Signed: a request object of the client holds it.
	Pushed string
	Signed bool
	// RedirectURI is where the answer goes. Sent tells whether the request named it.
	RedirectURI     string
	RedirectURISent bool
	// Type is response_type in canonical order.
	Type  string
	Mode  oauth.ResponseMode
	State string

	// Asked are the scopes as they were asked for, Scopes those of them that the client may have.
	Asked, Scopes oauth.Scopes
	// Claims are those asked for one by one, as far as the client may have them.
	Claims    oauth.ClaimsRequest
	Resources []string
	Nonce     string
	Challenge string
	Prompt    oauth.Prompt
	// MaxAge counts where HasMaxAge.
	MaxAge    time.Duration
	HasMaxAge bool
	// ACR is what the sign-in should be worth.
	ACR       ACR
	LoginHint string
	UILocales string
	// Hints name the person, each for itself.
	Hints []Hint

	// StartedAt is when the request first came. What must be fresh (a sign-in, a consent) must be later.
	StartedAt time.Time
	// Chosen is the session that the person chose to go on with (prompt=select_account), "" if none.
	Chosen string
	// Declined is the session whose person would not prove more, "-" where nobody was signed in; "" if nobody said so.
	Declined string
}

// nobody is [Request].Declined where there was no session.
const nobody = "-"

// ACR is the class that a sign-in should reach (OpenID Connect Core §3.1.2.1 acr_values, §5.5.1.1).
type ACR struct {
	// Values that would do, of those that can be reached here; any, where there is none.
	Values []string
	// Essential: without one of them there is no answer.
	Essential bool
}

// Hint is a demand for one person (OpenID Connect Core §3.1.2.2 item 4): any of IDs, as Client knows people, must name whoever the answer is about.
type Hint struct {
	Client storage.Client
	IDs    []token.ID
}

// Decision is what /authorize does next: exactly one of the types below.
type Decision interface{ decision() }

// SignIn sends the person to the sign-in page.
type SignIn struct {
	// Reauth: the session's person must prove who they are again. StepUp: they must prove a second factor beside what the session has. Choose: offer the
	// account that is signed in. Create: sign-up first.
	Reauth, StepUp, Choose, Create bool
}

// Consent asks the person for what was not granted before: scopes, and marks with a space in them for resources and for the sign-in itself.
type Consent struct{ Scopes oauth.Scopes }

// Named are the scopes among what is asked for, without the marks.
func (c Consent) Named() oauth.Scopes {
	return slices.DeleteFunc(slices.Clone(c.Scopes), func(s string) bool { return strings.Contains(s, " ") })
}

// Issue answers with what response_type asks for.
type Issue struct{ Session storage.Session }

// Refuse answers with an error.
type Refuse struct{ Err *oauth.Error }

// Barred shows a page that says so: the client is for groups that the person is in none of.
type Barred struct{}

func (Barred) decision()  {}
func (SignIn) decision()  {}
func (Consent) decision() {}
func (Issue) decision()   {}
func (Refuse) decision()  {}

func readForm(r *http.Request) (oauth.Form, error) {
	if r.Method != http.MethodPost {
		values, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return oauth.Form{}, page("request", "the query is malformed", err)
		}
		f, _ := oauth.NewForm(values) // judged by the rules, after the redirect URI
		return f, nil
	}
	f, err := oauth.PostForm(r)
	if err != nil && f.Check() == nil { // not even a form
		return f, err
	}
	return f, nil
}
