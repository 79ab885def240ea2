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
	"latchkey/provider/grant"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/session"
	"latchkey/provider/token"
	"latchkey/storage"
)

// Keys signs, verifies, seals and publishes. Private keys stay behind it.
type Keys interface {
	token.Keys
}

// Store is the roles that the protocol uses.
type Store interface {
	storage.Accounts
	storage.Sessions
	storage.Grants
	storage.Consents
	storage.Denials
	storage.Devices
	storage.PushedRequests
	storage.Replays
	storage.Limits
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
	// Algs are the algorithms of ID tokens, for discovery.
	Algs []string
	// Fetch gets what stands at addresses that clients name: keys, request objects, sector identifiers. nil: none is fetched, and what needs it is
	// not served. PlainFetch: there are networks where it goes by http too.
	Fetch      *fetch.Fetcher
	PlainFetch bool
	// Registration is who may register clients; nil: nobody.
	Registration *register.Policy
	// RequirePAR refuses requests that were not pushed; PushTTL is how long a pushed one can be used, 0 for the default.
	RequirePAR bool
	PushTTL    time.Duration
	// SessionManagement serves the check-session frame.
	SessionManagement bool
	// ResponseTypes are those that every client may use; nil means code alone.
	ResponseTypes []string
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
	Pages       serve.Pages
	// APIFace answers unknown paths below /api/.
	APIFace serve.Face
	Edge    *serve.Edge
	Audit   audit.Sink
	Now     func() time.Time
}

// Provider is one issuer.
type Provider struct {
	cfg  Config
	path string

	Authorize *authorize.Endpoint
	Sessions  *session.Cookies
	Issuer    *token.Issuer
	Accounts  *AccountTokens
	Devices   *endpoint.DeviceApproval

	clients    *client.Authenticator
	token      *grant.Endpoint
	discovery  *endpoint.Discovery
	jwks       *endpoint.JWKS
	userinfo   *endpoint.Userinfo
	introspect *endpoint.Introspect
	revoke     *endpoint.Revoke
	logout     *endpoint.Logout
	device     *endpoint.Device
}

// New assembles an issuer. Errors: a configuration that cannot be served.
func New(cfg Config) (*Provider, error) {
	u, err := url.Parse(cfg.Issuer)
	if err != nil || u.Host == "" || u.User != nil || strings.ContainsAny(cfg.Issuer, "?#") || strings.HasSuffix(cfg.Issuer, "/") ||
		(u.Scheme != "https" && u.Scheme != "http") {
		return nil, errors.New("the issuer must be an absolute http or https URL without user, query, fragment or trailing slash")
	}
	cfg.DeviceTTL, cfg.DeviceInterval = cmp.Or(cfg.DeviceTTL, 10*time.Minute), cmp.Or(cfg.DeviceInterval, 5*time.Second) // RFC 8628 §3.2
	p := &Provider{cfg: cfg, path: u.EscapedPath()}
	secure := u.Scheme == "https"
	cfg.Tokens.Issuer, cfg.Tokens.Now = cfg.Issuer, cfg.Now
	cfg.Tokens.ClientOf = clientOf(cfg.Clients)
	cfg.Tokens.PictureURL = func(id string) string { return cfg.Issuer + "/media/" + id }
	p.Issuer = token.NewIssuer(cfg.Tokens, cfg.Keys)
	p.Sessions = session.New(cfg.Store, secure, p.path, cfg.Now)
	p.clients = client.NewAuthenticator(cfg.Clients, client.Deps{Slow: cfg.SlowSecrets, Now: cfg.Now})
	p.clients.OnFailure(p.clientFailed)
	live := token.Live{Store: cfg.Store, Client: cfg.Tokens.ClientOf, Now: cfg.Now}
	audience := cfg.Tokens.DefaultAudience
	if audience == "" {
		audience = cfg.Issuer
	}
	p.Accounts = &AccountTokens{Issuer: p.Issuer, Audience: audience, Live: live, Store: cfg.Store, RefreshedTTL: cfg.AccountTTL, Now: cfg.Now}
	p.Authorize = &authorize.Endpoint{
		Issuer: cfg.Issuer, Path: p.path, Secure: secure,
		SignInPath: p.path + "/login", SignUpPath: p.path + "/signup", ConsentPath: p.path + "/consent",
		Clients: cfg.Clients, Store: cfg.Store, Sessions: p.Sessions, Tokens: p.Issuer, Hints: p.Issuer, Vault: cfg.Keys, Pages: cfg.Pages, Audit: cfg.Audit, Now: cfg.Now,
		ResponseTypes: cfg.ResponseTypes, ACRs: []string{oauth.ACROneFactor},
		Authenticator: p.clients, Pushed: cfg.Store, Limits: cfg.Store, RequirePAR: cfg.RequirePAR, PushTTL: cfg.PushTTL,
	}
	p.token = &grant.Endpoint{Clients: p.clients, Issuer: p.Issuer, Audit: cfg.Audit, Now: cfg.Now, Exchangers: []grant.Exchanger{
		grant.Code{Store: cfg.Store, Tokens: p.Issuer, Audit: cfg.Audit},
		grant.Refresh{Store: cfg.Store, Tokens: p.Issuer, Grace: cfg.RefreshGrace, Audit: cfg.Audit},
		grant.ClientCredentials{},
		grant.Device{Store: cfg.Store, Tokens: p.Issuer, Interval: cfg.DeviceInterval},
	}}
	p.endpoints(live)
	return p, p.describe()
}

func (p *Provider) endpoints(live token.Live) {
	cfg := p.cfg
	p.discovery = &endpoint.Discovery{MaxAge: cfg.MaxAge}
	p.jwks = &endpoint.JWKS{Keys: cfg.JWKS, Fetched: cfg.JWKSFetched, Now: cfg.Now}
	p.userinfo = &endpoint.Userinfo{Issuer: cfg.Issuer, Tokens: p.Issuer, Live: live}
	p.introspect = &endpoint.Introspect{Issuer: cfg.Issuer, Clients: p.clients, Tokens: p.Issuer, Live: live, Grants: cfg.Store, Now: cfg.Now}
	p.revoke = &endpoint.Revoke{Clients: p.clients, Tokens: p.Issuer, Store: cfg.Store, Audit: cfg.Audit, Now: cfg.Now}
	p.device = &endpoint.Device{Issuer: cfg.Issuer, TTL: cfg.DeviceTTL, Interval: cfg.DeviceInterval, Clients: p.clients, Tokens: p.Issuer, Store: cfg.Store, Now: cfg.Now}
	p.Devices = &endpoint.DeviceApproval{Clients: cfg.Clients, Sessions: p.Sessions, Vault: cfg.Keys, Store: cfg.Store, Audit: cfg.Audit, Now: cfg.Now}
	p.logout = &endpoint.Logout{Path: p.path, Clients: cfg.Clients, Hints: p.Issuer, Sessions: p.Sessions, Accounts: cfg.Store, Vault: cfg.Keys, Pages: cfg.Pages, Now: cfg.Now,
		End: func(ctx context.Context, sid string, rec *serve.Record) error {
			return cfg.Account.SignOut(ctx, sid, account.Caller{Address: rec.Address, RequestID: rec.ID})
		}}
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

// describe makes the discovery document.
func (p *Provider) describe() error {
	body, err := p.metadata()
	if err != nil {
		return fmt.Errorf("describe the issuer: %w", err)
	}
	p.discovery.Set(body)
	return nil
}

// Discovery is the discovery document as applications see it.
func (p *Provider) Discovery() []byte { return p.discovery.Body() }
