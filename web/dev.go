package web

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"latchkey/provider/serve"
	"latchkey/web/words"
)

type mailboxView struct {
	*frame
	Rows []mailRow
	// One is the mail that is open, nil for the list.
	One   *mailRow
	Parts []textPart
}

type mailRow struct {
	ID                int
	To, Subject, When string
	At                time.Time
	Text              string
	HasHTML           bool
}

// textPart is text, or a link where URL is not "".
type textPart struct{ Text, URL string }

// mailbox shows every mail that was sent: development mode only. A mail's HTML is not shown: the pages' policy allows no foreign markup.
func (s *Site) mailbox(w http.ResponseWriter, r *http.Request) error {
	f := s.begin(r, "", "")
	f.Title, f.Here = f.T("mailbox.title"), "/dev/mail"
	mails, now := s.Mailbox.Mails(), s.now(r)
	v := &mailboxView{frame: f}
	for i, m := range mails {
		// Counted from the oldest, so that a mail keeps its number when others come.
		v.Rows = append(v.Rows, mailRow{ID: len(mails) - i, To: m.To, Subject: m.Subject, When: f.ago(now.Sub(m.At)), At: m.At, Text: m.Text, HasHTML: m.HTML != ""})
	}
	if q := r.URL.Query().Get("m"); q != "" {
		n, err := strconv.Atoi(q)
		if err != nil || n < 1 || n > len(mails) {
			s.fail(w, r, serve.Problem{Status: http.StatusNotFound, Kind: "not_found", Back: s.path("/dev/mail")})
			return nil
		}
		v.One = &v.Rows[len(mails)-n]
		v.Parts = linkify(v.One.Text)
		f.Title, f.Back = words.Plain(v.One.Subject), "/dev/mail?m="+q
	}
	return s.draw(w, r, http.StatusOK, "portal", "mailbox", v)
}

// linkify finds the http and https addresses in a text.
func linkify(text string) []textPart {
	var parts []textPart
	at := 0
	for _, loc := range regexp.MustCompile(`https?://[^\s<>"]+`).FindAllStringIndex(text, -1) {
		link := strings.TrimRight(text[loc[0]:loc[1]], ".,;:!?)'")
		if webLink(link) == "" {
			continue
		}
		parts = append(parts, textPart{Text: text[at:loc[0]]}, textPart{Text: link, URL: link})
		at = loc[0] + len(link)
	}
	return append(parts, textPart{Text: text[at:]})
}

type demoView struct {
	*frame
	Issuer, ClientID string
}

// demo is a sample application: a public client with PKCE, all of it in the browser. Development mode only.
func (s *Site) demo(w http.ResponseWriter, r *http.Request) error {
	f := s.begin(r, "", "")
	f.Title, f.Here, f.Back = f.T("demo.title"), "/demo", "/demo"
	return s.draw(w, r, http.StatusOK, "portal", "demo", &demoView{frame: f, Issuer: s.Issuer, ClientID: s.DemoClientID})
}

// HasMailbox and HasDemo tell the developer's menu what there is.
func (f *frame) HasMailbox() bool { return f.s.Mailbox != nil }

// HasDemo is as HasMailbox.
func (f *frame) HasDemo() bool { return f.s.DemoClientID != "" }

// tokenCard is where the script shows a token.
type tokenCard struct{ ID, Title, Header, Claims, Raw string }

// Token is the card for a token, for the template.
func (v *demoView) Token(id, title string) tokenCard {
	return tokenCard{id, v.T(title), v.T("demo.header"), v.T("demo.claims"), v.T("demo.raw")}
}
