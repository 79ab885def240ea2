package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"latchkey/e2e/harness"
)

// mailCode is the code of the n-th letter with a link of that path, without the space in it.
func mailCode(t testing.TB, s *harness.Server, to, path string, n int) string {
	t.Helper()
	l := s.Mail.Wait(t, to, path, n)
	m := regexp.MustCompile(`(?m)^(\d{4}) ?(\d{4})\r?$`).FindStringSubmatch(l.Text)
	if m == nil {
		t.Fatalf("no code in the mail:\n%s", l.Text)
	}
	return m[1] + m[2]
}

// register signs somebody up through the pages and proves the address by the code of the mail.
func register(t testing.TB, s *harness.Server, email, password string) *harness.Browser {
	t.Helper()
	b := s.Browser(t)
	b.Open("/signup").Submit("/signup", map[string]string{"email": email, "password": password}).At("/signup/sent", 200)
	return b.Submit("/signup/code", map[string]string{"code": mailCode(t, s, email, "/verify", 1)}).At("/account", 200)
}

// TestClockCannotBeMoved: what moves the clock is in no program that people run.
func TestClockCannotBeMoved(t *testing.T) {
	for _, row := range []struct {
		name, binary string
		want         bool
	}{{"normal", harness.Binary(t), false}, {"movable", harness.BuildMovable(t), true}} {
		text, err := os.ReadFile(row.binary)
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Contains(text, []byte("LATCHKEY_CLOCK_FILE")); got != row.want {
			t.Errorf("the %s program knows the variable: %t", row.name, got)
		}
	}
}

// TestEmailChange goes by real mails, in browsers without script.
func TestEmailChange(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	register(t, s, "rival@example.test", "some unrelated words")
	b := register(t, s, "mona@example.test", "some unrelated words")
	second := s.Browser(t).SignIn("mona@example.test", "some unrelated words")
	b.Open("/account/email").At("/account/email", 200)
	b.Submit("/account/email", map[string]string{"email": "nope"}).At("/account/email", 422)
	b.Submit("/account/email", map[string]string{"email": "rival@example.test"}).At("/account/email", 200)
	taken := b.Text()
	s.Mail.Wait(t, "mona@example.test", "/not-me", 2) // the second browser was one
	b.Submit("/account/email/cancel", nil).At("/account/email", 200)
	b.Submit("/account/email", map[string]string{"email": "mona@new.example.test"}).At("/account/email", 200)
	if free := b.Text(); strings.ReplaceAll(taken, "rival@example.test", "X") != strings.ReplaceAll(free, "mona@new.example.test", "X") {
		t.Errorf("a taken address is answered differently:\n%s\n%s", taken, free)
	}
	link, _ := s.Mail.Link(t, "mona@new.example.test", "/email/confirm", 1)
	s.Browser(t).Open(link).At("/email/confirm", 200).Submit("/email/confirm", nil).At("/email/confirm", 200)
	b.Open("/account").At("/account", 200)
	second.Open("/account").At("/login", 200)
	for _, l := range s.Mail.To("rival@example.test") {
		if strings.Contains(l.Text, "/email/confirm") {
			t.Error("the owner of another account was asked to confirm")
		}
	}
	undo, _ := s.Mail.Link(t, "mona@example.test", "/email/undo", 1)
	s.Browser(t).Open(undo).At("/email/undo", 200).Submit("/email/undo", nil).At("/email/undo", 200)
	b.Open("/account").At("/login", 200)
	s.Browser(t).SignIn("mona@example.test", "some unrelated words")
	if dead := s.Browser(t).Open(undo); dead.Status != 410 {
		t.Errorf("the link was good twice: %d", dead.Status)
	}
}

// TestSignInByMail: the code in the browser that asked, the link in any, and not again within a minute.
func TestSignInByMail(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	register(t, s, "lena@example.test", "some unrelated words")
	b := s.Browser(t)
	b.Open("/login").Follow("/login/mail").At("/login/mail", 200)
	b.Submit("/login/mail", map[string]string{"email": "lena@example.test"}).At("/login/mail/sent", 200)
	known := b.Text()
	nobody := s.Browser(t)
	nobody.Open("/login/mail").Submit("/login/mail", map[string]string{"email": "lana@example.test"}).At("/login/mail/sent", 200)
	if nobody.Text() != known {
		t.Errorf("an unknown address is answered differently:\n%s\n%s", nobody.Text(), known)
	}
	b.Submit("/login/mail/again", nil).At("/login/mail/again", 429)
	code := mailCode(t, s, "lena@example.test", "/login/mail/link", 1)
	nobody.Submit("/login/mail/code", map[string]string{"code": code}).At("/login/mail/code", 422)
	b.Submit("/login/mail/code", map[string]string{"code": "1234"}).At("/login/mail/code", 422)
	b.Submit("/login/mail/code", map[string]string{"code": code[:4] + " " + code[4:]}).At("/account", 200)
	link, _ := s.Mail.Link(t, "lena@example.test", "/login/mail/link", 1)
	if spent := s.Browser(t).Open(link); spent.Status != 410 {
		t.Errorf("the link works beside the code: %d", spent.Status)
	}
	// A whole request of an application goes through the mail, in the browser that began it.
	s2 := harness.Start(t, harness.Options{})
	register(t, s2, "lena@example.test", "some unrelated words")
	f, app := harness.NewFlow(harness.WebID, harness.WebSecret, false), s2.Browser(t)
	app.Open(f.Path("openid profile", nil)).At("/login", 200).Follow("/login/mail").Submit("/login/mail", map[string]string{"email": "lena@example.test"})
	link, _ = s2.Mail.Link(t, "lena@example.test", "/login/mail/link", 1)
	app.Open(link).At("/login/mail/link", 200).Submit("/login/mail/link", nil).At("/consent", 200)
}

// TestInvited: by command, where sign-up is for the invited.
func TestInvited(t *testing.T) {
	s := harness.Start(t, harness.Options{Config: object{"accounts.signup": "invite", "accounts.setup": "off"}})
	b := s.Browser(t)
	if b.Open("/signup"); b.Status != 403 || !strings.Contains(b.Text(), "by invitation") {
		t.Errorf("sign-up: %d %s", b.Status, b.Text())
	}
	if b.Open("/setup"); b.Status != 404 {
		t.Errorf("set-up: %d", b.Status)
	}
	out, bad, code := s.Run(t, "users", "invite", "guest@example.test", "--name", "Guest", "--groups", "staff", "--output", "json")
	var made struct {
		Email  string   `json:"email"`
		Groups []string `json:"groups"`
	}
	if err := json.Unmarshal([]byte(out), &made); err != nil || code != 0 || made.Email != "guest@example.test" || len(made.Groups) != 1 {
		t.Fatalf("%d %s %s %v", code, out, bad, err)
	}
	link, token := s.Mail.Link(t, "guest@example.test", "/invite", 1)
	b.Open(link).At("/invite", 200)
	if strings.Contains(b.URL.String(), token) {
		t.Error("the token stayed in the address")
	}
	b.Submit("/invite", map[string]string{"full_name": "", "password": "x"}).At("/invite", 422)
	b.Submit("/invite", map[string]string{"full_name": "Guest G.", "password": "some unrelated words"}).At("/account", 200)
	if b.Open(link); b.Status != 410 {
		t.Errorf("the invitation was good twice: %d", b.Status)
	}
	if _, bad, code := s.Run(t, "users", "invite", "guest@example.test"); code == 0 || !strings.Contains(bad, "taken") {
		t.Errorf("invited again: %d %s", code, bad)
	}
}

// TestFirstRun: the code of the log makes the first account, once.
func TestFirstRun(t *testing.T) {
	s := harness.Start(t, harness.Options{Config: object{"accounts.signup": "closed", "accounts.setup_groups": []string{"admins"}}})
	m := regexp.MustCompile(`"setup_code":"([A-Z2-7-]{19})"`).FindStringSubmatch(s.Logs())
	if m == nil {
		t.Fatalf("no code in the log:\n%s", s.Logs())
	}
	b := s.Browser(t)
	b.Open("/setup").At("/setup", 200)
	b.Submit("/setup", map[string]string{"code": "AAAA-AAAA-AAAA-AAAA", "email": "root@example.test", "full_name": "Root", "password": "some unrelated words"}).At("/setup", 422)
	b.Submit("/setup", map[string]string{"code": strings.ToLower(m[1]), "email": "root@example.test", "full_name": "Root", "password": "some unrelated words"}).At("/login", 200)
	b.Submit("/login", map[string]string{"username": "root@example.test", "password": "some unrelated words"}).At("/account", 200)
	if b.Open("/setup"); b.Status != 404 {
		t.Errorf("still open: %d", b.Status)
	}
	if out, _, _ := s.Run(t, "users", "show", "root@example.test", "--output", "json"); !strings.Contains(out, "admins") || !strings.Contains(out, `"email_verified": true`) {
		t.Errorf("the first account is %s", out)
	}
	s.Stop(t)
	before := len(s.Logs())
	s.Launch(t)
	s.WaitReady(t)
	if strings.Contains(s.Logs()[before:], "setup_code") {
		t.Error("the code is shown again")
	}
}

// TestTermsAtSignIn: a new version is asked for at the next sign-in; who declines is signed out, and the application hears of it.
func TestTermsAtSignIn(t *testing.T) {
	s := harness.Start(t, harness.Options{Config: object{"web.terms_url": "https://terms.example.test/", "accounts.terms.version": "1"}})
	register(t, s, "tess@example.test", "some unrelated words") // sign-up accepts what it shows
	s.Stop(t)
	s.Config["accounts.terms.version"] = "2"
	s.WriteConfig(t)
	s.Launch(t)
	s.WaitReady(t)
	in := map[string]string{"username": "tess@example.test", "password": "some unrelated words"}
	f, b := harness.NewFlow(harness.WebID, harness.WebSecret, false), s.Browser(t)
	b.Open(f.Path("openid", nil)).At("/login", 200).Submit("/login", in).At("/terms/accept", 200)
	if left := b.Submit("/terms/decline", nil).Left(harness.Callback); left.Get("error") != "access_denied" {
		t.Errorf("left for %s", left)
	}
	b = s.Browser(t)
	b.Open("/login").Submit("/login", in).At("/terms/accept", 200).Submit("/terms/accept", nil).At("/account", 200)
	s.Browser(t).SignIn("tess@example.test", "some unrelated words")
}
