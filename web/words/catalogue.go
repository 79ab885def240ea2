package words

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/language"
)

// Fallback is the language that is always whole.
const Fallback = "en"

// Catalogue is one language.
type Catalogue struct {
	// Tag is the BCP 47 tag, Name what its speakers call it, Dir "ltr" or "rtl".
	Tag, Name, Dir string

	lang language.Tag
	// embedded are the messages that come with the program, by the keys of pack; nil where none do. own go before them.
	pack     *pack
	embedded *tongue
	own      map[string]entry
	fallback *Catalogue
}

// entry finds a message of the language itself.
func (c *Catalogue) entry(key string) (entry, bool) {
	if e, ok := c.own[key]; ok || c.embedded == nil {
		return e, ok
	}
	i, ok := c.pack.keys()[key]
	if !ok {
		return "", false
	}
	return c.embedded.messages()[i], true
}

// keys are those of the messages of the language itself, sorted.
func (c *Catalogue) keys() []string {
	set := map[string]bool{}
	for key := range c.own {
		set[key] = true
	}
	if c.embedded != nil {
		for key := range c.pack.keys() {
			set[key] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
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
	p, err := embedded()
	if err != nil {
		return nil, err
	}
	cs := &Catalogues{byTag: map[string]*Catalogue{}, deflt: deflt}
	for _, l := range p.tongues {
		lang, err := language.Parse(l.tag)
		if err != nil {
			return nil, fmt.Errorf("embedded words of %s: %w", l.tag, err)
		}
		cs.byTag[l.tag] = &Catalogue{Tag: l.tag, Name: l.name, Dir: l.dir, lang: lang, pack: p, embedded: l}
	}
	if err := cs.finish(own); err != nil {
		return nil, err
	}
	if own == nil {
		ours.Store(deflt, cs)
	}
	return cs, nil
}

// ours are the catalogues without an operator's, by default language: pages and mails have the same, which do not change.
var ours sync.Map

// Languages are the tags of the embedded catalogues, in order.
func Languages() []string {
	p, err := embedded()
	if err != nil {
		return nil // Load says why
	}
	var tags []string
	for _, l := range p.tongues {
		tags = append(tags, l.tag)
	}
	return tags
}

// LoadFS reads every *.json of a folder: the file's name is the language's tag, or the tag, a dot and the name of a part of the same language.
// A key stands in one part only; _meta in the file that is named by the tag alone. own is a second folder whose keys go before those of dir; nil for none.
func LoadFS(dir, own fs.FS, deflt string) (*Catalogues, error) {
	cs := &Catalogues{byTag: map[string]*Catalogue{}, deflt: deflt}
	if err := cs.readAll(dir, func(tag string, f file) error { return cs.add(tag, f) }); err != nil {
		return nil, err
	}
	return cs, cs.finish(own)
}

// finish lays an operator's words over ours, and makes the choice of a language.
func (cs *Catalogues) finish(own fs.FS) error {
	if cs.deflt == "" {
		cs.deflt = Fallback
	}
	base, ok := cs.byTag[Fallback]
	if !ok {
		return fmt.Errorf("catalogue %s.json is missing", Fallback)
	}
	if own != nil {
		if err := cs.overlay(base, own); err != nil {
			return err
		}
	}
	for tag, c := range cs.byTag {
		if c.Name == "" {
			return fmt.Errorf("catalogue %s.json is missing, or has no _meta", tag)
		}
	}
	if _, ok := cs.byTag[cs.deflt]; !ok {
		return fmt.Errorf("there is no catalogue for the default language %q", cs.deflt)
	}
	cs.index(base)
	return nil
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
		if _, twice := c.own[l.key]; twice {
			return f.fault(l.line, "%s stands in another part too", l.key)
		}
		c.own[l.key] = l.entry
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
		c = &Catalogue{Tag: tag, lang: lang}
		cs.byTag[tag] = c
	}
	if c.own == nil {
		c.own = map[string]entry{}
	}
	if f.name != "" {
		c.Name, c.Dir = f.name, f.dir
	}
	return c, nil
}
