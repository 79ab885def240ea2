package web

import (
	"net/http"
	"net/url"
	"strings"

	"latchkey/provider/account"
	"latchkey/storage"
)

// loginView is the sign-in page: for anybody, for the person who must prove it again (Reauth), or a choice of accounts.
type loginView struct {
	*frame
	Flow            Flow
	Return          string
	Login, Password field
	Remember        bool
	// Person who is signed in, where the page is about one; LoginName is their login. Other: another account was asked for.
	Known     bool
	LoginName string
	Other     bool
	// Passkey is the other way in; nil where there is none. Able: whether the browser could keep a passkey is asked. Signals are for the browser.
	Passkey *passkeyForm
	Able    bool
	Signals string
	in      signIn
}

// signIn is what both methods of /login find out first.
type signIn struct {
	fl    Flow
	ret   string
	other bool
	who   storage.Account
	sess  storage.Session
	live  bool
}

func (s *Site) signIn(w http.ResponseWriter, r *http.Request, v url.Values) (in signIn, ok bool, err error) {
	if in.fl, ok = s.flow(w, r, v); !ok {
		return in, false, nil
	}
	in.ret, in.other = accountReturn(v.Get("return")), v.Get("other") == "1"
	in.who, in.sess, in.live, err = s.who(r)
	return in, err == nil, err
}

// reauth: the page is about the person who is signed in.
func (in signIn) reauth() bool { return in.live && in.fl.Reauth && !in.other }

func (s *Site) loginView(r *http.Request, in signIn) *loginView {
	f := s.begin(r, in.fl.UILocales, "")
	f.Back = with(f.Back, "return", in.ret)
	if in.other {
		f.Back = with(f.Back, "other", "1")
	}
	f.forFlow(in.fl)
	v := &loginView{frame: f, Flow: in.fl, Return: in.ret, Other: in.other, Able: s.Passkeys != nil, in: in}
	switch {
	case in.reauth():
		v.Known, v.Person, v.LoginName, f.Title = true, called(in.who), login(in.who), f.T("reauth.title")
	case in.fl.Sealed != "":
		f.Title = f.T("login.title", "client", f.App.Name)
	default:
		f.Title = f.T("login.title", "client", f.Brand)
	}
	return v
}

func (s *Site) login(w http.ResponseWriter, r *http.Request) error {
	in, ok, err := s.signIn(w, r, r.URL.Query())
	if !ok {
		return err
	}
	if in.live && in.fl.Sealed == "" && !in.other {
		s.see(w, r, orAccount(in.ret))
		return nil
	}
	if in.live && in.fl.StepUp && !in.other {
		return s.stepUp(w, r, in)
	}
	v := s.loginView(r, in)
	if in.live && in.fl.ChooseAccount && !in.other {
		v.Known, v.Person, v.LoginName, v.Title = true, called(in.who), login(in.who), v.T("choose.title")
		return s.draw(w, r, http.StatusOK, "bow", "choose", v)
	}
	name := in.fl.LoginHint
	if known := s.hinted(r); known != "" {
		name = known
	}
	if v.Known {
		name = v.LoginName
	}
	return s.drawLogin(w, r, http.StatusOK, v, name)
}

func (s *Site) drawLogin(w http.ResponseWriter, r *http.Request, status int, v *loginView, name string) (err error) {
	if v.Passkey, err = s.loginPasskeyForm(r, v, v.in); err != nil {
		return err
	}
	v.Login = v.loginField(name, name == "")
	v.Password = v.passwordField("password", v.T("field.password"))
	v.Password.Autofocus = name != "" && len(v.Errors) == 0
	return s.draw(w, r, status, "bow", "login", v)
}

// sentLogin is a form that somebody wants to sign in with, and the language of whoever sent it.
type sentLogin struct {
	signIn
	form url.Values
	lang string
}

// remember: "keep me signed in" is ticked.
func (in sentLogin) remember() bool { return in.form.Get("remember") == "1" }

// sentSignIn is what both ways to sign in begin with. ok is false where it answered.
func (s *Site) sentSignIn(w http.ResponseWriter, r *http.Request) (in sentLogin, ok bool, err error) {
	if in.form, ok = s.form(w, r); !ok {
		return in, false, nil
	}
	if in.signIn, ok, err = s.signIn(w, r, in.form); !ok {
		return in, false, err
	}
	in.lang = s.language(r, r.URL.Query(), in.fl.UILocales, "").Tag
	return in, true, nil
}

// loginAgain is the page to show a form on again. Whoever is let in needs none.
func (s *Site) loginAgain(r *http.Request, in sentLogin) *loginView {
	v := s.loginView(r, in.signIn)
	v.Remember = in.remember()
	return v
}

func (s *Site) loginPost(w http.ResponseWriter, r *http.Request) error {
	in, ok, err := s.sentSignIn(w, r)
	if !ok {
		return err
	}
	cred := account.Credentials{Dialect: account.Page, Login: in.form.Get("username"), Password: in.form.Get("password"),
		Caller: s.caller(r, in.lang), Persistent: in.remember(), DeviceToken: s.cookie(r, "known"), Two: in.fl.TwoFactors, Must: in.fl.MustTwo}
	if in.live {
		cred.Replace = in.sess.SID
	}
	if in.reauth() && goesBy(in.who, cred.Login) {
		cred.Persistent = in.sess.Persistent // the page does not ask again
	}
	if cred.Login == "" || cred.Password == "" {
		v := s.loginAgain(r, in)
		v.missing(cred)
		return s.drawLogin(w, r, http.StatusUnprocessableEntity, v, cred.Login)
	}
	got, err := s.Account.SignIn(r.Context(), cred)
	if s.step(w, r, err, in.fl.Sealed, in.ret) {
		return nil
	}
	if err != nil {
		v := s.loginAgain(r, in)
		wrong := v.T("login.wrong")
		if !s.ResetOpen {
			wrong = v.T("login.wrong_noreset")
		}
		if s.RequireVerified {
			wrong += " " + v.T("login.unverified")
		}
		// One text for every cause, so that nobody learns which accounts there are.
		status, ok := v.refuse(w, r, err, map[account.Kind]fieldError{account.WrongCredentials: {"", wrong}})
		if !ok {
			return err
		}
		return s.drawLogin(w, r, status, v, cred.Login)
	}
	return s.welcomeBy(w, r, got, in.form, in.fl.Sealed, in.ret)
}

// goesBy tells whether name is one that the account signs in with.
func goesBy(a storage.Account, name string) bool {
	name = strings.TrimSpace(name)
	return name != "" && (strings.EqualFold(name, a.Email) || strings.EqualFold(name, a.Username))
}

// missing lists the fields that are empty.
func (v *loginView) missing(cred account.Credentials) {
	if cred.Login == "" {
		v.Errors = append(v.Errors, fieldError{"username", v.T("login.missing")})
	}
	if cred.Password == "" {
		v.Errors = append(v.Errors, fieldError{"password", v.T("password.missing")})
	}
}

// loginContinue is "Continue as …" of the account chooser.
func (s *Site) loginContinue(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	in, ok, err := s.signIn(w, r, form)
	if !ok {
		return err
	}
	if in.fl.Sealed == "" {
		s.see(w, r, "/login")
		return nil
	}
	if !in.live {
		s.resume(w, r, in.fl.Sealed)
		return nil
	}
	sealed, err := s.Flows.Choose(r, in.fl.Sealed, in.sess.SID)
	if err != nil {
		return err
	}
	s.resume(w, r, sealed)
	return nil
}

func orAccount(ret string) string {
	if ret == "" {
		return "/account"
	}
	return ret
}
