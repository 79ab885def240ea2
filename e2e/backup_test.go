package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// backupConfig is configuration with a key for backups and a folder for them, both new.
func backupConfig(t *testing.T) (config object, folder string) {
	t.Helper()
	dir := t.TempDir()
	key, _, code := harness.RunBinary(t, dir, nil, "backup", "generate-key")
	file := filepath.Join(dir, "backup.key")
	if err := os.WriteFile(file, []byte(key), 0o600); err != nil || code != 0 {
		t.Fatalf("%v, exit code %d", err, code)
	}
	folder = filepath.Join(dir, "backups")
	config = killConfig()
	config["backup.key_file"], config["backup.to"] = file, folder
	return config, folder
}

// run runs a command that must succeed.
func run(t testing.TB, s *harness.Server, args ...string) string {
	t.Helper()
	out, bad, code := s.Run(t, args...)
	if code != 0 {
		t.Fatalf("latchkey %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, bad)
	}
	return out
}

// refused runs a command that must fail, and returns what it said.
func refused(t testing.TB, s *harness.Server, want string, args ...string) {
	t.Helper()
	out, bad, code := s.Run(t, args...)
	if code == 0 || !strings.Contains(bad, want) {
		t.Errorf("latchkey %s: exit code %d, and %q is not in\n%s%s", strings.Join(args, " "), code, want, out, bad)
	}
}

// lists is what of the journal can be read while it is written.
func (k *killer) lists() journal {
	k.mu.Lock()
	defer k.mu.Unlock()
	j := k.now
	return journal{accounts: slices.Clone(j.accounts), sessions: slices.Clone(j.sessions), ended: slices.Clone(j.ended), fixed: slices.Clone(j.fixed), resets: slices.Clone(j.resets)}
}

// backupRound loads the server, backs up in the middle of it, and kills the server later, still under load. It returns what was acknowledged before the
// backup, and the accounts that were asked for after it.
func (k *killer) backupRound(round int) (before journal, after []acked) {
	k.t.Helper()
	var seen int
	k.kill = func() {
		time.Sleep(300 * time.Millisecond)
		harness.Until(k.t, time.Minute, "there is something of everything", func() error {
			if j := k.lists(); len(j.accounts) == 0 || len(j.ended) == 0 || len(j.sessions) == 0 || len(j.fixed) == 0 {
				return fmt.Errorf("there are %d accounts, %d sessions", len(j.accounts), len(j.sessions))
			}
			return nil
		})
		links := k.promises()
		before = k.lists()
		before.links = links
		run(k.t, k.s, "backup")
		seen = len(k.lists().accounts)
		harness.Until(k.t, time.Minute, "the load went on after the backup", func() error {
			if n := len(k.lists().accounts); n < seen+12 {
				return fmt.Errorf("%d accounts came after it", n-seen)
			}
			return nil
		})
		k.s.Kill()
	}
	k.round(round)
	return before, k.now.accounts[seen+8:] // each worker may have had one under way
}

// TestBackup backs up bolt under load, restores into PostgreSQL, backs that up under load, and restores into bolt. What was acknowledged before a backup
// is there, and nothing lives again.
func TestBackup(t *testing.T) {
	t.Parallel()
	config, folder := backupConfig(t)
	s := harness.Start(t, harness.Options{Config: config})
	k := newKiller(t, s, func() {})
	k.round(0)
	settled := k.now
	before, after := k.backupRound(1)
	refused(t, s, "not empty", "restore", folder)

	s.Config["storage.driver"], s.Config["storage.postgres.url"] = "postgres", harness.Database(t)
	s.WriteConfig(t)
	run(t, s, "restore", folder, "--keep-sessions")
	s.Launch(t)
	s.WaitReady(t)
	for _, j := range []journal{settled, before} {
		k.now = j
		k.check()
	}
	k.followed(before.links)
	k.spent("account of after the backup", len(after), func(i int) error { return k.login(after[i].username, after[i].password, 401) })
	t.Logf("bolt to PostgreSQL: %d and %d accounts there, %d of later not", len(settled.accounts), len(before.accounts), len(after))

	k.kill = func() {}
	k.round(2)
	settled = k.now
	before, after = k.backupRound(3)
	refused(t, s, "not empty", "restore", folder, "--keep-sessions")
	s.Config["storage.driver"], s.Config["storage.bolt.path"] = "bolt", filepath.Join(s.Dir, "restored", "latchkey.db")
	s.WriteConfig(t)
	out := run(t, s, "restore", folder)
	s.Launch(t)
	s.WaitReady(t)
	k.voided(settled, before)
	k.spent("account of after the backup", len(after), func(i int) error { return k.login(after[i].username, after[i].password, 401) })
	t.Logf("PostgreSQL to bolt: %d and %d accounts there, %d of later not\n%s", len(settled.accounts), len(before.accounts), len(after), out)
	checkNumbers(t, s, settled.accounts[0].username)
	s.Stop(t)
}

// voided checks that people of a backup are there, and that nobody is signed in.
func (k *killer) voided(all ...journal) {
	for _, j := range all {
		k.held("account", len(j.accounts), func(i int) error { return k.login(j.accounts[i].username, j.accounts[i].password, 200) })
		k.held("new password", len(j.resets), func(i int) error { return k.login(j.resets[i].username, j.resets[i].password, 200) })
		k.spent("old password", len(j.resets), func(i int) error { return k.login(j.resets[i].username, "first-password", 401) })
		k.unfollowed(j.links)
		tokens := append(slices.Clone(j.sessions), j.ended...)
		k.spent("session", len(tokens), func(i int) error { return k.status("GET", "/api/profile", tokens[i], 401) })
		k.spent("refresh token of the session dialect", len(j.fixed), func(i int) error {
			return want(k.api().Do("POST", "/api/auth/refresh", object{"refresh_token": j.fixed[i]}, nil))(401)
		})
		k.spent("refresh token or code", len(j.chains), func(i int) error {
			for _, token := range j.chains[i].tokens {
				if err := want(j.chains[i].flow.Refresh(k.api(), token))(400); err != nil {
					return err
				}
			}
			return want(j.chains[i].flow.Redeem(k.api()))(400)
		})
	}
}

// checkNumbers: who comes after a restore gets no number that somebody may have got after the backup.
func checkNumbers(t *testing.T, s *harness.Server, known string) {
	t.Helper()
	number := func(name string) int64 {
		var user struct{ ID int64 }
		if err := json.Unmarshal([]byte(run(t, s, "users", "show", name, "-o", "json")), &user); err != nil || user.ID == 0 {
			t.Fatalf("%v: %+v", err, user)
		}
		return user.ID
	}
	s.SignUp(t, "afterwards", "afterwards@example.test", "s3cret!")
	if was, is := number(known), number("afterwards"); is < was+100_000 {
		t.Errorf("%d came after %d", is, was)
	}
}

// TestBackupRecoversWithoutUs opens a backup with age and gunzip alone.
func TestBackupRecoversWithoutUs(t *testing.T) {
	t.Parallel()
	config, folder := backupConfig(t)
	s := harness.Start(t, harness.Options{Config: config})
	s.SignUp(t, "somebody", "somebody@example.test", "s3cret!")
	run(t, s, "backup")
	if s.Metrics(t).Sum("latchkey_audit_events_total", "event", "backup.taken") != 1 {
		t.Error("there is no audit event")
	}
	name := only(t, folder)
	out, err := exec.Command("sh", "-c", `age -d -i "$0" "$1" | gunzip`, fmt.Sprint(config["backup.key_file"]), name).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	for _, line := range lines {
		if !json.Valid(line) {
			t.Errorf("a line is no JSON: %.100s", line)
		}
	}
	if len(lines) < 6 || !bytes.Contains(out, []byte(`"somebody@example.test"`)) {
		t.Errorf("%d lines", len(lines))
	}
	sealed, err := os.ReadFile(s.SealingKey)
	if err != nil || bytes.Contains(out, bytes.TrimSpace(sealed)) {
		t.Error("the sealing key is in it")
	}
	if found := s.Secrets.In(out); len(found) > 0 {
		t.Errorf("secrets in it: %v", found)
	}
}

// only is the path of the one file in a folder.
func only(t testing.TB, folder string) string {
	t.Helper()
	all, err := os.ReadDir(folder)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v %v", all, err)
	}
	return filepath.Join(folder, all[0].Name())
}
