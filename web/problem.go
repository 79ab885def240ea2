package web

import (
	"bytes"
	"net/http"
	"strings"

	"latchkey/provider/serve"
	"latchkey/web/words"
)

type problemView struct {
	*frame
	P    serve.Problem
	Text string
	// Parameter of the request that was wrong, and Rule by which; "" where there is none.
	Parameter, Rule string
	// Wait says how long to wait, "" if that is not known.
	Wait string
	// Back is a path on this host.
	Back string
}

// known are the kinds of problem that have words of their own.
func known(kind string) bool {
	switch kind {
	case "unknown_client", "redirect_uri", "request", "expired", "used_up", "forbidden", "not_found", "method", "too_large", "throttled", "internal",
		"unavailable", "cross_site", "cookies", "gone":
		return true
	}
	return false
}

func (s *Site) problemView(f *frame, p serve.Problem) *problemView {
	kind := p.Kind
	if !known(kind) {
		kind = "internal"
		if p.Status >= 400 && p.Status < 500 {
			kind = "request"
		}
	}
	f.Title = f.T("problem." + kind + ".title")
	f.Back = "/"
	p.Code, p.Description = words.Plain(p.Code), words.Plain(p.Description)
	v := &problemView{frame: f, P: p, Text: f.T("problem." + kind + ".text"), Parameter: parameter(p.Description)}
	if p.Code != "" {
		v.Rule = rule(kind)
	}
	if p.RetryAfter > 0 {
		v.Wait = f.wait(p.RetryAfter)
	}
	if safePath(p.Back) {
		v.Back = p.Back
	}
	return v
}

// parameter is what a description begins with, if it is one: our descriptions name what is wrong first.
func parameter(description string) string {
	name, rest, _ := strings.Cut(description, " ")
	verb, _, _ := strings.Cut(rest, " ")
	switch verb {
	case "is", "names", "must", "has", "cannot":
	default:
		return ""
	}
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return ""
	}
	return name
}

// rule is where a developer can read what we judged by; "" where no single clause says it.
func rule(kind string) string {
	switch kind {
	case "unknown_client":
		return "RFC 6749 §4.1.1"
	case "redirect_uri":
		return "RFC 6749 §3.1.2.3, RFC 9700 §2.1"
	case "used_up":
		return "RFC 9126 §2.2"
	}
	return ""
}

// Problem shows an error page. A fault of ours is shown with a page that needs nothing but words and its template, and without them where even they fail.
func (s *Site) Problem(w http.ResponseWriter, r *http.Request, p serve.Problem) {
	if p.Status == 0 {
		p.Status = http.StatusInternalServerError
	}
	q := r.URL.Query()
	c := s.words.Choose(q.Get("ui_locales"), s.cookie(r, "lang"), r.Header.Get("Accept-Language"))
	if p.RetryAfter > 0 {
		retryAfter(w, p.RetryAfter)
	}
	if p.Kind == "expired" && len(r.Cookies()) == 0 {
		p.Kind = "cookies" // what a sign-in is bound to never came back
	}
	setHeaders(w.Header(), policy{secure: s.secure})
	if p.Status != http.StatusInternalServerError {
		var b bytes.Buffer
		if err := s.pages["problem"].ExecuteTemplate(&b, "bow", s.problemView(s.frame(c, s.cookie(r, "theme")), p)); err == nil {
			s.html(w, r, p.Status, b.Bytes())
			return
		}
		p.Status = http.StatusInternalServerError
	}
	s.html(w, r, p.Status, s.lastResort(c, p.Reference))
}
