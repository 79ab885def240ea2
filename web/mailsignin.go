package web

import (
	"net/http"
	"strings"
	"time"

	"latchkey/provider/account"
)

// mailView is signing in by mail: the question for the address, and, where a mail is on its way, for its code.
type mailView struct {
	*frame
	Flow     Flow
	Return   string
	Remember bool
	Email    field
	// Masked is the address, Lasting how long the mail's link and code work, Again when it can be sent again.
	Masked, Lasting, Again string
	Code                   field
}

func (s *Site) mailView(w http.ResponseWriter, r *http.Request, get func(string) string, fl Flow) *mailView {
	f := s.begin(r, fl.UILocales, "")
	v := &mailView{frame: f, Flow: fl, Return: accountReturn(get("return")), Remember: get("remember") == "1"}
	f.Back = with("/login/mail", "return", v.Return)
	f.forFlow(fl)
	f.Title = f.T("mailsign.title")
	return v
}

func (s *Site) mailAsk(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	fl, ok := s.flow(w, r, q)
	if !ok {
		return nil
	}
	return s.drawMailAsk(w, r, http.StatusOK, s.mailView(w, r, q.Get, fl), fl.LoginHint)
}

func (s *Site) drawMailAsk(w http.ResponseWriter, r *http.Request, status int, v *mailView, email string) error {
	v.Email = v.emailField(email, "username", "")
	v.Email.Autofocus = len(v.Errors) == 0
	return s.draw(w, r, status, "bow", "mailsignin", v)
}

func (s *Site) mailAskPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	fl, ok := s.flow(w, r, form)
	if !ok {
		return nil
	}
	v, email := s.mailView(w, r, form.Get, fl), strings.TrimSpace(form.Get("email"))
	if !v.address(email) {
		return s.drawMailAsk(w, r, http.StatusUnprocessableEntity, v, email)
	}
	status, err := s.sendMail(w, r, v, account.Ask{Email: email, Return: v.Return, Persistent: v.Remember})
	if err != nil {
		return err
	}
	if status != 0 {
		return s.drawMailAsk(w, r, status, v, email)
	}
	s.see(w, r, with("/login/mail/sent", "flow", fl.Sealed))
	return nil
}

// sendMail asks for the mail and lets this browser wait for its code. Where it is refused the frame says why, and status is the page's.
func (s *Site) sendMail(w http.ResponseWriter, r *http.Request, v *mailView, a account.Ask) (status int, err error) {
	ask, ticket, err := s.Life.NewAsk(account.AskSignIn, a)
	if err != nil {
		return 0, err
	}
	c := s.caller(r, v.Lang)
	c.Ask = ask.ID
	if err := s.Life.AskSignIn(r.Context(), a.Email, c, v.Flow.Sealed); err != nil {
		status, ok := v.refuse(w, r, err, nil)
		if !ok {
			return 0, err
		}
		return status, nil
	}
	s.setCookie(w, "mail", ticket, "/login/mail", max(s.MailSignInTTL, time.Minute))
	return 0, nil
}

// waiting opens what this browser waits for; ok is false where it waits for nothing, which was answered.
func (s *Site) waiting(w http.ResponseWriter, r *http.Request, get func(string) string, fl Flow) (v *mailView, ask account.Ask, ok bool) {
	ask, err := s.Life.OpenAsk(account.AskSignIn, s.cookie(r, "mail"))
	if err != nil {
		s.see(w, r, with("/login/mail", "flow", fl.Sealed))
		return nil, ask, false
	}
	v = s.mailView(w, r, get, fl)
	v.Return, v.Remember = ask.Return, ask.Persistent
	v.Back = with("/login/mail/sent", "flow", fl.Sealed)
	return v, ask, true
}

func (s *Site) mailSent(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	fl, ok := s.flow(w, r, q)
	if !ok {
		return nil
	}
	v, ask, ok := s.waiting(w, r, q.Get, fl)
	if !ok {
		return nil
	}
	return s.drawMailSent(w, r, http.StatusOK, v, ask)
}

func (s *Site) drawMailSent(w http.ResponseWriter, r *http.Request, status int, v *mailView, ask account.Ask) error {
	v.Title = v.T("sent.title")
	v.Masked, v.Lasting, v.Again = mask(ask.Email), v.lasting(s.MailSignInTTL), v.again(ask, s.now(r))
	v.Code = v.codeField()
	return s.draw(w, r, status, "bow", "mailsent", v)
}

// mailPost begins a post of the page that waits.
func (s *Site) mailPost(w http.ResponseWriter, r *http.Request) (v *mailView, ask account.Ask, code string, ok bool) {
	form, ok := s.form(w, r)
	if !ok {
		return nil, ask, "", false
	}
	fl, ok := s.flow(w, r, form)
	if !ok {
		return nil, ask, "", false
	}
	v, ask, ok = s.waiting(w, r, form.Get, fl)
	return v, ask, form.Get("code"), ok
}

func (s *Site) mailAgain(w http.ResponseWriter, r *http.Request) error {
	v, ask, _, ok := s.mailPost(w, r)
	if !ok {
		return nil
	}
	if v.tooSoon(w, ask, s.now(r)) {
		return s.drawMailSent(w, r, http.StatusTooManyRequests, v, ask)
	}
	status, err := s.sendMail(w, r, v, ask)
	if err != nil {
		return err
	}
	if status != 0 {
		return s.drawMailSent(w, r, status, v, ask)
	}
	s.see(w, r, with("/login/mail/sent?notice=again", "flow", v.Flow.Sealed))
	return nil
}

// entry is what this browser says beside what was mailed.
func (s *Site) entry(r *http.Request, f *frame, fl Flow, persistent bool) (account.MailEntry, error) {
	in := account.MailEntry{Caller: s.caller(r, f.Lang), Persistent: persistent, DeviceToken: s.cookie(r, "known"), Two: fl.TwoFactors, Must: fl.MustTwo}
	sess, live, err := s.Sessions.Current(r)
	if live {
		in.Replace = sess.SID
	}
	return in, err
}

func (s *Site) mailCode(w http.ResponseWriter, r *http.Request) error {
	v, ask, code, ok := s.mailPost(w, r)
	if !ok {
		return nil
	}
	if strings.TrimSpace(code) == "" {
		v.Errors = []fieldError{{"code", v.T("mailcode.missing")}}
		return s.drawMailSent(w, r, http.StatusUnprocessableEntity, v, ask)
	}
	in, err := s.entry(r, v.frame, v.Flow, ask.Persistent)
	if err != nil {
		return err
	}
	got, err := s.Life.SignInByCode(r.Context(), ask, code, in)
	if s.step(w, r, err, v.Flow.Sealed, ask.Return) {
		s.setCookie(w, "mail", "", "/login/mail", -1)
		return nil
	}
	if err != nil {
		status, ok := v.codeRefused(w, r, err)
		if !ok {
			return err
		}
		return s.drawMailSent(w, r, status, v, ask)
	}
	s.setCookie(w, "mail", "", "/login/mail", -1)
	s.welcome(w, r, got, v.Flow.Sealed, ask.Return)
	return nil
}

// mailLink is the link in the mail: it works in any browser, and signs nobody in before its button is used.
func (s *Site) mailLink(w http.ResponseWriter, r *http.Request) error {
	f, token := s.mailed(r, "/login/mail/link")
	a, err := s.Life.PeekSignIn(r.Context(), token)
	if err != nil {
		return s.mailDead(w, r, f, err)
	}
	f.Title = f.T("maillink.title", "brand", f.Brand)
	return s.draw(w, r, http.StatusOK, "bow", "act", &actView{frame: f, Text: f.T("maillink.text"), Strong: login(a), Action: "/login/mail/link", Button: f.T("login.submit"), Token: token})
}

func (s *Site) mailDead(w http.ResponseWriter, r *http.Request, f *frame, err error) error {
	if !isGone(err) && !account.IsKind(err, account.WrongCredentials) {
		return s.plainly(w, r, f, err)
	}
	return s.dead(w, r, f, f.T("maillink.dead"), "/login/mail", f.T("maillink.again"))
}

func (s *Site) mailLinkPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	f := s.begin(r, "", "")
	ask, err := s.Life.OpenAsk(account.AskSignIn, s.cookie(r, "mail"))
	if err != nil {
		ask = account.Ask{} // another browser asked
	}
	in, err := s.entry(r, f, Flow{}, ask.Persistent)
	if err != nil {
		return err
	}
	got, flow, err := s.Life.SignInByLink(r.Context(), form.Get("token"), in)
	if flow != "" {
		if _, foreign := s.Flows.Open(r, flow); foreign != nil {
			flow = "" // of another browser, or too old
		}
	}
	if s.step(w, r, err, flow, ask.Return) {
		return nil
	}
	if err != nil {
		return s.mailDead(w, r, f, err)
	}
	s.setCookie(w, "mail", "", "/login/mail", -1)
	s.welcome(w, r, got, flow, ask.Return)
	return nil
}
