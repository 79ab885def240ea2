package chart

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// validator judges manifests by Kubernetes' own schemas, strictly.
type validator struct {
	bundle   *Bundle
	compiler *jsonschema.Compiler
}

func newValidator(t *testing.T) *validator {
	t.Helper()
	b, err := LoadBundle()
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("bundle.json", map[string]any{"$defs": b.Definitions}); err != nil {
		t.Fatal(err)
	}
	return &validator{b, c}
}

// judge says what is wrong with an object.
func (v *validator) judge(o object) error {
	kind := fmt.Sprintf("%v %v", o["apiVersion"], o["kind"])
	name, known := v.bundle.Kinds[kind]
	if !known {
		return fmt.Errorf("the bundle has no kind %s: add it to generate/bundle.go", kind)
	}
	s, err := v.compiler.Compile("bundle.json#/$defs/" + name)
	if err != nil {
		return err
	}
	// As the API server would get it: through JSON.
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		return err
	}
	if err := nulls(plain, ""); err != nil {
		return err
	}
	return s.Validate(plain)
}

// nulls refuses null: it is always something that a template did not mean.
func nulls(v any, path string) error {
	switch in := v.(type) {
	case nil:
		return fmt.Errorf("%s is null", path)
	case map[string]any:
		for k, below := range in {
			if err := nulls(below, path+"."+k); err != nil {
				return err
			}
		}
	case []any:
		for i, below := range in {
			if err := nulls(below, fmt.Sprintf("%s.%d", path, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// A validator that lets everything pass would prove nothing.
func TestValidatorRefuses(t *testing.T) {
	v := newValidator(t)
	for _, row := range []struct{ why, manifest string }{
		{"a field that there is not", `{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"selectors":{}}}`},
		{"a field deep inside", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"a","readOnlyRootFilesystem":true}]}}`},
		{"a list where a map must be", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":[]}`},
		{"a number where text must be", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":1}}`},
		{"null", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","annotations":null}}`},
		{"a field that is required", `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"},"spec":{"template":{}}}`},
		{"a quantity that is none", `{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"a"},"spec":{"resources":{"requests":{"storage":"2 GB"}}}}`},
		{"a custom resource's field", `{"apiVersion":"monitoring.coreos.com/v1","kind":"ServiceMonitor","metadata":{"name":"a"},"spec":{"selector":{},"endpoints":[{"intervals":"1s"}]}}`},
		{"a custom resource's metadata", `{"apiVersion":"cert-manager.io/v1","kind":"Certificate","metadata":{"names":"a"},"spec":{"secretName":"a","issuerRef":{"name":"a"}}}`},
		{"a kind that nobody knows", `{"apiVersion":"v1","kind":"Sevice","metadata":{"name":"a"}}`},
	} {
		var o object
		if err := json.Unmarshal([]byte(row.manifest), &o); err != nil {
			t.Fatal(err)
		}
		if v.judge(o) == nil {
			t.Errorf("%s: not refused", row.why)
		}
	}
}
