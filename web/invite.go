package web

import (
	"net/http"
	"strings"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// inviteView is the first visit of somebody who was invited. The address is the one that the invitation went to.
type inviteView struct {
	*frame
	LoginName        string
	FullName, Secret field
}

// inviteFor is how long a browser keeps an invitation that was opened.
const inviteFor = time.Hour

// invite takes the token out of the address at once, as reset does.
func (s *Site) invite(w http.ResponseWriter, r *http.Request) error {
	if token := r.URL.Query().Get("token"); token != "" {
		s.setCookie(w, "invite", cookieSafe(token), "/invite", inviteFor)
		s.see(w, r, "/invite")
		return nil
	}
	f := s.begin(r, "", "")
	a, err := s.Life.PeekInvite(r.Context(), s.cookie(r, "invite"))
	if err != nil {
		return s.inviteDead(w, r, f, err)
	}
	return s.drawInvite(w, r, http.StatusOK, f, a, a.FullName)
}

func (s *Site) drawInvite(w http.ResponseWriter, r *http.Request, status int, f *frame, a storage.Account, name string) error {
	f.Title = f.T("invite.title", "brand", f.Brand)
	v := &inviteView{frame: f, LoginName: login(a), FullName: f.fullNameField(name), Secret: f.newPasswordField(f.T("field.newpassword"))}
	return s.draw(w, r, status, "bow", "invite", v)
}

// fullNameField asks for a name that must be told.
func (f *frame) fullNameField(value string) field {
	d := f.nameField(account.FieldFullName, "name", value, 100)
	d.Optional, d.Required, d.Missing = false, true, f.T("full_name.missing")
	return d
}

func (s *Site) inviteDead(w http.ResponseWriter, r *http.Request, f *frame, err error) error {
	if !isGone(err) {
		return s.plainly(w, r, f, err)
	}
	s.setCookie(w, "invite", "", "/invite", -1)
	f.Back = "/login"
	return s.dead(w, r, f, f.T("invite.dead"), "/login", f.T("login.submit"))
}

func (s *Site) invitePost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	f, token := s.begin(r, "", ""), s.cookie(r, "invite")
	a, err := s.Life.PeekInvite(r.Context(), token)
	if err != nil {
		return s.inviteDead(w, r, f, err)
	}
	name := strings.TrimSpace(form.Get("full_name"))
	in, err := s.entry(r, f, Flow{}, false)
	if err != nil {
		return err
	}
	got, err := s.Life.AcceptInvite(r.Context(), token, name, form.Get("password"), in)
	if err != nil && got.Account.ID == 0 {
		if isGone(err) {
			return s.inviteDead(w, r, f, err)
		}
		status, ok := f.refuse(w, r, err, nil)
		if !ok {
			return err
		}
		return s.drawInvite(w, r, status, f, a, name)
	}
	s.setCookie(w, "invite", "", "/invite", -1)
	switch {
	case got.SignedIn != nil:
		s.welcome(w, r, *got.SignedIn, "", "/account?notice=welcome")
		return nil
	case s.step(w, r, err, "", ""):
		return nil
	case err != nil && !account.IsKind(err, account.WrongCredentials):
		return err
	}
	s.hint(w, got.Account)
	s.see(w, r, "/login?other=1&notice=invited")
	return nil
}
