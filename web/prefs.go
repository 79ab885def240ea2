package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// prefsFor is how long a browser keeps its language and theme.
const prefsFor = 365 * 24 * time.Hour

// prefs keeps a choice of language or theme and goes back to the page it was made on.
func (s *Site) prefs(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	back := form.Get("back")
	if !safePath(back) {
		back = "/"
	}
	switch theme := form.Get("theme"); theme {
	case "light", "dark":
		s.setCookie(w, "theme", theme, "/", prefsFor)
	case "auto":
		s.setCookie(w, "theme", "", "/", -1)
	}
	if c, ok := s.words.Get(form.Get("lang")); ok {
		s.setCookie(w, "lang", c.Tag, "/", prefsFor)
		if strings.Contains(back, "flow=") {
			back = replace(back, "ui_locales", c.Tag) // the request's own wish would otherwise come first
		}
	}
	s.see(w, r, back)
	return nil
}

// replace sets a parameter of a path.
func replace(p, name, value string) string {
	bare, query, _ := strings.Cut(p, "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		return bare
	}
	q.Set(name, value)
	return bare + "?" + q.Encode()
}
