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
		busy, shared bool
		least, most  int
		rest         time.Duration
	}{
		"a fast store":         {100 * time.Microsecond, time.Microsecond, 0, false, false, sweepMost, sweepMost, 1},
		"a usual one":          {time.Millisecond, 30 * time.Microsecond, 0, false, false, 100, 400, 1},
		"dear records":         {time.Millisecond, time.Millisecond, 0, false, false, 8, 8, 1},
		"a slow disk":          {50 * time.Millisecond, time.Microsecond, 0, false, false, 8, 8, 1},
		"a clock set back":     {-time.Hour, 0, 0, false, false, sweepMost, sweepMost, 1},
		"beside requests":      {100 * time.Microsecond, time.Microsecond, 0, true, false, 8, 8, 19},
		"set back, requests":   {time.Millisecond, time.Microsecond, -time.Hour, true, false, 8, 8, 19},
		"dear, and requests":   {50 * time.Millisecond, time.Millisecond, 0, true, false, 8, 8, 19},
		"requests without end": {time.Millisecond, 30 * time.Microsecond, sweepPatience - 1, true, false, 8, 8, 19},
		"half an hour":         {time.Millisecond, 30 * time.Microsecond, 3 * sweepPatience, true, false, 8, 8, 2},
		"an hour":              {time.Millisecond, 30 * time.Microsecond, time.Hour, true, false, 8, 8, 1},
		"most of the day":      {time.Millisecond, 30 * time.Microsecond, sweepLast - 1, true, false, 8, 8, 1},
		"and then":             {time.Millisecond, 30 * time.Microsecond, sweepLast + 2*time.Hour, true, false, 64, 64, 1},
		"and for ever":         {time.Millisecond, 30 * time.Microsecond, 1000 * time.Hour, true, false, sweepMost, sweepMost, 1},
		"quiet at last":        {time.Millisecond, 30 * time.Microsecond, 1000 * time.Hour, false, false, 100, 400, 1},
		"a database":           {10 * time.Millisecond, time.Microsecond, 0, true, true, 250, 250, 19},
		"for an hour":          {10 * time.Millisecond, time.Microsecond, time.Hour, true, true, 250, 250, 4},
	} {
		p := newSweepPace(row.shared)
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
