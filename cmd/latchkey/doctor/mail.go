package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
)

// checkMail goes as far with the mail server as sending does, up to the sender, and sends nothing.
func (d *doctor) checkMail(ctx context.Context, r *report) {
	m := d.Config.Mail.SMTP
	if m.Address == "" {
		r.unknown("there is no mail server in the configuration", "Development mode shows mail on a page. Else set mail.smtp.address: passwords cannot be reset without mail.")
		return
	}
	host, _, err := net.SplitHostPort(m.Address)
	if err != nil {
		r.problem("mail.smtp.address is not host:port", "Set it to the mail server's.")
		return
	}
	conn, err := d.Dial(ctx, "tcp", m.Address)
	if err != nil {
		r.problem("the mail server "+m.Address+" takes no connection: "+reason(err), "Is the address right, and does the network let us through? Many clouds close port 25: take 465 or 587.")
		return
	}
	defer func() { _ = conn.Close() }()
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	}
	secure := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, RootCAs: d.Roots}
	if m.TLS == "tls" {
		over := tls.Client(conn, secure)
		if err := over.HandshakeContext(ctx); err != nil {
			r.problem("no TLS with the mail server: "+reason(err), "Is this its port for TLS from the start (465)? With STARTTLS (587) set mail.smtp.tls to starttls. Its certificate must be for "+host+" and from an authority known here.")
			return
		}
		conn = over
	}
	d.greet(conn, host, secure, r)
}

func (d *doctor) greet(conn net.Conn, host string, secure *tls.Config, r *report) {
	m := d.Config.Mail.SMTP
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		r.problem("what listens does not greet as a mail server: "+mailReason(err), "With TLS from the start (465) set mail.smtp.tls to tls.")
		return
	}
	defer func() { _ = c.Close() }()
	if err := c.Hello(d.helloName()); err != nil {
		r.problem("the mail server refuses our EHLO: "+mailReason(err), "See its log.")
		return
	}
	if m.TLS == "starttls" {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			r.problem("the mail server offers no STARTTLS", "Take its port for submission (587), or set mail.smtp.tls to tls with 465. Mail is not sent in the clear.")
			return
		}
		if err := c.StartTLS(secure); err != nil {
			r.problem("STARTTLS fails: "+mailReason(err), "Its certificate must be for "+host+" and from an authority known here.")
			return
		}
	}
	ok, mechanisms := c.Extension("AUTH")
	if m.Username == "" {
		if ok {
			r.warn("the mail server would let us sign in, and no name is configured", "Set mail.smtp.username and its password if it refuses mail otherwise.")
			return
		}
		r.ok("the mail server takes us without a name" + encrypted(m.TLS))
		return
	}
	switch {
	case !ok:
		r.problem("the mail server offers no way to sign in, and a name is configured", "Take its port for submission (587 or 465) and encryption, or leave the name out.")
		return
	case !strings.Contains(mechanisms, "PLAIN"):
		r.unknown("the mail server signs in by "+cut(mechanisms)+" alone, which this check does not try", "Look at latchkey_mail_total and the server's log.")
		return
	}
	if err := c.Auth(smtp.PlainAuth("", m.Username, m.Password.Reveal(), host)); err != nil {
		r.problem("the mail server refuses our name or password: "+mailReason(err), "Set mail.smtp.username and mail.smtp.password anew.")
		return
	}
	r.ok("the mail server lets us sign in" + encrypted(m.TLS))
	_ = c.Quit()
}

// helloName is what the server itself says.
func (d *doctor) helloName() string {
	if d.issuer == nil || d.issuer.Hostname() == "" {
		return "localhost"
	}
	return d.issuer.Hostname()
}

func encrypted(mode string) string {
	if mode == "none" {
		return ", without encryption"
	}
	return ", encrypted"
}

// mailReason is the server's status and text; it knows our password and does not repeat it.
func mailReason(err error) string {
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		return fmt.Sprintf("%d %s", e.Code, cut(e.Msg))
	}
	return reason(err)
}
