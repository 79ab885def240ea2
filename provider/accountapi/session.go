package accountapi

import (
	"errors"
	"net/http"

	"latchkey/provider/account"
	"latchkey/provider/serve"
)

// sessionBody is the answer of register and login.
type sessionBody struct {
	Success      bool   `json:"success"`
	Message      string `json:"message"`
	User         user   `json:"user"`
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
}

// sessionRegister is POST /api/auth/register.
func (a *API) sessionRegister(w http.ResponseWriter, r *http.Request) error {
	body, err := a.body(w, r)
	if err != nil {
		return err
	}
	d := body.reader()
	in := account.SignUp{
		Dialect: account.Session, Email: d.text("email"), Password: d.text("password"),
		FirstName: d.text("first_name", "firstName"), LastName: d.text("last_name", "lastName"), Caller: caller(r),
	}
	if err := d.err(); err != nil {
		return err
	}
	out, err := a.Accounts.SignUp(r.Context(), in)
	if err != nil {
		return worded(account.Session, err)
	}
	return a.sessionTokens(w, r, http.StatusCreated, msgRegistered, out)
}

// sessionLogin is POST /api/auth/login with an e-mail address. Anything missing is refused as wrong credentials are.
func (a *API) sessionLogin(w http.ResponseWriter, r *http.Request, body object) error {
	d := body.reader()
	in := account.Credentials{Dialect: account.Session, Login: d.text("email"), Password: d.text("password"), Code: d.text("otp"), Caller: caller(r)}
	if err := d.err(); err != nil {
		return err
	}
	out, err := a.Accounts.SignIn(r.Context(), in)
	if err != nil {
		return worded(account.Session, err)
	}
	return a.sessionTokens(w, r, http.StatusOK, msgLoggedIn, out)
}

func (a *API) sessionTokens(w http.ResponseWriter, r *http.Request, status int, message string, in account.SignedIn) error {
	signedIn(r, in.Account)
	refresh, err := a.Tokens.RefreshToken(r.Context(), in.Account, in.Session, a.RefreshTTL)
	if err != nil {
		return err
	}
	access, expiresIn, err := a.Tokens.AccessToken(r.Context(), in.Account, in.Session, account.Session, a.SessionTTL)
	if err != nil {
		return err
	}
	return serve.WriteJSON(w, status, sessionBody{true, message, a.user(in.Account), access, "Bearer", expiresIn, refresh})
}

// sessionRefresh is POST /api/auth/refresh. The refresh token stays as it is.
//
// Failures are counted after the fact and for the address alone, since a token that is not good names no account; a good one is
// never held up by failures of others at the same address. Guessing gains nothing from that: it is no password.
func (a *API) sessionRefresh(w http.ResponseWriter, r *http.Request) error {
	body, err := a.body(w, r)
	if err != nil {
		return err
	}
	d := body.reader()
	token := d.text("refresh_token")
	if err := d.err(); err != nil {
		return err
	}
	if err := a.Limits.AttemptAny(r.Context(), caller(r)); err != nil {
		return worded(account.Session, err)
	}
	access, expiresIn, err := "", 0, ErrRefresh
	if token != "" {
		access, expiresIn, err = a.Tokens.Refresh(r.Context(), token)
	}
	if errors.Is(err, ErrRefresh) {
		if err := a.Limits.Failed(r.Context(), account.DoorRefresh, caller(r)); err != nil {
			return worded(account.Session, err)
		}
		e := refuse(http.StatusUnauthorized, msgBadRefresh)
		e.outcome = "bad_refresh"
		return e
	}
	if err != nil {
		return err
	}
	return serve.WriteJSON(w, http.StatusOK, struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
	}{access, "Bearer", expiresIn})
}

// authLogin is POST /api/auth/login, which two documents share: the one logs in with `email`, the other with `username`.
func (a *API) authLogin(w http.ResponseWriter, r *http.Request) error {
	body, err := a.body(w, r)
	if err != nil {
		return err
	}
	if a.Off[account.Simple] || body.has("email") && !a.Off[account.Session] {
		return a.sessionLogin(w, r, body)
	}
	return a.usernameLogin(w, r, body, account.Simple)
}

// authLogout is POST /api/auth/logout, which two documents share: with a refresh token in the body, or with a bearer token, or both.
func (a *API) authLogout(w http.ResponseWriter, r *http.Request) error {
	refresh, err := a.logoutBody(w, r)
	if err != nil {
		return err
	}
	if refresh != "" {
		// A token that is gone already is what was asked for.
		if err := a.Tokens.RevokeRefresh(r.Context(), refresh); err != nil && !errors.Is(err, ErrRefresh) {
			return err
		}
	}
	// With a refresh token a bearer token is welcome, not needed: by then it has often expired.
	if _, _, session, err := a.authenticate(r, authWords); err == nil {
		err = a.endSession(r, session)
		if err != nil {
			return err
		}
	} else if _, refused := errors.AsType[*apiError](err); refresh == "" || !refused {
		return err
	}
	return serve.WriteJSON(w, http.StatusOK, struct {
		Message string `json:"message"`
	}{msgLoggedOut})
}

// logoutBody reads the refresh token, if there is a body.
func (a *API) logoutBody(w http.ResponseWriter, r *http.Request) (string, error) {
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		return "", nil
	}
	body, err := a.body(w, r)
	if err != nil {
		return "", err
	}
	d := body.reader()
	token := d.text("refresh_token")
	return token, d.err()
}
