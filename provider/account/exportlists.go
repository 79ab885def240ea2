package account

import (
	"encoding/json"
	"errors"
	"io"
	"path"
	"time"

	"latchkey/storage"
)

// exportedSession is an entry of sessions.json.
type exportedSession struct {
	SignedInAt   time.Time `json:"signed_in_at"`
	LastSeenAt   time.Time `json:"last_seen_at"`
	ExpiresAt    time.Time `json:"expires_at"`
	How          []string  `json:"amr,omitempty"`
	Kind         string    `json:"kind"`
	UserAgent    string    `json:"user_agent,omitempty"`
	Address      string    `json:"address,omitempty"`
	Applications []string  `json:"applications,omitempty"`
}

func (z *exporter) sessions() error {
	list, err := z.s.Sessions(z.ctx, z.a.ID)
	if err != nil {
		return err
	}
	out := []exportedSession{}
	for _, s := range list {
		out = append(out, exportedSession{s.CreatedAt.UTC(), s.LastSeenAt.UTC(), s.ExpiresAt.UTC(), s.AMR, s.Kind, s.UserAgent, s.Address, s.Clients})
	}
	return z.document("sessions.json", out)
}

// exportedBrowser is an entry of browsers.json.
type exportedBrowser struct {
	KnownAt      time.Time `json:"known_at"`
	EndsAt       time.Time `json:"ends_at"`
	TrustedUntil time.Time `json:"trusted_until,omitzero"`
	UserAgent    string    `json:"user_agent,omitempty"`
}

func (z *exporter) browsers() error {
	list, err := z.s.Browsers(z.ctx, z.a.ID, "")
	if err != nil {
		return err
	}
	out := []exportedBrowser{}
	for _, b := range list {
		out = append(out, exportedBrowser{b.KnownAt.UTC(), b.EndsAt.UTC(), b.TrustedUntil, b.UserAgent})
	}
	return z.document("browsers.json", out)
}

// exportedConsent is an entry of applications.json.
type exportedConsent struct {
	ClientID  string    `json:"client_id"`
	Scopes    []string  `json:"scopes"`
	AllowedAt time.Time `json:"allowed_at"`
	UsedAt    time.Time `json:"used_at,omitzero"`
}

func (z *exporter) applications() error {
	list, err := z.s.Consents(z.ctx, z.a.ID)
	if err != nil {
		return err
	}
	out := []exportedConsent{}
	for _, c := range list {
		out = append(out, exportedConsent{c.ClientID, c.Scopes, c.GrantedAt.UTC(), c.UsedAt})
	}
	return z.document("applications.json", out)
}

// exportedPasskey is an entry of passkeys.json.
type exportedPasskey struct {
	Name       string    `json:"name"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at,omitzero"`
	BackedUp   bool      `json:"synced"`
}

func (z *exporter) passkeys() error {
	list, err := z.s.store.ListPasskeys(z.ctx, z.a.ID)
	if err != nil {
		return err
	}
	out := []exportedPasskey{}
	for _, k := range list {
		out = append(out, exportedPasskey{k.Name, k.CreatedAt.UTC(), k.LastUsedAt, k.BackedUp})
	}
	return z.document("passkeys.json", out)
}

// exportedEvent is an entry of activity.json.
type exportedEvent struct {
	At        time.Time `json:"at"`
	Name      string    `json:"event"`
	Detail    string    `json:"detail,omitempty"`
	ClientID  string    `json:"client_id,omitempty"`
	Address   string    `json:"address,omitempty"`
	UserAgent string    `json:"user_agent,omitempty"`
}

// events writes the newest events, a page at a time.
func (z *exporter) events() error {
	w, err := z.create("activity.json")
	if err != nil {
		return err
	}
	open, before := "[\n", ""
	for n := 0; n < exportEvents; {
		list, err := z.s.Events(z.ctx, storage.EventQuery{AccountID: z.a.ID, Before: before, Limit: storage.EventsListed})
		if err != nil {
			return err
		}
		for _, e := range list {
			line, err := json.Marshal(exportedEvent{e.At.UTC(), e.Name, e.Detail, e.ClientID, e.Address, e.UserAgent})
			if err != nil {
				return err
			}
			if _, err := io.WriteString(w, open+string(line)); err != nil {
				return err
			}
			open, before, n = ",\n", e.ID, n+1
		}
		if len(list) < storage.EventsListed {
			break
		}
	}
	if open == "[\n" {
		_, err = io.WriteString(w, "[]\n")
	} else {
		_, err = io.WriteString(w, "\n]\n")
	}
	return err
}

// files writes what the person uploaded.
func (z *exporter) files() error {
	for _, kind := range []storage.FileKind{storage.FileResume, storage.FilePicture} {
		info, content, err := z.s.store.File(z.ctx, z.a.ID, kind)
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		w, err := z.create(string(kind) + path.Ext(info.Filename))
		if err != nil {
			return err
		}
		if _, err := w.Write(content); err != nil {
			return err
		}
	}
	return nil
}
