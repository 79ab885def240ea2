package storm

import (
	"fmt"
	"net/http"
	"time"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/harness"
)

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
		during := short
		if times == stormily {
			during = long
		}
		more, err := between(r, s.PID(), tokens, times, during)
		if err != nil {
			return rows, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// between takes capacity, normal, a storm as long, and capacity again: within minutes a machine that has neighbours computes half as much again, or a third
// less, and a capacity that was taken once is none of the storm's.
func between(r *rig.Rig, pid int, c *class, times float64, during time.Duration) ([]report.Row, error) {
	all := []*class{c}
	before, err := closed(all, 16, during/4)
	if err != nil {
		return nil, err
	}
	drive(all, before*normally, during)
	normal := ms(c.quantile(0.99))
	note := make(chan string, 1)
	go func(said func() string) {
		time.Sleep(during)
		note <- said()
	}(watch(pid))
	drive(all, before*times, during)
	served, asked, wrong, p50, p99 := float64(len(c.accepted))/during.Seconds(), float64(c.all())/during.Seconds(), c.wrong, ms(c.quantile(0.5)), ms(c.quantile(0.99))
	after, err := closed(all, 16, during/4)
	if err != nil {
		return nil, err
	}
	capacity := (before + after) / 2
	name := fmt.Sprintf("tokens alone, %v times capacity: ", times)
	rows := []report.Row{
		report.Row{Name: name + "served a second", Unit: "requests", Ours: served, Bare: capacity, Ratio: served / capacity, Bottom: fmt.Sprintf("capacity, %.0f before and %.0f after", before, after),
			Note: fmt.Sprintf("asked %.1f times; %d wrong; %s", asked/capacity, wrong, <-note)}.Least(0.8),
		report.Row{Name: name + "p99 of what is served", Unit: "ms", Ours: p99, Bare: normal, Ratio: p99 / normal,
			Bottom: "at seven tenths of it, as long, just before", P50: p50, P99: p99}.Most(2)}
	for _, row := range rows {
		r.Say("%s %.2f ÷ %.2f = %.2f; %s", row.Name, row.Ours, row.Bare, row.Ratio, row.Note)
	}
	return rows, nil
}
