package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
)

var results = []string{"PASSED", "REVIEW", "WARNING", "FAILED", "SKIPPED"}

// count is how many modules had each result, as words.
func count(modules []moduleResult) string {
	n := counts(modules)
	var parts []string
	for i, r := range results {
		if n[i] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[i], strings.ToLower(r)))
		}
	}
	return strings.Join(parts, ", ")
}

func counts(modules []moduleResult) []int {
	n := make([]int, len(results))
	for _, m := range modules {
		i := slices.Index(results, m.Result)
		if i < 0 {
			i = slices.Index(results, "FAILED")
		}
		n[i]++
	}
	return n
}

// chosen is a module's own choice, for example "code token".
func chosen(variant map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(variant)) {
		if k == "response_type" {
			out = append(out, variant[k])
		}
	}
	return strings.Join(out, " ")
}

// findings are the rows of a log that say what is wrong, why a module was skipped, or which page is in a picture, each once.
func findings(entries []entry, id string) []finding {
	var out []finding
	for _, e := range entries {
		f := finding{e.Result, strings.TrimPrefix(e.Src, "oidcc-"), e.Msg, e.Requirements}
		switch heading := heading.FindStringSubmatch(e.PageSource); {
		case e.Matched != "" && heading != nil:
			f = finding{Result: "PICTURE", Source: "page", Message: strings.TrimSpace(strings.ReplaceAll(heading[1], id, ""))}
		case e.Result != "FAILURE" && e.Result != "WARNING" && e.Result != "SKIPPED":
			continue
		}
		if !slices.ContainsFunc(out, func(g finding) bool { return g.Source == f.Source && g.Message == f.Message && g.Result == f.Result }) {
			out = append(out, f)
		}
	}
	return out
}

// heading of a page that the suite took a picture of.
var heading = regexp.MustCompile(`<h1>\s*(.*?)\s*</h1>`)

// keep writes a module's log to a file.
func (r *run) keep(id string, m moduleRef, entries []entry) error {
	raw := make([]json.RawMessage, len(entries))
	for i, e := range entries {
		raw[i] = e.raw
	}
	b, err := json.MarshalIndent(raw, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(r.settings.logs, 0o750); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.settings.logs, m.Module+"-"+id+".json"), b, 0o600)
}

// report prints what was found, writes it where that is asked for, and says whether it is good enough.
func report(s settings, version string, found []planResult) error {
	if err := table(os.Stdout, version, found); err != nil {
		return err
	}
	why, err := explanations(s)
	if err != nil {
		return err
	}
	bad := listed(os.Stdout, found, why)
	if s.results != "" {
		if found, err = merge(s.results, found); err != nil {
			return err
		}
	}
	if s.write != "" {
		if err := writeDoc(s.write, version, found); err != nil {
			return err
		}
	}
	if bad > 0 {
		return errFindings
	}
	return nil
}

func table(w io.Writer, version string, found []planResult) error {
	fmt.Fprintf(w, "Conformance suite %s\n\n", version)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "plan\tmodules\tpassed\treview\twarning\tfailed\tskipped\tseconds")
	for _, p := range found {
		fmt.Fprintf(t, "%s\t%d", p.Name, len(p.Modules))
		for _, n := range counts(p.Modules) {
			fmt.Fprintf(t, "\t%d", n)
		}
		fmt.Fprintf(t, "\t%.0f\n", p.Seconds)
	}
	return t.Flush()
}

// listed prints every module that is no plain pass, those of a plan that are alike together, and returns how many of them are failures or
// warnings that nobody explained.
func listed(w io.Writer, found []planResult, why []explanation) (bad int) {
	for _, p := range found {
		var texts []string
		where := map[string][]string{}
		for _, m := range p.Modules {
			if m.Result == "PASSED" {
				continue
			}
			note := "not explained"
			if slices.ContainsFunc(why, func(e explanation) bool { return e.fits(m) }) {
				note = "explained"
			}
			if m.Result != "REVIEW" && m.Result != "SKIPPED" && (m.Result != "WARNING" || note != "explained") {
				bad++
			}
			text := fmt.Sprintf("\n%s (%s)  %s  %s\n", m.Result, note, p.Name, m.Module)
			for _, f := range m.Findings {
				text += fmt.Sprintf("    %s %s: %s %s\n", f.Result, f.Source, f.Message, strings.Join(f.Requirements, " "))
			}
			if where[text] == nil {
				texts = append(texts, text)
			}
			where[text] = append(where[text], strings.TrimSpace(chosen(m.Variant)+" "+m.ID))
		}
		for _, text := range texts {
			fmt.Fprintf(w, "%s    at %s\n", text, strings.Join(where[text], ", "))
		}
	}
	return bad
}

// merge puts results into those of former runs, module by module, and returns all.
func merge(path string, found []planResult) ([]planResult, error) {
	var all []planResult
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(b, &all); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	for _, p := range found {
		i := slices.IndexFunc(all, func(q planResult) bool { return q.Name == p.Name })
		if i < 0 {
			all = append(all, p)
			continue
		}
		for _, m := range p.Modules {
			same := func(o moduleResult) bool { return o.Module == m.Module && maps.Equal(o.Variant, m.Variant) }
			if j := slices.IndexFunc(all[i].Modules, same); j >= 0 {
				all[i].Modules[j] = m
			} else {
				all[i].Modules = append(all[i].Modules, m)
			}
		}
	}
	slices.SortFunc(all, func(a, b planResult) int { return place(a.Name) - place(b.Name) })
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", " ")
	if err := e.Encode(all); err != nil {
		return nil, err
	}
	return all, os.WriteFile(path, out.Bytes(), 0o600)
}
