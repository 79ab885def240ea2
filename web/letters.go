package web

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"

	"latchkey/provider/account"
	"latchkey/web/words"
)

// Composer writes mails, as text and as HTML, from the same words. It is safe for concurrent use.
type Composer struct {
	words *words.Catalogues
	page  *template.Template
	brand string
	host  string
	now   func() time.Time
}

// NewComposer reads the words and the template. now tells how long a link still works.
func NewComposer(issuer, brand, defaultLocale string, now func() time.Time) (*Composer, error) {
	cs, err := words.Load(defaultLocale, nil)
	if err != nil {
		return nil, fmt.Errorf("letters: %w", err)
	}
	u, err := url.Parse(issuer)
	if err != nil || now == nil {
		return nil, errors.New("letters: issuer and now are required")
	}
	page, err := template.New("mail").ParseFS(files, "templates/mail/mail.html")
	if err != nil {
		return nil, fmt.Errorf("letters: %w", err)
	}
	if brand == "" {
		brand = "Latchkey"
	}
	return &Composer{words: cs, page: page, brand: brand, host: u.Host, now: now}, nil
}

// letter is a mail in words. Blocks without text are left out.
type letter struct {
	Lang, Dir, Subject, Brand           string
	Greeting, Text, Facts, Button, Link string
	Note, UndoText, UndoButton, Undo    string
	Foot                                string
}

// Compose writes the mail of a kind in the language of locale, or the nearest there is.
func (c *Composer) Compose(kind, locale string, l account.Letter) (subject, text, html string, err error) {
	cat := c.words.Choose(locale)
	switch kind {
	case account.MailVerify, account.MailAlready, account.MailReset, account.MailPasswordChanged:
	default:
		return "", "", "", fmt.Errorf("compose mail: unknown kind %q", kind)
	}
	t := func(part string, args ...any) string {
		return cat.T("mail."+kind+"."+part, append(args, "brand", c.brand)...)
	}
	v := letter{Lang: cat.Tag, Dir: cat.Dir, Brand: c.brand, Subject: words.Plain(t("subject")), Greeting: cat.T("mail.hello"), Text: t("text"),
		Foot: cat.T("mail.foot", "to", l.To, "host", c.host, "brand", c.brand)}
	if name := words.Plain(l.Name); name != "" {
		v.Greeting = cat.T("mail.hello_name", "name", shorten(name, 100))
	}
	if !l.When.IsZero() {
		where := words.Plain(l.Where)
		if where == "" {
			where = cat.T("mail.somewhere")
		}
		v.Facts = cat.T("mail.facts", "when", cat.Moment(l.When, nil), "where", where)
	}
	if l.Link != "" {
		v.Link, v.Button, v.Note = l.Link, t("button"), t("note")
		if !l.Expires.IsZero() {
			v.Note = cat.T("mail.expires", "time", cat.Lasting(l.Expires.Sub(c.now())), "until", cat.Moment(l.Expires, nil)) + " " + v.Note
		}
	}
	if l.Undo != "" {
		v.Undo, v.UndoText, v.UndoButton = l.Undo, cat.T("mail.undo.text"), cat.T("mail.undo.button")
	}
	var b bytes.Buffer
	if err := c.page.ExecuteTemplate(&b, "mail", v); err != nil {
		return "", "", "", fmt.Errorf("compose mail: %w", err)
	}
	return v.Subject, v.plain(), b.String(), nil
}

// plain is the mail as text: an address stands on a line of its own, so that every reader finds its end.
func (v letter) plain() string {
	var parts []string
	for _, p := range []string{v.Greeting, v.Text, v.Facts, head(v.Button, v.Link), v.Note, v.UndoText, head(v.UndoButton, v.Undo)} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "\n\n") + "\n\n-- \n" + v.Foot + "\n"
}

func head(words, link string) string {
	if link == "" {
		return ""
	}
	return words + ":\n" + link
}
