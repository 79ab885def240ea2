package config

import (
	"net/netip"
)

// Authorization is what authorization requests may ask.
type Authorization struct {
	ResponseTypes                     []string
	RequirePAR                        bool
	PARTTL, DeviceTTL, DeviceInterval Duration
}

// Registration is who may register clients, and what these may ask (RFC 7591).
type Registration struct {
	Mode                              string
	Scopes, GrantTypes, RedirectHosts []string
	PKCEExempt                        []string
	MaxClients, PerAddress            int
	UnusedTTL                         Duration
}

// Logout is how applications are told that a session ended.
type Logout struct {
	SessionManagement bool
	NoticeTTL         Duration
}

// Fetch is how addresses that somebody else names are fetched.
type Fetch struct {
	Allow   []netip.Prefix
	Timeout Duration
	CAFile  string
}

func (c *Config) protocolKeys() []key {
	a, r := &c.Authorization, &c.Registration
	return []key{
		{path: "authorization.response_types", to: &a.ResponseTypes, def: "[code]", oneOf: []string{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}, doc: "Response types that are on. Every client of the configuration that names no response_types of its own may use them, as far as its grants allow; its own list may have fewer or more. All but code let tokens through the browser: leave them off unless an application cannot do without."},
		{path: "authorization.require_par", to: &a.RequirePAR, def: "false", doc: "Take only authorization requests that were pushed (RFC 9126), from every client. Applications that run only in a browser cannot push: pages of other origins may not call /par."},
		{path: "authorization.par_ttl", to: &a.PARTTL, def: "60s", min: "5s", max: "10m", doc: "How long a pushed request can be used."},
		{path: "authorization.device_ttl", to: &a.DeviceTTL, def: "10m", min: "1m", max: "1h", doc: "How long a person has to enter a device's code (RFC 8628)."},
		{path: "authorization.device_interval", to: &a.DeviceInterval, def: "5s", min: "1s", max: "1m", doc: "How long a device waits between its questions."},
		{path: "resources", to: &c.Resources, doc: "Resource servers (RFC 8707) with the scopes that each knows: an access token for one bears no scope of another's. One that is not listed may be sent any."},
		{path: "registration.mode", to: &r.Mode, def: "closed", oneOf: []string{"closed", "token", "open"}, doc: "Who may register clients (RFC 7591): nobody, who holds an initial access token (`latchkey clients tokens create`), or anybody."},
		{path: "registration.scopes", to: &r.Scopes, def: "[openid, profile, email, address, phone, offline_access]", doc: "Scopes that a client that registers may have."},
		{path: "registration.grant_types", to: &r.GrantTypes, def: "[authorization_code, refresh_token]", oneOf: []string{"authorization_code", "refresh_token", "implicit", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"}, doc: "Grants that it may have. Where authorization.response_types has more than code, a client can only have these with implicit here."},
		{path: "registration.redirect_hosts", to: &r.RedirectHosts, doc: "Hosts that its redirect URIs may have, each as it is, or with a dot before it for every host below. Empty for all."},
		{path: "registration.pkce_exempt", to: &r.PKCEExempt, doc: "Names (client_name, or its part before a space) of clients that may register without PKCE. Only for software that cannot be changed, such as test suites. An initial access token can excuse its clients too."},
		{path: "registration.max_clients", to: &r.MaxClients, def: "1000", min: "1", max: "1000000", doc: "How many clients may have registered."},
		{path: "registration.per_address", to: &r.PerAddress, def: "20", min: "1", max: "100000", doc: "Registrations an hour from one client address."},
		{path: "registration.unused_ttl", to: &r.UnusedTTL, def: "90d", min: "1h", max: "3650d", doc: "A client that registered goes when nobody has used it for so long."},
		{path: "logout.session_management", to: &c.Logout.SessionManagement, def: "true", doc: "Serve the frame by which applications notice that the session changed (OpenID Connect Session Management). Browsers that keep third-party cookies back make it useless there."},
		{path: "logout.notice_ttl", to: &c.Logout.NoticeTTL, def: "24h", min: "1m", max: "6d", doc: "How long we try to tell an application that a session ended (Back-Channel Logout)."},
		{path: "fetch.allow", to: &c.Fetch.Allow, doc: "Networks (CIDR) outside of the public internet in which addresses that clients name (jwks_uri, request_uri, sector_identifier_uri, logo_uri, backchannel_logout_uri) may be. Those of clients that registered themselves too: list no network whose servers trust whoever reaches them."},
		{path: "fetch.ca_file", to: &c.Fetch.CAFile, doc: "PEM file of certification authorities that are trusted there, beside the system's."},
		{path: "fetch.timeout", to: &c.Fetch.Timeout, def: "5s", min: "100ms", max: "1m", doc: "Time for each of these fetches."},
	}
}
