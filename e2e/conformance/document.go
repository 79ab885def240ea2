package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"latchkey/e2e/harness"
)

// The generated part of docs/conformance.md stands between these.
const (
	beginMark = "<!-- results: begin -->"
	endMark   = "<!-- results: end -->"
)

// explanation is a line of docs/conformance.md by a person: "- `module` **warning**: why". A * in the module's name stands for anything.
type explanation struct {
	module *regexp.Regexp
	result string
}

var explanationLine = regexp.MustCompile("(?m)^- `([a-z0-9_*-]+)` \\*\\*(warning|review|skipped)\\*\\*: .")

func (e explanation) fits(m moduleResult) bool {
	return e.result == m.Result && e.module.MatchString(m.Module)
}

// explanations are read from the document, outside of its generated part.
func explanations(s settings) ([]explanation, error) {
	path := s.write
	if path == "" {
		path = filepath.Join(harness.Root(), "docs", "conformance.md")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	before, _, after, err := cut(string(b), path)
	if err != nil {
		return nil, err
	}
	var out []explanation
	for _, m := range explanationLine.FindAllStringSubmatch(before+after, -1) {
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(m[1]), `\*`, ".*") + "$"
		out = append(out, explanation{regexp.MustCompile(pattern), strings.ToUpper(m[2])})
	}
	return out, nil
}

// cut divides a document at its marks.
func cut(text, path string) (before, between, after string, err error) {
	before, rest, ok := strings.Cut(text, beginMark)
	between, after, ok2 := strings.Cut(rest, endMark)
	if !ok || !ok2 {
		return "", "", "", fmt.Errorf("%s has not the marks %s and %s", path, beginMark, endMark)
	}
	return before, between, after, nil
}

// writeDoc puts the tables between the marks.
func writeDoc(path, version string, found []planResult) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, _, after, err := cut(string(b), path)
	if err != nil {
		return err
	}
	var w strings.Builder
	fmt.Fprintf(&w, "%s%s\n\nConformance suite %s.\n\n", before, beginMark, version)
	w.WriteString("| plan | modules | passed | review | warning | failed | skipped |\n|---|---|---|---|---|---|---|\n")
	total := make([]int, len(results))
	modules := 0
	for _, p := range found {
		fmt.Fprintf(&w, "| %s | %d |", p.Name, len(p.Modules))
		modules += len(p.Modules)
		for i, n := range counts(p.Modules) {
			fmt.Fprintf(&w, " %d |", n)
			total[i] += n
		}
		w.WriteByte('\n')
	}
	fmt.Fprintf(&w, "| **all** | %d |", modules)
	for _, n := range total {
		fmt.Fprintf(&w, " %d |", n)
	}
	w.WriteString("\n\n")
	notPlain(&w, found)
	w.WriteString(endMark + after)
	return os.WriteFile(path, []byte(w.String()), 0o644)
}

// notPlain is the table of modules that are no plain pass, with what the suite says of them.
func notPlain(w *strings.Builder, found []planResult) {
	type key struct{ module, result string }
	plans, rows := map[key][]string{}, map[key][]string{}
	add := func(to map[key][]string, k key, v string) {
		if !slices.Contains(to[k], v) {
			to[k] = append(to[k], v)
		}
	}
	for _, p := range found {
		for _, m := range p.Modules {
			if m.Result == "PASSED" {
				continue
			}
			k := key{m.Module, strings.ToLower(m.Result)}
			add(plans, k, p.Name)
			for _, f := range m.Findings {
				f.Source = strings.TrimPrefix(f.Source, strings.TrimPrefix(m.Module, "oidcc-"))
				add(rows, k, strings.TrimPrefix(f.Source+": ", ": ")+strings.NewReplacer("|", `\|`, "\n", " ").Replace(f.Message))
			}
		}
	}
	if len(plans) == 0 {
		w.WriteString("Every module is a plain pass.\n\n")
		return
	}
	w.WriteString("Modules that are no plain pass:\n\n| module | result | plans | the suite says |\n|---|---|---|---|\n")
	keys := slices.SortedFunc(maps.Keys(plans), func(a, b key) int { return strings.Compare(a.result+a.module, b.result+b.module) })
	for _, k := range keys {
		fmt.Fprintf(w, "| `%s` | %s | %s | %s |\n", k.module, k.result, strings.Join(plans[k], ", "), strings.Join(rows[k], "<br>"))
	}
	w.WriteByte('\n')
}
