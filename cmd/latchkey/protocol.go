package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"

	"latchkey/cmd/latchkey/config"
	"latchkey/provider"
	"latchkey/provider/accountapi"
	"latchkey/provider/audit"
	"latchkey/provider/client"
	"latchkey/provider/fetch"
	"latchkey/provider/register"
	"latchkey/provider/serve"
	"latchkey/provider/session"
	"latchkey/provider/token"
	"latchkey/web"
)

// protocolConfig is the configuration in the words of the protocol.
func protocolConfig(c *core, pages *web.Site, edge *serve.Edge, sink audit.Sink) provider.Config {
	cfg := c.cfg
	a := cfg.Authorization
	return provider.Config{
		Issuer: cfg.Issuer, Tokens: tokenConfig(c), RefreshGrace: cfg.Tokens.RefreshGrace.D(), AccountTTL: cfg.Accounts.API.Session.TokenTTL.D(),
		ResponseTypes: a.ResponseTypes, Resources: cfg.ResourceScopes(), Scopes: c.declared.directory.Listed, RequirePAR: a.RequirePAR, PushTTL: a.PARTTL.D(), DeviceTTL: a.DeviceTTL.D(), DeviceInterval: a.DeviceInterval.D(),
		Fetch: c.fetcher, PlainFetch: len(cfg.Fetch.Allow) > 0, Federation: federation(cfg.Fetch), Proxies: serve.Proxies(cfg.Server.TrustedProxies), Registration: registration(c), SessionManagement: cfg.Logout.SessionManagement,
		SignUpOpen: cfg.Accounts.SignUp == "open", Locales: pages.Locales(), PolicyURI: cfg.Web.PrivacyURL, TermsURI: cfg.Web.TermsURL,
		Store: c.store, Keys: c.tokenKeys(), JWKS: c.jwks, JWKSFetched: c.fetchedKeys, MaxAge: c.rings.MaxAge,
		Clients: c.registry, SlowSecrets: provider.SlowSecrets(c.accounts.VerifySecret), Account: c.accounts, CanStepUp: stepUp(c), Proved: c.accounts.Proved, Pages: pages, APIFace: (&accountapi.API{}).Face(),
		Edge: edge, Audit: sink, Now: c.now,
	}
}

func tokenConfig(c *core) token.Config {
	t := c.cfg.Tokens
	return token.Config{AccessAlg: t.AccessAlg, DefaultAudience: t.DefaultAudience, AccessTTL: t.AccessTTL.D(), IDTTL: t.IDTTL.D(),
		RefreshTTL: t.RefreshTTL.D(), CodeTTL: t.CodeTTL.D(), MaxTTL: longestToken(c.cfg),
		GroupsOf: c.declared.directory.Of, Scopes: c.declared.directory.Claims}
}

// registration is what clients that register may have; nil where nobody may register.
func registration(c *core) *register.Policy {
	r := c.cfg.Registration
	if r.Mode == "closed" {
		return nil
	}
	return &register.Policy{Mode: register.Mode(r.Mode), Scopes: r.Scopes, GrantTypes: r.GrantTypes,
		RedirectHosts: r.RedirectHosts, PKCEExempt: r.PKCEExempt, MaxClients: r.MaxClients, PerAddress: r.PerAddress, UnusedTTL: r.UnusedTTL.D()}
}

// sessions is the browser's cookie.
func (c *core) sessions(issuer *url.URL) *session.Cookies {
	var opts []session.Option
	if c.cfg.Logout.SessionManagement {
		opts = append(opts, session.Watch())
	}
	return session.New(c.store, issuer.Scheme == "https", issuer.EscapedPath(), c.now, opts...)
}

// newFetcher gets what stands at addresses that clients name. Errors: fetch.ca_file cannot be used.
func newFetcher(f config.Fetch) (*fetch.Fetcher, error) {
	conf, err := fetchConfig(f)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	return fetch.New(conf), nil
}

func fetchConfig(f config.Fetch) (fetch.Config, error) {
	conf := fetch.Config{Allow: f.Allow, Timeout: f.Timeout.D(), UserAgent: "latchkey/" + version}
	if f.CAFile != "" {
		pem, err := config.ReadFile(f.CAFile)
		if err != nil {
			return conf, fmt.Errorf("ca_file: %w", err)
		}
		if conf.RootCAs, err = x509.SystemCertPool(); err != nil {
			return conf, fmt.Errorf("read the system's certification authorities: %w", err)
		}
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return conf, errors.New("ca_file: no certificate in it")
		}
	}
	return conf, nil
}

// follow lets the registry know when stored clients are used.
func (c *core) follow() {
	c.registry.Follow(client.Use{Store: c.store, UnusedTTL: c.cfg.Registration.UnusedTTL.D(), Now: c.now})
}
