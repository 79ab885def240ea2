package harness

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
)

// SignUp makes an account through the JSON interface, from an address of its own.
func (s *Server) SignUp(t testing.TB, username, email, password string) (token string) {
	t.Helper()
	s.Secrets.Add("password", password)
	r := s.API().Must(t, http.MethodPost, "/api/signup", map[string]any{"username": username, "email": email, "password": password}, nil).Want(t, http.StatusCreated)
	return r.S("token")
}

// Flow is one run of the code flow as a relying party sees it.
type Flow struct {
	Client, Secret, Verifier, State, Nonce, Code string
	// InBody: the secret goes into the form.
	InBody bool
}

// NewFlow makes the random parts.
func NewFlow(client, secret string, inBody bool) *Flow {
	return &Flow{Client: client, Secret: secret, InBody: inBody, Verifier: Random(43), State: Random(20), Nonce: Random(20)}
}

// Path is the authorization request; extra overrides and adds parameters.
func (f *Flow) Path(scope string, extra map[string]string) string {
	q := url.Values{"response_type": {"code"}, "client_id": {f.Client}, "redirect_uri": {Callback}, "scope": {scope}, "state": {f.State}, "nonce": {f.Nonce},
		"code_challenge": {Challenge(f.Verifier)}, "code_challenge_method": {"S256"}}
	for k, v := range extra {
		if v == "" {
			q.Del(k)
		} else {
			q.Set(k, v)
		}
	}
	return "/authorize?" + q.Encode()
}

// Redeem exchanges the code.
func (f *Flow) Redeem(a *API) (*Reply, error) {
	return f.token(a, url.Values{"grant_type": {"authorization_code"}, "code": {f.Code}, "redirect_uri": {Callback}, "code_verifier": {f.Verifier}})
}

// Refresh exchanges a refresh token.
func (f *Flow) Refresh(a *API, refresh string) (*Reply, error) {
	return f.token(a, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
}

func (f *Flow) token(a *API, form url.Values) (*Reply, error) {
	header := map[string]string{}
	switch {
	case f.Secret == "":
		form.Set("client_id", f.Client)
	case f.InBody:
		form.Set("client_id", f.Client)
		form.Set("client_secret", f.Secret)
	default:
		header = Basic(f.Client, f.Secret)
	}
	return a.Do(http.MethodPost, "/token", form, header)
}

// Answer takes code and checks state and iss of an authorization response.
func (f *Flow) Answer(q url.Values, issuer string) error {
	if q.Get("state") != f.State || q.Get("iss") != issuer || q.Get("code") == "" {
		return fmt.Errorf("the authorization response has state %t, iss %q, error %q", q.Get("state") == f.State, q.Get("iss"), q.Get("error"))
	}
	f.Code = q.Get("code")
	return nil
}
