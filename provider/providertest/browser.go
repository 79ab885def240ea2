package providertest

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// maxHops bounds a chain of redirects: more is a loop. oneSecond is how long a person takes.
const (
	maxHops   = 10
	oneSecond = time.Second
)

// Browser keeps cookies, follows redirects and hand-offs inside of the issuer, and fills forms.
type Browser struct {
	i   *Issuer
	jar http.CookieJar
}

// Browser opens a fresh one.
func (i *Issuer) Browser() *Browser {
	jar, err := cookiejar.New(nil)
	i.must(err)
	return &Browser{i: i, jar: jar}
}

// Page is where a browser came to.
type Page struct {
	b      *Browser
	URL    *url.URL
	Status int
	Header http.Header
	Body   string
	// Left is the address outside of the issuer to which the browser was sent; nil if it was not.
	Left *url.URL
}

// Send sends one request in memory, without cookies and without following anything.
func (i *Issuer) Send(method, target string, form url.Values, header http.Header) *http.Response {
	i.T.Helper()
	if !strings.HasPrefix(target, "http") {
		target = i.URL + target
	}
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequestWithContext(i.T.Context(), method, target, body)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	i.Handler.ServeHTTP(w, r)
	return w.Result()
}

// Get opens an address, or a path of the issuer.
func (b *Browser) Get(target string) *Page {
	b.i.T.Helper()
	return b.visit(http.MethodGet, target, nil, "none")
}

// PostFrom posts a form from a page of another site: cookies with SameSite=Lax stay behind.
func (b *Browser) PostFrom(target string, form url.Values) *Page {
	b.i.T.Helper()
	return b.visit(http.MethodPost, target, form, "cross-site")
}

func (b *Browser) visit(method, target string, form url.Values, site string) *Page {
	b.i.T.Helper()
	base, err := url.Parse(b.i.URL)
	b.i.must(err)
	at, err := base.Parse(target)
	b.i.must(err)
	for range maxHops {
		res := b.once(method, at, form, site)
		body, err := io.ReadAll(res.Body)
		b.i.must(err)
		p := &Page{b: b, URL: at, Status: res.StatusCode, Header: res.Header, Body: string(body)}
		next := res.Header.Get("Location")
		if refresh, ok := strings.CutPrefix(res.Header.Get("Refresh"), "0; url="); ok && next == "" {
			next = refresh
		}
		if next == "" {
			return p
		}
		to, err := at.Parse(next)
		b.i.must(err)
		if to.Scheme != base.Scheme || to.Host != base.Host {
			p.Left = to
			return p
		}
		method, at, form = http.MethodGet, to, nil
	}
	b.i.T.Fatalf("redirected for ever: %s", at)
	return nil
}

func (b *Browser) once(method string, at *url.URL, form url.Values, site string) *http.Response {
	b.i.T.Helper()
	h := http.Header{"User-Agent": {"Mozilla/5.0"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Site": {site}}
	if method == http.MethodGet || site != "cross-site" {
		for _, c := range b.jar.Cookies(at) {
			h["Cookie"] = append(h["Cookie"], c.String())
		}
		if len(h["Cookie"]) > 0 {
			h["Cookie"] = []string{strings.Join(h["Cookie"], "; ")}
		}
	}
	res := b.i.Send(method, at.String(), form, h)
	b.jar.SetCookies(at, res.Cookies())
	return res
}

// Cookies are those that the browser would send to the issuer.
func (b *Browser) Cookies() []*http.Cookie {
	u, err := url.Parse(b.i.URL)
	b.i.must(err)
	return b.jar.Cookies(u)
}

// Title of the page.
func (p *Page) Title() string {
	_, rest, _ := strings.Cut(p.Body, "<title>")
	title, _, _ := strings.Cut(rest, "</title>")
	return html.UnescapeString(title)
}

// Form returns the first form's action, and its inputs with their values; ok is false where the page has none.
func (p *Page) Form() (action string, values url.Values, ok bool) {
	root, err := html.Parse(strings.NewReader(p.Body))
	p.b.i.must(err)
	values = url.Values{}
	for n := range root.Descendants() {
		switch {
		case n.Type != html.ElementNode:
		case n.Data == "form" && !ok:
			action, ok = attr(n, "action"), true
		case n.Data == "input" && ok && attr(n, "name") != "":
			values.Set(attr(n, "name"), attr(n, "value"))
		}
	}
	return action, values, ok
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Submit fills the page's form with pairs of name and value and posts it, a second later.
func (p *Page) Submit(pairs ...string) *Page {
	p.b.i.T.Helper()
	action, values, ok := p.Form()
	if !ok {
		p.b.i.T.Fatalf("%s (%d %q) has no form", p.URL, p.Status, p.Title())
	}
	for n := 0; n+1 < len(pairs); n += 2 {
		values.Set(pairs[n], pairs[n+1])
	}
	p.b.i.Clock.Add(oneSecond)
	to, err := p.URL.Parse(action)
	p.b.i.must(err)
	return p.b.visit(http.MethodPost, to.String(), values, "same-origin")
}

// Flow is the sealed flow that the page is about.
func (p *Page) Flow() string { return p.URL.Query().Get("flow") }

func copyBody(to io.Writer, res *http.Response) (int64, error) { return io.Copy(to, res.Body) }
