package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// TLSMode says how the connection to the mail server is encrypted.
type TLSMode string

// The modes. STARTTLS is required once chosen: there is no mode that falls back to plain text.
const (
	TLSNone     TLSMode = "none"
	TLSStart    TLSMode = "starttls" // RFC 3207
	TLSImplicit TLSMode = "tls"      // RFC 8314
)

// SMTPConfig tells how to reach the mail server.
type SMTPConfig struct {
	// Address is host:port.
	Address string
	TLS     TLSMode
	// TLSConfig is nil for the system's roots and the address' host name. TLS 1.2 is the least in any case.
	TLSConfig *tls.Config
	// Username and Password; "" for a server that asks for none. They are not sent over a connection in plain text, but to localhost.
	Username, Password string
	// From is an address, with or without a display name.
	From string
	// Helo is the host name that we give: the issuer's. It is also the right part of Message-ID.
	Helo string
	// Timeout bounds each command, 0 means 20 s. The whole of a try is bounded by the context.
	Timeout time.Duration
	// Now dates the messages.
	Now func() time.Time
}

// SMTP sends through a mail server, with one connection for each message.
type SMTP struct {
	config SMTPConfig
	host   string
	port   int
	from   netmail.Address
}

// NewSMTP checks the configuration. It does not connect.
func NewSMTP(c SMTPConfig) (*SMTP, error) {
	host, portText, err := net.SplitHostPort(c.Address)
	if err != nil {
		return nil, fmt.Errorf("mail server address: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil || port < 1 || port > 65535 || host == "" {
		return nil, errors.New("mail server address: must be host:port")
	}
	from, err := netmail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("sender address: %w", err)
	}
	switch c.TLS {
	case TLSNone, TLSStart, TLSImplicit:
	default:
		return nil, fmt.Errorf("mail server tls %q: must be none, starttls or tls", c.TLS)
	}
	if c.Helo == "" || strings.ContainsAny(c.Helo, " \r\n<>@") {
		return nil, errors.New("HELO name: must be a host name")
	}
	if c.Now == nil {
		return nil, errors.New("mail: a clock is missing")
	}
	if c.Timeout <= 0 {
		c.Timeout = 20 * time.Second
	}
	if c.TLSConfig == nil {
		c.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	c.TLSConfig = c.TLSConfig.Clone()
	c.TLSConfig.MinVersion = max(c.TLSConfig.MinVersion, tls.VersionTLS12)
	if c.TLSConfig.ServerName == "" {
		c.TLSConfig.ServerName = host
	}
	return &SMTP{config: c, host: host, port: port, from: *from}, nil
}

// Send sends one message. Errors: [*Failure].
func (s *SMTP) Send(ctx context.Context, m Message) error {
	msg, err := s.message(m)
	if err != nil {
		return &Failure{Reason: "message", Permanent: true, Cause: err}
	}
	client, err := s.client(ctx)
	if err != nil {
		return &Failure{Reason: "client", Cause: err}
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if err == nil || msg.IsDelivered() {
		return nil // the server took it; what went wrong when parting does not matter, and sending again would
	}
	return explain(err)
}

// explain keeps of an error what may be written down. A refusal of the message is permanent where its code is; a refusal of us (login,
// encryption) is a fault of the configuration, which an operator mends while the mail waits.
func explain(err error) *Failure {
	sent, ok := errors.AsType[*gomail.SendError](err)
	if !ok {
		return &Failure{Reason: connectReason(err), Cause: err}
	}
	stage := map[gomail.SendErrReason]string{
		gomail.ErrSMTPMailFrom: "mail", gomail.ErrSMTPRcptTo: "rcpt", gomail.ErrSMTPData: "data", gomail.ErrSMTPDataClose: "data",
		gomail.ErrWriteContent: "write", gomail.ErrConnCheck: "connect",
	}[sent.Reason]
	if stage == "" {
		stage = "send"
	}
	code := sent.ErrorCode()
	if code == 0 {
		return &Failure{Reason: stage, Cause: err}
	}
	ours := code == 530 || code == 534 || code == 535 || code == 538 // RFC 4954 §6
	return &Failure{Reason: stage + " " + strconv.Itoa(code), Permanent: code >= 500 && code < 600 && !ours, Cause: err}
}

func connectReason(err error) string {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "certificate"
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return "timeout"
	}
	return "connect"
}

// message builds the mail. What could break out of a header is refused, not mended.
func (s *SMTP) message(m Message) (*gomail.Msg, error) {
	for _, v := range []string{m.Subject, m.To, m.ID} {
		if strings.ContainsFunc(v, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
			return nil, errors.New("control character in a header")
		}
	}
	if m.ID == "" || strings.ContainsAny(m.ID, " <>@\"") {
		return nil, errors.New("message has no usable ID")
	}
	to, err := netmail.ParseAddress(m.To)
	if err != nil || to.Name != "" || to.Address != m.To {
		return nil, errors.New("recipient is not one plain address")
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&s.from)
	msg.ToMailAddress(to)
	msg.Subject(m.Subject)
	msg.SetDateWithValue(s.config.Now())
	msg.SetMessageIDWithValue(m.ID + "@" + s.config.Helo)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 §5: no vacation answers
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}

func (s *SMTP) client(ctx context.Context) (*gomail.Client, error) {
	c := s.config
	options := []gomail.Option{
		gomail.WithPort(s.port), gomail.WithTimeout(c.Timeout), gomail.WithHELO(c.Helo), gomail.WithTLSConfig(c.TLSConfig),
		gomail.WithDialContextFunc(s.dial(ctx)), gomail.WithoutSMTPUTF8(), gomail.WithoutNoop(),
	}
	if c.TLS == TLSStart {
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	} else {
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS)) // implicit TLS is made by dial
	}
	if c.Username != "" {
		options = append(options, gomail.WithUsername(c.Username), gomail.WithPassword(c.Password), gomail.WithOpportunisticSMTPAuth(
			gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	client, err := gomail.NewClient(s.host, options...)
	if err != nil {
		return nil, fmt.Errorf("mail client: %w", err)
	}
	return client, nil
}

// dial connects such that the end of send, the context of the whole try, ends every read and write: go-mail begins its timeout anew
// with each command, so that a server that answers slowly enough could hold a try for ever.
func (s *SMTP) dial(send context.Context) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		raw, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		conn := &boundConn{Conn: raw}
		conn.stop = context.AfterFunc(send, func() { _ = raw.Close() })
		if s.config.TLS != TLSImplicit {
			return conn, nil
		}
		secure := tls.Client(conn, s.config.TLSConfig)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return secure, nil
	}
}

// boundConn is closed with a context.
type boundConn struct {
	net.Conn
	stop func() bool
}

// Close closes the connection and lets go of the context.
func (c *boundConn) Close() error {
	c.stop()
	return c.Conn.Close()
}
