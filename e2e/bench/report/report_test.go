package report

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
)

func TestHolds(t *testing.T) {
	for _, row := range []struct {
		name string
		row  Row
		want bool
	}{
		{"nothing is asked", Row{Ours: 9}, true},
		{"the ratio is what the bound is about", Row{Ours: 9, Ratio: 1.2}.Most(1.25), true},
		{"the ratio is too high", Row{Ours: 1, Ratio: 1.26}.Most(1.25), false},
		{"exactly the bound", Row{Ratio: 1.25}.Most(1.25), true},
		{"without a ratio, ours", Row{Ours: 31}.Most(30), false},
		{"no errors", Row{Ours: 0}.Most(0), true},
		{"one error", Row{Ours: 1}.Most(0), false},
		{"at least, and more", Row{Ratio: 0.9}.Least(0.8), true},
		{"at least, and less", Row{Ratio: 0.7}.Least(0.8), false},
		{"no number", Row{Ratio: math.NaN()}.Most(2), false},
		{"divided by nothing", Row{Ratio: math.Inf(1)}.Least(2), false},
	} {
		if got := row.row.Holds(); got != row.want {
			t.Errorf("%s: %t", row.name, got)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1: "1", 12345: "12345", 1234.6: "1235", 45.67: "45.7", 1.234: "1.23", 0.0523: "0.0523", -3.21: "-3.21"} {
		if got := Number(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

func TestChanges(t *testing.T) {
	at := func(section, name string, ratio, spread float64) Row {
		return Row{Section: section, Name: name, Ratio: ratio, Spread: spread}.Most(1.25)
	}
	before := Run{Begun: "then", Rows: []Row{at("a", "same", 1.1, 0), at("a", "noise", 1, 0.2), at("a", "faster", 2, 0.1), at("a", "slower", 1.2, 0), at("a", "lost", 1, 0), at("b", "did not run", 1, 0)}}
	after := Run{Rows: []Row{at("a", "same", 1.12, 0), at("a", "noise", 1.2, 0.1), at("a", "faster", 1.2, 0.1), at("a", "slower", 1.4, 0), at("a", "more", 1, 0)}}
	var out strings.Builder
	if err := Changes(&out, before, after); err != nil {
		t.Fatal(err)
	}
	want := `since the run of then:
mended   a: faster: 2 → 1.20 (-40 %)
BROKE    a: slower: 1.20 → 1.40 (+17 %)
new      a: more: 1
gone     a: lost, was 1
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	out.Reset()
	if err := Changes(&out, before, before); err != nil || !strings.Contains(out.String(), "nothing changed") {
		t.Errorf("%v %s", err, out.String())
	}
}

func TestMarkdown(t *testing.T) {
	r := Run{Machine: Machine{CPU: "a processor", Cores: 2, Memory: 24, Disk: "ext4"}, Versions: map[string]string{"b": "2", "a": "1"}, Begun: "now", Size: "small", Rounds: 3, Rows: []Row{
		{Section: "one", Name: "x", Unit: "µs CPU", Ours: 120, Bare: 100, Ratio: 1.2, Spread: 0.05, Rate: 8000, P50: 1.5, P99: 9, Bottom: "nothing", Note: "well"},
		Row{Section: "two", Name: "y", Unit: "MiB", Ours: 26}.Most(25)}}
	var out strings.Builder
	if err := r.Markdown(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a 1; b 2.", "### one", "| x | 120 µs CPU | 100 | **1.20** ± 5 % |  |  | 8000 | 1.50 / 9 | bare: nothing. well |", "### two", "| y | 26 MiB |  |  | ≤ 25 | **no** |  |  |  |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

func TestRunsAreKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.json")
	want := Run{Begun: "now", Rows: []Row{Row{Section: "s", Name: "n", Ours: 0}.Most(0)}}
	if err := want.Write(file); err != nil {
		t.Fatal(err)
	}
	got, err := Read(file)
	if err != nil || len(got.Rows) != 1 || got.Rows[0].Bound == nil || *got.Rows[0].Bound != 0 || !got.Rows[0].Holds() {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestBySection(t *testing.T) {
	got := Run{Begun: "now", Rows: []Row{{Section: "a", Name: "1"}, {Section: "a", Name: "2"}, {Section: "b", Name: "3"}}}.BySection()
	if len(got) != 2 || len(got[0].Rows) != 2 || got[1].Rows[0].Name != "3" || got[1].Begun != "now" {
		t.Errorf("%+v", got)
	}
}
