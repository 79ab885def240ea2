package web

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	template "github.com/DataDog/datadog-agent/pkg/template/html"

	"latchkey/provider/account"
	"latchkey/provider/zones"
	"latchkey/storage"
	"latchkey/web/theme"
	"latchkey/web/words"
)

// Composer writes mails, as text and as HTML, from the same words. It is safe for concurrent use.
type Composer struct {
	words *words.Catalogues
	page  func() (*template.Template, error)
	brand string
	host  string
	look  [2]letterLook
	now   func() time.Time
}

// NewComposer reads the words and the template. th is the operator's theme, nil for none; now tells how long a link still works.
func NewComposer(issuer, brand, defaultLocale string, th *theme.Theme, now func() time.Time) (*Composer, error) {
	if th == nil {
		th = &theme.Theme{}
	}
	cs, err := words.Load(defaultLocale, th.Locales)
	if err != nil {
		return nil, fmt.Errorf("letters: %w", err)
	}
	u, err := url.Parse(issuer)
	if err != nil || now == nil {
		return nil, errors.New("letters: issuer and now are required")
	}
	page := sync.OnceValues(func() (*template.Template, error) {
		return template.New("mail").ParseFS(files, "templates/mail/mail.html")
	})
	if brand == "" {
		brand = "Latchkey"
	}
	c := &Composer{words: cs, page: page, brand: brand, host: u.Host, now: now}
	c.look[0], c.look[1] = letterColours(th)
	return c, nil
}

// letter is a mail in words. Blocks without text are left out.
type letter struct {
	Lang, Dir, Subject, Brand           string
	Greeting, Text, Facts, Button, Link string
	// CodeText stands before Code, which is shown large.
	CodeText, Code                   string
	Note, UndoText, UndoButton, Undo string
	Foot                             string
	Light, Dark                      letterLook
}

// Compose writes the mail of a kind in the language of locale, or the nearest there is. A kind is what has words: mail.<kind>.subject and .text, and .button
// where the mail has a link, .note for what follows it. They may name {brand}, {address} and {due}.
func (c *Composer) Compose(kind, locale string, l account.Letter) (subject, text, html string, err error) {
	cat := c.words.Choose(locale)
	if !cat.Has("mail." + kind + ".subject") {
		return "", "", "", fmt.Errorf("compose mail: unknown kind %q", kind)
	}
	v := c.letter(cat, kind, l)
	page, err := c.page()
	if err != nil {
		return "", "", "", fmt.Errorf("compose mail: %w", err)
	}
	var b bytes.Buffer
	if err := page.ExecuteTemplate(&b, "mail", v); err != nil {
		return "", "", "", fmt.Errorf("compose mail: %w", err)
	}
	return v.Subject, v.plain(), b.String(), nil
}

func (c *Composer) letter(cat *words.Catalogue, kind string, l account.Letter) letter {
	var zone *time.Location // UTC
	if z, err := zones.Load(l.Zone); err == nil && l.Zone != "" && l.Zone != "Local" {
		zone = z
	}
	args := []any{"brand", c.brand, "address", l.Address, "due", cat.Moment(l.Due, zone)}
	t := func(part string) string {
		if key := "mail." + kind + "." + part; cat.Has(key) {
			return cat.T(key, args...)
		}
		return ""
	}
	v := letter{Lang: cat.Tag, Dir: cat.Dir, Brand: c.brand, Subject: words.Plain(t("subject")), Greeting: cat.T("mail.hello"), Text: t("text"), Code: words.Plain(l.Code),
		Foot: cat.T("mail.foot", "to", l.To, "host", c.host, "brand", c.brand), Light: c.look[0], Dark: c.look[1]}
	if name := words.Plain(l.Name); name != "" {
		v.Greeting = cat.T("mail.hello_name", "name", shorten(name, 100))
	}
	v.Facts = facts(cat, l, zone)
	note := []string{t("note")}
	if l.Link != "" {
		v.Link, v.Button = l.Link, t("button")
		if v.Button == "" {
			v.Button = cat.T("mail.open")
		}
	}
	if v.Code != "" {
		if v.CodeText = cat.T("mail.code"); l.Link == "" {
			v.CodeText = cat.T("mail.code_only")
		}
	}
	if !l.Expires.IsZero() && l.Link+l.Code != "" {
		key := "mail.expires"
		switch {
		case l.Link == "":
			key = "mail.expires_code"
		case l.Code != "":
			key = "mail.expires_both"
		}
		note = append([]string{cat.T(key, "time", cat.Lasting(l.Expires.Sub(c.now())), "until", cat.Moment(l.Expires, zone))}, note...)
	}
	v.Note = strings.TrimSpace(strings.Join(note, " "))
	if l.Undo != "" {
		v.Undo, v.UndoText, v.UndoButton = l.Undo, cat.T("mail.undo.text"), cat.T("mail.undo.button")
	}
	return v
}

// facts says when, where and with what something was done, as far as it is known.
func facts(cat *words.Catalogue, l account.Letter, zone *time.Location) string {
	if l.When.IsZero() {
		return ""
	}
	where := words.Plain(l.Where)
	if where == "" {
		where = cat.T("mail.somewhere")
	}
	if l.Agent != "" {
		with := (&frame{c: cat}).device(storage.Session{UserAgent: l.Agent, Kind: string(account.Page)})
		return cat.T("mail.facts_device", "when", cat.Moment(l.When, zone), "where", where, "device", with)
	}
	return cat.T("mail.facts", "when", cat.Moment(l.When, zone), "where", where)
}

// plain is the mail as text: an address and a code stand on lines of their own, so that every reader finds their ends.
func (v letter) plain() string {
	var parts []string
	for _, p := range []string{v.Greeting, v.Text, head(v.Button, v.Link), head(v.CodeText, v.Code), v.Note, v.Facts, v.UndoText, head(v.UndoButton, v.Undo)} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "\n\n") + "\n\n-- \n" + v.Foot + "\n"
}

func head(words, what string) string {
	if what == "" {
		return ""
	}
	return strings.TrimSuffix(words, ":") + ":\n" + what
}
