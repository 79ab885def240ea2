package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
	"latchkey/storage/archive"
	"latchkey/storage/archive/s3test"
)

// bucketConfig backs up to a real S3 server every second.
func bucketConfig(t *testing.T) (config object, folder string, server *s3test.Server) {
	t.Helper()
	server, err := s3test.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	config, _ = backupConfig(t)
	config["backup.to"], config["backup.every"], config["backup.keep"] = "s3://"+s3test.Bucket+"/of/latchkey", "1s", 3
	config["backup.s3.endpoint"], config["backup.s3.region"] = server.Endpoint, s3test.Region
	config["backup.s3.access_key_id"], config["backup.s3.secret_access_key"] = s3test.AccessKeyID, s3test.SecretAccessKey
	return config, filepath.Join(server.Folder, "of", "latchkey"), server
}

// TestBackupSchedule: the server backs up to a bucket, keeps as many as it is to, and tells the age of the newest, also after a restart and also where
// another made it. What goes wrong is counted and tried again, and takes no readiness away.
func TestBackupSchedule(t *testing.T) {
	t.Parallel()
	config, folder, bucket := bucketConfig(t)
	s := harness.Start(t, harness.Options{Config: config})
	s.SignUp(t, "somebody", "somebody@example.test", "s3cret!")
	last := func() float64 { return s.Metrics(t).Sum("latchkey_backup_last_success_timestamp_seconds") }
	moves := func(than float64) {
		t.Helper()
		harness.Until(t, 30*time.Second, "a backup is taken", func() error {
			if now := last(); now <= than {
				return fmt.Errorf("the last one is of %v", now)
			}
			return nil
		})
	}
	moves(0)
	moves(last())
	harness.Until(t, 30*time.Second, "there are three, and never more for long", func() error {
		if all, err := os.ReadDir(folder); err != nil || len(all) != 3 || s.Metrics(t).Sum("latchkey_backup_duration_seconds") == 0 {
			return fmt.Errorf("%d %w", len(all), err)
		}
		return nil
	})
	if n := opens(t, config, s.Issuer, folder); n < 2 {
		t.Errorf("%d open", n)
	}
	m := s.Metrics(t)
	if m.Sum("latchkey_backup_last_size_bytes") < 1000 || m.Sum("latchkey_backup_last_result") != 1 || m.Sum("latchkey_backup_failures_total") != 0 {
		t.Error(m.Raw)
	}
	run(t, s, "verify", fmt.Sprint(config["backup.to"]))
	if list := run(t, s, "backup", "list"); strings.Count(list, "latchkey-") < 2 {
		t.Error(list)
	}

	// The key is taken from the server.
	if err := bucket.Rekey("another"); err != nil {
		t.Fatal(err)
	}
	harness.Until(t, 30*time.Second, "a failure is counted", func() error {
		if m := s.Metrics(t); m.Sum("latchkey_backup_failures_total") == 0 || m.Sum("latchkey_backup_last_result") != 0 {
			return errors.New("none is")
		}
		return nil
	})
	if status, text := s.Ready(); status != 200 || strings.Contains(text, "backup") {
		t.Errorf("%d %s", status, text)
	}
	stuck := last()
	if stuck == 0 {
		t.Error("the age of the last good one was forgotten")
	}
	if err := bucket.Rekey(s3test.SecretAccessKey); err != nil {
		t.Fatal(err)
	}
	moves(stuck)
	s.Stop(t)

	// What another made is known too, and a schedule that is not due leaves it at that.
	config["backup.every"] = "1h"
	s.Config["backup.every"] = "1h"
	s.WriteConfig(t)
	s.Launch(t)
	s.WaitReady(t)
	known := 0.0
	harness.Until(t, 30*time.Second, "the age is known after a restart", func() error {
		if known = last(); known == 0 {
			return errors.New("it is not")
		}
		return nil
	})
	run(t, s, "backup")
	s.Stop(t)
	s.Launch(t)
	s.WaitReady(t)
	moves(known)
	if logs := s.Logs(); strings.Contains(logs, s3test.SecretAccessKey) {
		t.Error("the secret is in the log")
	}
	s.Stop(t)
	s.Config["storage.bolt.path"] = filepath.Join(s.Dir, "new", "latchkey.db")
	s.WriteConfig(t)
	run(t, s, "restore", fmt.Sprint(config["backup.to"]))
	if out := run(t, s, "users", "list"); !strings.Contains(out, "somebody") {
		t.Error(out)
	}
}

// TestBackupReplicas: of replicas one makes a backup at a time; the others know of it, and take over.
func TestBackupReplicas(t *testing.T) {
	t.Parallel()
	config, folder := backupConfig(t)
	config["backup.every"], config["backup.keep"] = "2s", 0
	r := harness.StartReplicas(t, 3, harness.Database(t), harness.Options{Config: config})
	var all []archive.Entry
	harness.Until(t, 60*time.Second, "four backups are there", func() (err error) {
		if all, err = (archive.Folder{Path: folder, Now: time.Now}).List(t.Context(), r.Issuer); len(all) < 4 {
			return fmt.Errorf("%d are (%v)", len(all), err)
		}
		return nil
	})
	for i, next := range all[1:] {
		if gap := next.Taken.Sub(all[i].Taken); gap < 2*time.Second {
			t.Errorf("two backups were taken within %v: several make them", gap)
		}
	}
}

// TestBackupDiskFull: where there is no room a backup fails, is counted, leaves nothing, and is taken when there is room again.
func TestBackupDiskFull(t *testing.T) {
	t.Parallel()
	config, _ := backupConfig(t)
	disk := filepath.Join(shortDir(t), "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	wrap := []string{"unshare", "--mount"}
	if os.Geteuid() != 0 {
		wrap = append(wrap, "--user", "--map-root-user")
	}
	wrap = append(wrap, "sh", "-c", `mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"`, disk)
	config["backup.to"], config["backup.every"] = disk, "1s"
	s := harness.Start(t, harness.Options{Wrap: wrap, Config: config})
	inside := fmt.Sprintf("/proc/%d/root%s", s.PID(), disk)
	fill := filepath.Join(inside, "filler")
	harness.Until(t, 30*time.Second, "a backup fails", func() error {
		_ = os.WriteFile(fill, make([]byte, 60<<10), 0o600)
		if m := s.Metrics(t); m.Sum("latchkey_backup_failures_total") == 0 {
			return errors.New("none did")
		}
		return nil
	})
	if !strings.Contains(s.Logs(), "no space left on device") {
		t.Error("the log does not say why")
	}
	if left, err := filepath.Glob(filepath.Join(inside, ".latchkey-*")); err != nil || len(left) > 0 {
		t.Errorf("%v %v is left", left, err)
	}
	was := s.Metrics(t).Sum("latchkey_backup_last_success_timestamp_seconds")
	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
	harness.Until(t, 30*time.Second, "a backup is taken again", func() error {
		if m := s.Metrics(t); m.Sum("latchkey_backup_last_success_timestamp_seconds") <= was {
			return errors.New("none is")
		}
		return nil
	})
	if n := opens(t, config, s.Issuer, inside); n == 0 {
		t.Error("none opens")
	}
	s.Stop(t)
}
