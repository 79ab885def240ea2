package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/audit"
	"latchkey/provider/authorize"
	"latchkey/provider/client"
	"latchkey/provider/endpoint"
	"latchkey/provider/fetch"
	"latchkey/provider/grant"
	"latchkey/provider/oauth"
	"latchkey/provider/register"
	"latchkey/provider/serve"
	"latchkey/provider/session"
	"latchkey/provider/token"
	"latchkey/storage"
)

// Keys signs, verifies, seals and publishes. Private keys stay behind it.
type Keys interface {
	token.Keys
}

// Config is what an issuer stands on. Several can live in one process.
type Config struct {
	// Issuer is the issuer identifier, without a trailing slash.
	Issuer string
	Tokens token.Config
	// RefreshGrace is how long a refresh token that was just rotated still gets the same successor.
	RefreshGrace time.Duration
	// AccountTTL is the lifetime of access tokens that the session dialect's refresh gives.
	AccountTTL time.Duration
	// DeviceTTL is how long a person has to enter a device's code, DeviceInterval what the device waits between its polls; 0 means 10 minutes and
	// 5 seconds.
	DeviceTTL, DeviceInterval time.Duration
	// Fetch gets what stands at addresses that clients name: keys, request objects, sector identifiers. nil: none is fetched, and what needs it is
	// not served. PlainFetch: there are networks where it goes by http too.
	Fetch      *fetch.Fetcher
	PlainFetch bool
	// Federation gives the fetcher for keys of other issuers that vouch for clients; nil: none may.
	Federation func(client.FederatedIdentity) (client.Fetcher, error)
	// Proxies may ask whether requests to applications behind them pass; nil: nobody may.
	Proxies serve.Proxies
	// Registration is who may register clients; nil: nobody.
	Registration *register.Policy
	// SessionManagement serves the check-session frame.
	SessionManagement bool
	// ResponseTypes are those that every client may use; nil means code alone.
	ResponseTypes []string
	// Resources are the scopes that each declared resource server knows, by its URI (RFC 8707 §2.2).
	Resources map[string][]string
	// Scopes lists the scopes that the operator declared and discovery tells of; nil for none. What claims they bring, Tokens says.
	Scopes func() []string
	// RequirePAR takes only requests that were pushed; PushTTL is how long these may be used, 0 for [authorize.DefaultPushTTL].
	RequirePAR bool
	PushTTL    time.Duration
	// Locales, PolicyURI, TermsURI and DocsURI are told in discovery, where given.
	Locales []string
	// SignUpOpen: people may make accounts, so prompt=create means something.
	SignUpOpen                   bool
	PolicyURI, TermsURI, DocsURI string

	Store Store
	Keys  Keys
	// JWKS gives the key set document of now; JWKSFetched is told of every fetch, and may be nil. MaxAge is for discovery.
	JWKS        func() endpoint.Document
	JWKSFetched func(time.Time)
	MaxAge      func() time.Duration
	Clients     *client.Registry
	// SlowSecrets checks client secrets that people chose.
	SlowSecrets client.SlowVerifier
	Account     account.Verbs
	// CanStepUp tells whether somebody can prove a second factor beside what the session has; with must, also whether they can set one up. nil: there are
	// no second factors here, and acr "2" is not announced.
	CanStepUp func(ctx context.Context, a storage.Account, s storage.Session, must bool) (bool, error)
	// Proved tells whether a session still proves enough of its account to get tokens of the account API by its refresh token; nil: every one does.
	Proved func(a storage.Account, s storage.Session) bool
	Pages  serve.Pages
	// APIFace answers unknown paths below /api/.
	APIFace serve.Face
	Edge    *serve.Edge
	Audit   audit.Sink
	Now     func() time.Time
}

// Provider is one issuer.
type Provider struct {
	cfg    Config
	path   string
	secure bool

	Authorize *authorize.Endpoint
	Sessions  *session.Cookies
	Issuer    *token.Issuer
	Accounts  *AccountTokens
	Devices   *endpoint.DeviceApproval
	// Told says who is told that a session ended: see [logout.Front].
	Told func(ctx context.Context, s storage.Session) (apps []storage.Client, frames []string)

	clients    *client.Authenticator
	token      *grant.Endpoint
	discovery  *endpoint.Discovery
	jwks       *endpoint.JWKS
	userinfo   *endpoint.Userinfo
	introspect *endpoint.Introspect
	revoke     *endpoint.Revoke
	logout     *endpoint.Logout
	device     *endpoint.Device
	check      *endpoint.CheckSession
	register   *register.Endpoint
	keys       *client.Keys
}

// New assembles an issuer. Errors: a configuration that cannot be served.
func New(cfg Config) (*Provider, error) {
	u, err := url.Parse(cfg.Issuer)
	if err != nil || u.Host == "" || u.User != nil || strings.ContainsAny(cfg.Issuer, "?#") || strings.HasSuffix(cfg.Issuer, "/") ||
		(u.Scheme != "https" && u.Scheme != "http") {
		return nil, errors.New("the issuer must be an absolute http or https URL without user, query, fragment or trailing slash")
	}
	cfg.DeviceTTL, cfg.DeviceInterval = cmp.Or(cfg.DeviceTTL, 10*time.Minute), cmp.Or(cfg.DeviceInterval, 5*time.Second) // RFC 8628 §3.2
	if cfg.ResponseTypes == nil {
		cfg.ResponseTypes = []string{oauth.TypeCode}
	}
	cfg.Tokens.Issuer, cfg.Tokens.Now = cfg.Issuer, cfg.Now
	cfg.Tokens.DefaultAudience = cmp.Or(cfg.Tokens.DefaultAudience, cfg.Issuer)
	cfg.Tokens.ClientOf = clientOf(cfg.Clients)
	cfg.Tokens.PictureURL = func(id string) string { return cfg.Issuer + "/media/" + id }
	cfg.Tokens.HMACSecrets = func(c storage.Client) ([][]byte, error) { return client.HMACSecrets(cfg.Keys, c, cfg.Now()) }
	p := &Provider{cfg: cfg, path: u.EscapedPath(), secure: u.Scheme == "https"}
	p.base()
	live := token.Live{Store: cfg.Store, Client: cfg.Tokens.ClientOf, Admits: p.Issuer.Admits, Now: cfg.Now}
	p.Accounts = &AccountTokens{Issuer: p.Issuer, Audience: cfg.Tokens.DefaultAudience, Live: live, Store: cfg.Store, RefreshedTTL: cfg.AccountTTL, Proved: cfg.Proved, Audit: cfg.Audit, Now: cfg.Now}
	p.flows()
	p.endpoints(live)
	return p, p.Describe()
}

// clientOf finds clients in the words of storage: one that is unknown or disabled is not found.
func clientOf(clients *client.Registry) func(context.Context, string) (storage.Client, error) {
	return func(ctx context.Context, id string) (storage.Client, error) {
		c, err := clients.Client(ctx, id)
		if errors.Is(err, client.ErrUnknown) {
			return storage.Client{}, storage.ErrNotFound
		}
		return c, err
	}
}

// clientFailed notes a wrong proof of a client that exists; unknown ones are input, and are not kept.
func (p *Provider) clientFailed(ctx context.Context, c storage.Client) {
	rec := serve.RecordOf(ctx)
	p.cfg.Audit.Record(ctx, audit.Event{Name: audit.ClientAuthFailed, Time: p.cfg.Now(), ClientID: c.ID, Address: rec.Address, RequestID: rec.ID})
}

// Describe makes the discovery document anew: algorithms come and go with the keys, response types with the clients of files.
func (p *Provider) Describe() error {
	body, err := p.metadata()
	if err != nil {
		return fmt.Errorf("describe the issuer: %w", err)
	}
	p.discovery.Set(body)
	return nil
}

// SecretUsed is when a client last proved itself by a secret; see [client.Authenticator.SecretUsed].
func (p *Provider) SecretUsed(clientID, secretID string) time.Time {
	return p.clients.SecretUsed(clientID, secretID)
}

// Discovery is the discovery document as applications see it.
func (p *Provider) Discovery() []byte { return p.discovery.Body() }
