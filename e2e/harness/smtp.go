package harness

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"slices"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

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
