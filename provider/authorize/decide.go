package authorize

import (
	"slices"
	"strings"
	"time"

	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/token"
	"latchkey/storage"
)

// Person is who the browser's session belongs to.
type Person struct {
	Session storage.Session
	Account storage.Account
	// Named: every hint of the request names them; so where there is none.
	Named bool
	// Barred: the client is for groups that they are in none of.
	Barred bool
	// Second: they have a second factor that the session did not prove, or can set one up where the request must have one.
	Second bool
}

// acr is the class that the sign-in reached.
func (p *Person) acr() string {
	if p.Session.ACR != "" {
		return p.Session.ACR
	}
	return oauth.ACROf(p.Session.AMR)
}

// decide says what comes next. It is pure: the same request, person and consent always give the same answer. who is nil where
// nobody is signed in; granted is what the person allowed this client before, the zero value if nothing.
func decide(q *Request, who *Person, granted storage.Consent) Decision {
	silent := q.Prompt.Has(oauth.PromptNone)
	if who == nil && q.Declined == nobody {
		return Refuse{unmet()}
	}
	if wrongPerson(q, who) {
		return Refuse{oauth.E(oauth.LoginRequired, "another person signed in than the request names")} // OpenID Connect Core §3.1.2.1
	}
	if step, need := signIn(q, who); need {
		if silent {
			return Refuse{oauth.E(oauth.LoginRequired, "the person must sign in")} // OpenID Connect Core §3.1.2.6
		}
		return step
	}
	if q.must() && !reached(q, who) {
		return Refuse{unmet()}
	}
	if who.Barred {
		if silent {
			return Refuse{oauth.E(oauth.AccessDenied, "the person may not use this client")} // RFC 6749 §4.1.2.1
		}
		return Barred{}
	}
	if missing := unconsented(q, who, granted); len(missing) > 0 {
		if silent {
			return Refuse{oauth.E(oauth.ConsentRequired, "the person must consent")} // OpenID Connect Core §3.1.2.6
		}
		return Consent{Scopes: missing}
	}
	return Issue{Session: who.Session}
}

// fresh tells whether the person proved who they are for this very request.
func fresh(q *Request, who *Person) bool {
	return who != nil && who.Session.AuthTime.After(q.StartedAt)
}

// wrongPerson tells whether the person was asked for the account that a hint names, and went on with another. To ask again would go
// round for ever.
func wrongPerson(q *Request, who *Person) bool {
	if who == nil || who.Named {
		return false
	}
	return fresh(q, who) || q.Chosen == who.Session.SID
}

// signIn says whether the person must sign in, and how. Each case ends once the person signed in after the request came (fresh), or
// chose the session that is there, so that no combination of parameters asks for ever.
func signIn(q *Request, who *Person) (SignIn, bool) {
	fresh := fresh(q, who)
	switch {
	case q.Prompt.Has(oauth.PromptCreate) && !fresh:
		return SignIn{Create: true}, true // Initiating User Registration §4
	case who == nil:
		return SignIn{}, true
	case !who.Named:
		return SignIn{Choose: true}, true // OpenID Connect Core §3.1.2.1 id_token_hint
	case q.Prompt.Has(oauth.PromptLogin) && !fresh:
		return SignIn{Reauth: true}, true // OpenID Connect Core §3.1.2.1 prompt
	case q.HasMaxAge && !fresh && tooOld(q, who.Session.AuthTime):
		return SignIn{Reauth: true}, true // OpenID Connect Core §3.1.2.1 max_age
	case lacks(q, who) && who.Second:
		return SignIn{StepUp: true}, true // OpenID Connect Core §5.5.1.1: one more factor will do
	case lacks(q, who) && q.must() && !fresh:
		return SignIn{Reauth: true}, true // OpenID Connect Core §5.5.1.1: another way to sign in may help
	case q.Prompt.Has(oauth.PromptSelectAccount) && !fresh && q.Chosen != who.Session.SID:
		return SignIn{Choose: true}, true
	}
	return SignIn{}, false
}

// tooOld measures at the time the request came, so that a slow consent does not ask for the password again. max_age=0 is prompt=login.
func tooOld(q *Request, authTime time.Time) bool {
	return q.MaxAge == 0 || q.StartedAt.Sub(authTime) > q.MaxAge
}

// lacks tells whether the person is to be asked for more than they proved: not where they declined, and not for what is merely wished where nothing may be shown.
func lacks(q *Request, who *Person) bool {
	declined := q.Declined != "" && q.Declined == who.Session.SID
	return !reached(q, who) && !declined && (q.must() || !q.Prompt.Has(oauth.PromptNone))
}

// reached tells whether the sign-in is worth what the request asks for, and what the client's rule asks for.
func reached(q *Request, who *Person) bool {
	if q.Client.SecondFactor && who.acr() != oauth.ACRTwoFactor {
		return false
	}
	return len(q.ACR.Values) == 0 || slices.Contains(q.ACR.Values, q.acr(who))
}

// acr is the class that the answer tells of: that of the sign-in, or one below it, where it is that one that was asked for.
func (q *Request) acr(who *Person) string {
	have := who.acr()
	if have == oauth.ACRTwoFactor && !slices.Contains(q.ACR.Values, have) && slices.Contains(q.ACR.Values, oauth.ACROneFactor) {
		return oauth.ACROneFactor // OpenID Connect Core §5.5.1.1: one of the values that were asked for
	}
	return have
}

// WantsTwo tells whether only two factors are worth what the request asks for.
func (q *Request) WantsTwo() bool {
	return q.Client.SecondFactor || slices.Contains(q.ACR.Values, oauth.ACRTwoFactor) && !slices.Contains(q.ACR.Values, oauth.ACROneFactor)
}

// MustTwo tells whether there is no answer without two factors.
func (q *Request) MustTwo() bool { return q.WantsTwo() && q.must() }

// must tells whether there is no answer below what is asked for.
func (q *Request) must() bool { return q.ACR.Essential || q.Client.SecondFactor }

func unmet() *oauth.Error {
	return oauth.E(oauth.UnmetAuthentication, "the sign-in does not reach what is essential") // OpenID Connect Core §5.5.1.1
}

// unconsented lists the scopes that the person must be asked about; not empty even where the client asks for no scope at all.
// Where anybody could have sent the request, a client whose consent the operator gave still needs the person to have done something.
func unconsented(q *Request, who *Person, granted storage.Consent) oauth.Scopes {
	anybody := impersonable(q)
	again := q.Prompt.Has(oauth.PromptConsent) || anybody
	if q.Client.SkipConsent && !q.Prompt.Has(oauth.PromptConsent) && (!anybody || fresh(q, who)) {
		return nil
	}
	ask := oauth.Consentable(q.personal(), q.Resources)
	if again && !granted.GrantedAt.After(q.StartedAt) { // a consent of this very request counts
		return ask
	}
	return ask.Without(granted.Scopes)
}

// personal are the scopes that a request is worth, with those whose claims it asks for one by one (OpenID Connect Core §5.5).
func (q *Request) personal() oauth.Scopes {
	return append(slices.Clone(q.Scopes), token.ImpliedScopes(q.Claims).Without(q.Scopes)...)
}

// impersonable requests are answered to a loopback port or a private scheme, which any program on the machine can take, and no secret
// proves the client, for it has none or a token leaves before it could be asked for: never silent (RFC 8252 §8.6). Another, better
// address of the same client does not help.
func impersonable(q *Request) bool {
	if q.Client.ApplicationType != "native" || strings.HasPrefix(q.RedirectURI, "https://") {
		return false
	}
	return q.Client.AuthMethod == client.NoneMethod || oauth.Fronted(q.Type)
}
