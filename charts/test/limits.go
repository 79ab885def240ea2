package chart

import (
	"os"
	"path/filepath"
	"slices"

	"sigs.k8s.io/yaml"
)

// related are keys that must go with others: their defaults are needed to compare with.
var related = []string{"keys.algorithms", "tokens.access_alg", "keys.rotate_every", "keys.publish_ahead", "keys.jwks_max_age",
	"accounts.session.ttl", "accounts.session.persistent_ttl", "accounts.hash.memory"}

// Limits is files/limits.yaml of the chart in a repository: bounds of the configuration's durations and sizes, which a schema cannot compare, and defaults of
// keys that must go with others, for latchkey.validateLimits to judge.
func Limits(root string) ([]byte, error) {
	example, err := os.ReadFile(filepath.Join(root, "config.example.yaml"))
	if err != nil {
		return nil, err
	}
	leaves, err := leavesOf(string(example))
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]any{}
	for _, l := range leaves {
		var value any
		if err := yaml.Unmarshal([]byte(l.sample), &value); err != nil {
			value = nil // a sample that is no default
		}
		text, _ := value.(string)
		found := bounds.FindStringSubmatch(l.notes)
		key := map[string]any{}
		if slices.Contains(related, l.path) {
			key["default"] = value
		}
		switch {
		case isSize.MatchString(text):
			key["kind"] = "size"
		case text != "" && found != nil && isDuration.MatchString(text):
			key["kind"] = "duration"
		case key["default"] == nil:
			continue
		}
		for i, name := range []string{"", "least", "most", "most"} {
			if i > 0 && found != nil && found[i] != "" {
				key[name] = found[i]
			}
		}
		out[l.path] = key
	}
	text, err := yaml.Marshal(out)
	return append([]byte("# Made from config.example.yaml by `make chart-generate`.\n"), text...), err
}
