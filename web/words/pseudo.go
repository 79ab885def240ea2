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
	made := &Catalogue{Tag: Pseudo, Name: "[Ƥşéûðö]", Dir: "ltr", lang: base.lang, own: map[string]entry{}}
	for _, key := range base.keys() {
		e, _ := base.entry(key)
		forms := map[string]string{}
		for form, text := range e.each() {
			forms[nameOf(form)] = lengthen(text)
		}
		if made.own[key] = entry(forms["other"]); e.plural() {
			made.own[key] = counted(forms)
		}
	}
	more := &Catalogues{byTag: maps.Clone(cs.byTag), deflt: cs.deflt}
	more.byTag[Pseudo] = made
	more.index(base)
	return more
}

var accents = strings.NewReplacer("a", "å", "b", "ƀ", "c", "ç", "d", "ð", "e", "é", "f", "ƒ", "g", "ĝ", "h", "ĥ", "i", "î", "j", "ĵ", "k", "ķ", "l", "ļ", "m", "ɱ", "n", "ñ", "o", "ö",
	"p", "þ", "q", "ǫ", "r", "ŕ", "s", "š", "t", "ţ", "u", "û", "v", "ṽ", "w", "ŵ", "x", "ẋ", "y", "ý", "z", "ž", "A", "Å", "B", "Ɓ", "C", "Ç", "D", "Ð", "E", "É", "F", "Ƒ", "G", "Ĝ", "H", "Ĥ",
	"I", "Î", "J", "Ĵ", "K", "Ķ", "L", "Ļ", "M", "Ṁ", "N", "Ñ", "O", "Ö", "P", "Þ", "Q", "Ǫ", "R", "Ŕ", "S", "Š", "T", "Ţ", "U", "Û", "V", "Ṽ", "W", "Ŵ", "X", "Ẋ", "Y", "Ý", "Z", "Ž")

func lengthen(text string) string {
	if text == "" {
		return "" // what is empty stays so: it is left out
	}
	var b strings.Builder
	b.WriteString("[")
	runes := 0
	for name, before := range fields(text) {
		runes += utf8.RuneCountInString(before)
		b.WriteString(accents.Replace(before))
		if name != "" {
			b.WriteString("{" + name + "}")
		}
	}
	return b.String() + strings.Repeat("·", (runes*2+4)/5) + "]"
}
