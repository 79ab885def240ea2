// Package growth measures what a large store costs: the same operations on a small one and on one of a million grants, or of ten, in turn; the start,
// memory, the sweeper beside requests, and importing people.
package growth

import (
	"fmt"
	"time"

	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
)

// Section is what the command knows of it.
func Section() rig.Section {
	return rig.Section{Name: "growth", What: "what grows with the number of people and grants", Run: run}
}

// size is how much is in a store, and how much is imported.
type size struct{ people, grants int }

// sizes are the small store, the large one, what has expired where the sweeper is measured, and the people to import.
func sizes(r *rig.Rig) (small, large, swept size, imported int) {
	switch {
	case r.Smoke:
		return size{50, 100}, size{200, 1000}, size{50, 1000}, 500
	case r.Full:
		return size{1000, 10_000}, size{1_000_000, 10_000_000}, size{1000, 10_000_000}, 1_000_000
	}
	return size{1000, 10_000}, size{100_000, 1_000_000}, size{1000, 200_000}, 100_000
}

func run(r *rig.Rig) (rows []report.Row, err error) {
	small, large, swept, imported := sizes(r)
	for _, part := range []func() ([]report.Row, error){
		func() ([]report.Row, error) { return grown(r, onBolt, small, large) },
		func() ([]report.Row, error) { return grown(r, onPostgres, small, large) },
		func() ([]report.Row, error) { return sweeping(r, onBolt, swept) },
		func() ([]report.Row, error) { return sweeping(r, onPostgres, swept) },
		func() ([]report.Row, error) { return imports(r, imported) },
	} {
		more, err := part()
		rows = append(rows, more...)
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// grown compares a small store with a large one.
func grown(r *rig.Rig, on driver, small, large size) (rows []report.Row, err error) {
	a, err := start(r, on, small, nil)
	if err != nil {
		return nil, err
	}
	defer a.end()
	b, err := start(r, on, large, nil)
	if err != nil {
		return nil, err
	}
	defer b.end()
	name := func(what string) string { return fmt.Sprintf("%s, %s grants, %s", what, million(large.grants), on) }
	bottom := fmt.Sprintf("the same with %d grants", small.grants)
	rows = append(rows, report.Row{Name: name("start to ready"), Unit: "ms", Ours: ms(b.ready), Note: fmt.Sprintf("%.0f ms with %d", ms(a.ready), small.grants)}.Most(2000))
	for _, op := range operations() {
		got, err := r.Turns(b.loop(op), a.loop(op))
		if err != nil {
			return rows, fmt.Errorf("%s: %w", name(op.name), err)
		}
		row := rig.Compare(name(op.name), got[0], got[1]).Most(1.5)
		row.Bottom = bottom
		r.Say("%-50s %8.1f µs ÷ %8.1f µs = %.2f", row.Name, row.Ours, row.Bare, row.Ratio)
		rows = append(rows, row)
	}
	was, _, err := rig.Resident(a.PID())
	if err != nil {
		return rows, err
	}
	is, _, err := rig.Resident(b.PID())
	row := report.Row{Name: name("memory after load"), Unit: "MiB", Ours: mib(is), Bare: mib(was), Ratio: float64(is) / float64(was), Bottom: bottom,
		Note: "the pages of the file that are mapped are counted"}
	if on == onPostgres {
		row = row.Most(1.5)
	}
	return append(rows, row), err
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
func mib(n int64) float64        { return float64(n) / (1 << 20) }

func million(n int) string {
	if n >= 1_000_000 {
		return fmt.Sprintf("%d million", n/1_000_000)
	}
	return fmt.Sprint(n)
}
