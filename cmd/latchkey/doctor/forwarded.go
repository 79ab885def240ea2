package doctor

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"latchkey/provider/serve"
)

// spoofed is an address that nobody has (RFC 5737 §3), and spoofedHost a name of nobody (RFC 6761).
const (
	spoofed     = "198.51.100.77"
	spoofedHost = "latchkey-doctor-forwarded.invalid"
)

// ProbeHeader carries the token of a probe. Its value is worth nothing but that the server remembers what it made of the request.
const ProbeHeader = "Latchkey-Probe"

// Probe is what the server made of a request with that token.
type Probe struct {
	Token string `json:"token"`
	// Seen says whether the request has arrived. The rest is of that request.
	Seen bool `json:"seen"`
	// Address is the client's as the server concludes it, Peer that of the connection.
	Address string `json:"address,omitempty"`
	Peer    string `json:"peer,omitempty"`
	// ForwardedFor and Forwarded are the headers as they arrived.
	ForwardedFor []string `json:"x_forwarded_for,omitempty"`
	Forwarded    []string `json:"forwarded,omitempty"`
}

// checkForwarded sends headers that only proxies may write, and asks what became of them.
func (d *doctor) checkForwarded(ctx context.Context, r *report) {
	doc, err := d.discovery()
	if err != nil {
		r.unknown("no discovery document answers", "See discovery.")
		return
	}
	header := map[string]string{
		"X-Forwarded-For": spoofed, "X-Forwarded-Host": spoofedHost, "X-Forwarded-Proto": "http", "X-Forwarded-Port": "1",
		"Forwarded": "for=" + spoofed + ";host=" + spoofedHost + ";proto=http",
	}
	a, err := d.get(ctx, d.discoveryURL(), header)
	switch {
	case err != nil || a.status != http.StatusOK:
		said := reason(err)
		if err == nil {
			said = fmt.Sprintf("it answers %d", a.status)
		}
		r.problem("with forwarded headers of a stranger the document does not come: "+said, "The ingress believes X-Forwarded-Host or X-Forwarded-Proto from outside. Have it set them anew for every request.")
	case !bytes.Equal(a.body, doc.body):
		r.problem("X-Forwarded-Host, X-Forwarded-Proto or Forwarded of a stranger change the document", "Something between believes them from outside, and may serve the result to others. Have the ingress set them anew for every request.")
	default:
		r.ok("X-Forwarded-Host, X-Forwarded-Proto and Forwarded of a stranger change nothing")
	}
	if d.Admin == nil {
		r.unknown("whether X-Forwarded-For of a stranger is believed cannot be known from outside", "Run this command beside the server, where its admin socket is: kubectl exec POD -- /latchkey doctor, or on its machine with --config.")
		return
	}
	d.probes(ctx, r)
}

// probeTries is how many requests may land at other replicas.
const probeTries = 24

// probes asks three times: as anybody, and with either header that a proxy writes.
func (d *doctor) probes(ctx context.Context, r *report) {
	plain, ok := d.probe(ctx, map[string]string{}, r)
	if !ok {
		return
	}
	byFor, ok := d.probe(ctx, map[string]string{"X-Forwarded-For": spoofed}, r)
	if !ok {
		return
	}
	byForwarded, ok := d.probe(ctx, map[string]string{"Forwarded": "for=" + spoofed}, r)
	if !ok {
		return
	}
	d.judgeProbes(plain, byFor, byForwarded, r)
}

func (d *doctor) judgeProbes(plain, byFor, byForwarded Probe, r *report) {
	passed := slices.Concat(plain.ForwardedFor, plain.Forwarded)
	among, believed := d.among(plain), false
	for i, p := range [...]Probe{byFor, byForwarded} { // most proxies hand on both, and write the first
		if p.Address == spoofed {
			name := [...]string{"X-Forwarded-For", "Forwarded"}[i]
			if believed = true; among && len(hops(p)) > 1 && private(plain.Address) {
				continue // the proxy appended this machine, which may forward
			}
			r.problem(name+" of a stranger is believed: the server took the client for "+spoofed,
				"Anybody can pretend to be anybody, and limits are void. Have the ingress drop or replace "+name+" of clients, and name in server.trusted_proxies only networks that nobody else can connect from.")
			return
		}
	}
	silent := len(passed) == 0
	switch {
	case among && (believed || plain.Address == plain.Peer):
		r.unknown(fmt.Sprintf("this machine (%s) is itself among server.trusted_proxies, as the proxy %s is: whom the server takes others for cannot be known from here", cut(strings.Join(passed, ", ")), plain.Peer),
			"Ask from another machine: open the issuer there, and compare the address on that request's line in the server's log with the machine's.")
	case !silent && plain.Address == plain.Peer:
		r.warn(fmt.Sprintf("the server takes the proxy %s for the client: what it forwards (%s) does not count", plain.Peer, cut(strings.Join(passed, ", "))), d.unheard(plain.Peer))
	case silent && (d.trusts(plain.Peer) || len(byFor.ForwardedFor) == 0):
		r.warn("the proxy "+plain.Peer+" does not tell the server who the client is", "Have it set X-Forwarded-For, and name its network in server.trusted_proxies. Until then everybody counts as one person.")
	case silent && plain.Address == plain.Peer && byFor.Address == plain.Address && byForwarded.Address == plain.Address:
		r.ok("the server concludes the client's address " + plain.Address + " from the connection, and ignores what a stranger writes")
	case byFor.Address != plain.Address || byForwarded.Address != plain.Address:
		r.warn(fmt.Sprintf("a client that writes forwarded headers itself counts as %s, not as %s", different(plain, byFor, byForwarded), plain.Address),
			"Have the ingress drop Forwarded, and replace X-Forwarded-For or append to it, so that nobody can choose to count as the proxy.")
	case plain.Address != plain.Peer:
		note := ""
		if private(plain.Address) {
			note = " (a private address: right if this machine connects from there; else another proxy's network is missing in server.trusted_proxies)"
		}
		r.ok("the server concludes the client's address " + plain.Address + note + ", behind the proxy " + plain.Peer + ", and ignores what a stranger writes")
	}
}

// trusts says whether the configuration names the peer among the proxies.
func (d *doctor) trusts(peer string) bool {
	a, err := netip.ParseAddr(peer)
	return err == nil && d.Config != nil && slices.ContainsFunc(d.Config.Server.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// unheard is what to do about a proxy that does not count.
func (d *doctor) unheard(peer string) string {
	if d.trusts(peer) {
		return "Its network is in server.trusted_proxies of this configuration: restart the server if it runs with an older one, and have the proxy write addresses, in one header alone. Until then all limits count everybody as one person."
	}
	return "Add the proxy's network to server.trusted_proxies. Until then all limits count everybody as one person."
}

// among says whether every hop of a probe, this machine too, is a trusted proxy: then what stands before them would be believed.
func (d *doctor) among(p Probe) bool {
	if d.Config == nil || len(p.ForwardedFor)+len(p.Forwarded) == 0 {
		return false
	}
	r := &http.Request{RemoteAddr: p.Peer, Header: http.Header{}}
	if len(p.ForwardedFor) > 0 {
		r.Header["X-Forwarded-For"] = append([]string{spoofed}, p.ForwardedFor...)
	}
	if len(p.Forwarded) > 0 {
		r.Header["Forwarded"] = append([]string{"for=" + spoofed}, p.Forwarded...)
	}
	return serve.Proxies(d.Config.Server.TrustedProxies).Client(r).String() == spoofed
}

// hops are the entries of the header by which a stranger was believed.
func hops(p Probe) []string {
	header := p.ForwardedFor
	if len(header) == 0 {
		header = p.Forwarded
	}
	return strings.Split(strings.Join(header, ","), ",")
}

func different(plain, a, b Probe) string {
	if a.Address != plain.Address {
		return a.Address
	}
	return b.Address
}

// probe sends requests with a token until one arrives at the server whose admin socket we have.
func (d *doctor) probe(ctx context.Context, header map[string]string, r *report) (p Probe, ok bool) {
	if err := d.Admin(ctx, http.MethodPost, "probes", &p); err != nil {
		r.unknown("the server takes no probe: "+reason(err), "It may be of an older version, or busy: try again.")
		return p, false
	}
	token := p.Token
	header[ProbeHeader] = token
	for range probeTries {
		if _, err := d.get(ctx, d.discoveryURL(), header); err != nil {
			break
		}
		if err := d.Admin(ctx, http.MethodGet, "probes/"+token, &p); err != nil || p.Seen {
			break
		}
	}
	if !p.Seen {
		r.unknown("no probe arrived at this server", "Other replicas answered, a cache did, or the ingress drops the header "+ProbeHeader+". Run the command again, or beside another replica.")
	}
	return p, p.Seen
}

func private(address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && (a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast())
}
