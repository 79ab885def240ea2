package e2e

import (
	"errors"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

func forgot(t *testing.T, s *harness.Server, email string) {
	t.Helper()
	if r := s.API().Must(t, "POST", "/api/forgot-password", object{"email": email}, nil).Want(t, 200); r.S("message") != forgotText || r.JSON["success"] != true {
		t.Errorf("forgot answered %s", r.Raw)
	}
}

func reset(t *testing.T, s *harness.Server, token, password string) *harness.Reply {
	t.Helper()
	s.Secrets.Add("password", password)
	return s.API().Must(t, "POST", "/api/reset-password", object{"token": token, "new_password": password}, nil)
}

func TestResetByMail(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	a := s.API()
	token := s.SignUp(t, "forgetful", "Forgetful@example.test", "s3cret!")
	browser := s.Browser(t).SignIn("forgetful", "s3cret!")
	offline := signInToClient(t, s, browser, "openid")

	forgot(t, s, "FORGETFUL@example.test")
	_, first := s.Mail.Link(t, "forgetful@example.test", "/reset", 1)
	forgot(t, s, "forgetful@example.test")
	_, second := s.Mail.Link(t, "forgetful@example.test", "/reset", 2)
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{48}$`).MatchString(second) || first == second {
		t.Errorf("the token has %d characters", len(second))
	}
	checkError(t, reset(t, s, first, "brand-new-1").Want(t, 400), "Invalid or expired reset token") // voided by the second
	checkError(t, reset(t, s, second, "short").Want(t, 400), "Password must be at least 6 characters")
	reset(t, s, second, "s3cret!").Want(t, 400) // the one in force is among the last five
	if r := reset(t, s, second, "brand-new-1").Want(t, 200); r.S("message") != "Password updated successfully. You can now log in." {
		t.Errorf("reset answered %s", r.Raw)
	}
	checkError(t, reset(t, s, second, "brand-new-2").Want(t, 400), "Invalid or expired reset token") // once
	a.Must(t, "POST", "/api/login", object{"username": "forgetful", "password": "s3cret!"}, nil).Want(t, 401)
	a.Must(t, "POST", "/api/login", object{"username": "forgetful", "password": "brand-new-1"}, nil).Want(t, 200)

	// Everything that the old password gave has ended.
	checkError(t, a.Must(t, "GET", "/api/profile", nil, harness.Bearer(token)).Want(t, 401), "Invalid or expired token")
	browser.Open("/account").At("/login", 200)
	if r, err := offline.flow.Refresh(a, offline.refresh); err != nil || r.S("error") != "invalid_grant" {
		t.Errorf("a refresh token outlived the reset: %v %v", r, err)
	}
	notice := func() error {
		for _, l := range s.Mail.To("forgetful@example.test") {
			if l.Subject != "" && regexp.MustCompile(`(?i)changed`).MatchString(l.Subject) {
				return nil
			}
		}
		return errors.New("no notice")
	}
	harness.Until(t, 20*time.Second, "a notice of the change was mailed", notice)
}

func TestResetHistory(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	s.SignUp(t, "history", "history@example.test", "password-0")
	next := func(n int) string {
		forgot(t, s, "history@example.test")
		_, token := s.Mail.Link(t, "history@example.test", "/reset", n)
		return token
	}
	for i, password := range []string{"password-1", "password-2", "password-3", "password-4"} {
		reset(t, s, next(i+1), password).Want(t, 200)
	}
	token := next(5)
	for _, old := range []string{"password-0", "password-1", "password-2", "password-3", "password-4"} {
		reset(t, s, token, old).Want(t, 400)
	}
	reset(t, s, token, "password-5").Want(t, 200)
}

// TestResetRace: of many requests with the same token exactly one succeeds.
func TestResetRace(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	s.SignUp(t, "racer", "racer@example.test", "s3cret!")
	forgot(t, s, "racer@example.test")
	_, token := s.Mail.Link(t, "racer@example.test", "/reset", 1)
	var won, other atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			r, err := s.API().Do("POST", "/api/reset-password", object{"token": token, "new_password": "won-" + harness.Random(10)}, nil)
			switch {
			case err == nil && r.Status == 200:
				won.Add(1)
			case err != nil || r.Status != 400 && r.Status != 503:
				other.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || other.Load() != 0 {
		t.Errorf("%d requests succeeded, %d ended otherwise", won.Load(), other.Load())
	}
}

// TestOutboxOutlives: neither a mail server that is away, nor one that defers, breaks or hangs, nor a restart, loses a mail.
func TestOutboxOutlives(t *testing.T) {
	for name, trouble := range map[string]struct{ begin, end func(*harness.Mail) }{
		"down":  {func(m *harness.Mail) { m.Down() }, func(m *harness.Mail) { m.Up(t) }},
		"defer": {func(m *harness.Mail) { m.Set(harness.Defer) }, func(m *harness.Mail) { m.Set(harness.Accept) }},
		"hang":  {func(m *harness.Mail) { m.Set(harness.Hang) }, func(m *harness.Mail) { m.Set(harness.Accept) }},
		"die":   {func(m *harness.Mail) { m.Set(harness.DieInData) }, func(m *harness.Mail) { m.Set(harness.Accept) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := harness.Start(t, harness.Options{Config: object{"mail.smtp.timeout": "1s"}})
			s.SignUp(t, "patient", "patient@example.test", "s3cret!")
			s.Mail.Wait(t, "patient@example.test", "/verify", 1)
			trouble.begin(s.Mail)
			begun := time.Now()
			forgot(t, s, "patient@example.test")
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("the answer waited %v for the mail server", took)
			}
			harness.Until(t, 30*time.Second, "a try failed", func() error {
				if m := s.Metrics(t); m.Sum("latchkey_outbox_failing") < 1 {
					return errors.New("no failure counted")
				}
				return nil
			})
			s.Stop(t)
			trouble.end(s.Mail)
			s.Launch(t)
			s.WaitReady(t)
			_, token := s.Mail.Link(t, "patient@example.test", "/reset", 1)
			reset(t, s, token, "brand-new-1").Want(t, 200)
		})
	}
}

// TestMailRefusedForGood: what the mail server refuses with 5xx is given up, said so in the log without the address' link, and not tried again.
func TestMailRefusedForGood(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	s.Mail.Set(harness.Reject)
	s.SignUp(t, "refused", "refused@example.test", "s3cret!")
	harness.Until(t, 20*time.Second, "the mail is given up", func() error {
		m := s.Metrics(t)
		if !strings.Contains(s.Logs(), "mail given up") || m.Sum("latchkey_outbox_waiting") != 0 {
			return errors.New("not yet")
		}
		return nil
	})
	if tries, _, _ := s.Mail.Tries(); tries != 1 {
		t.Errorf("%d tries", tries)
	}
}

// TestMailWithLogin sends through a server that asks for STARTTLS and a password.
func TestMailWithLogin(t *testing.T) {
	cert := harness.NewCertificate(t, "mail")
	m := harness.NewMail(t, harness.MailOptions{Certificate: cert, Username: "latchkey", Password: "smtp-password-1"})
	s := harness.Start(t, harness.Options{Mail: m, Env: []string{"SSL_CERT_FILE=" + cert.CertFile, "LATCHKEY_MAIL_SMTP_PASSWORD=smtp-password-1"},
		Config: object{"mail.smtp.tls": "starttls", "mail.smtp.username": "latchkey"}})
	s.SignUp(t, "secure", "secure@example.test", "s3cret!")
	s.Mail.Wait(t, "secure@example.test", "/verify", 1)
	if _, logins, secure := m.Tries(); logins < 1 || secure < 1 {
		t.Errorf("%d log-ins, %d letters through TLS", logins, secure)
	}
}

// TestForgotTakesTheSameTime compares known and unknown addresses loosely: what differs by a hash or a mail would differ by far more.
func TestForgotTakesTheSameTime(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	const n = 12
	for i := range n {
		s.SignUp(t, "timed"+string(rune('a'+i)), "timed"+string(rune('a'+i))+"@example.test", "s3cret!")
	}
	median := func(prefix string) time.Duration {
		var took []time.Duration
		for i := range n {
			begun := time.Now()
			forgot(t, s, prefix+string(rune('a'+i))+"@example.test")
			took = append(took, time.Since(begun))
		}
		return harness.Median(took)
	}
	known, unknown := median("timed"), median("stranger")
	t.Logf("median of a known address %v, of an unknown one %v", known, unknown)
	for _, l := range []string{"strangera", "strangerb"} {
		if n := len(s.Mail.To(l + "@example.test")); n != 0 {
			t.Errorf("%d mails to somebody without an account", n)
		}
	}
}
