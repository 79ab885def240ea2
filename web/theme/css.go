package theme

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// declaration is a token with a value, and when it holds.
type declaration struct {
	token, value string
	// scheme is that of the system for which it holds (prefers-color-scheme), theme the one that the person chose (data-theme); "" for every one.
	scheme, theme string
	// weight is the specificity of its selector.
	weight int
	part   string
	file   string
	line   int
}

// Tokens are the custom properties that the embedded stylesheet declares for the whole page, with their values.
func Tokens(base []byte) map[string]string {
	tokens := map[string]string{}
	text := blank(string(base))
	_, text, _ = strings.Cut(text, ":root {")
	text, _, _ = strings.Cut(text, "}")
	for item := range strings.SplitSeq(text, ";") {
		name, value, ok := strings.Cut(item, ":")
		if name = strings.TrimSpace(name); ok && strings.HasPrefix(name, "--lk-") {
			tokens[name] = strings.TrimSpace(value)
		}
	}
	return tokens
}

var comment = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)/\*.*?\*/`) })

// blank takes comments away and keeps lines where they are.
func blank(css string) string {
	return comment().ReplaceAllStringFunc(css, func(c string) string { return " " + strings.Repeat("\n", strings.Count(c, "\n")) })
}

// css reads the operator's stylesheet: blocks of :root and [data-theme], also inside of @media (prefers-color-scheme), with tokens alone.
func (r *reader) css(name string) {
	raw, ok := r.text("css", name, maxText)
	if !ok {
		return
	}
	// Without comments, which may stand inside of quotes: what is sent is what was judged.
	text := blank(string(raw))
	p := &parser{r: r, file: name, text: text, line: 1}
	p.rules("")
	r.sheets.WriteString(strings.TrimSpace(text) + "\n")
}

type parser struct {
	r    *reader
	file string
	text string
	line int
}

func (p *parser) fault(line int, format string, args ...any) {
	p.r.fault("css", p.file, line, format, args...)
}

// upTo takes the text up to one of the ends, and the end itself; 0 at the end of the file. line is where the first word of it stands.
func (p *parser) upTo(ends string) (text string, end byte, line int) {
	i := strings.IndexAny(p.text, ends)
	taken := p.text
	if i >= 0 {
		taken, end, p.text = p.text[:i], p.text[i], p.text[i+1:]
	} else {
		p.text = ""
	}
	trimmed := strings.TrimLeft(taken, " \t\r\n\f")
	line = p.line + strings.Count(taken[:len(taken)-len(trimmed)], "\n")
	p.line += strings.Count(taken, "\n")
	return strings.TrimSpace(taken), end, line
}

var media = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^@media\s*\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)$`)
})

// rules reads rules to the end of the file or, inside of a media query, to its end.
func (p *parser) rules(scheme string) {
	for p.text != "" {
		head, end, line := p.upTo("{};")
		switch {
		case end == 0 && head == "" && scheme == "", end == '}' && head == "" && scheme != "":
			return
		case end == 0 && scheme != "":
			p.fault(line, "@media is not closed")
			return
		case strings.HasPrefix(head, "@"):
			m := media().FindStringSubmatch(head)
			if m == nil || end != '{' || scheme != "" {
				p.fault(line, "%s has no place here: of the rules with @ there is only @media (prefers-color-scheme: light or dark), once", first(head))
				return
			}
			p.rules(m[1])
		case end != '{':
			p.fault(line, "a rule is not closed, or closed twice")
			return
		default:
			p.block(head, line, scheme)
		}
	}
	if scheme != "" {
		p.fault(p.line, "@media is not closed")
	}
}

func first(s string) string { return strings.Fields(s + " .")[0] }

var selector = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(:root)?(?:\[\s*data-theme\s*=\s*["']?(light|dark)["']?\s*\])?$`)
})

// block reads the declarations of a rule.
func (p *parser) block(head string, line int, scheme string) {
	var holds []declaration
	for s := range strings.SplitSeq(head, ",") {
		m := selector().FindStringSubmatch(strings.TrimSpace(s))
		if m == nil || m[0] == "" {
			p.fault(line, "the selector %q has no place here: tokens are set for :root, [data-theme=\"light\"] or [data-theme=\"dark\"]", strings.TrimSpace(s))
			continue
		}
		weight := 1
		if m[1] != "" && m[2] != "" {
			weight = 2
		}
		holds = append(holds, declaration{scheme: scheme, theme: m[2], weight: weight, part: "css", file: p.file})
	}
	for {
		text, end, line := p.upTo(";{}")
		if end == '{' || end == 0 {
			p.fault(line, "a rule is not closed, or a rule stands inside of another")
			p.text = ""
			return
		}
		if text != "" {
			p.declare(text, line, holds)
		}
		if end == '}' {
			return
		}
	}
}

func (p *parser) declare(text string, line int, holds []declaration) {
	name, value, ok := strings.Cut(text, ":")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	switch {
	case !ok || !strings.HasPrefix(name, "--"):
		p.fault(line, "%q has no place here: a theme sets tokens (--lk-…) and nothing else", first(text))
		return
	case p.r.tokens[name] == "":
		p.fault(line, "there is no token %s%s", name, near(name, slices.Sorted(maps.Keys(p.r.tokens))))
		return
	}
	if problem := p.r.unfit(name, value); problem != "" {
		p.fault(line, "%s %s", name, problem)
		return
	}
	for _, d := range holds {
		d.token, d.value, d.line = name, value, line
		p.r.set = append(p.r.set, d)
	}
}

var function = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`([A-Za-z-]+)\s*\(`) })

// unfit says why a value cannot stand, "" for nothing.
func (r *reader) unfit(name, value string) string {
	switch {
	case value == "":
		return "has no value"
	case strings.ContainsAny(value, `\@<>!`) || strings.Contains(value, "//"):
		return "has a character in its value that no token needs"
	case strings.Count(value, "(") != strings.Count(value, ")") || strings.Count(value, `"`)%2 != 0 || strings.Count(value, "'")%2 != 0:
		return "has a bracket or quote that is not closed"
	}
	for _, m := range function().FindAllStringSubmatch(value, -1) {
		switch f := strings.ToLower(m[1]); f {
		case "light-dark", "var", "rgb", "rgba", "hsl", "hsla", "calc", "min", "max", "clamp":
		default:
			return "uses " + f + "(), which has no place here"
		}
	}
	return ""
}

// near suggests a name that differs in little; "" where there is none.
func near(name string, names []string) string {
	best, least := "", 3+len(name)/6
	for _, n := range names {
		if d := Distance(name, n); d < least {
			best, least = n, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// Distance is how many bytes have to be changed, added or left out to make b of a (Levenshtein): what a name that nobody knows was probably meant to be.
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
