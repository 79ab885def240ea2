package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// file reads the configuration file; false where it cannot be read at all.
func (l *loader) file(name string) bool {
	content, err := readGiven(name)
	if err != nil {
		l.faultAt("--config", name, "cannot be read: %v", plain(err))
		return false
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var doc, more yaml.Node
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return true
	case err != nil:
		l.faultAt("--config", name, "is not YAML: %v", err)
		return false
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		l.faultAt("--config", name, "has more than one document")
	}
	l.mapping("", doc.Content[0], name)
	return true
}

// mapping walks one level of the file.
func (l *loader) mapping(prefix string, node *yaml.Node, file string) {
	if node.Kind != yaml.MappingNode {
		if node.Tag != "!!null" {
			l.faultAt(strings.TrimSuffix(prefix, "."), where(file, node), "must be a mapping of keys to values")
		}
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		path := prefix + name.Value
		if line, twice := seen[name.Value]; twice {
			l.faultAt(path, where(file, name), "is set twice, first in line %d", line)
			continue
		}
		seen[name.Value] = name.Line
		if value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		switch {
		case slices.Contains(l.names, path):
			l.node(path, value, where(file, value), func(sub string, n *yaml.Node, format string, args ...any) {
				l.faultAt(sub, where(file, n), format, args...)
			})
		case slices.ContainsFunc(l.names, func(k string) bool { return strings.HasPrefix(k, path+".") }):
			l.mapping(path+".", value, file)
		default:
			l.faultAt(path, where(file, name), "is not a known key%s", hint(path, l.names))
		}
	}
}

func where(file string, n *yaml.Node) string { return fmt.Sprintf("%s:%d", file, n.Line) }
