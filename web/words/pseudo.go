package words

import (
	"maps"
	"strings"
	"unicode/utf8"
)

// Pseudo is the tag of the language that is made from English: accented, in brackets and two fifths longer, so that text which is in no catalogue, and
// room that is too narrow, are seen.
const Pseudo = "qps-ploc"

// WithPseudo is the catalogues and that language beside them. People never get it: it is for tests and previews.
func (cs *Catalogues) WithPseudo() *Catalogues {
	base := cs.byTag[Fallback]
	made := &Catalogue{Tag: Pseudo, Name: "[Ƥşéûðö]", Dir: "ltr", lang: base.lang, entries: make(map[string]entry, len(base.entries))}
	for key, e := range base.entries {
		p := entry{plural: e.plural, forms: make(map[string][]part, len(e.forms))}
		for form, parts := range e.forms {
			p.forms[form] = lengthen(parts)
		}
		made.entries[key] = p
	}
	more := &Catalogues{byTag: maps.Clone(cs.byTag), deflt: cs.deflt}
	more.byTag[Pseudo] = made
	more.index(base)
	return more
}

var accents = strings.NewReplacer("a", "å", "b", "ƀ", "c", "ç", "d", "ð", "e", "é", "f", "ƒ", "g", "ĝ", "h", "ĥ", "i", "î", "j", "ĵ", "k", "ķ", "l", "ļ", "m", "ɱ", "n", "ñ", "o", "ö",
	"p", "þ", "q", "ǫ", "r", "ŕ", "s", "š", "t", "ţ", "u", "û", "v", "ṽ", "w", "ŵ", "x", "ẋ", "y", "ý", "z", "ž", "A", "Å", "B", "Ɓ", "C", "Ç", "D", "Ð", "E", "É", "F", "Ƒ", "G", "Ĝ", "H", "Ĥ",
	"I", "Î", "J", "Ĵ", "K", "Ķ", "L", "Ļ", "M", "Ṁ", "N", "Ñ", "O", "Ö", "P", "Þ", "Q", "Ǫ", "R", "Ŕ", "S", "Š", "T", "Ţ", "U", "Û", "V", "Ṽ", "W", "Ŵ", "X", "Ẋ", "Y", "Ý", "Z", "Ž")

func lengthen(parts []part) []part {
	out, runes := []part{{text: "["}}, 0
	for _, p := range parts {
		runes += utf8.RuneCountInString(p.text)
		out = append(out, part{text: accents.Replace(p.text), arg: p.arg})
	}
	if runes == 0 && len(parts) == 0 {
		return nil // what is empty stays so: it is left out
	}
	return append(out, part{text: strings.Repeat("·", (runes*2+4)/5) + "]"})
}
