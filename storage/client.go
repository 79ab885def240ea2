package storage

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Client is an application (RFC 7591 §2 has the names). Clients come from the configuration, from a folder of files, or from the store.
type Client struct {
	ID   string
	Name string
	// URI is the application's home page, LogoURI its picture, PolicyURI and TOSURI what it promises and asks: people see them where they sign
	// in and consent, and where they look at what they allowed.
	URI, LogoURI, PolicyURI, TOSURI string
	Contacts                        []string

	// RedirectURIs are compared byte by byte; for a native client the port of an http loopback literal may differ (RFC 8252 §7.3).
	RedirectURIs           []string
	PostLogoutRedirectURIs []string
	// ApplicationType is "web" or "native".
	ApplicationType string

	// Localized are human-readable members in other languages, by their whole name such as "client_name#de" (RFC 7591 §2.2). Pages show those
	// of their own language.
	Localized map[string]string

	// AuthMethod is token_endpoint_auth_method: "none", "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt".
	AuthMethod string
	// AuthAlg is token_endpoint_auth_signing_alg: the one algorithm of its assertions; "" allows every one that is served for AuthMethod.
	AuthAlg string
	// JWKS is the client's public keys as a JWK Set document, nil if none; JWKSURI is where they are fetched. At most one of the two.
	JWKS    []byte
	JWKSURI string
	// Federated are the identities of other issuers that may speak as the client (federated_identities), Forward makes it stand for applications behind
	// a proxy (forward_auth): both as JSON, nil if none.
	Federated, Forward []byte
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

	// AllowedGroups, where there are any, are the groups of which a person must be in one to use the client. GroupsFilter says which groups it is told:
	// names, or beginnings that end with "*"; all where it is empty. GroupsInAccessToken: its access tokens tell them too.
	AllowedGroups, GroupsFilter []string
	GroupsInAccessToken         bool
	// SecondFactor: people need two factors to use the client (second_factor).
	SecondFactor bool

	// IDTokenAlg is id_token_signed_response_alg; "" means RS256 (OpenID Connect Registration §2). AccessTokenAlg "" means the server's default.
	IDTokenAlg, AccessTokenAlg string
	// UserinfoAlg is userinfo_signed_response_alg: "" means plain JSON. IntrospectionAlg is introspection_signed_response_alg; "" means RS256 (RFC 9701 §6).
	UserinfoAlg, IntrospectionAlg string
	// OpaqueAccessTokens: its access tokens are opaque, not JWTs.
	OpaqueAccessTokens bool
	// RequestObjectAlg is request_object_signing_alg: the one algorithm of its request objects; "" allows every one that is served.
	RequestObjectAlg string
	// RequestURIs are those it may name as request_uri, byte-equal but for the fragment (OpenID Connect Core §6.2).
	RequestURIs []string
	// RequirePAR refuses requests that were not pushed (RFC 9126 §6). RequireSignedRequest refuses those that no request object holds (RFC 9101 §10.5).
	RequirePAR, RequireSignedRequest bool
	// DefaultMaxAge counts where HasDefaultMaxAge. RequireAuthTime puts auth_time into every ID token (OpenID Connect Registration §2).
	DefaultMaxAge                     time.Duration
	HasDefaultMaxAge, RequireAuthTime bool
	// DefaultACRValues are the acr values it asks for where a request names none.
	DefaultACRValues []string
	// SubjectType is "pairwise" or "public"; "" means public. Sector is the sector identifier, a host, of pairwise subjects (OpenID Connect Core §8.1).
	SubjectType, SectorIdentifierURI, Sector string
	// InitiateLoginURI is where a third party starts a sign-in (OpenID Connect Core §4): we are one where people open the application from
	// their account.
	InitiateLoginURI string
	// Where the client is told that a session ended (Front-Channel Logout §2, Back-Channel Logout §2.2).
	FrontchannelLogoutURI, BackchannelLogoutURI                         string
	FrontchannelLogoutSessionRequired, BackchannelLogoutSessionRequired bool
	// AllowedOrigins may call token, userinfo and revocation from a browser, beside the origins of RedirectURIs.
	AllowedOrigins []string
	// SoftwareID and SoftwareVersion are the client's own words (RFC 7591 §2).
	SoftwareID, SoftwareVersion string

	// Registered: it registered itself (RFC 7591). RegisteredWith is the ID of the initial access token, "" if none. RegistrationHash is the hash
	// of its registration access token (RFC 7592 §3).
	Registered                       bool
	RegisteredWith, RegistrationHash string
	// ExpiresAt is when a client that nobody used is removed; every use puts it off (see [ClientUse.TouchClient]). Zero for never.
	ExpiresAt time.Time
	// Lifetimes; 0 means the server's default.
	AccessTokenTTL, IDTokenTTL, RefreshTokenTTL time.Duration

	// Declared: this is the store's copy of a client of the operator's files, kept so that it is known what they had. Nobody is served by it: it is
	// always Disabled, too.
	Declared bool

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
	Hash string
	// Sealed is the secret itself, encrypted, for clients whose algorithms need it (HMAC); nil for others.
	Sealed    []byte
	CreatedAt time.Time
	// ExpiresAt is zero for a secret that does not expire.
	ExpiresAt time.Time
}

// Expired says whether nobody used the client until its time was over.
func (c Client) Expired(now time.Time) bool {
	return !c.ExpiresAt.IsZero() && !c.ExpiresAt.After(now)
}

// Clients keeps the clients that were created at run time. Verbs that are not told the time (Client, ListClients, [ClientUse.HasClientOrigin]) know
// a client that has expired until it is swept; whoever must not, asks [Client.Expired]. To the others it is absent. Sweeping one removes all that
// DeleteClient does.
type Clients interface {
	// CreateClient stores c with Version 1. Errors: ErrExists.
	CreateClient(ctx context.Context, c Client, now time.Time) (Client, error)
	// Client returns it. Errors: ErrNotFound.
	Client(ctx context.Context, id string) (Client, error)
	// ReplaceClient writes c if the stored Version equals c.Version. Errors: ErrNotFound, ErrConflict.
	ReplaceClient(ctx context.Context, c Client, now time.Time) (Client, error)
	// DeleteClient removes the client, its consents and the notices that it is yet to be sent, and revokes its grants. Errors: ErrNotFound.
	DeleteClient(ctx context.Context, id string, now time.Time) error
	// ListClients returns at most limit clients with an ID greater than after, in order of ID.
	ListClients(ctx context.Context, after string, limit int) ([]Client, error)
}

// ClientUse is what is read and noted of stored clients while they are used.
type ClientUse interface {
	// TouchClient sets ExpiresAt of a client that has one, and does nothing to others; Version and UpdatedAt stay. Errors: ErrNotFound.
	TouchClient(ctx context.Context, id string, expiresAt time.Time, now time.Time) error
	// HasClientOrigin says whether a stored client that is not disabled has origin among [Client.Origins].
	HasClientOrigin(ctx context.Context, origin string) (bool, error)
}

// Clone returns a copy that shares nothing with c.
func (c Client) Clone() Client {
	for _, p := range []*[]string{
		&c.Contacts, &c.RedirectURIs, &c.PostLogoutRedirectURIs, &c.GrantTypes,
		&c.ResponseTypes, &c.ResponseModes, &c.Scopes, &c.Audiences, &c.RequestURIs, &c.DefaultACRValues, &c.AllowedOrigins,
		&c.AllowedGroups, &c.GroupsFilter,
	} {
		*p = slices.Clone(*p)
	}
	c.Localized = maps.Clone(c.Localized)
	c.JWKS, c.Federated, c.Forward = slices.Clone(c.JWKS), slices.Clone(c.Federated), slices.Clone(c.Forward)
	c.Secrets = slices.Clone(c.Secrets)
	for i := range c.Secrets {
		c.Secrets[i].Sealed = slices.Clone(c.Secrets[i].Sealed)
	}
	return c
}

// Origins are the web origins (RFC 6454 §6.2) whose pages may call the token endpoint for the client: those of its http and https redirect URIs and
// AllowedOrigins, each once. A native client, and one that stands for applications behind a proxy, has
// none but AllowedOrigins.
func (c Client) Origins() []string {
	out := slices.Clone(c.AllowedOrigins)
	if c.ApplicationType == "native" || c.Forward != nil {
		return out
	}
	for _, uri := range c.RedirectURIs {
		u, err := url.Parse(uri)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
			continue
		}
		if o := Origin(u); !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out
}

// Origin is the serialised origin of an http or https URL, as browsers send it: in lower case and without the scheme's default port.
func Origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if p := u.Port(); (u.Scheme == "https" && p == "443") || (u.Scheme == "http" && p == "80") {
		host = strings.TrimSuffix(host, ":"+p)
	}
	return u.Scheme + "://" + host
}
