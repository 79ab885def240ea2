package accountapi

import (
	"errors"
	"net/http"

	"latchkey/provider/account"
	"latchkey/provider/serve"
	"latchkey/storage"
)

// simpleSignUp is POST /api/auth/signup.
func (a *API) simpleSignUp(w http.ResponseWriter, r *http.Request) error {
	body, err := a.body(w, r)
	if err != nil {
		return err
	}
	d := body.reader()
	in := account.SignUp{Dialect: account.Simple, Username: d.text("username"), Password: d.text("password"), Caller: caller(r)}
	confirm := d.text("confirm_password", "confirmPassword")
	if err := d.err(); err != nil {
		return err
	}
	switch {
	case in.Username == "" || in.Password == "":
		return refuse(http.StatusBadRequest, msgLoginRequired)
	case in.Password != confirm:
		e := refuse(http.StatusBadRequest, msgMismatch)
		e.fields = map[string]string{"confirm_password": msgMismatch}
		return e
	}
	out, err := a.Accounts.SignUp(r.Context(), in)
	if err != nil {
		return worded(account.Simple, err)
	}
	acc := out.Account
	return a.tokens(w, r, http.StatusCreated, account.Simple, msgRegistered, out, simpleUser{acc.ID, acc.Sub, acc.Username})
}

// simpleMe is GET /api/auth/me.
func (a *API) simpleMe(w http.ResponseWriter, r *http.Request) error {
	return a.required(authWords, func(w http.ResponseWriter, _ *http.Request, who storage.Account, _ storage.Session) error {
		return serve.WriteJSON(w, http.StatusOK, struct {
			User user `json:"user"`
		}{a.user(who)})
	})(w, r)
}

// simpleSession is GET /api/auth/session: whoever has no good token is a guest. A fault is told, for it says nothing of the token.
func (a *API) simpleSession(w http.ResponseWriter, r *http.Request) error {
	type state struct {
		Authenticated bool  `json:"authenticated"`
		User          *user `json:"user,omitempty"`
	}
	_, who, _, err := a.authenticate(r, authWords)
	if _, refused := errors.AsType[*apiError](err); refused {
		return serve.WriteJSON(w, http.StatusOK, state{})
	}
	if err != nil {
		return err
	}
	view := a.user(who)
	return serve.WriteJSON(w, http.StatusOK, state{true, &view})
}
