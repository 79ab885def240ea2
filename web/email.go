package web

import (
	"net/http"
	"strings"

	"latchkey/provider/account"
	"latchkey/storage"
)

// emailView is the account's address.
type emailView struct {
	*frame
	Current  string
	Verified bool
	// Pending is the address that a mail went to, "" for none; Until when it can be confirmed.
	Pending, Until string
	// Ready: the person proved lately who they are, and can name another address.
	Ready bool
	New   field
}

func (s *Site) email(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, "/account/email")
	if !ok {
		return err
	}
	return s.drawEmail(w, r, http.StatusOK, f, a, sess, "")
}

func (s *Site) drawEmail(w http.ResponseWriter, r *http.Request, status int, f *frame, a storage.Account, sess storage.Session, typed string) error {
	f.Title = f.T("email.title")
	v := &emailView{frame: f, Current: a.Email, Verified: a.EmailVerified, Ready: s.Second.Recent(a, sess)}
	p, err := s.Life.PendingEmail(r.Context(), a.ID)
	if err != nil {
		return err
	}
	if p != nil {
		v.Pending, v.Until = p.Email, f.Moment(p.ExpiresAt)
	}
	v.New = v.emailField(typed, "email", "")
	v.New.Label = f.T("email.new")
	return s.draw(w, r, status, "portal", "email", v)
}

// emailChange asks who it is before another address can be named.
func (s *Site) emailChange(w http.ResponseWriter, r *http.Request) error {
	_, a, sess, ok, err := s.portal(w, r, "/account/email")
	if !ok {
		return err
	}
	if s.recent(w, r, a, sess, "/account/email") {
		s.see(w, r, "/account/email")
	}
	return nil
}

func (s *Site) emailPost(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, "/account/email")
	if !ok {
		return err
	}
	form, ok := s.form(w, r)
	if !ok || !s.recent(w, r, a, sess, "/account/email") {
		return nil
	}
	typed := strings.TrimSpace(form.Get("email"))
	if err := s.Life.ChangeEmail(r.Context(), a.ID, sess.SID, typed, s.caller(r, f.Lang)); err != nil {
		status, ok := f.refuse(w, r, err, nil)
		if !ok {
			return s.orGone(w, r, err)
		}
		return s.drawEmail(w, r, status, f, a, sess, typed)
	}
	s.see(w, r, "/account/email?notice=email_asked")
	return nil
}

func (s *Site) emailCancel(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, "/account/email")
	if !ok {
		return err
	}
	if err := s.Life.CancelEmail(r.Context(), a.ID, s.caller(r, f.Lang)); err != nil {
		return s.orGone(w, r, err)
	}
	s.see(w, r, "/account/email?notice=email_cancelled")
	return nil
}

// emailConfirm is the link in the mail to the new address.
func (s *Site) emailConfirm(w http.ResponseWriter, r *http.Request) error {
	f, token := s.mailed(r, "/email/confirm")
	a, email, err := s.Life.PeekEmail(r.Context(), token)
	if err != nil {
		return s.emailDead(w, r, f, err)
	}
	f.Title = f.T("emailconfirm.title")
	return s.draw(w, r, http.StatusOK, "bow", "act", &actView{frame: f, Text: f.T("emailconfirm.text", "account", mask(a.Email)), Strong: email,
		Action: "/email/confirm", Button: f.T("emailconfirm.submit"), Token: token})
}

// mailed begins the page of a mailed link.
func (s *Site) mailed(r *http.Request, page string) (*frame, string) {
	f, token := s.begin(r, "", ""), r.URL.Query().Get("token")
	f.Back = with(page, "token", token)
	return f, token
}

func (s *Site) emailDead(w http.ResponseWriter, r *http.Request, f *frame, err error) error {
	if account.IsKind(err, account.EmailTaken) {
		f.Title = f.T("emailtaken.title")
		return s.draw(w, r, http.StatusGone, "bow", "message", &messageView{frame: f, Text: f.T("emailtaken.text"), Link: "/account/email", LinkText: f.T("email.go")})
	}
	if !isGone(err) {
		return s.plainly(w, r, f, err)
	}
	return s.dead(w, r, f, f.T("email.dead"), "/account/email", f.T("email.go"))
}

func (s *Site) emailConfirmPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	f := s.begin(r, "", "")
	a, err := s.Life.ConfirmEmail(r.Context(), form.Get("token"), s.caller(r, f.Lang))
	if err != nil {
		return s.emailDead(w, r, f, err)
	}
	f.Title, f.Back = f.T("emailchanged.title"), "/account/email"
	return s.draw(w, r, http.StatusOK, "bow", "message", &messageView{frame: f, Good: true, Text: f.T("emailchanged.text", "email", a.Email), Link: "/account/email", LinkText: f.T("email.go")})
}

// emailUndo is the link in the mail to the former address.
func (s *Site) emailUndo(w http.ResponseWriter, r *http.Request) error {
	f, token := s.mailed(r, "/email/undo")
	email, err := s.Life.PeekEmailUndo(r.Context(), token)
	if err != nil {
		return s.undoDead(w, r, f, err)
	}
	f.Title = f.T("emailundo.title")
	return s.draw(w, r, http.StatusOK, "bow", "act", &actView{frame: f, Text: f.T("emailundo.text"), Strong: email, Action: "/email/undo", Button: f.T("emailundo.submit"), Token: token})
}

func (s *Site) undoDead(w http.ResponseWriter, r *http.Request, f *frame, err error) error {
	if account.IsKind(err, account.EmailTaken) {
		f.Title = f.T("emailtaken.title")
		return s.draw(w, r, http.StatusGone, "bow", "message", &messageView{frame: f, Text: f.T("emailtaken.undo")})
	}
	if !isGone(err) {
		return s.plainly(w, r, f, err)
	}
	return s.dead(w, r, f, f.T("emailundo.dead"), "/login", f.T("login.submit"))
}

func (s *Site) emailUndoPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	f := s.begin(r, "", "")
	a, err := s.Life.UndoEmail(r.Context(), form.Get("token"), s.caller(r, f.Lang))
	if err != nil {
		return s.undoDead(w, r, f, err)
	}
	s.Sessions.Clear(w) // every session of the account has ended
	f.Title, f.Back = f.T("emailundone.title"), "/login"
	link, text := "/login", "login.submit"
	if s.ResetOpen {
		link, text = "/forgot", "notme.next"
	}
	return s.draw(w, r, http.StatusOK, "bow", "message", &messageView{frame: f, Good: true, Text: f.T("emailundone.text", "email", a.Email), Link: link, LinkText: f.T(text)})
}
