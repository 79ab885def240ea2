package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/e2e/bench/bare"
	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
)

func TestMain(m *testing.M) {
	rig.Pin(bare.Serve)
	os.Exit(m.Run())
}

// The whole section runs on both stores, and no request fails. No figure is judged: the machine that runs tests does other things besides.
func TestOperationsRun(t *testing.T) {
	dir := t.TempDir()
	if err := run([]string{"-size", "smoke", "-section", "operations", "-out", dir}); err != nil {
		t.Fatal(err)
	}
	got, err := report.Read(filepath.Join(dir, "operations.json"))
	if err != nil {
		t.Fatal(err)
	}
	failures := 0
	for _, r := range got.Rows {
		if r.Unit == "errors" {
			if failures++; r.Ours != 0 {
				t.Errorf("%s: %v, %s", r.Name, r.Ours, r.Note)
			}
		}
	}
	if failures != 24 { // a dozen operations on each store
		t.Errorf("errors of %d operations were counted", failures)
	}
}

func TestCommandLine(t *testing.T) {
	for _, row := range []struct{ name, args, err string }{
		{"an unknown section", "-section nothing", `no section "nothing"`},
		{"an unknown size", "-size big", "smoke, small or full"},
		{"no round", "-rounds 0", "more than nothing"},
		{"an argument", "operations", "no argument"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := run(strings.Fields(row.args))
			if err == nil || !strings.Contains(err.Error(), row.err) {
				t.Errorf("got %v, want %q", err, row.err)
			}
		})
	}
}

func TestFormerRuns(t *testing.T) {
	dir := t.TempDir()
	if got, err := kept(dir, sections()); err != nil || len(got) != 0 {
		t.Errorf("of an empty folder: %v, %v", got, err)
	}
	if err := (report.Run{Begun: "then"}).Write(filepath.Join(dir, "operations.json")); err != nil {
		t.Fatal(err)
	}
	if got, err := kept(dir, sections()); err != nil || got["operations"].Begun != "then" {
		t.Errorf("of one: %v, %v", got, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "operations.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := kept(dir, sections()); err == nil {
		t.Error("what is no JSON was read")
	}
}

func TestAllLeavesOutWhatIsApart(t *testing.T) {
	got, err := chosen("all")
	if err != nil || len(got) == 0 {
		t.Fatal(got, err)
	}
	for _, s := range got {
		if s.Apart {
			t.Errorf("%s is among all", s.Name)
		}
	}
}
