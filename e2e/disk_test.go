package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestDiskFull: on a full disk reads go on and writes answer 503 with Retry-After; when there is space again, all works without a restart.
func TestDiskFull(t *testing.T) {
	dir := shortDir(t)
	disk := filepath.Join(dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	// A file system of its own, in a mount namespace of its own. Who is not root gets it by way of a user namespace.
	wrap := []string{"unshare", "--mount"}
	if os.Geteuid() != 0 {
		wrap = append(wrap, "--user", "--map-root-user")
	}
	wrap = append(wrap, "sh", "-c", `mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"`, disk)
	s := harness.Start(t, harness.Options{Wrap: wrap, Config: object{"storage.bolt.path": filepath.Join(disk, "latchkey.db")}})
	token := s.SignUp(t, "before", "before@example.test", "s3cret!")
	inside := fmt.Sprintf("/proc/%d/root%s", s.PID(), disk)
	filler, err := os.Create(filepath.Join(inside, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = filler.Write(block)
	}
	_ = filler.Close()
	a := s.API()
	var r *harness.Reply
	// The store's file may have pages left: it is full when a write fails.
	for i := range 400 {
		r = s.API().Must(t, "POST", "/api/signup", object{"username": fmt.Sprintf("full_%d", i), "email": fmt.Sprintf("full%d@example.test", i), "password": "s3cret!"}, nil)
		if r.Status != 201 {
			break
		}
	}
	if r.Status != 503 || r.Header.Get("Retry-After") == "" {
		t.Fatalf("a write on a full disk: %d %v %.300s", r.Status, r.Header, r.Raw)
	}
	checkError(t, r, "")
	a.Must(t, "GET", "/jwks.json", nil, nil).Want(t, 200)
	a.Must(t, "GET", "/api/profile", nil, harness.Bearer(token)).Want(t, 200)
	a.Must(t, "POST", "/token", form("grant_type", "client_credentials"), harness.Basic(harness.MachineID, harness.MachineSecret)).Want(t, 200)
	if err := os.Remove(filepath.Join(inside, "filler")); err != nil {
		t.Fatal(err)
	}
	harness.Until(t, 20*time.Second, "writes work again", func() error {
		r, err := s.API().Do("POST", "/api/signup", object{"username": "after", "email": "after@example.test", "password": "s3cret!"}, nil)
		if err != nil || r.Status != 201 {
			return fmt.Errorf("%v %v", r, err)
		}
		return nil
	})
	a.Must(t, "GET", "/api/profile", nil, harness.Bearer(token)).Want(t, 200)
	s.Stop(t)
}
