package chart

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// bundleFile holds the schemas of everything that the chart renders; made by `make chart-schemas`.
//
//go:embed testdata/schemas.json.gz
var bundleFile []byte

// Bundle is schemas of Kubernetes objects, strict: a field that a type does not have is refused.
type Bundle struct {
	// Sources say what it was made of.
	Sources []string `json:"sources"`
	// Kinds lead from "apps/v1 Deployment" to a name in Definitions.
	Kinds map[string]string `json:"kinds"`
	// Definitions are JSON schemas that refer to one another as #/$defs/NAME.
	Definitions map[string]any `json:"definitions"`
}

// LoadBundle reads the bundle that is part of this package.
func LoadBundle() (*Bundle, error) {
	r, err := gzip.NewReader(bytes.NewReader(bundleFile))
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var b Bundle
	return &b, json.Unmarshal(content, &b)
}

// Closure is the definitions that the named ones need, themselves among them.
func (b *Bundle) Closure(names ...string) (map[string]any, error) {
	out := map[string]any{}
	for len(names) > 0 {
		name := names[0]
		names = names[1:]
		if _, done := out[name]; done {
			continue
		}
		d, ok := b.Definitions[name]
		if !ok {
			return nil, fmt.Errorf("no definition %s", name)
		}
		out[name] = d
		names = append(names, references(d)...)
	}
	return out, nil
}

// references lists the definitions that a schema refers to.
func references(schema any) (names []string) {
	switch s := schema.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(s)) {
			if ref, ok := s[key].(string); ok && key == "$ref" {
				names = append(names, strings.TrimPrefix(ref, "#/$defs/"))
				continue
			}
			names = append(names, references(s[key])...)
		}
	case []any:
		for _, item := range s {
			names = append(names, references(item)...)
		}
	}
	return names
}
