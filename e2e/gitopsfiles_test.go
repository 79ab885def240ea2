package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestClientsDiff: what would change, without changing it.
func TestClientsDiff(t *testing.T) {
	m := newConfigMap(t)
	files := map[string]string{"app.yaml": gitClient("app", ""), "groups.yaml": gitStaff, "scopes.yaml": gitScopes}
	m.set(files)
	s := gitServer(t, m, nil)
	if out, errs, code := s.Run(t, "clients", "diff"); code != 0 || out != "Nothing differs.\n" {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	next := newConfigMap(t)
	next.set(map[string]string{"app.yaml": gitClient("app", "client_uri: https://app.example.test\n"), "new.yaml": gitClient("new", ""), "groups.yaml": gitNobody})
	out, errs, code := s.Run(t, "clients", "diff", "--dir", next.dir)
	if code != 1 || errs != "" {
		t.Errorf("exit %d %s", code, errs)
	}
	for _, want := range []string{"~ client app\n    + client_uri: \"https://app.example.test\"\n", "+ client new\n", "~ group staff\n    - members[" + gitPerson + "]", "- scope invoices.read\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, gitSecret) || strings.Contains(out, "sha256:") {
		t.Errorf("a secret is told:\n%s", out)
	}
	next.set(map[string]string{"app.yaml": "clients:\n- client_id: app\n  redirect_uri: [x]\n"})
	out, errs, code = s.Run(t, "clients", "diff", "--dir", next.dir, "-o", "json")
	var told struct {
		Against     string
		Differences []struct{ Kind, Name, Change string }
		Faults      []string
	}
	if err := json.Unmarshal([]byte(out), &told); err != nil || code != 78 || told.Against != "server" || len(told.Faults) == 0 || !strings.Contains(errs, "app.yaml:3") {
		t.Errorf("exit %d, %v\n%s%s", code, err, out, errs)
	}
	s.Stop(t)
	if out, errs, code := s.Run(t, "clients", "diff"); code != 0 || !strings.Contains(out, "No server was asked") {
		t.Errorf("against the store: exit %d\n%s%s", code, out, errs)
	}
	m.set(map[string]string{"app.yaml": gitClient("app", "client_uri: https://app.example.test\n")})
	if out, _, code := s.Run(t, "clients", "diff"); code != 1 || !strings.Contains(out, "~ client app") {
		t.Errorf("against the store: exit %d\n%s", code, out)
	}
}

// TestSecretRotation exchanges the secret of a client without a moment in which it has none: a second one by file, both work, the first goes.
func TestSecretRotation(t *testing.T) {
	m, secrets := newConfigMap(t), shortDir(t)
	first, second := "first-secret-"+harness.Random(30), "second-secret-"+harness.Random(30)
	put := func(name, value string) string {
		t.Helper()
		path := filepath.Join(secrets, name)
		if err := os.WriteFile(path, []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := func(entries ...string) map[string]string {
		return map[string]string{"machine.yaml": "client_id: rotating\ngrant_types: [client_credentials]\nscope: read\nsecrets:\n- " + strings.Join(entries, "\n- ") + "\n"}
	}
	one := "{value_file: " + put("one", first) + "}"
	m.set(file(one))
	s := harness.Start(t, harness.Options{Config: object{"clients_dir": m.dir}, Env: []string{"ROTATING_SECRET=" + second}})
	s.Secrets.Add("client secret", first, second)
	works := func(secret string) bool {
		return s.API().Must(t, "POST", "/token", form("grant_type", "client_credentials"), harness.Basic("rotating", secret)).Status == 200
	}
	if !works(first) || works(second) {
		t.Fatal("before the rotation")
	}
	// A second secret, from the environment, beside the first, which ends by itself in an hour if nobody ends it before.
	ends := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	m.set(file(strings.TrimSuffix(one, "}")+", expires_at: '"+ends+"'}", "{value_env: ROTATING_SECRET}"))
	becomes(t, "both work", func() (bool, string) { return works(second) && works(first), "not yet" })
	used := s.Metrics(t)
	if used.Sum("latchkey_client_secret_last_used_timestamp_seconds", "client_id", "rotating") < 2*float64(time.Now().Add(-time.Minute).Unix()) ||
		used.Sum("latchkey_client_secret_expiry_timestamp_seconds", "client_id", "rotating") < float64(time.Now().Unix()) {
		t.Error("the metrics do not tell which secret is used and when one ends")
	}
	if out, _, code := s.Run(t, "clients", "show", "rotating"); code != 0 || strings.Count(out, "last used") != 2 || !strings.Contains(out, "until "+ends) {
		t.Errorf("exit %d\n%s", code, out)
	}
	m.set(file("{value_env: ROTATING_SECRET}"))
	becomes(t, "the first is gone", func() (bool, string) { return !works(first), "it works still" })
	if !works(second) {
		t.Error("the second one went with it")
	}
	if found := s.Secrets.In([]byte(s.Logs())); len(found) > 0 {
		t.Errorf("in the log: %v", found)
	}
}

// TestPrune: what was granted to a client that no file has any more waits for it, or, where pruning is on, is gone for good.
func TestPrune(t *testing.T) {
	for _, prune := range []bool{false, true} {
		t.Run(fmt.Sprintf("prune %v", prune), func(t *testing.T) {
			m := newConfigMap(t)
			with := map[string]string{"app.yaml": gitClient("app", ""), "stays.yaml": gitClient("stays", "")}
			without := map[string]string{"stays.yaml": with["stays.yaml"]}
			m.set(with)
			s := gitServer(t, m, object{"declared.prune": prune, "declared.prune_after": "1s"})
			s.SignUp(t, "ada", gitPerson, gitPass)
			got := gitTokens(t, s, s.Browser(t).SignIn("ada", gitPass), "app", gitClaimed)
			if _, _, code := s.Run(t, "clients", "create", "by-command", "--auth", "none", "--redirect-uri", harness.Callback); code != 0 {
				t.Fatal("no client made by command")
			}
			inert := func() float64 {
				return s.Metrics(t).Sum("latchkey_declared_objects", "kind", "client", "state", "inert")
			}

			m.set(nil) // an empty folder says nothing of what is to go
			becomes(t, "the client is away", func() (bool, string) {
				r := gitRefresh(t, s, "app", gitSecret, got.S("refresh_token"))
				return r.Status == 401, fmt.Sprint(r.Status)
			})
			time.Sleep(2 * time.Second)
			m.set(with)
			becomes(t, "and back, with what was granted", func() (bool, string) {
				r := gitRefresh(t, s, "app", gitSecret, got.S("refresh_token"))
				if r.Status == 200 {
					got = r
				}
				return r.Status == 200, fmt.Sprint(r.Status)
			})

			m.set(without)
			if prune {
				becomes(t, "the client is pruned", func() (bool, string) {
					v := s.Metrics(t).Sum("latchkey_declared_pruned_total")
					return v == 1 && inert() == 0, fmt.Sprint(v)
				})
			} else {
				becomes(t, "the client is inert", func() (bool, string) { return inert() == 1, fmt.Sprint(inert()) })
				if out, _, _ := s.Run(t, "clients", "list"); !strings.Contains(out, "configuration, no more") {
					t.Errorf("%s", out)
				}
			}
			s.Stop(t) // what waits, waits in the store
			m.set(with)
			s.Launch(t)
			s.WaitReady(t)
			if r := gitRefresh(t, s, "app", gitSecret, got.S("refresh_token")); (r.Status == 200) == prune {
				t.Errorf("prune %v, and a refresh token of before: %d %s", prune, r.Status, r.Raw)
			}
			if out, _, code := s.Run(t, "clients", "show", "by-command"); code != 0 {
				t.Errorf("the client made by command is gone: %s", out)
			}
		})
	}
}
