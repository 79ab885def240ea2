package config

import (
	"encoding/json"
	"errors"
	"slices"

	"go.yaml.in/yaml/v3"

	"latchkey/provider/client"
)

// Document is JSON that is written as YAML or as text.
type Document []byte

// String is the JSON.
func (d Document) String() string { return string(d) }

// OptionalDuration is a time span of which none is not the same as 0.
type OptionalDuration struct {
	Duration
	Set bool
}

// String is "" where there is none.
func (o OptionalDuration) String() string {
	if !o.Set {
		return ""
	}
	return o.Duration.String()
}

// setDocument takes a mapping, or JSON as text.
func setDocument(to *Document, node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		if node.Value == "" {
			*to = nil
			return nil
		}
		if _, err := client.StrictJSON([]byte(node.Value)); err != nil {
			return errors.New("is neither a mapping nor JSON as text")
		}
		*to = Document(node.Value)
		return nil
	}
	var v any
	if err := node.Decode(&v); err != nil {
		return errors.New("is no mapping that JSON could hold")
	}
	text, err := json.Marshal(v)
	if err != nil {
		return errors.New("is no mapping that JSON could hold")
	}
	*to = text
	return nil
}

// setMapping fills the table from a mapping, after the defaults.
func setMapping(table []key, path string, node *yaml.Node, complain complain) error {
	if node.Kind != yaml.MappingNode {
		return errors.New("must be a mapping")
	}
	names := make([]string, 0, len(table))
	for _, k := range table {
		names = append(names, k.path)
		if k.def == "" {
			continue
		}
		n, err := nodeOf(k, k.def)
		if err == nil {
			err = k.set(n, nil)
		}
		if err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		full := path + "." + name.Value
		at := slices.Index(names, name.Value)
		switch {
		case at < 0:
			complain(full, name, "is not a known key%s", hint(name.Value, names))
			continue
		case seen[name.Value]:
			complain(full, name, "is set twice")
			continue
		case value.Tag == "!!null" && value.Style == 0:
			if table[at].empty != "" {
				complain(full, value, "%s", table[at].empty)
			}
			continue
		}
		seen[name.Value] = true
		k := table[at]
		k.path = full
		if err := k.set(value, complain); err != nil {
			complain(full, value, "%v", err)
		}
	}
	return nil
}
