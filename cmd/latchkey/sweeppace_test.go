package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestSweepPace: steps come to take about as long as they should, and rest in proportion.
func TestSweepPace(t *testing.T) {
	for name, row := range map[string]struct {
		commit, each time.Duration
		behind       time.Duration
		busy         bool
		least, most  int
		rest         time.Duration
	}{
		"a fast store":         {100 * time.Microsecond, time.Microsecond, 0, false, sweepMost, sweepMost, 1},
		"a usual one":          {time.Millisecond, 30 * time.Microsecond, 0, false, 100, 400, 1},
		"dear records":         {time.Millisecond, time.Millisecond, 0, false, sweepLeast, sweepLeast, 1},
		"a slow disk":          {50 * time.Millisecond, time.Microsecond, 0, false, sweepLeast, sweepLeast, 1},
		"a clock set back":     {-time.Hour, 0, 0, false, sweepMost, sweepMost, 1},
		"beside requests":      {100 * time.Microsecond, time.Microsecond, 0, true, sweepLeast, sweepLeast, busyRest},
		"dear, and requests":   {50 * time.Millisecond, time.Millisecond, 0, true, sweepLeast, sweepLeast, busyRest},
		"requests without end": {time.Millisecond, 30 * time.Microsecond, sweepPatience - 1, true, sweepLeast, sweepLeast, busyRest},
		"and then":             {time.Millisecond, 30 * time.Microsecond, 3 * sweepPatience, true, 8 * sweepLeast, 8 * sweepLeast, busyRest},
		"and for ever":         {time.Millisecond, 30 * time.Microsecond, 1000 * sweepPatience, true, sweepMost, sweepMost, busyRest},
		"quiet at last":        {time.Millisecond, 30 * time.Microsecond, 1000 * sweepPatience, false, 100, 400, 1},
	} {
		p := sweepPace{next: sweepLeast, least: sweepLeast}
		for range 100 {
			took := row.commit + time.Duration(p.next)*row.each
			if rest := p.after(took, row.behind, row.busy); rest != row.rest*took {
				t.Fatalf("%s: rests %v after %v", name, rest, took)
			}
		}
		if p.next < row.least || p.next > row.most {
			t.Errorf("%s: %d records a step", name, p.next)
		}
	}
}

// TestTraffic: there is traffic until a second passes with few requests, and again as soon as there are more.
func TestTraffic(t *testing.T) {
	var c traffic
	h := c.count(http.NotFoundHandler())
	at := time.Unix(1_800_000_000, 0)
	for _, row := range []struct {
		what     string
		requests int
		later    time.Duration
		busy     bool
	}{
		{"at first", 1, 0, false},
		{"few", fewRequests, time.Second, false},
		{"many", fewRequests + 1, 10 * time.Millisecond, true},
		{"for less than a second nothing", 0, 900 * time.Millisecond, true},
		{"for a second nothing", 0, 100 * time.Millisecond, false},
		{"many again", 100, time.Second, true},
		{"a clock set back", 0, -time.Hour, false},
	} {
		for range row.requests {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		}
		if at = at.Add(row.later); c.busy(at) != row.busy {
			t.Errorf("%s: busy is not %v", row.what, row.busy)
		}
	}
}
