package web

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"latchkey/web/theme"
)

// themed is a bench with a theme of these files: logo.svg, theme.css, t/… for templates, l/… for words.
func themed(t *testing.T, files map[string]string) (theme.Source, string) {
	t.Helper()
	dir := t.TempDir()
	var src theme.Source
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		switch {
		case name == "theme.css":
			src.CSS = p
		case name == "logo.svg":
			src.Logo = p
		case name == "logo-dark.svg":
			src.LogoDark = p
		case strings.HasPrefix(name, "t/"):
			src.Templates = filepath.Join(dir, "t")
		case strings.HasPrefix(name, "l/"):
			src.Locales = filepath.Join(dir, "l")
		}
	}
	return src, dir + string(os.PathSeparator)
}

const sampleSVG = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 50"><path d="M0 0h9"/></svg>`

func TestTheme(t *testing.T) {
	src, _ := themed(t, map[string]string{"theme.css": ":root { --lk-radius: 2px; --lk-bg: light-dark(#ffffff, #000000); }", "logo.svg": sampleSVG, "logo-dark.svg": sampleSVG,
		"t/footer.html": `<footer class="foot"><p>Harbour Ltd</p></footer>`, "t/head-extra.html": `<meta name="harbour" content="{{.Lang}}">`, "t/pages/message.html": `<h1>{{.Title}}</h1><p id="own">{{.Text}}</p>`,
		"l/en.json": `{"login.submit":"Come aboard"}`, "l/nl.json": `{"_meta":{"name":"Nederlands","dir":"ltr"},"login.submit":"Aan boord"}`})
	src.Accent = "#7a1fa2"
	th, err := LoadTheme(src, "Harbour", "")
	if err != nil {
		t.Fatal(err)
	}
	d := newBench(t, sampleIssuer).Deps
	d.Theme, d.Brand = th, "Harbour"
	site, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, sampleIssuer)
	b.Site = site
	v := b.get(t, "/login").status(200).says("Come aboard", "Harbour Ltd").holds(`<meta name="harbour" content="en">`, `content="#ffffff"`, `content="#000000"`, `<picture><source media="(prefers-color-scheme: dark)" srcset="/static/`, `alt="Harbour" width="72" height="36"`)
	b.get(t, "/login?ui_locales=nl").says("Aan boord")
	b.get(t, "/forgot/sent").status(200).holds(`<p id="own">`)
	b.get(t, "/login", "lk_theme=dark").holds(`<img src="/static/` + site.assets.version + `/logo-dark.svg"`).lacks("<picture>")
	for _, m := range regexp.MustCompile(`"(/static/[^"]+/(?:theme\.css|logo\.svg|logo-dark\.svg))"`).FindAllStringSubmatch(v.Body.String(), -1) {
		if got := b.get(t, m[1]).status(200); got.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s may be kept: %q", m[1], got.Header().Get("Cache-Control"))
		}
	}
	css := b.get(t, b.asset("theme.css")).Body.String()
	if !strings.Contains(css, "--lk-radius: 2px") || !strings.Contains(css, "--lk-accent: light-dark(#7a1fa2, #") {
		t.Errorf("theme.css: %s", css)
	}
	if site.assets.version == newBench(t, sampleIssuer).assets.version {
		t.Error("the theme does not change the address of the files")
	}
	for _, one := range Samples() {
		lint(t, b.draw(t, one, "en"))
	}
}

func TestThemeRefused(t *testing.T) {
	login, err := files.ReadFile("templates/pages/password.html")
	if err != nil {
		t.Fatal(err)
	}
	body := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(string(login)), `{{define "content"}}`), "{{end}}")
	for name, tc := range map[string]struct{ file, text, want string }{
		"an unknown block":    {"t/foot.html", "x", "t/foot.html:1: there is no block or page foot; there are: "},
		"an unknown page":     {"t/pages/sign-in.html", "x", "t/pages/sign-in.html:1: there is no block or page pages/sign-in; there are: "},
		"the frame":           {"t/bow.html", "x", "t/bow.html:1: there is no block or page bow"},
		"not a template":      {"t/footer.html", "\n{{if}}", "t/footer.html:2: missing value for if"},
		"an unknown function": {"t/footer.html", "{{now}}", `t/footer.html:1: function "now" not defined`},
		"an unknown field":    {"t/footer.html", "\n\n{{.Nothing}}", "t/footer.html:3: executing"},
		"an unknown template": {"t/footer.html", `{{template "nothing"}}`, "t/footer.html:1: "},
		"markup that is open": {"t/footer.html", `<p title="{{.Title}}`, "t/footer.html"},
		"inline script":       {"t/footer.html", "<p>\n<script>x()</script>", "t/footer.html:2: has a <script>"},
		"a handler":           {"t/footer.html", "<p\nonclick='x'>", "t/footer.html:2: has a handler such as onclick"},
		"inline style":        {"t/brand.html", `<b style="color:red">x</b>`, "t/brand.html:1: has a style attribute"},
		"a foreign picture":   {"t/brand.html", `<img src="https://cdn.example/x.png" alt="">`, "t/brand.html:1: has a picture from another host"},
		"a foreign file":      {"t/head-extra.html", `<link rel="stylesheet" href="//cdn.example/x.css">`, "t/head-extra.html:1: has a file from another host"},
		"a frame":             {"t/footer.html", `<iframe></iframe>`, "t/footer.html:1: has an element that the pages' policy would block"},
		"a definition":        {"t/footer.html", `{{define "brand"}}x{{end}}`, "t/footer.html:1: has a template of its own"},
		"a field too few":     {"t/pages/password.html", strings.Replace(body, `{{template "field" .Current}}`, "", 1), "t/pages/password.html:1: the page password lacks the field current (state password)"},
		"another form":        {"t/pages/password.html", strings.Replace(body, `"/account/password"`, `"/account/pass"`, 1), "t/pages/password.html:1: the page password lacks the form that goes to /account/password"},
		"a place too few":     {"t/pages/message.html", `<h1>{{.Title}}</h1><a href="#nowhere">x</a>`, `t/pages/message.html:1: the page message lacks the element with id="nowhere" (state `},
		"words of nothing":    {"l/en.json", "{\n\"a\":\"b\"}", "l/en.json:2: a is no key that there is"},
		"pale":                {"theme.css", ":root { --lk-ink: #999 }", "theme.css:1: --lk-ink #999999 on --lk-bg #e7eeed has a contrast of"},
		"a logo that runs":    {"logo.svg", strings.Replace(sampleSVG, "<path", "<script/><path", 1), "logo.svg:1: has <script>"},
	} {
		t.Run(name, func(t *testing.T) {
			src, dir := themed(t, map[string]string{tc.file: tc.text})
			_, err := LoadTheme(src, "", "")
			if err == nil {
				t.Fatal("it is taken")
			}
			if got := strings.ReplaceAll(err.Error(), dir, ""); !strings.HasPrefix(got, tc.want) {
				t.Errorf("%s\nwant %s", got, tc.want)
			}
		})
	}
	src, _ := themed(t, map[string]string{"t/pages/password.html": body})
	if _, err := LoadTheme(src, "", ""); err != nil {
		t.Errorf("our own page as a template is refused: %v", err)
	}
	if src := (theme.Source{}); !src.IsZero() {
		t.Error(src)
	}
	if _, err := LoadTheme(theme.Source{}, "", ""); err != nil {
		t.Error(err)
	}
}
