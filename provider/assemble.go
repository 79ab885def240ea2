package provider

import (
	"context"

	"latchkey/provider/account"
	"latchkey/provider/authorize"
	"latchkey/provider/client"
	"latchkey/provider/endpoint"
	"latchkey/provider/grant"
	"latchkey/provider/logout"
	"latchkey/provider/oauth"
	"latchkey/provider/register"
	"latchkey/provider/serve"
	"latchkey/provider/session"
	"latchkey/provider/token"
	"latchkey/storage"
)

// base is what everything else stands on: tokens, sessions, clients and their keys.
func (p *Provider) base() {
	cfg := p.cfg
	p.Issuer = token.NewIssuer(cfg.Tokens, cfg.Keys)
	var opts []session.Option
	if cfg.SessionManagement {
		opts = append(opts, session.Watch())
	}
	p.Sessions = session.New(cfg.Store, p.secure, p.path, cfg.Now, opts...)
	var fetcher client.Fetcher
	if cfg.Fetch != nil {
		fetcher = cfg.Fetch
	}
	p.keys = client.NewKeys(fetcher, cfg.Now)
	p.clients = client.NewAuthenticator(cfg.Clients, client.Deps{Slow: cfg.SlowSecrets, Keys: p.keys, Vault: cfg.Keys, Replays: cfg.Store,
		Audiences: p.audiences(), Federation: client.Federation{Open: cfg.Federation, Told: p.clientFederated}, Now: cfg.Now})
	p.clients.OnFailure(p.clientFailed)
}

// audiences are the values of `aud` by which an assertion can mean us: the issuer, and the endpoints that authenticate clients (RFC 7523 §3,
// RFC 9126 §2, OpenID Connect Core §9).
func (p *Provider) audiences() []string {
	iss := p.cfg.Issuer
	return []string{iss, iss + tokenRoute, iss + authorize.PushRoute, iss + introspectRoute, iss + revokeRoute, iss + endpoint.DeviceRoute}
}

// flows is what people go through, and the grants that come of it.
func (p *Provider) flows() {
	cfg := p.cfg
	p.Authorize = &authorize.Endpoint{
		Issuer: cfg.Issuer, Path: p.path, Secure: p.secure,
		SignInPath: p.path + "/login", ConsentPath: p.path + "/consent",
		ResponseTypes: cfg.ResponseTypes, ACRs: p.acrs(), CanStepUp: cfg.CanStepUp, RequirePAR: cfg.RequirePAR, PushTTL: cfg.PushTTL, Resources: cfg.Resources,
		Objects: p.keys, Clients: cfg.Clients, Authenticator: p.clients, Store: cfg.Store, Pushed: cfg.Store, Limits: cfg.Store, Sessions: p.Sessions,
		Tokens: p.Issuer, Hints: p.Issuer, Vault: cfg.Keys, Pages: cfg.Pages, SessionState: p.Sessions.State, Admits: p.Issuer.Admits, Audit: cfg.Audit, Now: cfg.Now,
	}
	if cfg.Fetch != nil {
		p.Authorize.Fetch = cfg.Fetch
	}
	if cfg.SignUpOpen {
		p.Authorize.SignUpPath = p.path + "/signup"
	}
	p.token = &grant.Endpoint{Clients: p.clients, Issuer: p.Issuer, Resources: cfg.Resources, Admits: p.Issuer.Admits, Audit: cfg.Audit, Now: cfg.Now, Exchangers: []grant.Exchanger{
		grant.Code{Store: cfg.Store, Tokens: p.Issuer, Audit: cfg.Audit},
		grant.Refresh{Store: cfg.Store, Tokens: p.Issuer, Grace: cfg.RefreshGrace, Audit: cfg.Audit},
		grant.ClientCredentials{},
		grant.Device{Store: cfg.Store, Tokens: p.Issuer, Interval: cfg.DeviceInterval},
	}}
	p.device = &endpoint.Device{Issuer: cfg.Issuer, TTL: cfg.DeviceTTL, Interval: cfg.DeviceInterval, Clients: p.clients, Tokens: p.Issuer, Store: cfg.Store, Now: cfg.Now}
	p.Devices = &endpoint.DeviceApproval{Clients: cfg.Clients, Admits: p.Issuer.Admits, Sessions: p.Sessions, Vault: cfg.Keys, Store: cfg.Store, Audit: cfg.Audit, Now: cfg.Now}
}

// acrs are the classes that a sign-in can reach.
func (p *Provider) acrs() []string {
	if p.cfg.CanStepUp == nil {
		return []string{oauth.ACROneFactor}
	}
	return []string{oauth.ACROneFactor, oauth.ACRTwoFactor}
}

func (p *Provider) endpoints(live token.Live) {
	cfg := p.cfg
	p.discovery = &endpoint.Discovery{MaxAge: cfg.MaxAge}
	p.jwks = &endpoint.JWKS{Keys: cfg.JWKS, Fetched: cfg.JWKSFetched, Now: cfg.Now}
	p.userinfo = &endpoint.Userinfo{Issuer: cfg.Issuer, Tokens: p.Issuer, Live: live}
	p.introspect = &endpoint.Introspect{Issuer: cfg.Issuer, Clients: p.clients, Tokens: p.Issuer, Live: live, Grants: cfg.Store, Admits: p.Issuer.Admits, Now: cfg.Now}
	p.revoke = &endpoint.Revoke{Clients: p.clients, Tokens: p.Issuer, Store: cfg.Store, Audit: cfg.Audit, Now: cfg.Now}
	p.Told = logout.Front{Issuer: cfg.Issuer, Clients: cfg.Clients, SID: p.Issuer.SID}.Told
	if cfg.SessionManagement {
		p.check = endpoint.NewCheckSession(p.Sessions.StateName())
	}
	p.logout = &endpoint.Logout{Path: p.path, Clients: cfg.Clients, Hints: p.Issuer, Sessions: p.Sessions, Accounts: cfg.Store, Vault: cfg.Keys, Pages: cfg.Pages, Now: cfg.Now,
		Told: p.Told,
		End: func(ctx context.Context, sid string, rec *serve.Record) error {
			return cfg.Account.SignOut(ctx, sid, account.Caller{Address: rec.Address, RequestID: rec.ID})
		}}
	if cfg.Registration == nil {
		return
	}
	p.register = &register.Endpoint{Issuer: cfg.Issuer, Policy: *cfg.Registration, Store: cfg.Store, Served: p.Served, Vault: cfg.Keys, Declared: cfg.Clients.IsDeclared, Audit: cfg.Audit,
		Now: cfg.Now}
	if cfg.Fetch != nil {
		p.register.Fetch = func(ctx context.Context, uri string) ([]byte, error) {
			ans, err := cfg.Fetch.Get(ctx, uri, "application/json")
			return ans.Body, err
		}
	}
}

// Served is what a client can choose from now.
func (p *Provider) Served() client.Served {
	s := client.Served{Algs: p.Issuer.IDTokenAlgs(), AuthMethods: p.clients.Methods(), GrantTypes: p.grantTypes(p.cfg.ResponseTypes), ResponseTypes: p.cfg.ResponseTypes,
		Issuer: p.cfg.Issuer, PlainFetch: p.cfg.PlainFetch}
	if p.cfg.Fetch != nil {
		s.Fetchable = p.cfg.Fetch.Reachable
	}
	return s
}

// grantTypes are those of the token endpoint, and implicit where a response type lets tokens leave from /authorize (RFC 7591 §2.1).
func (p *Provider) grantTypes(responseTypes []string) []string {
	all := p.token.GrantTypes()
	for _, t := range responseTypes {
		if t != oauth.TypeCode {
			return append(all, oauth.ImplicitGrant)
		}
	}
	return all
}

// Store is the roles that the protocol uses.
type Store interface {
	storage.Accounts
	storage.Sessions
	storage.Grants
	storage.Standings
	storage.Consents
	storage.Denials
	storage.Devices
	storage.Limits
	storage.PushedRequests
	storage.Replays
	storage.Clients
	storage.Registrations
}
