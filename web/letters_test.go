package web

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"latchkey/provider/account"
)

func mailKinds() []string {
	return []string{account.MailVerify, account.MailAlready, account.MailReset, account.MailPasswordChanged}
}

// isolated takes the marks away that keep one direction from another.
var isolated = strings.NewReplacer("\u2068", "", "\u2069", "")

func newComposer(t *testing.T) *Composer {
	t.Helper()
	c, err := NewComposer("https://id.example/id", "Harbour", "en", func() time.Time { return at("2026-11-21T21:00:00Z") })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLetters(t *testing.T) {
	c := newComposer(t)
	links := Links("https://id.example/id/")
	for _, lang := range c.words.Tags() {
		cat, _ := c.words.Get(lang)
		for _, kind := range mailKinds() {
			t.Run(lang+" "+kind, func(t *testing.T) {
				l := account.Letter{To: "ada@example.com", Name: "Ada Byron", Link: links.Verify("tok+en", "fl&ow"), Expires: at("2026-11-21T21:15:00Z"),
					When: at("2026-11-21T20:00:00Z"), Where: "192.0.2.17", Undo: links.Revoke("undo")}
				subject, text, page, err := c.Compose(kind, lang, l)
				if err != nil {
					t.Fatal(err)
				}
				for _, part := range []string{text, page} {
					for _, want := range []string{"Ada Byron", "ada@example.com", "id.example", isolated.Replace(cat.Moment(l.Expires, nil)), "192.0.2.17", "Harbour"} {
						if !strings.Contains(isolated.Replace(part), want) {
							t.Errorf("does not say %q:\n%s", want, part)
						}
					}
					if strings.ContainsAny(part, "[{}") || strings.Contains(part, "ZgotmplZ") {
						t.Errorf("has a gap:\n%s", part)
					}
				}
				if !strings.Contains(text, "\nhttps://id.example/id/verify?token=tok%2Ben&flow=fl%26ow\n") || !strings.Contains(text, "\nhttps://id.example/id/not-me?token=undo\n") {
					t.Errorf("the links do not stand on lines of their own:\n%s", text)
				}
				if subject == "" || strings.ContainsAny(subject, "\r\n") {
					t.Errorf("subject %q", subject)
				}
				checkLetter(t, page, l)
			})
		}
	}
}

// checkLetter: the mail's page has the links it was given and loads nothing.
func checkLetter(t *testing.T, page string, l account.Letter) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var hrefs []string
	walk(doc, func(n *html.Node) {
		if h, ok := attr(n, "href"); ok {
			hrefs = append(hrefs, h)
		}
		if _, ok := attr(n, "src"); ok || n.Data == "img" || n.Data == "link" || n.Data == "script" {
			t.Errorf("the mail loads something: <%s>", n.Data)
		}
	})
	if strings.Join(hrefs, " ") != l.Link+" "+l.Undo {
		t.Errorf("links %q", hrefs)
	}
}

func TestLettersWithLess(t *testing.T) {
	c := newComposer(t)
	_, text, page, err := c.Compose(account.MailPasswordChanged, "nl-BE", account.Letter{To: "a@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "http") || strings.Contains(page, "href") || !strings.HasPrefix(text, "Hello,") {
		t.Errorf("a mail without links or names:\n%s\n%s", text, page)
	}
	if _, _, _, err := c.Compose("advertisement", "en", account.Letter{}); err == nil {
		t.Error("an unknown kind is composed")
	}
	subject, text, page, err := c.Compose(account.MailReset, "en", account.Letter{To: "a@x", Name: "\u202E<b>\r\nBcc: x@y", Link: "https://x/", Expires: at("2026-11-22T21:00:00Z")})
	if err != nil || strings.Contains(page, "<b>") || strings.Contains(text, "\nBcc") || strings.Contains(subject+text+page, "\u202e") || !strings.Contains(text, "24 hours") {
		t.Errorf("%v\n%s\n%s", err, text, page)
	}
}

func TestLinks(t *testing.T) {
	l := Links("https://id.example")
	for got, want := range map[string]string{l.Verify("a", ""): "https://id.example/verify?token=a", l.Reset("a&b"): "https://id.example/reset?token=a%26b", l.Revoke("a"): "https://id.example/not-me?token=a"} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if !regexp.MustCompile(`^https://id\.example/verify\?token=a&flow=b$`).MatchString(l.Verify("a", "b")) {
		t.Error(l.Verify("a", "b"))
	}
}
