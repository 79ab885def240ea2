package config

import (
	"latchkey/provider/client"
)

// forwardKeys are of clients that stand for applications behind a proxy.
func (c *ClientSpec) forwardKeys() []key {
	return []key{
		{path: "forward_auth", to: &c.Forward, doc: "Makes the client stand for web applications behind a proxy that asks Latchkey about each request: hosts, and maybe rules, user, headers, bearer_audience and session_ttl. Redirect URIs, grants and scopes follow from it. See docs/forward-auth.md."},
	}
}

// checkForwarded says which hosts two clients of the list have both.
func (c *Config) checkForwarded(fault func(path, format string, args ...any)) {
	owner := map[string]string{}
	for i := range c.Clients {
		spec := &c.Clients[i]
		if spec.Forward == nil {
			continue
		}
		f, err := client.ParseForward(spec.Forward)
		if err != nil {
			continue // client.Check says so
		}
		for _, host := range f.Hosts {
			if other, taken := owner[host]; taken {
				fault("clients["+spec.made.ID+"].forward_auth", "has the host %q, which %s has too", host, other)
			}
			owner[host] = spec.made.ID
		}
		if len(c.Server.TrustedProxies) == 0 {
			fault("clients["+spec.made.ID+"].forward_auth", "is of no use without server.trusted_proxies: nobody else may ask")
		}
	}
}
