package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"

	chart "latchkey/charts/test"
)

// The modules that schemas come from, each with what is in it. Their versions are pinned here and nowhere else: nothing of them is compiled.
var kubernetes = "k8s.io/kubernetes@v1.36.3"

var customResources = []struct{ module, file string }{
	{"github.com/prometheus-operator/prometheus-operator@v0.85.0", "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml"},
	{"github.com/prometheus-operator/prometheus-operator@v0.85.0", "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml"},
	{"github.com/prometheus-operator/prometheus-operator@v0.85.0", "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml"},
	{"sigs.k8s.io/gateway-api@v1.6.0", "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"},
	{"github.com/cert-manager/cert-manager@v1.21.2", "deploy/crds/cert-manager.io_certificates.yaml"},
}

// kinds are those that the chart renders.
var kinds = []string{
	"v1 ConfigMap", "v1 Secret", "v1 Service", "v1 ServiceAccount", "v1 Pod", "v1 PersistentVolumeClaim", "apps/v1 StatefulSet", "apps/v1 Deployment",
	"autoscaling/v2 HorizontalPodAutoscaler", "policy/v1 PodDisruptionBudget", "batch/v1 CronJob", "batch/v1 Job", "networking.k8s.io/v1 Ingress", "networking.k8s.io/v1 NetworkPolicy",
}

// makeBundle writes the bundle anew from the modules, which the go command brings.
func makeBundle(to string) error {
	b := chart.Bundle{Sources: []string{kubernetes}, Kinds: map[string]string{}, Definitions: map[string]any{}}
	dir, err := module(kubernetes)
	if err != nil {
		return err
	}
	all, err := openAPI(filepath.Join(dir, "api/openapi-spec/swagger.json"), b.Kinds)
	if err != nil {
		return err
	}
	everything := chart.Bundle{Definitions: all}
	roots := []string{metadata}
	for _, kind := range kinds {
		if b.Kinds[kind] == "" {
			return fmt.Errorf("no kind %s in %s", kind, kubernetes)
		}
		roots = append(roots, b.Kinds[kind])
	}
	for kind, name := range b.Kinds {
		if !contains(roots, name) {
			delete(b.Kinds, kind)
		}
	}
	if b.Definitions, err = everything.Closure(roots...); err != nil {
		return err
	}
	for _, crd := range customResources {
		if err := addCustomResource(&b, crd.module, crd.file); err != nil {
			return err
		}
	}
	return writeBundle(&b, to)
}

// module is the folder of a module's version.
func module(version string) (string, error) {
	cmd := exec.Command("go", "mod", "download", "-json", version) // #nosec G204 -- names from above
	cmd.Dir = os.TempDir()
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go mod download %s: %w: %s", version, err, out)
	}
	var m struct{ Dir string }
	return m.Dir, json.Unmarshal(out, &m)
}

const metadata = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

// openAPI reads Kubernetes' own types.
func openAPI(file string, kinds map[string]string) (map[string]any, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var doc struct {
		Definitions map[string]map[string]any `json:"definitions"`
	}
	if err := json.Unmarshal(content, &doc); err != nil {
		return nil, err
	}
	out := map[string]any{}
	for name, d := range doc.Definitions {
		gvks, _ := d["x-kubernetes-group-version-kind"].([]any)
		for _, item := range gvks {
			gvk, ok := item.(map[string]any)
			if !ok {
				return nil, errors.New("a group, version and kind that is no map")
			}
			apiVersion := strings.TrimPrefix(fmt.Sprintf("%v/%v", gvk["group"], gvk["version"]), "/")
			kinds[apiVersion+" "+fmt.Sprint(gvk["kind"])] = name
		}
		switch {
		case strings.HasSuffix(name, ".intstr.IntOrString"):
			out[name] = map[string]any{"type": []any{"integer", "string"}}
		case strings.HasSuffix(name, ".resource.Quantity"):
			out[name] = map[string]any{"type": []any{"number", "string"}, "pattern": `^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|n|u|[eE][+-]?[0-9]+)?$`}
		default:
			out[name] = strict(any(d))
		}
	}
	return out, nil
}

// strict takes prose out of a schema, and forbids what an object's type does not have.
func strict(schema any) any {
	switch s := schema.(type) {
	case map[string]any:
		if s["x-kubernetes-int-or-string"] == true || s["format"] == "int-or-string" {
			return map[string]any{"type": []any{"integer", "string"}}
		}
		out := map[string]any{}
		for k, v := range s {
			if text, ok := v.(string); ok && k == "$ref" {
				v = strings.Replace(text, "#/definitions/", "#/$defs/", 1)
			}
			if k == "properties" {
				below := map[string]any{}
				for name, p := range v.(map[string]any) {
					below[name] = strict(p)
				}
				out[k] = below
				continue
			}
			if _, text := v.(string); text && (k == "description" || k == "format") || strings.HasPrefix(k, "x-") || k == "default" || k == "nullable" {
				continue
			}
			out[k] = strict(v)
		}
		_, open := out["additionalProperties"]
		if out["properties"] != nil && !open && s["x-kubernetes-preserve-unknown-fields"] != true {
			out["additionalProperties"] = false
		}
		return out
	case []any:
		out := make([]any, len(s))
		for i, item := range s {
			out[i] = strict(item)
		}
		return out
	}
	return schema
}

func addCustomResource(b *chart.Bundle, from, file string) error {
	dir, err := module(from)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return err
	}
	for _, doc := range bytes.Split(content, []byte("\n---\n")) {
		var crd struct {
			Kind string
			Spec struct {
				Group    string
				Names    struct{ Kind string }
				Versions []struct {
					Name   string
					Schema struct {
						OpenAPIV3Schema map[string]any `json:"openAPIV3Schema"`
					}
				}
			}
		}
		if err := yaml.Unmarshal(doc, &crd); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if crd.Kind != "CustomResourceDefinition" {
			continue
		}
		for _, v := range crd.Spec.Versions {
			name := strings.Join([]string{crd.Spec.Group, v.Name, crd.Spec.Names.Kind}, ".")
			schema := strict(any(v.Schema.OpenAPIV3Schema)).(map[string]any)
			schema["properties"].(map[string]any)["metadata"] = map[string]any{"$ref": "#/$defs/" + metadata}
			b.Kinds[crd.Spec.Group+"/"+v.Name+" "+crd.Spec.Names.Kind] = name
			b.Definitions[name] = schema
		}
	}
	b.Sources = append(b.Sources, from+"/"+file)
	return nil
}

func writeBundle(b *chart.Bundle, to string) error {
	content, err := json.Marshal(b)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err = w.Write(content); err == nil {
		err = w.Close()
	}
	if err != nil {
		return err
	}
	return os.WriteFile(to, packed.Bytes(), 0o600)
}

func contains(list []string, s string) bool {
	for _, item := range list {
		if item == s {
			return true
		}
	}
	return false
}
