package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// Many more sign-ins than there is time for: what matters more is served, who is refused is told when to come back, nothing else goes wrong, and
// afterwards all is as before.
func TestStorm(t *testing.T) {
	s := harness.Start(t, harness.Options{Config: object{"accounts.hash.memory": "64MiB", "accounts.hash.passes": 3, "accounts.hash.slots": 1, "accounts.hash.queue_wait": "300ms",
		"accounts.limits.address_attempts": 1 << 30}})
	s.SignUp(t, "stormy", "stormy@example.test", "correct horse battery")
	signIn := func() (*harness.Reply, error) {
		return s.API().Do(http.MethodPost, "/api/login", object{"username": "stormy", "password": "correct horse battery"}, nil)
	}
	var mu sync.Mutex
	seen := map[string]map[int]int{"sign-in": {}, "keys": {}, "token": {}}
	note := func(what string, r *harness.Reply, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		seen[what][r.Status]++
		if r.Status != 200 && (r.Status != 503 || r.Header.Get("Retry-After") == "") {
			t.Errorf("%s: %d without word of when to come back: %v", what, r.Status, r.Header)
		}
	}
	var wg sync.WaitGroup
	for range 60 {
		wg.Go(func() {
			for range 3 {
				r, err := signIn()
				note("sign-in", r, err)
			}
		})
	}
	for range 20 {
		r, err := s.API().Do(http.MethodGet, "/jwks.json", nil, nil)
		note("keys", r, err)
		r, err = s.API().Do(http.MethodPost, "/token", form("grant_type", "client_credentials"), harness.Basic(harness.MachineID, harness.MachineSecret))
		note("token", r, err)
	}
	checkWorker(t, s.PID())
	wg.Wait()
	if seen["keys"][200] != 20 || seen["token"][200] != 20 {
		t.Errorf("refused while people sign in: %v", seen)
	}
	if seen["sign-in"][200] == 0 || seen["sign-in"][503] == 0 {
		t.Errorf("some sign-ins are served and some refused: %v", seen)
	}
	if n := s.Metrics(t).Sum("latchkey_hash_shed_total"); int(n) == 0 {
		t.Error("no metric tells that sign-ins were shed")
	}
	harness.Until(t, 30*time.Second, "one can sign in again", func() error {
		r, err := signIn()
		if err == nil && r.Status != 200 {
			err = fmt.Errorf("%d", r.Status)
		}
		return err
	})
	s.Stop(t)
	if logs := s.Logs(); strings.Contains(logs, "cannot be had") || strings.Contains(logs, `"panic"`) {
		t.Error("the log tells of faults")
	}
}

// checkWorker finds the process that computes hashes: of low priority, with nothing of the server's environment.
func checkWorker(t *testing.T, server int) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", server))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		b, _ := os.ReadFile(file)
		found = append(found, strings.Fields(string(b))...)
	}
	if len(found) != 1 {
		t.Fatalf("processes of the server: %q, want one for hashes", found)
	}
	pid, _ := strconv.Atoi(found[0])
	command, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest) // proc(5): from the third on
	if string(command) != "latchkey\x00hash-worker\x00" || bytes.Contains(environ, []byte("LATCHKEY")) || bytes.Contains(environ, []byte("PATH=")) || len(fields) < 17 || fields[16] != "19" {
		t.Errorf("it runs as %q in %q, nice %v", command, environ, fields)
	}
}
