package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/e2e/harness"
	"latchkey/storage/postgres/pgtest"
)

// backupCrowd is how many accounts a store gets whose backups and restores are to take a while.
const backupCrowd = 2500

// crowded is a server, not running, with a store that takes a while to back up and to restore.
func crowded(t *testing.T, config object) *harness.Server {
	t.Helper()
	s := harness.Start(t, harness.Options{Config: config})
	s.SignUp(t, "somebody", "somebody@example.test", "s3cret!")
	s.Stop(t)
	large := filepath.Join(s.Dir, "large.db")
	crowd(t, s.Store, large, backupCrowd)
	if err := os.Rename(large, s.Store); err != nil {
		t.Fatal(err)
	}
	return s
}

// killed runs a command and kills it at a random moment in the latter three quarters of the time that it takes when it is let: before that it reads.
// It says whether it had ended by then.
func killed(t *testing.T, s *harness.Server, took time.Duration, args ...string) (ended bool) {
	t.Helper()
	p := harness.RunServer(t, s.Dir, nil, append(args, "--config", s.ConfigFile)...)
	time.Sleep(took/4 + rand.N(took*3/4))
	return end(t, p)
}

// halfway runs a restore into a database and kills it when something is there, and not yet read again. It says whether it had ended by then.
func halfway(t *testing.T, s *harness.Server, url string, args ...string) (ended bool) {
	t.Helper()
	p := harness.RunServer(t, s.Dir, nil, append(args, "--config", s.ConfigFile)...)
	for begun := time.Now(); !p.Ended() && time.Since(begun) < time.Minute; time.Sleep(time.Millisecond) {
		if n, err := pgtest.Ask[int](url, "SELECT count(*)::int FROM transfer"); err == nil && n > 0 { // at first there is no such table
			break
		}
	}
	return end(t, p)
}

// end kills a command and waits for its end. It says whether it had ended by itself.
func end(t *testing.T, p *harness.Process) bool {
	t.Helper()
	if p.Ended() {
		return true
	}
	_ = syscall.Kill(-p.PID(), syscall.SIGKILL)
	harness.Until(t, 10*time.Second, "it is dead", func() error {
		if !p.Ended() {
			return fmt.Errorf("it runs")
		}
		return nil
	})
	return false
}

// took is how long a command takes.
func took(t *testing.T, s *harness.Server, args ...string) time.Duration {
	t.Helper()
	begun := time.Now()
	run(t, s, args...)
	return time.Since(begun)
}

// TestBackupKilled kills who makes a backup, the command or the server, again and again: whatever has a backup's name is a whole one.
func TestBackupKilled(t *testing.T) {
	t.Parallel()
	config, folder := backupConfig(t)
	config["backup.keep"] = 0
	s := crowded(t, config)
	long := took(t, s, "backup")
	whole, cut := 1, 0
	for range 6 {
		if killed(t, s, long, "backup") {
			whole++
		} else {
			cut++
		}
	}
	s.Config["backup.every"] = "1s"
	s.WriteConfig(t)
	for range 4 {
		s.Launch(t)
		s.WaitReady(t)
		time.Sleep(rand.N(long))
		s.Kill()
		cut++
	}
	n := opens(t, config, s.Issuer, folder)
	left, err := filepath.Glob(filepath.Join(folder, ".latchkey-*"))
	if err != nil || n < whole {
		t.Errorf("%v: %d whole ones, and %d commands ended", err, n, whole)
	}
	t.Logf("a backup takes %v; %d were killed; %d whole ones are there, and %d that never had a name", long.Round(time.Millisecond), cut, n, len(left))
	s.Launch(t)
	s.WaitReady(t)
	s.Stop(t)
}

// restoredWhole starts the server on what was restored, and compares.
func restoredWhole(t *testing.T, s *harness.Server) {
	t.Helper()
	s.Launch(t)
	s.WaitReady(t)
	s.API().Must(t, "POST", "/api/login", object{"username": "somebody", "password": "s3cret!"}, nil).Want(t, 200)
	if n := s.Metrics(t).Sum("latchkey_store_records", "kind", "accounts"); n != backupCrowd+1 {
		t.Errorf("%v accounts", n)
	}
	s.Stop(t)
}

// TestRestoreKilled kills restores again and again. No server ever serves half of one; the same command brings it to its end.
func TestRestoreKilled(t *testing.T) {
	t.Parallel()
	config, folder := backupConfig(t)
	s := crowded(t, config)
	run(t, s, "backup")
	t.Run("bolt", func(t *testing.T) {
		path := filepath.Join(s.Dir, "new", "latchkey.db")
		s.Config["storage.bolt.path"] = path
		s.WriteConfig(t)
		long := took(t, s, "restore", folder)
		cut := 0
		for range 4 {
			if err := os.RemoveAll(filepath.Dir(path)); err != nil {
				t.Fatal(err)
			}
			if killed(t, s, long, "restore", folder) {
				continue
			}
			cut++
			if _, err := os.Stat(path); err == nil {
				restoredWhole(t, s)
			}
		}
		if _, err := os.Stat(path); err != nil {
			run(t, s, "restore", folder)
		}
		restoredWhole(t, s)
		for range 3 { // over a store that is there
			killed(t, s, long, "restore", folder, "--replace", "--yes")
			restoredWhole(t, s)
		}
		checkFactors(t, boltAt(t, path), backupCrowd, false)
		t.Logf("a restore takes %v; %d were killed", long.Round(time.Millisecond), cut+3)
	})
	t.Run("postgres", func(t *testing.T) {
		s.Config["storage.driver"], s.Config["storage.postgres.url"] = "postgres", harness.Database(t)
		s.WriteConfig(t)
		long := took(t, s, "restore", folder, "--keep-sessions")
		s.Config["storage.postgres.url"] = harness.Database(t)
		s.WriteConfig(t)
		half, done := 0, false
		for range 5 {
			if done = killed(t, s, long, "restore", folder, "--keep-sessions"); done {
				break
			}
			out, said, code := s.Run(t, "users", "list", "-o", "json")
			switch {
			case strings.Contains(said, "half filled"):
				half++
			case code == 0 && json.Valid([]byte(out)): // nothing, or everything
				var all []struct{ ID int64 }
				if err := json.Unmarshal([]byte(out), &all); err != nil || len(all) > 0 && len(all) < backupCrowd {
					t.Errorf("%d accounts are served (%v)", len(all), err)
				}
			default:
				t.Errorf("exit code %d: %s", code, said)
			}
			if code == 0 { // it was opened, so it has keys now
				s.Config["storage.postgres.url"] = harness.Database(t)
				s.WriteConfig(t)
			}
		}
		if !done {
			run(t, s, "restore", folder, "--keep-sessions")
		}
		restoredWhole(t, s)
		checkFactors(t, postgresAt(t, fmt.Sprint(s.Config["storage.postgres.url"])), backupCrowd, true)
		t.Logf("a restore takes %v; it was half done %d times", long.Round(time.Millisecond), half)
	})
	t.Run("postgres, half filled", func(t *testing.T) {
		tries := 0
		for ended := true; ended; tries++ {
			if tries == 10 {
				t.Fatal("it was never killed before its end")
			}
			url := harness.Database(t)
			s.Config["storage.postgres.url"] = url
			s.WriteConfig(t)
			ended = halfway(t, s, url, "restore", folder, "--keep-sessions")
		}
		refused(t, s, "half filled", "users", "list")
		refused(t, s, "half filled", "serve")
		refused(t, s, "something else", "restore", folder)
		run(t, s, "restore", folder, "--keep-sessions")
		restoredWhole(t, s)
		checkFactors(t, postgresAt(t, fmt.Sprint(s.Config["storage.postgres.url"])), backupCrowd, true)
		t.Logf("%d tries", tries)
	})
}
