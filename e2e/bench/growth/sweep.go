package growth

import (
	"fmt"
	"time"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
)

// sweeping compares refreshes beside a sweeper that has more to do than it can with refreshes beside none, in turn on one store: the server is started
// anew for each. Both are asked as fast as they answer, and half as often.
func sweeping(r *rig.Rig, on driver, n size) ([]report.Row, error) {
	i, err := start(r, on, n, true, "expired")
	if err != nil {
		return nil, err
	}
	defer i.end()
	s := &sweeps{issuer: i, during: 5 * r.Slice}
	first, err := s.take(false, 0)()
	if err != nil {
		return nil, err
	}
	half := first.Rate() / 2
	got, err := r.Turns(s.take(true, 0), s.take(false, 0), s.take(true, half), s.take(false, half))
	if err != nil {
		return nil, fmt.Errorf("refresh beside the sweeper, %s: %w", on, err)
	}
	p99 := func(s load.Sample) float64 { return ms(s.Quantile(0.99)) }
	var rows []report.Row
	for k, how := range []string{"as fast as it goes", "at half of that"} {
		busy, idle := got[2*k], got[2*k+1]
		row := report.Row{Name: fmt.Sprintf("refresh p99 beside the sweeper, %s, %s expired, %s", how, million(n.grants), on), Unit: "ms", Ours: rig.MedianOf(busy, p99),
			Bare: rig.MedianOf(idle, p99), Bottom: "the same, nothing swept", Rate: rig.MedianOf(busy, load.Sample.Rate), P50: rig.MedianOf(busy, quantile(0.5)), P99: rig.MedianOf(busy, p99)}
		row.Ratio, row.Spread = rig.Ratio(busy, idle, p99)
		row.Note = fmt.Sprintf("%.0f rows swept a second; p50 without %.2f ms", rig.Median(s.swept[k]), rig.MedianOf(idle, quantile(0.5)))
		r.Say("%-50s %8.1f ms ÷ %8.1f ms = %.2f; %s", row.Name, row.Ours, row.Bare, row.Ratio, row.Note)
		rows = append(rows, row.Most(1.1))
	}
	rate, left, err := s.alone()
	if err != nil {
		return rows, err
	}
	note := fmt.Sprintf("ten million in %v; %.0f were left", (time.Duration(1e7/max(rate, 1)) * time.Second), left)
	return append(rows, report.Row{Name: fmt.Sprintf("rows swept a second, nothing asked, %s", on), Unit: "rows", Ours: rate, Note: note}), nil
}

func quantile(q float64) func(load.Sample) float64 {
	return func(s load.Sample) float64 { return ms(s.Quantile(q)) }
}

// sweeps takes samples of refreshes with and without the sweeper.
type sweeps struct {
	*issuer
	during time.Duration
	// swept is how many rows went a second, in a closed loop and in an open one.
	swept [2][]float64
}

// again starts the server anew, with the sweeper at work or without it.
func (s *sweeps) again(sweeping bool) {
	s.Stop(s.r.T)
	s.Config["storage.sweep_every"] = "1d"
	if sweeping {
		s.Config["storage.sweep_every"] = "1s"
	}
	s.WriteConfig(s.r.T)
	s.launch()
	if sweeping {
		time.Sleep(2 * time.Second) // it is under way then
	}
}

// take asks for refreshes, as fast as they are answered, or so many a second.
func (s *sweeps) take(sweeping bool, rate float64) rig.Take {
	return func() (load.Sample, error) {
		s.again(sweeping)
		client := load.New(connections, 0)
		defer client.Close()
		warm := client.Closed(asking{s.issuer, refresh()}, s.r.Slice/2)
		if err := s.r.Whole(warm); err != nil {
			return warm, err
		}
		was, begun := s.Metrics(s.r.T).Sum(sweptTotal), time.Now()
		var got load.Sample
		k := 0
		if rate == 0 {
			got = client.Closed(asking{s.issuer, refresh()}, s.during)
		} else {
			k, got = 1, client.Open(asking{s.issuer, refresh()}, rate, 64, s.during)
		}
		if sweeping {
			s.swept[k] = append(s.swept[k], (s.Metrics(s.r.T).Sum(sweptTotal)-was)/time.Since(begun).Seconds())
		}
		return got, s.r.Whole(got)
	}
}

const sweptTotal = "latchkey_store_swept_total"

// alone is how many rows go a second while nothing is asked, and how many are left.
func (s *sweeps) alone() (rate, left float64, err error) {
	s.again(true)
	was, begun := s.Metrics(s.r.T).Sum(sweptTotal), time.Now()
	time.Sleep(2 * s.during)
	rate = (s.Metrics(s.r.T).Sum(sweptTotal) - was) / time.Since(begun).Seconds()
	return rate, s.Metrics(s.r.T).Sum("latchkey_store_records", "kind", "grants"), nil
}
