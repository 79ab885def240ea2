package chart

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// ruleSpec renders the PrometheusRule with values on top of the smallest ones, and returns its spec as the text of a file of rules.
func ruleSpec(t *testing.T, files []string, values string) string {
	t.Helper()
	for _, o := range (release{files: files, values: values}).must(t).objects {
		if o.kind() == "PrometheusRule" {
			text, err := yaml.Marshal(o["spec"])
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
	}
	t.Fatal("no PrometheusRule")
	return ""
}

// TestAlertsOfARelease: what the chart puts into the rules is there, wherever it belongs, and Prometheus takes the result.
func TestAlertsOfARelease(t *testing.T) {
	const on = "metrics: {prometheusRule: {enabled: true"
	for _, row := range []struct {
		name     string
		files    []string
		values   string
		has, not []string
	}{
		{name: "as it comes", values: on + "}}", has: []string{`latchkey_build_info{namespace="identity",job="auth",}`, `state="ready"}`, "< 1 # threshold: replicas", "runbook: docs/monitoring.md#latchkeyabsent"},
			not: []string{"latchkey_build_info{}", "{}[", "process_open_fds{}", "_bytes{}"}},
		{name: "two replicas", files: []string{"ha-postgres-values.yaml"}, values: on + "}}\nautoscaling: {enabled: false}\nreplicas: 4", has: []string{"< 4 # threshold: replicas"}},
		{name: "as many as the autoscaler keeps", files: []string{"ha-postgres-values.yaml"}, values: on + "}}\nreplicas: null\nautoscaling: {enabled: true, minReplicas: 3, maxReplicas: 9}", has: []string{"< 3 # threshold: replicas"}},
		{name: "thresholds", values: on + ", thresholds: {errorBudget: 0.005, mailOldestSeconds: 60, certificateSeconds: 86400000}}}",
			has: []string{"(14.4 * 0.005) # threshold: errorBudget", "(6 * 0.005) # threshold: errorBudget", "> 60 # threshold: mailOldestSeconds", "# threshold: certificateSeconds"},
			not: []string{"0.001) #", "600 # threshold: mailOldestSeconds", "1209600"}},
		{name: "labels of one's own, and alerts that nobody wants", values: on + ", disabled: [LatchkeyPanic], alertLabels: {team: identity, severity: page}, runbookUrl: https://docs.example.test/latchkey}}",
			has: []string{"team: identity", "severity: critical", "runbook_url: https://docs.example.test/latchkey#latchkeyabsent"}, not: []string{"LatchkeyPanic", "severity: page", "runbook: docs"}},
		{name: "another selector", values: on + `, selector: 'cluster="a"'}}`, has: []string{`latchkey_build_info{cluster="a",}`}, not: []string{`job="auth"`}},
		{name: "no selector", values: on + `, selector: ""}}`, has: []string{"absent(latchkey_build_info{})"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			files := row.files
			if files == nil {
				files = []string{"minimal-values.yaml"}
			}
			text := ruleSpec(t, files, row.values)
			for _, part := range row.has {
				if !strings.Contains(text, part) {
					t.Errorf("%s is missing", part)
				}
			}
			for _, part := range row.not {
				if strings.Contains(text, part) {
					t.Errorf("%s is there", part)
				}
			}
			file := filepath.Join(t.TempDir(), "rules.yaml")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("promtool", "check", "rules", file).CombinedOutput(); err != nil {
				t.Errorf("promtool (run `make deps` where it is missing): %v\n%s", err, out)
			}
		})
	}
}

// TestDashboardOfARelease: Grafana's sidecar finds it, and it is the file as it is.
func TestDashboardOfARelease(t *testing.T) {
	want, err := os.ReadFile(filepath.Join(chartDir, "files/dashboards/latchkey.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range (release{files: []string{"minimal-values.yaml"}, values: "metrics: {dashboard: {enabled: true, folder: Identity}}"}).must(t).objects {
		if o.kind() != "ConfigMap" || o.at("metadata.labels.grafana_dashboard") != "1" {
			continue
		}
		if o.at("metadata.annotations.grafana_folder") != "Identity" || strings.TrimSpace(o.at("data.[latchkey.json]").(string)) != strings.TrimSpace(string(want)) {
			t.Errorf("folder %v, or another content", o.at("metadata.annotations.grafana_folder"))
		}
		return
	}
	t.Error("no ConfigMap with a dashboard")
}
