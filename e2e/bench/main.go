// Command bench measures the built binary: it builds it, runs it on one core, makes requests from the other, and sets each figure beside the bare
// cost of the same, taken in turn in the same run. It writes tables as JSON and Markdown and says what changed since the run that is kept.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"latchkey/e2e/bench/bare"
	"latchkey/e2e/bench/growth"
	"latchkey/e2e/bench/operations"
	"latchkey/e2e/bench/peers"
	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/bench/small"
	"latchkey/e2e/bench/soak"
	"latchkey/e2e/bench/storm"
	"latchkey/e2e/harness"
)

// sections are all that there are, in the order in which they run.
func sections() []rig.Section {
	return []rig.Section{operations.Section(), operations.Profiles(), growth.Section(), small.Section(), peers.Section(), storm.Section(), soak.Section()}
}

func main() {
	rig.Pin(bare.Serve)
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options of the command line.
type options struct {
	sections, size, out, compare, binary, temp, only, kept string
	rounds                                                 int
	slice                                                  time.Duration
	rate                                                   float64
	peers                                                  map[string]string
	patient                                                bool
}

func parse(args []string) (o options, err error) {
	var names []string
	for _, s := range sections() {
		names = append(names, s.Name)
	}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&o.sections, "section", "operations", "what to measure, with commas: "+strings.Join(names, ", ")+", or all")
	f.StringVar(&o.size, "size", "small", "smoke: seconds, to see that it runs; small: minutes; full: the sizes of the promises, hours")
	f.IntVar(&o.rounds, "rounds", 5, "how often each figure is taken, in turn with its bare cost")
	f.DurationVar(&o.slice, "slice", time.Second, "how long each take of a closed loop lasts")
	f.Float64Var(&o.rate, "rate", 0, "requests a second of the soak; 0: as many as are usual")
	f.StringVar(&o.out, "out", "", "folder for <section>.json and bench.md; none: the table goes to stdout only")
	f.StringVar(&o.compare, "compare", filepath.Join(harness.Root(), "docs", "bench"), "folder of a former run to compare with, section by section")
	f.StringVar(&o.binary, "binary", "", "measure this binary; none: it is built")
	f.StringVar(&o.only, "only", "", "measure only what has this in its name, such as userinfo (operations) or alone (storm), and neither write nor compare it; none: all")
	f.StringVar(&o.temp, "temp", "", "folder for stores, on the disk that they are to be measured on; none: the system's")
	f.StringVar(&o.kept, "kept", "", "folder that growth keeps its large stores of bolt in, and takes them from where they are there; none: each run makes them")
	f.Func("peers", "binaries of others' servers for the section peers: dex=<file>,hydra=<file>,zitadel=<file>", func(list string) error {
		o.peers = map[string]string{}
		for one := range strings.SplitSeq(list, ",") {
			name, file, ok := strings.Cut(one, "=")
			if !ok {
				return fmt.Errorf("%q is not name=file", one)
			}
			o.peers[name] = file
		}
		return nil
	})
	f.BoolVar(&o.patient, "patient", false, "put the server's time limits out of the way and do not count refusals, on a machine with busy neighbours: errors are then wrong answers, not late ones")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.only != "" {
		o.out, o.compare = "", "" // a part is no run to keep
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("no argument is expected: %q", f.Arg(0))
	case o.size != "smoke" && o.size != "small" && o.size != "full":
		return o, fmt.Errorf("-size is smoke, small or full, not %q", o.size)
	case o.rounds < 1 || o.slice <= 0:
		return o, errors.New("-rounds and -slice are more than nothing")
	}
	return o, nil
}

// chosen are the sections that a list names.
func chosen(list string) (out []rig.Section, err error) {
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(sections(), func(s rig.Section) bool { return s.Name == name })
		switch {
		case name == "all":
			out = append(out, slices.DeleteFunc(sections(), func(s rig.Section) bool { return s.Apart })...)
		case i < 0:
			return nil, fmt.Errorf("there is no section %q", name)
		default:
			out = append(out, sections()[i])
		}
	}
	return out, nil
}

func run(args []string) error {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	what, err := chosen(o.sections)
	if err != nil {
		return err
	}
	former, err := kept(o.compare, what) // read first: an hour's run does not end with a file that cannot be read
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(o.temp, "lkbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	temp, had := os.LookupEnv("TMPDIR")
	defer func() {
		if _ = os.Unsetenv("TMPDIR"); had {
			_ = os.Setenv("TMPDIR", temp)
		}
	}()
	if err := errors.Join(os.Chmod(dir, 0o711), os.Setenv("TMPDIR", dir)); err != nil { // whatever makes folders makes them there, a database's user too
		return err
	}
	defer harness.Clean()
	if o.size == "smoke" {
		o.rounds, o.slice, o.patient = 1, 30*time.Millisecond, true
	}
	if o.out != "" {
		if err := os.MkdirAll(o.out, 0o755); err != nil {
			return err
		}
	}
	r := &rig.Rig{Full: o.size == "full", Smoke: o.size == "smoke", Patient: o.patient, Only: o.only, Kept: o.kept, Rounds: o.rounds, Slice: o.slice, Rate: o.rate, Dir: dir, Out: o.out, Binary: o.binary, Peers: o.peers}
	out, failed := measure(r, o, what)
	if err := write(o.out, out); err != nil {
		return errors.Join(failed, err)
	}
	for _, run := range out.BySection() {
		if was := former[run.Rows[0].Section]; was != nil {
			failed = errors.Join(failed, report.Changes(os.Stdout, *was, run))
		}
	}
	return failed
}

// kept are the former runs in a folder, by section. A section need not have one.
func kept(dir string, what []rig.Section) (map[string]*report.Run, error) {
	out := map[string]*report.Run{}
	for _, s := range what {
		was, err := report.Read(filepath.Join(dir, s.Name+".json"))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		default:
			out[s.Name] = was
		}
	}
	return out, nil
}

// measure runs the sections; one that fails does not keep the others from running.
func measure(r *rig.Rig, o options, what []rig.Section) (report.Run, error) {
	root := harness.Root()
	version, revision := rig.Said(root, "git", "describe", "--tags", "--always", "--dirty"), rig.Said(root, "git", "rev-parse", "HEAD")
	out := report.Run{Machine: rig.Machine(r.Dir), Begun: time.Now().UTC().Format(time.RFC3339), Size: o.size, Patient: o.patient, Rounds: o.rounds,
		Versions: map[string]string{"go": runtime.Version(), "linux": rig.Kernel()}}
	if err := r.Build(version, revision); err != nil {
		return out, err
	}
	out.Versions["latchkey"] = strings.TrimSpace(strings.TrimPrefix(rig.Said(root, r.Binary, "version"), "latchkey"))
	var failed error
	for _, s := range what {
		r.Say("%s: %s", s.Name, s.What)
		rows, err := r.Do(s)
		out.Rows = append(out.Rows, rows...)
		failed = errors.Join(failed, err)
	}
	return out, failed
}

// write puts a run into a folder, if one is given, with a file for each section, and its table on stdout.
func write(dir string, out report.Run) error {
	if err := out.Markdown(os.Stdout); err != nil || dir == "" {
		return err
	}
	var md strings.Builder
	failed := out.Markdown(&md)
	for _, run := range out.BySection() {
		failed = errors.Join(failed, run.Write(filepath.Join(dir, run.Rows[0].Section+".json")))
	}
	return errors.Join(failed, os.WriteFile(filepath.Join(dir, "bench.md"), []byte(md.String()), 0o644))
}
