package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"latchkey/e2e/harness"
)

// pre is the text of the element with that id on a page.
func pre(t *testing.T, page []byte, id string) string {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "id" && a.Val == id && n.FirstChild != nil {
				return n.FirstChild.Data
			}
		}
	}
	t.Fatalf("the page has no text %q", id)
	return ""
}

// runSnippet starts a program of the page and gives its address.
func runSnippet(t *testing.T, id, code string) string {
	t.Helper()
	dir, e2e := t.TempDir(), filepath.Join(harness.Root(), "e2e")
	_, language, _ := strings.Cut(id, "-")
	file := filepath.Join(dir, "main."+map[string]string{"go": "go", "node": "mjs", "python": "py"}[language])
	if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	command := []string{"node", file}
	switch language {
	case "go":
		build := exec.Command("go", "build", "-o", filepath.Join(dir, "app"), file)
		build.Dir = harness.Root()
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		command = []string{filepath.Join(dir, "app")}
	case "python":
		command = []string{filepath.Join(e2e, ".venv", "bin", "python"), file}
	default:
		if err := os.Symlink(filepath.Join(e2e, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
			t.Fatal(err)
		}
	}
	port := harness.Port(t)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	var out harness.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	cmd.Env = append(os.Environ(), fmt.Sprintf("PORT=%d", port), "NO_PROXY=*")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the program said:\n%s", out.String())
		}
	})
	at := fmt.Sprintf("localhost:%d", port)
	harness.Until(t, 30*time.Second, "the program listens", func() error {
		c, err := net.DialTimeout("tcp", at, time.Second)
		if err == nil {
			err = c.Close()
		}
		return err
	})
	return "http://" + at
}

// TestSnippetsValidate runs the code of the developer's page as it stands there, and judges it with every kind of token.
func TestSnippetsValidate(t *testing.T) {
	s := devServer(t, "localhost")
	page := s.Browser(t).Open("/dev/validate").At("/dev/validate", 200)
	for _, id := range []string{"validate-go", "validate-node", "validate-python"} {
		t.Run(id, func(t *testing.T) {
			at := runSnippet(t, id, pre(t, page.Body, id))
			out, bad, code := s.Run(t, "check-validator", at+"/api/me", "--verbose")
			if code != 0 {
				t.Errorf("exit %d\n%s%s", code, out, bad)
			}
			if n := strings.Count(out, "\nok "); n < 70 {
				t.Errorf("only %d checks\n%s", n, out)
			}
		})
	}
}

// TestSnippetsSignIn signs somebody in with the applications of the page.
func TestSnippetsSignIn(t *testing.T) {
	s := devServer(t, "localhost")
	s.SignUp(t, "ada", "ada@example.test", "correct horse battery")
	for _, id := range []string{"signin-go", "signin-node", "signin-python"} {
		t.Run(id, func(t *testing.T) {
			b := s.Browser(t)
			code := pre(t, b.Open("/dev/validate").Body, id)
			name := "app-" + id
			code = strings.ReplaceAll(code, "my-app", name)
			at := runSnippet(t, id, code)
			if out, bad, code := s.Run(t, "clients", "create", name, "--auth", "none", "--redirect-uri", at+"/callback", "--scope", "openid email"); code != 0 {
				t.Fatalf("%s%s", out, bad)
			}
			jar, _ := cookiejar.New(nil)
			app := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			get := func(address string) (int, string, string) {
				res, err := app.Get(address)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				body, _ := io.ReadAll(res.Body)
				return res.StatusCode, string(body), res.Header.Get("Location")
			}
			_, _, to := get(at + "/login")
			b.SignIn("ada", "correct horse battery")
			b.Open(to).At("/consent", 200).Submit("/consent", nil, "decision", "allow")
			if b.Outside == nil || !strings.HasPrefix(b.Outside.String(), at+"/callback?") {
				t.Fatalf("the browser is at %s, led to %v", b.URL, b.Outside)
			}
			if status, body, _ := get(b.Outside.String()); status != 200 || !strings.HasPrefix(body, "Hello ") || len(body) < 20 {
				t.Errorf("signed in: %d %q", status, body)
			}
			if status, _, _ := get(b.Outside.String()); status == 200 {
				t.Error("the answer was good twice")
			}
			_, _, to = get(at + "/login")
			b.Open(to)
			forged := *b.Outside
			q := forged.Query()
			q.Set("state", "another")
			forged.RawQuery = q.Encode()
			if status, _, _ := get(forged.String()); status == 200 {
				t.Error("a state of somebody else was taken")
			}
		})
	}
}

// TestPlayground walks through the code flow on the developer's pages, without script.
func TestPlayground(t *testing.T) {
	s := devServer(t, "localhost")
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
	for _, kind := range []string{"good", "hmac-pem", "id-token"} {
		out, bad, code := s.Run(t, "token", "mint", "--kind", kind)
		if code != 0 {
			t.Fatal(bad)
		}
		tokens[kind] = strings.TrimSpace(out)
	}
	runNode(t, "dev.mjs", object{"issuer": s.Issuer, "login": "ada", "password": "correct horse battery", "tokens": tokens, "screenshots": harness.Artifacts(t, "screenshots"), "chromium": "/usr/bin/chromium"}, nil)
}
