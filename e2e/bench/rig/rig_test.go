package rig

import (
	"os"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/report"
)

func TestMedianAndSpread(t *testing.T) {
	for _, row := range []struct {
		name           string
		values         []float64
		median, spread float64
	}{
		{"of none", nil, 0, 0},
		{"of one", []float64{3}, 3, 0},
		{"of an odd number, unsorted", []float64{9, 1, 4}, 4, 1},
		{"of an even number the mean of two", []float64{1, 2, 4, 8}, 3, 3.5 / 3},
	} {
		if m, s := Median(row.values), Spread(row.values); m != row.median || s != row.spread {
			t.Errorf("%s: %v ± %v, want %v ± %v", row.name, m, s, row.median, row.spread)
		}
	}
}

// A ratio is the median of those of each round: a round in which all were slow does not tell against one of them.
func TestRatioIsByRound(t *testing.T) {
	s := func(micros int) load.Sample {
		return load.Sample{Requests: 10, CPU: time.Duration(10*micros) * time.Microsecond}
	}
	row := Compare("x", []load.Sample{s(120), s(600), s(110)}, []load.Sample{s(100), s(500), s(100)})
	if row.Ratio != 1.2 || row.Ours != 120 || row.Bare != 100 {
		t.Errorf("got %+v", row)
	}
}

func TestCPUIsCounted(t *testing.T) {
	before := CPU(os.Getpid())
	for end := before + 5*time.Millisecond; CPU(os.Getpid()) < end; {
		_ = strings.Repeat("x", 1000)
	}
	if before <= 0 {
		t.Errorf("this process has used %v", before)
	}
	if got := CPU(1<<22 + 1); got != 0 {
		t.Errorf("no process, above the highest number, has used %v", got)
	}
	if now, peak, err := Resident(os.Getpid()); err != nil || now <= 0 || peak < now {
		t.Errorf("%d of %d bytes, %v", now, peak, err)
	}
	if parent, err := Parent(os.Getpid()); err != nil || parent != os.Getppid() {
		t.Errorf("parent %d, %v", parent, err)
	}
}

func TestSections(t *testing.T) {
	ended := ""
	r := &Rig{Dir: t.TempDir()}
	rows, err := r.Do(Section{Name: "fails", Run: func(r *Rig) ([]report.Row, error) {
		r.T.Cleanup(func() { ended += "first " })
		r.T.Cleanup(func() { ended += "second " })
		r.T.Fatalf("no %s", "way")
		return nil, nil
	}})
	if err == nil || err.Error() != "fails: no way" || rows != nil || ended != "second first " {
		t.Errorf("rows %v, error %v, ended %q", rows, err, ended)
	}
	rows, err = r.Do(Section{Name: "works", Run: func(*Rig) ([]report.Row, error) { return []report.Row{{Name: "x"}}, nil }})
	if err != nil || len(rows) != 1 || rows[0].Section != "works" {
		t.Errorf("rows %+v, error %v", rows, err)
	}
	_, err = r.Do(Section{Name: "notes", Run: func(r *Rig) ([]report.Row, error) { r.T.Errorf("odd"); return nil, nil }})
	if err == nil || !strings.Contains(err.Error(), "odd") {
		t.Errorf("error %v", err)
	}
}

func TestTurnsDoNotCountTheFirst(t *testing.T) {
	r := &Rig{Rounds: 2}
	var order []string
	take := func(name string) Take {
		return func() (load.Sample, error) {
			order = append(order, name)
			return load.Sample{Requests: len(order)}, nil
		}
	}
	got, err := r.Turns(take("a"), take("b"))
	if err != nil || strings.Join(order, "") != "ababab" || len(got) != 2 || len(got[0]) != 2 || got[0][0].Requests != 3 {
		t.Errorf("%v %v %v", order, got, err)
	}
}

func TestTheEndOfALog(t *testing.T) {
	var l lastOf
	for range 5000 {
		_, _ = l.Write([]byte(strings.Repeat("x", 99) + "\n"))
	}
	_, _ = l.Write([]byte("last"))
	if s := l.String(); l.count() != 5000 || !strings.HasSuffix(s, "\nlast") || len(s) > 256<<10 {
		t.Errorf("%d lines, %d bytes", l.count(), len(s))
	}
}
