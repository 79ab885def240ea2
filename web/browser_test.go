package web

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// visit is one request and its answer.
type visit struct {
	*httptest.ResponseRecorder
	t *testing.T
}

// get asks for a page; cookies are name=value.
func (b *bench) get(t *testing.T, target string, cookies ...string) visit {
	t.Helper()
	return b.do(t, httptest.NewRequest(http.MethodGet, target, nil), cookies)
}

// post sends a form.
func (b *bench) post(t *testing.T, target string, form url.Values, cookies ...string) visit {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(t, r, cookies)
}

// send uploads a file.
func (b *bench) send(t *testing.T, target, field, filename string, content []byte, cookies ...string) visit {
	t.Helper()
	var body bytes.Buffer
	mw := multipart.NewWriter(&body)
	part, err := mw.CreateFormFile(field, filename)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(content)
	_ = mw.Close()
	r := httptest.NewRequest(http.MethodPost, target, &body)
	r.Header.Set("Content-Type", mw.FormDataContentType())
	return b.do(t, r, cookies)
}

func (b *bench) do(t *testing.T, r *http.Request, cookies []string) visit {
	t.Helper()
	for _, c := range cookies {
		name, value, _ := strings.Cut(c, "=")
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0")
	b.answered = nil
	rec := httptest.NewRecorder()
	b.handler().ServeHTTP(rec, r)
	return visit{rec, t}
}

// status expects a status, and of every HTML page that it is one.
func (v visit) status(want int) visit {
	v.t.Helper()
	if v.Code != want {
		v.t.Fatalf("status %d, want %d; Location %q\n%s", v.Code, want, v.Header().Get("Location"), text(v.Body.String()))
	}
	if strings.HasPrefix(v.Header().Get("Content-Type"), "text/html") && v.Body.Len() > 0 && v.Header().Get("Location") == "" {
		lint(v.t, v.Body.String())
	}
	return v
}

// goes expects 303 to a place.
func (v visit) goes(want string) visit {
	v.t.Helper()
	v.status(http.StatusSeeOther)
	if got := v.Header().Get("Location"); got != want {
		v.t.Fatalf("goes to %q, want %q", got, want)
	}
	return v
}

// says expects texts on the page, as a person reads it.
func (v visit) says(wants ...string) visit {
	v.t.Helper()
	got := text(v.Body.String())
	for _, w := range wants {
		if !strings.Contains(got, w) {
			v.t.Errorf("page does not say %q:\n%s", w, got)
		}
	}
	return v
}

// lacks expects strings nowhere in the page's source.
func (v visit) lacks(strs ...string) visit {
	v.t.Helper()
	for _, s := range strs {
		if strings.Contains(v.Body.String(), s) {
			v.t.Errorf("page holds %q", s)
		}
	}
	return v
}

// holds expects strings in the page's source.
func (v visit) holds(strs ...string) visit {
	v.t.Helper()
	for _, s := range strs {
		if !strings.Contains(v.Body.String(), s) {
			v.t.Errorf("page does not hold %q:\n%s", s, v.Body.String())
		}
	}
	return v
}

// sets returns the value of a cookie that the answer sets, and fails where it does not.
func (v visit) sets(name string) *http.Cookie {
	v.t.Helper()
	for _, c := range v.Result().Cookies() {
		if c.Name == name {
			return c
		}
	}
	v.t.Fatalf("sets no cookie %q", name)
	return nil
}

// text is what a page says, with single spaces.
func text(page string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(page))
	skip := 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.Join(strings.Fields(b.String()), " ")
		case html.StartTagToken:
			if n, _ := z.TagName(); string(n) == "script" {
				skip++
			}
		case html.EndTagToken:
			if n, _ := z.TagName(); string(n) == "script" {
				skip--
			}
		case html.TextToken:
			if skip == 0 {
				b.Write(z.Text())
			}
		}
	}
}

// walk calls f with every element.
func walk(n *html.Node, f func(*html.Node)) {
	if n.Type == html.ElementNode {
		f(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, f)
	}
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// lint parses a page and checks what no page may get wrong.
func lint(t *testing.T, page string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatalf("parse page: %v", err)
	}
	ids, refs, labels := map[string]bool{}, []string{}, map[string]bool{}
	h1, title, autofocus := 0, 0, 0
	walk(doc, func(n *html.Node) {
		if id, ok := attr(n, "id"); ok {
			if ids[id] {
				t.Errorf("id %q stands twice", id)
			}
			ids[id] = true
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
				t.Errorf("<%s> has an inline %s", n.Data, a.Key)
			case a.Key == "aria-describedby" || a.Key == "aria-labelledby" || a.Key == "aria-controls":
				refs = append(refs, strings.Fields(a.Val)...)
			case (a.Key == "href" || a.Key == "action") && strings.Contains(a.Val, "ZgotmplZ"):
				t.Errorf("<%s> has an address that the template refused", n.Data)
			case a.Key == "href" && strings.HasPrefix(a.Val, "#"):
				refs = append(refs, a.Val[1:])
			case a.Key == "autofocus":
				autofocus++
			}
		}
		switch n.Data {
		case "h1":
			h1++
		case "title":
			title++
			if n.Parent.Data != "head" && n.Parent.Data != "svg" {
				t.Errorf("title inside <%s>", n.Parent.Data)
			}
		case "label":
			if f, ok := attr(n, "for"); ok {
				labels[f] = true
				refs = append(refs, f)
			} else if n.FirstChild == nil || n.FirstChild.Data != "input" {
				t.Error("a label is for nothing")
			}
		case "script":
			if _, src := attr(n, "src"); !src && n.FirstChild != nil && n.FirstChild.Data != submitter {
				t.Errorf("inline script %q", n.FirstChild.Data)
			}
		case "iframe":
			src, _ := attr(n, "src")
			_, hidden := attr(n, "hidden")
			if sandbox, _ := attr(n, "sandbox"); sandbox != "allow-scripts allow-same-origin allow-forms" || !hidden || !strings.HasPrefix(src, "http") {
				t.Errorf("a frame of %q", src)
			}
		case "style", "object", "base":
			t.Errorf("<%s> has no place in a page", n.Data)
		}
	})
	for _, id := range refs {
		if !ids[id] {
			t.Errorf("nothing has the id %q that is referred to", id)
		}
	}
	walk(doc, func(n *html.Node) {
		if n.Data != "input" && n.Data != "textarea" && n.Data != "select" {
			return
		}
		kind, _ := attr(n, "type")
		hidden, _ := attr(n, "aria-hidden")
		if id, _ := attr(n, "id"); kind != "hidden" && hidden != "true" && !labels[id] && n.Parent.Data != "label" {
			t.Errorf("an <%s> %q has no label", n.Data, id)
		}
	})
	if h1 != 1 || title != 1 || autofocus > 1 {
		t.Errorf("%d h1, %d titles, %d autofocus", h1, title, autofocus)
	}
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

const signedIn = "sid=s1"

// escaped is s as part of a query.
func escaped(s string) string { return url.QueryEscape(s) }
