package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// maxAddresses bounds how many addresses of a name are tried.
const maxAddresses = 8

// port is the issuer's, in digits.
func (d *doctor) port() string {
	if p := d.issuer.Port(); p != "" {
		return p
	}
	if d.issuer.Scheme == "https" {
		return "443"
	}
	return "80"
}

// addresses are those of the issuer's host.
func (d *doctor) addresses(ctx context.Context) ([]string, error) {
	host := d.issuer.Hostname()
	if net.ParseIP(host) != nil {
		return []string{host}, nil
	}
	all, err := d.Resolve(ctx, host)
	if len(all) > maxAddresses {
		all = all[:maxAddresses]
	}
	return all, err
}

func (d *doctor) checkDNS(ctx context.Context, r *report) {
	host := d.issuer.Hostname()
	all, err := d.addresses(ctx)
	switch {
	case err != nil || len(all) == 0:
		r.problem(fmt.Sprintf("%s has no address here: %s", host, reason(err)), "Make the DNS record, or look at the resolver of this machine. Applications must find the name, too.")
	default:
		r.ok(fmt.Sprintf("%s is %s", host, strings.Join(all, ", ")))
	}
}

func (d *doctor) checkTCP(ctx context.Context, r *report) {
	all, err := d.addresses(ctx)
	if err != nil || len(all) == 0 {
		r.unknown("no address to connect to", "See dns.")
		return
	}
	var good, bad []string
	for _, a := range all {
		at := net.JoinHostPort(a, d.port())
		each, cancel := context.WithTimeout(ctx, d.Timeout/time.Duration(len(all)))
		conn, err := d.Dial(each, "tcp", at)
		cancel()
		if err != nil {
			bad = append(bad, at+" ("+reason(err)+")")
			continue
		}
		_ = conn.Close()
		good = append(good, at)
	}
	switch {
	case len(good) == 0:
		r.problem("nobody takes a connection at "+strings.Join(bad, ", "), "Look at load balancer, ingress and firewall: nobody can reach the issuer from here.")
	case len(bad) > 0:
		r.warn("some addresses take no connection: "+strings.Join(bad, ", "), "Take them out of the DNS record, or mend what should listen there: clients try them, too, and wait.")
	default:
		r.ok("connected to " + strings.Join(good, ", "))
	}
}

// expiresSoon is when a certificate should have been renewed.
const expiresSoon = 14 * 24 * time.Hour

func (d *doctor) checkTLS(ctx context.Context, r *report) {
	if d.issuer.Scheme != "https" {
		r.warn("the issuer is http: everything can be read and changed on the way", "Use https. http is for development on one machine.")
		return
	}
	conn, err := d.handshake(ctx, &tls.Config{MinVersion: tls.VersionTLS12})
	if err != nil {
		r.problem("no TLS 1.2 or later is spoken: "+reason(err), "See what ends TLS for this name: certificate, protocol versions, port.")
		return
	}
	state := conn.ConnectionState()
	_ = conn.Close()
	d.judgeCertificate(state.PeerCertificates, r)
	old, err := d.handshake(ctx, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}) // #nosec G402 -- asks whether the other side would
	if err == nil {
		_ = old.Close()
		r.warn("TLS 1.1 or older is accepted", "Have what ends TLS take TLS 1.2 and later only (RFC 8996).")
	}
}

// handshake connects with TLS and verifies nothing.
func (d *doctor) handshake(ctx context.Context, c *tls.Config) (*tls.Conn, error) {
	c.InsecureSkipVerify, c.ServerName = true, d.issuer.Hostname()
	raw, err := d.Dial(ctx, "tcp", net.JoinHostPort(d.issuer.Hostname(), d.port()))
	if err != nil {
		return nil, err
	}
	conn := tls.Client(raw, c)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, err
	}
	return conn, nil
}

// judgeCertificate tells each fault by itself: a certificate may have several.
func (d *doctor) judgeCertificate(chain []*x509.Certificate, r *report) {
	if len(chain) == 0 {
		r.problem("no certificate came", "Give what ends TLS a certificate for "+d.issuer.Hostname()+".")
		return
	}
	leaf, now, well := chain[0], d.Now(), true
	fault := func(seen, do string) { well = false; r.problem(seen, do) }
	if err := leaf.VerifyHostname(d.issuer.Hostname()); err != nil {
		fault(fmt.Sprintf("the certificate is for %s, not for %s", strings.Join(names(leaf), ", "), d.issuer.Hostname()), "Give what ends TLS a certificate for the issuer's host: it may be its default one, because no rule names the host.")
	}
	left := leaf.NotAfter.Sub(now)
	switch {
	case left < 0:
		fault("the certificate expired on "+date(leaf.NotAfter), "Renew it, and see why nothing did.")
	case now.Before(leaf.NotBefore):
		fault("the certificate is good from "+date(leaf.NotBefore)+" on", "Look at the clocks of this machine and of who issued it.")
	case left < expiresSoon:
		well = false
		r.warn(fmt.Sprintf("the certificate expires on %s, in %d days", date(leaf.NotAfter), int(left.Hours()/24)), "Renew it, or see why whatever renews it has not yet.")
	}
	middle := x509.NewCertPool()
	for _, c := range chain[1:] {
		middle.AddCert(c)
	}
	at := now
	if left < 0 || now.Before(leaf.NotBefore) {
		at = leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2) // told already; is the chain good besides?
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Intermediates: middle, Roots: d.Roots, CurrentTime: at}); err != nil {
		seen, do := "the certificate cannot be verified: "+reason(err), "Use one of an authority that applications trust, or give them its certificate (here: --ca-file)."
		if unknown := (x509.UnknownAuthorityError{}); errors.As(err, &unknown) && len(chain) == 1 && leaf.Issuer.String() != leaf.Subject.String() {
			seen, do = "the certificate comes alone, and who issued it is not known here", "Have what ends TLS send the whole chain (fullchain.pem): browsers may get by without, programs do not. If the authority is your own, name its certificate with --ca-file."
		}
		fault(seen, do)
	}
	if well {
		r.ok(fmt.Sprintf("the certificate for %s is good until %s", strings.Join(names(leaf), ", "), date(leaf.NotAfter)))
	}
}

// names are those that a certificate is for.
func names(c *x509.Certificate) []string {
	out := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		out = append(out, ip.String())
	}
	if len(out) == 0 {
		out = []string{"nothing"}
	}
	return out
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// checkHTTP sees whether plain http leads to https, where the issuer has the usual port.
func (d *doctor) checkHTTP(ctx context.Context, r *report) {
	if d.issuer.Scheme != "https" {
		return // told by tls
	}
	if d.port() != "443" {
		r.ok("the issuer has a port of its own; port 80 is not looked at")
		return
	}
	plain := *d.issuer
	plain.Scheme, plain.Host = "http", net.JoinHostPort(d.issuer.Hostname(), "80")
	plain.Path += "/.well-known/openid-configuration"
	res, err := d.get(ctx, plain.String(), nil)
	if err != nil {
		r.ok("nothing answers at port 80 (" + reason(err) + "), which is safe; people who type the name alone see an error")
		return
	}
	to := res.header.Get("Location")
	switch {
	case res.status >= 300 && res.status < 400 && strings.HasPrefix(to, "https://"+d.issuer.Hostname()):
		r.ok(fmt.Sprintf("http leads to https (%d)", res.status))
	case res.status >= 300 && res.status < 400:
		r.warn(fmt.Sprintf("http is redirected to %q", cut(to)), "Redirect to the same address with https.")
	case res.status == http.StatusOK:
		r.problem("the issuer answers over plain http", "Redirect http to https: passwords and tokens could be read on the way.")
	default:
		r.ok(fmt.Sprintf("http is refused (%d)", res.status))
	}
}

// reason is an error in a few words. What Go puts around it tells operators nothing.
func reason(err error) string {
	if err == nil {
		return "no answer"
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil {
		err = op.Err
	}
	return cut(err.Error())
}

// cut keeps a line of what others wrote, without control characters.
func cut(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if len(s) > 200 {
		s = s[:200] + "…"
	}
	return s
}
