package config

import (
	"errors"
	"slices"
	"strings"

	"latchkey/web"
	"latchkey/web/theme"
	"latchkey/web/words"
)

// webKeys are what an operator may change of pages and mails.
func (c *Config) webKeys() []key {
	w, t := &c.Web, &c.Web.Theme
	return []key{
		{path: "web.brand", to: &w.Brand, def: "Latchkey", doc: "Name of the product on pages and in mails."},
		{path: "web.default_locale", to: &w.DefaultLocale, def: "en", doc: "Language (BCP 47) where nothing else decides."},
		{path: "web.help_url", to: &w.HelpURL, doc: "Link in the footer of pages."},
		{path: "web.privacy_url", to: &w.PrivacyURL, doc: "Link in the footer of pages."},
		{path: "web.terms_url", to: &w.TermsURL, doc: "Link in the footer of pages."},
		{path: "web.dev_page", to: &w.DevPage, def: "false", dev: "true", doc: "Pages for developers at /dev: discovery explained, code with this issuer's values, a playground, a token debugger. They add a public client, latchkey-playground."},
		{path: "web.theme.accent", to: &t.Accent, doc: "Colour of buttons and links, such as #0e4a54. Its contrast with the pages is computed: one that cannot be read is refused."},
		{path: "web.theme.accent_dark", to: &t.AccentDark, doc: "That colour on dark pages; without it one is made from web.theme.accent."},
		{path: "web.theme.logo", to: &t.Logo, doc: "SVG, PNG or WebP file, at most 64 KiB, that stands in place of the product's name. An SVG may draw and nothing else."},
		{path: "web.theme.logo_dark", to: &t.LogoDark, doc: "That picture on dark pages."},
		{path: "web.theme.css", to: &t.CSS, doc: "Stylesheet that sets tokens (--lk-…) and nothing else. An unknown token, or two colours that cannot be told apart, is a fault with its line."},
		{path: "web.theme.templates", to: &t.Templates, doc: "Folder of templates: <block>.html replaces a block such as brand or footer, pages/<page>.html a page. Drawn with samples at start."},
		{path: "web.theme.locales", to: &t.Locales, doc: "Folder of catalogues: <language>.json changes single words, or adds a language."},
	}
}

// checkLocale looks for the default language; those of an operator's own are looked at with the theme.
func (c *Config) checkLocale(fault func(path, format string, args ...any)) {
	if known := words.Languages(); c.Web.Theme.Locales == "" && !slices.Contains(known, c.Web.DefaultLocale) {
		fault("web.default_locale", "is none of the languages that there are: %s", strings.Join(known, ", "))
	}
}

// checkTheme reads the theme as the server will.
func (c *Config) checkTheme(fault func(path, format string, args ...any)) {
	if c.Web.Theme.IsZero() {
		return
	}
	_, err := web.LoadTheme(c.Web.Theme, c.Web.Brand, c.Web.DefaultLocale)
	faults, ok := errors.AsType[theme.Faults](err)
	if err != nil && !ok {
		fault("web.theme", "%v", err)
	}
	for _, f := range faults {
		key := "web.theme." + f.Part
		was := c.origins[key]
		if f.File != "" {
			c.origins[key] = f.Where()
		}
		fault(key, "%s", f.Problem)
		c.origins[key] = was
	}
}
