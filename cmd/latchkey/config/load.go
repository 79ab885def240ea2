package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"latchkey/storage"
)

// Setting is one key set by a flag: Name is the flag as typed, for messages.
type Setting struct{ Name, Key, Value string }

// Sources are where the configuration comes from, the later the stronger: File, Env, Flags.
type Sources struct {
	// File is a YAML file; "" for none.
	File string
	// Env is as os.Environ gives it. Every LATCHKEY_ variable must be one of ours.
	Env   []string
	Flags []Setting
	// ClientFiles reads the files of clients_dir too, for their faults.
	ClientFiles bool
	// ThemeLater leaves the files of the theme alone: who loads the configuration reads them, again and again.
	ThemeLater bool
}

// Load reads, merges and checks. Its error is [Faults]: everything that is wrong, at once.
func Load(src Sources) (*Config, error) {
	c := &Config{origins: map[string]string{}, Declared: Declaring{Env: environ(src.Env)}}
	l := &loader{config: c, keys: map[string]key{}, twins: map[string]string{}}
	for _, k := range c.table() {
		l.keys[k.path] = k
		l.names = append(l.names, k.path)
		if _, secret := k.to.(*Secret); secret {
			l.names = append(l.names, k.path+"_file")
		}
		if k.def != "" {
			l.fallback(k, k.def)
		}
	}
	if src.File != "" {
		if !l.file(src.File) { // what the file would have said cannot be missed
			return nil, l.faults
		}
	}
	l.environment(src.Env)
	for _, s := range src.Flags {
		l.text(s.Key, s.Value, s.Name)
	}
	l.awsEnvironment(src.Env)
	if c.Dev {
		for _, path := range l.names {
			if k, ok := l.keys[path]; ok && k.dev != "" && !c.IsSet(path) {
				l.fallback(k, k.dev)
			}
		}
		c.devIssuer()
	}
	l.secretFiles()
	c.check(l.fault)
	if !src.ThemeLater {
		c.checkTheme(l.fault)
	}
	if src.ClientFiles {
		l.clientFiles()
	}
	if len(l.faults) > 0 {
		storage.SortStable(l.faults, func(a, b Fault) int { return strings.Compare(a.Key, b.Key) })
		return nil, l.faults
	}
	return c, nil
}

type loader struct {
	config *Config
	keys   map[string]key
	names  []string
	// twins are the files named for secrets, by the key of the secret.
	twins  map[string]string
	faults Faults
}

// fault records what is wrong with a key, where the key was set.
func (l *loader) fault(path, format string, args ...any) {
	l.faultAt(path, l.config.origins[path], format, args...)
}

func (l *loader) faultAt(path, where, format string, args ...any) {
	f := Fault{Key: path, Problem: fmt.Sprintf(format, args...), Where: where}
	if !slices.Contains(l.faults, f) {
		l.faults = append(l.faults, f)
	}
}

func (l *loader) fallback(k key, text string) {
	node, err := nodeOf(k, text)
	if err == nil {
		err = k.set(node, nil)
	}
	if err != nil {
		l.faultAt(k.path, "default", "%v", err)
	}
}

func (l *loader) environment(env []string) {
	byEnv, variables := map[string]string{}, []string{}
	for _, path := range l.names {
		name := key{path: path}.env()
		byEnv[name] = path
		variables = append(variables, name)
	}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, "LATCHKEY_") || name == "LATCHKEY_CONFIG" { // the latter names the file, for --config
			continue
		}
		path, known := byEnv[name]
		if !known {
			l.faultAt(name, "environment", "is not a known variable%s", hint(name, variables))
			continue
		}
		l.text(path, value, "environment "+name)
	}
}

// text sets a key from a variable or flag: plain text for single values, YAML for lists.
func (l *loader) text(path, value, from string) {
	k, known := l.keys[path]
	if !known && !slices.Contains(l.names, path) {
		l.faultAt(path, from, "is not a known key%s", hint(path, l.names))
		return
	}
	node, err := nodeOf(k, value)
	if err != nil {
		l.faultAt(path, from, "%v", err)
		return
	}
	l.node(path, node, from, func(sub string, n *yaml.Node, format string, args ...any) { l.faultAt(sub, from, format, args...) })
}

type complain func(path string, n *yaml.Node, format string, args ...any)

func (l *loader) node(path string, node *yaml.Node, from string, complain complain) {
	if node.Tag == "!!null" && node.Kind == yaml.ScalarNode && node.Style == 0 {
		return // as if it were not there
	}
	k, known := l.keys[path]
	if _, secret := k.to.(*Secret); (secret || !known) && node.Kind == yaml.ScalarNode && node.Value == "" {
		return // a variable that templates leave empty sets no secret
	}
	l.config.origins[path] = from
	if !known { // the twin of a secret
		if node.Kind != yaml.ScalarNode {
			l.faultAt(path, from, "must name a file")
			return
		}
		l.twins[strings.TrimSuffix(path, "_file")] = node.Value
		return
	}
	if err := k.set(node, complain); err != nil {
		l.faultAt(path, from, "%v", err)
	}
}

func (l *loader) secretFiles() {
	c := l.config
	if sealing := "keys.sealing_key"; c.Dev && !c.IsSet(sealing) && !c.IsSet(sealing+"_file") {
		c.Keys.SealingKeyFile = "data/sealing.key" // made by the server at its first start
		if content, err := ReadFile(c.Keys.SealingKeyFile); err == nil {
			c.Keys.SealingKey = NewSecret(trimNewline(content))
		}
	}
	for _, path := range l.names {
		name, ok := l.twins[path]
		if !ok || name == "" {
			continue
		}
		k := l.keys[path]
		if c.IsSet(path) {
			l.fault(path+"_file", "is set beside %s; set one of them", path)
			continue
		}
		content, err := ReadFile(name)
		if err != nil {
			l.fault(path+"_file", "cannot be read: %v", plain(err))
			continue
		}
		if secret, ok := k.to.(*Secret); ok {
			*secret = NewSecret(trimNewline(content))
			if !secret.IsSet() {
				l.fault(path+"_file", "names an empty file")
			}
		}
		if k.fromFile != nil {
			*k.fromFile = name
		}
	}
}
