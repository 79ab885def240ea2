package config

import (
	"fmt"
	"net/netip"
	"strings"

	"go.yaml.in/yaml/v3"
)

// samples stand in the example for keys without a default.
func samples() map[string]string {
	return map[string]string{
		"issuer": "https://id.example.com", "server.hosts": "[id.internal]", "server.admin_socket": "/run/latchkey/admin.sock",
		"server.tls.cert_file": "/etc/latchkey/tls.crt", "server.tls.key_file": "/etc/latchkey/tls.key", "server.trusted_proxies": "[10.0.0.0/8]",
		"keys.sealing_key_file": "/etc/latchkey/sealing.key", "keys.previous_sealing_keys_file": "/etc/latchkey/previous-sealing.keys",
		"mail.from": "Example <no-reply@example.com>", "mail.smtp.address": "mail.example.com:587", "mail.smtp.username": "latchkey",
		"mail.smtp.password_file": "/etc/latchkey/smtp.password", "tokens.default_audience": "https://api.example.com",
		"resources": "[{resource: https://api.example.com, scope: read write}]", "registration.redirect_hosts": "[.example.com]", "registration.pkce_exempt": "[old-shop]",
		"fetch.allow": "[10.0.0.0/8]", "fetch.ca_file": "/etc/latchkey/ca.crt",
		"clients_dir": "/etc/latchkey/clients", "web.help_url": "https://example.com/help", "web.privacy_url": "https://example.com/privacy",
		"web.terms_url": "https://example.com/terms", "web.theme.accent": "#0e4a54", "web.theme.accent_dark": "#9ad6d8", "web.theme.logo": "/etc/latchkey/theme/logo.svg",
		"web.theme.logo_dark": "/etc/latchkey/theme/logo-dark.svg", "web.theme.css": "/etc/latchkey/theme/theme.css", "web.theme.templates": "/etc/latchkey/theme/templates",
		"web.theme.locales": "/etc/latchkey/theme/locales", "telemetry.endpoint": "http://collector:4318",
	}
}

// Example is the example file: every key with its meaning, bounds, default and variable. Keys without a default are commented out.
func Example() []byte {
	var b strings.Builder
	b.WriteString("# Configuration of Latchkey. Printed by `latchkey config example`; do not edit, change the table of keys.\n" +
		"# Environment variables win over this file, flags over both. An unknown key is an error.\n" +
		"# Every secret has a twin that ends in _file and names a file with it. Durations: 90s, 15m, 24h, 30d. Sizes: 64KiB, 19MiB.\n")
	var c Config
	var open []string
	for _, k := range c.table() {
		parts := strings.Split(k.path, ".")
		section := parts[:len(parts)-1]
		common := 0
		for common < len(section) && common < len(open) && section[common] == open[common] {
			common++
		}
		for i := common; i < len(section); i++ {
			fmt.Fprintf(&b, "\n%s%s:\n", indent(i), section[i])
		}
		open = section
		exampleKey(&b, k, parts[len(parts)-1], indent(len(section)))
	}
	return []byte(b.String())
}

func indent(depth int) string { return strings.Repeat("  ", depth) }

func exampleKey(b *strings.Builder, k key, name, in string) {
	if in == "" {
		b.WriteByte('\n')
	}
	notes := []string{}
	if k.def != "" {
		notes = append(notes, "Default "+k.def+".")
	}
	if k.dev != "" {
		notes = append(notes, "In dev "+k.dev+".")
	}
	if k.oneOf != nil {
		notes = append(notes, "Of "+strings.Join(k.oneOf, ", ")+".")
	}
	switch {
	case k.min != "" && k.max != "":
		notes = append(notes, "From "+k.min+" to "+k.max+".")
	case k.min != "":
		notes = append(notes, "At least "+k.min+".")
	case k.max != "":
		notes = append(notes, "At most "+k.max+".")
	}
	fmt.Fprintf(b, "%s# %s\n%s# %s\n", in, k.doc, in, strings.Join(append(notes, k.env()), " "))
	_, secret := k.to.(*Secret)
	_, clients := k.to.(*[]ClientSpec)
	switch {
	case clients:
		exampleClient(b)
	case secret:
		fmt.Fprintf(b, "%s# %s: \"\"\n%s# %s_file: %s\n", in, name, in, name, quote(samples()[k.path+"_file"]))
	case k.def == "":
		sample := samples()[k.path]
		if !strings.HasPrefix(sample, "[") {
			sample = quote(sample)
		}
		fmt.Fprintf(b, "%s# %s: %s\n", in, name, sample)
	default:
		fmt.Fprintf(b, "%s%s: %s\n", in, name, bare(k))
	}
}

func exampleClient(b *strings.Builder) {
	b.WriteString("# clients:\n")
	var c ClientSpec
	sample := clientSamples()
	for i, k := range c.table() {
		lead := "#     "
		if i == 0 {
			lead = "#   - "
		}
		value := k.def
		if v, ok := sample[k.path]; ok {
			value = v
		}
		fmt.Fprintf(b, "#     # %s\n%s%s: %s\n", k.doc, lead, k.path, value)
	}
}

// bare writes a default: quoted where YAML could take a string for something else.
func bare(k key) string {
	if _, text := k.to.(*string); text {
		return quote(k.def)
	}
	return k.def
}

func quote(s string) string {
	if s != "" && !strings.ContainsAny(s, ":#{}[]&*!|>'\"%@`, ") {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// Effective is the configuration in force as YAML, each value with where it came from. Secrets are redacted.
func (c *Config) Effective() ([]byte, error) {
	root := &yaml.Node{Kind: yaml.MappingNode}
	for _, k := range c.table() {
		parts := strings.Split(k.path, ".")
		at := root
		for _, name := range parts[:len(parts)-1] {
			at = child(at, name)
		}
		value := &yaml.Node{}
		if err := value.Encode(printable(k.to)); err != nil {
			return nil, fmt.Errorf("%s: %w", k.path, err)
		}
		from := c.origins[k.path]
		if from == "" {
			from = c.origins[k.path+"_file"]
		}
		if from == "" {
			from = "default"
		}
		name := &yaml.Node{Kind: yaml.ScalarNode, Value: parts[len(parts)-1]}
		if value.Kind == yaml.ScalarNode {
			value.LineComment = from
		} else {
			name.HeadComment, value.Style = from, 0
		}
		at.Content = append(at.Content, name, value)
	}
	return yaml.Marshal(root)
}

func child(at *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(at.Content); i += 2 {
		if at.Content[i].Value == name {
			return at.Content[i+1]
		}
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	at.Content = append(at.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, n)
	return n
}

// printable is a value as people write it; secrets redact themselves.
func printable(to any) any {
	switch v := to.(type) {
	case *string:
		return *v
	case *bool:
		return *v
	case *int:
		return *v
	case *Duration:
		return v.String()
	case *OptionalDuration:
		return v.String()
	case *Document:
		return v.String()
	case *Size:
		return v.String()
	case *Secret:
		return v.String()
	case *[]string:
		return *v
	case *[]netip.Prefix:
		list := []string{}
		for _, p := range *v {
			list = append(list, p.String())
		}
		return list
	case *[]ClientSpec:
		list := []yaml.Node{}
		for i := range *v {
			list = append(list, printMapping((*v)[i].table()))
		}
		return list
	case *[]ResourceSpec:
		list := []yaml.Node{}
		for i := range *v {
			list = append(list, printMapping((*v)[i].table()))
		}
		return list
	case *[]SecretSpec:
		list := []yaml.Node{}
		for i := range *v {
			list = append(list, printMapping((*v)[i].table()))
		}
		return list
	}
	return nil
}

// is0 tells a duration that is not there.
func is0(to any) bool {
	d, ok := to.(*Duration)
	return ok && *d == 0
}

// printMapping writes what of a table is set.
func printMapping(table []key) yaml.Node {
	m := yaml.Node{Kind: yaml.MappingNode}
	for _, k := range table {
		var value yaml.Node
		p := printable(k.to)
		if k.path == "hash" && p != "" {
			p = redacted
		}
		if err := value.Encode(p); err != nil || value.Value == "" && len(value.Content) == 0 || value.Value == "false" || is0(k.to) {
			continue
		}
		m.Content = append(m.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: k.path}, &value)
	}
	return m
}
