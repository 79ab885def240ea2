// Package operations measures what each operation costs the running server, beside the bare cost of the same.
package operations

import (
	"fmt"
	"time"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
)

// Section is what the command knows of it.
func Section() rig.Section {
	return rig.Section{Name: "operations", What: "what each operation costs, beside its bare cost", Run: run}
}

// connections is how many clients ask at once, but where many is what matters.
const connections, many = 16, 64

func run(r *rig.Rig) (rows []report.Row, err error) {
	part := func(f func() ([]report.Row, error)) {
		if err != nil {
			return
		}
		var more []report.Row
		more, err = f()
		rows = append(rows, more...)
	}
	i := start(r, nil)
	part(i.ratios)
	part(i.alone)
	if r.Wants("sign-in") {
		part(func() ([]report.Row, error) { return signIns(r, i) })
	}
	if r.Wants("errors, bolt") {
		part(func() ([]report.Row, error) { return i.crowd("bolt") })
	}
	if r.Wants("errors, PostgreSQL") {
		part(func() ([]report.Row, error) { return onPostgres(r) })
	}
	return rows, err
}

// ratios sets each operation beside its bare cost.
func (i *issuer) ratios() (rows []report.Row, err error) {
	logged, spans, requests := i.r.Lines(i.Server), i.traces.spans.Load(), 0
	for _, e := range i.entries() {
		if !i.r.Wants(e.name) {
			continue
		}
		more, n, err := i.compare(e)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", e.name, err)
		}
		rows, requests = append(rows, more...), requests+n
	}
	if name := "authorize, signed in"; i.r.Wants(name) {
		got, err := i.r.Turns(i.loop(connections, i.authorizing(0)))
		if err != nil {
			return rows, fmt.Errorf("authorize: %w", err)
		}
		rows, requests = append(rows, rig.Plain(name, got[0])), requests+count(got[0])
	}
	if lines := i.r.Lines(i.Server) - logged; lines < requests {
		return rows, fmt.Errorf("%d requests wrote %d lines", requests, lines)
	}
	for range min(requests, 150) { // they are sent every five seconds
		if i.traces.spans.Load() > spans {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if requests > 0 && i.traces.spans.Load() == spans {
		return rows, fmt.Errorf("no span came to the collector")
	}
	return rows, nil
}

// compare measures an operation in turn with its bare handler; where that signs or verifies, with one that does it by hand too.
func (i *issuer) compare(e entry) (rows []report.Row, requests int, err error) {
	takes := []rig.Take{e.take(connections)}
	bottoms := []string{e.bottom}
	add := func(arg string) {
		b := i.r.Bare(e.kind, arg)
		takes = append(takes, i.r.Loop(connections, e.same(b.Base), b.PID))
	}
	if e.kind == "work" {
		add(e.work.String())
		if e.work.Signs > 0 || e.work.Verify {
			bottoms = []string{e.bottom + ", by go-jose", e.bottom + ", by the standard library alone"}
			hand := e.work
			hand.ByHand = true
			add(hand.String())
		}
	} else {
		add(e.arg)
	}
	got, err := i.r.Turns(takes...)
	if err != nil {
		return nil, 0, err
	}
	for n, bottom := range bottoms {
		row := rig.Compare(e.name, got[0], got[n+1])
		row.Bottom = bottom
		if n == 0 {
			row = row.Most(e.bound)
		} else {
			row.Name += ", bare by hand"
		}
		i.r.Say("%-50s %8.1f µs ÷ %8.1f µs = %.2f", row.Name, row.Ours, row.Bare, row.Ratio)
		rows = append(rows, row)
	}
	return rows, count(got[0]), nil
}

func count(samples []load.Sample) (n int) {
	for _, s := range samples {
		n += s.Requests
	}
	return n
}
