package harness

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Mode is how the mail server behaves.
type Mode string

// The modes.
const (
	Accept    Mode = "accept"
	Defer     Mode = "defer"  // 451 to every recipient
	Reject    Mode = "reject" // 550 to every recipient
	Hang      Mode = "hang"   // no answer to the message
	DieInData Mode = "die"    // the connection breaks after the message was read
)

// MailOptions say what kind of mail server it is.
type MailOptions struct {
	// Certificate: offer STARTTLS.
	Certificate *Certificate
	// Username and Password: refuse mail of who has not logged in, and offer that after STARTTLS only.
	Username, Password string
}

// Mail is a mail server that keeps what it gets.
type Mail struct {
	Address string

	o      MailOptions
	server *smtp.Server
	mu     sync.Mutex
	mode   Mode
	got    []Letter
	tries  int
	logins int
	secure int
	closed chan struct{}
}

// Letter is a mail that was accepted.
type Letter struct {
	From, To, Subject, Text, HTML string
	Header                        netmail.Header
}

// NewMail starts a mail server on a loopback port; it ends with the test.
func NewMail(t testing.TB, o MailOptions) *Mail {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &Mail{Address: ln.Addr().String(), o: o, mode: Accept, closed: make(chan struct{})}
	m.serve(ln)
	t.Cleanup(m.Down)
	return m
}

func (m *Mail) serve(ln net.Listener) {
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{mail: m, conn: c}, nil }))
	s.Domain, s.ErrorLog = "mail.test", log.New(io.Discard, "", 0)
	s.ReadTimeout, s.WriteTimeout = time.Minute, time.Minute
	if m.o.Certificate != nil {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{m.o.Certificate.TLS}, MinVersion: tls.VersionTLS12}
	}
	m.mu.Lock()
	m.server, m.closed = s, make(chan struct{})
	m.mu.Unlock()
	go func() { _ = s.Serve(ln) }()
}

// Down takes the server away: connections are refused. Up brings it back at the same address.
func (m *Mail) Down() {
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case <-m.closed:
		return
	default:
	}
	close(m.closed)
	_ = m.server.Close()
}

// Up is the opposite of Down.
func (m *Mail) Up(t testing.TB) {
	t.Helper()
	ln, err := net.Listen("tcp4", m.Address)
	if err != nil {
		t.Fatal(err)
	}
	m.serve(ln)
}

// Set changes how the server behaves from now on.
func (m *Mail) Set(mode Mode) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mode = mode
}

// Tries is how many messages were offered, Logins how many log-ins were right, Secure how many messages came through TLS.
func (m *Mail) Tries() (tries, logins, secure int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tries, m.logins, m.secure
}

// To returns the letters to an address, the oldest first.
func (m *Mail) To(address string) []Letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Letter
	for _, l := range m.got {
		if strings.EqualFold(l.To, address) {
			out = append(out, l)
		}
	}
	return out
}

// Wait waits for the n-th letter (from 1) to an address whose text has a link with a path that ends in path.
func (m *Mail) Wait(t testing.TB, address, path string, n int) Letter {
	t.Helper()
	var found Letter
	Until(t, 30*time.Second, "a mail to "+address+" with a link to "+path+" came", func() error {
		seen := 0
		for _, l := range m.To(address) {
			if path == "" || l.link(path) != "" {
				if seen++; seen == n {
					found = l
					return nil
				}
			}
		}
		return errors.New("not yet")
	})
	return found
}

// Link waits for a letter as Wait does and returns its link and the token in it.
func (m *Mail) Link(t testing.TB, address, path string, n int) (link, token string) {
	t.Helper()
	l := m.Wait(t, address, path, n)
	link = l.link(path)
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return link, u.Query().Get("token")
}

var links = regexp.MustCompile(`https?://[^\s<>"]+`)

func (l Letter) link(path string) string {
	for _, s := range links.FindAllString(l.Text, -1) {
		if u, err := url.Parse(strings.TrimRight(s, ".,;)")); err == nil && strings.HasSuffix(u.Path, path) {
			return u.String()
		}
	}
	return ""
}

// session is one conversation.
type session struct {
	mail *Mail
	conn *smtp.Conn
	from string
	to   string
	in   bool
}

func (s *session) AuthMechanisms() []string {
	if s.mail.o.Username == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != s.mail.o.Username || password != s.mail.o.Password {
			return smtp.ErrAuthFailed
		}
		s.mail.mu.Lock()
		s.mail.logins++
		s.mail.mu.Unlock()
		s.in = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.mail.o.Username != "" && !s.in {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.mu.Lock()
	defer s.mail.mu.Unlock()
	s.mail.tries++
	switch s.mail.mode {
	case Defer:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again later"}
	case Reject:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	s.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mail.mu.Lock()
	mode, closed := s.mail.mode, s.mail.closed
	s.mail.mu.Unlock()
	switch mode {
	case Hang:
		<-closed
		return errors.New("gone")
	case DieInData:
		return s.conn.Conn().Close()
	}
	l, err := parse(raw)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "not a message: " + err.Error()}
	}
	l.From, l.To = s.from, s.to
	s.mail.mu.Lock()
	defer s.mail.mu.Unlock()
	s.mail.got = append(s.mail.got, l)
	if _, ok := s.conn.TLSConnectionState(); ok {
		s.mail.secure++
	}
	return nil
}

func (s *session) Reset()        { s.from, s.to = "", "" }
func (s *session) Logout() error { return nil }

// parse reads a message and its text and HTML parts.
func parse(raw []byte) (Letter, error) {
	msg, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Letter{}, err
	}
	l := Letter{Header: msg.Header}
	if l.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return Letter{}, err
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return Letter{}, err
	}
	if !strings.HasPrefix(kind, "multipart/") {
		l.Text, err = text(msg.Body, msg.Header.Get("Content-Transfer-Encoding"))
		return l, err
	}
	for mr := multipart.NewReader(msg.Body, params["boundary"]); ; {
		part, err := mr.NextRawPart()
		if errors.Is(err, io.EOF) {
			return l, nil
		}
		if err != nil {
			return Letter{}, err
		}
		body, err := text(part, part.Header.Get("Content-Transfer-Encoding"))
		if err != nil {
			return Letter{}, err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			l.HTML = body
		} else {
			l.Text = body
		}
	}
}

func text(r io.Reader, encoding string) (string, error) {
	if !slices.Contains([]string{"", "7bit", "8bit", "quoted-printable"}, strings.ToLower(encoding)) {
		return "", errors.New("transfer encoding " + encoding)
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		r = quotedprintable.NewReader(r)
	}
	b, err := io.ReadAll(r)
	return string(b), err
}
