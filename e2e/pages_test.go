package e2e

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"latchkey/e2e/harness"
)

// relyingParty is a small application on an origin of its own, so that browsers really leave ours.
type relyingParty struct {
	t      *testing.T
	server *httptest.Server
	// id is its client_id; at its origin; issuer the provider's.
	id, at, issuer string

	mu      sync.Mutex
	pending map[string]string // state to verifier
	idToken string
	told    []object // of sign-outs, in frames
}

// newRelyingParty starts one on host, a name of this machine.
func newRelyingParty(t *testing.T, id, host string) *relyingParty {
	rp := &relyingParty{t: t, id: id, pending: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/start", rp.start)
	mux.HandleFunc("/callback", rp.callback)
	mux.HandleFunc("/sign-out", rp.signOut)
	mux.HandleFunc("/signed-out", func(w http.ResponseWriter, _ *http.Request) { rp.page(w, "Bye") })
	mux.HandleFunc("/frontchannel", rp.hear)
	mux.HandleFunc("/favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	rp.server = httptest.NewServer(mux)
	t.Cleanup(rp.server.Close)
	rp.at = strings.Replace(rp.server.URL, "127.0.0.1", host, 1)
	return rp
}

// client is its entry for the configuration.
func (rp *relyingParty) client() object {
	return object{"client_id": rp.id, "client_name": "The Corner Bookshop", "token_endpoint_auth_method": "client_secret_basic", "secrets": []map[string]any{{"value": rp.secret()}},
		"grant_types": []string{"authorization_code", "refresh_token"}, "scope": "openid profile email offline_access", "redirect_uris": []string{rp.at + "/callback"},
		"post_logout_redirect_uris": []string{rp.at + "/signed-out"}}
}

func (rp *relyingParty) secret() string { return rp.id + "-secret-0123456789abcdefghijklmnop" }

// hear is the frame of a sign-out (Front-Channel Logout §2).
func (rp *relyingParty) hear(w http.ResponseWriter, r *http.Request) {
	rp.mu.Lock()
	rp.told = append(rp.told, object{"iss": r.URL.Query().Get("iss"), "sid": r.URL.Query().Get("sid"), "dest": r.Header.Get("Sec-Fetch-Dest")})
	rp.mu.Unlock()
	rp.page(w, "Signed out here too")
}

func (rp *relyingParty) page(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<!doctype html><html lang=en><title>Bookshop</title><main><h1>%s</h1></main>", html.EscapeString(text))
}

func (rp *relyingParty) conf(ctx context.Context) (*oauth2.Config, *oidc.Provider, error) {
	p, err := oidc.NewProvider(ctx, rp.issuer)
	if err != nil {
		return nil, nil, err
	}
	return &oauth2.Config{ClientID: rp.id, ClientSecret: rp.secret(), Endpoint: p.Endpoint(), RedirectURL: rp.at + "/callback",
		Scopes: []string{"openid", "profile", "email", "offline_access"}}, p, nil
}

// start sends the browser to the provider; its query goes into the request.
func (rp *relyingParty) start(w http.ResponseWriter, r *http.Request) {
	conf, _, err := rp.conf(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	state, verifier := harness.Random(20), oauth2.GenerateVerifier()
	rp.mu.Lock()
	rp.pending[state] = verifier
	rp.mu.Unlock()
	opts := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier)}
	for k, v := range r.URL.Query() {
		opts = append(opts, oauth2.SetAuthURLParam(k, v[0]))
	}
	http.Redirect(w, r, conf.AuthCodeURL(state, opts...), http.StatusSeeOther)
}

func (rp *relyingParty) callback(w http.ResponseWriter, r *http.Request) {
	who, err := rp.exchange(r)
	if err != nil {
		rp.page(w, "Failed: "+err.Error())
		return
	}
	rp.page(w, "Hello "+who)
}

func (rp *relyingParty) exchange(r *http.Request) (string, error) {
	if err := r.ParseForm(); err != nil {
		return "", err
	}
	rp.mu.Lock()
	verifier, ok := rp.pending[r.Form.Get("state")]
	delete(rp.pending, r.Form.Get("state"))
	rp.mu.Unlock()
	if !ok || r.Form.Get("iss") != rp.issuer {
		return "", fmt.Errorf("state known: %t, iss %q", ok, r.Form.Get("iss"))
	}
	if e := r.Form.Get("error"); e != "" {
		return "", fmt.Errorf("%s", e)
	}
	conf, p, err := rp.conf(r.Context())
	if err != nil {
		return "", err
	}
	tok, err := conf.Exchange(r.Context(), r.Form.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return "", err
	}
	raw, _ := tok.Extra("id_token").(string)
	id, err := p.Verifier(&oidc.Config{ClientID: rp.id}).Verify(r.Context(), raw)
	if err != nil {
		return "", err
	}
	var c struct {
		Email string `json:"email"`
	}
	info, err := p.UserInfo(r.Context(), conf.TokenSource(r.Context(), tok))
	if err != nil {
		return "", err
	}
	if err := info.Claims(&c); err != nil || info.Subject != id.Subject {
		return "", fmt.Errorf("userinfo: %v", err)
	}
	rp.mu.Lock()
	rp.idToken = raw
	rp.mu.Unlock()
	return c.Email, nil
}

func (rp *relyingParty) signOut(w http.ResponseWriter, r *http.Request) {
	rp.mu.Lock()
	q := url.Values{"id_token_hint": {rp.idToken}, "post_logout_redirect_uri": {rp.at + "/signed-out"}}
	rp.mu.Unlock()
	http.Redirect(w, r, rp.issuer+"/logout?"+q.Encode(), http.StatusSeeOther)
}

// TestPagesInChromium runs pages.mjs.
func TestPagesInChromium(t *testing.T) {
	rp := newRelyingParty(t, "bookshop", "127.0.0.1")
	tv := object{"client_id": "tv", "client_name": "Living-room TV", "token_endpoint_auth_method": "none", "grant_types": []string{harness.DeviceGrant}, "scope": "openid profile email"}
	s := harness.Start(t, harness.Options{Host: "localhost", Clients: append(harness.Clients(), rp.client(), tv)})
	rp.issuer = s.Issuer
	dev := harness.Start(t, harness.Options{Host: "localhost", Config: object{"dev": true, "mail.smtp.address": nil, "mail.smtp.tls": nil}, Clients: []object{}})
	s.SignUp(t, "taken_name", "taken@example.test", "s3cret!")
	runNode(t, "pages.mjs", object{
		"issuer": s.Issuer, "dev": dev.Issuer, "rp": rp.at, "screenshots": harness.Artifacts(t, "screenshots"), "chromium": "/usr/bin/chromium",
	}, func(ask object) any {
		if ask["ask"] == "device" {
			r := s.API().Must(t, "POST", "/device_authorization", form("client_id", "tv", "scope", "openid profile email"), nil).Want(t, 200)
			return object{"code": r.S("user_code")}
		}
		link, _ := s.Mail.Link(t, ask["to"].(string), ask["path"].(string), int(ask["n"].(float64)))
		return object{"link": link}
	})
}

// TestPagesWithoutScript walks through the pages as a browser without JavaScript does.
func TestPagesWithoutScript(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	b := s.Browser(t)
	b.Open("/").At("/login", 200).Follow("/signup").At("/signup", 200)
	b.Submit("/signup", map[string]string{"email": "nope", "password": "short"}).At("/signup", 422)
	if !strings.Contains(string(b.Body), `aria-invalid="true"`) || !strings.Contains(string(b.Body), `value="nope"`) {
		t.Error("what was typed is not kept, or not marked")
	}
	b.Submit("/signup", map[string]string{"email": "walker@example.test", "username": "walker", "full_name": "W. Alker", "password": "walking far away"}).At("/signup/sent", 200)
	b.Submit("/signup/sent", nil).At("/signup/sent", 429) // a mail went out a moment ago
	link, _ := s.Mail.Link(t, "walker@example.test", "/verify", 1)
	b.Open(link).At("/verify", 200).Submit("/verify", nil).At("/account", 200) // the browser that signed up
	if b.Open(link).At("/verify", 200); !strings.Contains(b.Text(), "Already confirmed") {
		t.Errorf("a used link says:\n%s", b.Text())
	}
	b.Open("/account").Submit("/account/sign-out", nil).At("/login", 200)
	b.Submit("/login", map[string]string{"username": "walker", "password": "wrong password"}).At("/login", 422)
	b.Submit("/login", map[string]string{"username": "walker", "password": "walking far away"}).At("/account", 200)
	b.Follow("/account/profile").Submit("/account/profile", map[string]string{"full_name": "Walter Alker", "phone": "+49 30 123456", "skills": "walking\nswimming"}).At("/account/profile", 200)
	if name, phone, skills := b.Value("/account/profile", "full_name"), b.Value("/account/profile", "phone"), b.Value("/account/profile", "skills"); name != "Walter Alker" || phone != "+4930123456" || skills != "walking\nswimming" {
		t.Errorf("the profile was saved as %q, %q, %q", name, phone, skills)
	}
	b.Follow("/account/sessions").At("/account/sessions", 200)
	b.Follow("/account/password").At("/account/password", 200)
	b.Submit("/account/password", map[string]string{"current": "walking far away", "password": "walking even farther"})
	f := harness.NewFlow(harness.WebID, harness.WebSecret, false)
	b.Open(f.Path("openid profile", nil)).At("/consent", 200).Submit("/consent", nil, "decision", "allow").Left(harness.Callback)
	b.Open("/account").Submit("/account/sign-out", nil).At("/login", 200)

	b.Open("/forgot").Submit("/forgot", map[string]string{"email": "walker@example.test"}).At("/forgot/sent", 200)
	link, token := s.Mail.Link(t, "walker@example.test", "/reset", 1)
	b.Open(link).At("/reset", 200)
	if strings.Contains(b.URL.String(), token) {
		t.Error("the token stayed in the address")
	}
	b.Submit("/reset", map[string]string{"password": "a third password"}).At("/login", 200)
	b.Submit("/login", map[string]string{"username": "walker@example.test", "password": "a third password"}).At("/account", 200)
	b.Open(link)
	if b.Status == 200 && b.Title() == "Choose a new password" {
		t.Error("the link was good twice")
	}
	b.Open("/logout").At("/logout", 200).Submit("/logout", nil).At("/logout", 200)
	b.Open("/account").At("/login", 200)
	// An address that is taken is answered as a free one is.
	free, taken := s.Browser(t), s.Browser(t)
	free.Open("/signup").Submit("/signup", map[string]string{"email": "free@example.test", "password": "walking far away"}).At("/signup/sent", 200)
	taken.Open("/signup").Submit("/signup", map[string]string{"email": "walker@example.test", "password": "walking far away"}).At("/signup/sent", 200)
	if free.Title() != taken.Title() {
		t.Errorf("titles %q and %q", free.Title(), taken.Title())
	}
}

// TestFormsOfOtherSites are refused.
func TestFormsOfOtherSites(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	a := s.API()
	for _, path := range []string{"/login", "/signup", "/forgot", "/account/sign-out", "/prefs"} {
		r := a.Must(t, "POST", path, form("username", "a", "password", "b"), map[string]string{"Origin": "https://evil.example.test", "Sec-Fetch-Site": "cross-site"})
		if r.Status != 403 {
			t.Errorf("%s: %d", path, r.Status)
		}
	}
}
