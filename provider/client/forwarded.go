package client

import "latchkey/storage"

// Forwarded is the application at a host behind a proxy.
type Forwarded struct {
	Client storage.Client
	*ForwardAuth
}

// forward notes the hosts of a client's applications. Where two clients have the same host the one that comes first in the order of IDs keeps it; whoever
// reads files refuses such clients before.
func (d *declared) forward(c storage.Client) {
	if c.Forward == nil {
		return
	}
	f, err := ParseForward(c.Forward)
	if err != nil { // files are checked before they are declared
		return
	}
	for _, host := range f.Hosts {
		if other, taken := d.forwarded[host]; !taken || c.ID < other.Client.ID {
			d.forwarded[host] = Forwarded{Client: c, ForwardAuth: f}
		}
	}
}

// Forwarded finds the application at a host as browsers send it, in lower case.
func (r *Registry) Forwarded(host string) (Forwarded, bool) {
	f, ok := r.declared.Load().forwarded[host]
	return f, ok
}
