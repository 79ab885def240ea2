package chart

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"sigs.k8s.io/yaml"
)

var writeReleased = flag.Bool("release", false, "write the immutable parts of the chart's present version as those of a release")

// immutable is what an upgrade must not change, because Kubernetes refuses it or data would be lost: by "KIND/NAME path".
// Names of objects with data or keys count as much as fields that cannot be changed.
func immutable(objects []object) map[string]any {
	out := map[string]any{}
	for _, o := range objects {
		var paths []string
		switch o.kind() {
		case "StatefulSet":
			paths = []string{"spec.selector", "spec.serviceName", "spec.volumeClaimTemplates", "spec.podManagementPolicy"}
		case "Deployment":
			paths = []string{"spec.selector"}
		case "Secret":
			paths = []string{"type", "immutable"}
		case "Service":
			paths = []string{"spec.clusterIP", "spec.selector"}
		case "Certificate":
			paths = []string{"spec.secretName"}
		case "ConfigMap": // nobody else refers to ours
			continue
		}
		paths = append(paths, "metadata.namespace") // that it is there under its name
		for _, path := range paths {
			out[o.String()+" "+path] = o.at(path)
		}
		if pod := o.at("spec.template.spec.volumes"); pod != nil && (o.kind() == "StatefulSet" || o.kind() == "Deployment") {
			out[o.String()+" claims and secrets"] = sources(pod)
		}
	}
	return out
}

// sources are the claims and Secrets that volumes are of.
func sources(volumes any) (names []any) {
	list, _ := volumes.([]any)
	for _, v := range list {
		for _, path := range []string{"persistentVolumeClaim.claimName", "secret.secretName"} {
			if name := lookup(v, path); name != nil {
				names = append(names, name)
			}
		}
		projected, _ := lookup(v, "projected.sources").([]any)
		for _, s := range projected {
			if name := lookup(s, "secret.name"); name != nil {
				names = append(names, name)
			}
		}
	}
	return names
}

// Today's chart, with the values of a release of then, changes nothing that cannot be changed. testdata/released/VERSION has the values files and what came of them.
func TestUpgradeFromReleases(t *testing.T) {
	if *writeReleased {
		writeRelease(t, loadChart(t).Metadata.Version)
	}
	versions, err := filepath.Glob("testdata/released/*")
	if err != nil || len(versions) == 0 {
		t.Fatalf("no releases: %v", err)
	}
	for _, dir := range versions {
		files, err := filepath.Glob(dir + "/*-values.yaml")
		if err != nil || len(files) < 5 {
			t.Fatalf("%s has %d values files: %v", dir, len(files), err)
		}
		for _, file := range files {
			now := immutable(releasedObjects(t, file))
			content, err := os.ReadFile(file[:len(file)-len("-values.yaml")] + "-immutable.yaml")
			if err != nil {
				t.Fatal(err)
			}
			var then map[string]any
			if err := yaml.Unmarshal(content, &then); err != nil {
				t.Fatal(err)
			}
			for path, was := range then {
				if is := plainJSON(t, now[path]); !reflect.DeepEqual(is, plainJSON(t, was)) {
					t.Errorf("%s: %s was %s and would be %s: helm upgrade would fail, or lose what is there", file, path, asJSON(t, was), asJSON(t, is))
				}
			}
		}
	}
}

// releasedObjects renders a values file as the release "auth" with a cluster that has the generated key.
func releasedObjects(t *testing.T, file string) []object {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	there := cluster{keySecret: {"apiVersion": "v1", "kind": "Secret", "metadata": m{"name": "auth-latchkey-sealing-key"}, "data": m{"sealing-key": "a2VwdA=="}}}
	r, err := there.install(t, release{values: string(content), upgrade: true})
	if err != nil {
		t.Fatalf("%s: its values are no longer taken: %v", file, err)
	}
	return r.objects
}

// writeRelease keeps the values files of ci, and one with a generated key, with what must never change of what they make.
func writeRelease(t *testing.T, version string) {
	t.Helper()
	dir := filepath.Join("testdata/released", version)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{"generated-values.yaml": "issuer: https://id.example.com\nimage: {repository: registry.example.com/latchkey}\nmail: {from: no-reply@example.com, smtp: {address: 'mail.example.com:587'}}\n"}
	for _, name := range ciFiles(t) {
		content, err := os.ReadFile(filepath.Join(chartDir, "ci", name))
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(content)
	}
	for name, text := range texts {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := yaml.Marshal(immutable(releasedObjects(t, file)))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file[:len(file)-len("-values.yaml")]+"-immutable.yaml", out, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// The comparison does see a change: a selector, a claim's size, a Secret's name.
func TestImmutableSees(t *testing.T) {
	before := immutable(release{files: []string{boltFile}}.must(t).objects)
	for _, values := range []string{"nameOverride: other", "storage: {bolt: {size: 6Gi}}", "secrets: {sealingKey: {existingSecret: other}}", "fullnameOverride: other"} {
		if reflect.DeepEqual(before, immutable(release{files: []string{boltFile}, values: values}.must(t).objects)) {
			t.Errorf("%s: no change seen", values)
		}
	}
}
