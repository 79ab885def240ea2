package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestDevelopmentMode is what `make run` does: no configuration asked.
func TestDevelopmentMode(t *testing.T) {
	dir := shortDir(t)
	port, ops := harness.Port(t), harness.Port(t)
	issuer := fmt.Sprintf("http://localhost:%d", port)
	p := harness.RunServer(t, dir, []string{fmt.Sprintf("LATCHKEY_SERVER_LISTEN=127.0.0.1:%d", port), fmt.Sprintf("LATCHKEY_SERVER_OPS_LISTEN=127.0.0.1:%d", ops), "LATCHKEY_ISSUER=" + issuer}, "serve", "--dev")
	a := &harness.API{Base: fmt.Sprintf("http://127.0.0.1:%d", port), HTTP: &http.Client{Timeout: 10 * time.Second}}
	harness.Until(t, 30*time.Second, "the issuer serves", func() error {
		if p.Ended() {
			t.Fatalf("it ended:\n%s", p.Output())
		}
		r, err := a.Do("GET", "/.well-known/openid-configuration", nil, nil)
		if err != nil || r.Status != 200 {
			return fmt.Errorf("%v %v", r, err)
		}
		return nil
	})
	harness.Until(t, 10*time.Second, "the addresses are printed", func() error {
		for _, want := range []string{issuer + "/signup", issuer + "/account", issuer + "/demo", issuer + "/dev/mail", issuer + "/jwks.json", "/metrics", "curl "} {
			if !strings.Contains(p.Output(), want) {
				return fmt.Errorf("no %s in:\n%s", want, p.Output())
			}
		}
		return nil
	})
	for _, path := range []string{"/demo", "/dev/mail", "/signup", "/login"} {
		if r := a.Must(t, "GET", path, nil, nil); r.Status != 200 {
			t.Errorf("%s: %d", path, r.Status)
		}
	}
	a.Must(t, "POST", "/api/signup", object{"username": "ada", "email": "ada@example.com", "password": "correct horse battery"}, nil).Want(t, 201)
	harness.Until(t, 10*time.Second, "the mailbox shows the mail", func() error {
		if r := a.Must(t, "GET", "/dev/mail", nil, nil); !strings.Contains(string(r.Raw), "ada@example.com") {
			return errors.New("not yet")
		}
		return nil
	})
	p.Stop(t)
}

// TestBrokenConfiguration: every fault at once, one line each, exit code 78, before any port is bound.
func TestBrokenConfiguration(t *testing.T) {
	s := harness.Start(t, harness.Options{Later: true, Config: object{"issuer": "http://idp.example.test", "server.listne": ":1", "tokens.access_ttl": "soon", "keys.rotate_every": "1s"}})
	out, bad, code := harness.RunBinary(t, s.Dir, nil, "serve", "--config", s.ConfigFile)
	if code != 78 {
		t.Errorf("exit code %d", code)
	}
	for _, key := range []string{"issuer", "listne", "tokens.access_ttl"} {
		if n := strings.Count(out+bad, key); n < 1 {
			t.Errorf("no line names %s:\n%s%s", key, out, bad)
		}
	}
	if status, _ := s.Ready(); status != 0 {
		t.Error("a port was bound")
	}
}

// TestCommands against the running server and against the store that nobody holds.
func TestCommands(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	run := func(args ...string) object {
		t.Helper()
		out, bad, code := s.Run(t, append(args, "--output", "json")...)
		if code != 0 {
			t.Fatalf("latchkey %s: exit code %d: %s%s", strings.Join(args, " "), code, out, bad)
		}
		var v object
		if err := json.Unmarshal([]byte(out), &v); err != nil {
			v = object{"list": out}
		}
		return v
	}
	a := s.API()
	s.SignUp(t, "commanded", "commanded@example.test", "s3cret!")
	both := func(name string) {
		if u := run("users", "show", "commanded"); u["username"] != "commanded" {
			t.Errorf("%s: users show: %v", name, u)
		}
		if out, _, code := s.Run(t, "users", "list"); code != 0 || !strings.Contains(out, "commanded") {
			t.Errorf("%s: users list: %d %s", name, code, out)
		}
		if out, _, code := s.Run(t, "keys", "list"); code != 0 || !strings.Contains(out, "RS256") || !strings.Contains(out, "EdDSA") {
			t.Errorf("%s: keys list: %d %s", name, code, out)
		}
		if out, _, code := s.Run(t, "clients", "list"); code != 0 {
			t.Errorf("%s: clients list: %d %s", name, code, out)
		}
		if _, bad, code := s.Run(t, "users", "show", "nobody"); code == 0 || strings.Contains(bad, "goroutine") {
			t.Errorf("%s: users show nobody: %d %s", name, code, bad)
		}
	}
	both("running")
	run("users", "disable", "commanded")
	a.Must(t, "POST", "/api/login", object{"username": "commanded", "password": "s3cret!"}, nil).Want(t, 401)
	s.Stop(t)
	both("stopped")
	s.Launch(t)
	s.WaitReady(t)
	a.Must(t, "POST", "/api/login", object{"username": "commanded", "password": "s3cret!"}, nil).Want(t, 401)
	if out, bad, code := s.Run(t, "config", "check"); code != 0 {
		t.Errorf("config check: %d %s%s", code, out, bad)
	}
	out, _, code := s.Run(t, "config", "show")
	if code != 0 || !strings.Contains(out, s.Issuer+"/jwks.json") || len(s.Secrets.In([]byte(out))) != 0 {
		t.Errorf("config show: %d, secrets %v", code, s.Secrets.In([]byte(out)))
	}
	if out, _, code := harness.RunBinary(t, s.Dir, nil, "version"); code != 0 || out == "" {
		t.Errorf("version: %d %s", code, out)
	}
}
