package web

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"latchkey/provider/account"
	"latchkey/web/theme"
)

// isolated takes the marks away that keep one direction from another.
var isolated = strings.NewReplacer("\u2068", "", "\u2069", "")

func newComposer(t *testing.T) *Composer {
	t.Helper()
	c, err := NewComposer("https://id.example/id", "Harbour", "en", nil, sampleTime)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// mailKinds are those that the account package sends, as its source says.
func mailKinds(t *testing.T) (kinds []string) {
	t.Helper()
	sources, err := filepath.Glob("../provider/account/*.go")
	if err != nil || len(sources) == 0 {
		t.Fatal(sources, err)
	}
	for _, p := range sources {
		raw, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^(?:\t|const )Mail[A-Z]\w*\s+= "(\w+)"`).FindAllSubmatch(raw, -1) {
			if string(m[1]) != account.MailVaultPurpose {
				kinds = append(kinds, string(m[1]))
			}
		}
	}
	return kinds
}

// TestMailKinds: every kind of mail has a sample, and the words that it needs.
func TestMailKinds(t *testing.T) {
	kinds := mailKinds(t)
	if len(kinds) < 4 {
		t.Fatalf("only %d kinds found: the search is broken", len(kinds))
	}
	en, _ := newComposer(t).words.Get("en")
	for _, kind := range kinds {
		i := slices.IndexFunc(LetterSamples(), func(s LetterSample) bool { return s.Kind == kind })
		if i < 0 {
			t.Errorf("mail %s has no sample", kind)
			continue
		}
		for _, part := range []string{"subject", "text", "button"} {
			if part == "button" && LetterSamples()[i].Letter.Link == "" {
				continue
			}
			if !en.Has("mail." + kind + "." + part) {
				t.Errorf("no words for mail %s, %s", kind, part)
			}
		}
	}
	for _, s := range LetterSamples() {
		if !slices.Contains(kinds, s.Kind) {
			t.Errorf("nobody sends the sample %s", s.Kind)
		}
	}
}

// TestLetters composes every kind in every language: text and page say the same, load nothing, and have the links that they were given.
func TestLetters(t *testing.T) {
	c := newComposer(t)
	for _, lang := range c.words.Tags() {
		cat, _ := c.words.Get(lang)
		for _, s := range LetterSamples() {
			t.Run(lang+" "+s.Kind, func(t *testing.T) {
				subject, plain, page, err := c.Compose(s.Kind, lang, s.Letter)
				if err != nil {
					t.Fatal(err)
				}
				if subject == "" || strings.ContainsAny(subject, "\r\n[]{}") {
					t.Errorf("subject %q", subject)
				}
				said := html.UnescapeString(strings.Join(strings.Fields(text(page)), " "))
				for line := range strings.Lines(plain) {
					line = strings.TrimSpace(strings.TrimRight(strings.TrimSpace(line), ":\u00a0"))
					if line != "" && line != "--" && line != s.Letter.Undo && !strings.Contains(said, strings.Join(strings.Fields(line), " ")) {
						t.Errorf("the page lacks %q:\n%s", line, said)
					}
				}
				if strings.ContainsAny(plain, "[]{}") || strings.Contains(page, "ZgotmplZ") || strings.Contains(plain, "  ") {
					t.Errorf("has a gap:\n%s", plain)
				}
				for _, secret := range []string{s.Letter.Link, s.Letter.Undo, s.Letter.Code} {
					if secret != "" && !strings.Contains(plain, "\n"+secret+"\n") {
						t.Errorf("%s does not stand on a line of its own:\n%s", secret, plain)
					}
				}
				if !strings.HasPrefix(page, "<!doctype html>\n<html lang=\""+lang+"\" dir=\""+cat.Dir+"\">") {
					t.Errorf("begins with %q", page[:60])
				}
				checkLetter(t, page, s.Letter)
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
		if _, ok := attr(n, "src"); ok || n.Data == "img" || n.Data == "link" || n.Data == "script" || strings.Contains(page, "url(") {
			t.Errorf("the mail loads something: <%s>", n.Data)
		}
	})
	if strings.Join(hrefs, " ") != strings.TrimSpace(l.Link+" "+l.Undo) {
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
	subject, text, page, err := c.Compose(account.MailReset, "en", account.Letter{To: "a@x", Name: "\u202E<b>\r\nBcc: x@y", Code: "\u202E12\n<i>", Link: "https://x/", Expires: at("2026-11-22T21:00:00Z"), Zone: "Mars/Olympus"})
	if err != nil || strings.Contains(page, "<b>") || strings.Contains(page, "<i>") || strings.Contains(text, "\nBcc") || strings.Contains(subject+text+page, "\u202e") || !strings.Contains(text, "24 hours") {
		t.Errorf("%v\n%s\n%s", err, text, page)
	}
	_, text, _, err = c.Compose(account.MailReset, "de", account.Letter{Code: "1234", Expires: at("2026-11-21T21:10:00Z"), Zone: "Europe/Berlin"})
	if err != nil || !strings.Contains(text, "21. November 2026 um 22:10 Uhr (CET)") || strings.Contains(text, "Oder geben") {
		t.Errorf("a code alone, in a time zone: %v\n%s", err, text)
	}
}

// TestLettersThemed: an operator's colours and words are those of mails too.
func TestLettersThemed(t *testing.T) {
	src, _ := themed(t, map[string]string{"l/en.json": `{"mail.reset.subject":"A new word to enter"}`})
	src.Accent = "#7a1fa2"
	th, err := LoadTheme(src, "", "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewComposer("https://id.example", "Harbour", "", th, sampleTime)
	if err != nil {
		t.Fatal(err)
	}
	subject, _, page, err := c.Compose(account.MailReset, "en", account.Letter{Link: "https://x.example/"})
	if err != nil || subject != "A new word to enter" || !strings.Contains(page, "background:#7a1fa2;color:#ffffff") {
		t.Errorf("%v %q\n%s", err, subject, page)
	}
	// The colours that stand in mails where there is no theme are the stylesheet's.
	base, err := stylesheet()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := theme.Read(theme.Source{}, base)
	if err != nil {
		t.Fatal(err)
	}
	ours, oursDark := letterColours(&theme.Theme{})
	if a, b := letterColours(plain); a != ours || b != oursDark {
		t.Errorf("%v %v, want %v %v", ours, oursDark, a, b)
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
