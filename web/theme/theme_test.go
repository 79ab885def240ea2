package theme

import (
	"bytes"
	"errors"
	"image"
	"image/png"
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

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 50">`

func TestSVG(t *testing.T) {
	for name, tc := range map[string]struct{ svg, want string }{
		"a path":              {svg + `<title>Harbour</title><g fill="#123"><path d="M0 0h10"/></g></svg>`, ""},
		"gradient":            {svg + `<defs><linearGradient id="a"><stop offset="0" stop-color="#fff"/></linearGradient></defs><rect width="9" height="9" fill="url(#a)"/></svg>`, ""},
		"what editors leave":  {`<?xml version="1.0"?><!DOCTYPE svg PUBLIC "x" "y"><svg xmlns="http://www.w3.org/2000/svg" xmlns:i="http://inkscape.example" width="20px" height="10px"><!-- x --><metadata><b/></metadata><i:view a="b"><i:c/></i:view><path i:label="x" class="y" d="M0 0"/></svg>`, ""},
		"script":              {svg + "\n<script>alert(1)</script></svg>", "logo.svg:2: has <script>, which a logo may not have"},
		"handler":             {svg + `<path onload="x" d="M0 0"/></svg>`, "logo.svg:1: has the attribute onload"},
		"style element":       {svg + `<style>*{}</style></svg>`, "logo.svg:1: has <style>"},
		"style attribute":     {svg + `<path style="fill:red" d="M0 0"/></svg>`, "has the attribute style, which a logo may not have: write fill, stroke"},
		"foreign object":      {svg + `<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject></svg>`, "has <foreignObject>"},
		"picture":             {svg + `<image href="https://evil.example/x.png"/></svg>`, "has <image>"},
		"link":                {svg + `<a href="https://evil.example"><path d="M0 0"/></a></svg>`, "has <a>"},
		"animation":           {svg + `<animate attributeName="href"/></svg>`, "has <animate>"},
		"use of elsewhere":    {svg + `<use href="https://evil.example/x.svg#a"/></svg>`, `refers to "https://evil.example/x.svg#a"`},
		"xlink of elsewhere":  {`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 1 1"><use xlink:href="data:x"/></svg>`, `refers to "data:x"`},
		"fill from elsewhere": {svg + `<path fill="URL( 'https://evil.example/x#a' )" d="M0 0"/></svg>`, `refers to "https://evil.example/x#a"`},
		"javascript":          {svg + `<path fill="javascript:x" d="M0 0"/></svg>`, "which a logo may not have"},
		"entities":            {`<!DOCTYPE svg [<!ENTITY a "b">]>` + svg + `</svg>`, "logo.svg:1: has a declaration that a drawing does not need"},
		"an entity":           {svg + `<text>&a;</text></svg>`, "is no well-formed SVG"},
		"not closed":          {svg, "is no well-formed SVG"},
		"HTML":                {`<html><body/></html>`, "has <html>"},
		"no size":             {`<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>`, "has no <svg> with a viewBox"},
		"nothing":             {``, "has no <svg>"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := put(t, map[string]string{"logo.svg": tc.svg})
			got := faults(t, Source{Logo: filepath.Join(dir, "logo.svg")}, dir)
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("%s\nwant %s", got, tc.want)
			}
		})
	}
	dir := put(t, map[string]string{"logo.svg": svg + `<!-- x --><path class="a" d="M0 0&#x22;"/></svg>`})
	th, err := Read(Source{Logo: filepath.Join(dir, "logo.svg")}, base(t))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(th.Logo.Content), svg+`<path d="M0 0&#34;"></path></svg>`; got != strings.Replace(want, ` viewBox="0 0 200 50"`, ` viewBox="0 0 200 50"`, 1) || th.Logo.Width != 144 || th.Logo.Height != 36 {
		t.Errorf("%s %d×%d", got, th.Logo.Width, th.Logo.Height)
	}
}

func TestPictures(t *testing.T) {
	var small, wide bytes.Buffer
	if err := png.Encode(&small, image.NewRGBA(image.Rect(0, 0, 72, 72))); err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(&wide, image.NewGray(image.Rect(0, 0, 3000, 10))); err != nil {
		t.Fatal(err)
	}
	dir := put(t, map[string]string{"a.png": small.String(), "wide.png": wide.String(), "cut.png": small.String()[:60], "b.gif": "GIF89a", "large.svg": strings.Repeat(" ", maxLogo+1)})
	th, err := Read(Source{Logo: filepath.Join(dir, "a.png"), LogoDark: filepath.Join(dir, "a.png")}, base(t))
	if err != nil || th.Logo.Width != 36 || th.Logo.Height != 36 || th.LogoDark.ContentType != "image/png" {
		t.Fatalf("%+v, %v", th, err)
	}
	for file, want := range map[string]string{"wide.png": "is 3000 × 10 pixels", "cut.png": "is a broken picture", "b.gif": "is no SVG, PNG or WebP picture", "large.svg": "has 65537 bytes; at most 65536", "none.png": "cannot be read"} {
		if got := faults(t, Source{Logo: filepath.Join(dir, file)}, dir); !strings.HasPrefix(got, file+": "+want) {
			t.Errorf("%s: %s", file, got)
		}
	}
	if got := faults(t, Source{LogoDark: filepath.Join(dir, "a.png")}, dir); got != "logo_dark: is set, and logo is not" {
		t.Error(got)
	}
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
