// Package soak keeps a server under load for an hour and looks whether its memory, file descriptors and goroutines stay flat: it fits a line to what
// was seen after the first sixth, and judges how much that line rises until the end.
package soak

import (
	"fmt"
	"slices"
	"time"

	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/bench/storm"
)

// Section is this part of the benchmark.
func Section() rig.Section {
	return rig.Section{Name: "soak", What: "an hour of load: memory, descriptors and goroutines stay flat", Run: run}
}

// rate is requests a second: a good part of what the hashes among them allow on one core.
const rate = 150

func run(r *rig.Rig) ([]report.Row, error) {
	during, every := 2*time.Minute, 2*time.Second
	if r.Full {
		during, every = time.Hour, 30*time.Second
	}
	s, drive, err := storm.Start(r)
	if err != nil {
		return nil, err
	}
	defer s.Stop(r.T)
	names := []string{"process_resident_memory_bytes", "process_open_fds", "go_goroutines"}
	seen := make([][]float64, len(names))
	ended := make(chan string, 1)
	go func() {
		wrong, first := drive(rate, during)
		if wrong > 0 {
			first = fmt.Sprintf("%d wrong answers: %s", wrong, first)
		}
		ended <- first
	}()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for failed := ""; ; {
		select {
		case failed = <-ended:
		case <-tick.C:
			m := s.Metrics(r.T)
			for i, name := range names {
				seen[i] = append(seen[i], m.Sum(name))
			}
			if n := len(seen[0]); n%20 == 0 {
				r.Say("%v: %.1f MiB, %.0f files, %.0f goroutines", every*time.Duration(n), seen[0][n-1]/(1<<20), seen[1][n-1], seen[2][n-1])
			}
			continue
		}
		rows := []report.Row{{Name: "wrong answers", Unit: "runs", Note: failed}}
		if failed != "" {
			rows[0].Ours = 1
		}
		rows[0] = rows[0].Most(0)
		for i, what := range []string{"resident memory", "open files", "goroutines"} {
			rows = append(rows, report.Row{Name: "rise of " + what, Unit: "of its median", Ours: rise(seen[i][len(seen[i])/6:]),
				Note: fmt.Sprintf("%v at %d requests a second; median %.0f", during, rate, median(seen[i]))}.Most(0.1))
		}
		return rows, nil
	}
}

// rise is how much the line that fits best rises over all values, as a share of their median.
func rise(values []float64) float64 {
	n := float64(len(values))
	if n < 2 {
		return 0
	}
	var meanY, up, across float64
	for _, y := range values {
		meanY += y / n
	}
	meanX := (n - 1) / 2
	for i, y := range values {
		up += (float64(i) - meanX) * (y - meanY)
		across += (float64(i) - meanX) * (float64(i) - meanX)
	}
	return up / across * (n - 1) / max(median(values), 1)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
