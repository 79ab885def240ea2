package config

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"latchkey/provider/oauth"
)

// ResourceSpec is a resource server (RFC 8707) with the scopes that it knows.
type ResourceSpec struct {
	URI, Scope string
}

func (r *ResourceSpec) table() []key {
	return []key{{path: "resource", to: &r.URI}, {path: "scope", to: &r.Scope}}
}

func setResources(to *[]ResourceSpec, path string, node *yaml.Node, complain complain) error {
	if node.Kind != yaml.SequenceNode {
		return errors.New("must be a list, each with resource and scope")
	}
	*to = nil
	for i, item := range node.Content {
		var r ResourceSpec
		name := fmt.Sprintf("%s[%d]", path, i)
		if err := setMapping(r.table(), name, item, complain); err != nil {
			complain(name, item, "%v", err)
			continue
		}
		*to = append(*to, r)
	}
	return nil
}

// checkResources says what is wrong with the resource servers.
func (c *Config) checkResources(fault func(path, format string, args ...any)) {
	seen := map[string]bool{}
	for i, r := range c.Resources {
		at := fmt.Sprintf("resources[%d]", i)
		if oauth.CheckResource(r.URI) != nil { // RFC 8707 §2
			fault(at+".resource", "is no absolute URI without fragment")
		}
		if seen[r.URI] {
			fault(at+".resource", "is there twice")
		}
		seen[r.URI] = true
		if _, err := oauth.ParseScopes(r.Scope); err != nil {
			fault(at+".scope", "has something that is no scope") // RFC 6749 §3.3
		}
	}
}

// ResourceScopes are the scopes of each declared resource server.
func (c *Config) ResourceScopes() map[string][]string {
	out := map[string][]string{}
	for _, r := range c.Resources {
		out[r.URI] = strings.Fields(r.Scope)
	}
	return out
}
