package words

import (
	"fmt"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// T is the message of a key. args are pairs of name and value; integers are written as the language writes them, and the one called
// "n" chooses the plural form. A key that no catalogue has comes back in brackets, so that it is seen.
func (c *Catalogue) T(key string, args ...any) string {
	e, ok := c.entry(key)
	if !ok {
		if c.fallback != nil {
			return c.fallback.T(key, args...)
		}
		return "[" + key + "]"
	}
	form := plural.Other
	if n, ok := count(args); ok && e.plural() {
		form = plural.Cardinal.MatchPlural(c.lang, n, 0, 0, 0, 0)
	}
	text := e.text(form)
	if !strings.Contains(text, "{") {
		return text
	}
	var b strings.Builder
	for name, before := range fields(text) {
		b.WriteString(before)
		if name != "" {
			b.WriteString(c.value(name, args))
		}
	}
	return b.String()
}

// Forms are the plural forms of a message whose one argument is n, by their names in CLDR, with {n} where the number stands: for who counts elsewhere.
func (c *Catalogue) Forms(key string) map[string]string {
	e, ok := c.entry(key)
	if !ok && c.fallback != nil {
		return c.fallback.Forms(key)
	}
	forms := map[string]string{}
	for form, text := range e.each() {
		forms[nameOf(form)] = text
	}
	return forms
}

// Has tells whether the language itself, or the one it falls back to, has the key.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.entry(key)
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
			return c.number(v)
		case string:
			return c.isolate(v)
		default:
			return fmt.Sprint(v)
		}
	}
	return "{" + name + "}"
}

// number writes a whole number with the language's grouping and Latin digits, also where CLDR's default is others: codes, times and addresses on the
// same page have Latin ones, and what a person compares must look alike.
func (c *Catalogue) number(n int) string {
	lang, err := c.lang.SetTypeForKey("nu", "latn")
	if err != nil {
		lang = language.English
	}
	return message.NewPrinter(lang).Sprint(number.Decimal(n))
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
