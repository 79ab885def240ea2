package web

import (
	"net/http"
	"strings"

	"latchkey/provider/account"
	"latchkey/storage"
)

const reauthPage = "/reauth"

// reauthView asks somebody who is signed in to prove it again, before something dangerous.
type reauthView struct {
	*frame
	Return, LoginName string
	Secret            field
	// HasPassword: there is one to ask for. Mailed: there is neither one nor a passkey; another sign-in proves it.
	HasPassword, Mailed bool
	Passkey             *passkeyForm
}

// purposes are the pages that ask again, by the beginning of their paths, and the words for what they are about to do. The longest that fits counts.
func purposes() [][2]string {
	return [][2]string{
		{"/account/two-step", "again.twostep"}, {"/account/passkeys", "again.passkeys"}, {"/account/email", "again.email"}, {"/account/password", "again.password"},
		{"/account/data/delete", "again.delete"}, {"/account/delete", "again.delete"}, {"/account/data", "again.data"},
	}
}

// purpose says in words why somebody is asked again.
func (f *frame) purpose(ret string) string {
	for _, p := range purposes() {
		if ret == p[0] || strings.HasPrefix(ret, p[0]+"/") || strings.HasPrefix(ret, p[0]+"?") {
			return f.T(p[1])
		}
	}
	return f.T("again.any")
}

// reauthAt is what the methods of the page find out first. ok is false where it answered.
func (s *Site) reauthAt(w http.ResponseWriter, r *http.Request, ret string) (v *reauthView, a storage.Account, sess storage.Session, ok bool, err error) {
	ret = accountReturn(ret)
	a, sess, live, err := s.who(r)
	if err != nil {
		return nil, a, sess, false, err
	}
	if !live {
		s.see(w, r, with("/login", "return", ret))
		return nil, a, sess, false, nil
	}
	f := s.begin(r, "", a.Locale)
	f.Back, f.Person, f.Title = with(reauthPage, "return", ret), called(a), f.T("reauth.title")
	return &reauthView{frame: f, Return: ret, LoginName: login(a), HasPassword: a.PasswordHash != ""}, a, sess, true, nil
}

func (s *Site) reauth(w http.ResponseWriter, r *http.Request) error {
	v, a, sess, ok, err := s.reauthAt(w, r, r.URL.Query().Get("return"))
	if !ok {
		return err
	}
	if s.Second.Recent(a, sess) {
		s.see(w, r, orAccount(v.Return))
		return nil
	}
	if s.now(r).Sub(sess.AuthTime) <= s.StepUpAge { // the first factor was proved lately: the second alone is missing
		err := s.Second.StepUp(r.Context(), a, sess, false, s.cookie(r, "known"), s.caller(r, v.Lang))
		if s.step(w, r, err, "", orAccount(v.Return)) {
			return nil
		}
		if !account.IsKind(err, account.FactorUsed) {
			return err
		}
	}
	return s.drawReauth(w, r, http.StatusOK, v, a)
}

func (s *Site) drawReauth(w http.ResponseWriter, r *http.Request, status int, v *reauthView, a storage.Account) error {
	v.Secret = v.passwordField("password", v.T("field.password"))
	v.Secret.Autofocus = v.HasPassword && len(v.Errors) == 0
	if s.Passkeys != nil {
		list, err := s.Passkeys.Passkeys(r.Context(), a.ID)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			v.Passkey = v.getForm("/reauth/passkey", with(passkeyOptions, "for", "again"), hidden{"return", v.Return})
			v.Passkey.Or, v.Passkey.Primary = v.HasPassword, !v.HasPassword
		}
	}
	v.Mailed = !v.HasPassword && v.Passkey == nil
	return s.draw(w, r, status, "bow", "reauth", v)
}

// Purpose is for the template.
func (v *reauthView) Purpose() string { return v.purpose(v.Return) }

func (s *Site) reauthPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	v, a, sess, ok, err := s.reauthAt(w, r, form.Get("return"))
	if !ok {
		return err
	}
	if form.Get("password") == "" {
		v.Errors = []fieldError{{"password", v.T("password.missing")}}
		return s.drawReauth(w, r, http.StatusUnprocessableEntity, v, a)
	}
	got, err := s.Second.Reprove(r.Context(), sess, account.Credentials{Password: form.Get("password"), DeviceToken: s.cookie(r, "known"), Caller: s.caller(r, v.Lang)})
	if s.step(w, r, err, "", orAccount(v.Return)) {
		return nil
	}
	if err != nil {
		status, ok := v.refuse(w, r, err, map[account.Kind]fieldError{account.WrongPassword: {"password", v.T("current.wrong")}})
		if !ok {
			return s.orGone(w, r, err)
		}
		return s.drawReauth(w, r, status, v, a)
	}
	s.welcome(w, r, got, "", v.Return)
	return nil
}

func (s *Site) reauthPasskey(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	v, a, sess, ok, err := s.reauthAt(w, r, form.Get("return"))
	if !ok {
		return err
	}
	got, err := s.Passkeys.SignInPasskey(r.Context(), account.PasskeySignIn{PasskeyAnswer: s.passkeyAnswer(r, v.Lang), AccountID: a.ID, Persistent: sess.Persistent,
		Replace: sess.SID, DeviceToken: s.cookie(r, "known"), Two: true})
	if s.step(w, r, err, "", orAccount(v.Return)) {
		return nil
	}
	if err != nil {
		status, ok := v.refusePasskey(w, r, err)
		if !ok {
			return err
		}
		return s.drawReauth(w, r, status, v, a)
	}
	s.welcome(w, r, got, "", v.Return)
	return nil
}
