package chart

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

var (
	ownedKey      = regexp.MustCompile(`(?m)^([a-z][A-Za-z0-9_.]*): *(.*)$`)
	exampleLeaf   = regexp.MustCompile(`^( *)# (.*?)(LATCHKEY_[A-Z0-9_]+)$`)
	exampleName   = regexp.MustCompile(`^(?: *)(?:# )?([a-z][a-z0-9_]*):(?: (.*))?$`)
	exampleMember = regexp.MustCompile(`(?m)^#   (?:- |  )([a-z_]+): `)
	bounds        = regexp.MustCompile(`(?:From|At least) ([0-9]+[A-Za-z0-9]*)(?: to ([0-9]+[A-Za-z0-9]*))?\.|At most ([0-9]+[A-Za-z0-9]*)\.`)
	isDuration    = regexp.MustCompile(durationPattern)
	isSize        = regexp.MustCompile(`^[0-9]+[KMG]iB$`)
	choice        = regexp.MustCompile(`Of ([^.]*)\.`)
)

// ownedKeys are keys of the configuration that the chart sets or takes from Secrets: the template of the check says in its own words what to do.
func ownedKeys(root string) (map[string]bool, error) {
	content, err := os.ReadFile(filepath.Join(root, "charts/latchkey/templates/_config.tpl"))
	if err != nil {
		return nil, err
	}
	owned := map[string]bool{}
	for _, name := range []string{"ownedKeys", "secretKeys"} {
		_, part, found := strings.Cut(string(content), `{{- define "latchkey.`+name+`" -}}`)
		part, _, ended := strings.Cut(part, "{{- end }}")
		if !found || !ended {
			return nil, fmt.Errorf("_config.tpl has no latchkey.%s", name)
		}
		for _, m := range ownedKey.FindAllStringSubmatch(part, -1) {
			if name == "secretKeys" {
				owned[m[2]], owned[m[2]+"_file"] = true, true
			} else {
				owned[m[1]] = true
			}
		}
	}
	return owned, nil
}

// leaf is a key of the example configuration, with its sample and the notes below its documentation.
type leaf struct{ path, sample, notes string }

// leavesOf reads every key of the example configuration.
func leavesOf(example string) (leaves []leaf, err error) {
	var sections []string // by depth
	lines := strings.Split(example, "\n")
	for i, line := range lines {
		if found := exampleLeaf.FindStringSubmatch(line); found != nil && i+1 < len(lines) {
			name := exampleName.FindStringSubmatch(lines[i+1])
			if name == nil {
				return nil, fmt.Errorf("line %d of the example configuration has no key", i+2)
			}
			depth := len(found[1]) / 2
			path := strings.Join(append(append([]string{}, sections[:min(depth, len(sections))]...), name[1]), ".")
			if "LATCHKEY_"+strings.ToUpper(strings.ReplaceAll(path, ".", "_")) != found[3] {
				return nil, fmt.Errorf("line %d of the example configuration has %s for %s", i+2, path, found[3])
			}
			leaves = append(leaves, leaf{path, name[2], found[2]})
			continue
		}
		if name := exampleName.FindStringSubmatch(line); name != nil && name[2] == "" && !strings.Contains(line, "#") {
			depth := (len(line) - len(strings.TrimLeft(line, " "))) / 2
			sections = append(sections[:min(depth, len(sections))], name[1])
		}
	}
	if len(leaves) < 100 {
		return nil, errors.New("the example configuration has too few keys to be one")
	}
	return leaves, nil
}

// configSchema is the schema of the value config: every key of the example configuration. A key that the chart sets may be anything here.
func configSchema(example string, owned map[string]bool) (map[string]any, error) {
	schema := map[string]any{"type": "object", "properties": map[string]any{}, "additionalProperties": false}
	leaves, err := leavesOf(example)
	if err != nil {
		return nil, err
	}
	for _, l := range leaves {
		value := leafSchema(l.sample, l.notes)
		if owned[l.path] {
			value = map[string]any{}
		}
		put(schema, l.path, value)
		if owned[l.path+"_file"] {
			put(schema, l.path+"_file", map[string]any{})
		}
	}
	return schema, nil
}

// clientSchema is the schema of a client: every member that the example configuration shows. What each may be is the server's to judge.
func clientSchema(example string) map[string]any {
	_, part, _ := strings.Cut(example, "# clients:\n")
	part, _, _ = strings.Cut(part, "\n\n")
	properties, of := map[string]any{}, ""
	for _, m := range exampleMember.FindAllStringSubmatch(part, -1) {
		properties[m[1]] = map[string]any{}
		of += "|" + m[1]
	}
	properties["secrets"] = map[string]any{"type": "array", "maxItems": 2, "items": map[string]any{"type": "object", "additionalProperties": false,
		"properties": map[string]any{"value": map[string]any{}, "value_file": map[string]any{"type": "string"}, "value_env": map[string]any{"type": "string"},
			"hash": map[string]any{"type": "string"}, "expires_at": map[string]any{"type": "string"}}}}
	return map[string]any{"type": "object", "required": []any{"client_id"}, "additionalProperties": false, "properties": properties,
		"patternProperties": map[string]any{"^(" + strings.TrimPrefix(of, "|") + ")#": map[string]any{"type": "string"}}} // client_name#de
}

func put(schema map[string]any, path string, value map[string]any) {
	parts := strings.Split(path, ".")
	for _, p := range parts[:len(parts)-1] {
		properties := schema["properties"].(map[string]any)
		if properties[p] == nil {
			properties[p] = map[string]any{"type": "object", "properties": map[string]any{}, "additionalProperties": false}
		}
		schema = properties[p].(map[string]any)
	}
	schema["properties"].(map[string]any)[parts[len(parts)-1]] = value
}

const (
	durationPattern = `^([0-9]+d)?([0-9]+(\.[0-9]+)?(ms|s|m|h))*$`
	sizePattern     = `^[0-9]+(B|KiB|MiB|GiB)?$`
)

// leafSchema is what a key may be, as far as its sample and the notes of the example tell.
func leafSchema(sample, notes string) map[string]any {
	var value any
	if err := yaml.Unmarshal([]byte(sample), &value); err != nil {
		value = nil
	}
	var of []any
	if m := choice.FindStringSubmatch(notes); m != nil {
		for _, s := range strings.Split(m[1], ", ") {
			of = append(of, s)
		}
	}
	switch v := value.(type) {
	case bool:
		return map[string]any{"type": "boolean"}
	case float64:
		return numberSchema(notes)
	case []any:
		out := map[string]any{"type": "array", "items": map[string]any{"type": []any{"string", "object"}}}
		if of != nil {
			out["items"], out["uniqueItems"] = map[string]any{"enum": of}, true
		} else if len(v) > 0 && isNetwork(v[0]) {
			out["items"] = map[string]any{"$ref": "#/$defs/" + configNetwork}
		}
		return out
	case string:
		m := bounds.FindStringSubmatch(notes)
		switch {
		case of != nil:
			return map[string]any{"enum": of}
		case isSize.MatchString(v):
			return map[string]any{"type": []any{"string", "integer"}, "pattern": sizePattern}
		case m != nil && isDuration.MatchString(v):
			return map[string]any{"type": "string", "minLength": 2, "pattern": durationPattern}
		case v != "":
			return map[string]any{"type": "string"}
		}
	}
	return map[string]any{"type": []any{"string", "array", "number", "boolean"}} // no sample, so no type
}

// configNetwork is the type of networks in the configuration.
const configNetwork = "networkOrAddress"

func isNetwork(sample any) bool {
	text, _ := sample.(string)
	_, err := netip.ParsePrefix(text)
	return err == nil
}

// languages are those that pages can be in: the server does not start with another one as web.default_locale.
func languages(root string) (map[string]any, error) {
	files, err := filepath.Glob(filepath.Join(root, "web/words/locales/*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, errors.New("no languages in web/words/locales")
	}
	var tags []any
	for _, file := range files {
		if tag, part, _ := strings.Cut(filepath.Base(file), "."); part == "json" { // a language comes in parts
			tags = append(tags, tag)
		}
	}
	return map[string]any{"enum": tags}, nil
}

func numberSchema(notes string) map[string]any {
	out := map[string]any{"type": "integer"}
	m := bounds.FindStringSubmatch(notes)
	for i, key := range []string{"", "minimum", "maximum", "maximum"} {
		if i > 0 && m != nil && m[i] != "" {
			if n, err := strconv.Atoi(m[i]); err == nil {
				out[key] = n
			}
		}
	}
	return out
}
