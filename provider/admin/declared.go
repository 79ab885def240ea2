package admin

import (
	"net/http"
	"strings"
	"time"

	"latchkey/storage"
)

// Declaration is what the operator's files declare, as a server uses it; without a server, what the store knows of it.
type Declaration struct {
	// Source is "server", or "store" where no server was asked: then groups and scopes are not known, and of secrets only their IDs.
	Source string `json:"source"`
	// Revision names this very state: servers that use the same one have the same.
	Revision string          `json:"revision,omitempty"`
	Clients  []Client        `json:"clients"`
	Groups   []DeclaredGroup `json:"groups,omitempty"`
	Scopes   []DeclaredScope `json:"scopes,omitempty"`
	// Inert are clients that files had, and have no more: nobody is served by them, and what was granted to them waits.
	Inert []Inert `json:"inert,omitempty"`
	// Faults of the server's own files, each with its file and line: what those had before is what Clients, Groups and Scopes tell.
	Faults []string `json:"faults,omitempty"`
}

// DeclaredScope is a scope of the operator's files.
type DeclaredScope struct {
	Name         string            `json:"name"`
	Descriptions map[string]string `json:"descriptions,omitempty"`
	Claims       []string          `json:"claims,omitempty"`
	Hidden       bool              `json:"hidden,omitempty"`
}

// Inert is a client that is not declared any more.
type Inert struct {
	ClientID string `json:"client_id"`
	// PrunedAt is when it is to be removed; zero where it is not.
	PrunedAt time.Time `json:"pruned_at,omitzero"`
}

// DeclaredClient shows a client of the operator's files.
func DeclaredClient(c storage.Client) Client {
	out := clientOf(c, true)
	for i := range out.Secrets {
		out.Secrets[i].CreatedAt = time.Time{}
	}
	return out
}

func (a api) showDeclaration(r *http.Request) (any, error) {
	out, err := a.Declaration(r.Context())
	storage.Sort(out.Clients, func(x, y Client) int { return strings.Compare(x.Text("client_id"), y.Text("client_id")) })
	return out, err
}

// inert says whether a stored client is the copy of one that the files have no more.
func (a api) inert(c storage.Client) bool {
	_, declared := a.declared(c.ID)
	return c.Declared && !declared
}

// secretsOf are the secrets of a client, with when each was last used.
func (a api) secretsOf(c storage.Client, out *Client) {
	for i, s := range c.Secrets {
		if a.SecretUsed != nil && i < len(out.Secrets) {
			out.Secrets[i].UsedAt = a.SecretUsed(c.ID, s.ID)
		}
	}
}

// Members are a client's metadata with what else a file sets, by name: what two declarations of it are compared by. Secrets stand by their IDs, which
// are fingerprints.
func (c Client) Members() map[string]any {
	out := map[string]any{}
	for name, v := range c.Metadata {
		if name != "client_id" {
			out[name] = v
		}
	}
	for _, s := range c.Secrets {
		text := "fingerprint " + s.ID
		if !s.ExpiresAt.IsZero() {
			text += " until " + s.ExpiresAt.UTC().Format(time.RFC3339)
		}
		out["secrets["+s.ID+"]"] = text
	}
	return out
}
