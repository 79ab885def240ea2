package main

import (
	"io"
	"slices"
	"time"

	"latchkey/provider/admin"
	"latchkey/provider/client"
)

// rows writes everything of a client: members in the order of the table, then what is in other languages, then what else is known.
func rows(w io.Writer, c admin.Client) {
	names := append([]string{"client_id"}, client.MetadataNames(client.Operator)...)
	var others []string
	for name := range c.Metadata {
		if !slices.Contains(names, name) {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	for _, name := range append(names, others...) {
		if text := c.Text(name); text != "" {
			row(w, name, text)
		}
	}
	row(w, "from", from(c))
	for _, known := range []struct{ name, text string }{
		{"registered_with", c.RegisteredWith}, {"sector", c.Sector}, {"created_at", stamp(c.CreatedAt)}, {"updated_at", stamp(c.UpdatedAt)}, {"expires_at", stamp(c.ExpiresAt)},
	} {
		if known.text != "" {
			row(w, known.name, known.text)
		}
	}
	for _, s := range c.Secrets {
		text := "live"
		if !s.CreatedAt.IsZero() {
			text = "since " + stamp(s.CreatedAt)
		}
		if !s.ExpiresAt.IsZero() {
			text += " until " + stamp(s.ExpiresAt)
		}
		if !s.UsedAt.IsZero() {
			text += ", last used " + stamp(s.UsedAt)
		}
		row(w, "secret "+s.ID, text)
	}
}

// stamp is a time, "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
