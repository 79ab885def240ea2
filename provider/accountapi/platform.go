package accountapi

import (
	"net/http"

	"latchkey/provider/account"
	"latchkey/provider/serve"
	"latchkey/storage"
)

// platformSignUp is POST /api/signup.
func (a *API) platformSignUp(w http.ResponseWriter, r *http.Request) error {
	body, err := a.body(w, r)
	if err != nil {
		return err
	}
	d := body.reader()
	in := account.SignUp{
		Dialect: account.Platform, Username: d.text("username"), Email: d.text("email"), Password: d.text("password"),
		FullName: d.text("full_name"), Caller: caller(r),
	}
	if err := d.err(); err != nil {
		return err
	}
	out, err := a.Accounts.SignUp(r.Context(), in)
	if err != nil {
		return worded(account.Platform, err)
	}
	acc := out.Account
	view := platformUser{acc.ID, acc.Sub, acc.Username, acc.Email, present(acc.FullName)}
	return a.tokens(w, r, http.StatusCreated, account.Platform, msgRegistered, out, view)
}

// signUpCheck is GET /api/signup/check. It never answers for e-mail addresses: they are no usernames.
func (a *API) signUpCheck(w http.ResponseWriter, r *http.Request) error {
	type available struct {
		Available bool   `json:"available"`
		Message   string `json:"message,omitempty"`
	}
	ok, err := a.Accounts.UsernameAvailable(r.Context(), account.Platform, r.URL.Query().Get("username"), caller(r))
	switch refused, is := asRefusal(err); {
	case is && refused.Kind == account.Invalid:
		return serve.WriteJSON(w, http.StatusOK, available{false, refusal(account.Platform, refused).message})
	case err != nil:
		return worded(account.Platform, err)
	case !ok:
		return serve.WriteJSON(w, http.StatusOK, available{false, msgUsernameTaken})
	}
	return serve.WriteJSON(w, http.StatusOK, available{Available: true})
}

// platformLogin is POST /api/login. The username may be an e-mail address.
func (a *API) platformLogin(w http.ResponseWriter, r *http.Request) error {
	body, err := a.body(w, r)
	if err != nil {
		return err
	}
	return a.usernameLogin(w, r, body, account.Platform)
}

// usernameLogin is the login of the platform and simple dialects.
func (a *API) usernameLogin(w http.ResponseWriter, r *http.Request, body object, dialect account.Dialect) error {
	d := body.reader()
	in := account.Credentials{Dialect: dialect, Login: d.text("username"), Password: d.text("password"), Code: d.text("otp"), Caller: caller(r)}
	if err := d.err(); err != nil {
		return err
	}
	if in.Login == "" || in.Password == "" { // known from the request alone: tells nothing of accounts
		return refuse(http.StatusBadRequest, msgLoginRequired)
	}
	out, err := a.Accounts.SignIn(r.Context(), in)
	if err != nil {
		return worded(dialect, err)
	}
	return a.tokens(w, r, http.StatusOK, dialect, msgLoggedIn, out, a.user(out.Account))
}

// platformLogout is POST /api/logout.
func (a *API) platformLogout(w http.ResponseWriter, r *http.Request) error {
	return a.required(platformWords, func(w http.ResponseWriter, r *http.Request, _ storage.Account, s storage.Session) error {
		if err := a.endSession(r, s); err != nil {
			return err
		}
		return serve.WriteJSON(w, http.StatusOK, done{true, msgLoggedOut})
	})(w, r)
}

// endSession signs out. A session that somebody else ended meanwhile is as good as ended.
func (a *API) endSession(r *http.Request, s storage.Session) error {
	err := a.Accounts.SignOut(r.Context(), s.SID, caller(r))
	if account.IsKind(err, account.Gone) {
		return nil
	}
	return err
}

// forgotPassword is POST /api/forgot-password: one answer, whatever the address is.
func (a *API) forgotPassword(w http.ResponseWriter, r *http.Request) error {
	body, err := a.body(w, r)
	if err != nil {
		return err
	}
	d := body.reader()
	email := d.text("email")
	if err := d.err(); err != nil {
		return err
	}
	if err := a.Accounts.ForgotPassword(r.Context(), email, caller(r)); err != nil {
		return worded(account.Platform, err)
	}
	return serve.WriteJSON(w, http.StatusOK, done{true, msgForgot})
}

// resetPassword is POST /api/reset-password.
func (a *API) resetPassword(w http.ResponseWriter, r *http.Request) error {
	body, err := a.body(w, r)
	if err != nil {
		return err
	}
	d := body.reader()
	token, password := d.text("token"), d.text("new_password")
	if err := d.err(); err != nil {
		return err
	}
	acc, err := a.Accounts.ResetPassword(r.Context(), token, password, account.Platform, caller(r))
	if err != nil {
		return resetRefused(err)
	}
	signedIn(r, acc)
	return serve.WriteJSON(w, http.StatusOK, done{true, msgReset})
}

// resetRefused names the field as this route does.
func resetRefused(err error) error {
	r, ok := asRefusal(err)
	if !ok {
		return err
	}
	e := refusal(account.Platform, r)
	if m, ok := e.fields[account.FieldPassword]; ok {
		e.fields = map[string]string{"new_password": m}
	}
	return e
}

// profile is GET /api/profile.
func (a *API) profile(w http.ResponseWriter, r *http.Request) error {
	return a.required(platformWords, func(w http.ResponseWriter, _ *http.Request, who storage.Account, _ storage.Session) error {
		return serve.WriteJSON(w, http.StatusOK, struct {
			Success bool `json:"success"`
			User    user `json:"user"`
		}{true, a.user(who)})
	})(w, r)
}

// updateProfile is POST /api/update_profile. The fields named here are the only ones that can be changed.
func (a *API) updateProfile(w http.ResponseWriter, r *http.Request) error {
	return a.required(platformWords, func(w http.ResponseWriter, r *http.Request, who storage.Account, _ storage.Session) error {
		body, err := a.body(w, r)
		if err != nil {
			return err
		}
		d := body.reader()
		change := account.Profile{
			FullName: d.change("full_name"), Phone: d.change("phone"), ExperienceYears: d.number("experience_years"), Skills: d.texts("skills"),
		}
		if err := d.err(); err != nil {
			return err
		}
		updated, err := a.Accounts.UpdateProfile(r.Context(), who.ID, change, caller(r))
		if err != nil {
			return worded(account.Platform, err)
		}
		return serve.WriteJSON(w, http.StatusOK, struct {
			Success bool   `json:"success"`
			Message string `json:"message"`
			User    user   `json:"user"`
		}{true, msgProfileUpdated, a.user(updated)})
	})(w, r)
}
