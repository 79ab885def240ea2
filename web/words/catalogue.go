package words

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

//go:embed locales/*.json
var embedded embed.FS

// Fallback is the language that is always whole.
const Fallback = "en"

// Catalogue is one language.
type Catalogue struct {
	// Tag is the BCP 47 tag, Name what its speakers call it, Dir "ltr" or "rtl".
	Tag, Name, Dir string

	lang     language.Tag
	entries  map[string]entry
	fallback *Catalogue
}

// entry is one message: parts by plural form, "other" where there is but one.
type entry struct {
	forms  map[string][]part
	plural bool
}

// part is literal text, or the name of an argument.
type part struct{ text, arg string }

// Catalogues is every language there is.
type Catalogues struct {
	byTag   map[string]*Catalogue
	tags    []string
	matcher language.Matcher
	matched []string
	deflt   string
}

// Load reads the embedded catalogues. It is an error if deflt is none of them.
func Load(deflt string) (*Catalogues, error) {
	sub, err := fs.Sub(embedded, "locales")
	if err != nil {
		return nil, fmt.Errorf("open catalogues: %w", err)
	}
	return LoadFS(sub, deflt)
}

// Languages are the tags of the embedded catalogues, in order.
func Languages() []string {
	names, err := fs.Glob(embedded, "locales/*.json")
	if err != nil {
		return nil // the pattern is right
	}
	for i, name := range names {
		names[i] = tagOf(name)
	}
	return slices.Compact(names)
}

// LoadFS reads every *.json of a folder: the file's name is the language's tag, or the tag, a dot and the name of a part of the same language.
// A key stands in one part only; _meta in the file that is named by the tag alone.
func LoadFS(dir fs.FS, deflt string) (*Catalogues, error) {
	if deflt == "" {
		deflt = Fallback
	}
	names, err := fs.Glob(dir, "*.json")
	if err != nil {
		return nil, fmt.Errorf("list catalogues: %w", err)
	}
	cs := &Catalogues{byTag: map[string]*Catalogue{}, deflt: deflt}
	for _, name := range names {
		raw, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("read catalogue: %w", err)
		}
		if err := cs.read(tagOf(name), raw); err != nil {
			return nil, fmt.Errorf("catalogue %s: %w", name, err)
		}
	}
	for tag, c := range cs.byTag {
		if c.Name == "" {
			return nil, fmt.Errorf("catalogue %s.json is missing, or has no _meta", tag)
		}
	}
	base, ok := cs.byTag[Fallback]
	if !ok {
		return nil, fmt.Errorf("catalogue %s.json is missing", Fallback)
	}
	if _, ok := cs.byTag[deflt]; !ok {
		return nil, fmt.Errorf("there is no catalogue for the default language %q", deflt)
	}
	cs.tags = slices.Sorted(maps.Keys(cs.byTag))
	// The matcher falls to the first one: the default.
	cs.matched = append([]string{deflt}, slices.DeleteFunc(slices.Clone(cs.tags), func(t string) bool { return t == deflt })...)
	var langs []language.Tag
	for _, t := range cs.matched {
		c := cs.byTag[t]
		if c != base {
			c.fallback = base
		}
		langs = append(langs, c.lang)
	}
	cs.matcher = language.NewMatcher(langs)
	return cs, nil
}

// tagOf is the language that a file belongs to.
func tagOf(name string) string {
	tag, _, _ := strings.Cut(path.Base(name), ".")
	return tag
}

// read adds a file to its language.
func (cs *Catalogues) read(tag string, raw []byte) error {
	lang, err := language.Parse(tag)
	if err != nil {
		return fmt.Errorf("its name is no language tag: %w", err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	c := cs.byTag[tag]
	if c == nil {
		c = &Catalogue{Tag: tag, lang: lang, entries: make(map[string]entry, len(all))}
		cs.byTag[tag] = c
	}
	if meta, ok := all["_meta"]; ok {
		if err := c.meta(meta); err != nil {
			return err
		}
		delete(all, "_meta")
	}
	for key, v := range all {
		if _, twice := c.entries[key]; twice {
			return fmt.Errorf("%s: stands in another part too", key)
		}
		e, err := parseEntry(v)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		c.entries[key] = e
	}
	return nil
}

func (c *Catalogue) meta(raw json.RawMessage) error {
	var meta struct{ Name, Dir string }
	if err := json.Unmarshal(raw, &meta); err != nil {
		return fmt.Errorf("_meta: %w", err)
	}
	if meta.Name == "" || meta.Dir != "ltr" && meta.Dir != "rtl" {
		return fmt.Errorf("_meta needs a name, and dir ltr or rtl")
	}
	c.Name, c.Dir = meta.Name, meta.Dir
	return nil
}

func parseEntry(v json.RawMessage) (entry, error) {
	var one string
	if json.Unmarshal(v, &one) == nil {
		ps, err := split(one)
		return entry{forms: map[string][]part{"other": ps}}, err
	}
	var many map[string]string
	if err := json.Unmarshal(v, &many); err != nil {
		return entry{}, fmt.Errorf("is neither a text nor plural forms: %w", err)
	}
	e := entry{forms: map[string][]part{}, plural: true}
	for form, text := range many {
		if _, ok := formOf(form); !ok {
			return entry{}, fmt.Errorf("%q is no plural form", form)
		}
		ps, err := split(text)
		if err != nil {
			return entry{}, err
		}
		e.forms[form] = ps
	}
	if _, ok := e.forms["other"]; !ok {
		return entry{}, fmt.Errorf("has no form \"other\"")
	}
	return e, nil
}

func formOf(name string) (plural.Form, bool) {
	switch name {
	case "zero":
		return plural.Zero, true
	case "one":
		return plural.One, true
	case "two":
		return plural.Two, true
	case "few":
		return plural.Few, true
	case "many":
		return plural.Many, true
	}
	return plural.Other, name == "other"
}

// split takes a message apart at its {arguments}.
func split(s string) ([]part, error) {
	var ps []part
	for s != "" {
		text, rest, found := strings.Cut(s, "{")
		if text != "" {
			ps = append(ps, part{text: text})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" {
			return nil, fmt.Errorf("has an open brace")
		}
		ps, s = append(ps, part{arg: name}), after
	}
	return ps, nil
}

// T is the message of a key. args are pairs of name and value; integers are written as the language writes them, and the one called
// "n" chooses the plural form. A key that no catalogue has comes back in brackets, so that it is seen.
func (c *Catalogue) T(key string, args ...any) string {
	e, ok := c.entries[key]
	if !ok {
		if c.fallback != nil {
			return c.fallback.T(key, args...)
		}
		return "[" + key + "]"
	}
	parts := e.forms["other"]
	if n, ok := count(args); ok && e.plural {
		want := plural.Cardinal.MatchPlural(c.lang, n, 0, 0, 0, 0)
		for name, ps := range e.forms {
			if f, _ := formOf(name); f == want {
				parts = ps
			}
		}
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.text)
		if p.arg != "" {
			b.WriteString(c.value(p.arg, args))
		}
	}
	return b.String()
}

// Has tells whether the language itself, or the one it falls back to, has the key.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.entries[key]
	return ok || c.fallback != nil && c.fallback.Has(key)
}

func count(args []any) (int, bool) {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == "n" {
			n, ok := args[i+1].(int)
			return n, ok
		}
	}
	return 0, false
}

func (c *Catalogue) value(name string, args []any) string {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] != name {
			continue
		}
		switch v := args[i+1].(type) {
		case int:
			return message.NewPrinter(c.lang).Sprint(number.Decimal(v))
		case string:
			return c.isolate(v)
		default:
			return fmt.Sprint(v)
		}
	}
	return "{" + name + "}"
}

// isolate keeps a foreign text from changing the direction of the words around it (Unicode UAX #9 §3.1.2): its own direction controls
// go, and if it runs against the language's direction it is wrapped.
func (c *Catalogue) isolate(s string) string {
	s = Plain(s)
	if c.Dir == "rtl" && s != "" || strings.ContainsFunc(s, rightToLeft) {
		return "\u2068" + s + "\u2069"
	}
	return s
}

func rightToLeft(r rune) bool {
	return r >= 0x590 && r <= 0x8ff || r >= 0xfb1d && r <= 0xfdff || r >= 0xfe70 && r <= 0xfeff || r >= 0x10800 && r <= 0x10fff || r >= 0x1e800 && r <= 0x1efff
}

// Plain takes out of a text what is not seen but changes how it is read: control characters and direction controls.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < 0x20 || r >= 0x7f && r < 0xa0,
			r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e || r == 0x200f || r == 0x61c,
			r == 0x2028 || r == 0x2029 || r == 0xfeff:
			return -1
		}
		return r
	}, s)
}
