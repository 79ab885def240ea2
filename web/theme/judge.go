package theme

import (
	"fmt"
	"strings"
)

// Pair is two tokens that meet on a page, and the contrast that they need.
type Pair struct {
	Ink, Paper string
	Min        float64
}

// Pairs is every pair (WCAG 2.2): text needs 4.5 (§1.4.3), borders, marks and the focus ring 3 (§1.4.11).
func Pairs() []Pair {
	var pairs []Pair
	for _, row := range []struct {
		ink, papers string
		min         float64
	}{
		{"ink", "bg surface sunken line error-bg ok-bg", 4.5}, {"muted", "bg surface sunken", 4.5}, {"link", "bg surface sunken", 4.5}, {"on-accent", "accent accent-deep", 4.5},
		{"error", "bg surface error-bg", 4.5}, {"ok", "surface ok-bg", 4.5}, {"brass-ink", "brass", 4.5}, {"surface", "error", 4.5},
		{"control", "bg surface sunken", 3}, {"focus", "bg surface", 3}, {"accent", "surface", 3},
	} {
		for paper := range strings.FieldsSeq(row.papers) {
			pairs = append(pairs, Pair{"--lk-" + row.ink, "--lk-" + paper, row.min})
		}
	}
	return pairs
}

// situation is what decides which declarations hold: the system's scheme, and the theme that a person chose, "" for none.
type situation struct{ scheme, theme string }

func situations() []situation {
	return []situation{{"light", ""}, {"dark", ""}, {"light", "light"}, {"dark", "light"}, {"light", "dark"}, {"dark", "dark"}}
}

func (s situation) dark() bool {
	if s.theme != "" {
		return s.theme == "dark"
	}
	return s.scheme == "dark"
}

func (s situation) String() string {
	switch {
	case s.dark() && s.scheme == "light":
		return "dark pages of a light system"
	case !s.dark() && s.scheme == "dark":
		return "light pages of a dark system"
	}
	return s.scheme + " pages"
}

// cascade is the value of every token in a situation, and the declaration that set it; the zero one where it is ours.
func (r *reader) cascade(s situation) map[string]declaration {
	values := make(map[string]declaration, len(r.tokens))
	for name, value := range r.tokens {
		values[name] = declaration{token: name, value: value}
	}
	for _, d := range r.set {
		if (d.scheme == "" || d.scheme == s.scheme) && (d.theme == "" || d.theme == s.theme) && d.weight >= values[d.token].weight {
			values[d.token] = d
		}
	}
	return values
}

// resolve is the colour of a token.
func resolve(values map[string]declaration, value string, dark bool, depth int) (colour, error) {
	value = strings.TrimSpace(value)
	if depth > 8 {
		return colour{}, fmt.Errorf("refers to itself")
	}
	if args, ok := call(value, "light-dark"); ok {
		light, night, found := cutArgs(args)
		if !found {
			return colour{}, fmt.Errorf("light-dark() needs two colours")
		}
		if dark {
			light = night
		}
		return resolve(values, light, dark, depth+1)
	}
	if args, ok := call(value, "var"); ok {
		d, found := values[strings.TrimSpace(args)]
		if !found {
			return colour{}, fmt.Errorf("refers to %s, which is no token", strings.TrimSpace(args))
		}
		return resolve(values, d.value, dark, depth+1)
	}
	return parseColour(value)
}

// call is what stands in the brackets of a function that is the whole value.
func call(value, name string) (args string, ok bool) {
	rest, ok := strings.CutPrefix(value, name+"(")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, ")")
}

// cutArgs cuts at the first comma that is in no brackets.
func cutArgs(s string) (before, after string, ok bool) {
	depth := 0
	for i, c := range s {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			return s[:i], s[i+1:], true
		}
	}
	return "", "", false
}

// judge looks at every pair in every situation, and keeps the colours of the two that most people have.
func (r *reader) judge() {
	told := map[string]bool{}
	for i, s := range situations() {
		values, colours := r.cascade(s), map[string]string{}
		of := func(token string) (colour, bool) {
			d := values[token]
			c, err := resolve(values, d.value, s.dark(), 0)
			if err != nil {
				r.at(d, "%s %v", token, err)
				return c, false
			}
			colours[token] = c.String()
			return c, true
		}
		for _, p := range Pairs() {
			ink, ok := of(p.Ink)
			paper, also := of(p.Paper)
			if !ok || !also {
				continue
			}
			// The same colours fail once on light pages and once on dark ones, whatever made the page so.
			same := fmt.Sprint(p, ink, paper, s.dark())
			if got := ratio(ink, paper); got < p.Min && !told[same] {
				told[same] = true
				d := values[p.Ink]
				if paper := values[p.Paper]; d.part == "" || paper.part == d.part && paper.line > d.line {
					d = paper
				}
				r.at(d, "%s %s on %s %s has a contrast of %.2f on %s; it must be at least %.1f", p.Ink, ink, p.Paper, paper, got, s, p.Min)
			}
		}
		if i < 2 {
			r.theme.Colours[i] = colours
		}
	}
}

// at is a fault where a declaration stands. What is our own is no fault of the operator's.
func (r *reader) at(d declaration, format string, args ...any) {
	if d.part == "" {
		d.part = "css"
	}
	r.fault(d.part, d.file, d.line, format, args...)
}
