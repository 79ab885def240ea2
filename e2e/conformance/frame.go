package main

import (
	"errors"
	"fmt"
	"os"
	"testing"
)

// frame lets the harness of the end-to-end tests work outside of a test: what would end a test is returned by try.
type frame struct {
	testing.TB // for its unexported method; all that the harness calls is below
	cleanups   []func()
	failed     error
}

type fatal struct{ error }

func newFrame() *frame { return &frame{} }

// try runs work, and returns its error or what it was ended with.
func (f *frame) try(work func() error) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case fatal:
			err = v.error
		default:
			panic(v)
		}
	}()
	return work()
}

// end cleans up, last things first.
func (f *frame) end() error {
	for i := len(f.cleanups) - 1; i >= 0; i-- {
		f.cleanups[i]()
	}
	return f.failed
}

func (f *frame) Helper()             {}
func (f *frame) Cleanup(work func()) { f.cleanups = append(f.cleanups, work) }
func (f *frame) Failed() bool        { return f.failed != nil }
func (f *frame) Name() string        { return "conformance" }
func (f *frame) Log(args ...any)     { fmt.Fprintln(os.Stderr, args...) }
func (f *frame) Logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
func (f *frame) Error(args ...any) { f.failed = errors.Join(f.failed, errors.New(fmt.Sprint(args...))) }
func (f *frame) Errorf(format string, args ...any) {
	f.failed = errors.Join(f.failed, fmt.Errorf(format, args...))
}
func (f *frame) Fatal(args ...any)                 { panic(fatal{errors.New(fmt.Sprint(args...))}) }
func (f *frame) Fatalf(format string, args ...any) { panic(fatal{fmt.Errorf(format, args...)}) }

// TempDir is removed at the end.
func (f *frame) TempDir() string {
	dir, err := os.MkdirTemp("", "conformance-")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
