package storm

import (
	"fmt"
	"net/http"

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
	t := load.Form(s.Issuer+"/token", "grant_type=client_credentials&scope=read", basic)
	tokens := []*class{{name: "token", weight: 1, status: 200, most: aloneConnections, next: fixed(t)}}
	long, short := times(r)
	if _, err := closed(tokens, 16, short/5); err != nil { // it is warm
		return nil, err
	}
	full, err := closed(tokens, 16, short)
	if err != nil {
		return nil, err
	}
	drive(tokens, full*normally, short)
	normal := tokens[0].quantile(0.99)
	for _, times := range []float64{1.5, 2.5, stormily} {
		during := short
		if times == stormily {
			during = long / 2
		}
		said := watch(s.PID())
		drive(tokens, full*times, during)
		c, meanwhile := tokens[0], said()
		asked, good := float64(c.all())/during.Seconds(), float64(len(c.accepted))/during.Seconds()
		r.Say("tokens alone, %.1f times capacity (%.0f a second): asked %.0f, served %.0f, p99 %v, was %v; %d wrong %s; %s", times, full, asked, good, c.quantile(0.99), normal, c.wrong, c.first, meanwhile)
		note := fmt.Sprintf("asked %.1f times; %d wrong; %s", asked/full, c.wrong, meanwhile)
		rows = append(rows,
			report.Row{Name: fmt.Sprintf("tokens alone, %v times capacity: served a second", times), Unit: "requests", Ours: good, Bare: full, Ratio: good / full, Bottom: "capacity", Note: note}.Least(0.8),
			report.Row{Name: fmt.Sprintf("tokens alone, %v times capacity: p99 of what is served", times), Unit: "ms", Ours: ms(c.quantile(0.99)), Bare: ms(normal),
				Ratio: ms(c.quantile(0.99)) / ms(normal), Bottom: "at seven tenths of it", P50: ms(c.quantile(0.5)), P99: ms(c.quantile(0.99))}.Most(2))
	}
	return rows, nil
}
