package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"latchkey/e2e/harness"
)

// rule is one of the file of rules.
type rule struct {
	Record, Alert, Expr, For string
	Labels, Annotations      map[string]string
}

func rulesFile() string {
	return filepath.Join(harness.Root(), "charts/latchkey/files/rules/latchkey.yaml")
}

// rules reads the file of rules.
func rules(t *testing.T) (all []rule) {
	t.Helper()
	content, err := os.ReadFile(rulesFile())
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct{ Rules []rule }
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// promtool runs it in a folder.
func promtool(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("promtool", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s (run `make deps` where it is missing): %v\n%s", strings.Join(args, " "), err, out)
	}
}

// TestAlerts runs the tests of the alerts, and sees to it that each alert has one in which it fires, one in which it does not, and a page to read.
func TestAlerts(t *testing.T) {
	dir := t.TempDir()
	page, err := os.ReadFile(filepath.Join(harness.Root(), "docs/monitoring.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests := ""
	for name, from := range map[string]string{"latchkey.yaml": rulesFile(), "rules_test.yaml": "testdata/rules_test.yaml", "rules_days_test.yaml": "testdata/rules_days_test.yaml"} {
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.yaml") {
			tests += string(content)
		}
	}
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		if !strings.Contains(tests, "- name: '"+r.Alert+": ") || !strings.Contains(tests, "alertname=\""+r.Alert+"\"") {
			t.Errorf("no test in which %s fires", r.Alert)
		}
		if !strings.Contains(tests, "- name: '"+r.Alert+" silent: ") {
			t.Errorf("no test in which %s does not fire", r.Alert)
		}
		if s := r.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s has severity %q", r.Alert, s)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s has no summary or description", r.Alert)
		}
		if want := "docs/monitoring.md#" + strings.ToLower(r.Alert); r.Annotations["runbook"] != want || !strings.Contains(string(page), "\n### "+r.Alert+"\n") {
			t.Errorf("%s: runbook %q, or its section is missing", r.Alert, r.Annotations["runbook"])
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^### (Latchkey\w+)$`).FindAllStringSubmatch(string(page), -1) {
		if !strings.Contains(tests, m[1]+": ") {
			t.Errorf("docs/monitoring.md tells of %s, which there is not", m[1])
		}
	}
	promtool(t, dir, "check", "rules", "latchkey.yaml")
	promtool(t, dir, "test", "rules", "rules_test.yaml", "rules_days_test.yaml")
}

// TestThresholdsOfTheChart: each has its place in the rules, and the default that is written there.
func TestThresholdsOfTheChart(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(harness.Root(), "charts/latchkey/values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var values struct {
		Metrics struct {
			PrometheusRule struct {
				Thresholds map[string]any
			} `yaml:"prometheusRule"`
		}
	}
	if err := yaml.Unmarshal(content, &values); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(rulesFile())
	if err != nil {
		t.Fatal(err)
	}
	named := map[string][]string{}
	for _, m := range regexp.MustCompile(`([0-9.]+)\)? # threshold: (\w+)\n`).FindAllStringSubmatch(string(text), -1) {
		named[m[2]] = append(named[m[2]], m[1])
	}
	for name, v := range values.Metrics.PrometheusRule.Thresholds {
		if named[name] == nil {
			t.Errorf("metrics.prometheusRule.thresholds.%s stands nowhere in the rules", name)
		}
		want := yamlText(t, v)
		for _, have := range named[name] {
			if v != nil && have != want {
				t.Errorf("%s is %s in the chart and %s in the rules", name, want, have)
			}
		}
	}
	for name := range named {
		if _, ok := values.Metrics.PrometheusRule.Thresholds[name]; !ok {
			t.Errorf("the chart does not know the threshold %s", name)
		}
	}
}

func yamlText(t *testing.T, v any) string {
	t.Helper()
	b, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}
