package harness

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

func (b *Browser) form(action string) *html.Node {
	for n := range b.doc.Descendants() {
		if n.Data != "form" || n.Type != html.ElementNode {
			continue
		}
		if u, err := b.URL.Parse(attr(n, "action")); err == nil && u.Path == b.base.Path+action {
			return n
		}
	}
	return nil
}

// controls are the form's successful controls, without buttons.
func controls(form *html.Node) url.Values {
	v := url.Values{}
	for n := range form.Descendants() {
		name := attr(n, "name")
		if n.Type != html.ElementNode || name == "" {
			continue
		}
		switch n.Data {
		case "input":
			switch attr(n, "type") {
			case "checkbox", "radio":
				if has(n, "checked") {
					v.Add(name, attr(n, "value"))
				}
			case "submit", "button", "file", "image", "reset":
			default:
				v.Add(name, attr(n, "value"))
			}
		case "textarea":
			v.Add(name, strings.TrimPrefix(inner(n), "\n"))
		case "select":
			for o := range n.Descendants() {
				if o.Data == "option" && has(o, "selected") {
					v.Set(name, attr(o, "value"))
				}
			}
		}
	}
	return v
}

func hasControl(form *html.Node, name string) bool {
	for n := range form.Descendants() {
		if n.Type == html.ElementNode && attr(n, "name") == name {
			return true
		}
	}
	return false
}

// Title is the page's heading.
func (b *Browser) Title() string {
	for n := range b.doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "h1" {
			return strings.TrimSpace(inner(n))
		}
	}
	return ""
}

// Text is all text of the page's main part.
func (b *Browser) Text() string {
	for n := range b.doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "main" {
			return strings.Join(strings.Fields(inner(n)), " ")
		}
	}
	return tail(string(b.Body), 500)
}

// At checks where the browser is.
func (b *Browser) At(path string, status int) *Browser {
	b.t.Helper()
	if b.Outside != nil || b.URL.Path != b.base.Path+path || b.Status != status {
		b.t.Fatalf("the browser is at %s (outside: %v) with %d, want %s with %d:\n%s", b.URL, b.Outside, b.Status, path, status, b.Text())
	}
	return b
}

// Left returns the parameters of the foreign address that the browser was led to, which must begin with target.
func (b *Browser) Left(target string) url.Values {
	b.t.Helper()
	if b.Outside == nil || !strings.HasPrefix(b.Outside.String(), target) {
		b.t.Fatalf("the browser is at %s (outside: %v), want to have left to %s:\n%s", b.URL, b.Outside, target, b.Text())
	}
	return b.Outside.Query()
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func inner(n *html.Node) string {
	var s strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			s.WriteString(d.Data)
		}
	}
	return s.String()
}

// Value is what stands in a field of a form.
func (b *Browser) Value(action, name string) string {
	b.t.Helper()
	form := b.form(action)
	if form == nil {
		b.t.Fatalf("the page at %s has no form to %s", b.URL, action)
	}
	return controls(form).Get(name)
}
