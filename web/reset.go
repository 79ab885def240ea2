package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/provider/account"
)

type forgotView struct {
	*frame
	Flow  string
	Email field
}

func (s *Site) forgot(w http.ResponseWriter, r *http.Request) error {
	if !s.ResetOpen {
		return s.resetClosed(w, r)
	}
	v := s.forgotView(r, r.URL.Query().Get("flow"))
	v.Email = v.emailField("", "username", "")
	v.Email.Autofocus = true
	return s.draw(w, r, http.StatusOK, "bow", "forgot", v)
}

func (s *Site) forgotView(r *http.Request, flow string) *forgotView {
	f := s.begin(r, "", "")
	f.Back = with(f.Back, "flow", flow)
	f.Title = f.T("forgot.title")
	return &forgotView{frame: f, Flow: flow}
}

func (s *Site) resetClosed(w http.ResponseWriter, r *http.Request) error {
	f := s.begin(r, "", "")
	f.Title = f.T("noreset.title")
	return s.draw(w, r, http.StatusForbidden, "bow", "message", &messageView{frame: f, Text: f.T("noreset.text"), Link: "/login", LinkText: f.T("login.submit")})
}

func (s *Site) forgotPost(w http.ResponseWriter, r *http.Request) error {
	if !s.ResetOpen {
		return s.resetClosed(w, r)
	}
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	v := s.forgotView(r, form.Get("flow"))
	email, status := strings.TrimSpace(form.Get("email")), 0
	if !v.address(email) {
		status = http.StatusUnprocessableEntity
	} else if err := s.Account.ForgotPassword(r.Context(), email, s.caller(r, v.Lang)); err != nil {
		if status, ok = v.refuse(w, r, err, nil); !ok {
			return err
		}
	}
	if status != 0 {
		v.Email = v.emailField(email, "username", "")
		return s.draw(w, r, status, "bow", "forgot", v)
	}
	s.see(w, r, with("/forgot/sent", "flow", v.Flow))
	return nil
}

// address tells whether a text is one e-mail address at all, which is no secret, and says so where it is not.
func (f *frame) address(email string) bool {
	key := "email.malformed"
	if email == "" {
		key = "email.missing"
	} else if _, ok := account.ParseEmail(email); ok {
		return true
	}
	f.Errors = []fieldError{{account.FieldEmail, f.T(key)}}
	return false
}

func (s *Site) forgotSent(w http.ResponseWriter, r *http.Request) error {
	flow := r.URL.Query().Get("flow")
	f := s.begin(r, "", "")
	f.Back = with(f.Back, "flow", flow)
	f.Title = f.T("forgotsent.title")
	return s.draw(w, r, http.StatusOK, "bow", "message", &messageView{frame: f, Text: f.T("forgotsent.text", "time", f.lasting(s.ResetTTL)),
		Link: with("/login", "flow", flow), LinkText: f.T("login.back")})
}

type resetView struct {
	*frame
	LoginName string
	Secret    field
}

// reset takes the token out of the address at once, so that it is in no history, log or picture of the screen.
func (s *Site) reset(w http.ResponseWriter, r *http.Request) error {
	if !s.ResetOpen {
		return s.resetClosed(w, r)
	}
	if token := r.URL.Query().Get("token"); token != "" {
		s.setCookie(w, "reset", cookieSafe(token), "/reset", max(s.ResetTTL, time.Minute))
		s.see(w, r, "/reset")
		return nil
	}
	f := s.begin(r, "", "")
	a, err := s.Account.PeekReset(r.Context(), s.cookie(r, "reset"))
	if err != nil {
		return s.resetDead(w, r, f, err)
	}
	return s.drawReset(w, r, http.StatusOK, f, login(a))
}

func (s *Site) drawReset(w http.ResponseWriter, r *http.Request, status int, f *frame, name string) error {
	f.Title = f.T("reset.title")
	v := &resetView{frame: f, LoginName: name, Secret: f.newPasswordField(f.T("field.nextpassword"))}
	return s.draw(w, r, status, "bow", "reset", v)
}

func (s *Site) resetDead(w http.ResponseWriter, r *http.Request, f *frame, err error) error {
	if !isGone(err) {
		return s.plainly(w, r, f, err)
	}
	s.setCookie(w, "reset", "", "/reset", -1)
	f.Back = "/forgot"
	return s.dead(w, r, f, f.T("reset.dead"), "/forgot", f.T("reset.again"))
}

func (s *Site) resetPost(w http.ResponseWriter, r *http.Request) error {
	if !s.ResetOpen {
		return s.resetClosed(w, r)
	}
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	f, token := s.begin(r, "", ""), s.cookie(r, "reset")
	// Who it is for is asked before the token is spent: the page of a refusal must say it.
	a, err := s.Account.PeekReset(r.Context(), token)
	if err != nil {
		return s.resetDead(w, r, f, err)
	}
	if form.Get("password") == "" {
		f.Errors = []fieldError{{"password", f.T("password.new.missing")}}
		return s.drawReset(w, r, http.StatusUnprocessableEntity, f, login(a))
	}
	if err := s.resetWith(r, f, token, form); err != nil {
		if isGone(err) {
			return s.resetDead(w, r, f, err)
		}
		status, ok := f.refuse(w, r, err, nil)
		if !ok {
			return err
		}
		return s.drawReset(w, r, status, f, login(a))
	}
	s.setCookie(w, "reset", "", "/reset", -1)
	if form.Get("everywhere") == "1" {
		s.Sessions.Clear(w) // every session of the account has ended
	}
	s.see(w, r, "/login?notice=reset")
	return nil
}

// resetWith sets the password, and signs out everywhere unless the person took the tick away.
func (s *Site) resetWith(r *http.Request, f *frame, token string, form url.Values) (err error) {
	if form.Get("everywhere") == "1" {
		_, err = s.Account.ResetPassword(r.Context(), token, form.Get("password"), account.Page, s.caller(r, f.Lang))
		return err
	}
	_, err = s.Life.ResetPasswordOnly(r.Context(), token, form.Get("password"), s.caller(r, f.Lang))
	return err
}

// cookieSafe is the token if it may stand in a cookie as it is (RFC 6265 §4.1.1), else a token that cannot be one.
func cookieSafe(token string) string {
	for _, c := range []byte(token) {
		if c <= 0x20 || c >= 0x7f || strings.IndexByte(`",;\`, c) >= 0 {
			return "-"
		}
	}
	if len(token) > 512 {
		return "-"
	}
	return token
}

// notMe is "it was not me" of a mail.
func (s *Site) notMe(w http.ResponseWriter, r *http.Request) error {
	f, token := s.begin(r, "", ""), r.URL.Query().Get("token")
	f.Back = with(f.Back, "token", token)
	f.Title = f.T("notme.title")
	if token == "" {
		return s.dead(w, r, f, f.T("notme.dead"), "/login", f.T("login.submit"))
	}
	return s.draw(w, r, http.StatusOK, "bow", "notme", &actView{frame: f, Text: f.T("notme.what"), Button: f.T("notme.submit"), Token: token})
}

func (s *Site) notMePost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	f := s.begin(r, "", "")
	link, text := "/login", "login.submit"
	if s.ResetOpen {
		link, text = "/forgot", "notme.next"
	}
	stop, done := s.Life.StopByMail, "notme.stopped"
	if form.Get("lock") == "1" {
		stop, done = s.Account.RevokeByMail, "notme.donetext"
	}
	if err := stop(r.Context(), form.Get("token"), s.caller(r, f.Lang)); err != nil {
		if isGone(err) {
			return s.dead(w, r, f, f.T("notme.dead"), link, f.T(text))
		}
		return s.plainly(w, r, f, err)
	}
	f.Title = f.T("notme.done")
	f.Back = "/login"
	return s.draw(w, r, http.StatusOK, "bow", "message", &messageView{frame: f, Good: true, Text: f.T(done), Link: link, LinkText: f.T(text)})
}
