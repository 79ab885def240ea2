package provider

import (
	"latchkey/provider/forward"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

// forwarded is the table of what proxies ask, and of the paths that they lead to us on the hosts of applications.
func (p *Provider) forwarded() []Route {
	if len(p.cfg.Proxies) == 0 {
		return nil
	}
	cfg, face := p.cfg, serve.FaceFunc(forward.Face)
	e := &forward.Endpoint{Issuer: cfg.Issuer, Path: p.path, Proxies: cfg.Proxies, Apps: cfg.Clients, Store: cfg.Store, Vault: cfg.Keys,
		People: people{p.Issuer, cfg.Tokens.GroupsOf}, Tokens: p.Issuer, Live: p.Accounts.Live, Audit: cfg.Audit, Now: cfg.Now}
	table := []Route{
		{Method: "GET", Path: forward.Route, Endpoint: "forward_auth", Handler: e.Serve, Face: face, Priority: serve.Machine},
		{Method: "GET", Path: forward.NginxRoute, Endpoint: "forward_auth", Handler: e.Nginx, Face: face, Priority: serve.Machine},
		{Method: "GET", Path: forward.SignInRoute, Root: true, Endpoint: "forward_sign_in", Handler: e.SignIn, Face: face, Priority: serve.Interactive},
		{Method: "GET", Path: forward.CallbackRoute, Root: true, Endpoint: "forward_callback", Handler: e.Callback, Face: face, Priority: serve.Interactive},
		{Method: "GET", Path: forward.SignOutRoute, Root: true, Endpoint: "forward_sign_out", Handler: e.SignOut, Face: face, Priority: serve.Interactive},
	}
	for _, method := range forward.Methods() { // Envoy asks with the method of the request
		table = append(table, Route{Method: method, Path: forward.EnvoyRoute + "/", Prefix: true, Endpoint: "forward_auth", Handler: e.Envoy, Face: face, Priority: serve.Machine})
	}
	return table
}

// people knows persons as applications behind proxies do.
type people struct {
	*token.Issuer
	groupsOf func(a storage.Account) []string
}

// AllGroups implements [forward.People].
func (p people) AllGroups(a storage.Account) []string {
	if p.groupsOf == nil {
		return nil
	}
	return p.groupsOf(a)
}
