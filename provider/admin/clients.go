package admin

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// SecretPrefix begins every client secret that we make, so that scanners for leaked secrets know them.
const SecretPrefix = "lks_"

// Client is a client in the names of RFC 7591. Secrets are told by ID and time only.
type Client struct {
	ID                     string   `json:"client_id"`
	Name                   string   `json:"client_name,omitempty"`
	URI                    string   `json:"client_uri,omitempty"`
	RedirectURIs           []string `json:"redirect_uris,omitempty"`
	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris,omitempty"`
	ApplicationType        string   `json:"application_type"`
	AuthMethod             string   `json:"token_endpoint_auth_method"`
	GrantTypes             []string `json:"grant_types"`
	ResponseTypes          []string `json:"response_types,omitempty"`
	Scope                  string   `json:"scope,omitempty"`
	Audiences              []string `json:"audiences,omitempty"`
	SkipConsent            bool     `json:"skip_consent,omitempty"`
	IDTokenAlg             string   `json:"id_token_signed_response_alg,omitempty"`
	Disabled               bool     `json:"disabled,omitempty"`
	// Secrets that are live.
	Secrets []Secret `json:"secrets,omitempty"`
	// Declared: it stands in the configuration and cannot be changed here.
	Declared  bool      `json:"declared,omitempty"`
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
}

// Rotate asks for a new secret. The newest former one stays live beside it, unless DropFormer is set.
type Rotate struct {
	DropFormer bool `json:"drop_former,omitempty"`
}

func clientOf(c storage.Client, declared bool) Client {
	out := Client{
		ID: c.ID, Name: c.Name, URI: c.URI, RedirectURIs: c.RedirectURIs, PostLogoutRedirectURIs: c.PostLogoutRedirectURIs,
		ApplicationType: c.ApplicationType, AuthMethod: c.AuthMethod, GrantTypes: c.GrantTypes, ResponseTypes: c.ResponseTypes,
		Scope: strings.Join(c.Scopes, " "), Audiences: c.Audiences, SkipConsent: c.SkipConsent, IDTokenAlg: c.IDTokenAlg, Disabled: c.Disabled,
		Declared: declared, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
	for _, s := range c.Secrets {
		out.Secrets = append(out.Secrets, Secret{ID: s.ID, CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt})
	}
	return out
}

// newSecret makes a secret of 256 random bits and its record.
func (a api) newSecret() (string, storage.ClientSecret, error) {
	var random [32 + 4]byte
	if _, err := io.ReadFull(a.Random, random[:]); err != nil {
		return "", storage.ClientSecret{}, fmt.Errorf("make a secret: %w", err)
	}
	secret := SecretPrefix + base64.RawURLEncoding.EncodeToString(random[:32])
	sum := sha256.Sum256([]byte(secret))
	return secret, storage.ClientSecret{ID: hex.EncodeToString(random[32:]), Hash: "sha256:" + hex.EncodeToString(sum[:]), CreatedAt: a.Now().UTC()}, nil
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
	return a.Clients.Client(r.Context(), id)
}

func (a api) listClients(r *http.Request) (any, error) {
	out := []Client{}
	if a.Declared != nil {
		for _, c := range a.Declared() {
			out = append(out, clientOf(c, true))
		}
	}
	stored, err := a.Clients.ListClients(r.Context(), r.URL.Query().Get("after"), limit(r))
	if err != nil {
		return nil, err
	}
	for _, c := range stored {
		if _, declared := a.declared(c.ID); !declared {
			out = append(out, clientOf(c, false))
		}
	}
	slices.SortFunc(out, func(x, y Client) int { return strings.Compare(x.ID, y.ID) })
	return out, nil
}

func (a api) showClient(r *http.Request) (any, error) {
	if c, ok := a.declared(r.PathValue("client")); ok {
		return clientOf(c, true), nil
	}
	c, err := a.Clients.Client(r.Context(), r.PathValue("client"))
	if err != nil {
		return nil, err
	}
	return clientOf(c, false), nil
}

func (a api) createClient(r *http.Request) (any, error) {
	var in Client
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if in.Secrets != nil || in.Secret != "" || in.Declared || !in.CreatedAt.IsZero() || !in.UpdatedAt.IsZero() {
		return nil, &Fault{Code: "invalid", Message: "secrets and times are made here, not sent"}
	}
	c := storage.Client{
		ID: in.ID, Name: in.Name, URI: in.URI, RedirectURIs: in.RedirectURIs, PostLogoutRedirectURIs: in.PostLogoutRedirectURIs,
		ApplicationType: or(in.ApplicationType, "web"), AuthMethod: or(in.AuthMethod, "client_secret_basic"), GrantTypes: in.GrantTypes,
		ResponseTypes: in.ResponseTypes, Scopes: strings.Fields(in.Scope), Audiences: in.Audiences, SkipConsent: in.SkipConsent,
		IDTokenAlg: in.IDTokenAlg, Disabled: in.Disabled,
	}
	if c.GrantTypes == nil {
		c.GrantTypes = []string{"authorization_code", "refresh_token"} // RFC 7591 §2, and the refresh that people expect
	}
	if c.ResponseTypes == nil && slices.Contains(c.GrantTypes, "authorization_code") {
		c.ResponseTypes = []string{"code"}
	}
	if c.Scopes == nil && slices.Contains(c.GrantTypes, "authorization_code") {
		c.Scopes = []string{"openid", "profile", "email", "offline_access"}
	}
	var secret string
	if c.AuthMethod != "none" {
		made, record, err := a.newSecret()
		if err != nil {
			return nil, err
		}
		secret, c.Secrets = made, []storage.ClientSecret{record}
	}
	if err := invalid(CheckClient(c)); err != nil {
		return nil, err
	}
	if err := words(c, a.Algs()); err != nil {
		return nil, err
	}
	if _, declared := a.declared(c.ID); declared {
		return nil, storage.ErrExists
	}
	now := a.Now()
	c.CreatedAt, c.UpdatedAt = now, now
	c, err := a.Clients.CreateClient(r.Context(), c, now)
	if err != nil {
		return nil, err
	}
	a.record(r, audit.ClientChanged, c.ID, "created")
	out := clientOf(c, false)
	out.Secret = secret
	return out, nil
}

func or(s, preset string) string {
	if s == "" {
		return preset
	}
	return s
}

func (a api) rotateSecret(r *http.Request) (any, error) {
	var in Rotate
	if err := read(r, &in); err != nil {
		return nil, err
	}
	for range 5 { // somebody else may write between our reading and writing
		c, err := a.changeable(r)
		if err != nil {
			return nil, err
		}
		if c.AuthMethod == "none" {
			return nil, &Fault{Code: "invalid", Message: "a public client has no secret"}
		}
		secret, record, err := a.newSecret()
		if err != nil {
			return nil, err
		}
		live := slices.DeleteFunc(slices.Clone(c.Secrets), func(s storage.ClientSecret) bool {
			return in.DropFormer || !s.ExpiresAt.IsZero() && !s.ExpiresAt.After(a.Now())
		})
		slices.SortStableFunc(live, func(x, y storage.ClientSecret) int { return x.CreatedAt.Compare(y.CreatedAt) })
		live = append(live, record)
		c.Secrets = live[max(0, len(live)-MaxSecrets):]
		c.UpdatedAt = a.Now()
		c, err = a.Clients.ReplaceClient(r.Context(), c, a.Now())
		if errors.Is(err, storage.ErrConflict) {
			continue
		}
		if err != nil {
			return nil, err
		}
		a.record(r, audit.ClientChanged, c.ID, "secret_rotated")
		out := clientOf(c, false)
		out.Secret = secret
		return out, nil
	}
	return nil, storage.ErrConflict
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
