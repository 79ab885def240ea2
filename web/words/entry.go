package words

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/feature/plural"
)

// entry is one message as it is written, or its plural forms: then mark, and for each form the digit of its [plural.Form], its text, and mark. It is one string,
// so that thousands of them cost the collector of garbage nothing.
type entry string

// mark is in no text (see split).
const mark = "\x00"

// counted makes the entry of a message with plural forms.
func counted(forms map[string]string) entry {
	var b strings.Builder
	b.WriteString(mark)
	for _, name := range slices.Sorted(maps.Keys(forms)) {
		f, _ := formOf(name)
		b.WriteByte('0' + byte(f))
		b.WriteString(forms[name] + mark)
	}
	return entry(b.String())
}

// plural says whether there are plural forms.
func (e entry) plural() bool { return strings.HasPrefix(string(e), mark) }

// each goes through the forms and their texts; of a message without plural forms it is plural.Other alone.
func (e entry) each() iter.Seq2[plural.Form, string] {
	return func(yield func(plural.Form, string) bool) {
		rest, many := strings.CutPrefix(string(e), mark)
		if !many {
			yield(plural.Other, rest)
			return
		}
		for rest != "" {
			one, after, _ := strings.Cut(rest, mark)
			if !yield(plural.Form(one[0]-'0'), one[1:]) {
				return
			}
			rest = after
		}
	}
}

// text is that of a form, else of plural.Other, which every message has.
func (e entry) text(want plural.Form) string {
	other := ""
	for f, text := range e.each() {
		if f == want {
			return text
		}
		if f == plural.Other {
			other = text
		}
	}
	return other
}

// arguments are those of any form, in order.
func (e entry) arguments() []string {
	set := map[string]bool{}
	for _, text := range e.each() {
		for name := range fields(text) {
			set[name] = true
		}
	}
	delete(set, "")
	return slices.Sorted(maps.Keys(set))
}

// fields takes a message apart at its {arguments}: each name with the text before it, and "" with the text behind the last one.
func fields(text string) iter.Seq2[string, string] {
	return func(yield func(name, before string) bool) {
		for {
			before, rest, found := strings.Cut(text, "{")
			name, after, _ := strings.Cut(rest, "}")
			if found && !yield(name, before) {
				return
			}
			if !found {
				if before != "" {
					yield("", before)
				}
				return
			}
			text = after
		}
	}
}

// sound says what is wrong with a text, nil for nothing.
func sound(text string) error {
	if strings.Contains(text, mark) {
		return fmt.Errorf("has the character %q", mark)
	}
	for text != "" {
		_, rest, found := strings.Cut(text, "{")
		if !found {
			return nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" {
			return errors.New("has an open brace")
		}
		text = after
	}
	return nil
}

// names are those of plural forms, in CLDR's order.
var names = [...]string{"zero", "one", "two", "few", "many", "other"}

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

// nameOf reverses formOf.
func nameOf(form plural.Form) string {
	for _, name := range names {
		if f, _ := formOf(name); f == form {
			return name
		}
	}
	return ""
}
