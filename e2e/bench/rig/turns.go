package rig

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/report"
)

// Take measures once.
type Take func() (load.Sample, error)

// Loop is a closed loop of Slice from a number of connections that are kept from one take to the next, with the processor time of processes and
// of what they started. A request that fails is an error.
func (r *Rig) Loop(connections int, src load.Source, pids ...int) Take {
	return r.LoopOf(connections, func() (load.Source, error) { return src, nil }, pids...)
}

// LoopOf is Loop with a source that is made before each take, outside of what is measured, for what can be asked for once. It ends with the source, or
// with Slice.
func (r *Rig) LoopOf(connections int, prepare func() (load.Source, error), pids ...int) Take {
	c := load.New(connections, 0)
	r.T.Cleanup(c.Close)
	c.Meter, c.Beside = func() time.Duration { return CPUOfTrees(pids...) }, r.Beside
	return func() (load.Sample, error) {
		src, err := prepare()
		if err != nil {
			return load.Sample{}, err
		}
		if r.Began != nil {
			r.Began()
		}
		s := c.Closed(src, r.Slice)
		return s, r.Whole(s)
	}
}

// Whole is an error where a request failed, or none was answered. Where we are patient, a refusal for being too busy (503) is no failure.
func (r *Rig) Whole(s load.Sample) error {
	if r.Patient {
		s.Failed -= s.Codes[http.StatusServiceUnavailable]
		s.Requests -= s.Codes[http.StatusServiceUnavailable]
	}
	switch {
	case s.Failed > 0:
		return fmt.Errorf("%d of %d requests failed; the first: %s", s.Failed, s.Requests, s.First)
	case s.Requests == 0:
		return errors.New("no request was answered in time")
	}
	return nil
}

// Turns takes each measurement once without counting it, and then Rounds times, in turn, so that whatever disturbs the machine disturbs all of them.
// It returns samples by measurement.
func (r *Rig) Turns(takes ...Take) ([][]load.Sample, error) {
	out := make([][]load.Sample, len(takes))
	for round := range r.Rounds + 1 {
		for i, take := range takes {
			s, err := take()
			if err != nil {
				return nil, err
			}
			if round > 0 {
				out[i] = append(out[i], s)
			}
		}
	}
	return out, nil
}

// Against is a row of processor time per request: ours, and what it is compared with.
func (r *Rig) Against(name string, ours, theirs Take) (report.Row, error) {
	got, err := r.Turns(ours, theirs)
	if err != nil {
		return report.Row{}, fmt.Errorf("%s: %w", name, err)
	}
	row := Compare(name, got[0], got[1])
	r.Say("%-44s %8.1f µs ÷ %8.1f µs = %.2f", name, row.Ours, row.Bare, row.Ratio)
	return row, nil
}

// Compare makes that row of samples that were taken in turn.
func Compare(name string, ours, theirs []load.Sample) report.Row {
	row := Plain(name, ours)
	row.Bare = MedianOf(theirs, load.Sample.PerRequest)
	row.Ratio, row.Spread = Ratio(ours, theirs, load.Sample.PerRequest)
	return row
}

// Plain is a row of processor time per request that is compared with nothing.
func Plain(name string, ours []load.Sample) report.Row {
	return report.Row{Name: name, Unit: "µs CPU", Ours: MedianOf(ours, load.Sample.PerRequest), Rate: MedianOf(ours, load.Sample.Rate),
		P50: MedianOf(ours, quantile(0.5)), P99: MedianOf(ours, quantile(0.99))}
}

// Ratio is the median of a figure's ratios, round by round, and their spread.
func Ratio(ours, theirs []load.Sample, of func(load.Sample) float64) (ratio, spread float64) {
	var ratios []float64
	for i := range min(len(ours), len(theirs)) {
		ratios = append(ratios, of(ours[i])/of(theirs[i]))
	}
	return Median(ratios), Spread(ratios)
}

func quantile(q float64) func(load.Sample) float64 {
	return func(s load.Sample) float64 { return float64(s.Quantile(q)) / float64(time.Millisecond) }
}

// MedianOf is the median of a figure of samples.
func MedianOf(samples []load.Sample, of func(load.Sample) float64) float64 {
	var v []float64
	for _, s := range samples {
		v = append(v, of(s))
	}
	return Median(v)
}

// Median of values: of an even number, the mean of the two in the middle; 0 of none.
func Median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	n := len(s)
	if n == 0 {
		return 0
	}
	return (s[(n-1)/2] + s[n/2]) / 2
}

// Spread is half of the range of values as a share of their median.
func Spread(values []float64) float64 {
	m := Median(values)
	if m == 0 {
		return 0
	}
	return (slices.Max(values) - slices.Min(values)) / 2 / m
}
