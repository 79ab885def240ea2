package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"latchkey/cmd/latchkey/config"
)

// The exit statuses, as help tells them; the last two are those of sysexits.h.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnavailable = 69
	exitConfig      = config.ExitCode
)

// app is the command line with what it stands on.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	// env is as os.Environ gives it.
	env               []string
	version, revision string
	// serve runs the server until ctx ends. out is for what a person at a terminal should see.
	serve func(ctx context.Context, cfg *config.Config, out io.Writer) error
	// openAdmin opens the store of a configuration and gives the operators' API over it, and what closes it.
	openAdmin func(ctx context.Context, cfg *config.Config) (http.Handler, func() error, error)
	// discovery is the document that applications would see.
	discovery func(cfg *config.Config) ([]byte, error)
}

// usageError is a command line that makes no sense.
type usageError struct{ error }

// unavailableError is something that cannot be reached now.
type unavailableError struct{ error }

func (e usageError) Unwrap() error       { return e.error }
func (e unavailableError) Unwrap() error { return e.error }

// run executes one command line and returns the exit status.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	ran := false
	markRun(root, &ran)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if faults, ok := errors.AsType[config.Faults](err); ok {
		_, _ = fmt.Fprintln(a.stderr, faults.Error())
		return exitConfig
	}
	if errors.Is(err, errDiffers) {
		return exitFailed
	}
	_, _ = fmt.Fprintln(a.stderr, "latchkey:", err)
	if _, ok := errors.AsType[usageError](err); ok || !ran {
		_, _ = fmt.Fprintln(a.stderr, "See `latchkey help`.")
		return exitUsage
	}
	if _, ok := errors.AsType[unavailableError](err); ok {
		return exitUnavailable
	}
	return exitFailed
}
