package web

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	template "github.com/DataDog/datadog-agent/pkg/template/html"

	"latchkey/provider/serve"
	"latchkey/storage"
	"latchkey/web/words"
)

// frame is what every page shows. Views embed it, so that templates reach it and its T directly.
type frame struct {
	s *Site
	c *words.Catalogue
	// zone is the person's, nil where it is not known.
	zone *time.Location

	Lang, Dir, Theme, Brand string
	// Title without the brand. Back is this page as a path under the issuer, for the language and theme buttons.
	Title, Back string
	// Errors are listed above the form; Notice is a message that something went well.
	Errors []fieldError
	Notice string
	Langs  []choice
	Themes []choice
	Key    blade
	// App is the application that the page is about, nil if none.
	App *app
	// Logo stands in place of the product's name; nil for none. Bright and Night are the ground of light and of dark pages; Themed: there is a stylesheet of the operator's.
	Logo          *logoView
	Bright, Night string
	Themed        bool
	// Person and Here are for the account's pages: who is signed in, and which entry of the menu this is.
	Person, Here string
	// Pause is the wait that the page tells of; nil for none.
	Pause *pause
	// Warning tells of a recovery that waits; nil where none does.
	Warning *recoveryView

	// Reference is also in the log; "" where the page is no error.
	Reference string

	HelpURL, PrivacyURL, TermsURL string
}

// fieldError is a message about the field with that ID; "" for the whole form.
type fieldError struct{ Field, Text string }

// choice is one of several buttons.
type choice struct {
	Value, Label string
	Current      bool
}

// view is anything that embeds a frame.
type view interface{ shown() *frame }

func (f *frame) shown() *frame { return f }

// T is the message of a key, for templates.
func (f *frame) T(key string, args ...any) string { return f.c.T(key, args...) }

// Path is the path on the host of a path under the issuer.
func (f *frame) Path(p string) string { return f.s.path(p) }

// SignUpOpen and ResetOpen tell templates which pages exist.
func (f *frame) SignUpOpen() bool { return f.s.SignUpOpen }

// ResetOpen is as SignUpOpen.
func (f *frame) ResetOpen() bool { return f.s.ResetOpen }

// functions are those that templates have.
func (s *Site) functions() template.FuncMap {
	return template.FuncMap{"asset": s.asset, "plain": words.Plain, "iso": iso, verbFunc: callVerb}
}

// frame makes the frame in a language, with a blade that is the issuer's own. theme is "light", "dark" or else what the system has.
func (s *Site) frame(c *words.Catalogue, theme string) *frame {
	f := &frame{s: s, c: c, Lang: c.Tag, Dir: c.Dir, Brand: s.Brand, Back: "/", Key: newBlade(s.Issuer, s.Brand),
		HelpURL: s.HelpURL, PrivacyURL: s.PrivacyURL, TermsURL: s.TermsURL}
	if theme == "light" || theme == "dark" {
		f.Theme = theme
	}
	f.dress()
	for _, tag := range s.words.Tags() {
		other, _ := s.words.Get(tag)
		f.Langs = append(f.Langs, choice{tag, other.Name, tag == c.Tag})
	}
	for _, v := range []string{"auto", "light", "dark"} {
		f.Themes = append(f.Themes, choice{v, c.T("theme." + v), v == f.Theme || v == "auto" && f.Theme == ""})
	}
	return f
}

// begin makes the frame of a request. flowLocales is the ui_locales of the authorization request, accountLocale the person's own.
// What was just chosen on a page (ui_locales in its address) counts first.
func (s *Site) begin(r *http.Request, flowLocales, accountLocale string) *frame {
	q := r.URL.Query()
	c := s.language(r, q, flowLocales, accountLocale)
	f := s.frame(c, s.cookie(r, "theme"))
	if back := s.rel(r); safePath(back) {
		f.Back = back
	}
	f.Notice = notice(c, q.Get("notice"))
	return f
}

// language is the one that a page of the request is in.
func (s *Site) language(r *http.Request, q url.Values, flowLocales, accountLocale string) *words.Catalogue {
	return s.words.Choose(q.Get("ui_locales"), flowLocales, s.cookie(r, "lang"), accountLocale, r.Header.Get("Accept-Language"))
}

// notice turns the word that a redirect carries into a message; any other word into none.
func notice(c *words.Catalogue, word string) string {
	switch word {
	case "verified", "reset", "signed_out", "saved", "password_changed", "session_ended", "sessions_ended", "verification_sent", "again",
		"step_gone", "twostep_off", "codes_saved", "resume_saved", "resume_removed", "picture_saved", "picture_removed", "access_removed",
		"email_asked", "email_cancelled", "recovery_stopped", "invited", "setup", "declined",
		"password_set", "browser_forgotten", "app_left", "kept", "confirmed", "welcome":
		return c.T("notice." + word)
	}
	return ""
}

// forFlow gives the frame the client and its blade, and keeps the flow in its address.
func (f *frame) forFlow(fl Flow) {
	if fl.Sealed == "" {
		return
	}
	f.about(fl.Client)
	f.Back = with(f.Back, "flow", fl.Sealed)
}

// about gives the frame the client and its blade.
func (f *frame) about(c storage.Client) {
	a := f.app(c)
	f.App, f.Key = &a, newBlade(a.ID, a.Name)
}

// with adds a parameter to a path; "" adds none.
func with(p, name, value string) string {
	if value == "" {
		return p
	}
	sep := "?"
	if strings.Contains(p, "?") {
		sep = "&"
	}
	return p + sep + name + "=" + url.QueryEscape(value)
}

// draw writes the page of that name in a layout: "bow" or "portal".
func (s *Site) draw(w http.ResponseWriter, r *http.Request, status int, layout, name string, v view) error {
	if f := v.shown(); status >= http.StatusBadRequest && status != http.StatusUnprocessableEntity {
		f.Reference = serve.RecordOf(r.Context()).ID
	}
	var b bytes.Buffer // whole, before anything is sent: half a page behind a 200 helps nobody
	if err := s.pages[name].ExecuteTemplate(&b, layout, v); err != nil {
		return fmt.Errorf("draw page %s: %w", name, err)
	}
	setHeaders(w.Header(), policy{secure: s.secure})
	s.html(w, r, status, pack(w, r, name, b.Bytes()))
	return nil
}

func (s *Site) html(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) //nolint:gosec // html/template drew it; where the browser went away nobody is left to tell
	}
}

// flow opens the flow that the values carry. Without one it is the zero Flow. ok is false where it answered already.
func (s *Site) flow(w http.ResponseWriter, r *http.Request, v url.Values) (fl Flow, ok bool) {
	sealed := v.Get("flow")
	if sealed == "" {
		return Flow{}, true
	}
	fl, err := s.Flows.Open(r, sealed)
	if err != nil {
		rec := serve.RecordOf(r.Context())
		rec.Err, rec.Outcome = err, serve.Explain(err).Outcome
		serve.PageFace(s).Answer(w, r, err)
		return Flow{}, false
	}
	if fl.Sealed == "" {
		fl.Sealed = sealed
	}
	return fl, true
}

// webLink is s if it is an http or https address, else "": nothing else may become a link.
func webLink(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return s
}

// portal begins a page of the account: the person of the session, or 303 to sign in and come back. ok is false where it answered.
func (s *Site) portal(w http.ResponseWriter, r *http.Request, here string) (f *frame, a storage.Account, sess storage.Session, ok bool, err error) {
	a, sess, ok, err = s.who(r)
	if err != nil {
		return nil, a, sess, false, err
	}
	if !ok {
		back := "/account" // the answer to a post is no page to come back to
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			back = accountReturn(s.rel(r))
		}
		s.see(w, r, with("/login", "return", back))
		return nil, a, sess, false, nil
	}
	f = s.begin(r, "", a.Locale)
	f.Person, f.Here = called(a), here
	f.in(a.Zoneinfo)
	if err := s.warn(r, f, a); err != nil {
		return nil, a, sess, false, err
	}
	return f, a, sess, true, nil
}
