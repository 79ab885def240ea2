package harness

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	netmail "net/mail"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

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
