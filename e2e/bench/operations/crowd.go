package operations

import (
	"fmt"
	"net/http"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
)

// crowd asks for each operation from many connections and counts the answers that are errors.
func (i *issuer) crowd(store string) (rows []report.Row, err error) {
	type one struct {
		name string
		take rig.Take
	}
	var all []one
	for _, e := range i.entries() {
		all = append(all, one{e.name, e.take(many)})
	}
	all = append(all, one{"authorize, signed in", i.loop(many, i.authorizing(0))}, one{"sign-in", i.loop(many, i.signingIn())})
	for _, o := range all {
		s, err := o.take()
		if err != nil && s.Failed == 0 {
			return rows, fmt.Errorf("%s from %d connections: %w", o.name, many, err)
		}
		rows = append(rows, errorsOf(o.name, store, s, i.r.Patient))
	}
	return rows, nil
}

// errorsOf is the row of an operation. Where we are patient, a refusal for being too busy (503) tells of the neighbours, and is not counted.
func errorsOf(name, store string, s load.Sample, patient bool) report.Row {
	refused := s.Codes[http.StatusServiceUnavailable]
	if patient {
		s.Failed -= refused
	}
	row := report.Row{Name: fmt.Sprintf("errors at %d connections, %s: %s", many, store, name), Unit: "errors", Ours: float64(s.Failed), Rate: s.Rate(),
		P50: s.Quantile(0.5).Seconds() * 1e3, P99: s.Quantile(0.99).Seconds() * 1e3, Note: fmt.Sprintf("of %d requests", s.Requests)}
	if refused > 0 {
		row.Note += fmt.Sprintf(", %d refused as too many", refused)
	}
	if s.Failed > 0 {
		row.Note += "; the first: " + s.First
	}
	return row.Most(0)
}
