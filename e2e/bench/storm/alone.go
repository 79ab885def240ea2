package storm

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/harness"
)

// turns is how often capacity, normal and storm are taken of tokens alone, one after the other: within minutes a machine that has neighbours computes half as
// much again, or a third less, and a capacity that was taken before is none of the storm's.
const turns = 5

// alone is the storm of tokens and nothing else: they cost least beside their refusal. A generator on one core cannot ask ten times as often as one
// core serves, and the server paces its refusals: so the last rows are of all that can be asked from a thousand connections, and say how much.
func alone(r *rig.Rig) (rows []report.Row, err error) {
	s := start(r, nil)
	defer s.Stop(r.T)
	basic := http.Header{}
	for k, v := range harness.Basic(harness.MachineID, harness.MachineSecret) {
		basic.Set(k, v)
	}
	tokens := &class{name: "token", weight: 1, status: 200, most: aloneConnections, next: fixed(load.Form(s.Issuer+"/token", "grant_type=client_credentials&scope=read", basic))}
	long, short := times(r)
	if _, err := closed([]*class{tokens}, 16, short/5); err != nil { // it is warm
		return nil, err
	}
	for _, times := range []float64{1.5, 2.5, stormily} {
		slice := short / turns
		if times == stormily {
			slice = long / turns
		}
		more, err := inTurn(r, s.PID(), tokens, times, slice)
		if err != nil {
			return rows, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// inTurn takes capacity, normal and a storm of a class in turn, each for a slice.
func inTurn(r *rig.Rig, pid int, c *class, times float64, slice time.Duration) ([]report.Row, error) {
	var capacity, served, asked, ratio []float64
	normal, storm, wrong, all := &class{}, &class{}, 0, []*class{c}
	note := ""
	for range turns {
		full, err := closed(all, 16, slice)
		if err != nil {
			return nil, err
		}
		drive(all, full*normally, slice)
		normal.accepted = append(normal.accepted, c.accepted...)
		said := watch(pid)
		drive(all, full*times, slice)
		note = said()
		storm.accepted, wrong = append(storm.accepted, c.accepted...), wrong+c.wrong
		good := float64(len(c.accepted)) / slice.Seconds()
		capacity, served, ratio = append(capacity, full), append(served, good), append(ratio, good/full)
		asked = append(asked, float64(c.all())/slice.Seconds()/full)
		r.Say("tokens alone, %.1f times capacity (%.0f a second): asked %.1f times, served %.0f, p99 %v, normally %v; %d wrong %s; %s", times, full, asked[len(asked)-1], good, c.quantile(0.99),
			normal.quantile(0.99), c.wrong, c.first, note)
	}
	name := fmt.Sprintf("tokens alone, %v times capacity: ", times)
	note = fmt.Sprintf("asked %.1f times; %d wrong; at last %s", median(asked), wrong, note)
	return []report.Row{
		report.Row{Name: name + "served a second", Unit: "requests", Ours: median(served), Bare: median(capacity), Ratio: median(ratio), Spread: (slices.Max(ratio) - slices.Min(ratio)) / 2 / median(ratio),
			Bottom: "capacity, in turn", Note: note}.Least(0.8),
		report.Row{Name: name + "p99 of what is served", Unit: "ms", Ours: ms(storm.quantile(0.99)), Bare: ms(normal.quantile(0.99)), Ratio: ms(storm.quantile(0.99)) / ms(normal.quantile(0.99)),
			Bottom: "at seven tenths of it, in turn", P50: ms(storm.quantile(0.5)), P99: ms(storm.quantile(0.99))}.Most(2)}, nil
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return (sorted[len(sorted)/2] + sorted[(len(sorted)-1)/2]) / 2
}
