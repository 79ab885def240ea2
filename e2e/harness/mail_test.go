package harness_test

import (
	"crypto/tls"
	"errors"
	"net/smtp"
	"net/textproto"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

const message = "From: a@example.test\r\nTo: b@example.test\r\nSubject: =?UTF-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: text/plain; charset=UTF-8\r\n" +
	"Content-Transfer-Encoding: quoted-printable\r\n\r\nOpen http://127.0.0.1:1/reset?token=3Dabc=\r\ndef soon.\r\n"

func send(m *harness.Mail) error {
	return smtp.SendMail(m.Address, nil, "a@example.test", []string{"b@example.test"}, []byte(message))
}

func TestMailModes(t *testing.T) {
	m := harness.NewMail(t, harness.MailOptions{})
	for _, row := range []struct {
		mode harness.Mode
		code int
	}{{harness.Accept, 0}, {harness.Defer, 451}, {harness.Reject, 550}} {
		m.Set(row.mode)
		err := send(m)
		code := 0
		if e, ok := errors.AsType[*textproto.Error](err); ok {
			code = e.Code
		} else if err != nil {
			t.Fatalf("%s: %v", row.mode, err)
		}
		if code != row.code {
			t.Errorf("%s: code %d, want %d", row.mode, code, row.code)
		}
	}
	m.Set(harness.DieInData)
	if err := send(m); err == nil {
		t.Error("die: the message was accepted")
	}
	m.Set(harness.Hang)
	ended := make(chan error, 1)
	go func() { ended <- send(m) }()
	harness.Until(t, 10*time.Second, "the fifth try came", func() error {
		if n, _, _ := m.Tries(); n != 5 {
			return errors.New("not yet")
		}
		return nil
	})
	select {
	case err := <-ended:
		t.Errorf("hang: an answer came: %v", err)
	default:
	}
	m.Down()
	if err := <-ended; err == nil {
		t.Error("hang: the message was accepted")
	}
	if err := send(m); err == nil {
		t.Error("down: the message was accepted")
	}
	m.Up(t)
	m.Set(harness.Accept)
	if err := send(m); err != nil {
		t.Errorf("up again: %v", err)
	}
	if n := len(m.To("B@example.test")); n != 2 {
		t.Errorf("%d letters were kept, want 2", n)
	}
	l := m.Wait(t, "b@example.test", "/reset", 2)
	if _, token := m.Link(t, "b@example.test", "/reset", 1); token != "abcdef" || l.Subject != "Grüße" {
		t.Errorf("token %q, subject %q", token, l.Subject)
	}
}

func TestMailAsksForLogin(t *testing.T) {
	cert := harness.NewCertificate(t, "mail")
	m := harness.NewMail(t, harness.MailOptions{Certificate: cert, Username: "latchkey", Password: "swordfish-123"})
	if err := send(m); err == nil {
		t.Error("mail was accepted without a log-in")
	}
	try := func(password string) error {
		c, err := smtp.Dial(m.Address)
		if err != nil {
			return err
		}
		defer c.Close()
		if ok, _ := c.Extension("AUTH"); ok {
			t.Error("AUTH is offered before STARTTLS")
		}
		if err := c.StartTLS(&tls.Config{RootCAs: cert.Pool, ServerName: "127.0.0.1"}); err != nil {
			return err
		}
		return c.Auth(smtp.PlainAuth("", "latchkey", password, "127.0.0.1"))
	}
	if err := try("wrong"); err == nil {
		t.Error("a wrong password was accepted")
	}
	if err := try("swordfish-123"); err != nil {
		t.Errorf("the right password: %v", err)
	}
	if _, logins, _ := m.Tries(); logins != 1 {
		t.Errorf("%d log-ins, want 1", logins)
	}
}
