package authorize

import (
	"slices"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// Person is who the browser's session belongs to.
type Person struct {
	Session storage.Session
	Account storage.Account
}

// decide says what comes next. It is pure: the same request, person, consent and time always give the same answer. who is nil where
// nobody is signed in; granted is what the person allowed this client before, the zero value if nothing.
func decide(q *Request, who *Person, granted storage.Consent, now time.Time) Decision {
	silent := q.Prompt.Has(oauth.PromptNone)
	if step, need := signIn(q, who, now); need {
		if silent {
			return Refuse{oauth.E(oauth.LoginRequired, "the person must sign in")} // OpenID Connect Core §3.1.2.6
		}
		return step
	}
	if missing := unconsented(q, granted); len(missing) > 0 {
		if silent {
			return Refuse{oauth.E(oauth.ConsentRequired, "the person must consent")} // OpenID Connect Core §3.1.2.6
		}
		return Consent{Scopes: missing}
	}
	return Issue{Session: who.Session}
}

// signIn says whether the person must sign in, and how.
func signIn(q *Request, who *Person, now time.Time) (SignIn, bool) {
	fresh := who != nil && who.Session.AuthTime.After(q.StartedAt) // proved for this very request
	switch {
	case q.Prompt.Has(oauth.PromptCreate) && !fresh:
		return SignIn{Create: true}, true // Initiating User Registration §4
	case who == nil:
		return SignIn{}, true
	case q.HintSub != "" && q.HintSub != who.Account.Sub:
		return SignIn{Choose: true}, true // OpenID Connect Core §3.1.2.1 id_token_hint
	case q.Prompt.Has(oauth.PromptLogin) && !fresh:
		return SignIn{Reauth: true}, true // OpenID Connect Core §3.1.2.1 prompt
	case q.HasMaxAge && !fresh && tooOld(q, who.Session.AuthTime):
		return SignIn{Reauth: true}, true // OpenID Connect Core §3.1.2.1 max_age
	case q.Prompt.Has(oauth.PromptSelectAccount) && !fresh && q.Chosen != who.Session.SID:
		return SignIn{Choose: true}, true
	}
	return SignIn{}, false
}

// tooOld measures at the time the request came, so that a slow consent does not ask for the password again. max_age=0 is prompt=login.
func tooOld(q *Request, authTime time.Time) bool {
	return q.MaxAge == 0 || q.StartedAt.Sub(authTime) > q.MaxAge
}

// unconsented lists the scopes that the person must be asked about; not empty even where the client asks for no scope at all.
func unconsented(q *Request, granted storage.Consent) oauth.Scopes {
	again := q.Prompt.Has(oauth.PromptConsent) || impersonable(q.Client)
	if q.Client.SkipConsent && !q.Prompt.Has(oauth.PromptConsent) {
		return nil
	}
	ask := q.Scopes
	if len(ask) == 0 {
		ask = oauth.Scopes{signInOnly}
	}
	if again && !granted.GrantedAt.After(q.StartedAt) { // a consent of this very request counts
		return ask
	}
	return ask.Without(granted.Scopes)
}

// signInOnly stands in the remembered consent for a request without scopes. It is no scope token, so no client can ask for it.
const signInOnly = "(sign-in)"

// impersonable clients are known only by a loopback address that any program on the machine can take: never silent (RFC 8252 §8.6).
func impersonable(c storage.Client) bool {
	return c.ApplicationType == "native" && c.AuthMethod == "none" && !slices.ContainsFunc(c.RedirectURIs, func(u string) bool {
		return len(u) > 8 && u[:8] == "https://"
	})
}
