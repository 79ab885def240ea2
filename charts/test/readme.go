package chart

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// Readme is README.md of the chart in a repository: README.head.md, and a table of every value, made of the comments in values.yaml.
func Readme(root string, schema []byte) ([]byte, error) {
	head, err := os.ReadFile(filepath.Join(root, "charts/test/rules/README.head.md"))
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(root, "charts/latchkey/values.yaml"))
	if err != nil {
		return nil, err
	}
	var values, known map[string]any
	if err := errors.Join(yaml.Unmarshal(text, &values), json.Unmarshal(schema, &known)); err != nil {
		return nil, err
	}
	var b strings.Builder
	b.Write(head)
	section := ""
	lines := valueLines(string(text))
	var faults []error
	for i, v := range lines {
		if v.doc == "" {
			if !documented(lines, v.path) {
				faults = append(faults, fmt.Errorf("%s has no comment in values.yaml", v.path))
			}
			continue
		}
		if v.section != section {
			section = v.section
			fmt.Fprintf(&b, "\n### %s\n\n| value | default | |\n|---|---|---|\n", section)
		}
		value := lookup(values, v.path)
		text := ""
		if below, isMap := value.(map[string]any); !isMap || len(below) == 0 || i+1 == len(lines) || !hasDocumentedKey(lines, v.path) {
			if text, err = defaultText(value); err != nil {
				return nil, err
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.path, text, strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(v.doc+choices(known, v.path)))
	}
	return []byte(b.String()), errors.Join(faults...)
}

// documented says whether a key without a comment is explained by what is above or below it.
func documented(lines []valueOf, path string) bool {
	if hasDocumentedKey(lines, path) {
		return true
	}
	for _, v := range lines { // a part of a default, such as podSecurityContext.fsGroup
		if v.doc != "" && strings.HasPrefix(path, v.path+".") && !hasDocumentedKey(lines, v.path) {
			return true
		}
	}
	return false
}

func hasDocumentedKey(lines []valueOf, path string) bool {
	for _, v := range lines {
		if v.doc != "" && strings.HasPrefix(v.path, path+".") {
			return true
		}
	}
	return false
}

func defaultText(value any) (string, error) {
	if value == nil {
		return "", nil
	}
	out, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	return "`" + strings.ReplaceAll(string(out), "|", `\|`) + "`", nil
}

// choices lists what a value may be, where that is a list.
func choices(schema map[string]any, path string) string {
	at := any(schema)
	for _, step := range strings.Split(path, ".") {
		at = lookup(at, "properties."+step)
	}
	var names []string
	list, _ := lookup(at, "enum").([]any)
	for _, item := range list {
		if item != nil && item != "" {
			names = append(names, fmt.Sprintf("`%v`", item))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " One of " + strings.Join(names, ", ") + "."
}

// lookup finds a value of nested maps by a path with dots; nil where there is none. A key with dots stands in brackets: labels[app.kubernetes.io/name].
func lookup(v any, path string) any {
	for path != "" {
		var step string
		step, path = cutStep(path)
		switch in := v.(type) {
		case map[string]any:
			v = in[step]
		case []any:
			v = element(in, step)
		default:
			return nil
		}
	}
	return v
}

func cutStep(path string) (step, rest string) {
	if strings.HasPrefix(path, "[") {
		step, rest, _ = strings.Cut(path[1:], "]")
		return step, strings.TrimPrefix(rest, ".")
	}
	end := strings.IndexAny(path, ".[")
	switch {
	case end < 0:
		return path, ""
	case path[end] == '.':
		return path[:end], path[end+1:]
	}
	return path[:end], path[end:]
}

// element finds an item of a list by its number, or by its name or type.
func element(list []any, step string) any {
	for i, item := range list {
		if fmt.Sprint(i) == step {
			return item
		}
		if m, ok := item.(map[string]any); ok && (m["name"] == step || m["type"] == step) {
			return item
		}
	}
	return nil
}
