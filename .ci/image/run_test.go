package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// container runs a command line the way a runtime would: the image's files and no others, its root read-only, its user, its
// environment. Only the folder of the store may be written to.
type container struct {
	root string
	env  []string
	user string
}

const boundRoot = `set -e
mount --bind "$0" "$0"
mount -t tmpfs -o mode=0700,uid=65532,gid=65532 tmpfs "$0/var/lib/latchkey"
mount -o remount,bind,ro "$0"
exec env -i "$@"`

func newContainer(t *testing.T, img v1.Image, env ...string) *container {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // another user has to get there
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	unpack(t, img, dir)
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return &container{root: dir, env: append(file.Config.Env, env...), user: file.Config.User}
}

func (c *container) command(ctx context.Context, args ...string) *exec.Cmd {
	line := []string{"unshare", "--mount", "sh", "-c", boundRoot, c.root}
	line = append(line, c.env...)
	chroot, err := exec.LookPath("chroot")
	if err != nil {
		chroot = "/usr/sbin/chroot"
	}
	line = append(line, chroot, "--userspec="+c.user, c.root)
	line = append(line, args...)
	if os.Geteuid() != 0 {
		line = append([]string{"sudo", "-n"}, line...)
	}
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	return cmd
}

// TestRuns: the image's own command line serves, says that it is ready, and ends well when told to, with nothing but what is in the image.
func TestRuns(t *testing.T) {
	img := image(t, runtime.GOARCH)
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	ops := address(t)
	c := newContainer(t, img, "LATCHKEY_ISSUER=https://id.example.test", "LATCHKEY_KEYS_SEALING_KEY="+sealingKey(),
		"LATCHKEY_SERVER_LISTEN="+address(t), "LATCHKEY_SERVER_OPS_LISTEN="+ops, "LATCHKEY_SERVER_SHUTDOWN_DELAY=0s",
		"LATCHKEY_MAIL_FROM=latchkey@example.test", "LATCHKEY_MAIL_SMTP_ADDRESS=127.0.0.1:1")
	out, err := c.command(t.Context(), "latchkey", "version").CombinedOutput() // found by the image's PATH
	if err != nil || !strings.Contains(string(out), testVersion) || !strings.Contains(string(out), testRevision) {
		t.Fatalf("version: %v\n%s", err, out)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	server := c.command(ctx, append(file.Config.Entrypoint, file.Config.Cmd...)...)
	var logged bytes.Buffer
	server.Stdout, server.Stderr = &logged, &logged
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		out, err = c.command(t.Context(), "/latchkey", "healthcheck").CombinedOutput()
		if err == nil || time.Now().After(end) {
			break
		}
	}
	if err != nil {
		t.Errorf("healthcheck: %v\n%s", err, out)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", server.Process.Pid))
	if os.Geteuid() == 0 && (err != nil || !strings.Contains(string(status), "\nUid:\t65532\t65532\t65532\t65532\n")) {
		t.Errorf("the process is not 65532: %v\n%s", err, status)
	}
	stop()
	if err := server.Wait(); server.ProcessState.ExitCode() != 0 {
		t.Errorf("%v\n%s", err, logged.String())
	}
	if log := logged.String(); !strings.Contains(log, "/var/lib/latchkey") && !strings.Contains(log, "bolt") {
		t.Errorf("the log does not tell of the store\n%s", log)
	}
	out, err = c.command(t.Context(), "/latchkey", "healthcheck").CombinedOutput()
	if err == nil {
		t.Errorf("well without a server: %s", out)
	}
}

// TestReadOnly: the test's own walls stand: outside of its folder the process cannot write.
func TestReadOnly(t *testing.T) {
	c := newContainer(t, image(t, runtime.GOARCH), "LATCHKEY_ISSUER=https://id.example.test", "LATCHKEY_STORAGE_BOLT_PATH=/tmp/latchkey.db",
		"LATCHKEY_KEYS_SEALING_KEY="+sealingKey(), "LATCHKEY_MAIL_FROM=latchkey@example.test", "LATCHKEY_MAIL_SMTP_ADDRESS=127.0.0.1:1",
		"LATCHKEY_SERVER_LISTEN="+address(t), "LATCHKEY_SERVER_OPS_LISTEN="+address(t))
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	out, err := c.command(ctx, "/latchkey", "serve").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "read-only file system") {
		t.Errorf("a store in /tmp: %v\n%s", err, out)
	}
}

func sealingKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return base64.StdEncoding.EncodeToString(key)
}

// address is a free one of this machine.
func address(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}
