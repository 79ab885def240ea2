package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
	"latchkey/storage/archive"
)

// TestBackupDamaged: a backup with one byte changed, cut, or of another key is refused by verify and by restore, and the store stays as it was.
func TestBackupDamaged(t *testing.T) {
	t.Parallel()
	config, folder := backupConfig(t)
	s := harness.Start(t, harness.Options{Config: config})
	for i := range 5 {
		s.SignUp(t, fmt.Sprintf("user_%d", i), fmt.Sprintf("user%d@example.test", i), "s3cret!")
	}
	run(t, s, "backup")
	good, err := os.ReadFile(only(t, folder))
	if err != nil {
		t.Fatal(err)
	}
	s.Stop(t)
	store, err := os.ReadFile(s.Store)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.age")
	tried := 0
	try := func(what string, content []byte) {
		t.Helper()
		if err := os.WriteFile(bad, content, 0o600); err != nil {
			t.Fatal(err)
		}
		args := [][]string{{"verify", bad}, {"restore", bad, "--replace", "--yes"}}[tried%2]
		tried++
		if out, said, code := s.Run(t, args...); code != 1 || strings.Count(said, "\n") != 1 {
			t.Errorf("%s, %s: exit code %d\n%s%s", what, args[0], code, out, said)
		}
	}
	for i := range 8 { // every one of them is tried by the package's own tests
		at := i * (len(good) - 1) / 7
		changed := bytes.Clone(good)
		changed[at] ^= 4
		try(fmt.Sprintf("byte %d", at), changed)
	}
	for _, n := range []int{0, 100, len(good) / 2, len(good) - 1} {
		try(fmt.Sprintf("the first %d bytes", n), good[:n])
	}
	if now, err := os.ReadFile(s.Store); err != nil || !bytes.Equal(now, store) {
		t.Error("the store was changed")
	}
	other, _ := backupConfig(t)
	file := only(t, folder)
	refused(t, s, "encrypted for other keys", "verify", file, "--key-file", fmt.Sprint(other["backup.key_file"]))
	refused(t, s, "encrypted for other keys", "restore", file, "--replace", "--yes", "--key-file", fmt.Sprint(other["backup.key_file"]))
	refused(t, s, "not confirmed", "restore", file, "--replace")
	refused(t, s, "--other-issuer", "restore", file, "--replace", "--yes", "--issuer", "https://other.example.test")
	run(t, s, "restore", file, "--replace", "--yes")
	if kept, err := filepath.Glob(s.Store + ".replaced-*"); err != nil || len(kept) != 1 {
		t.Errorf("%v %v", kept, err)
	}
	if out := run(t, s, "users", "list"); !strings.Contains(out, "user_4") {
		t.Error(out)
	}
}

// TestBackupRefusesAnotherSealingKey: what would be restored and could never be served is said beforehand.
func TestBackupRefusesAnotherSealingKey(t *testing.T) {
	t.Parallel()
	config, folder := backupConfig(t)
	s := harness.Start(t, harness.Options{Config: config})
	run(t, s, "backup")
	s.Stop(t)
	key, _, _ := harness.RunBinary(t, s.Dir, nil, "keys", "generate-sealing-key")
	if err := os.WriteFile(s.SealingKey, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, s, "another keys.sealing_key", "restore", folder, "--replace", "--yes")
}

// TestBackupNeedsTheServersKey: a server makes backups with the key that it was started with. A command that has another says so, and keeps nothing.
func TestBackupNeedsTheServersKey(t *testing.T) {
	t.Parallel()
	config, folder := backupConfig(t)
	s := harness.Start(t, harness.Options{Config: config})
	other, _ := backupConfig(t)
	refused(t, s, "with another key than the backup.key of this configuration", "backup", "--set", fmt.Sprint("backup.key_file=", other["backup.key_file"]))
	s.Config["backup.key_file"], s.Config["backup.to"] = nil, nil
	s.WriteConfig(t)
	refused(t, s, "backup.key: is missing", "backup", "--to", folder)
	s.Stop(t)
	s.Launch(t) // without a key
	s.WaitReady(t)
	refused(t, s, "the running server: backup.key: is missing", "backup", "--to", folder, "--set", fmt.Sprint("backup.key_file=", config["backup.key_file"]))
	if left, err := filepath.Glob(filepath.Join(folder, "*")); err != nil || len(left) > 0 {
		t.Errorf("%v %v is left", left, err)
	}
	s.Stop(t)
}

// opens verifies every backup in a folder and says how many there are, without those that a server lets go meanwhile.
func opens(t testing.TB, config object, issuer, folder string) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprint(config["backup.key_file"]))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := archive.ParseKeys(string(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := archive.Folder{Path: folder, Now: time.Now}.List(t.Context(), issuer)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range all {
		f, err := os.Open(filepath.Join(folder, e.Name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		info, err := archive.Verify(t.Context(), f, keys)
		_ = f.Close()
		if err != nil || !info.Proven {
			t.Errorf("%s: %v", e.Name, err)
		}
		n++
	}
	return n
}
