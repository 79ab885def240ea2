package config

import (
	"encoding"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// nodeOf makes a node of a variable's or flag's text. For lists it is YAML; `a, b` is a list too.
func nodeOf(k key, text string) (*yaml.Node, error) {
	switch k.to.(type) {
	case *[]string, *[]netip.Prefix, *[]ClientSpec, *[]SecretSpec, *[]ResourceSpec:
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			return nil, errors.New("is not YAML")
		}
		if doc.Kind == 0 {
			return &yaml.Node{Kind: yaml.SequenceNode}, nil
		}
		node := doc.Content[0]
		if node.Kind == yaml.ScalarNode {
			list := &yaml.Node{Kind: yaml.SequenceNode}
			for part := range strings.SplitSeq(node.Value, ",") {
				list.Content = append(list.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: strings.TrimSpace(part)})
			}
			return list, nil
		}
		return node, nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: text}, nil
}

// set puts a node's value where it goes, after checking kind and bounds. Faults inside of lists of mappings go to complain.
func (k key) set(node *yaml.Node, complain complain) error {
	switch to := k.to.(type) {
	case *[]string:
		list, err := sequence(node)
		if err != nil {
			return err
		}
		if k.empty != "" && !slices.ContainsFunc(node.Content, func(n *yaml.Node) bool { return n.Tag != "!!null" }) {
			return errors.New(k.empty)
		}
		for i, s := range list {
			if err := k.allowed(s); err != nil {
				return err
			}
			if slices.Contains(list[:i], s) {
				return fmt.Errorf("has %q twice", s)
			}
		}
		*to = list
		return nil
	case *[]netip.Prefix:
		return setPrefixes(to, node)
	case *[]ClientSpec:
		return setClients(to, k.path, node, complain)
	case *[]SecretSpec:
		return setSecrets(to, k.path, node, complain)
	case *[]ResourceSpec:
		return setResources(to, k.path, node, complain)
	case *Document:
		return setDocument(to, node)
	}
	if node.Kind != yaml.ScalarNode {
		return errors.New("must be a single value")
	}
	return k.setScalar(node.Value)
}

func (k key) setScalar(text string) (err error) {
	switch to := k.to.(type) {
	case *string:
		if err := k.allowed(text); err != nil {
			return err
		}
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return errors.New("has a control character")
		}
		*to = text
	case *bool:
		if text != "true" && text != "false" {
			return errors.New("must be true or false")
		}
		*to = text == "true"
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return errors.New("must be a whole number")
		}
		*to = n
		return bounds(k, n, strconv.Atoi)
	case *Duration:
		if err := to.UnmarshalText([]byte(text)); err != nil {
			return err
		}
		return bounds(k, *to, parse[Duration])
	case *OptionalDuration:
		to.Set = true
		if err := to.UnmarshalText([]byte(text)); err != nil {
			return err
		}
		return bounds(k, to.Duration, parse[Duration])
	case *Size:
		if err := to.UnmarshalText([]byte(text)); err != nil {
			return err
		}
		return bounds(k, *to, parse[Size])
	case *Secret:
		*to = NewSecret(text)
	default:
		return fmt.Errorf("has a type that the table does not know: %T", to)
	}
	return nil
}

func parse[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](s string) (v T, err error) {
	err = P(&v).UnmarshalText([]byte(s))
	return v, err
}

func (k key) allowed(s string) error {
	if k.oneOf != nil && !slices.Contains(k.oneOf, s) {
		return fmt.Errorf("is %q; it must be one of %s", s, strings.Join(k.oneOf, ", "))
	}
	return nil
}

func bounds[T int | Duration | Size](k key, v T, parse func(string) (T, error)) error {
	if k.min != "" {
		if low, err := parse(k.min); err != nil || v < low {
			return fmt.Errorf("is %v; it must be at least %s", v, k.min)
		}
	}
	if k.max != "" {
		if high, err := parse(k.max); err != nil || v > high {
			return fmt.Errorf("is %v; it must be at most %s", v, k.max)
		}
	}
	if v < 0 {
		return errors.New("must not be negative")
	}
	return nil
}

func sequence(node *yaml.Node) (list []string, err error) {
	if node.Kind != yaml.SequenceNode {
		return nil, errors.New("must be a list")
	}
	for _, n := range node.Content {
		if n.Kind != yaml.ScalarNode {
			return nil, errors.New("must be a list of single values")
		}
		list = append(list, n.Value)
	}
	return list, nil
}

func setPrefixes(to *[]netip.Prefix, node *yaml.Node) error {
	list, err := sequence(node)
	if err != nil {
		return err
	}
	*to = nil
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, aerr := netip.ParseAddr(s)
			if aerr != nil {
				return fmt.Errorf("has %q, which is no network such as 10.0.0.0/8", s)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		if p.Bits() == 0 {
			return fmt.Errorf("has %q, which is everybody: anyone could choose their address", s)
		}
		if p != p.Masked() {
			return fmt.Errorf("has %q, which has bits set beyond its mask; it would be %s", s, p.Masked())
		}
		*to = append(*to, p)
	}
	return nil
}
