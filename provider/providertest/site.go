package providertest

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"

	"latchkey/provider"
	"latchkey/provider/account"
	"latchkey/provider/authorize"
	"latchkey/provider/serve"
)

// pages is the plainest [serve.Pages].
type pages struct{}

func write(w http.ResponseWriter, status int, title, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<!doctype html><title>%s</title>%s", html.EscapeString(title), body)
}

func hidden(name, value string) string {
	return fmt.Sprintf(`<input type=hidden name="%s" value="%s">`, html.EscapeString(name), html.EscapeString(value))
}

func (pages) Problem(w http.ResponseWriter, _ *http.Request, p serve.Problem) {
	write(w, p.Status, "Problem: "+p.Kind, html.EscapeString(p.Code+" "+p.Description+" "+p.Reference))
}

func (pages) HandOff(w http.ResponseWriter, _ *http.Request, target string) error {
	w.Header().Set("Refresh", "0; url="+target)
	write(w, http.StatusOK, "Going on", "")
	return nil
}

func (pages) FormPost(w http.ResponseWriter, _ *http.Request, action string, params []serve.Param) error {
	var b strings.Builder
	for _, p := range params {
		b.WriteString(hidden(p.Name, p.Value))
	}
	write(w, http.StatusOK, "Form post", fmt.Sprintf(`<form method=post action="%s">%s</form>`, html.EscapeString(action), b.String()))
	return nil
}

func (pages) SignOutConfirm(w http.ResponseWriter, _ *http.Request, v serve.SignOutView) error {
	write(w, http.StatusOK, "Do you want to sign out?", `<form method=post action="/logout">`+hidden("confirm", v.Confirm)+`</form>`)
	return nil
}

func (pages) SignedOut(w http.ResponseWriter, _ *http.Request, v serve.SignOutView) error {
	if v.Onward {
		w.Header().Set("Refresh", "0; url="+v.ReturnTo)
	}
	var b strings.Builder
	for _, f := range v.Frames {
		_, _ = fmt.Fprintf(&b, `<iframe src="%s"></iframe>`, html.EscapeString(f))
	}
	write(w, http.StatusOK, "You are signed out", fmt.Sprintf(`<a href="%s">back</a>%s`, html.EscapeString(v.ReturnTo), b.String()))
	return nil
}

// site is the pages of sign-in, sign-up and consent, as far as the protocol needs them.
func (i *Issuer) site() []provider.Route {
	face := serve.PageFace(pages{})
	route := func(method, path string, h serve.Handler) provider.Route {
		return provider.Route{Method: method, Path: path, Endpoint: path[1:], Handler: h, Face: face, Priority: serve.Interactive, Form: method == "POST"}
	}
	return append(i.deviceSite(),
		route("GET", "/login", i.form("Sign in", "login", "login", "password")), route("POST", "/login", i.login),
		route("GET", "/signup", i.form("Sign up", "signup", "username", "password")), route("POST", "/signup", i.signUp),
		route("GET", "/consent", i.form("Consent", "consent", "decision")), route("POST", "/consent", i.consent),
		route("POST", "/continue", i.goOn),
	)
}

func (i *Issuer) flow(r *http.Request, sealed string) (authorize.View, error) {
	v, err := i.Provider.Authorize.Open(r, sealed)
	if errors.Is(err, authorize.ErrFlow) {
		return v, &serve.ProblemError{Problem: serve.Problem{Status: http.StatusBadRequest, Kind: "expired"}, Cause: err}
	}
	return v, err
}

func (i *Issuer) form(title, action string, fields ...string) serve.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		sealed := r.URL.Query().Get("flow")
		v, err := i.flow(r, sealed)
		if err != nil {
			return err
		}
		title := title
		var b strings.Builder
		_, _ = fmt.Fprintf(&b, `<form method=post action="/%s">%s`, action, hidden("flow", sealed))
		for _, f := range fields {
			value := ""
			if f == "login" {
				value = v.Request.LoginHint
			}
			_, _ = fmt.Fprintf(&b, `<input name=%s value="%s">`, f, html.EscapeString(value))
		}
		switch next := v.Next.(type) {
		case authorize.SignIn:
			if next.Choose {
				title = "Choose"
			}
		case authorize.Barred:
			title = "Barred"
		case authorize.Consent:
			title += ": " + next.Scopes.String()
		}
		write(w, http.StatusOK, title, b.String()+"</form>")
		return nil
	}
}

func (i *Issuer) resume(w http.ResponseWriter, sealed string) error {
	w.Header().Set("Location", i.Provider.Authorize.ResumePath(sealed))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

func (i *Issuer) login(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	cred := account.Credentials{Dialect: account.Page, Login: r.PostForm.Get("login"), Password: r.PostForm.Get("password")}
	if s, ok, err := i.Provider.Sessions.Current(r); err != nil {
		return err
	} else if ok {
		cred.Replace = s.SID
	}
	in, err := i.Accounts.SignIn(r.Context(), cred)
	if err != nil {
		return &serve.BadRequest{Reason: "wrong credentials"}
	}
	i.Provider.Sessions.Set(w, in.Session, in.Secret)
	return i.resume(w, r.PostForm.Get("flow"))
}

func (i *Issuer) signUp(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	name := r.PostForm.Get("username")
	in, err := i.Accounts.SignUp(r.Context(), account.SignUp{Dialect: account.Page, Username: name, Email: name + "@example.test",
		FullName: name, Password: r.PostForm.Get("password")})
	if err != nil {
		return err
	}
	i.Provider.Sessions.Set(w, in.Session, in.Secret)
	return i.resume(w, r.PostForm.Get("flow"))
}

func (i *Issuer) consent(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	sealed := r.PostForm.Get("flow")
	if r.PostForm.Get("decision") != "allow" {
		return i.Provider.Authorize.Deny(w, r, sealed)
	}
	if _, err := i.flow(r, sealed); err != nil {
		return err
	}
	if err := i.Provider.Authorize.Allow(r, sealed); err != nil {
		return err
	}
	return i.resume(w, sealed)
}

// goOn is "continue as" of the account chooser.
func (i *Issuer) goOn(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	s, _, err := i.Provider.Sessions.Current(r)
	if err != nil {
		return err
	}
	sealed, err := i.Provider.Authorize.Choose(r, r.PostForm.Get("flow"), s.SID)
	if err != nil {
		return err
	}
	return i.resume(w, sealed)
}

// Query makes url.Values of pairs.
func Query(pairs ...string) url.Values {
	v := url.Values{}
	for n := 0; n+1 < len(pairs); n += 2 {
		v.Add(pairs[n], pairs[n+1])
	}
	return v
}
