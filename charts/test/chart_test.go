package chart

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint/rules"
	"helm.sh/helm/v3/pkg/lint/support"
	"sigs.k8s.io/yaml"
)

// `helm lint --strict` has nothing to say but that there is no icon.
func TestLint(t *testing.T) {
	version, err := chartutil.ParseKubeVersion(kubeVersion)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range ciFiles(t) {
		linter := support.Linter{ChartDir: chartDir}
		values := release{files: []string{file}}.input(t)
		rules.Chartfile(&linter)
		rules.ValuesWithOverrides(&linter, values)
		rules.TemplatesWithKubeVersion(&linter, values, "identity", version)
		rules.Dependencies(&linter)
		for _, message := range linter.Messages {
			if !strings.Contains(message.Err.Error(), "icon is recommended") {
				t.Errorf("%s: %v", file, message)
			}
		}
	}
}

// The chart asks for a Kubernetes that has what it uses.
func TestKubernetesVersion(t *testing.T) {
	constraint := loadChart(t).Metadata.KubeVersion
	for version, fits := range map[string]bool{"v1.29.9": false, "v1.30.0": true, "v1.36.3": true, "v1.31.4-gke.100": true, "v1.34.1+k3s1": true} {
		if chartutil.IsCompatibleRange(constraint, version) != fits {
			t.Errorf("%s with %s: must be %v", constraint, version, fits)
		}
	}
}

// What is asked for is rendered whether the cluster knows its API or not: the API server says what is missing, and nothing is left out in silence.
func TestAPIsAreNotGuessed(t *testing.T) {
	for _, file := range ciFiles(t) {
		with := release{files: []string{file}, apis: allAPIs}.must(t)
		without := release{files: []string{file}}.must(t)
		if asJSON(t, with.objects) != asJSON(t, without.objects) {
			t.Errorf("%s: rendered otherwise where the cluster has fewer APIs", file)
		}
	}
}

// The schema is one by itself: it refers to nothing outside, and refuses every key that it does not know, but where another's map is handed on.
func TestSchemaStandsAlone(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(chartDir, "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range regexp.MustCompile(`"\$ref":"([^"]*)"`).FindAllStringSubmatch(string(content), -1) {
		if !strings.HasPrefix(ref[1], "#/$defs/") {
			t.Errorf("refers to %s", ref[1])
		}
	}
	if len(content) > 256<<10 {
		t.Errorf("has %d bytes; Helm keeps it with every release", len(content))
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	open(t, "", doc)
}

// handedOn are maps of others, of which we know a part.
var handedOn = []string{"global", "extraObjects.items", "httpRoute.filters.items", "httpRoute.extraRules.items",
	"metrics.serviceMonitor.relabelings.items", "metrics.serviceMonitor.metricRelabelings.items", "metrics.podMonitor.relabelings.items", "metrics.podMonitor.metricRelabelings.items"}

func open(t *testing.T, path string, schema any) {
	t.Helper()
	s, ok := schema.(map[string]any)
	if !ok {
		return
	}
	if s["type"] == "object" && s["additionalProperties"] == nil && !slices.Contains(handedOn, strings.TrimPrefix(path, ".")) {
		t.Errorf("%s takes any key", path)
	}
	properties, _ := s["properties"].(map[string]any)
	for name, below := range properties {
		open(t, path+"."+name, below)
	}
	open(t, path+".items", s["items"])
}

// As a part of another chart it renders the same, with the parent's condition and globals beside its values.
func TestInAParent(t *testing.T) {
	alone := release{files: []string{ha}, values: "global: {imageRegistry: mirror.example.com}"}
	input := map[string]any{"latchkey": overlay(alone.input(t), map[string]any{"enabled": true}), "global": map[string]any{"imageRegistry": "mirror.example.com", "other": map[string]any{"a": 1}}}
	parent := &chart.Chart{Metadata: &chart.Metadata{APIVersion: "v2", Name: "platform", Version: "1.0.0"}}
	parent.AddDependency(loadChart(t))
	values, err := chartutil.ToRenderValues(parent, input, chartutil.ReleaseOptions{Name: "auth", Namespace: "identity", IsInstall: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	files, err := engine.Render(parent, values)
	if err != nil {
		t.Fatal(err)
	}
	if inside := parse(t, files); asJSON(t, inside.objects) != asJSON(t, alone.must(t).objects) {
		t.Errorf("in a parent: %v", inside.objects)
	}
}

// Notes say what to do next, and what is missing.
func TestNotes(t *testing.T) {
	for _, r := range []struct {
		file, values, says string
		not                bool
	}{
		{file: minimal, says: "curl -fsS https://id.example.com/.well-known/openid-configuration"},
		{file: minimal, says: "kubectl -n identity rollout status statefulset/auth-latchkey"},
		{file: minimal, says: "kubectl -n identity exec -i statefulset/auth-latchkey -c latchkey -- latchkey users create"},
		{file: minimal, says: "helm test auth -n identity"},
		{file: minimal, says: "Nothing leads here from outside"},
		{file: minimal, says: "server.trustedProxies is empty"},
		{file: minimal, says: "There are no backups"},
		{file: minimal, values: "storage: {bolt: {whenDeleted: Delete}}", says: "every account goes with the release"},
		{file: minimal, values: "mail: {smtp: {tls: none}}", says: "travel in the clear"},
		{file: minimal, values: "resources: {limits: {memory: null}}", says: "There is no memory limit"},
		{file: boltFile, says: "What to look at", not: true},
		{file: boltFile, says: "MAINTENANCE", not: true},
		{file: boltFile, values: "maintenance: {args: [compact]}", says: "MAINTENANCE: there is no server. A Job runs: latchkey compact"},
		{file: ha, says: "deployment/auth-latchkey"},
		{file: ha, says: "What to look at", not: true},
		{file: ha, values: "{autoscaling: {enabled: false}, replicas: 1}", says: "There is one replica"},
		{file: hardened, says: "curl -fsSk -H 'Host: id.example.com' https://127.0.0.1:8080/.well-known/openid-configuration"},
		{file: allOn, says: "127.0.0.1:8080/auth/.well-known/openid-configuration"},
	} {
		if notes := (release{files: []string{r.file}, values: r.values}).must(t).notes; strings.Contains(notes, r.says) == r.not {
			t.Errorf("%s %s: %q must be there: %v\n%s", r.file, r.values, r.says, !r.not, notes)
		}
	}
}

// A change of the configuration restarts pods; a change of clients does not.
func TestChecksum(t *testing.T) {
	sum := func(values string) any {
		return release{files: []string{minimal}, values: values}.must(t).find(t, "StatefulSet", "").at("spec.template")
	}
	first := asJSON(t, sum("clients: {files: {a.yaml: [{client_id: a}]}}"))
	if asJSON(t, sum("clients: {files: {a.yaml: [{client_id: b}]}}")) != first {
		t.Error("a change of clients restarts pods")
	}
	if asJSON(t, sum("{clients: {files: {a.yaml: [{client_id: a}]}}, config: {tokens: {access_ttl: 5m}}}")) == first {
		t.Error("a change of the configuration restarts nothing")
	}
}

// Chart.yaml says what it is, without an organisation, and its notes of changes are what Artifact Hub reads.
func TestMetadata(t *testing.T) {
	c := loadChart(t).Metadata
	var changes []struct{ Kind, Description string }
	if err := yaml.UnmarshalStrict([]byte(c.Annotations["artifacthub.io/changes"]), &changes); err != nil || len(changes) == 0 {
		t.Errorf("changes: %v, %v", changes, err)
	}
	for _, change := range changes {
		if !slices.Contains([]string{"added", "changed", "deprecated", "removed", "fixed", "security"}, change.Kind) || change.Description == "" {
			t.Errorf("a change of kind %q: %q", change.Kind, change.Description)
		}
	}
	if len(c.Dependencies) > 0 || c.AppVersion == "" || c.Annotations["artifacthub.io/license"] != "Apache-2.0" {
		t.Errorf("%+v", c)
	}
}
