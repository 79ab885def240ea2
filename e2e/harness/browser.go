package harness

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// Browser visits pages as a browser without JavaScript does: it keeps cookies, follows redirects and `Refresh: 0`, sends forms as they
// stand in the page, and applies the page's form-action policy to a form's target and to every redirect that follows it.
// It never leaves the server's origin: where it would, it stops and Outside tells the address.
type Browser struct {
	t       testing.TB
	base    *url.URL
	http    *http.Client
	secrets *Secrets
	address string

	// URL, Status, Header and Body are of the page that is shown.
	URL    *url.URL
	Status int
	Header http.Header
	Body   []byte
	// Outside is the foreign address that it was led to, nil if none.
	Outside *url.URL
	doc     *html.Node
}

// Browser makes one without cookies.
func (s *Server) Browser(t testing.TB) *Browser {
	t.Helper()
	base, err := url.Parse(s.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil)
	return &Browser{t: t, base: base, secrets: s.Secrets, address: RandomAddress(),
		http: &http.Client{Jar: jar, Timeout: 30 * time.Second, CheckRedirect: noRedirect, Transport: &http.Transport{}}}
}

// Copy makes a browser with the same cookies, as another window has them.
func (b *Browser) Copy(t testing.TB) *Browser {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	jar.SetCookies(b.base, b.Cookies())
	return &Browser{t: t, base: b.base, secrets: b.secrets, address: b.address,
		http: &http.Client{Jar: jar, Timeout: 30 * time.Second, CheckRedirect: noRedirect, Transport: &http.Transport{}}}
}

// Cookies are those for the server.
func (b *Browser) Cookies() []*http.Cookie { return b.http.Jar.Cookies(b.base) }

// Open visits an address, absolute or a path below the issuer's.
func (b *Browser) Open(address string) *Browser {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.base.Path + address
	}
	u, err := b.base.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	b.visit(http.MethodGet, u, nil, "", "")
	return b
}

// visit sends one request and follows where it leads. policy is the form-action of the page with the form, "" for none.
func (b *Browser) visit(method string, u *url.URL, body []byte, kind, policy string) {
	b.t.Helper()
	b.Outside = nil
	site := "same-origin"
	if b.URL == nil {
		site = "none"
	}
	for range 12 {
		if policy != "" && !b.allowed(policy, u) {
			b.t.Fatalf("a browser would not go to %s: the page's policy is form-action %s", u, policy)
		}
		if u.Scheme != b.base.Scheme || u.Host != b.base.Host {
			b.Outside = u
			b.secrets.Add("code", u.Query().Get("code"))
			return
		}
		next, err := b.request(method, u, body, kind, site)
		if err != nil {
			b.t.Fatalf("%s %s: %v", method, u.Path, err)
		}
		if next == nil {
			return
		}
		if next.refresh {
			policy = "" // a new navigation, not the form's any more
		}
		method, u, body, kind = http.MethodGet, next.to, nil, ""
	}
	b.t.Fatal("too many redirects")
}

type hop struct {
	to      *url.URL
	refresh bool
}

func (b *Browser) request(method string, u *url.URL, body []byte, kind, site string) (*hop, error) {
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequest(method, u.String(), r)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "Mozilla/5.0 (end-to-end test without script)")
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Accept-Language", "en")
	req.Header.Set("X-Forwarded-For", b.address)
	req.Header.Set("Sec-Fetch-Mode", "navigate")
	req.Header.Set("Sec-Fetch-Dest", "document")
	req.Header.Set("Sec-Fetch-Site", site)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
		req.Header.Set("Origin", b.base.Scheme+"://"+b.base.Host)
	}
	res, err := b.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	for _, c := range res.Cookies() {
		b.secrets.Add("cookie "+c.Name, c.Value)
		if _, secret, ok := strings.Cut(c.Value, "."); ok && strings.HasSuffix(c.Name, "lk_session") {
			b.secrets.Add("cookie secret", secret)
		}
	}
	if to := res.Header.Get("Location"); res.StatusCode >= 300 && res.StatusCode < 400 && to != "" {
		next, err := u.Parse(to)
		return &hop{to: next}, err
	}
	b.URL, b.Status, b.Header, b.Body = u, res.StatusCode, res.Header, content
	if b.doc, err = html.Parse(bytes.NewReader(content)); err != nil {
		return nil, err
	}
	if _, to, ok := strings.Cut(res.Header.Get("Refresh"), "url="); ok {
		next, err := u.Parse(to)
		return &hop{to: next, refresh: true}, err
	}
	return nil, nil
}

func (b *Browser) allowed(policy string, u *url.URL) bool {
	for _, source := range strings.Fields(policy) {
		switch {
		case source == "'self'" && u.Scheme == b.base.Scheme && u.Host == b.base.Host, source == u.Scheme+"://"+u.Host:
			return true
		}
	}
	return false
}

// formAction is the page's form-action directive.
func (b *Browser) formAction() string {
	for _, d := range strings.Split(b.Header.Get("Content-Security-Policy"), ";") {
		if name, value, _ := strings.Cut(strings.TrimSpace(d), " "); name == "form-action" {
			return value
		}
	}
	return ""
}

// Submit fills the form whose action has the path and sends it as its button named name with value does, or its first button where name
// is "". Fields that the form does not have end the test, as a person could not fill them either.
func (b *Browser) Submit(action string, fields map[string]string, button ...string) *Browser {
	b.t.Helper()
	form := b.form(action)
	if form == nil {
		b.t.Fatalf("the page at %s has no form to %s:\n%s", b.URL, action, b.Text())
	}
	if attr(form, "enctype") == "multipart/form-data" {
		b.t.Fatalf("the form to %s takes a file", action)
	}
	values := controls(form)
	for name, v := range fields {
		if !values.Has(name) && !hasControl(form, name) {
			b.t.Fatalf("the form to %s has no field %q", action, name)
		}
		values.Set(name, v)
		if strings.Contains(name, "password") {
			b.secrets.Add("password", v)
		}
	}
	if len(button) == 2 {
		values.Set(button[0], button[1])
	}
	target, err := b.URL.Parse(attr(form, "action"))
	if err != nil {
		b.t.Fatal(err)
	}
	b.visit(http.MethodPost, target, []byte(values.Encode()), "application/x-www-form-urlencoded", b.formAction())
	return b
}

// Follow opens the page's first link whose path ends in path.
func (b *Browser) Follow(path string) *Browser {
	b.t.Helper()
	for n := range b.doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "a" {
			continue
		}
		if u, err := b.URL.Parse(attr(n, "href")); err == nil && strings.HasSuffix(u.Path, path) {
			b.visit(http.MethodGet, u, nil, "", "")
			return b
		}
	}
	b.t.Fatalf("the page at %s has no link to %s:\n%s", b.URL, path, b.Text())
	return b
}

// SignIn signs in through the page.
func (b *Browser) SignIn(login, password string) *Browser {
	b.t.Helper()
	return b.Open("/login").Submit("/login", map[string]string{"username": login, "password": password}).At("/account", http.StatusOK)
}
