package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestOpenIDClient runs rp.mjs: npm openid-client against the server.
func TestOpenIDClient(t *testing.T) {
	p := newParties(t)
	s := p.start(harness.Options{})
	runNode(t, "rp.mjs", p.input(s, object{
		"plain": harness.Callback, "afterSignOut": harness.AfterSignOut, "resource": harness.ResourceServer,
		"clients": []object{
			{"id": harness.WebID, "secret": harness.WebSecret, "method": "basic"},
			{"id": harness.QuietID, "secret": harness.QuietSecret, "method": "post", "alg": "ES256"},
			{"id": harness.PublicID, "method": "none"},
		},
		"machine": object{"id": harness.MachineID, "secret": harness.MachineSecret},
	}), p.answer(s))
}

// TestOAuth4WebAPI runs rp4.mjs: npm oauth4webapi, which leaves nothing to defaults, with an issuer that has a path.
func TestOAuth4WebAPI(t *testing.T) {
	p := newParties(t)
	s := p.start(harness.Options{Path: "/id"})
	runNode(t, "rp4.mjs", p.input(s, nil), p.answer(s))
}

// TestAuthlib runs rp.py: Authlib on requests.
func TestAuthlib(t *testing.T) {
	p := newParties(t)
	s := p.start(harness.Options{})
	runScript(t, ".venv/bin/python", "rp.py", p.input(s, nil), p.answer(s))
}

func runNode(t testing.TB, script string, input any, asked func(ask object) any) {
	t.Helper()
	runScript(t, "node", script, input, asked)
}

// runScript runs a script of this folder with input as JSON on its standard input. Each line that it prints as {"ok":…,"name":…} is a check;
// lines {"ask":…} are answered by asked.
func runScript(t testing.TB, command, script string, input any, asked func(ask object) any) {
	t.Helper()
	dir := filepath.Join(harness.Root(), "e2e")
	if strings.Contains(command, "/") {
		command = filepath.Join(dir, command)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command, filepath.Join(dir, script))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NO_PROXY=*")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %v (run `make deps`)", command, err)
	}
	encode := json.NewEncoder(stdin)
	if err := encode.Encode(input); err != nil {
		t.Fatal(err)
	}
	checks, failed, done := 0, 0, false
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var m object
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Logf("%s: %s", script, lines.Text())
			continue
		}
		switch {
		case m["ask"] != nil:
			if err := encode.Encode(asked(m)); err != nil {
				t.Errorf("%s: answer: %v", script, err)
			}
		case m["done"] != nil:
			done = true
		case m["ok"] == true:
			checks++
		default:
			failed++
			t.Errorf("%s: %v: %v", script, m["name"], m["detail"])
		}
	}
	_ = stdin.Close()
	if err := cmd.Wait(); err != nil || !done {
		t.Errorf("%s ended with %v, done %t:\n%s", script, err, done, stderr.String())
	}
	t.Logf("%s: %d checks passed, %d failed", script, checks, failed)
	if checks == 0 {
		t.Errorf("%s checked nothing", script)
	}
}
