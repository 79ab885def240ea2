package chart

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"sigs.k8s.io/yaml"
)

const (
	chartDir = "../latchkey"
	// kubeVersion is the Kubernetes that we render for; the schemas are of the same one.
	kubeVersion = "v1.36.3"
)

// object is a manifest.
type object map[string]any

func (o object) kind() string { s, _ := o["kind"].(string); return s }
func (o object) name() string { s, _ := o.at("metadata.name").(string); return s }
func (o object) String() string {
	return o.kind() + "/" + o.name()
}

// at finds a value by a path such as spec.template.spec.containers.0.env.PATH.value; nil where there is none.
func (o object) at(path string) any { return lookup(map[string]any(o), path) }

// release is how the chart is rendered.
type release struct {
	name, namespace string
	// files are values files, below ci/ of the chart; values is YAML on top of them.
	files        []string
	values, more string
	// upgrade renders as for `helm upgrade`.
	upgrade bool
	// apis are APIs of the cluster beside Kubernetes' own.
	apis []string
	// unchecked leaves the schema out, as --skip-schema-validation does.
	unchecked bool
}

// rendered is what came out.
type rendered struct {
	objects []object
	notes   string
}

// find returns the object of a kind with a name, or the first of the kind.
func (r rendered) find(t *testing.T, kind, name string) object {
	t.Helper()
	for _, o := range r.objects {
		if o.kind() == kind && (name == "" || o.name() == name) {
			return o
		}
	}
	t.Fatalf("no %s %s among %v", kind, name, r.objects)
	return nil
}

func (r rendered) has(kind string) bool {
	return slices.ContainsFunc(r.objects, func(o object) bool { return o.kind() == kind })
}

func loadChart(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.Load(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (rel release) input(t *testing.T) map[string]any {
	t.Helper()
	all := map[string]any{}
	for _, f := range rel.files {
		content, err := os.ReadFile(filepath.Join(chartDir, "ci", f))
		if err != nil {
			t.Fatal(err)
		}
		all = mergeYAML(t, all, string(content))
	}
	return mergeYAML(t, mergeYAML(t, all, rel.values), rel.more)
}

func mergeYAML(t *testing.T, into map[string]any, text string) map[string]any {
	t.Helper()
	var more map[string]any
	if err := yaml.Unmarshal([]byte(text), &more); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return overlay(into, more)
}

// overlay puts one map over another, as -f and --set do: a null stays, and takes the chart's default away.
func overlay(into, more map[string]any) map[string]any {
	out := maps.Clone(into)
	for k, v := range more {
		below, isMap := v.(map[string]any)
		under, wasMap := out[k].(map[string]any)
		if isMap && wasMap {
			v = overlay(under, below)
		}
		out[k] = v
	}
	return out
}

// prepare loads the chart and checks the values, as every command of Helm does first.
func (rel release) prepare(t *testing.T) (*chart.Chart, chartutil.Values, error) {
	t.Helper()
	c := loadChart(t)
	caps := chartutil.DefaultCapabilities.Copy()
	version, err := chartutil.ParseKubeVersion(kubeVersion)
	if err != nil {
		t.Fatal(err)
	}
	caps.KubeVersion = *version
	caps.APIVersions = append(caps.APIVersions, rel.apis...)
	options := chartutil.ReleaseOptions{Name: rel.name, Namespace: rel.namespace, Revision: 1, IsInstall: !rel.upgrade, IsUpgrade: rel.upgrade}
	if options.Name == "" {
		options.Name = "auth"
	}
	if options.Namespace == "" {
		options.Namespace = "identity"
	}
	values, err := chartutil.ToRenderValuesWithSchemaValidation(c, rel.input(t), options, caps, rel.unchecked)
	return c, values, err
}

// render is what `helm template` does: there is no cluster to look into.
func (rel release) render(t *testing.T) (rendered, error) {
	t.Helper()
	c, values, err := rel.prepare(t)
	if err != nil {
		return rendered{}, err
	}
	files, err := engine.Render(c, values)
	if err != nil {
		return rendered{}, err
	}
	return parse(t, files), nil
}

// parse reads what templates made. Every document must be a map.
func parse(t *testing.T, files map[string]string) (out rendered) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, "NOTES.txt") {
			out.notes = files[name]
			continue
		}
		for _, doc := range strings.Split("\n"+files[name], "\n---") {
			var o object
			if err := yaml.UnmarshalStrict([]byte(doc), &o); err != nil {
				t.Fatalf("%s: %v in\n%s", name, err, doc)
			}
			if len(o) > 0 {
				out.objects = append(out.objects, o)
			}
		}
	}
	return out
}

// must renders what has to go well.
func (rel release) must(t *testing.T) rendered {
	t.Helper()
	r, err := rel.render(t)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
