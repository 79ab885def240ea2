package chart

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// kubernetesCore begins the names of most types that values are handed on to.
const kubernetesCore = "io.k8s.api.core.v1."

// schemaMaker makes values.schema.json: the keys are those of values.yaml, what they may be is in rules/*.yaml.
type schemaMaker struct {
	// rules lead from a value's path to its rule, types from a name to a schema.
	rules map[string]any
	types map[string]any
	// used are the rules, types and definitions of Kubernetes that something refers to.
	used, typesUsed map[string]bool
	kubernetes      map[string]bool
	docs            map[string]string
	config          map[string]any
	faults          []error
}

// ValuesSchema is values.schema.json of the chart in a repository. Its error lists every value without a rule, and every rule without a value.
func ValuesSchema(root string) ([]byte, error) {
	m := &schemaMaker{rules: map[string]any{}, types: map[string]any{}, used: map[string]bool{}, typesUsed: map[string]bool{}, kubernetes: map[string]bool{}}
	if err := m.load(root); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(root, "charts/latchkey/values.yaml"))
	if err != nil {
		return nil, err
	}
	m.docs = Comments(string(text))
	var values map[string]any
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, err
	}
	schema := m.object("", values)
	for path := range m.rules {
		if !m.used[path] {
			m.fault("a rule for %s, which is no value", path)
		}
	}
	definitions, err := m.definitions()
	if err = errors.Join(append(m.faults, err)...); err != nil {
		return nil, err
	}
	schema["properties"].(map[string]any)["enabled"] = map[string]any{"type": "boolean", "description": "Read by Helm alone, where a parent chart has it as the condition of this one."}
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "Values of the chart latchkey"
	schema["$defs"] = definitions
	out, err := json.Marshal(schema)
	return append(out, '\n'), err
}

func (m *schemaMaker) fault(format string, args ...any) {
	m.faults = append(m.faults, fmt.Errorf(format, args...))
}

func (m *schemaMaker) load(root string) error {
	files, err := filepath.Glob(filepath.Join(root, "charts/test/rules/*.yaml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var part struct {
			Types map[string]any `json:"types"`
			Rules map[string]any `json:"rules"`
		}
		if err := yaml.UnmarshalStrict(content, &part); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		maps.Copy(m.types, part.Types)
		maps.Copy(m.rules, part.Rules)
	}
	example, err := os.ReadFile(filepath.Join(root, "config.example.yaml"))
	if err != nil {
		return err
	}
	owned, err := ownedKeys(root)
	if err != nil {
		return err
	}
	m.types["client"] = clientSchema(string(example))
	if m.config, err = configSchema(string(example), owned); err != nil {
		return err
	}
	locales, err := languages(root)
	if err == nil {
		put(m.config, "web.default_locale", locales)
	}
	return err
}

// object is the schema of a map whose keys are known.
func (m *schemaMaker) object(path string, values map[string]any) map[string]any {
	properties := map[string]any{}
	for key, value := range values {
		properties[key] = m.value(strings.TrimPrefix(path+"."+key, "."), value)
	}
	out := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if extra, ok := m.rules[path+".*"].(map[string]any); ok { // what goes for the object as a whole
		m.used[path+".*"] = true
		maps.Copy(out, extra)
	}
	return out
}

func (m *schemaMaker) value(path string, value any) any {
	schema := map[string]any{}
	rule, ruled := m.rules[path]
	below, isMap := value.(map[string]any)
	switch _, isBool := value.(bool); {
	case ruled:
		m.used[path] = true
		schema = m.schema(rule)
	case isMap && len(below) > 0:
		schema = m.object(path, below)
	case isBool:
		schema["type"] = "boolean"
	default:
		m.fault("no rule for %s", path)
	}
	if doc := m.docs[path]; doc != "" {
		schema["description"] = doc
	}
	return schema
}

// schema is what a rule comes to. A rule is the name of a type, "k8s:Type" for one of Kubernetes' core or "k8s:group.version.Type" for another one,
// a list with one rule for lists of such, or a JSON schema.
func (m *schemaMaker) schema(rule any) map[string]any {
	switch r := rule.(type) {
	case string:
		if kind, ok := strings.CutPrefix(r, "k8s:"); ok {
			name := kubernetesCore + kind
			if strings.Contains(kind, ".") {
				name = kind
			}
			m.kubernetes[name] = true
			return map[string]any{"$ref": "#/$defs/" + name}
		}
		if r == "configuration" {
			m.typesUsed[configNetwork] = true
			return maps.Clone(m.config)
		}
		if _, ok := m.types[r]; !ok {
			m.fault("no type %s", r)
		}
		m.typesUsed[r] = true
		return map[string]any{"$ref": "#/$defs/" + r}
	case []any:
		if len(r) == 1 {
			return map[string]any{"type": "array", "items": m.schema(r[0])}
		}
	case map[string]any:
		return m.literal(r)
	}
	m.fault("no rule: %v", rule)
	return nil
}

// literal resolves the names in a JSON schema: what stands where a schema is expected may be a rule.
func (m *schemaMaker) literal(r map[string]any) map[string]any {
	out := maps.Clone(r)
	for _, key := range []string{"items", "additionalProperties", "not"} {
		switch r[key].(type) {
		case string, []any, map[string]any:
			out[key] = m.schema(r[key])
		}
	}
	for _, key := range []string{"properties", "patternProperties"} {
		if below, ok := r[key].(map[string]any); ok {
			resolved := map[string]any{}
			for name, rule := range below {
				resolved[name] = m.schema(rule)
			}
			out[key] = resolved
		}
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		if below, ok := r[key].([]any); ok {
			resolved := make([]any, len(below))
			for i, rule := range below {
				resolved[i] = m.schema(rule)
			}
			out[key] = resolved
		}
	}
	return out
}

// definitions are the types that are used, and those of Kubernetes with what they need.
func (m *schemaMaker) definitions() (map[string]any, error) {
	bundle, err := LoadBundle()
	if err != nil {
		return nil, err
	}
	out, err := bundle.Closure(slices.Sorted(maps.Keys(m.kubernetes))...)
	if err != nil {
		return nil, err
	}
	for changed := true; changed; { // types refer to types
		changed = false
		for _, name := range slices.Sorted(maps.Keys(m.typesUsed)) {
			if _, done := out[name]; !done {
				out[name] = m.schema(m.types[name])
				changed = true
			}
		}
	}
	for name := range m.types {
		if !m.typesUsed[name] {
			m.fault("nothing is of the type %s", name)
		}
	}
	return out, nil
}
