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
	"latchkey/e2e/harness"
)

// Section is this part of the benchmark.
func Section() rig.Section {
	return rig.Section{Name: "soak", What: "an hour of load: memory, descriptors and goroutines stay flat", Run: run}
}

// usual is requests a second of the mix: a good part of what the hashes among them allow on one core.
const usual = 150

func run(r *rig.Rig) ([]report.Row, error) {
	during, every, rate := time.Hour, 30*time.Second, r.Rate
	switch {
	case r.Smoke:
		during, every = 2*time.Second, 100*time.Millisecond
	case !r.Full:
		during, every = 2*time.Minute, 2*time.Second
	}
	if rate == 0 {
		rate = usual
	}
	s, drive, err := start(r)
	if err != nil {
		return nil, err
	}
	defer s.Stop(r.T)
	ended := make(chan string, 2)
	go func() {
		wrong, first := drive(rate, during)
		if wrong > 0 {
			first = fmt.Sprintf("%d wrong answers: %s", wrong, first)
		}
		ended <- first
	}()
	go func() { ended <- applications(s, rate/20, during) }()
	w, used := watcher{r: r, s: s, every: every}, rig.CPUOfTrees(s.PID())
	begun, tick, failed := time.Now(), time.NewTicker(every), ""
	defer tick.Stop()
	for left := 2; left > 0; {
		select {
		case text := <-ended:
			failed, left = failed+text, left-1
		case <-tick.C:
			if err := w.look(time.Since(begun), during); err != nil {
				return nil, err
			}
		}
	}
	cores := (rig.CPUOfTrees(s.PID()) - used).Seconds() / time.Since(begun).Seconds()
	return w.rows(failed, fmt.Sprintf("%v at %.0f requests a second and %.0f sign-ins by applications, %.2f of a core", during, rate, rate/20, cores))
}

// start starts the server of the storms, with profiles.
func start(r *rig.Rig) (*harness.Server, func(float64, time.Duration) (int, string), error) {
	s, drive, err := storm.Start(r)
	if err != nil {
		return nil, nil, err
	}
	s.SignUp(r.T, person, person+"@example.test", password)
	s.Stop(r.T)
	s.Config["server.pprof"] = true
	s.WriteConfig(r.T)
	s.Launch(r.T)
	s.WaitReady(r.T)
	return s, drive, nil
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
