package serve

import (
	"net/http"
	"time"

	"latchkey/storage"
)

// Pages draws what a person sees at endpoints of the protocol. The protocol packages know it as this interface alone.
// Every method writes a whole answer, with its headers.
type Pages interface {
	// Problem shows an error page. It needs neither store nor session.
	Problem(w http.ResponseWriter, r *http.Request, p Problem)
	// HandOff shows, with status 200, a page that takes the browser to target at once (a Refresh header and a link): how an answer
	// leaves for a client after a form was posted, since form-action 'self' blocks a redirect there.
	HandOff(w http.ResponseWriter, r *http.Request, target string) error
	// FormPost shows a form that posts itself to action, with a button for browsers without script (OAuth 2.0 Form Post Response Mode §2).
	FormPost(w http.ResponseWriter, r *http.Request, action string, params []Param) error
	// SignOutConfirm asks whether to sign out. The form posts token back to the same path as `confirm`.
	SignOutConfirm(w http.ResponseWriter, r *http.Request, v SignOutView) error
	// SignedOut says that it is done, and loads Frames. It offers ReturnTo, or goes there by itself.
	SignedOut(w http.ResponseWriter, r *http.Request, v SignOutView) error
}

// Param is a form parameter; order matters.
type Param struct{ Name, Value string }

// Problem is what an error page tells: what the person can do, and what the developer needs.
type Problem struct {
	Status int
	// Kind chooses the words: "unknown_client", "redirect_uri", "request", "expired", "used_up", "forbidden", "not_found", "method",
	// "too_large", "throttled", "internal", "unavailable", "cross_site".
	Kind string
	// Code and Description are for the developer: an OAuth error code and its description; "" if none.
	Code, Description string
	// Reference is also in the log.
	Reference  string
	RetryAfter time.Duration
	// Back is a safe address to go on at, "" if none.
	Back string
}

// SignOutView is what the sign-out pages show.
type SignOutView struct {
	// Account is how the person is called; "" if nobody is signed in.
	Account string
	// Client is who asked, the zero value if nobody did.
	Client storage.Client
	// Confirm is the sealed request that the form posts back.
	Confirm string
	// ReturnTo is where the client wants the person back, a registered post_logout_redirect_uri with its state; "" if nowhere. Onward: the
	// page goes there by itself once Frames have loaded.
	ReturnTo string
	Onward   bool
	// Apps are the applications that are told, Frames the addresses by which the browser tells some of them (Front-Channel Logout §3). A
	// question has no frames.
	Apps   []storage.Client
	Frames []string
	// UILocales is what the client asked the pages to speak, "" if nothing.
	UILocales string
}
