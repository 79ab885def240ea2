// Package peers measures others' servers in turn with ours, where their binaries are given: what the same request costs there, and how little there is of
// them. They keep what they know in memory, and write no line for each request unless they cannot be told so; ours has its store, its lines, metrics and traces.
package peers

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/operations"
	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/bench/small"
	"latchkey/e2e/harness"
)

// Section is what the command knows of it.
func Section() rig.Section {
	return rig.Section{Name: "peers", What: "others' servers, in turn with ours", Run: run, Apart: true}
}

// server is what can be asked and started, ours or another's.
type server struct {
	name, note, binary string
	// launch starts it, stop kills it; pid is that of the one that runs. Whoever launched it waits until its discovery document is there.
	launch, stop func()
	pid          func() int
	// prepare, where it is not nil, is called once after it was launched, before it is asked for tokens.
	prepare          func() error
	discovery, jwks  string
	token            string
	id, secret, form string
}

const connections = 16

func run(r *rig.Rig) (rows []report.Row, err error) {
	if len(r.Peers) == 0 {
		return nil, errors.New("no peer is given: -peers dex=<binary>,hydra=<binary>,zitadel=<binary>")
	}
	ours := operations.Server(r)
	mine := &server{name: "Latchkey", binary: r.Binary, launch: func() { ours.Launch(r.T) }, stop: func() { ours.Stop(r.T) }, pid: ours.PID,
		discovery: ours.Issuer + small.Discovery, jwks: ours.Issuer + "/jwks.json", token: ours.Issuer + "/token",
		id: harness.MachineID, secret: harness.MachineSecret, form: "grant_type=client_credentials&scope=read"}
	ours.Stop(r.T)
	for _, name := range slices.Sorted(maps.Keys(r.Peers)) {
		make := known[name]
		if make == nil {
			return rows, fmt.Errorf("no peer %q is known", name)
		}
		other, err := make(r, r.Peers[name])
		if err != nil {
			return rows, fmt.Errorf("%s: %w", name, err)
		}
		more, err := beside(r, mine, other)
		if rows = append(rows, more...); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// beside is ours beside another: how little there is of each, and what the same requests cost.
func beside(r *rig.Rig, mine, other *server) (rows []report.Row, err error) {
	defer other.stop()
	defer mine.stop()
	sizes, err := little(r, mine, other)
	if err != nil {
		return nil, err
	}
	for _, what := range []struct {
		name string
		ask  func(s *server) load.Source
	}{
		{"discovery", func(s *server) load.Source {
			return load.Fixed{Target: load.Get(s.discovery, nil), Status: http.StatusOK}
		}},
		{"JWKS", func(s *server) load.Source { return load.Fixed{Target: load.Get(s.jwks, nil), Status: http.StatusOK} }},
		{"client_credentials", (*server).credentials},
	} {
		got, err := r.Turns(r.Loop(connections, what.ask(mine), mine.pid()), r.Loop(connections, what.ask(other), other.pid()))
		if err != nil {
			return rows, fmt.Errorf("%s: %s: %w", other.name, what.name, err)
		}
		row := rig.Compare(what.name+" ÷ "+other.name, got[0], got[1])
		row.Bottom = other.note
		r.Say("%-50s %8.1f µs ÷ %8.1f µs = %.2f", row.Name, row.Ours, row.Bare, row.Ratio)
		rows = append(rows, row)
	}
	loaded, err := compare(r, "resident after load", "MiB", resident, mine, other)
	return append(append(rows, sizes...), loaded), err
}

func (s *server) credentials() load.Source {
	basic := http.Header{"Authorization": {harness.Basic(s.id, s.secret)["Authorization"]}}
	return load.Fixed{Target: load.Form(s.token, s.form, basic), Status: http.StatusOK}
}
