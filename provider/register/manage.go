package register

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"latchkey/provider/bearer"
	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/storage"
)

// Read tells a client what is registered (RFC 7592 §2.1).
func (e *Endpoint) Read(w http.ResponseWriter, r *http.Request) error {
	c, token, err := e.registrant(r, e.Now())
	if err != nil {
		return err
	}
	return serve.WriteJSON(w, http.StatusOK, e.answer(c, "", token))
}

// Replace puts other metadata in the place of what is registered (RFC 7592 §2.2). The registration access token stays.
func (e *Endpoint) Replace(w http.ResponseWriter, r *http.Request) error {
	ctx, now := r.Context(), e.Now()
	if err := e.throttle(ctx, "register_update", now); err != nil {
		return err
	}
	c, token, err := e.registrant(r, now)
	if err != nil {
		return err
	}
	m, err := body(r)
	if err != nil {
		return err
	}
	for range 3 { // somebody else may write between our reading and writing
		asked, err := itself(c, m)
		if err != nil {
			return err
		}
		c.UpdatedAt, c.ExpiresAt = now, e.Policy.end(now)
		secret, err := e.fill(ctx, &c, asked, now)
		if err != nil {
			return err
		}
		stored, err := e.Store.ReplaceClient(ctx, c, now)
		if err == nil {
			e.note(ctx, c.ID, "updated")
			return serve.WriteJSON(w, http.StatusOK, e.answer(stored, secret, token))
		}
		if !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrNotFound) {
			return fmt.Errorf("replace client: %w", err)
		}
		if c, _, err = e.registrant(r, now); err != nil {
			return err
		}
	}
	return &serve.Unavailable{RetryAfter: time.Second, Cause: storage.ErrConflict}
}

// Delete removes the client and everything that was granted to it (RFC 7592 §2.3).
func (e *Endpoint) Delete(w http.ResponseWriter, r *http.Request) error {
	now := e.Now()
	c, _, err := e.registrant(r, now)
	if err != nil {
		return err
	}
	if err := e.Store.DeleteClient(r.Context(), c.ID, now); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("delete client: %w", err)
	}
	e.note(r.Context(), c.ID, "deleted")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// registrant finds the client that the address names, if the request has its registration access token (RFC 7592 §2). An unknown client is answered
// as a wrong token is.
func (e *Endpoint) registrant(r *http.Request, now time.Time) (storage.Client, string, error) {
	var none storage.Client
	token, err := bearer.Token(r)
	if errors.Is(err, bearer.ErrMissing) {
		return none, "", oauth.E(oauth.InvalidToken, "") // RFC 6750 §3.1
	}
	if err != nil {
		return none, "", errToken().Because(err)
	}
	id := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	if id == "" || len(id) > client.MaxIDBytes {
		return none, "", errToken()
	}
	c, err := e.Store.Client(r.Context(), id)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return none, "", fmt.Errorf("read client: %w", err)
	}
	hash := client.HashRegistrationToken(client.ManagePrefix, token)
	if hash == "" || subtle.ConstantTimeCompare([]byte(hash), []byte(c.RegistrationHash)) != 1 {
		return none, "", errToken()
	}
	if !c.Registered || c.Disabled || c.Expired(now) || e.Declared != nil && e.Declared(c.ID) {
		return none, "", errToken()
	}
	serve.RecordOf(r.Context()).ClientID = c.ID
	return c, token, nil
}

// itself checks that an update names its client, and nothing but its own secret (RFC 7592 §2.2), and returns the rest.
func itself(c storage.Client, m client.Metadata) (client.Metadata, error) {
	if m["client_id"] != c.ID {
		return nil, oauth.E(oauth.InvalidClientMetadata, "client_id is not that of the client")
	}
	if given := m["client_secret"]; given != nil {
		secret, _ := given.(string)
		if !slices.ContainsFunc(c.Secrets, func(s storage.ClientSecret) bool {
			return subtle.ConstantTimeCompare([]byte(s.Hash), []byte(client.HashSecret(secret))) == 1
		}) {
			return nil, oauth.E(oauth.InvalidClientMetadata, "client_secret is not that of the client, and cannot be chosen")
		}
	}
	rest := client.Metadata{}
	for name, v := range m {
		if name != "client_id" && name != "client_secret" {
			rest[name] = v
		}
	}
	return rest, nil
}
