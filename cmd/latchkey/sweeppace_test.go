package main

import (
	"testing"
	"time"
)

// TestSweepPace: steps come to take about as long as they should, and rest in proportion.
func TestSweepPace(t *testing.T) {
	for name, row := range map[string]struct {
		commit, each time.Duration
		least, most  sweepPace
	}{
		"a fast store":     {100 * time.Microsecond, time.Microsecond, sweepMost, sweepMost},
		"a usual one":      {time.Millisecond, 30 * time.Microsecond, 100, 400},
		"dear records":     {time.Millisecond, time.Millisecond, sweepLeast, sweepLeast},
		"a slow disk":      {50 * time.Millisecond, time.Microsecond, sweepLeast, sweepLeast},
		"a clock set back": {-time.Hour, 0, sweepMost, sweepMost},
	} {
		p := sweepPace(sweepLeast)
		for range 100 {
			took := row.commit + time.Duration(p)*row.each
			if rest := p.after(took); rest != sweepRest*took {
				t.Fatalf("%s: rests %v after %v", name, rest, took)
			}
		}
		if p < row.least || p > row.most {
			t.Errorf("%s: %d records a step", name, p)
		}
	}
}
