package report

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// Change is what became of a figure.
type Change struct {
	Section, Name string
	// Before and After are [Row.Value]s; NaN where the figure is new or gone.
	Before, After float64
	// Beyond: the change is more than both spreads together, and at least a twentieth.
	Beyond bool
	// Broke and Mended: a bound holds no more, or again.
	Broke, Mended bool
}

// Compare says what became of each figure since a former run, in the order of the rows; those that are gone come last, but only of sections that ran.
func Compare(before, after Run) []Change {
	former, ran, seen := map[string]Row{}, map[string]bool{}, map[string]bool{}
	for _, r := range before.Rows {
		former[r.Section+"\x00"+r.Name] = r
	}
	var out []Change
	for _, now := range after.Rows {
		key := now.Section + "\x00" + now.Name
		ran[now.Section], seen[key] = true, true
		was, ok := former[key]
		c := Change{Section: now.Section, Name: now.Name, Before: math.NaN(), After: now.Value()}
		if ok {
			c.Before = was.Value()
			c.Beyond = math.Abs(c.After-c.Before) > max((was.Spread+now.Spread)*math.Abs(c.Before), math.Abs(c.Before)/20)
			c.Broke, c.Mended = was.Holds() && !now.Holds(), !was.Holds() && now.Holds()
		}
		out = append(out, c)
	}
	for _, was := range before.Rows {
		if ran[was.Section] && !seen[was.Section+"\x00"+was.Name] {
			out = append(out, Change{Section: was.Section, Name: was.Name, Before: was.Value(), After: math.NaN()})
		}
	}
	return out
}

// Changes writes what changed beyond the spread, what is new and what is gone, or that nothing is.
func Changes(w io.Writer, before, after Run) error {
	var b strings.Builder
	for _, c := range Compare(before, after) {
		switch {
		case math.IsNaN(c.Before):
			fmt.Fprintf(&b, "new      %s: %s: %s\n", c.Section, c.Name, Number(c.After))
			continue
		case math.IsNaN(c.After):
			fmt.Fprintf(&b, "gone     %s: %s, was %s\n", c.Section, c.Name, Number(c.Before))
			continue
		case !c.Beyond && !c.Broke && !c.Mended:
			continue
		}
		word := "changed"
		switch {
		case c.Broke:
			word = "BROKE"
		case c.Mended:
			word = "mended"
		}
		fmt.Fprintf(&b, "%-8s %s: %s: %s → %s (%+.0f %%)\n", word, c.Section, c.Name, Number(c.Before), Number(c.After), 100*(c.After-c.Before)/c.Before)
	}
	if b.Len() == 0 {
		b.WriteString("nothing changed beyond the spread of the rounds\n")
	}
	_, err := fmt.Fprintf(w, "since the run of %s:\n%s", before.Begun, b.String())
	return err
}
