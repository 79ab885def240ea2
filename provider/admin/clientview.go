package admin

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/provider/client"
	"latchkey/storage"
)

// Client is a client as operators see it: in one JSON object its metadata, in the names of RFC 7591, and what else is known of it.
type Client struct {
	Metadata client.Metadata
	Known
}

// Known is what is known of a client beside its metadata. Secrets are told by ID and time only.
type Known struct {
	// Secrets that are live.
	Secrets []Secret `json:"secrets,omitempty"`
	// Declared: it stands in the configuration and cannot be changed here.
	Declared bool `json:"declared,omitempty"`
	// Inert: files had it and have it no more. Nobody is served by it; what was granted to it waits for it to come back, or to be deleted.
	Inert bool `json:"inert,omitempty"`
	// Registered: it registered itself, with the initial access token RegisteredWith, "" if none, and goes at ExpiresAt unless it is used.
	Registered     bool      `json:"registered,omitempty"`
	RegisteredWith string    `json:"registered_with,omitempty"`
	ExpiresAt      time.Time `json:"expires_at,omitzero"`
	// Sector is the host that its pairwise subjects are made for.
	Sector    string    `json:"sector,omitempty"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
	// Secret is told once, when it was made.
	Secret string `json:"client_secret,omitempty"`
}

// Secret tells of a live secret.
type Secret struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	// UsedAt is when the server that was asked last saw it sent, since it started; zero for never.
	UsedAt time.Time `json:"last_used_at,omitzero"`
}

// MarshalJSON writes one object.
func (c Client) MarshalJSON() ([]byte, error) {
	all, err := members(c.Known)
	if err != nil {
		return nil, err
	}
	for name, v := range c.Metadata {
		if _, taken := all[name]; !taken {
			all[name] = v
		}
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads one object.
func (c *Client) UnmarshalJSON(raw []byte) error {
	if err := json.Unmarshal(raw, &c.Known); err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &c.Metadata); err != nil {
		return err
	}
	known, err := members(c.Known)
	maps.DeleteFunc(c.Metadata, func(name string, _ any) bool { _, is := known[name]; return is })
	return err
}

func members(k Known) (all map[string]any, err error) {
	raw, err := json.Marshal(k) //nolint:gosec // the operator who had it made is told it, this once
	if err != nil {
		return nil, err
	}
	return all, json.Unmarshal(raw, &all)
}

// list joins with spaces, and with commas where a word has spaces itself (response_types).
func list(words []string) string {
	if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(w, " ") }) {
		return strings.Join(words, ", ")
	}
	return strings.Join(words, " ")
}

// Text is a member in one line: lists with spaces between, JSON for what has parts.
func (c Client) Text(name string) string {
	switch v := c.Metadata[name].(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		all := make([]string, 0, len(v))
		for _, one := range v {
			if parts, ok := one.(map[string]any); ok {
				one = object(parts)
			}
			all = append(all, fmt.Sprint(one))
		}
		return list(all)
	case []string:
		return list(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case map[string]any, json.RawMessage:
		return object(v)
	default:
		return fmt.Sprint(v)
	}
}

// object is JSON.
func object(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(raw)
}

func clientOf(c storage.Client, declared bool) Client {
	out := Client{Metadata: client.WriteMetadata(c, client.Operator), Known: Known{
		Declared: declared, Registered: c.Registered, RegisteredWith: c.RegisteredWith, ExpiresAt: c.ExpiresAt, Sector: c.Sector,
		CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}}
	for _, s := range c.Secrets {
		out.Secrets = append(out.Secrets, Secret{ID: s.ID, CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt})
	}
	return out
}
