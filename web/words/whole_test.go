package words

import (
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parts is every file that the embedded catalogues are made of, by language and part; the part of en.json is "".
func parts(t *testing.T) map[string]map[string]file {
	t.Helper()
	all := map[string]map[string]file{}
	names, err := fs.Glob(os.DirFS("."), "locales/*.json")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parse(name, raw)
		if err != nil {
			t.Fatal(err)
		}
		tag, part, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(name, "locales/"), ".json"), ".")
		if all[tag] == nil {
			all[tag] = map[string]file{}
		}
		all[tag][part] = f
	}
	return all
}

func keys(f file) []string {
	var out []string
	for _, l := range f.lines {
		out = append(out, l.key)
	}
	slices.Sort(out)
	return out
}

// TestWhole: every language has every key, in the same part as English.
func TestWhole(t *testing.T) {
	all := parts(t)
	if diff := cmp.Diff([]string{"ar", "de", "en", "es", "fr"}, slices.Sorted(maps.Keys(all))); diff != "" {
		t.Errorf("languages (-want +got):\n%s", diff)
	}
	for tag, have := range all {
		for part, en := range all[Fallback] {
			f, ok := have[part]
			if !ok {
				t.Errorf("%s lacks the part %q", tag, part)
			}
			if diff := cmp.Diff(keys(en), keys(f)); diff != "" {
				t.Errorf("%s, part %q: keys (-en +%s):\n%s", tag, part, tag, diff)
			}
		}
		for part := range have {
			if _, ok := all[Fallback][part]; !ok {
				t.Errorf("%s has a part %q that English has not", tag, part)
			}
		}
	}
}

// TestEntriesFit: in every language a message has the arguments of the English one and the plural forms of its language, and is text that can stand anywhere.
func TestEntriesFit(t *testing.T) {
	cs := load(t)
	base := cs.byTag[Fallback]
	for _, tag := range cs.Tags() {
		c := cs.byTag[tag]
		for _, key := range c.keys() {
			e, _ := c.entry(key)
			ours, _ := base.entry(key)
			if problem := unfit(c.lang, e, base, key); problem != "" {
				t.Errorf("%s: %s %s", tag, key, problem)
			}
			if e.plural() != ours.plural() {
				t.Errorf("%s: %s has plural forms in one language only", tag, key)
			}
			if diff := cmp.Diff(ours.arguments(), e.arguments()); diff != "" {
				t.Errorf("%s: %s: arguments (-en +%s):\n%s", tag, key, tag, diff)
			}
			for f, written := range e.each() {
				form := nameOf(f)
				var text strings.Builder
				for name, before := range fields(written) {
					text.WriteString(before + strings.Repeat("x", len(name)))
				}
				s := text.String()
				if strings.Count(s, "\u2066") != strings.Count(s, "\u2069") {
					t.Errorf("%s: %s (%s) leaves an isolate open: %q", tag, key, form, s)
				}
				s = strings.NewReplacer("\u2066", "", "\u2069", "").Replace(s) // what reads from left to right in a language that does not
				if s != strings.TrimSpace(s) || strings.Contains(s, "  ") || Plain(s) != s || strings.ContainsAny(s, "&\ufffd") {
					t.Errorf("%s: %s (%s) has blanks at its ends, two in a row, or characters that are not seen: %q", tag, key, form, s)
				}
				if strings.Contains(s, "!") {
					t.Errorf("%s: %s shouts: %q", tag, key, s)
				}
			}
		}
	}
}

// TestTypography holds what careful readers of each language expect.
func TestTypography(t *testing.T) {
	cs := load(t)
	for tag, wrong := range map[string][]string{
		"fr": {" ?", " :", " ;", "?\u00a0", "'", "\"", "“", "« ", " »"}, // no-break spaces before high punctuation, typographic apostrophes, guillemets with narrow spaces inside
		"de": {"'", "\""}, "es": {"\"", "“"}, "ar": {"?", ";", "\""},
		"en": {"\""},
	} {
		c := cs.byTag[tag]
		for _, key := range c.keys() {
			e, _ := c.entry(key)
			for _, text := range e.each() {
				for _, before := range fields(text) {
					for _, w := range wrong {
						if strings.Contains(before, w) {
							t.Errorf("%s: %s has %q: %q", tag, key, w, before)
						}
					}
				}
			}
		}
	}
}

func TestPseudo(t *testing.T) {
	cs := load(t).WithPseudo()
	p, ok := cs.Get(Pseudo)
	if !ok {
		t.Fatal("there is none")
	}
	if got, want := p.T("login.title", "client", "Notes"), "[Šîĝñ îñ ţö Notes·····]"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := cs.Choose(Pseudo).Tag; got != Pseudo {
		t.Errorf("asked for, got %s", got)
	}
	if got := cs.Choose("en-GB", "de").Tag; got != "en" {
		t.Errorf("a reader of English gets %s", got)
	}
	if got := load(t).Choose(Pseudo).Tag; got != "en" {
		t.Errorf("people can have it: %s", got)
	}
	if diff := cmp.Diff(cs.Keys(), p.keys()); diff != "" {
		t.Errorf("keys (-en +%s):\n%s", Pseudo, diff)
	}
}
