package e2e

import (
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestFsyncFails makes the kernel say EIO to one fdatasync. What that write did is unknown from then on: its request gets 503, the process
// is not ready and writes nothing more, while keys and tokens are served. After a restart everything that was acknowledged is there.
func TestFsyncFails(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	token := s.SignUp(t, "synced", "synced@example.test", "s3cret!")
	inject(t, s.PID(), "inject=fdatasync:error=EIO:when=3")
	acked := []string{"synced"}
	var refused *harness.Reply
	for i := 0; i < 50 && refused == nil; i++ {
		name := fmt.Sprintf("sync_%d", i)
		r := s.API().Must(t, "POST", "/api/auth/signup", object{"username": name, "password": "s3cret!", "confirm_password": "s3cret!"}, nil)
		if r.Status == 201 {
			acked = append(acked, name)
			continue
		}
		refused = r
	}
	if refused == nil || refused.Status != 503 || refused.Header.Get("Retry-After") == "" {
		t.Fatalf("no write was refused with 503: %+v", refused)
	}
	harness.Until(t, 10*time.Second, "the process is not ready", func() error {
		if status, text := s.Ready(); status != 503 {
			return fmt.Errorf("%d %s", status, text)
		}
		return nil
	})
	a := s.API()
	a.Must(t, "GET", "/jwks.json", nil, nil).Want(t, 200)
	a.Must(t, "POST", "/token", form("grant_type", "client_credentials"), harness.Basic(harness.MachineID, harness.MachineSecret)).Want(t, 200)
	a.Must(t, "GET", "/api/profile", nil, harness.Bearer(token)).Want(t, 200)
	a.Must(t, "POST", "/api/auth/signup", object{"username": "later", "password": "s3cret!", "confirm_password": "s3cret!"}, nil).Want(t, 503)
	s.Kill()
	s.Launch(t)
	s.WaitReady(t)
	for _, name := range acked {
		a.Must(t, "POST", "/api/login", object{"username": name, "password": "s3cret!"}, nil).Want(t, 200)
	}
	a.Must(t, "POST", "/api/auth/signup", object{"username": "later", "password": "s3cret!", "confirm_password": "s3cret!"}, nil).Want(t, 201)
}

// inject attaches strace to a process until the test ends.
func inject(t *testing.T, pid int, what string) {
	t.Helper()
	cmd := exec.Command("strace", "-f", "-p", strconv.Itoa(pid), "-e", "trace=fdatasync", "-e", what, "-o", "/dev/null")
	var out harness.Buffer
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatalf("strace: %v (run `make deps`)", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	harness.Until(t, 10*time.Second, "strace is attached", func() error {
		select {
		case <-ended:
			t.Fatalf("strace ended: %s", out.String())
		default:
		}
		if !strings.Contains(out.String(), "attached") {
			return errors.New(out.String())
		}
		return nil
	})
}
