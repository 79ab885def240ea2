package e2e

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"latchkey/e2e/harness"
)

// TestGoRelyingParty signs people in with coreos/go-oidc and x/oauth2.
func TestGoRelyingParty(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	s.SignUp(t, "ada", "ada@example.test", "s3cret!")
	ctx := context.Background()
	p, err := oidc.NewProvider(ctx, s.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		id, secret, alg string
		style           oauth2.AuthStyle
		consent         bool
	}{
		{harness.WebID, harness.WebSecret, oidc.RS256, oauth2.AuthStyleInHeader, true},
		{harness.QuietID, harness.QuietSecret, oidc.ES256, oauth2.AuthStyleInParams, false},
		{harness.PublicID, "", oidc.RS256, oauth2.AuthStyleInParams, true},
	} {
		t.Run(c.id, func(t *testing.T) {
			endpoint := p.Endpoint()
			endpoint.AuthStyle = c.style
			conf := &oauth2.Config{ClientID: c.id, ClientSecret: c.secret, Endpoint: endpoint, RedirectURL: harness.Callback,
				Scopes: []string{"openid", "profile", "email", "offline_access"}}
			verifier, state, nonce := oauth2.GenerateVerifier(), harness.Random(16), harness.Random(16)
			b := s.Browser(t)
			b.Open(conf.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("prompt", "login consent")))
			b.At("/login", 200).Submit("/login", map[string]string{"username": "ada", "password": "s3cret!"})
			b.At("/consent", 200).Submit("/consent", nil, "decision", "allow")
			q := b.Left(harness.Callback)
			if q.Get("state") != state || q.Get("iss") != s.Issuer {
				t.Fatalf("the answer has state %q and iss %q", q.Get("state"), q.Get("iss"))
			}
			tok, err := conf.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(verifier))
			if err != nil {
				t.Fatal(err)
			}
			rawID, _ := tok.Extra("id_token").(string)
			id, err := p.Verifier(&oidc.Config{ClientID: c.id, SupportedSigningAlgs: []string{c.alg}}).Verify(ctx, rawID)
			if err != nil {
				t.Fatal(err)
			}
			if id.Nonce != nonce {
				t.Errorf("nonce %q", id.Nonce)
			}
			if err := id.VerifyAccessToken(tok.AccessToken); err != nil {
				t.Error(err)
			}
			info, err := p.UserInfo(ctx, conf.TokenSource(ctx, tok))
			if err != nil {
				t.Fatal(err)
			}
			if info.Subject != id.Subject || info.Email != "ada@example.test" || info.EmailVerified {
				t.Errorf("userinfo %+v", info)
			}
			tok.Expiry = time.Now().Add(-time.Hour) // so that the source refreshes
			fresh, err := conf.TokenSource(ctx, tok).Token()
			if err != nil {
				t.Fatal(err)
			}
			if fresh.RefreshToken == tok.RefreshToken || fresh.AccessToken == tok.AccessToken || fresh.RefreshToken == "" {
				t.Error("refresh did not rotate")
			}
			if _, err := conf.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(verifier)); err == nil {
				t.Error("the code was good twice")
			}
			fresh.Expiry = time.Now().Add(-time.Hour)
			if _, err := conf.TokenSource(ctx, fresh).Token(); err == nil {
				t.Error("what a code bought that was used twice lives on")
			}
			if c.consent {
				b.Open(conf.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier))).Left(harness.Callback) // remembered
			}
		})
	}
}

// TestAuthorizeModes: form_post, fragment, prompt, max_age, hints, and denial.
func TestAuthorizeModes(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	s.SignUp(t, "ada", "ada@example.test", "s3cret!")
	b := s.Browser(t)
	f := func() *harness.Flow { return harness.NewFlow(harness.WebID, harness.WebSecret, false) }
	refused := func(name, code string, extra map[string]string) {
		t.Helper()
		if q := b.Open(f().Path("openid", extra)).Left(harness.Callback); q.Get("error") != code || q.Get("iss") != s.Issuer || q.Get("state") == "" {
			t.Errorf("%s: %v", name, q)
		}
	}
	refused("nobody is signed in", "login_required", map[string]string{"prompt": "none"})
	b.SignIn("ada", "s3cret!")
	refused("no consent yet", "consent_required", map[string]string{"prompt": "none"})
	refused("PKCE is required", "invalid_request", map[string]string{"code_challenge": "", "code_challenge_method": ""})
	refused("plain is refused", "invalid_request", map[string]string{"code_challenge_method": "plain"})
	refused("unknown prompt", "invalid_request", map[string]string{"prompt": "always"})
	refused("a request object that nobody signed", "invalid_request_object", map[string]string{"request": "a.b.c"})
	b.Open(f().Path("openid", map[string]string{"response_type": "token"}))
	if b.Left(harness.Callback); !strings.Contains(b.Outside.Fragment, "error=unsupported_response_type") || b.Outside.RawQuery != "" { // OAuth 2.0 Multiple Response Types §2
		t.Errorf("only code: %s", b.Outside)
	}
	if q := b.Open(f().Path("openid", nil)).At("/consent", 200).Submit("/consent", nil, "decision", "deny").Left(harness.Callback); q.Get("error") != "access_denied" {
		t.Errorf("denied: %v", q)
	}
	b.Open(f().Path("openid", nil)).At("/consent", 200).Submit("/consent", nil, "decision", "allow").Left(harness.Callback)
	b.Open(f().Path("openid", map[string]string{"prompt": "none"})).Left(harness.Callback)
	b.Open(f().Path("openid", map[string]string{"max_age": "0"})).At("/login", 200)
	b.Open(f().Path("openid", map[string]string{"prompt": "login"})).At("/login", 200).Submit("/login", map[string]string{"password": "s3cret!"}).Left(harness.Callback)
	b.Open(f().Path("openid", map[string]string{"prompt": "select_account"})).At("/login", 200).Submit("/login/continue", nil).Left(harness.Callback)
	b.Open(f().Path("openid", map[string]string{"response_mode": "fragment"}))
	if b.Left(harness.Callback); !strings.Contains(b.Outside.Fragment, "code=") || b.Outside.RawQuery != "" {
		t.Errorf("fragment: %s", b.Outside)
	}
	b.Open(f().Path("openid", map[string]string{"response_mode": "form_post"})).At("/authorize", 200)
	if !strings.Contains(string(b.Body), `action="`+harness.Callback+`"`) || !strings.Contains(b.Header.Get("Content-Security-Policy"), "form-action http://127.0.0.1:9") {
		t.Errorf("form_post: %s", b.Body)
	}
	// What may not be answered to the client is a page.
	for name, extra := range map[string]map[string]string{"client": {"client_id": "nobody"}, "redirect_uri": {"redirect_uri": harness.Callback + "/x"}} {
		if b.Open(f().Path("openid", extra)); b.Outside != nil || b.Status != 400 {
			t.Errorf("a wrong %s: %d %v", name, b.Status, b.Outside)
		}
	}
}

// TestClientCredentials is what the discovery document promises to machines.
func TestClientCredentials(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	a := s.API()
	h := harness.Basic(harness.MachineID, harness.MachineSecret)
	get := func(f ...string) *harness.Reply {
		return a.Must(t, http.MethodPost, "/token", form(append([]string{"grant_type", "client_credentials"}, f...)...), h)
	}
	r := get().Want(t, 200)
	if r.S("scope") != "read write" && r.S("scope") != "write read" {
		t.Errorf("scope %q", r.S("scope"))
	}
	if alg := jwtPart(t, r.S("access_token"), 0)["alg"]; alg != "ES256" {
		t.Errorf("alg %v", alg)
	}
	if c := jwtPart(t, get("scope", "read", "resource", harness.ResourceServer).Want(t, 200).S("access_token"), 1); c["aud"] != harness.ResourceServer || c["scope"] != "read" {
		t.Errorf("claims %v", c)
	}
	for name, row := range map[string]struct {
		r     *harness.Reply
		error string
	}{
		"scope":    {get("scope", "admin"), "invalid_scope"},
		"personal": {get("scope", "openid"), "invalid_scope"},
		"resource": {get("resource", "https://elsewhere.example.test"), "invalid_target"},
		"fragment": {get("resource", harness.ResourceServer+"#x"), "invalid_target"},
		"grant":    {a.Must(t, http.MethodPost, "/token", form("grant_type", "password"), h), "unsupported_grant_type"},
		"not mine": {a.Must(t, http.MethodPost, "/token", form("grant_type", "client_credentials"), harness.Basic(harness.WebID, harness.WebSecret)), "unauthorized_client"},
	} {
		if row.r.Status != 400 || row.r.S("error") != row.error {
			t.Errorf("%s: %d %s", name, row.r.Status, row.r.Raw)
		}
	}
	wrong := a.Must(t, http.MethodPost, "/token", form("grant_type", "client_credentials"), harness.Basic(harness.MachineID, "wrong"))
	if wrong.Status != 401 || wrong.S("error") != "invalid_client" || !strings.HasPrefix(wrong.Header.Get("WWW-Authenticate"), "Basic") {
		t.Errorf("a wrong secret: %d %s %v", wrong.Status, wrong.Raw, wrong.Header)
	}
	chunked, err := http.NewRequest(http.MethodPost, s.Issuer+"/token", struct{ *strings.Reader }{strings.NewReader("grant_type=client_credentials")})
	if err != nil {
		t.Fatal(err)
	}
	chunked.ContentLength = -1
	res, err := http.DefaultClient.Do(chunked)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusLengthRequired {
		t.Errorf("a chunked body: %d", res.StatusCode)
	}
}
