package web

import (
	"net/http"

	"latchkey/provider/account"
	"latchkey/storage"
)

const passwordPage = "/account/password"

// passwordView changes the password, or sets the first.
type passwordView struct {
	*frame
	LoginName       string
	Current, Secret field
	// First: there is none yet. Stay: other devices stay signed in.
	First, Stay bool
}

func (s *Site) password(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, passwordPage)
	if !ok {
		return err
	}
	if a.PasswordHash == "" && !s.recent(w, r, a, sess, passwordPage) {
		return nil
	}
	return s.draw(w, r, http.StatusOK, "portal", "password", s.passwordView(f, a, false))
}

func (s *Site) passwordView(f *frame, a storage.Account, stay bool) *passwordView {
	v := &passwordView{frame: f, LoginName: login(a), First: a.PasswordHash == "", Stay: stay}
	f.Title = f.T("password.title")
	next := "field.nextpassword"
	if v.First {
		f.Title, next = f.T("password.first.title"), "field.newpassword"
	}
	v.Current, v.Secret = f.passwordField("current", f.T("field.current")), f.newPasswordField(f.T(next))
	v.Current.Enter = "next"
	return v
}

func (s *Site) passwordPost(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, passwordPage)
	if !ok {
		return err
	}
	form, ok := s.form(w, r)
	if !ok || a.PasswordHash == "" && !s.recent(w, r, a, sess, passwordPage) {
		return nil
	}
	in := account.OwnPassword{Current: form.Get("current"), Next: form.Get("password"), DeviceToken: s.cookie(r, "known"), SID: sess.SID, Stay: form.Get("others") == ""}
	if in.Current == "" && a.PasswordHash != "" {
		f.Errors = append(f.Errors, fieldError{"current", f.T("current.missing")})
	}
	if in.Next == "" {
		f.Errors = append(f.Errors, fieldError{"password", f.T("password.new.missing")})
	}
	if len(f.Errors) > 0 {
		return s.draw(w, r, http.StatusUnprocessableEntity, "portal", "password", s.passwordView(f, a, in.Stay))
	}
	if err := s.Portal.Passwords.SetOwnPassword(r.Context(), a.ID, in, s.caller(r, f.Lang)); err != nil {
		wrong := fieldError{"current", f.T("current.wrong")}
		status, ok := f.refuse(w, r, err, map[account.Kind]fieldError{account.WrongPassword: wrong, account.WrongCredentials: wrong})
		if !ok {
			return s.orGone(w, r, err)
		}
		return s.draw(w, r, status, "portal", "password", s.passwordView(f, a, in.Stay))
	}
	said := "password_changed"
	if in.Stay {
		said = "password_set"
	}
	s.see(w, r, passwordPage+"?notice="+said)
	return nil
}
