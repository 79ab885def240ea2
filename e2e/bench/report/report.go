// Package report is what a benchmark says: rows of figures with what is asked of them, kept as JSON, shown as Markdown, and compared with a
// former run.
package report

import "math"

// Row is one figure. Zero means "there is none", but in Ours.
type Row struct {
	// Section and Name tell it from others; a row of a former run with the same two is the same figure.
	Section string `json:"section"`
	Name    string `json:"name"`
	// Unit of Ours and Bare, such as "µs CPU", "ms", "MiB" or "errors".
	Unit string  `json:"unit"`
	Ours float64 `json:"ours"`
	// Bare is what the same costs with nothing around it, measured in the same run, in turn with Ours.
	Bare float64 `json:"bare,omitempty"`
	// Ratio is Ours ÷ Bare: the median of what the rounds gave, where there are rounds.
	Ratio float64 `json:"ratio,omitempty"`
	// Bound is what Ratio, or Ours where there is no ratio, may not exceed, or, with AtLeast, not fall below; nil where nothing is asked.
	Bound   *float64 `json:"bound,omitempty"`
	AtLeast bool     `json:"at_least,omitempty"`
	// Spread is the half of the range of Ratio (Ours without one) over the rounds, as a share of its median: how far to trust it.
	Spread float64 `json:"spread,omitempty"`
	// Rate is requests per second of wall clock, P50 and P99 are latencies in milliseconds: they depend on the machine and its neighbours.
	Rate float64 `json:"rate,omitempty"`
	P50  float64 `json:"p50_ms,omitempty"`
	P99  float64 `json:"p99_ms,omitempty"`
	// Bottom describes Bare in a few words, Note whatever else must be said.
	Bottom string `json:"bare_is,omitempty"`
	Note   string `json:"note,omitempty"`
}

// Value is what the bound is about: Ratio where there is one, else Ours.
func (r Row) Value() float64 {
	if r.Ratio != 0 {
		return r.Ratio
	}
	return r.Ours
}

// Holds tells whether the bound holds; a row without one holds. What is no number holds nothing.
func (r Row) Holds() bool {
	v := r.Value()
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return false
	case r.Bound == nil:
		return true
	case r.AtLeast:
		return v >= *r.Bound
	}
	return v <= *r.Bound
}

// Most returns the row with an upper bound.
func (r Row) Most(bound float64) Row {
	r.Bound, r.AtLeast = &bound, false
	return r
}

// Least returns the row with a lower bound.
func (r Row) Least(bound float64) Row {
	r.Bound, r.AtLeast = &bound, true
	return r
}

// Run is everything that one run of the command measured.
type Run struct {
	Machine Machine `json:"machine"`
	// Versions by name: latchkey, its revision, go, linux, postgres, peers.
	Versions map[string]string `json:"versions"`
	// Begun is RFC 3339 in UTC. Size is small or full, Rounds how often each figure was taken. Patient: time limits were out of the way.
	Begun   string `json:"begun"`
	Size    string `json:"size"`
	Patient bool   `json:"patient,omitempty"`
	Rounds  int    `json:"rounds"`
	Rows    []Row  `json:"rows"`
}

// BySection splits a run into one for each section that has rows, in their order.
func (r Run) BySection() (out []Run) {
	for _, row := range r.Rows {
		if n := len(out); n == 0 || out[n-1].Rows[0].Section != row.Section {
			one := r
			one.Rows = nil
			out = append(out, one)
		}
		last := &out[len(out)-1]
		last.Rows = append(last.Rows, row)
	}
	return out
}

// Machine is what the figures depend on.
type Machine struct {
	CPU    string  `json:"cpu"`
	Cores  int     `json:"cores"`
	Memory float64 `json:"memory_gib"`
	// Disk is the file system of the store's folder.
	Disk string `json:"disk"`
	// Neighbours is how many cores others kept busy at the beginning, on average over a second.
	Neighbours float64 `json:"neighbours"`
}
