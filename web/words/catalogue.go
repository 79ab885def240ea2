package words

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/language"
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

// Catalogues is every language there is.
type Catalogues struct {
	byTag   map[string]*Catalogue
	tags    []string
	matcher language.Matcher
	matched []string
	deflt   string
}

// Load reads the embedded catalogues, and over them an operator's own, which may be nil. It is an error if deflt is none of them; what is wrong with
// the operator's is [Faults].
func Load(deflt string, own fs.FS) (*Catalogues, error) {
	if own == nil {
		if cs, ok := ours.Load(deflt); ok {
			return cs.(*Catalogues), nil
		}
	}
	sub, err := fs.Sub(embedded, "locales")
	if err != nil {
		return nil, fmt.Errorf("open catalogues: %w", err)
	}
	cs, err := LoadFS(sub, own, deflt)
	if err == nil && own == nil {
		ours.Store(deflt, cs)
	}
	return cs, err
}

// ours are the catalogues without an operator's, by default language: pages and mails have the same, which do not change.
var ours sync.Map

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
// A key stands in one part only; _meta in the file that is named by the tag alone. own is a second folder whose keys go before those of dir; nil for none.
func LoadFS(dir, own fs.FS, deflt string) (*Catalogues, error) {
	if deflt == "" {
		deflt = Fallback
	}
	cs := &Catalogues{byTag: map[string]*Catalogue{}, deflt: deflt}
	if err := cs.readAll(dir, func(tag string, f file) error { return cs.add(tag, f) }); err != nil {
		return nil, err
	}
	base, ok := cs.byTag[Fallback]
	if !ok {
		return nil, fmt.Errorf("catalogue %s.json is missing", Fallback)
	}
	if own != nil {
		if err := cs.overlay(base, own); err != nil {
			return nil, err
		}
	}
	for tag, c := range cs.byTag {
		if c.Name == "" {
			return nil, fmt.Errorf("catalogue %s.json is missing, or has no _meta", tag)
		}
	}
	if _, ok := cs.byTag[deflt]; !ok {
		return nil, fmt.Errorf("there is no catalogue for the default language %q", deflt)
	}
	cs.index(base)
	return cs, nil
}

// index makes the list of languages and what chooses among them.
func (cs *Catalogues) index(base *Catalogue) {
	cs.tags = slices.Sorted(maps.Keys(cs.byTag))
	// The matcher falls to the first one: the default.
	cs.matched = append([]string{cs.deflt}, slices.DeleteFunc(slices.Clone(cs.tags), func(t string) bool { return t == cs.deflt || t == Pseudo })...)
	var langs []language.Tag
	for _, t := range cs.matched {
		c := cs.byTag[t]
		if c != base && c.fallback != base { // not written again: others may read it
			c.fallback = base
		}
		langs = append(langs, c.lang)
	}
	cs.matcher = language.NewMatcher(langs)
}

// readAll reads the files of a folder in order.
func (cs *Catalogues) readAll(dir fs.FS, add func(tag string, f file) error) error {
	names, err := fs.Glob(dir, "*.json")
	if err != nil {
		return fmt.Errorf("list catalogues: %w", err)
	}
	for _, name := range names {
		raw, err := fs.ReadFile(dir, name)
		if err != nil {
			return fmt.Errorf("read catalogue: %w", err)
		}
		f, err := parse(name, raw)
		if err != nil {
			return err
		}
		if err := add(tagOf(name), f); err != nil {
			return err
		}
	}
	return nil
}

// tagOf is the language that a file belongs to.
func tagOf(name string) string {
	tag, _, _ := strings.Cut(path.Base(name), ".")
	return tag
}

// add adds a file to its language.
func (cs *Catalogues) add(tag string, f file) error {
	c, err := cs.language(tag, f)
	if err != nil {
		return err
	}
	for _, l := range f.lines {
		if _, twice := c.entries[l.key]; twice {
			return f.fault(l.line, "%s stands in another part too", l.key)
		}
		c.entries[l.key] = l.entry
	}
	return nil
}

// language finds or begins the language of a file.
func (cs *Catalogues) language(tag string, f file) (*Catalogue, error) {
	c := cs.byTag[tag]
	if c == nil {
		lang, err := language.Parse(tag)
		if err != nil {
			return nil, f.fault(1, "the file's name is no language tag: %v", err)
		}
		c = &Catalogue{Tag: tag, lang: lang, entries: make(map[string]entry, len(f.lines))}
		cs.byTag[tag] = c
	}
	if f.name != "" {
		c.Name, c.Dir = f.name, f.dir
	}
	return c, nil
}
