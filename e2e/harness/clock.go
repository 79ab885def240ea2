package harness

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Clock moves the time of a server that [Server.Install] gave the program of [BuildMovable] to.
type Clock struct{ file string }

// NewClock is a clock that is not moved. Env is what the server's environment needs to follow it.
func NewClock(t testing.TB) *Clock {
	t.Helper()
	return &Clock{filepath.Join(t.TempDir(), "clock")}
}

// Env is for [Options].Env.
func (c *Clock) Env() []string { return []string{"LATCHKEY_CLOCK_FILE=" + c.file} }

// Move sets how far the server's time is ahead of the machine's.
func (c *Clock) Move(t testing.TB, by time.Duration) {
	t.Helper()
	next := c.file + ".next"
	if err := os.WriteFile(next, []byte(by.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, c.file); err != nil {
		t.Fatal(err)
	}
}

// BuildMovable builds cmd/latchkey with a clock that can be moved. It is no program to serve people with.
func BuildMovable(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "latchkey")
	if err := Build(binary, "-tags", "testclock", "-ldflags", "-s -w -X main.version=0.0.0-e2e -X main.revision=e2e"); err != nil {
		t.Fatalf("build latchkey with a clock that moves: %v", err)
	}
	return binary
}
