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
)

// TestStandby: a second process on the same file waits, says so, and takes over when the first is killed.
func TestStandby(t *testing.T) {
	dir := shortDir(t)
	store := filepath.Join(dir, "shared.db")
	key := filepath.Join(dir, "sealing.key")
	first := harness.Start(t, harness.Options{Config: object{"storage.bolt.path": store}})
	copyFile(t, first.SealingKey, key)
	second := harness.Start(t, harness.Options{Config: object{"storage.bolt.path": store, "keys.sealing_key_file": key, "issuer": first.Issuer}, Later: true})
	token := first.SignUp(t, "standby", "standby@example.test", "s3cret!")
	second.Launch(t)
	harness.Until(t, 20*time.Second, "the second says that it stands by", func() error {
		if status, text := second.Ready(); status != 503 || !strings.Contains(text, "standby") {
			return fmt.Errorf("%d %s", status, text)
		}
		return nil
	})
	first.Kill()
	begun := time.Now()
	second.WaitReady(t)
	t.Logf("the stand-by took over after %v", time.Since(begun).Round(time.Millisecond))
	a := second.API()
	a.Base = "http://" + second.Config["server.listen"].(string)
	a.Must(t, "GET", "/api/profile", nil, harness.Bearer(token)).Want(t, 200)
	second.Stop(t)
	// One that stands by ends at once when it is told to.
	first.Launch(t)
	first.WaitReady(t)
	second.Launch(t)
	harness.Until(t, 20*time.Second, "the second stands by again", func() error {
		if _, text := second.Ready(); !strings.Contains(text, "standby") {
			return errors.New(text)
		}
		return nil
	})
	second.Stop(t)
}

func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
