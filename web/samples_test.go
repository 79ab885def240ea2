package web

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// draw is a sample in a language.
func (b *bench) draw(t *testing.T, one Sample, tag string) string {
	t.Helper()
	c, ok := b.words.Get(tag)
	if !ok {
		t.Fatalf("no language %s", tag)
	}
	page, err := b.sample(b.frame(c, ""), one)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// TestSamples draws every state of every page in every language, and holds each to what no page may get wrong.
func TestSamples(t *testing.T) {
	b := newBench(t, sampleIssuer)
	shown := map[string]bool{}
	for _, one := range Samples() {
		if shown[one.Name] {
			t.Errorf("%s stands twice", one.Name)
		}
		shown[one.Name], shown["page "+one.page] = true, true
		for _, tag := range b.words.Tags() {
			t.Run(one.Name+" "+tag, func(t *testing.T) {
				page := b.draw(t, one, tag)
				lint(t, page)
				spoken(t, page, tag)
			})
		}
	}
	for page := range b.pages {
		if !shown["page "+page] {
			t.Errorf("the page %s has no sample", page)
		}
	}
	for _, kind := range problemKinds() {
		if !slices.ContainsFunc(Samples(), func(one Sample) bool { return one.Name == "problem-"+kind }) {
			t.Errorf("the problem %s has no sample", kind)
		}
	}
}

// spoken holds what who listens to a page needs: its language and direction, headings that skip no level, and a name for everything that can be pressed.
func spoken(t *testing.T, page, tag string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	level, mains := 0, 0
	walk(doc, func(n *html.Node) {
		switch n.Data {
		case "html":
			lang, _ := attr(n, "lang")
			dir, _ := attr(n, "dir")
			if lang != tag || dir != map[bool]string{true: "rtl", false: "ltr"}[tag == "ar"] {
				t.Errorf("the page is in %q, %q", lang, dir)
			}
		case "main":
			mains++
		case "h1", "h2", "h3", "h4":
			if l := int(n.Data[1] - '0'); l > level+1 {
				t.Errorf("<%s> %q after level %d", n.Data, said(n), level)
			} else {
				level = l
			}
		case "a", "button", "summary":
			label, _ := attr(n, "aria-label")
			if said(n)+label == "" {
				t.Errorf("a <%s> has no name", n.Data)
			}
		case "img":
			if _, ok := attr(n, "alt"); !ok {
				t.Error("an <img> has no alt")
			}
		}
	})
	if mains != 1 {
		t.Errorf("%d main", mains)
	}
}

// said is the text of an element.
func said(n *html.Node) string {
	if n.Type == html.TextNode {
		return strings.TrimSpace(n.Data)
	}
	var s string
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		s += said(c)
	}
	return s
}
