package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	template "github.com/DataDog/datadog-agent/pkg/template/html"

	"latchkey/provider/serve"
	"latchkey/web/theme"
	"latchkey/web/words"
)

// Gallery is what shows samples: see [NewGallery].
type Gallery struct {
	// Address is where it is served, as http://localhost:8099.
	Address                       string
	Brand, DefaultLocale          string
	HelpURL, PrivacyURL, TermsURL string
	// Theme is as in [Deps].
	Theme *theme.Theme
}

// gallery serves samples. It stands on nothing: no account, no session, no store.
type gallery struct {
	*Site
	letters *Composer
}

// NewGallery serves every sample of page and mail:
//
//	/               all of them
//	/samples.json   their names and languages, for programs
//	/sample/<name>  a page as people get it; ?ui_locales=<language> and ?theme=light or dark choose, as the buttons of the page do
//	/mail/<kind>    a mail's page, /mail/<kind>.txt its text
//
// Beside the languages that there are it has the one of [words.Pseudo].
func NewGallery(g Gallery) (http.Handler, error) {
	s, err := newSite(Deps{Issuer: g.Address, Brand: g.Brand, DefaultLocale: g.DefaultLocale, HelpURL: g.HelpURL, PrivacyURL: g.PrivacyURL, TermsURL: g.TermsURL, Theme: g.Theme,
		SignUpOpen: true, ResetOpen: true, MailSignIn: true, MailSignInTTL: 15 * time.Minute, RecoveryWait: 72 * time.Hour, Now: sampleTime})
	if err != nil {
		return nil, err
	}
	s.words = s.words.WithPseudo()
	for _, p := range menuPages {
		s.paths[p.path] = true // the menu is whole, whatever a server has turned off
	}
	if err := s.prepareBroken(); err != nil {
		return nil, err
	}
	letters, err := NewComposer(g.Address, g.Brand, g.DefaultLocale, g.Theme, sampleTime)
	if err != nil {
		return nil, err
	}
	letters.words = s.words
	one := &gallery{s, letters}
	mux := http.NewServeMux()
	handle := func(pattern string, h serve.Handler) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			rec := &serve.Record{ID: "7QK2-M4TD", Start: sampleTime()}
			r = r.WithContext(serve.WithRecord(r.Context(), rec))
			if err := h(w, r); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		})
	}
	handle("GET /{$}", one.index)
	handle("GET /samples.json", one.list)
	handle("GET /sample/{name}", one.page)
	handle("GET /mail/{kind}", one.mail)
	handle("GET /static/", s.static)
	handle("GET /favicon.ico", s.icon)
	handle("POST /prefs", s.prefs)
	handle("GET /media/", one.picture)
	handle("POST "+passkeyOptions, func(w http.ResponseWriter, _ *http.Request) error { // the script asks; nobody has a passkey
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
	handle("/", one.none)
	return mux, nil
}

// IsSamplePage tells whether a path of the gallery is a page, or a file that a page loads.
func IsSamplePage(path string) bool {
	return path == "/" || path == "/samples.json" || strings.HasPrefix(path, "/sample/") || strings.HasPrefix(path, "/mail/")
}

func (g *gallery) none(w http.ResponseWriter, r *http.Request) error {
	g.Problem(w, r, serve.Problem{Status: http.StatusNotFound, Kind: "not_found", Description: "these are samples: nothing is behind their buttons", Back: "/"})
	return nil
}

// page shows a sample.
func (g *gallery) page(w http.ResponseWriter, r *http.Request) error {
	for _, one := range Samples() {
		if one.Name != r.PathValue("name") {
			continue
		}
		f := g.begin(r, "", "")
		if t := r.URL.Query().Get("theme"); t != "" {
			f = g.frame(f.c, t)
		}
		f.Back = r.URL.EscapedPath()
		body, err := g.sample(f, one)
		if err != nil {
			return err
		}
		setHeaders(w.Header(), policy{secure: g.secure})
		g.html(w, r, one.Status, pack(w, r, one.page, body))
		return nil
	}
	return g.none(w, r)
}

// mail shows a sample of a mail. Mails have their styles in them, which no page may.
func (g *gallery) mail(w http.ResponseWriter, r *http.Request) error {
	kind, plain := strings.CutSuffix(r.PathValue("kind"), ".txt")
	for _, one := range LetterSamples() {
		if one.Kind != kind {
			continue
		}
		_, text, page, err := g.letters.Compose(kind, g.begin(r, "", "").Lang, one.Letter)
		if err != nil {
			return err
		}
		setHeaders(w.Header(), policy{secure: g.secure})
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		if plain {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = w.Write([]byte(text)) //nolint:gosec // plain text, and said to be
			return nil
		}
		g.html(w, r, http.StatusOK, []byte(page))
		return nil
	}
	return g.none(w, r)
}

// picture stands where people's own do.
func (g *gallery) picture(w http.ResponseWriter, r *http.Request) error {
	const face = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80"><rect width="80" height="80" fill="#6f868b"/><circle cx="40" cy="31" r="14" fill="#e7eeed"/><path d="M12 80c2-22 12-30 28-30s26 8 28 30z" fill="#e7eeed"/></svg>`
	f := asset{contentType: "image/svg+xml", size: len(face), plain: face}
	g.send(w, r, f)
	return g.write(w, r, f)
}

// list names the samples for programs.
func (g *gallery) list(w http.ResponseWriter, _ *http.Request) error {
	var all struct {
		Pages     []string `json:"pages"`
		Mails     []string `json:"mails"`
		Languages []string `json:"languages"`
	}
	for _, one := range Samples() {
		all.Pages = append(all.Pages, one.Name)
	}
	all.Mails, all.Languages = g.letters.kinds(), g.words.Tags()
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(all)
}

// kinds are the samples of mails that have words.
func (c *Composer) kinds() (kinds []string) {
	en, _ := c.words.Get(words.Fallback)
	for _, one := range LetterSamples() {
		if en.Has("mail." + one.Kind + ".subject") {
			kinds = append(kinds, one.Kind)
		}
	}
	return kinds
}

const indexPage = `<!doctype html>
<html lang="en" dir="ltr"><head><meta charset="utf-8"><title>Samples – {{.Brand}}</title><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="{{.Style}}">{{with .Theme}}<link rel="stylesheet" href="{{.}}">{{end}}</head>
<body><div class="portal"><nav class="menu" aria-label="Languages"><ul>{{range .Languages}}<li><a href="/?ui_locales={{.}}"{{if eq . $.Lang}} aria-current="page"{{end}}>{{.}}</a></li>{{end}}</ul></nav>
<main class="sheet"><h1>Samples</h1>
<section class="card"><h2>Pages</h2><ul>{{range .Pages}}<li><a href="/sample/{{.Name}}?ui_locales={{$.Lang}}">{{.Name}}</a> {{.Status}}</li>{{end}}</ul></section>
<section class="card"><h2>Mails</h2><ul>{{range .Mails}}<li><a href="/mail/{{.}}?ui_locales={{$.Lang}}">{{.}}</a> <a href="/mail/{{.}}.txt?ui_locales={{$.Lang}}">{{.}} as text</a></li>{{end}}</ul></section>
</main></div></body></html>
`

// index lists the samples for people.
func (g *gallery) index(w http.ResponseWriter, r *http.Request) error {
	t, err := template.New("index").Parse(indexPage)
	if err != nil {
		return err
	}
	f := g.begin(r, "", "")
	v := map[string]any{"Brand": f.Brand, "Style": g.asset("latchkey.css"), "Theme": "", "Languages": g.words.Tags(), "Lang": f.Lang, "Pages": Samples(), "Mails": g.letters.kinds()}
	if f.Themed {
		v["Theme"] = g.asset("theme.css")
	}
	var b bytes.Buffer
	if err := t.Execute(&b, v); err != nil {
		return err
	}
	setHeaders(w.Header(), policy{secure: g.secure})
	g.html(w, r, http.StatusOK, b.Bytes())
	return nil
}

// Page is the name of the page that the sample is a state of.
func (s Sample) Page() string { return s.page }
