package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
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
