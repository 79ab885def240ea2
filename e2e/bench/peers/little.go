package peers

import (
	"fmt"
	"os"
	"slices"
	"time"

	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/bench/small"
)

const (
	mib = 1 << 20
	// starts is how often the cold start is taken.
	starts = 10
)

// little is how large binaries are, how soon they answer, and what they take idle. Both servers run afterwards.
func little(r *rig.Rig, mine, other *server) (rows []report.Row, err error) {
	for _, s := range []*server{mine, other} { // the first start makes keys and a store
		if _, err := s.start(r); err != nil {
			return nil, err
		}
		s.stop()
	}
	number, idle := starts, 10*time.Second
	if r.Smoke {
		number, idle = 1, 0
	}
	start := func(r *rig.Rig, s *server) (float64, error) {
		var took []float64
		for range number {
			s.stop()
			ms, err := s.start(r)
			if err != nil {
				return 0, err
			}
			took = append(took, ms)
		}
		slices.Sort(took)
		return took[len(took)/2], nil
	}
	for _, what := range []struct {
		name, unit string
		of         func(*rig.Rig, *server) (float64, error)
	}{
		{"binary", "MiB", size},
		{"cold start to the first 200", "ms", start},
		{"resident, idle", "MiB", func(r *rig.Rig, s *server) (float64, error) {
			time.Sleep(idle)
			return resident(r, s)
		}},
	} {
		row, err := compare(r, what.name, what.unit, what.of, mine, other)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	for _, s := range []*server{mine, other} {
		if s.prepare == nil {
			continue
		}
		if err := s.prepare(); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return rows, nil
}

// compare is a row of one figure of both.
func compare(r *rig.Rig, name, unit string, of func(*rig.Rig, *server) (float64, error), mine, other *server) (report.Row, error) {
	row := report.Row{Name: name + " ÷ " + other.name, Unit: unit, Bottom: other.note}
	var err error
	if row.Ours, err = of(r, mine); err != nil {
		return row, err
	}
	if row.Bare, err = of(r, other); err != nil {
		return row, fmt.Errorf("%s: %w", other.name, err)
	}
	row.Ratio = row.Ours / row.Bare
	r.Say("%-50s %8.1f %s ÷ %8.1f %s = %.2f", row.Name, row.Ours, unit, row.Bare, unit, row.Ratio)
	return row, nil
}

// start launches a server and waits for its discovery document, in milliseconds.
func (s *server) start(r *rig.Rig) (ms float64, err error) {
	if ms, err = small.Cold(s.discovery, s.launch); err != nil {
		err = fmt.Errorf("%s: %w", s.name, err)
	}
	return ms, err
}

func size(_ *rig.Rig, s *server) (float64, error) {
	file, err := os.Stat(s.binary)
	if err != nil {
		return 0, err
	}
	return float64(file.Size()) / mib, nil
}

func resident(_ *rig.Rig, s *server) (float64, error) {
	now, _, err := rig.Resident(s.pid())
	return float64(now) / mib, err
}
