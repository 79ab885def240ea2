// Package rig is the bench that things are measured on: the built binary on one core, whatever makes requests on the other, bare handlers in
// processes of their own beside it, and the processor time that each of them uses.
//
// A section is a package of its own beside this one with a func Section() [Section], and a line in sections of the command. Its Run starts servers by
// [Rig.Start] and bare handlers by [Rig.Bare], measures by [Rig.Turns] or with package load, and returns rows with their bounds.
package rig

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"latchkey/e2e/bench/report"
	"latchkey/e2e/harness"
)

// Section is one part of the benchmark: what it is called on the command line, what it shows, and what measures it. A section leaves
// nothing running and returns rows; their Section is set by who calls it.
type Section struct {
	Name, What string
	Run        func(*Rig) ([]report.Row, error)
	// Apart: it runs only where it is named, "all" leaves it out.
	Apart bool
}

// Rig is what a section works with.
type Rig struct {
	// T is for what takes a testing.TB, such as package harness: a fatal call ends the section.
	T *TB
	// Full: sizes are those of the promise (a million users, an hour of soak), not such as fit into minutes.
	Full bool
	// Smoke: sizes are such that everything runs within seconds. What it measures means nothing.
	Smoke bool
	// Patient: time limits of the server are out of the way, for a machine whose neighbours take its time: an error is then a wrong answer, not a late one.
	Patient bool
	// Rounds is how often each figure is taken, in turn with what it is compared with; at least 1.
	Rounds int
	// Slice is how long a closed loop runs each time.
	Slice time.Duration
	// Only is what names of operations must contain to be measured; "" for all.
	Only string
	// Rate is how many requests a second a section that drives an open loop for long makes; 0 for its own.
	Rate float64
	// Kept is a folder that the large stores of growth stay in and are taken from; "" where they are made for each run.
	Kept string
	// Dir is a folder for whatever must be on the disk that stores are on. It goes with the run.
	Dir string
	// Out is the folder that the results are kept in, for whatever else is to be kept; "" where nothing is.
	Out string
	// Binary is the program as it is shipped: stripped, built for this run.
	Binary string
	// Peers are others' servers to be measured beside ours: binaries by name.
	Peers map[string]string
	// Beside, where it is not nil, is the processor time of something else that loops are to tell of too, such as a database.
	Beside func() time.Duration
	// Began, where it is not nil, is called when a loop begins, after what is prepared for it.
	Began func()

	logs map[*harness.Server]*lastOf
}

// Wants tells whether something of a name is to be measured.
func (r *Rig) Wants(name string) bool { return strings.Contains(name, r.Only) }

// Say writes a line of progress to stderr.
func (r *Rig) Say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s  %s\n", time.Now().UTC().Format("15:04:05"), strings.TrimRight(fmt.Sprintf(format, args...), "\n"))
}

// Build makes the binary as `make build` does, unless it is given, and lets package harness use it.
func (r *Rig) Build(version, revision string) error {
	if r.Binary == "" {
		r.Binary = flag.Lookup("binary").Value.String() // a test's
	}
	if r.Binary == "" {
		r.Binary = filepath.Join(r.Dir, "latchkey")
		if err := harness.Build(r.Binary, "-ldflags", "-s -w -X main.version="+version+" -X main.revision="+revision); err != nil {
			return fmt.Errorf("build latchkey: %w", err)
		}
	}
	return flag.Set("binary", r.Binary)
}

// Do runs a section and ends what it left running. A panic of T's is an error.
func (r *Rig) Do(s Section) (rows []report.Row, err error) {
	r.T, r.logs = &TB{name: s.Name, dir: r.Dir, say: r.Say}, map[*harness.Server]*lastOf{}
	defer func() {
		if p := recover(); p != nil {
			f, ours := p.(failure)
			if !ours {
				panic(p)
			}
			err = fmt.Errorf("%s: %s", s.Name, f.text)
		}
		r.T.end()
		if err == nil && r.T.Failed() {
			err = fmt.Errorf("%s: %w", s.Name, errors.New(strings.Join(r.T.failed, "\n")))
		}
		for i := range rows {
			rows[i].Section = s.Name
		}
	}()
	return s.Run(r)
}

// Start starts the binary on the server's core with one processor, as [harness.Start] does otherwise: its log goes through a pipe and is read and
// dropped, but for its end, which is told when the section fails. More is added to the environment of o.
func (r *Rig) Start(o harness.Options) *harness.Server {
	o.Wrap = append(onServerCore(), o.Wrap...)
	o.Env = append([]string{"GOMAXPROCS=1"}, o.Env...)
	end := &lastOf{}
	o.Output = end
	r.T.Cleanup(func() {
		if r.T.Failed() {
			text := end.String()
			r.Say("the server's last lines:\n%s", text[max(0, len(text)-3000):])
		}
	})
	s := harness.Start(r.T, o)
	r.logs[s] = end
	return s
}

// Lines is how many lines a server that [Rig.Start] started has logged so far.
func (r *Rig) Lines(s *harness.Server) int { return r.logs[s].count() }
