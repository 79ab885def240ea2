package operations

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"latchkey/e2e/bench/bare"
	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
)

// ask has something done in a bare process, without HTTP between: what it took each time, and the processor time of all.
func ask(b *rig.Bare, path string) (load.Sample, error) {
	cpu := rig.CPU(b.PID)
	res, err := http.Get(b.Base + path)
	if err != nil {
		return load.Sample{}, err
	}
	defer res.Body.Close()
	var got bare.Alone
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		return load.Sample{}, err
	}
	s := load.Sample{Requests: len(got.Times), CPU: rig.CPU(b.PID) - cpu, Latencies: got.Times}
	for _, t := range got.Times {
		s.Took += t
	}
	if len(got.Times) == 0 {
		return s, errors.New("nothing was done")
	}
	return s, nil
}

// alone is the latency of what is durable, from one connection, beside that of one group commit.
func (i *issuer) alone() (rows []report.Row, err error) {
	if !i.r.Wants("code exchange at one connection") && !i.r.Wants("refresh at one connection") {
		return nil, nil
	}
	b := i.r.Bare("alone", i.r.Dir)
	commits := func() (load.Sample, error) { return ask(b, "/commit?n=150") }
	for _, e := range i.writes() {
		if !i.r.Wants(e.name + " at one connection") {
			continue
		}
		whole, one := i.r.Bare(e.kind, e.work.String()), i.r.Bare(e.kind, bare.Work{Secret: e.work.Secret, Put: true, Dir: e.work.Dir}.String())
		got, err := i.r.Turns(e.take(1), commits, i.r.Loop(1, e.same(one.Base), one.PID), i.r.Loop(1, e.same(whole.Base), whole.PID))
		if err != nil {
			return rows, fmt.Errorf("%s at one connection: %w", e.name, err)
		}
		row := latency(e.name+" at one connection", got[0], got[1])
		row.Bottom = "one group commit of one put to bbolt, without HTTP"
		over := latency(e.name+" at one connection, over HTTP", got[0], got[2])
		over.Bottom = plain + ", one group-committed bbolt put, no signature"
		beside := latency(e.name+" at one connection, whole", got[0], got[3])
		beside.Bottom = e.bottom
		rows = append(rows, row.Most(1.3), over, beside)
		i.r.Say("%-50s %8.3f ms ÷ %8.3f ms = %.2f (over HTTP: %.2f, whole: %.2f)", row.Name, row.Ours, row.Bare, row.Ratio, over.Ratio, beside.Ratio)
	}
	return rows, nil
}

func latency(name string, ours, theirs []load.Sample) report.Row {
	ms := func(s load.Sample) float64 { return float64(s.Quantile(0.5)) / float64(time.Millisecond) }
	row := report.Row{Name: name, Unit: "ms p50", Ours: rig.MedianOf(ours, ms), Bare: rig.MedianOf(theirs, ms)}
	row.Ratio, row.Spread = rig.Ratio(ours, theirs, ms)
	return row
}
