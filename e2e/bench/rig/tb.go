package rig

import (
	"context"
	"fmt"
	"os"
	"testing"
)

// failure is what a fatal call of [TB] panics with.
type failure struct{ text string }

// TB lets a command use what is made for tests: a fatal call ends the section with an error, not the process. It is for one goroutine.
type TB struct {
	testing.TB // for what is not below; nil, so that its use is seen at once
	name       string
	dir        string
	say        func(format string, args ...any)
	failed     []string
	cleanups   []func()
}

// Name is the section's.
func (t *TB) Name() string { return t.name }

// Helper does nothing.
func (t *TB) Helper() {}

// Context is not cancelled before the end.
func (t *TB) Context() context.Context { return context.Background() }

// Failed tells whether an error was reported.
func (t *TB) Failed() bool { return len(t.failed) > 0 }

// Cleanup calls f at the end of the section, the last one first.
func (t *TB) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

// TempDir makes a folder that goes with the section.
func (t *TB) TempDir() string {
	dir, err := os.MkdirTemp(t.dir, "t")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Log writes to the progress.
func (t *TB) Log(args ...any) { t.say("%s", fmt.Sprintln(args...)) }

// Logf writes to the progress.
func (t *TB) Logf(format string, args ...any) { t.say(format, args...) }

// Error notes an error; the section goes on and fails at its end.
func (t *TB) Error(args ...any) { t.failed = append(t.failed, fmt.Sprint(args...)) }

// Errorf is Error with a format.
func (t *TB) Errorf(format string, args ...any) { t.Error(fmt.Sprintf(format, args...)) }

// Fail notes an error without text.
func (t *TB) Fail() { t.Error("it failed") }

// FailNow ends the section.
func (t *TB) FailNow() { t.Fatal("it failed") }

// Fatal ends the section.
func (t *TB) Fatal(args ...any) {
	text := fmt.Sprint(args...)
	t.Error(text)
	panic(failure{text})
}

// Fatalf is Fatal with a format.
func (t *TB) Fatalf(format string, args ...any) { t.Fatal(fmt.Sprintf(format, args...)) }

// end runs the cleanups.
func (t *TB) end() {
	for len(t.cleanups) > 0 {
		last := t.cleanups[len(t.cleanups)-1]
		t.cleanups = t.cleanups[:len(t.cleanups)-1]
		last()
	}
}
