package soak

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/e2e/harness"
)

// They are the name and the password of a person that is not of the mix.
const person, password = "soaked", "correct horse battery staple"

// applications send somebody who is signed in through the code flow, so many times a second, and then refresh, look at userinfo, introspect and revoke: what
// the mix of the storms does not ask for. It returns what went wrong, "" for nothing.
func applications(s *harness.Server, rate float64, during time.Duration) (failed string) {
	a := &application{s: s, api: s.API()}
	if err := a.signIn(); err != nil {
		return "applications: " + err.Error()
	}
	tick, begun := time.NewTicker(time.Duration(float64(time.Second)/rate)), time.Now()
	defer tick.Stop()
	for n, busy := 0, 0; time.Since(begun) < during; n++ {
		<-tick.C
		err := a.once()
		if errors.Is(err, errBusy) && busy <= n/100 { // one of a hundred may come at a bad moment
			busy++
			continue
		}
		if err != nil {
			return fmt.Sprintf("applications, flow %d: %v", n, err)
		}
	}
	return ""
}

var errBusy = errors.New("the server was busy")

type application struct {
	s       *harness.Server
	api     *harness.API
	cookies string
}

func (a *application) signIn() error {
	res, err := a.ask(http.MethodPost, "/login", url.Values{"username": {person}, "password": {password}}, nil, http.StatusSeeOther)
	if err != nil {
		return err
	}
	var all []string
	for _, c := range (&http.Response{Header: res.Header}).Cookies() {
		all = append(all, c.Name+"="+c.Value)
	}
	a.cookies = strings.Join(all, "; ")
	return nil
}

// once is one flow: authorize, exchange, two refreshes, userinfo, introspection, revocation.
func (a *application) once() error {
	f := harness.NewFlow(harness.QuietID, harness.QuietSecret, true)
	res, err := a.ask(http.MethodGet, f.Path("openid offline_access", nil), nil, map[string]string{"Cookie": a.cookies}, http.StatusSeeOther)
	if err != nil {
		return err
	}
	at, err := url.Parse(res.Header.Get("Location"))
	if err == nil {
		err = f.Answer(at.Query(), a.s.Issuer)
	}
	if err != nil {
		return err
	}
	secret := func(more ...string) url.Values {
		v := url.Values{"client_id": {f.Client}, "client_secret": {f.Secret}}
		for i := 0; i < len(more); i += 2 {
			v.Set(more[i], more[i+1])
		}
		return v
	}
	got, err := a.ask(http.MethodPost, "/token", secret("grant_type", "authorization_code", "code", f.Code, "redirect_uri", harness.Callback, "code_verifier", f.Verifier), nil, http.StatusOK)
	for range 2 {
		if err == nil {
			got, err = a.ask(http.MethodPost, "/token", secret("grant_type", "refresh_token", "refresh_token", got.S("refresh_token")), nil, http.StatusOK)
		}
	}
	if err != nil {
		return err
	}
	_, err = a.ask(http.MethodGet, "/userinfo", nil, harness.Bearer(got.S("access_token")), http.StatusOK)
	if err == nil {
		_, err = a.ask(http.MethodPost, "/introspect", secret("token", got.S("access_token")), nil, http.StatusOK)
	}
	if err == nil {
		_, err = a.ask(http.MethodPost, "/revoke", secret("token", got.S("refresh_token")), nil, http.StatusOK)
	}
	return err
}

func (a *application) ask(method, path string, body any, header map[string]string, want int) (*harness.Reply, error) {
	res, err := a.api.Do(method, path, body, header)
	switch {
	case err != nil:
		return nil, err
	case res.Status == http.StatusServiceUnavailable || res.Status == http.StatusTooManyRequests:
		return nil, fmt.Errorf("%w: %s: %d", errBusy, path, res.Status)
	case res.Status != want:
		return nil, fmt.Errorf("%s %s: status %d, want %d: %.200s", method, strings.SplitN(path, "?", 2)[0], res.Status, want, res.Raw)
	}
	return res, nil
}
