package admin

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"latchkey/provider/audit"
	"latchkey/provider/client"
	"latchkey/storage"
)

// Rotate asks for a new secret. The newest former one stays live beside it, unless DropFormer is set.
type Rotate struct {
	DropFormer bool `json:"drop_former,omitempty"`
}

func (a api) declared(id string) (storage.Client, bool) {
	if a.Declared != nil {
		for _, c := range a.Declared() {
			if c.ID == id {
				return c, true
			}
		}
	}
	return storage.Client{}, false
}

// changeable finds a client of the store.
func (a api) changeable(r *http.Request) (storage.Client, error) {
	id := r.PathValue("client")
	if _, declared := a.declared(id); declared {
		return storage.Client{}, &Fault{Code: "invalid", Message: "the client stands in the configuration; change it there"}
	}
	c, err := a.Clients.Client(r.Context(), id)
	if err == nil && c.Declared && r.Method != http.MethodDelete {
		return c, &Fault{Code: "invalid", Message: "the client stood in the configuration, and is there no more; put it back there, or delete it"}
	}
	return c, err
}

// listClients lists a page of the clients of the store, those after the ID that `after` names, and with the first page those of the configuration.
// Copies of these are left out; a page that has nothing else is passed over, so that an empty one is the last.
func (a api) listClients(r *http.Request) (any, error) {
	out, after := []Client{}, r.URL.Query().Get("after")
	declared := map[string]bool{}
	if a.Declared != nil {
		for _, c := range a.Declared() {
			if declared[c.ID] = true; after == "" {
				out = append(out, clientOf(c, true))
			}
		}
	}
	for found, size := false, limit(r); !found; {
		stored, err := a.Clients.ListClients(r.Context(), after, size)
		if err != nil {
			return nil, err
		}
		for _, c := range stored {
			if after = c.ID; declared[c.ID] {
				continue
			}
			view := clientOf(c, false)
			view.Inert = c.Declared
			out, found = append(out, view), true
		}
		if len(stored) < size {
			break
		}
	}
	storage.Sort(out, func(x, y Client) int { return strings.Compare(x.Text("client_id"), y.Text("client_id")) })
	return out, nil
}

func (a api) showClient(r *http.Request) (any, error) {
	c, declared := a.declared(r.PathValue("client"))
	if !declared {
		var err error
		if c, err = a.Clients.Client(r.Context(), r.PathValue("client")); err != nil {
			return nil, err
		}
	}
	out := clientOf(c, declared)
	out.Inert = a.inert(c)
	a.secretsOf(c, &out)
	return out, nil
}

// metadata reads a body of metadata. A member that nobody knows is a slip of the pen here.
func metadata(r *http.Request) (client.Metadata, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	m, err := client.ParseMetadata(raw)
	if err != nil {
		return nil, &Fault{Code: "invalid", Message: "the metadata " + err.Error()}
	}
	var faults []client.Fault
	for _, name := range client.UnknownMetadata(m) {
		faults = append(faults, client.Fault{Field: name, Problem: "is not known"})
	}
	return m, invalid(faults)
}

func (a api) createClient(r *http.Request) (any, error) {
	m, err := metadata(r)
	if err != nil {
		return nil, err
	}
	now := a.Now()
	c := storage.Client{CreatedAt: now, UpdatedAt: now}
	c.ID, _ = m["client_id"].(string)
	delete(m, "client_id")
	faults := client.ReadMetadata(&c, m, client.Operator, true)
	if c.GrantTypes == nil {
		c.GrantTypes = []string{"authorization_code", "refresh_token"} // RFC 7591 §2, and the refresh that people expect
	}
	if c.Scopes == nil && slices.ContainsFunc(c.GrantTypes, func(g string) bool { return g != "client_credentials" }) {
		c.Scopes = []string{"openid", "profile", "email", "offline_access"}
	}
	secret, err := a.settle(&c, faults)
	if err != nil {
		return nil, err
	}
	if _, declared := a.declared(c.ID); declared {
		return nil, storage.ErrExists
	}
	if c, err = a.Clients.CreateClient(r.Context(), c, now); err != nil {
		return nil, err
	}
	a.record(r, audit.ClientChanged, c.ID, "created")
	out := clientOf(c, false)
	out.Secret = secret
	return out, nil
}

// settle completes and checks a client, and makes the secret that it needs; "" where it has it already.
func (a api) settle(c *storage.Client, faults []client.Fault) (string, error) {
	client.Complete(c)
	secret, err := client.FitSecrets(a.Vault, c, a.Now())
	if err != nil {
		return "", err
	}
	return secret, invalid(append(faults, client.Check(*c, a.Served())...))
}

// change applies do to a client of the store: somebody else may write between our reading and writing.
func (a api) change(r *http.Request, detail string, do func(c *storage.Client) (secret string, err error)) (any, error) {
	for range 5 {
		c, err := a.changeable(r)
		if err != nil {
			return nil, err
		}
		secret, err := do(&c)
		if err != nil {
			return nil, err
		}
		c.UpdatedAt = a.Now()
		c, err = a.Clients.ReplaceClient(r.Context(), c, a.Now())
		if errors.Is(err, storage.ErrConflict) {
			continue
		}
		if err != nil {
			return nil, err
		}
		a.record(r, audit.ClientChanged, c.ID, detail)
		out := clientOf(c, false)
		out.Secret = secret
		return out, nil
	}
	return nil, storage.ErrConflict
}

// updateClient changes the members that the body has; null puts one back to its default (RFC 7396).
func (a api) updateClient(r *http.Request) (any, error) {
	m, err := metadata(r)
	if err != nil {
		return nil, err
	}
	if m["client_id"] == r.PathValue("client") {
		delete(m, "client_id")
	}
	return a.change(r, "updated", func(c *storage.Client) (string, error) {
		return a.settle(c, client.ReadMetadata(c, m, client.Operator, false))
	})
}

func (a api) rotateSecret(r *http.Request) (any, error) {
	var in Rotate
	if err := read(r, &in); err != nil {
		return nil, err
	}
	return a.change(r, "secret_rotated", func(c *storage.Client) (string, error) {
		if !client.NeedsSecret(*c) {
			return "", &Fault{Code: "invalid", Message: "a public client has no secret, and neither has one that proves itself with its keys"}
		}
		secret, record, err := client.NewSecret(a.Vault, *c, a.Now())
		if err != nil {
			return "", err
		}
		live := slices.DeleteFunc(slices.Clone(c.Secrets), func(s storage.ClientSecret) bool {
			return in.DropFormer || !s.ExpiresAt.IsZero() && !s.ExpiresAt.After(a.Now())
		})
		storage.SortStable(live, func(x, y storage.ClientSecret) int { return x.CreatedAt.Compare(y.CreatedAt) })
		live = append(live, record)
		c.Secrets = live[max(0, len(live)-client.MaxSecrets):]
		return secret, nil
	})
}

func (a api) deleteClient(r *http.Request) (any, error) {
	c, err := a.changeable(r)
	if err != nil {
		return nil, err
	}
	if err := a.Clients.DeleteClient(r.Context(), c.ID, a.Now()); err != nil {
		return nil, err
	}
	a.record(r, audit.ClientChanged, c.ID, "deleted")
	return Done{true}, nil
}
