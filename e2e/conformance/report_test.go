package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func sample() []planResult {
	return []planResult{
		{Name: "basic static", Modules: []moduleResult{
			{Module: "oidcc-server", Result: "PASSED"},
			{Module: "oidcc-scope-all", Result: "WARNING", Findings: []finding{{Result: "WARNING", Source: "CheckScopes", Message: "a | b\nc"}}},
			{Module: "oidcc-idtoken-unsigned", Result: "SKIPPED", Findings: []finding{{Result: "SKIPPED", Source: "idtoken-unsigned", Message: "no none"}}},
		}},
		{Name: "config", Modules: []moduleResult{{Module: "oidcc-discovery", Result: "UNKNOWN"}}},
	}
}

func TestFindings(t *testing.T) {
	got := findings([]entry{
		{Src: "A", Msg: "fine", Result: "SUCCESS"}, {Src: "A", Msg: "bad", Result: "FAILURE"}, {Src: "A", Msg: "bad", Result: "FAILURE"},
		{Src: "oidcc-x", Msg: "left out", Result: "SKIPPED"}, {Src: "BROWSER", PageSource: "<h1>\n Sign in to app ID7 \n</h1>", Matched: "Sign in"},
		{Src: "WebRunner", PageSource: "<h1>not a picture</h1>"},
	}, "ID7")
	want := "[{FAILURE A bad []} {SKIPPED x left out []} {PICTURE page Sign in to app []}]"
	if s := strings.ReplaceAll(fmt.Sprint(got), "  ", " "); s != want {
		t.Errorf("%s\nwant %s", s, want)
	}
}

func TestListed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.md")
	text := "# T\n- `oidcc-scope-*` **warning**: known.\n" + beginMark + "\n- `oidcc-idtoken-unsigned` **skipped**: generated, so it does not count.\n" + endMark + "\ntail\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	why, err := explanations(settings{write: path})
	if err != nil || len(why) != 1 {
		t.Fatalf("%v, %v", why, err)
	}
	var out strings.Builder
	if bad := listed(&out, sample(), why); bad != 1 {
		t.Errorf("%d are bad, want the module of no known result alone", bad)
	}
	for _, s := range []string{"WARNING (explained)  basic static  oidcc-scope-all", "SKIPPED (not explained)", "UNKNOWN (not explained)  config"} {
		if !strings.Contains(out.String(), s) {
			t.Errorf("no %q in\n%s", s, out.String())
		}
	}
	if bad := listed(&out, sample(), nil); bad != 2 {
		t.Errorf("%d are bad without explanations, want 2", bad)
	}
	if err := writeDoc(path, "5", sample()); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(path)
	for _, s := range []string{"# T\n- `oidcc-scope-*`", "| basic static | 3 | 1 | 0 | 1 | 0 | 1 |", "| **all** | 4 | 1 | 0 | 1 | 1 | 1 |", `| basic static | CheckScopes: a \| b c |`, "| no none |", endMark + "\ntail\n"} {
		if !strings.Contains(string(b), s) {
			t.Errorf("no %q in\n%s", s, b)
		}
	}
	if strings.Contains(string(b), "generated, so") {
		t.Error("the former tables are still there")
	}
}

func TestMerge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	if _, err := merge(path, sample()); err != nil {
		t.Fatal(err)
	}
	all, err := merge(path, []planResult{{Name: "basic static", Modules: []moduleResult{{Module: "oidcc-scope-all", Result: "PASSED"}, {Module: "oidcc-new", Result: "REVIEW"}}}})
	if err != nil {
		t.Fatal(err)
	}
	if all[0].Name != "config" || count(all[1].Modules) != "2 passed, 1 review, 1 skipped" {
		t.Errorf("%+v", all)
	}
}

func TestEveryPlanHasItsClients(t *testing.T) {
	op := &provider{base: "https://op.example", alias: "x", initial: "token"}
	names := map[string]bool{}
	for _, p := range plans() {
		if names[p.Name] || place(p.Name) < 0 {
			t.Errorf("%q is there twice", p.Name)
		}
		names[p.Name] = true
		c := planConfig(op, p)
		client, _ := c["client"].(object)
		if p.Dynamic != (client["initial_access_token"] == "token") || p.Dynamic == (c["alias"] == "x"+p.Clients) || p.Browser != (c["browser"] == nil) {
			t.Errorf("%s: %v", p.Name, c)
		}
	}
}
