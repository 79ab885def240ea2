package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"latchkey/e2e/harness"
)

// dashboard reads every expression, by its panel's title, with Grafana's variables filled in; and checks what Grafana needs.
func dashboard(t *testing.T) map[string]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(harness.Root(), "charts/latchkey/files/dashboards/latchkey.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		UID    string
		Panels []struct {
			ID                       int
			Type, Title, Description string
			Datasource               struct{ UID string }
			GridPos                  struct{ X, Y, W, H int }
			FieldConfig              struct{ Defaults struct{ Unit string } }
			Targets                  []struct{ Expr string }
		}
		Annotations struct{ List []struct{ Name, Expr string } }
	}
	if err := json.Unmarshal(content, &d); err != nil {
		t.Fatal(err)
	}
	if d.UID != "latchkey" {
		t.Errorf("uid %q: links to the dashboard would break", d.UID)
	}
	fill := strings.NewReplacer("$namespace", ".*", "$job", ".*", "$instance", ".*", "$__rate_interval", "1m", "$__range", "5m")
	out, ids, places := map[string]string{}, map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if at := [2]int{p.GridPos.X, p.GridPos.Y}; ids[p.ID] || places[at] != "" {
			t.Errorf("%s: its number is taken, or its place by %q", p.Title, places[at])
		} else {
			ids[p.ID], places[at] = true, p.Title
		}
		if p.Type == "row" {
			continue
		}
		if p.Description == "" || p.FieldConfig.Defaults.Unit == "" || p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
			t.Errorf("%s: no description, unit, question, or a data source of its own", p.Title)
		}
		for i, q := range p.Targets {
			out[fmt.Sprintf("%d %s %d", p.ID, p.Title, i)] = fill.Replace(q.Expr)
		}
	}
	for _, a := range d.Annotations.List {
		out["annotation "+a.Name] = fill.Replace(a.Expr)
	}
	for title, expr := range out {
		if strings.Contains(expr, "$") {
			t.Errorf("%s: a variable that there is not: %s", title, expr)
		}
	}
	return out
}

// checkNames looks for every metric of an expression among those that were scraped.
func checkNames(t *testing.T, families map[string]*dto.MetricFamily, what, expr string) {
	t.Helper()
	for _, name := range regexp.MustCompile(`\b(?:latchkey|process|go)_[a-z_]+`).FindAllString(expr, -1) {
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_count"), "_bucket"), "_sum")
		if families[name] == nil && families[base] == nil && !slices.Contains(rare(), name) {
			t.Errorf("%s asks for %s, which there is not", what, name)
		}
	}
}

// checkMetricsPage compares the tables of docs/monitoring.md with what was scraped, both ways: names, types and labels.
func checkMetricsPage(t *testing.T, families map[string]*dto.MetricFamily) {
	page, err := os.ReadFile(filepath.Join(harness.Root(), "docs/monitoring.md"))
	if err != nil {
		t.Fatal(err)
	}
	told := map[string][2]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(latchkey_[a-z_]+)` \\| (.) \\|([^|]*)\\|").FindAllStringSubmatch(string(page), -1) {
		labels := strings.Fields(strings.NewReplacer("`", "", ",", "").Replace(m[3]))
		slices.Sort(labels)
		told[m[1]] = [2]string{m[2], strings.Join(labels, " ")}
	}
	for name, f := range families {
		if !strings.HasPrefix(name, "latchkey_") {
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		slices.Sort(labels)
		kind := map[dto.MetricType]string{dto.MetricType_COUNTER: "c", dto.MetricType_GAUGE: "g", dto.MetricType_HISTOGRAM: "h"}[f.GetType()]
		if want := [2]string{kind, strings.Join(labels, " ")}; told[name] != want {
			t.Errorf("%s is %q; docs/monitoring.md says %q", name, want, told[name])
		}
		if f.GetHelp() == "" {
			t.Errorf("%s has no help", name)
		}
	}
	for name := range told {
		if families[name] == nil && !slices.Contains(rare(), name) {
			t.Errorf("docs/monitoring.md tells of %s, which there is not", name)
		}
	}
}
