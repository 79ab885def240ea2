package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/e2e/bench/report"
	"latchkey/e2e/harness"
)

var update = flag.Bool("update", false, "make the figures of docs/performance.md anew")

const (
	figuresBegin = "<!-- figures: made of docs/bench by `make bench-keep`; do not edit -->\n"
	figuresEnd   = "<!-- end of figures -->\n"
)

// What docs/performance.md says was measured is what is kept in docs/bench.
func TestFiguresInTheDocumentation(t *testing.T) {
	docs := filepath.Join(harness.Root(), "docs")
	was, err := kept(filepath.Join(docs, "bench"), sections())
	if err != nil {
		t.Fatal(err)
	}
	var runs []report.Run
	for _, s := range sections() {
		if r := was[s.Name]; r != nil {
			runs = append(runs, *r)
		}
	}
	if len(runs) == 0 {
		t.Fatal("nothing is kept in docs/bench")
	}
	var page strings.Builder
	if err := report.Page(&page, runs); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(docs, "performance.md")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(b), figuresBegin)
	figures, after, ends := strings.Cut(rest, figuresEnd)
	switch {
	case !begins || !ends:
		t.Fatalf("%s has no place for figures", file)
	case figures == page.String():
	case *update:
		if err := os.WriteFile(file, []byte(before+figuresBegin+page.String()+figuresEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the figures of %s are not those that are kept: run `make bench-keep`", file)
	}
}
