package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/e2e/harness"
)

// TestPlayground walks through the code flow on the developer's pages, without script.
func TestPlayground(t *testing.T) {
	for _, path := range []string{"", "/id"} {
		t.Run("issuer"+path, func(t *testing.T) { playground(t, path) })
	}
}

func playground(t *testing.T, path string) {
	s := harness.Start(t, harness.Options{Host: "localhost", Path: path, Config: object{"dev": true, "mail.smtp.address": nil, "mail.smtp.tls": nil}, Clients: []object{}})
	s.SignUp(t, "ada", "ada@example.test", "correct horse battery")
	b := s.Browser(t)
	b.SignIn("ada", "correct horse battery")
	b.Open("/dev").At("/dev", 200)
	for _, want := range []string{s.Issuer + "/jwks.json", "Libraries need the issuer alone", "code_challenge_methods_supported"} {
		if !strings.Contains(string(b.Body), want) {
			t.Errorf("/dev lacks %q", want)
		}
	}
	b.Open("/dev/playground").Submit("/dev/playground", map[string]string{"claims": `{"id_token":{"email":null}}`}).At("/dev/request", 200)
	authorize, err := url.Parse(pre(t, b.Body, "dev-url"))
	if err != nil || authorize.Query().Get("code_challenge_method") != "S256" || authorize.Query().Get("client_id") != "latchkey-playground" {
		t.Fatalf("the request is %v, %v", authorize, err)
	}
	b.Open(authorize.String()).At("/consent", 200).Submit("/consent", nil, "decision", "allow").At("/dev/callback", 200)
	b.Submit("/dev/callback", nil).At("/dev/callback", 200)
	text := b.Text()
	for _, want := range []string{"this person is signed in", "The signature holds: RS256", "nonce is the one that was sent", "at_hash fits the access token", "ada@example.test", "asked for by the claims parameter",
		"Its session, grant and account still live", "Ask userinfo, with scope profile"} {
		if !strings.Contains(text, want) {
			t.Errorf("the tokens' page does not say %q:\n%s", want, text)
		}
	}
	// The walk is over: the same answer is nobody's.
	b.Open("/dev/callback?code=x&state=y").At("/dev/callback", 400)
	// Another browser's answer, and a state that is not ours.
	other := s.Browser(t)
	other.Open("/dev/playground").Submit("/dev/playground", nil).At("/dev/request", 200)
	other.Open("/dev/callback?code=x&state=y&iss="+url.QueryEscape(s.Issuer)).At("/dev/callback", 200)
	if !strings.Contains(other.Text(), "an application must stop here") || strings.Contains(string(other.Body), `name="code"`) {
		t.Errorf("a foreign state goes on:\n%s", other.Text())
	}
	other.Open("/dev/playground").Submit("/dev/playground", map[string]string{"claims": "["}).At("/dev/playground", 422)
}

// TestTokenDebugger says of each kind of token what is wrong with it.
func TestTokenDebugger(t *testing.T) {
	s := devServer(t, "localhost")
	s.SignUp(t, "ada", "ada@example.test", "correct horse battery")
	b := s.Browser(t)
	debug := func(token string) string {
		return b.Open("/dev/token").Submit("/dev/token", map[string]string{"token": token, "audience": api}).At("/dev/token", 200).Text()
	}
	for kind, want := range map[string]string{
		"good": "Its session, grant and account still live", "expired": "It has expired", "wrong-issuer": "iss is not this server", "wrong-audience": "aud has not who it should be for", "no-audience": "There is no aud",
		"unknown-kid": "No published key of this server", "foreign-key": "The signature does not hold", "revoked-key": "No published key of this server", "none": "It is not signed", "hmac-pem": "for ID tokens alone",
		"wrong-typ": "which this server does not issue", "altered-payload": "The signature does not hold", "embedded-jwk": "A key that the token brings along", "no-exp": "It has no exp", "not-yet-valid": "Its time has not begun",
		"issued-in-future": "in the future", "ended-session": "Its session or grant has ended", "garbage": "This is no token", "crit-unknown": "Header parameters that must be understood", "id-token": "An ID token",
		"logout-token": "A logout token", "two-parts": "This is no token", "good-unknown-claim": "Not a claim of this server", "padded": "This is no token",
	} {
		out, bad, code := s.Run(t, "token", "mint", "--kind", kind, "--user", "ada", "--audience", api)
		if code != 0 {
			t.Fatal(bad)
		}
		token := strings.TrimSpace(out)
		if text := debug(token); !strings.Contains(text, want) {
			t.Errorf("%s: the page does not say %q:\n%s", kind, want, text)
		}
		if strings.Contains(string(b.Body), token) || strings.Contains(s.Logs(), token) {
			t.Errorf("%s: the token is on the page, or in the log", kind)
		}
	}
	b.Open("/dev/token").Submit("/dev/token", map[string]string{"token": "  "}).At("/dev/token", 422)
}

// TestDevPageOff: without the key there is no page, no client, and no word of it; with it they are there in production too.
func TestDevPageOff(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	a := s.API()
	for _, p := range []string{"/dev", "/dev/validate", "/dev/playground", "/dev/request", "/dev/callback", "/dev/token", "/dev/kit", "/demo"} {
		if r := a.Must(t, http.MethodGet, p, nil, nil); r.Status != 404 {
			t.Errorf("%s answers %d", p, r.Status)
		}
	}
	for _, p := range []string{"/login", "/.well-known/openid-configuration", "/robots.txt"} {
		if r := a.Must(t, http.MethodGet, p, nil, nil); strings.Contains(string(r.Raw), `/dev"`) || strings.Contains(string(r.Raw), "/dev/") || strings.Contains(string(r.Raw), "playground") {
			t.Errorf("%s tells of it", p)
		}
	}
	ask := "/authorize?" + url.Values{"client_id": {"latchkey-playground"}, "response_type": {"code"}, "redirect_uri": {s.Issuer + "/dev/callback"}, "scope": {"openid"}}.Encode()
	if r := a.Must(t, http.MethodGet, ask, nil, nil); r.Status != 400 {
		t.Errorf("the playground's client is known: %d", r.Status)
	}
	s.Stop(t)
	s.Config["web.dev_page"] = true
	s.WriteConfig(t)
	s.Launch(t)
	s.WaitReady(t)
	b := s.Browser(t)
	b.Open("/dev").At("/dev", 200)
	b.Open(ask+"&code_challenge="+harness.Challenge("x")+"&code_challenge_method=S256").At("/login", 200)
	if r := a.Must(t, http.MethodGet, "/demo", nil, nil); r.Status != 404 {
		t.Error("the sample application is there outside of development mode")
	}
}

// TestDevPagesInChromium runs dev.mjs.
func TestDevPagesInChromium(t *testing.T) {
	s := devServer(t, "localhost")
	s.SignUp(t, "ada", "ada@example.test", "correct horse battery")
	tokens := object{}
	for _, kind := range []string{"good", "hmac-pem"} {
		out, bad, code := s.Run(t, "token", "mint", "--kind", kind)
		if code != 0 {
			t.Fatal(bad)
		}
		tokens[kind] = strings.TrimSpace(out)
	}
	runNode(t, "dev.mjs", object{"issuer": s.Issuer, "login": "ada", "password": "correct horse battery", "tokens": tokens, "screenshots": harness.Artifacts(t, "screenshots"), "chromium": "/usr/bin/chromium"}, nil)
}
