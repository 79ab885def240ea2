package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"latchkey/provider/account"
	"latchkey/provider/serve"
)

type signUpView struct {
	*frame
	Flow                              Flow
	FullName, Username, Email, Secret field
	// Domains are those of which addresses can sign up, "" for all.
	Domains string
}

func (s *Site) signUpView(w http.ResponseWriter, r *http.Request, v url.Values) (*signUpView, bool) {
	fl, ok := s.flow(w, r, v)
	if !ok {
		return nil, false
	}
	f := s.begin(r, fl.UILocales, "")
	f.forFlow(fl)
	f.Title = f.T("signup.title")
	return &signUpView{frame: f, Flow: fl, Domains: strings.Join(s.SignUpDomains, ", ")}, true
}

func (s *Site) signUp(w http.ResponseWriter, r *http.Request) error {
	v, ok := s.signUpView(w, r, r.URL.Query())
	if !ok {
		return nil
	}
	if !s.SignUpOpen {
		return s.signUpClosed(w, r, v)
	}
	return s.drawSignUp(w, r, http.StatusOK, v, account.SignUp{})
}

func (s *Site) signUpClosed(w http.ResponseWriter, r *http.Request, v *signUpView) error {
	serve.RecordOf(r.Context()).Outcome = string(account.SignUpClosed)
	text := "closed.text"
	if s.InviteOnly {
		text = "closed.invite"
	}
	m := &messageView{frame: v.frame, Text: v.T(text), Link: with("/login", "flow", v.Flow.Sealed), LinkText: v.T("login.submit")}
	v.Title = v.T("closed.title")
	return s.draw(w, r, http.StatusForbidden, "bow", "message", m)
}

func (s *Site) drawSignUp(w http.ResponseWriter, r *http.Request, status int, v *signUpView, in account.SignUp) error {
	v.FullName = v.nameField(account.FieldFullName, "name", in.FullName, 100)
	v.Username = v.usernameField(in.Username)
	v.Email = v.emailField(in.Email, "email", v.T("email.ok"))
	v.Secret = v.newPasswordField(v.T("field.newpassword"))
	return s.draw(w, r, status, "bow", "signup", v)
}

func (s *Site) signUpPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	v, ok := s.signUpView(w, r, form)
	if !ok {
		return nil
	}
	if !s.SignUpOpen {
		return s.signUpClosed(w, r, v)
	}
	in := account.SignUp{Dialect: account.Page, Username: strings.TrimSpace(form.Get("username")), Email: strings.TrimSpace(form.Get("email")),
		FullName: strings.TrimSpace(form.Get("full_name")), Password: form.Get("password"), Caller: s.caller(r, v.Lang), NoSession: true, Flow: v.Flow.Sealed, Terms: s.TermsURL != ""}
	ask, _, err := s.Life.NewAsk(account.AskVerify, account.Ask{Email: in.Email})
	if err != nil {
		return err
	}
	in.Caller.Ask = ask.ID
	var ticket string
	made, err := s.Account.SignUp(r.Context(), in)
	ref, refused := errors.AsType[*account.Refusal](err)
	switch {
	case refused && ref.Kind == account.SignUpClosed:
		return s.signUpClosed(w, r, v)
	case refused && ref.Kind == account.EmailTaken:
		// Answered as a success is: who has an account is nobody's business. Its owner gets a mail.
	case err != nil:
		status, ok := v.refuse(w, r, err, nil)
		if !ok {
			return err
		}
		return s.drawSignUp(w, r, status, v, in)
	}
	if made.Account.Sub != "" {
		ask.Sub = made.Account.Sub // else it is of nobody, and looks the same
	}
	if ticket, err = s.Life.SealAsk(account.AskVerify, ask); err != nil {
		return err
	}
	s.keepSent(w, ticket)
	s.see(w, r, with("/signup/sent", "flow", v.Flow.Sealed))
	return nil
}

// sentView is "check your inbox".
type sentView struct {
	*frame
	Flow Flow
	// Masked is the address the link went to, "" if this browser does not know: then Email asks for it.
	Masked, Lasting, Again string
	Email, Code            field
	// Open: one can sign in before the address is proven.
	Open bool
	// ask is what this browser waits for.
	ask account.Ask
}

// keepSent lets this browser wait for the code of the mail.
func (s *Site) keepSent(w http.ResponseWriter, ticket string) {
	s.setCookie(w, "sent", ticket, "/", max(s.VerifyTTL, time.Minute)) // the page of the mail's link needs it too
}

// sentTo is what this browser waits for; without an address where it waits for nothing.
func (s *Site) sentTo(r *http.Request) account.Ask {
	ask, err := s.Life.OpenAsk(account.AskVerify, s.cookie(r, "sent"))
	if err != nil {
		return account.Ask{}
	}
	return ask
}

func (s *Site) sentView(w http.ResponseWriter, r *http.Request, v url.Values) (*sentView, bool) {
	fl, ok := s.flow(w, r, v)
	if !ok {
		return nil, false
	}
	f := s.begin(r, fl.UILocales, "")
	f.forFlow(fl)
	f.Title = f.T("sent.title")
	ask := s.sentTo(r)
	return &sentView{frame: f, Flow: fl, Masked: mask(ask.Email), Lasting: f.lasting(s.VerifyTTL), Again: f.again(ask, s.now(r)), Open: !s.RequireVerified, ask: ask}, true
}

func (s *Site) sent(w http.ResponseWriter, r *http.Request) error {
	v, ok := s.sentView(w, r, r.URL.Query())
	if !ok {
		return nil
	}
	return s.drawSent(w, r, http.StatusOK, v, "")
}

func (s *Site) drawSent(w http.ResponseWriter, r *http.Request, status int, v *sentView, email string) error {
	if v.Masked == "" {
		v.Title = v.T("resend.title")
	}
	v.Email, v.Code = v.emailField(email, "email", ""), v.codeField()
	return s.draw(w, r, status, "bow", "sent", v)
}

// sentPost sends the link again. Whether the address has an account is not told.
func (s *Site) sentPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	v, ok := s.sentView(w, r, form)
	if !ok {
		return nil
	}
	email := v.ask.Email
	if typed := strings.TrimSpace(form.Get("email")); typed != "" || email == "" {
		email = typed
	}
	if !v.address(email) {
		v.Masked = "" // ask for it, and show the message at the field
		return s.drawSent(w, r, http.StatusUnprocessableEntity, v, email)
	}
	if email == v.ask.Email && v.tooSoon(w, v.ask, s.now(r)) {
		return s.drawSent(w, r, http.StatusTooManyRequests, v, email)
	}
	wait := account.Ask{Email: email}
	if email == v.ask.Email {
		wait.Sub = v.ask.Sub // it is still the browser that signed up
	}
	ask, ticket, err := s.Life.NewAsk(account.AskVerify, wait)
	if err != nil {
		return err
	}
	c := s.caller(r, v.Lang)
	c.Ask = ask.ID
	if err := s.Account.ResendVerification(r.Context(), email, c, v.Flow.Sealed); err != nil {
		status, ok := v.refuse(w, r, err, nil)
		if !ok {
			return err
		}
		return s.drawSent(w, r, status, v, email)
	}
	s.keepSent(w, ticket)
	s.see(w, r, with("/signup/sent?notice=again", "flow", v.Flow.Sealed))
	return nil
}

// signUpCode is the code of the mail, in the browser that signed up.
func (s *Site) signUpCode(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	v, ok := s.sentView(w, r, form)
	if !ok {
		return nil
	}
	if v.Masked == "" {
		s.see(w, r, with("/signup/sent", "flow", v.Flow.Sealed))
		return nil
	}
	if strings.TrimSpace(form.Get("code")) == "" {
		v.Errors = []fieldError{{"code", v.T("mailcode.missing")}}
		return s.drawSent(w, r, http.StatusUnprocessableEntity, v, "")
	}
	in, err := s.entry(r, v.frame, v.Flow, false)
	if err != nil {
		return err
	}
	got, err := s.Life.VerifyByCode(r.Context(), v.ask, form.Get("code"), in)
	if err != nil && got.Account.ID == 0 {
		status, ok := v.codeRefused(w, r, err)
		if !ok {
			return err
		}
		return s.drawSent(w, r, status, v, "")
	}
	if got.Flow == "" {
		got.Flow = v.Flow.Sealed
	}
	return s.verified(w, r, v.frame, got, err)
}

// mask hides the most of an address, for a screen that others may see.
func mask(email string) string {
	local, domain, ok := strings.Cut(email, "@")
	first, n := utf8.DecodeRuneInString(local)
	if !ok || n == 0 || domain == "" {
		return ""
	}
	return string(first) + "•••@" + domain
}
