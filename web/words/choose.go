package words

import (
	"strings"

	"golang.org/x/text/language"
)

// maxWish bounds what is read of a foreign list of languages.
const maxWish = 256

// Tags lists the languages, sorted by tag.
func (cs *Catalogues) Tags() []string { return cs.tags }

// Keys lists the keys of messages, sorted: those that English has.
func (cs *Catalogues) Keys() []string { return cs.byTag[Fallback].keys() }

// Get returns the catalogue of exactly this tag.
func (cs *Catalogues) Get(tag string) (*Catalogue, bool) {
	c, ok := cs.byTag[tag]
	return c, ok
}

// Choose returns the catalogue of the first wish that names a language there is, else the default. A wish is one tag, a list with
// spaces (OIDC Core §3.1.2.1 ui_locales), or an Accept-Language header (RFC 9110 §12.5.4); what cannot be read is passed over.
func (cs *Catalogues) Choose(wishes ...string) *Catalogue {
	for _, w := range wishes {
		if c, ok := cs.match(w); ok {
			return c
		}
	}
	return cs.byTag[cs.deflt]
}

func (cs *Catalogues) match(wish string) (*Catalogue, bool) {
	if wish == "" || len(wish) > maxWish {
		return nil, false
	}
	if !strings.ContainsAny(wish, ",;") {
		wish = strings.Join(strings.Fields(wish), ",")
	}
	if c, ok := cs.byTag[wish]; ok {
		return c, true
	}
	tags, _, err := language.ParseAcceptLanguage(wish)
	if err != nil {
		return nil, false
	}
	for _, t := range tags {
		if _, i, conf := cs.matcher.Match(t); conf >= language.High {
			return cs.byTag[cs.matched[i]], true
		}
	}
	return nil, false
}

// Pick finds, among texts in several languages by their BCP 47 tags, the one for readers of this language: that of the same tag, else the
// closest that such a reader can do with. ok is false where there is none. The same tags in the same order give the same answer.
func (c *Catalogue) Pick(tags []string) (tag string, ok bool) {
	var there []language.Tag
	var names []string
	for _, t := range tags {
		if strings.EqualFold(t, c.Tag) {
			return t, true
		}
		if lang, err := language.Parse(t); err == nil {
			there, names = append(there, lang), append(names, t)
		}
	}
	if len(there) == 0 {
		return "", false
	}
	if _, i, conf := language.NewMatcher(there).Match(c.lang); conf >= language.High {
		return names[i], true
	}
	return "", false
}
