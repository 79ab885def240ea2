package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"

	"latchkey/provider/oauth"
	"latchkey/provider/token"
)

// parse reads a file of one or more documents. Each is a client, a list of clients, or a mapping of kinds: clients, groups and scopes, with a list each.
func (f *Folder) parse(content []byte, path string) (out Declared, faults Faults) {
	p := &parser{folder: f, path: path, hosts: map[string]string{}}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	for {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return p.out, p.faults
		}
		if err != nil {
			return Declared{}, Faults{{Key: "clients_dir", Problem: fmt.Sprintf("is not YAML: %v", err), Where: path}}
		}
		p.document(doc.Content[0])
	}
}

type parser struct {
	folder *Folder
	path   string
	out    Declared
	faults Faults
	// hosts of applications behind a proxy, with the client of the file that has each.
	hosts map[string]string
}

func (p *parser) complain(key string, n *yaml.Node, format string, args ...any) {
	p.faults = append(p.faults, Fault{Key: key, Problem: fmt.Sprintf(format, args...), Where: where(p.path, n)})
}

func (p *parser) at(line int, key, format string, args ...any) {
	p.faults = append(p.faults, Fault{Key: key, Problem: fmt.Sprintf(format, args...), Where: fmt.Sprintf("%s:%d", p.path, line)})
}

func (p *parser) document(node *yaml.Node) {
	if node.Tag == "!!null" && node.Kind == yaml.ScalarNode {
		return
	}
	kinds := []string{"clients", "groups", "scopes"}
	ofKinds := node.Kind == yaml.MappingNode && slices.ContainsFunc(node.Content, func(n *yaml.Node) bool { return slices.Contains(kinds, n.Value) })
	if !ofKinds {
		p.clients(node)
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		if value.Tag == "!!null" && value.Kind == yaml.ScalarNode {
			continue
		}
		switch name.Value {
		case "clients":
			p.clients(value)
		case "groups":
			p.groups(value)
		case "scopes":
			p.scopes(value)
		default:
			p.complain(name.Value, name, "is not a known key%s", hint(name.Value, kinds))
		}
	}
}

func (p *parser) clients(node *yaml.Node) {
	var specs []ClientSpec
	if err := setClients(&specs, "clients", node, p.complain); err != nil {
		p.complain("clients", node, "%v", err)
	}
	for i := range specs {
		record, wrong := specs[i].Record(p.folder.Keep, p.folder.Served)
		for _, w := range wrong {
			p.at(specs[i].line, "clients["+specs[i].made.ID+"]."+w.Key, "%s", w.Problem)
		}
		if host, other := claimHosts(p.hosts, record.ID, record.Forward); host != "" {
			p.faults = append(p.faults, hostFault(record.ID, host, other, fmt.Sprintf("%s:%d", p.path, specs[i].line)))
		}
		p.out.Clients = append(p.out.Clients, record)
	}
}

// items walks over a list of mappings.
func (p *parser) items(kind string, node *yaml.Node, do func(name string, item *yaml.Node)) {
	if node.Kind != yaml.SequenceNode {
		p.complain(kind, node, "must be a list of %s", kind)
		return
	}
	for i, item := range node.Content {
		do(fmt.Sprintf("%s[%d]", kind, i), item)
	}
}

func (p *parser) groups(node *yaml.Node) {
	p.items("groups", node, func(name string, item *yaml.Node) {
		g := GroupSpec{line: item.Line}
		if err := setMapping(g.table(), name, item, p.complain); err != nil {
			p.complain(name, item, "%v", err)
			return
		}
		record, wrong := g.record(p.folder.Usernames)
		for _, err := range wrong {
			p.at(g.line, "groups["+g.Name+"]", "%v", err)
		}
		p.out.Groups = append(p.out.Groups, record)
	})
}

func (p *parser) scopes(node *yaml.Node) {
	p.items("scopes", node, func(name string, item *yaml.Node) {
		s := ScopeSpec{line: item.Line}
		s.localize(item)
		if err := setMapping(s.table(), name, item, p.complain); err != nil {
			p.complain(name, item, "%v", err)
			return
		}
		record, wrong := s.record()
		for _, err := range wrong {
			p.at(s.line, "scopes["+s.Name+"]", "%v", err)
		}
		p.out.Scopes = append(p.out.Scopes, record)
	})
}

// localize makes room for the descriptions in other languages (in the manner of RFC 7591 §2.2).
func (s *ScopeSpec) localize(node *yaml.Node) {
	for i := 0; i+1 < len(node.Content) && node.Kind == yaml.MappingNode; i += 2 {
		name := node.Content[i].Value
		seen := slices.ContainsFunc(s.localized, func(l localizedText) bool { return l.name == name })
		if strings.HasPrefix(name, "description#") && !seen {
			s.localized = append(s.localized, localizedText{name: name})
		}
	}
}

// record checks the scope.
func (s *ScopeSpec) record() (Scope, []error) {
	var wrong []error
	one, err := oauth.ParseScopes(s.Name)
	switch {
	case err != nil || len(one) != 1:
		wrong = append(wrong, errors.New("has a name that is no scope")) // RFC 6749 §3.3
	case slices.Contains(token.StandardScopes(), s.Name) || s.Name == token.AccountScope:
		wrong = append(wrong, errors.New("is a scope that is there without being declared, and always means the same"))
	}
	out := Scope{Name: s.Name, Descriptions: map[string]string{}, Claims: s.Claims, Hidden: s.Hidden}
	for _, l := range append([]localizedText{{name: "description#", text: s.Description}}, s.localized...) {
		locale := strings.TrimPrefix(l.name, "description#")
		if _, err := language.Parse(locale); locale != "" && err != nil {
			wrong = append(wrong, fmt.Errorf("has %s, of which %q is no language", l.name, locale))
		}
		if l.text == "" {
			continue
		}
		if len(l.text) > MaxDescription || strings.ContainsFunc(l.text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			wrong = append(wrong, fmt.Errorf("has a %s that is longer than %d bytes or has a character that cannot be seen", l.name, MaxDescription))
		}
		out.Descriptions[locale] = l.text
	}
	return out, wrong
}
