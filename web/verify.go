package web

import (
	"errors"
	"net/http"
	"strings"

	"latchkey/provider/account"
	"latchkey/provider/serve"
)

// messageView is a page that says something and offers at most one way on.
type messageView struct {
	*frame
	Text string
	// Good draws a tick. Link is a path under the issuer, "" for none.
	Good           bool
	Link, LinkText string
}

// actView is a page with one button that does what a link in a mail announced. A link never acts by itself: mail scanners follow links.
type actView struct {
	*frame
	Text, Strong, Action, Button string
	Token, Flow                  string
}

func (s *Site) verify(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := s.begin(r, "", "")
	f.Back = with(with("/verify", "token", q.Get("token")), "flow", q.Get("flow"))
	email, err := s.Account.PeekVerify(r.Context(), q.Get("token"))
	if err != nil {
		return s.verifyDead(w, r, f, err)
	}
	f.Title = f.T("verify.title")
	return s.draw(w, r, http.StatusOK, "bow", "act", &actView{frame: f, Text: f.T("verify.text"), Strong: email,
		Action: "/verify", Button: f.T("verify.submit"), Token: q.Get("token"), Flow: q.Get("flow")})
}

func (s *Site) verifyPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	f := s.begin(r, "", "")
	in, err := s.entry(r, f, Flow{}, false)
	if err != nil {
		return err
	}
	got, err := s.Account.VerifyEmail(r.Context(), form.Get("token"), s.sentTo(r), in)
	if err != nil && got.Account.ID == 0 {
		return s.verifyDead(w, r, f, err)
	}
	if got.Flow == "" {
		got.Flow = form.Get("flow")
	}
	return s.verified(w, r, f, got, err)
}

// verified goes on when an address is proven. cause is why the proof did not sign in, where it was to.
func (s *Site) verified(w http.ResponseWriter, r *http.Request, f *frame, got account.Verified, cause error) error {
	s.setCookie(w, "sent", "", "/", -1)
	if got.Flow != "" {
		// The link may have been opened in another browser, or too late: then the flow is not ours, and the proof still counts.
		if _, err := s.Flows.Open(r, got.Flow); err != nil {
			got.Flow = ""
		}
	}
	if got.SignedIn != nil {
		serve.RecordOf(r.Context()).AccountID = got.Account.ID
		s.remember(w, r, *got.SignedIn)
	}
	if got.Disowned {
		return s.disowned(w, r, f, got, cause)
	}
	if s.step(w, r, cause, got.Flow, "") {
		return nil
	}
	if cause != nil && !account.IsKind(cause, account.WrongCredentials) {
		return cause
	}
	_, live, err := s.Sessions.Current(r)
	if err != nil {
		return err
	}
	live = live || got.SignedIn != nil
	switch {
	case live && got.Flow != "":
		s.resume(w, r, got.Flow)
	case live:
		s.see(w, r, "/account?notice=confirmed")
	default:
		s.hint(w, got.Account)
		s.see(w, r, with("/login?notice=verified", "flow", got.Flow))
	}
	return nil
}

// disowned says that what was set before the address was proven is gone, and what can be done now.
func (s *Site) disowned(w http.ResponseWriter, r *http.Request, f *frame, got account.Verified, cause error) error {
	f.Title, f.Back = f.T("disowned.title"), "/login"
	v := &messageView{frame: f, Good: true, Text: f.T("disowned.text")}
	ref, refused := errors.AsType[*account.Refusal](cause)
	switch {
	case refused && ref.Kind == account.StepNeeded && ref.Step != nil:
		v.Link, v.LinkText = with(s.keepStep(w, r, ref.Step), "flow", got.Flow), f.T("disowned.on")
	case cause != nil && !refused:
		return cause
	case got.SignedIn == nil:
		v.Link, v.LinkText = with("/login", "flow", got.Flow), f.T("login.submit")
	case got.Flow != "":
		v.Link, v.LinkText = strings.TrimPrefix(s.Flows.Resume(got.Flow), s.base), f.T("disowned.on")
	default:
		v.Text += " " + f.T("disowned.choose")
		v.Link, v.LinkText = "/account/password", f.T("disowned.password")
	}
	return s.draw(w, r, http.StatusOK, "bow", "message", v)
}

// verifyDead answers a link that does not work. Where the address is proven there is no alarm: it worked before.
func (s *Site) verifyDead(w http.ResponseWriter, r *http.Request, f *frame, cause error) error {
	already := account.IsKind(cause, account.AlreadyVerified)
	if !isGone(cause) && !already {
		return s.plainly(w, r, f, cause)
	}
	a, _, live, err := s.who(r)
	if err != nil {
		return err
	}
	f.Back = "/signup/sent"
	if already || live && a.EmailVerified {
		f.Title = f.T("verified.title")
		v := &messageView{frame: f, Good: true, Text: f.T("verified.text"), Link: "/account", LinkText: f.T("account.go")}
		if !live {
			v.Link, v.LinkText = "/login", f.T("login.submit")
		}
		return s.draw(w, r, http.StatusOK, "bow", "message", v)
	}
	return s.dead(w, r, f, f.T("verify.dead"), "/signup/sent", f.T("verify.again"))
}

// dead is the page of a link that is spent or too old.
func (s *Site) dead(w http.ResponseWriter, r *http.Request, f *frame, text, link, linkText string) error {
	serve.RecordOf(r.Context()).Outcome = string(account.BadToken)
	f.Title = f.T("dead.title")
	return s.draw(w, r, http.StatusGone, "bow", "message", &messageView{frame: f, Text: text, Link: link, LinkText: linkText})
}

// plainly shows a refusal that is about no form: too many tries, too busy.
func (s *Site) plainly(w http.ResponseWriter, r *http.Request, f *frame, err error) error {
	status, ok := f.refuse(w, r, err, nil)
	if !ok {
		return err
	}
	f.Title = f.T("later.title")
	v := &messageView{frame: f, Text: f.Errors[0].Text}
	f.Errors = nil
	return s.draw(w, r, status, "bow", "message", v)
}
