package storage

import (
	"context"
	"time"
)

// Client is an application (RFC 7591 §2 has the names). Clients come from the configuration, from a folder of files, or from the store.
type Client struct {
	ID   string
	Name string
	// URI is the application's home page; LogoURI is never fetched by us. PolicyURI and TOSURI are shown at consent.
	URI, LogoURI, PolicyURI, TOSURI string
	Contacts                        []string

	// RedirectURIs are compared byte by byte; for a native client the port of an http loopback literal may differ (RFC 8252 §7.3).
	RedirectURIs           []string
	PostLogoutRedirectURIs []string
	// ApplicationType is "web" or "native".
	ApplicationType string

	// AuthMethod is token_endpoint_auth_method: "none", "client_secret_basic", "client_secret_post".
	AuthMethod string
	// Secrets that are live, at most two, so that a secret can be rotated.
	Secrets []ClientSecret

	GrantTypes    []string
	ResponseTypes []string
	ResponseModes []string
	// Scopes the client may ask for.
	Scopes []string
	// Audiences (RFC 8707 resource values) the client may ask for. DefaultAudience is used where it asks for none.
	Audiences       []string
	DefaultAudience string

	// PKCEExempt: the operator excused this client from PKCE by name.
	PKCEExempt bool
	// SkipConsent: the operator answers for the client (first party).
	SkipConsent bool
	// AccountClaims: access tokens also bear user_id and username (the clients of the account API).
	AccountClaims bool

	// IDTokenAlg is id_token_signed_response_alg; "" means RS256 (OpenID Connect Registration §2). AccessTokenAlg "" means the server's default.
	IDTokenAlg, AccessTokenAlg string
	// Lifetimes; 0 means the server's default.
	AccessTokenTTL, IDTokenTTL, RefreshTokenTTL time.Duration

	Disabled             bool
	CreatedAt, UpdatedAt time.Time
	// Version is raised by every write; [Clients.ReplaceClient] compares it.
	Version int64
}

// ClientSecret is one live secret of a client.
type ClientSecret struct {
	// ID is short and random, to name the secret by.
	ID string
	// Hash is "sha256:" and hex for secrets that Latchkey made, or an argon2id encoding for those that people chose.
	Hash      string
	CreatedAt time.Time
	// ExpiresAt is zero for a secret that does not expire.
	ExpiresAt time.Time
}

// Clients keeps the clients that were created at run time.
type Clients interface {
	// CreateClient stores c with Version 1. Errors: ErrExists.
	CreateClient(ctx context.Context, c Client, now time.Time) (Client, error)
	// Client returns it. Errors: ErrNotFound.
	Client(ctx context.Context, id string) (Client, error)
	// ReplaceClient writes c if the stored Version equals c.Version. Errors: ErrNotFound, ErrConflict.
	ReplaceClient(ctx context.Context, c Client, now time.Time) (Client, error)
	// DeleteClient removes the client, its consents, and revokes its grants. Errors: ErrNotFound.
	DeleteClient(ctx context.Context, id string, now time.Time) error
	// ListClients returns at most limit clients with an ID greater than after, in order of ID.
	ListClients(ctx context.Context, after string, limit int) ([]Client, error)
}
