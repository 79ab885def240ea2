// Command conformance runs the OpenID Foundation's conformance suite against the built binary and prints what came of it.
//
// The suite must be running, be reachable under its base URL, and be able to reach https://localhost on -port. Its certificate must be
// good for the host of its base URL; who signed it does not matter. See docs/conformance.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"

	"latchkey/e2e/harness"
)

// settings are the command's flags.
type settings struct {
	suite, write, results, logs string
	port, jobs                  int
	plans, modules              *regexp.Regexp
	verbose                     bool
}

func main() {
	s := settings{plans: regexp.MustCompile(""), modules: regexp.MustCompile("")}
	flag.StringVar(&s.suite, "suite", "", "base `URL` of the suite")
	flag.StringVar(&s.write, "write", "", "put the tables into this `file`, between its markers")
	flag.StringVar(&s.results, "results", "", "merge the results into this `file`, and write what all runs together found: for a run in parts")
	flag.StringVar(&s.logs, "logs", "", "`folder` for the server's log and the suite's log of every module that is no plain pass")
	flag.IntVar(&s.port, "port", 9443, "`port` of the provider")
	flag.IntVar(&s.jobs, "jobs", 2, "plans that run at once; static clients are of one plan at a time")
	flag.BoolVar(&s.verbose, "v", false, "tell of every module when it ends")
	pattern := func(to **regexp.Regexp) func(string) error {
		return func(v string) (err error) {
			*to, err = regexp.Compile(v)
			return err
		}
	}
	flag.Func("plans", "run plans whose name matches this `regexp`, such as '^basic static'", pattern(&s.plans))
	flag.Func("modules", "run modules whose name matches this `regexp`", pattern(&s.modules))
	flag.Parse()
	if s.suite == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := conformance(ctx, s)
	stop()
	switch {
	case errors.Is(err, errFindings):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(2)
	}
}

// errFindings: there is a failure, or a warning that nobody explained.
var errFindings = errors.New("there are failures, or warnings without an explanation")

func conformance(ctx context.Context, s settings) (err error) {
	suite, err := openSuite(ctx, s.suite)
	if err != nil {
		return err
	}
	t := newFrame()
	t.Cleanup(harness.Clean)
	defer func() { err = errors.Join(err, t.end()) }()
	return t.try(func() error {
		op, err := startProvider(ctx, t, s.port, suite)
		if err != nil {
			return err
		}
		r := &run{settings: s, suite: suite, op: op, chromium: newChromium(op.base)}
		defer r.chromium.close()
		found, err := r.all(ctx)
		if s.logs != "" {
			err = errors.Join(err, os.WriteFile(s.logs+"/provider.log", []byte(op.server.Logs()), 0o600))
		}
		return errors.Join(err, report(s, suite.version, found))
	})
}
