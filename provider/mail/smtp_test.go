package mail

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"
)

// server is a mail server that takes one conversation after another, with answers that a test can set.
type server struct {
	t        *testing.T
	listener net.Listener
	tls      *tls.Config
	implicit bool
	// answer maps a verb ("RCPT", "DATA", ".", "QUIT", …) to what is said in place of the usual.
	answer map[string]string
	auth   bool
	silent bool

	mu       sync.Mutex
	commands []string
	messages []string
	secure   bool
}

func serveSMTP(t *testing.T, edit func(*server)) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, listener: l, answer: map[string]string{}, tls: &tls.Config{Certificates: []tls.Certificate{certificate(t)}}} // #nosec G402
	if edit != nil {
		edit(s)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { s.talk(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return s
}

func certificate(t *testing.T) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (s *server) roots() *tls.Config {
	cert, err := x509.ParseCertificate(s.tls.Certificates[0].Certificate[0])
	if err != nil {
		s.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{RootCAs: pool} // #nosec G402 -- the sender sets the least version
}

func (s *server) talk(conn net.Conn) {
	defer func() { conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if s.implicit {
		conn = tls.Server(conn, s.tls)
		s.mu.Lock()
		s.secure = true
		s.mu.Unlock()
	}
	in := bufio.NewReader(conn)
	say := func(verb, usual string) {
		if a, ok := s.answer[verb]; ok {
			usual = a
		}
		_, _ = io.WriteString(conn, usual+"\r\n")
	}
	if s.silent {
		_, _ = in.ReadString('\n') // until the client goes away
		return
	}
	say("", "220 test")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb := strings.ToUpper(strings.SplitN(line, " ", 2)[0])
		s.mu.Lock()
		s.commands = append(s.commands, line)
		secure := s.secure
		s.mu.Unlock()
		switch verb {
		case "EHLO":
			offers := "250-test\r\n"
			if !secure {
				offers += "250-STARTTLS\r\n"
			}
			if s.auth {
				offers += "250-AUTH PLAIN LOGIN\r\n"
			}
			say(verb, offers+"250 8BITMIME")
		case "STARTTLS":
			say(verb, "220 go")
			conn = tls.Server(conn, s.tls)
			in = bufio.NewReader(conn)
			s.mu.Lock()
			s.secure = true
			s.mu.Unlock()
		case "AUTH":
			say(verb, "235 welcome")
		case "DATA":
			say(verb, "354 go")
			if a := s.answer[verb]; a != "" && a[0] != '3' {
				continue
			}
			var body strings.Builder
			for {
				l, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if l == ".\r\n" {
					break
				}
				body.WriteString(strings.TrimPrefix(l, ".")) // RFC 5321 §4.5.2
			}
			s.mu.Lock()
			s.messages = append(s.messages, body.String())
			s.mu.Unlock()
			say(".", "250 taken")
		case "QUIT":
			say(verb, "221 bye")
			return
		default:
			say(verb, "250 ok")
		}
	}
}

func (s *server) sender(edit func(*SMTPConfig)) *SMTP {
	s.t.Helper()
	c := SMTPConfig{
		Address: s.listener.Addr().String(), TLS: TLSNone, TLSConfig: s.roots(), From: "Latchkey <no-reply@id.test>", Helo: "id.test",
		Timeout: 5 * time.Second, Now: func() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) },
	}
	if edit != nil {
		edit(&c)
	}
	out, err := NewSMTP(c)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

var hello = Message{ID: "m1", To: "a@example.org", Subject: "Grüße, 你好", Text: "Guten Tag\r\n.\r\nEnde ü", HTML: "<p>Guten Tag</p>"}

func TestSMTPMessage(t *testing.T) {
	s := serveSMTP(t, nil)
	if err := s.sender(nil).Send(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	conversation := strings.Join(s.commands, "\n")
	for _, want := range []string{"EHLO id.test", "MAIL FROM:<no-reply@id.test>", "RCPT TO:<a@example.org>"} {
		if !strings.Contains(conversation, want) {
			t.Errorf("no %q in\n%s", want, conversation)
		}
	}
	m, err := netmail.ReadMessage(strings.NewReader(s.messages[0]))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != hello.Subject {
		t.Errorf("subject %q, %v", subject, err)
	}
	for k, want := range map[string]string{
		"Message-Id": "<m1@id.test>", "Auto-Submitted": "auto-generated", "Date": "Sat, 21 Nov 2026 12:00:00 +0000", "To": "<a@example.org>",
		"From": `"Latchkey" <no-reply@id.test>`, "User-Agent": "", "X-Mailer": "", "Mime-Version": "1.0",
	} {
		if got := m.Header.Get(k); got != want {
			t.Errorf("%s: %q, want %q", k, got, want)
		}
	}
	mediaType, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || mediaType != "multipart/alternative" {
		t.Fatalf("content type %s, %v", mediaType, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, want := range [][2]string{{"text/plain", hello.Text}, {"text/html", hello.HTML}} {
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil || !strings.HasPrefix(p.Header.Get("Content-Type"), want[0]) || strings.TrimRight(string(body), "\r\n") != want[1] {
			t.Errorf("part %s: %q, %v", p.Header.Get("Content-Type"), body, err)
		}
	}
}

func TestSMTPModes(t *testing.T) {
	for _, c := range []struct {
		mode TLSMode
		auth bool
		ok   bool
	}{{TLSNone, false, true}, {TLSStart, false, true}, {TLSStart, true, true}, {TLSImplicit, false, true}, {TLSImplicit, true, true}} {
		t.Run(string(c.mode), func(t *testing.T) {
			s := serveSMTP(t, func(s *server) { s.implicit, s.auth = c.mode == TLSImplicit, c.auth })
			sender := s.sender(func(sc *SMTPConfig) {
				sc.TLS = c.mode
				if c.auth {
					sc.Username, sc.Password = "user", "pass word"
				}
			})
			if err := sender.Send(t.Context(), hello); err != nil {
				t.Fatal(err, errors.Unwrap(err))
			}
			if s.secure != (c.mode != TLSNone) {
				t.Errorf("encrypted: %v", s.secure)
			}
			if want := "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00user\x00pass word")); strings.Contains(strings.Join(s.commands, "\n"), want) != c.auth {
				t.Errorf("conversation %q", s.commands)
			}
		})
	}
}

func TestSMTPFailures(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer map[string]string
		config func(*SMTPConfig)
		want   string // of Failure.Error; "" for success
	}{
		{"RFC 5321 §4.2.1 5yz at RCPT", map[string]string{"RCPT": "550 no such user"}, nil, "rcpt 550 (permanent)"},
		{"4yz at RCPT", map[string]string{"RCPT": "451 greylisted"}, nil, "rcpt 451"},
		{"5yz at MAIL", map[string]string{"MAIL": "553 not yours"}, nil, "mail 553 (permanent)"},
		{"5yz at DATA", map[string]string{"DATA": "554 no"}, nil, "data 554 (permanent)"},
		{"5yz after the message", map[string]string{".": "552 spam"}, nil, "data 552 (permanent)"},
		{"4yz after the message", map[string]string{".": "452 disk full"}, nil, "data 452"},
		{"taken, then the server fails", map[string]string{"RSET": "421 bye", "QUIT": "500 what"}, nil, ""},
		{"not ready", map[string]string{"": "421 later"}, nil, "connect"},
		{"authentication is asked for", map[string]string{"MAIL": "530 authenticate"}, nil, "mail 530"},
		{"certificate of a stranger", nil, func(c *SMTPConfig) { c.TLS, c.TLSConfig = TLSStart, nil }, "certificate"},
		{"no STARTTLS", map[string]string{"EHLO": "250 test"}, func(c *SMTPConfig) { c.TLS = TLSStart }, "connect"},
		{"nobody there", nil, func(c *SMTPConfig) { c.Address = "127.0.0.1:1" }, "connect"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serveSMTP(t, func(s *server) { s.answer = c.answer })
			err := s.sender(c.config).Send(t.Context(), hello)
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			f, ok := errors.AsType[*Failure](err)
			if !ok || f.Error() != c.want {
				t.Errorf("got %v (%v), want %s", err, errors.Unwrap(err), c.want)
			}
		})
	}
}

func TestSMTPContextEndsAStall(t *testing.T) {
	s := serveSMTP(t, func(s *server) { s.silent = true })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.sender(nil).Send(ctx, hello); err == nil {
		t.Error("sent to a silent server")
	}
}

func TestSMTPHeaderInjection(t *testing.T) {
	s := serveSMTP(t, nil)
	for name, edit := range map[string]func(*Message){
		"subject":        func(m *Message) { m.Subject = "hi\r\nBcc: b@example.org" },
		"bare LF":        func(m *Message) { m.Subject = "hi\nBcc: b@example.org" },
		"recipient":      func(m *Message) { m.To = "a@example.org>\r\nRCPT TO:<b@example.org" },
		"two recipients": func(m *Message) { m.To = "a@example.org, b@example.org" },
		"display name":   func(m *Message) { m.To = "A <a@example.org>" },
		"ID":             func(m *Message) { m.ID = "a> <b" },
		"no ID":          func(m *Message) { m.ID = "" },
	} {
		m := hello
		edit(&m)
		f, ok := errors.AsType[*Failure](s.sender(nil).Send(t.Context(), m))
		if !ok || !f.Permanent || f.Reason != "message" {
			t.Errorf("%s: %v", name, f)
		}
	}
	if len(s.commands) != 0 {
		t.Errorf("the server heard %q", s.commands)
	}
}

func TestNewSMTPRefuses(t *testing.T) {
	for name, edit := range map[string]func(*SMTPConfig){
		"no port": func(c *SMTPConfig) { c.Address = "mail.test" }, "port": func(c *SMTPConfig) { c.Address = "mail.test:0" },
		"mode": func(c *SMTPConfig) { c.TLS = "maybe" }, "from": func(c *SMTPConfig) { c.From = "nobody" }, "helo": func(c *SMTPConfig) { c.Helo = "a b" },
		"clock": func(c *SMTPConfig) { c.Now = nil },
	} {
		c := SMTPConfig{Address: "mail.test:25", TLS: TLSNone, From: "a@id.test", Helo: "id.test", Now: time.Now}
		edit(&c)
		if _, err := NewSMTP(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
