package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Markdown writes a run as tables, one for each section in the order of the rows, after what it was measured on.
func (r Run) Markdown(w io.Writer) error {
	var b strings.Builder
	r.origin(&b)
	for _, one := range r.BySection() {
		one.table(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Page writes runs of a section each, such as are kept, as one page.
func Page(w io.Writer, runs []Run) error {
	var b strings.Builder
	for n, r := range runs {
		if n > 0 {
			b.WriteString("\n")
		}
		r.origin(&b)
		r.table(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// origin says what a run was measured on.
func (r Run) origin(b *strings.Builder) {
	fmt.Fprintf(b, "Begun %s on %s, %d cores, %.0f GiB, %s, of which neighbours kept %.1f cores busy just before; size %s, medians of %d rounds.", r.Begun, r.Machine.CPU, r.Machine.Cores,
		r.Machine.Memory, r.Machine.Disk, r.Machine.Neighbours, r.Size, r.Rounds)
	if r.Patient {
		b.WriteString(" The server's time limits were out of the way.")
	}
	for i, name := range slices.Sorted(maps.Keys(r.Versions)) {
		b.WriteString(map[bool]string{true: " Versions: ", false: "; "}[i == 0])
		fmt.Fprintf(b, "%s %s", name, r.Versions[name])
	}
	b.WriteString(".\n")
}

// table is that of a run of one section.
func (r Run) table(b *strings.Builder) {
	if len(r.Rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### %s\n\n| what | ours | bare | ratio | asked | holds | a second | p50 / p99 ms | |\n|---|---|---|---|---|---|---|---|---|\n", r.Rows[0].Section)
	for _, row := range r.Rows {
		row.line(b)
	}
}

func (r Row) line(b *strings.Builder) {
	ratio, latency, rate, bare := "", "", "", ""
	if r.Bare != 0 {
		bare = Number(r.Bare)
	}
	if r.Ratio != 0 {
		ratio = fmt.Sprintf("**%.2f**", r.Ratio)
	}
	if r.Spread != 0 {
		ratio = strings.TrimSpace(fmt.Sprintf("%s ± %.0f %%", ratio, 100*r.Spread))
	}
	if r.Rate != 0 {
		rate = Number(r.Rate)
	}
	if r.P50 != 0 || r.P99 != 0 {
		latency = Number(r.P50) + " / " + Number(r.P99)
	}
	fmt.Fprintf(b, "| %s | %s %s | %s | %s | %s | %s | %s | %s | %s |\n", r.Name, Number(r.Ours), r.Unit, bare, ratio, r.asked(), r.verdict(), rate, latency, r.remark())
}

func (r Row) asked() string {
	switch {
	case r.Bound == nil:
		return ""
	case r.AtLeast:
		return "≥ " + Number(*r.Bound)
	}
	return "≤ " + Number(*r.Bound)
}

func (r Row) verdict() string {
	switch {
	case r.Bound == nil:
		return ""
	case r.Holds():
		return "yes"
	}
	return "**no**"
}

func (r Row) remark() string {
	if r.Bottom == "" {
		return r.Note
	}
	if r.Note == "" {
		return "bare: " + r.Bottom
	}
	return "bare: " + r.Bottom + ". " + r.Note
}

// Number is a figure with three digits that matter, or all before the point.
func Number(v float64) string {
	switch a := max(v, -v); {
	case v == float64(int64(v)) && a < 1e15:
		return fmt.Sprintf("%d", int64(v))
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	case a >= 0.1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
