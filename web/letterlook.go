package web

import (
	"cmp"
	"html/template"

	"latchkey/web/theme"
)

// letterLook are the colours of a mail. Mail programs know no custom properties: they stand in it as they are.
type letterLook struct {
	Ground, Paper, Ink, Muted, Line, Accent, OnAccent, Danger, Code template.CSS
}

// letterColours are those of the theme, for light and for dark mail programs.
func letterColours(th *theme.Theme) (light, dark letterLook) {
	day := letterLook{"#e7eeed", "#ffffff", "#11282d", "#4b6369", "#d3dedd", "#0e4a54", "#ffffff", "#a8261b", "#f4f8f7"}
	night := letterLook{"#0b1719", "#14262a", "#e6f0ef", "#a3b9bb", "#28403f", "#9ad6d8", "#07272c", "#ffa79c", "#0f1f22"}
	return themedLook(day, th.Colours[0]), themedLook(night, th.Colours[1])
}

func themedLook(look letterLook, c map[string]string) letterLook {
	of := func(token string, ours template.CSS) template.CSS {
		return cmp.Or(template.CSS(c["--lk-"+token]), ours) //nolint:gosec // theme.Read writes them as #rrggbb
	}
	return letterLook{of("bg", look.Ground), of("surface", look.Paper), of("ink", look.Ink), of("muted", look.Muted), of("line", look.Line),
		of("accent", look.Accent), of("on-accent", look.OnAccent), of("error", look.Danger), of("sunken", look.Code)}
}
