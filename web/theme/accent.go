package theme

import (
	"fmt"
	"strings"
)

// accent makes the tokens that follow from the accent colours: what stands on it, how it looks under the pointer, and links.
func (r *reader) accent(src Source) {
	if src.Accent == "" {
		if src.AccentDark != "" {
			r.fault("accent_dark", "", 0, "is set, and accent is not")
		}
		return
	}
	light, err := parseColour(src.Accent)
	if err != nil || !strings.HasPrefix(src.Accent, "#") {
		r.fault("accent", "", 0, "%q is no colour such as #0e4a54", src.Accent)
		return
	}
	base := r.cascade(situation{scheme: "dark"})
	surface, _ := resolve(base, "var(--lk-surface)", true, 0)
	dark, part := lighten(light, surface), "accent"
	if src.AccentDark != "" {
		if dark, err = parseColour(src.AccentDark); err != nil || !strings.HasPrefix(src.AccentDark, "#") {
			r.fault("accent_dark", "", 0, "%q is no colour such as #9ad6d8", src.AccentDark)
			return
		}
		part = "accent_dark"
	}
	day, night := r.family(light, situation{scheme: "light"}), r.family(dark, situation{scheme: "dark"})
	var plain, both strings.Builder
	for _, name := range []string{"--lk-accent", "--lk-accent-deep", "--lk-on-accent", "--lk-link"} {
		value := fmt.Sprintf("light-dark(%s, %s)", day[name], night[name])
		fmt.Fprintf(&plain, "%s: %s; ", name, day[name])
		fmt.Fprintf(&both, "%s: %s; ", name, value)
		// The fault of a dark page is that of its own colour, where there is one.
		r.set = append(r.set, declaration{token: name, value: value, weight: 1, part: "accent"})
		for _, d := range []declaration{{scheme: "dark", weight: 1}, {theme: "dark", weight: 1}} {
			d.token, d.value, d.part = name, night[name].String(), part
			r.set = append(r.set, d)
		}
		r.set = append(r.set, declaration{token: name, value: day[name].String(), theme: "light", weight: 1, part: "accent"})
	}
	fmt.Fprintf(&r.sheets, ":root { %s}\n@supports (color: light-dark(#000, #fff)) { :root { %s} }\n", plain.String(), both.String())
}

// family is an accent colour and what goes with it.
func (r *reader) family(accent colour, s situation) map[string]colour {
	values := r.cascade(s)
	white, ink := colour{1, 1, 1}, colour{}
	on := white
	if ratio(accent, white) < 4.5 {
		on = ink
	}
	deep := accent.mix(ink, .25)
	if on == ink {
		deep = accent.mix(white, .3)
	}
	// A link is the accent colour, moved away from the page until it can be read on every ground.
	link, towards := accent, ink
	if s.dark() {
		towards = white
	}
	for share := 0.0; share <= 1; share += .05 {
		link = accent.mix(towards, share)
		worst := 21.0
		for _, paper := range []string{"--lk-bg", "--lk-surface", "--lk-sunken"} {
			if c, err := resolve(values, "var("+paper+")", s.dark(), 0); err == nil {
				worst = min(worst, ratio(link, c))
			}
		}
		if worst >= 4.5 {
			break
		}
	}
	return map[string]colour{"--lk-accent": accent, "--lk-accent-deep": deep, "--lk-on-accent": on, "--lk-link": link}
}

// lighten moves a colour to white until it stands out from a dark ground as ours does.
func lighten(c, ground colour) colour {
	for share := 0.0; share < 1; share += .05 {
		if lit := c.mix(colour{1, 1, 1}, share); ratio(lit, ground) >= 7 {
			return lit
		}
	}
	return colour{1, 1, 1}
}
