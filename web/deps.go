package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/logo"
	"latchkey/storage"
	"latchkey/web/theme"
)

// Sessions is the browser's session cookie.
type Sessions interface {
	// Current returns the live session of the request's cookie. Without one, ok is false. An error is a fault of the store.
	Current(r *http.Request) (s storage.Session, ok bool, err error)
	// Set gives the browser the cookie of a session; secret is from [account.SignedIn].
	Set(w http.ResponseWriter, s storage.Session, secret string)
	// Clear takes the cookie away.
	Clear(w http.ResponseWriter)
}

// Flow is a pending authorization request, as pages need to know it. It travels in the query parameter and form field `flow`, sealed.
type Flow struct {
	// Sealed is the flow itself, to be put into links and forms.
	Sealed string
	Client storage.Client
	// ClientHost is the host that the person returns to.
	ClientHost string
	// LoginHint fills the sign-in form. UILocales is the request's ui_locales.
	LoginHint, UILocales string
	// Reauth: there is a session, but the person must prove who they are again (prompt=login, max_age).
	Reauth bool
	// TwoFactors: the request is worth two factors (acr_values, the claim acr, or a rule about the client). MustTwo: without them there is no answer. StepUp:
	// the person who is signed in lacks the second, and is asked for it alone.
	TwoFactors, MustTwo, StepUp bool
	// ChooseAccount: prompt=select_account; offer the account that is signed in, and another.
	ChooseAccount bool
	// Scopes that consent is asked for, and those granted before.
	Scopes, GrantedScopes []string
	// Resources are the APIs (RFC 8707) that the client asks access to.
	Resources []string
	// Barred: the client is for groups that the person is in none of. There is nothing to allow.
	Barred bool
}

// Flows is the dispatcher of /authorize: pages always return to it.
type Flows interface {
	// Open unseals the flow of this browser. Errors: a serve.ProblemError ("expired") where it expired, is foreign or broken; or a fault.
	Open(r *http.Request, sealed string) (Flow, error)
	// Resume is the path (with query) of the dispatcher for that flow. Redirect there with 303 when a step is done.
	Resume(sealed string) string
	// Choose marks that the person chose to go on with the session sid, and returns the flow sealed anew.
	Choose(r *http.Request, sealed, sid string) (string, error)
	// Decline marks that the person of the session sid would not prove more than they did, "" where nobody is signed in, and returns the flow sealed anew.
	Decline(r *http.Request, sealed, sid string) (string, error)
	// Allow remembers the person's consent to the flow's scopes; then redirect to Resume.
	Allow(r *http.Request, sealed string) error
	// Deny answers the client with access_denied: it writes the whole response.
	Deny(w http.ResponseWriter, r *http.Request, sealed string) error
}

// Device is a device that waits for a person's decision (RFC 8628 §3.3), as pages need to know it.
type Device struct {
	// Ticket goes into the form of the decision.
	Ticket string
	Client storage.Client
	// Scopes and Resources that the device will get.
	Scopes, Resources []string
	// AskedAt is when it began.
	AskedAt time.Time
	// Barred: the client is for groups that the person is in none of. There is nothing to allow.
	Barred bool
}

// ErrNoDevice: no device waits for this code or ticket, or not any more.
var ErrNoDevice = errors.New("no device waits for this code")

// Devices decides about devices, always for the person of the request's session.
type Devices interface {
	// Look finds the device that waits for a user code, as it was typed. Errors: ErrNoDevice; *serve.Throttled after too many wrong codes; or a fault.
	Look(r *http.Request, userCode string) (Device, error)
	// Decide notes the person's decision, once. Errors: ErrNoDevice, or a fault.
	Decide(r *http.Request, ticket string, allow bool) error
}

// Logos has the pictures of applications.
type Logos interface {
	// Logo is the picture that a client registered at the address of that [logo.Version]. Errors: logo.ErrNone, logo.ErrLater, or a fault.
	Logo(ctx context.Context, clientID, version string) (logo.Logo, error)
}

// Deps is what the pages stand on.
type Deps struct {
	Account account.Verbs
	// Second, Authenticators and RecoveryCodes are the rules of second factors.
	Second         SecondFactors
	Authenticators Authenticators
	RecoveryCodes  RecoveryCodes
	// Portal is what only the account's own pages ask for.
	Portal Portal
	// Passkeys is everything about passkeys; nil: there are none.
	Passkeys *Passkeys
	// Life is what of an account's life goes by mail or by a wait.
	Life     Lifecycle
	Sessions Sessions
	Flows    Flows
	// Devices are the pages of the device grant; nil hides them.
	Devices Devices
	// Client finds an application. Of one that it does not find pages show the ID.
	Client func(ctx context.Context, id string) (storage.Client, error)
	// ScopeText says what a scope that the operator declared means, as plain text in a language (BCP 47) or the nearest that there is; "" for one that
	// is not declared. nil: none is.
	ScopeText func(scope, locale string) string
	// Logos has the pictures of applications; nil: none are shown.
	Logos Logos
	// Told lists the applications that are told of the end of a session, and the addresses that the browser loads to tell some of them
	// (Front-Channel Logout). nil: none are.
	Told func(ctx context.Context, s storage.Session) (apps []storage.Client, frames []string)
	// Issuer is the configured issuer; every absolute address begins with it. Its path, if any, prefixes every path.
	Issuer string
	// Brand is the product name that pages show.
	Brand string
	// Theme is what the operator changed of the look, as [LoadTheme] read it; nil for nothing.
	Theme *theme.Theme
	// DefaultLocale is used where nothing else decides.
	DefaultLocale string
	// SignUpOpen, ResetOpen: whether these pages exist. RequireVerified: signing in needs a proven address.
	SignUpOpen, ResetOpen, RequireVerified bool
	// PasswordMin is the page dialect's password minimum, in characters.
	PasswordMin int
	// ResumeMax and PictureMax are the largest uploads, in bytes; 0 means 5 MiB and 2 MiB.
	ResumeMax, PictureMax int64
	// ResetTTL and VerifyTTL are told to people.
	ResetTTL, VerifyTTL time.Duration
	// MailSignIn: people can sign in by mail; MailSignInTTL is told to them. RecoveryWait is how long who lost every second factor waits; 0: there is no
	// such way.
	MailSignIn                  bool
	MailSignInTTL, RecoveryWait time.Duration
	// InviteOnly: where sign-up is closed, it goes by invitation. SignUpDomains are the domains that can sign up; none means all.
	InviteOnly    bool
	SignUpDomains []string
	// HelpURL, PrivacyURL, TermsURL are shown in the footer where set.
	HelpURL, PrivacyURL, TermsURL string
	Now                           func() time.Time
	// StepUpAge is how long after a sign-in nobody is asked again.
	StepUpAge time.Duration
	// Mailbox, in development mode only, lists the mails that were sent; nil hides the page.
	Mailbox Mailbox
	// Dev is what the developer's pages stand on; nil: there are none.
	Dev *Dev
	// Demo, in development mode only, is the sample application's client; "" hides it.
	DemoClientID string
}

// Mailbox is the development mode's store of sent mail.
type Mailbox interface {
	// Mails returns the mails sent, newest first.
	Mails() []SentMail
}

// SentMail is a composed mail.
type SentMail struct {
	To, Subject, Text, HTML string
	At                      time.Time
}
