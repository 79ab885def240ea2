package theme

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func base(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile("../static/latchkey.css")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// put writes files into a new folder and returns it.
func put(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// faults are those of a theme, without the name of the folder.
func faults(t *testing.T, src Source, dir string) string {
	t.Helper()
	_, err := Read(src, base(t))
	if err == nil {
		return ""
	}
	if _, ok := errors.AsType[Faults](err); !ok {
		t.Fatalf("%T: %v", err, err)
	}
	return strings.ReplaceAll(err.Error(), dir+string(os.PathSeparator), "")
}

// TestEmbeddedContrast: our own colours pass what operators' must.
func TestEmbeddedContrast(t *testing.T) {
	if len(Pairs()) < 20 {
		t.Errorf("only %d pairs", len(Pairs()))
	}
	th, err := Read(Source{}, base(t))
	if err != nil {
		t.Fatal(err)
	}
	if th.Stylesheet != nil || th.Colours[0]["--lk-bg"] != "#e7eeed" || th.Colours[1]["--lk-bg"] != "#0b1719" {
		t.Errorf("%s %v", th.Stylesheet, th.Colours)
	}
	spoiled := bytes.Replace(base(t), []byte("light-dark(#4b6369"), []byte("light-dark(#8b9399"), 1)
	if _, err := Read(Source{}, spoiled); err == nil || !strings.Contains(err.Error(), "--lk-muted #8b9399 on --lk-bg #e7eeed has a contrast of ") {
		t.Errorf("a token that is too pale passes: %v", err)
	}
}

func TestAccent(t *testing.T) {
	for name, tc := range map[string]struct {
		accent, dark string
		want         []string // faults begin so, each
	}{
		"ours":                     {"#0e4a54", "#9ad6d8", nil},
		"dark made of it":          {"#7a1fa2", "", nil},
		"black":                    {"#000000", "", nil},
		"black letters on it":      {"#d97706", "", nil},
		"too pale on white":        {"#ffe066", "", []string{"accent: --lk-accent #ffe066 on --lk-surface #ffffff has a contrast of 1.30 on light pages; it must be at least 3.0"}},
		"too deep at night":        {"#0e4a54", "#10303a", []string{"accent_dark: --lk-accent #10303a on --lk-surface #14262a has a contrast of 1.12 on dark pages; it must be at least 3.0"}},
		"a name":                   {"teal", "", []string{`accent: "teal" is no colour such as #0e4a54`}},
		"something else":           {"#0e4a5", "", []string{`accent: "#0e4a5" is no colour such as #0e4a54`}},
		"a dark one alone":         {"", "#9ad6d8", []string{"accent_dark: is set, and accent is not"}},
		"a dark one that is wrong": {"#0e4a54", "url(x)", []string{`accent_dark: "url(x)" is no colour such as #9ad6d8`}},
	} {
		t.Run(name, func(t *testing.T) {
			got := faults(t, Source{Accent: tc.accent, AccentDark: tc.dark}, "")
			if (got == "") != (len(tc.want) == 0) {
				t.Fatal(got)
			}
			for _, w := range tc.want {
				if !strings.Contains(got, w) {
					t.Errorf("%s\nwant %s", got, w)
				}
			}
		})
	}
	th, err := Read(Source{Accent: "#7a1fa2"}, base(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{":root { --lk-accent: #7a1fa2;", "--lk-on-accent: #ffffff;", "@supports (color: light-dark(#000, #fff))", "--lk-accent: light-dark(#7a1fa2, #", "prefers-contrast: more"} {
		if !strings.Contains(string(th.Stylesheet), want) {
			t.Errorf("lacks %q:\n%s", want, th.Stylesheet)
		}
	}
}

func TestCSS(t *testing.T) {
	for name, tc := range map[string]struct{ css, want string }{
		"one token":              {":root { --lk-radius: .25rem; }", ""},
		"everything that may be": {"/* a } comment { */\n:root, [data-theme=\"light\"] { --lk-bg: #fff; --lk-font: \"Noto Sans\", sans-serif }\n@media (prefers-color-scheme: dark) { :root:not { } }", `theme.css:3: the selector ":root:not" has no place here`},
		"media and themes":       {":root{--lk-bg:#fff}@media (prefers-color-scheme:dark){:root{--lk-bg:#000;}}[data-theme=dark]{--lk-bg:hsl(200 30% 5%)}:root[data-theme='light']{--lk-bg:rgb(255, 255, 255)}", ""},
		"computed":               {":root { --lk-control-h: calc(2rem + 1px); --lk-link: var(--lk-ink); --lk-shadow: rgb(0 0 0 / .2); }", ""},
		"unknown token":          {"\n:root {\n  --lk-backround: #fff;\n}", "theme.css:3: there is no token --lk-backround"},
		"suggestion":             {":root { --lk-acent: #fff; }", "theme.css:1: there is no token --lk-acent; did you mean --lk-accent?"},
		"a property":             {":root { --lk-bg: #fff;\n color: red }", `theme.css:2: "color:" has no place here: a theme sets tokens (--lk-…) and nothing else`},
		"a class":                {".btn { --lk-bg: #fff }", `theme.css:1: the selector ".btn" has no place here`},
		"import":                 {"@import \"https://evil.example/x.css\";", "theme.css:1: @import has no place here"},
		"font-face":              {"@font-face { src: url(x) }", "theme.css:1: @font-face has no place here"},
		"url":                    {":root { --lk-bg: url(https://evil.example/x) }", "theme.css:1: --lk-bg has a character in its value that no token needs"},
		"url without slashes":    {":root { --lk-bg: url(x.png) }", "theme.css:1: --lk-bg uses url(), which has no place here"},
		"escape":                 {`:root { --lk-bg: \75 rl(x) }`, "theme.css:1: --lk-bg has a character in its value that no token needs"},
		"important":              {":root { --lk-bg: #fff !important }", "theme.css:1: --lk-bg has a character"},
		"not closed":             {":root { --lk-bg: #fff;\n\n", "theme.css:3: a rule is not closed"},
		"closed twice":           {":root { --lk-bg: #fff; }\n}", "theme.css:2: a rule is not closed, or closed twice"},
		"nested":                 {":root { a { --lk-bg: #fff } }", "theme.css:1: a rule is not closed, or a rule stands inside of another"},
		"media not closed":       {"@media (prefers-color-scheme: dark) { :root { --lk-bg: #000 }\n", "theme.css:2: @media is not closed"},
		"other media":            {"@media (min-width: 1px) { :root { --lk-bg: #000 } }", "theme.css:1: @media has no place here"},
		"empty value":            {":root { --lk-bg: ; }", "theme.css:1: --lk-bg has no value"},
		"open bracket":           {":root { --lk-bg: rgb(1 2 3; }", "theme.css:1: --lk-bg has a bracket or quote that is not closed"},
		"pale text":              {":root {\n  --lk-muted: light-dark(#9aa5a8, #a3b9bb); }", "theme.css:2: --lk-muted #9aa5a8 on --lk-bg #e7eeed has a contrast of 2.15 on light pages; it must be at least 4.5"},
		"paper under text":       {":root { --lk-surface: light-dark(#777777, #14262a); }", "theme.css:1: --lk-ink #11282d on --lk-surface #777777 has a contrast of"},
		"only when it is chosen": {"[data-theme=dark] { --lk-ink: #222 }", "theme.css:1: --lk-ink #222222 on --lk-bg #0b1719 has a contrast of"},
		"only at night":          {"@media (prefers-color-scheme: dark) { :root { --lk-focus: #222 } }", "theme.css:1: --lk-focus #222222 on --lk-bg #0b1719 has a contrast of"},
		"chosen against it":      {"@media (prefers-color-scheme: dark) { :root { --lk-bg: #000 } }", "on light pages of a dark system"},
		"see-through":            {":root { --lk-ink: rgb(0 0 0 / .5) }", "theme.css:1: --lk-ink lets what is behind it through"},
		"another kind of colour": {":root { --lk-ink: rebeccapurple }", `theme.css:1: --lk-ink "rebeccapurple" is no colour that can be judged`},
		"refers to itself":       {":root { --lk-ink: var(--lk-muted); --lk-muted: var(--lk-ink) }", "theme.css:1: --lk-ink refers to itself"},
		"refers to nothing":      {":root { --lk-ink: var(--lk-nothing) }", "theme.css:1: --lk-ink refers to --lk-nothing, which is no token"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := put(t, map[string]string{"theme.css": tc.css})
			got := faults(t, Source{CSS: filepath.Join(dir, "theme.css")}, dir)
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("%s\nwant %s", got, tc.want)
			}
		})
	}
	if got := faults(t, Source{CSS: "/nowhere/theme.css"}, "-"); !strings.Contains(got, "/nowhere/theme.css: cannot be read") {
		t.Error(got)
	}
	if got := faults(t, Source{CSS: t.TempDir()}, "-"); !strings.Contains(got, "is no regular file") {
		t.Error(got)
	}
}

// FuzzCSS: whatever is taken holds nothing that a browser would load or apply elsewhere.
func FuzzCSS(f *testing.F) {
	for _, s := range []string{":root { --lk-bg: #fff }", "@import 'x';", "@media (prefers-color-scheme: dark) { :root { --lk-bg: #000; } }", "/*", ":root { --lk-bg: u/**/rl(x) }", ":root{--lk-font:\"}body{\"}", "}"} {
		f.Add(s)
	}
	sheet := base(f)
	f.Fuzz(func(t *testing.T, css string) {
		r := reader{tokens: Tokens(sheet), theme: &Theme{}}
		p := &parser{r: &r, text: blank(css), line: 1}
		p.rules("")
		if len(r.faults) > 0 {
			return
		}
		if s := strings.ToLower(blank(css)); strings.Contains(s, "url(") || strings.Contains(s, "@import") || strings.Contains(s, "body") && !strings.ContainsAny(s, `"'`) && len(r.set) == 0 {
			t.Fatalf("taken: %q", css)
		}
	})
}

func TestFolders(t *testing.T) {
	dir := put(t, map[string]string{"t/brand.html": "x", "t/pages/login.html": "y", "t/.hidden": "", "l/nl.json": "{}", "bad/brand.htm": "x", "mixed/en.json": "{}", "mixed/en.yaml": "", "empty/.x": ""})
	th, err := Read(Source{Templates: filepath.Join(dir, "t"), Locales: filepath.Join(dir, "l")}, base(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(th.Templates) != 2 || th.Templates[0].Name != "brand" || th.Templates[1].Name != "pages/login" || th.Templates[1].Text != "y" {
		t.Errorf("%+v", th.Templates)
	}
	if raw, err := fs.ReadFile(th.Locales, "nl.json"); err != nil || string(raw) != "{}" {
		t.Error(err)
	}
	for src, want := range map[Source]string{
		{Templates: filepath.Join(dir, "bad")}:  "bad/brand.htm: is no .html file",
		{Templates: filepath.Join(dir, "none")}: "none: cannot be read",
		{Locales: filepath.Join(dir, "mixed")}:  "mixed/en.yaml: is no .json file",
		{Locales: filepath.Join(dir, "empty")}:  "empty: holds no .json file",
		{Locales: filepath.Join(dir, "none")}:   "none: cannot be read",
	} {
		if got := faults(t, src, dir); !strings.HasPrefix(got, want) {
			t.Errorf("%+v: %s, want %s", src, got, want)
		}
	}
}
