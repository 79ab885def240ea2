package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"latchkey/provider"
	"latchkey/provider/account"
	"latchkey/provider/accountapi"
	"latchkey/provider/audit"
	"latchkey/provider/endpoint"
	"latchkey/provider/logo"
	"latchkey/provider/mail"
	"latchkey/provider/serve"
	"latchkey/storage"
	"latchkey/web"
)

// site is the public side: protocol, pages and account API over a core.
type site struct {
	provider *provider.Provider
	routes   []provider.Route
	// mailbox is the development mode's; nil where mail is truly sent.
	mailbox *mail.Memory
	// calls serves what the developer's pages ask this server; nil where they are off.
	calls http.Handler
}

// demoID is the sample application's client in development mode.
const demoID = "latchkey-demo"

// newSite assembles it.
func newSite(c *core, edge *serve.Edge, sink audit.Sink) (*site, error) {
	cfg, s, fl, dv := c.cfg, &site{}, &flows{}, &devices{}
	u, err := url.Parse(cfg.Issuer)
	if err != nil {
		return nil, err
	}
	look, err := c.theme()
	if err != nil {
		return nil, err
	}
	deps := web.Deps{
		Theme:   look,
		Account: c.accounts, Second: c.accounts, Authenticators: c.accounts, RecoveryCodes: c.accounts, Portal: web.PortalOf(settled{c.accounts, c.activity}), Life: c.accounts, Passkeys: c.passkeyPages(), Sessions: c.sessions(u), Flows: fl, Devices: dv, Client: c.registry.Client, Logos: c.logos(),
		Told: func(ctx context.Context, ended storage.Session) (apps []storage.Client, frames []string) {
			return s.provider.Told(ctx, ended)
		},
		ScopeText: c.declared.directory.Text,
		Issuer:    cfg.Issuer, Brand: cfg.Web.Brand, DefaultLocale: cfg.Web.DefaultLocale,
		SignUpOpen: cfg.Accounts.SignUp == "open", ResetOpen: true, RequireVerified: cfg.Accounts.RequireVerifiedEmail,
		PasswordMin: c.accounts.Minimum(account.Page), ResumeMax: int64(cfg.Accounts.Files.ResumeMax), PictureMax: int64(cfg.Accounts.Files.PictureMax),
		StepUpAge: cfg.Accounts.StepUpAge.D(), ResetTTL: cfg.Accounts.ResetTTL.D(), VerifyTTL: cfg.Accounts.VerifyTTL.D(),
		MailSignIn: cfg.Accounts.Lifecycle.MailSignIn, MailSignInTTL: cfg.Accounts.Lifecycle.MailSignInTTL.D(), RecoveryWait: cfg.Accounts.Lifecycle.RecoveryWait.D(),
		InviteOnly: cfg.Accounts.SignUp == "invite", SignUpDomains: cfg.Accounts.Lifecycle.SignUpDomains,
		HelpURL: cfg.Web.HelpURL, PrivacyURL: cfg.Web.PrivacyURL, TermsURL: cfg.Web.TermsURL, Now: c.now,
	}
	deps.Dev = c.devPage(s)
	if cfg.Dev {
		deps.DemoClientID = demoID
		if cfg.Mail.SMTP.Address == "" {
			s.mailbox = mail.NewMemory(c.now)
			deps.Mailbox = mailbox{s.mailbox}
		}
	}
	pages, err := web.New(deps)
	if err != nil {
		return nil, err
	}
	s.provider, err = provider.New(protocolConfig(c, pages, edge, sink))
	if err != nil {
		return nil, err
	}
	c.declared.secretUsed = s.provider.SecretUsed
	if deps.Dev != nil {
		s.calls = s.provider.Mount(nil)
	}
	fl.endpoint, dv.approval = s.provider.Authorize, s.provider.Devices
	routes, err := apiRoutes(c, s.provider.Accounts)
	s.routes = append(pageRoutes(pages), routes...)
	return s, err
}

// jwks is the key set as the endpoint serves it.
func (c *core) jwks() endpoint.Document {
	d := c.rings.JWKS()
	return c.published(endpoint.Document{Body: d.Body, ETag: d.ETag, MaxAge: d.MaxAge})
}

// logos keeps the pictures of applications. Little memory means small ones, as for people's own.
func (c *core) logos() *logo.Keeper {
	return logo.New(logo.Deps{Clients: c.registry, Fetcher: c.fetcher, Pictures: c.accounts.Pictures(), MaxPixels: int(memoryLimit() / 64), Log: c.log, Now: c.now})
}

// demoClient is the sample application: public, with PKCE, and it asks for consent like any other.
func demoClient(issuer string) storage.Client {
	return storage.Client{
		ID: demoID, Name: "Demo application", URI: issuer + "/demo", ApplicationType: "web", AuthMethod: "none",
		RedirectURIs: []string{issuer + "/demo/callback"}, PostLogoutRedirectURIs: []string{issuer + "/demo"},
		GrantTypes: []string{"authorization_code", "refresh_token"}, ResponseTypes: []string{"code"},
		Scopes: []string{"openid", "profile", "email", "phone", "offline_access"}, Version: 1,
	}
}

// pageRoutes puts the pages' table into the provider's.
func pageRoutes(pages *web.Site) []provider.Route {
	var out []provider.Route
	for _, r := range pages.Routes() {
		out = append(out, provider.Route{Method: r.Method, Path: r.Path, Prefix: r.Prefix, Endpoint: r.Endpoint, Handler: r.Handler, Face: serve.PageFace(pages),
			Priority: pagePriority(r.Path), MaxBody: r.MaxBody, Form: r.Method == "POST"})
	}
	return out
}

// pagePriority: sign-up, reset and pictures are the first that go without in a storm.
func pagePriority(path string) serve.Priority {
	switch path {
	case "/signup", "/signup/sent", "/forgot", "/reset", "/login/mail", "/invite", "/setup", "/client-logo/":
		return serve.Deferrable
	}
	return serve.Interactive
}

// apiRoutes puts the account API's table into the provider's, without the dialects that are off.
func apiRoutes(c *core, tokens *provider.AccountTokens) ([]provider.Route, error) {
	a, conf := c.cfg.Accounts, accountapi.Defaults()
	conf.Issuer, conf.PasswordMin = c.cfg.Issuer, c.accounts.Minimum
	conf.PlatformTTL, conf.SessionTTL, conf.SimpleTTL = a.API.Platform.TokenTTL.D(), a.API.Session.TokenTTL.D(), a.API.Simple.TokenTTL.D()
	conf.RefreshTTL, conf.MaxBody = a.API.Session.RefreshTTL.D(), int64(c.cfg.Server.Limits.MaxBody)
	conf.MaxResume, conf.MaxPicture = int64(a.Files.ResumeMax), int64(a.Files.PictureMax)
	conf.Off = map[account.Dialect]bool{account.Platform: !a.API.Platform.Enabled, account.Session: !a.API.Session.Enabled, account.Simple: !a.API.Simple.Enabled}
	made, err := accountapi.New(conf, accountapi.Deps{Accounts: c.accounts, Limits: c.accounts, Tokens: tokens, Verifier: tokens})
	if err != nil {
		return nil, err
	}
	var out []provider.Route
	for _, r := range made.Routes() {
		priority := serve.Machine
		switch r.Path {
		case "/api/signup", "/api/auth/signup", "/api/auth/register", "/api/forgot-password", "/api/reset-password", "/api/profile/resume", "/api/profile/picture":
			priority = serve.Deferrable
		case "/api/login", "/api/auth/login":
			priority = serve.Interactive
		}
		out = append(out, provider.Route{Method: r.Method, Path: r.Path, Endpoint: r.Endpoint, Handler: r.Handler, Face: made.Face(), Priority: priority, MaxBody: r.MaxBody})
	}
	return out, nil
}

// mailbox shows the development mode's mail to the pages.
type mailbox struct{ memory *mail.Memory }

// Mails implements [web.Mailbox].
func (m mailbox) Mails() []web.SentMail {
	var out []web.SentMail
	for _, s := range m.memory.Mails() {
		out = append(out, web.SentMail{To: s.To, Subject: s.Subject, Text: s.Text, HTML: s.HTML, At: s.At})
	}
	return out
}

// composer lets the courier write with the pages' words.
type composer struct{ *web.Composer }

// Compose implements [mail.Composer].
func (c composer) Compose(kind, locale string, l account.Letter) (mail.Message, error) {
	subject, text, html, err := c.Composer.Compose(kind, locale, l)
	return mail.Message{To: l.To, Subject: subject, Text: text, HTML: html}, err
}

// newCourier makes the courier of the outbox.
func newCourier(c *core, box *mail.Memory) (*mail.Courier, error) {
	cfg := c.cfg
	look, err := c.theme()
	if err != nil {
		return nil, err
	}
	words, err := web.NewComposer(cfg.Issuer, cfg.Web.Brand, cfg.Web.DefaultLocale, look, c.now)
	if err != nil {
		return nil, err
	}
	var sender mail.Sender = box
	if box == nil {
		u, err := url.Parse(cfg.Issuer)
		if err != nil {
			return nil, err
		}
		m := cfg.Mail
		sender, err = mail.NewSMTP(mail.SMTPConfig{Address: m.SMTP.Address, TLS: mail.TLSMode(m.SMTP.TLS), Username: m.SMTP.Username,
			Password: m.SMTP.Password.Reveal(), From: m.From, Helo: u.Hostname(), Timeout: m.SMTP.Timeout.D(), Now: c.now})
		if err != nil {
			return nil, err
		}
	}
	conf := mail.Defaults()
	conf.Poll = c.lookEvery(conf.Poll)
	courier, err := mail.New(conf, mail.Deps{Outbox: c.store, Vault: c.rings, Expander: c.accounts, Composer: composer{words}, Sender: sender, Log: c.log, Now: c.now})
	if err != nil {
		return nil, errors.Join(errors.New("mail"), err)
	}
	wake := courier.Wake
	c.wake.Store(&wake)
	return courier, nil
}
