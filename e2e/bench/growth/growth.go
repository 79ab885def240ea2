// Package growth measures what a large store costs: the same operations on a small one and on one of a million grants, or of ten, in turn; the start,
// memory, the sweeper beside requests, and importing people.
package growth

import (
	"fmt"
	"os"
	"strings"
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

// sizes are the small store, the large one, what has expired where the sweeper is measured, and the people to import. With the sizes of the promise the
// small store is as good as empty.
func sizes(r *rig.Rig) (small, large, swept size, imported int) {
	switch {
	case r.Smoke:
		return size{50, 100}, size{200, 1000}, size{50, 1000}, 500
	case r.Full:
		return size{100, 0}, size{1_000_000, 10_000_000}, size{1000, 10_000_000}, 1_000_000
	}
	return size{1000, 10_000}, size{100_000, 1_000_000}, size{1000, 200_000}, 100_000
}

func run(r *rig.Rig) (rows []report.Row, err error) {
	small, large, swept, imported := sizes(r)
	for _, part := range []struct {
		name string
		run  func() ([]report.Row, error)
	}{
		{"fill bolt", func() ([]report.Row, error) { return nil, prepare(r, large, swept) }},
		{"large bolt", func() ([]report.Row, error) { return grown(r, onBolt, small, large) }},
		{"large PostgreSQL", func() ([]report.Row, error) { return grown(r, onPostgres, small, large) }},
		{"sweeper bolt", func() ([]report.Row, error) { return sweeping(r, onBolt, swept) }},
		{"sweeper PostgreSQL", func() ([]report.Row, error) { return sweeping(r, onPostgres, swept) }},
		{"import bolt", func() ([]report.Row, error) { return imports(r, onBolt, imported) }},
		{"import PostgreSQL", func() ([]report.Row, error) { return imports(r, onPostgres, imported) }},
	} {
		if !strings.Contains(part.name, r.Only) {
			continue
		}
		more, err := part.run()
		rows = append(rows, more...)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return rows, nil
}

// grown compares a small store with a large one.
func grown(r *rig.Rig, on driver, small, large size) (rows []report.Row, err error) {
	a, err := start(r, on, small, false, "")
	if err != nil {
		return nil, err
	}
	defer a.end()
	b, err := start(r, on, large, false, "live")
	if err != nil {
		return nil, err
	}
	defer b.end()
	name := func(what string) string {
		return fmt.Sprintf("%s, %s people, %s grants, %s", what, million(large.people), million(large.grants), on)
	}
	bottom := fmt.Sprintf("the same with %d people, %d grants", small.people, small.grants)
	for _, ops := range operations() {
		var takes []rig.Take
		for _, i := range []*issuer{b, a} {
			for _, op := range ops {
				takes = append(takes, i.loop(op))
			}
		}
		got, err := r.Turns(takes...)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", name(ops[0].name), err)
		}
		for k, op := range ops {
			row := rig.Compare(name(op.name), got[k], got[len(ops)+k]).Most(1.5)
			row.Bottom = bottom
			r.Say("%-50s %8.1f µs ÷ %8.1f µs = %.2f", row.Name, row.Ours, row.Bare, row.Ratio)
			rows = append(rows, row)
		}
	}
	more, err := memory(a, b, name)
	if err != nil {
		return rows, err
	}
	for i := range more {
		more[i].Bottom = bottom
	}
	rows = append(rows, more...)
	more, err = starts(b, name)
	return append(rows, more...), err
}

// memory is what is resident after that load: the program's own, and what is mapped of files, which the kernel takes back when others need it.
func memory(a, b *issuer, name func(string) string) ([]report.Row, error) {
	if !a.r.Smoke {
		a.collected(b)
	}
	was, wasMapped, err := rig.Kinds(a.PID())
	if err != nil {
		return nil, err
	}
	is, isMapped, err := rig.Kinds(b.PID())
	if err != nil {
		return nil, err
	}
	note := ""
	if b.on == onBolt {
		info, err := os.Stat(b.Store)
		if err != nil {
			return nil, err
		}
		note = fmt.Sprintf("of a file of %.0f MiB; the kernel takes these pages back when others need memory", mib(info.Size()))
	}
	return []report.Row{
		report.Row{Name: name("the program's own memory after load, when it was collected"), Unit: "MiB", Ours: mib(is), Bare: mib(was), Ratio: float64(is) / float64(was),
			Note: fmt.Sprintf("%s, and %s", b.heap(), a.heap())}.Most(1.5),
		{Name: name("mapped pages of files after load"), Unit: "MiB", Ours: mib(isMapped), Bare: mib(wasMapped), Note: note},
	}, nil
}

// collected waits until the runtimes of both have collected what the load left, which they do every two minutes where nobody asks for memory, and have had
// some time to give it back: until then what is in use is mostly garbage, and how much of it depends on when the load ended.
func (i *issuer) collected(other *issuer) {
	const cycles = "go_gc_duration_seconds_count"
	for _, s := range []*issuer{i, other} {
		for was, begun := s.Metrics(s.r.T).Sum(cycles), time.Now(); s.Metrics(s.r.T).Sum(cycles) == was && time.Since(begun) < 150*time.Second; {
			time.Sleep(time.Second)
		}
	}
	time.Sleep(10 * time.Second)
}

// heap is what the program's own memory consists of: what lives or waits to be collected, what lies idle until it is given back, and stacks.
func (i *issuer) heap() string {
	m := i.Metrics(i.r.T)
	sum := func(name string) float64 { return m.Sum("go_memstats_"+name+"_bytes") / (1 << 20) }
	return fmt.Sprintf("heap in use %.1f MiB, idle %.1f, stacks %.1f", sum("heap_inuse"), sum("heap_idle")-sum("heap_released"), sum("stack_inuse"))
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
func mib(n int64) float64        { return float64(n) / (1 << 20) }

func million(n int) string {
	if n >= 1_000_000 {
		return fmt.Sprintf("%d million", n/1_000_000)
	}
	return fmt.Sprint(n)
}
