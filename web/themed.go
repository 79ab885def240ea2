package web

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"strings"

	template "github.com/DataDog/datadog-agent/pkg/template/html"

	"latchkey/web/theme"
)

// logoView is the operator's logo on a page.
type logoView struct {
	// Src is its address; Dark that of the one for dark pages where the system decides, "" where the choice is made or there is none.
	Src, Dark     string
	Width, Height int
}

// dress gives the frame what a theme changes.
func (f *frame) dress() {
	th := f.s.Theme
	f.Bright, f.Night, f.Themed = "#e7eeed", "#0b1719", th.Stylesheet != nil
	if bg := th.Colours[0]["--lk-bg"]; bg != "" {
		f.Bright, f.Night = bg, th.Colours[1]["--lk-bg"]
	}
	if th.Logo == nil {
		return
	}
	light, dark := f.s.asset("logo"+th.Logo.Ext), ""
	f.Logo = &logoView{Src: light, Width: th.Logo.Width, Height: th.Logo.Height}
	if th.LogoDark != nil {
		dark = f.s.asset("logo-dark" + th.LogoDark.Ext)
	}
	switch {
	case f.Theme == "dark" && dark != "":
		f.Logo.Src, f.Logo.Width, f.Logo.Height = dark, th.LogoDark.Width, th.LogoDark.Height
	case f.Theme == "":
		f.Logo.Dark = dark
	}
}

// addTheme puts the theme's files beside ours.
func (a *assets) addTheme(th *theme.Theme, sum hash.Hash) error {
	add := func(name, contentType string, raw []byte) error {
		f, err := newAsset(contentType, raw, strings.HasPrefix(contentType, "text/") || contentType == "image/svg+xml")
		a.byName[name] = f
		_, _ = fmt.Fprintf(sum, "theme %s %d %x\n", name, len(raw), sha256.Sum256(raw)) // a hash takes everything
		return err
	}
	var errs []error
	if th.Stylesheet != nil {
		errs = append(errs, add("theme.css", typeOf("theme.css"), th.Stylesheet))
	}
	if th.Logo != nil {
		errs = append(errs, add("logo"+th.Logo.Ext, th.Logo.ContentType, th.Logo.Content))
	}
	if th.LogoDark != nil {
		errs = append(errs, add("logo-dark"+th.LogoDark.Ext, th.LogoDark.ContentType, th.LogoDark.Content))
	}
	return errors.Join(errs...)
}

// override puts an operator's blocks into a page's templates.
func override(t *template.Template, page string, blocks []theme.Block) error {
	for _, b := range blocks {
		name := b.Name
		if p, ok := strings.CutPrefix(b.Name, "pages/"); ok {
			if p != page {
				continue
			}
			name = "content"
		}
		if _, err := t.New(name).Parse(b.Text); err != nil {
			return fmt.Errorf("parse %s: %w", b.File, err)
		}
	}
	return nil
}
