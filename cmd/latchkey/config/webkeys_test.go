package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestThemeFaults(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"theme.css": ":root {\n  --lk-inc: #000;\n}\n", "good.css": ":root { --lk-radius: 4px; }", "locales/nl.json": `{"_meta":{"name":"Nederlands","dir":"ltr"}}`,
		"templates/footer.html": "<p>\n{{.Nothing}}</p>"} {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		sets []string
		want string
	}{
		"good":                      {[]string{"web.theme.css=" + dir + "/good.css", "web.theme.accent=#0e4a54"}, ""},
		"its own language":          {[]string{"web.theme.locales=" + dir + "/locales", "web.default_locale=nl"}, ""},
		"a language of nobody":      {[]string{"web.theme.locales=" + dir + "/locales", "web.default_locale=pl"}, `web.theme.locales: there is no catalogue for the default language "pl" (--set)`},
		"a token that there is not": {[]string{"web.theme.css=" + dir + "/theme.css"}, "web.theme.css: there is no token --lk-inc; did you mean --lk-ink? (" + dir + "/theme.css:2)"},
		"a template that fails":     {[]string{"web.theme.templates=" + dir + "/templates"}, "web.theme.templates: executing"},
		"a pale colour":             {[]string{"web.theme.accent=#ffe066"}, "web.theme.accent: --lk-accent #ffe066 on --lk-surface #ffffff has a contrast of 1.30 on light pages; it must be at least 3.0 (--set)"},
		"a file that there is not":  {[]string{"web.theme.logo=" + dir + "/logo.svg"}, "web.theme.logo: cannot be read: no such file or directory (" + dir + "/logo.svg)"},
	} {
		t.Run(name, func(t *testing.T) {
			src := Sources{Flags: []Setting{{"--dev", "dev", "true"}}}
			for _, s := range tc.sets {
				key, value, _ := strings.Cut(s, "=")
				src.Flags = append(src.Flags, Setting{"--set", key, value})
			}
			_, err := Load(src)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("%v\nwant %s", err, tc.want)
			}
			if src.ThemeLater = true; tc.want != "" {
				if _, err := Load(src); err != nil {
					t.Errorf("its files are read all the same: %v", err)
				}
			}
		})
	}
}
