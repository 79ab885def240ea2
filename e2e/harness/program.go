package harness

import (
	"os"
	"syscall"
	"testing"
)

// Run starts a program of the machine in a folder of the test's ("" for a new one), and ends it and what it started with the test. What it wrote is
// shown if the test fails.
func Run(t testing.TB, dir string, argv ...string) *Buffer {
	t.Helper()
	if dir == "" {
		dir = t.TempDir()
	}
	out := &Buffer{}
	p, err := launch(argv, dir, os.Environ(), out)
	if err != nil {
		t.Fatalf("%s (run `make deps`): %v", argv[0], err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
		if t.Failed() {
			t.Logf("%s wrote:\n%s", argv[0], tail(out.String(), 4000))
		}
	})
	return out
}
