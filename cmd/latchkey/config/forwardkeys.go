package config

import (
	"fmt"

	"latchkey/provider/client"
	"latchkey/storage"
)

// forwardKeys are of clients that stand for applications behind a proxy.
func (c *ClientSpec) forwardKeys() []key {
	return []key{
		{path: "forward_auth", to: &c.Forward, doc: "Makes the client stand for web applications behind a proxy that asks Latchkey about each request: hosts, and maybe rules, user, headers, bearer_audience and session_ttl. Redirect URIs, grants and scopes follow from it. See docs/forward-auth.md."},
	}
}

// forwardHosts finds who has each host of an application behind a proxy, of the clients of the list.
func (c *Config) forwardHosts() map[string]string {
	owner := map[string]string{}
	for i := range c.Clients {
		claimHosts(owner, c.Clients[i].made.ID, c.Clients[i].Forward)
	}
	return owner
}

// claimHosts notes the hosts of a client in owner. Where others have one it notes none, and returns that host and who has it.
func claimHosts(owner map[string]string, id string, forward []byte) (host, other string) {
	if forward == nil {
		return "", ""
	}
	f, err := client.ParseForward(forward)
	if err != nil { // client.Check says so
		return "", ""
	}
	for _, host := range f.Hosts {
		if other, taken := owner[host]; taken && other != id {
			return host, other
		}
	}
	for _, host := range f.Hosts {
		owner[host] = id
	}
	return "", ""
}

// hostFault is the fault of a client whose host another has.
func hostFault(id, host, other, where string) Fault {
	return Fault{Key: "clients[" + id + "].forward_auth", Problem: fmt.Sprintf("has the host %q, which %s has too", host, other), Where: where}
}

// ownHosts takes out of a file's clients those with a host that another has, in owner, and returns what is wrong with them. A request to that host must not
// be judged by the rules of whoever came by chance to be asked.
func ownHosts(owner map[string]string, clients []storage.Client, where string) (kept []storage.Client, faults Faults) {
	for _, c := range clients {
		if host, other := claimHosts(owner, c.ID, c.Forward); host != "" {
			faults = append(faults, hostFault(c.ID, host, other, where))
			continue
		}
		kept = append(kept, c)
	}
	return kept, faults
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
