package words

import (
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// overlay puts an operator's words over ours: single keys of a language that there is, or a new language, which may lack keys and is English there.
// What would never be shown, or not as it was meant, is a fault.
func (cs *Catalogues) overlay(base *Catalogue, own fs.FS) error {
	var faults Faults
	seen := map[string]string{}
	err := cs.readAll(own, func(tag string, f file) error {
		c, err := cs.language(tag, f)
		if err != nil {
			return err
		}
		if c.Name == "" {
			faults = append(faults, f.fault(1, `a new language needs "_meta": {"name": …, "dir": "ltr" or "rtl"}, in the file that is named by the tag alone`))
			c.Name = tag
		}
		for _, l := range f.lines {
			if first, twice := seen[tag+" "+l.key]; twice {
				faults = append(faults, f.fault(l.line, "%s stands in %s too", l.key, first))
				continue
			}
			seen[tag+" "+l.key] = f.path
			if problem := unfit(c.lang, l.entry, base, l.key); problem != "" {
				faults = append(faults, f.fault(l.line, "%s %s", l.key, problem))
				continue
			}
			c.own[l.key] = l.entry
		}
		return nil
	})
	if one, ok := err.(*Fault); ok { //nolint:errorlint // as parse returns it
		faults, err = append(faults, one), nil
	}
	if len(faults) > 0 {
		return faults
	}
	return err
}

// unfit says what is wrong with the words of a key, "" for nothing.
func unfit(lang language.Tag, e entry, base *Catalogue, key string) string {
	ours, ok := base.entry(key)
	if !ok {
		return "is no key that there is"
	}
	if e.plural() && !ours.plural() {
		return "has plural forms, and its message counts nothing"
	}
	there := map[string]bool{}
	for f, text := range e.each() {
		form := nameOf(f)
		there[form] = true
		for name, before := range fields(text) {
			switch {
			case name != "" && !slices.Contains(ours.arguments(), name):
				return "uses {" + name + "}; its arguments are: " + orNone(ours.arguments())
			case strings.ContainsAny(before, "<>"):
				return "holds markup; words are plain text"
			}
		}
		if e.plural() && !slices.Contains(Forms(lang), form) {
			return "has the plural form " + form + ", which the language lacks; it has: " + strings.Join(Forms(lang), ", ")
		}
	}
	for _, form := range Forms(lang) {
		if e.plural() && !there[form] {
			return "lacks the plural form " + form
		}
	}
	return ""
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// Forms are the plural forms that whole numbers have in a language (Unicode CLDR), in CLDR's order.
func Forms(lang language.Tag) []string {
	need := map[plural.Form]bool{}
	for n := range 200 { // no rule of CLDR for whole numbers looks at more than the last two digits
		need[plural.Cardinal.MatchPlural(lang, n, 0, 0, 0, 0)] = true
	}
	// "many" of French and Spanish is for whole millions (CLDR 38 and later).
	need[plural.Cardinal.MatchPlural(lang, 1_000_000, 0, 0, 0, 0)] = true
	var forms []string
	for _, name := range names {
		if f, _ := formOf(name); need[f] {
			forms = append(forms, name)
		}
	}
	return forms
}
