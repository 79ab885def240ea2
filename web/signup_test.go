package web

import (
	"strings"
	"testing"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

func TestSignUp(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/signup?flow=f1").status(200).says("Create your account", "Full name (optional)", "Username (optional)", "8 characters or more").
		holds(`data-check="/api/signup/check"`, `minlength="8"`, `passwordrules="minlength: 8;`, `autocomplete="new-password"`, `novalidate`, `href="/login?flow=f1"`).
		lacks("terms of service")
	var got account.SignUp
	b.verbs.signUp = func(in account.SignUp) (account.SignedIn, error) { got = in; return account.SignedIn{}, nil }
	in := form("email", " new@example.com ", "password", " pass word ", "username", "new_one", "full_name", "New One", "flow", "f1")
	ok := b.post(t, "/signup", in).goes("/signup/sent?flow=f1")
	want := account.SignUp{Dialect: account.Page, Username: "new_one", Email: "new@example.com", FullName: "New One", Password: " pass word ", Caller: got.Caller, NoSession: true, Flow: "f1"}
	if got != want {
		t.Errorf("signed up with %+v", got)
	}
	c := ok.sets("lk_sent")
	if !c.HttpOnly || c.Path != "/" || c.Value != "ticket" || c.MaxAge != 86400 {
		t.Errorf("cookie %+v", c)
	}

	// Whether an address is known must not show: byte for byte the same answer.
	b.verbs.signUp = func(account.SignUp) (account.SignedIn, error) { return account.SignedIn{}, refusal(account.EmailTaken) }
	taken := b.post(t, "/signup", in).goes("/signup/sent?flow=f1")
	if taken.Body.String() != ok.Body.String() || strings.Join(taken.Header()["Set-Cookie"], "") != strings.Join(ok.Header()["Set-Cookie"], "") || len(taken.Header()) != len(ok.Header()) {
		t.Errorf("a known address is answered differently:\n%v\n%v", taken.Header(), ok.Header())
	}
}

func TestSignUpRefused(t *testing.T) {
	b := newBench(t, sampleIssuer)
	in := form("email", "x", "password", "secret-typed", "username", "u", "full_name", "N")
	refuse := func(err error) {
		b.verbs.signUp = func(account.SignUp) (account.SignedIn, error) { return account.SignedIn{}, err }
	}
	refuse(&account.Refusal{Kind: account.Invalid, Minimum: 12, Order: []string{"email", "password"},
		Fields: map[string]account.Problem{"password": account.TooShort, "email": account.Malformed, "username": account.Malformed}})
	v := b.post(t, "/signup", in).status(422).says("Error: Create your account", "correct format, like name@example.com", "Password must be 12 characters or more", "Username must be 3 to 20").
		holds(`href="#email"`, `href="#password"`, `href="#username"`, `value="x"`).lacks("secret-typed")
	if e, p := strings.Index(v.Body.String(), `href="#email"`), strings.Index(v.Body.String(), `href="#password"`); e > p {
		t.Error("the summary is not in the order of the refusal")
	}
	refuse(refusal(account.UsernameTaken))
	b.post(t, "/signup", in).status(422).says("That username is taken").holds(`href="#username"`)
	refuse(refusal(account.Throttled))
	b.post(t, "/signup", in).status(429).says("Too many attempts")
	refuse(refusal(account.Busy))
	b.post(t, "/signup", in).status(503).says("very busy")
	refuse(refusal(account.SignUpClosed))
	b.post(t, "/signup", in).status(403).says("Sign-up is closed")
	refuse(storage.ErrUnknown)
	b.post(t, "/signup", in).status(500)

	b.Site.SignUpOpen = false
	b.get(t, "/signup").status(403).says("Sign-up is closed")
	b.post(t, "/signup", in).status(403)
	b.get(t, "/login").status(200).lacks("/signup")
}

func TestCheckYourInbox(t *testing.T) {
	b := newBench(t, sampleIssuer)
	const cookie = "lk_sent=ticket"
	b.life.lastAsk = account.Ask{ID: "ask", Email: "ada.byron@example.com", At: at("2026-11-21T20:58:00Z")}
	b.get(t, "/signup/sent?flow=f1", cookie).status(200).says("We sent a link to a•••@example.com. It works for 24 hours.", "Send again", "Change address", "can be sent now").holds(`autocomplete="one-time-code"`).lacks("ada.byron", `type="email"`)
	b.get(t, "/signup/sent").status(200).says("Get a new link").holds(`name="email"`)
	for _, broken := range []string{"%%%", strings.Repeat("A", 400), "bm8tYXQ"} {
		b.get(t, "/signup/sent", "lk_sent="+broken).status(200).says("Get a new link")
	}
	var email, flow string
	b.verbs.resend = func(e, f string) error { email, flow = e, f; return nil }
	b.post(t, "/signup/sent", form("flow", "f1"), cookie).goes("/signup/sent?notice=again&flow=f1")
	if email != "ada.byron@example.com" || flow != "f1" {
		t.Errorf("sent again to %q for %q", email, flow)
	}
	b.post(t, "/signup/sent", form("flow", "f1"), cookie).status(429).says("Wait 60 seconds") // the answer before began another wait
	b.post(t, "/signup/sent", form("email", "other@example.com")).goes("/signup/sent?notice=again").sets("lk_sent")
	b.post(t, "/signup/sent", form()).status(422).says("Enter your email address")
	b.verbs.resend = func(string, string) error { return refusal(account.Throttled) }
	b.life.lastAsk.At = at("2026-11-21T20:58:00Z")
	b.post(t, "/signup/sent", form(), cookie).status(429).says("Too many attempts")
	b.post(t, "/signup/sent", form("email", "x"), cookie).status(422).says("correct format").holds(`href="#email"`, `value="x"`)
}

func TestVerify(t *testing.T) {
	b := newBench(t, sampleIssuer)
	spent := false
	b.verbs.verify = func(string) (storage.Account, string, error) { spent = true; return ada(), "", nil }
	b.get(t, "/verify?token=good&flow=f1").status(200).says("Confirm your email address", "ada.byron@example.com").holds(`name="token" value="good"`, `method="post"`)
	if spent {
		t.Fatal("a GET used the token: a mail scanner would have")
	}
	b.post(t, "/verify", form("token", "good")).goes("/login?notice=verified")
	b.post(t, "/verify", form("token", "good"), signedIn).goes("/account?notice=confirmed")
	b.post(t, "/verify", form("token", "good", "flow", "f1")).goes("/login?notice=verified&flow=f1")
	b.post(t, "/verify", form("token", "good", "flow", "f1"), signedIn).goes("/authorize?flow=f1")
	b.post(t, "/verify", form("token", "good", "flow", "of another browser")).goes("/login?notice=verified")
	b.verbs.verify = func(string) (storage.Account, string, error) { return ada(), "f1", nil }
	b.post(t, "/verify", form("token", "good")).goes("/login?notice=verified&flow=f1")

	b.verbs.verify = func(string) (storage.Account, string, error) { return storage.Account{}, "", refusal(account.BadToken) }
	b.post(t, "/verify", form("token", "x")).status(410).says("This link no longer works", "Send a new link").holds(`href="/signup/sent"`)
	b.get(t, "/verify").status(410)
	b.get(t, "/verify?token=x", signedIn).status(410)
	b.verbs.account = func(int64) (storage.Account, error) { a := ada(); a.EmailVerified = true; return a, nil }
	b.get(t, "/verify?token=x", signedIn).status(200).says("Already confirmed")
	b.verbs.peekVerify = func(string) (string, error) { return "", refusal(account.AlreadyVerified) }
	b.get(t, "/verify?token=x").status(200).says("Already confirmed", "Sign in").holds(`href="/login"`)
	b.verbs.verify = func(string) (storage.Account, string, error) {
		return storage.Account{}, "", refusal(account.AlreadyVerified)
	}
	b.post(t, "/verify", form("token", "x")).status(200).says("Already confirmed")
	b.verbs.peekVerify = func(string) (string, error) { return "", refusal(account.Throttled) }
	b.get(t, "/verify?token=x").status(429).says("Please try again later", "Wait 40 seconds")
	b.verbs.peekVerify = func(string) (string, error) { return "", storage.ErrUnavailable }
	b.get(t, "/verify?token=x").status(500)
}

// In another browser than the one that signed up the sign-in page has the address; in that one the person is in.
func TestVerifyGoesOn(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.verbs.verify = func(string) (storage.Account, string, error) { return ada(), "f1", nil }
	c := b.post(t, "/verify", form("token", "good")).goes("/login?notice=verified&flow=f1").sets("lk_hint")
	if c.Path != "/login" || !c.HttpOnly || c.MaxAge != 600 {
		t.Errorf("cookie %+v", c)
	}
	b.get(t, "/login?notice=verified&flow=f1", "lk_hint="+c.Value).status(200).holds(`value="ada.byron@example.com"`)
	b.get(t, "/login", "lk_hint=!").status(200)
	in := b.life.signed
	b.verbs.verified.SignedIn = &in
	b.post(t, "/verify", form("token", "good")).goes("/authorize?flow=f1").sets("sid")
	b.verbs.verify = func(string) (storage.Account, string, error) { return ada(), "", nil }
	b.post(t, "/verify", form("token", "good")).goes("/account?notice=confirmed").sets("sid")
	b.verbs.verified.SignedIn, b.verbs.verifyErr = nil, &account.Refusal{Kind: account.StepNeeded, Step: &account.Step{Ticket: "step", Need: account.NeedEnrol, ExpiresAt: b.life.now.Add(time.Minute)}}
	b.post(t, "/verify", form("token", "good")).goes("/login/enrol").sets("lk_step")
	b.verbs.verifyErr = refusal(account.WrongCredentials) // it changed while it was being proven
	b.post(t, "/verify", form("token", "good")).goes("/login?notice=verified")
}

// The address was proven by a mail that was asked for to sign in: what somebody had set before is gone, and the person is told.
func TestVerifyDisowned(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.verbs.verify = func(string) (storage.Account, string, error) { return ada(), "", nil }
	b.verbs.verified = account.Verified{Disowned: true}
	b.post(t, "/verify", form("token", "good")).status(200).says("Your address is confirmed", "everything that could sign in", "Sign in").holds(`href="/login"`)
	in := b.life.signed
	b.verbs.verified.SignedIn = &in
	b.post(t, "/verify", form("token", "good")).status(200).says("choose a password of your own").holds(`href="/account/password"`).sets("sid")
	b.post(t, "/verify", form("token", "good", "flow", "f1")).status(200).says("Continue").holds(`href="/authorize?flow=f1"`)
	b.verbs.verified.SignedIn, b.verbs.verifyErr = nil, &account.Refusal{Kind: account.StepNeeded, Step: &account.Step{Ticket: "step", Need: account.NeedEnrol, ExpiresAt: b.life.now.Add(time.Minute)}}
	b.post(t, "/verify", form("token", "good")).status(200).says("Continue").holds(`href="/login/enrol"`).sets("lk_step")
}

func TestForgot(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/forgot?flow=f1").status(200).says("Reset your password").holds(`autocomplete="username"`, `href="/login?flow=f1"`)
	var asked string
	b.verbs.forgot = func(e string) error { asked = e; return nil }
	b.post(t, "/forgot", form("email", " ada@example.com ", "flow", "f1")).goes("/forgot/sent?flow=f1")
	if asked != "ada@example.com" {
		t.Errorf("asked for %q", asked)
	}
	b.get(t, "/forgot/sent?flow=f1").status(200).says("If that address has an account, a link is on its way. It works for 15 minutes.")
	b.post(t, "/forgot", form()).status(422).says("Enter your email address")
	asked = ""
	b.post(t, "/forgot", form("email", "zzz")).status(422).says("correct format").holds(`value="zzz"`, `href="#email"`)
	if asked != "" {
		t.Error("what is no address was asked for")
	}
	b.verbs.forgot = func(string) error { return refusal(account.Throttled) }
	b.post(t, "/forgot", form("email", "z@z.example")).status(429)
	b.verbs.forgot = func(string) error { return storage.ErrUnavailable }
	b.post(t, "/forgot", form("email", "z@z.example")).status(500)
	b.Site.ResetOpen = false
	for _, v := range []visit{b.get(t, "/forgot"), b.post(t, "/forgot", form("email", "x")), b.get(t, "/reset?token=x"), b.post(t, "/reset", form())} {
		v.status(403).says("Passwords cannot be reset here")
	}
	b.get(t, "/login").status(200).lacks("/forgot")
}

func TestReset(t *testing.T) {
	b := newBench(t, sampleIssuer)
	c := b.get(t, "/reset?token=good").goes("/reset").sets("lk_reset")
	if c.Value != "good" || !c.HttpOnly || c.Path != "/reset" || c.MaxAge != 900 {
		t.Errorf("cookie %+v", c)
	}
	for _, token := range []string{"a%3B+b", "%22x%22", strings.Repeat("a", 600), "%0d%0a"} {
		if c := b.get(t, "/reset?token="+token).goes("/reset").sets("lk_reset"); c.Value != "-" {
			t.Errorf("cookie holds %q", c.Value)
		}
	}
	const cookie = "lk_reset=good"
	b.get(t, "/reset", cookie).status(200).says("Choose a new password", "ada.byron@example.com", "Sign out on every device").
		holds(`autocomplete="username" readonly`, `autocomplete="new-password"`).lacks("good")
	b.get(t, "/reset").status(410).says("This link no longer works").holds(`href="/forgot"`)

	var token, password string
	b.verbs.reset = func(tk, p string) (storage.Account, error) { token, password = tk, p; return ada(), nil }
	v := b.post(t, "/reset", form("password", " new pass ", "everywhere", "1"), cookie).goes("/login?notice=reset")
	if token != "good" || password != " new pass " || v.sets("lk_reset").MaxAge >= 0 {
		t.Errorf("reset with %q, %q", token, password)
	}
	b.post(t, "/reset", form(), cookie).status(422).says("Choose a password")
	b.post(t, "/reset", form("password", "x")).status(410)
	b.post(t, "/reset", form("password", "typed"), cookie).goes("/login?notice=reset")
	if got := b.life.asked; len(got) != 1 || got[0] != "reset only good" {
		t.Errorf("without the tick: %q", got)
	}
	refuse := func(err error) {
		b.verbs.reset = func(string, string) (storage.Account, error) { return storage.Account{}, err }
	}
	refuse(refusal(account.PasswordReused))
	b.post(t, "/reset", form("password", "typed", "everywhere", "1"), cookie).status(422).says("have not used here before").lacks("typed")
	refuse(invalid("password", account.TooShort))
	b.post(t, "/reset", form("password", "typed", "everywhere", "1"), cookie).status(422).says("8 characters or more")
	refuse(refusal(account.BadToken))
	b.post(t, "/reset", form("password", "typed", "everywhere", "1"), cookie).status(410)
	refuse(refusal(account.Busy))
	b.post(t, "/reset", form("password", "typed", "everywhere", "1"), cookie).status(503)
	refuse(storage.ErrUnknown)
	b.post(t, "/reset", form("password", "typed", "everywhere", "1"), cookie).status(500)
}

func TestNotMe(t *testing.T) {
	b := newBench(t, sampleIssuer)
	spent := 0
	b.verbs.revoke = func(string) error { spent++; return nil }
	b.get(t, "/not-me?token=good").status(200).says("Was that not you?", "Secure my account").holds(`value="good"`)
	if spent != 0 {
		t.Fatal("a GET used the token")
	}
	b.get(t, "/not-me").status(410)
	b.post(t, "/not-me", form("token", "good", "lock", "1")).status(200).says("Your account is secured", "signed out everywhere").holds(`href="/forgot"`)
	b.verbs.revoke = func(string) error { return refusal(account.BadToken) }
	b.post(t, "/not-me", form("token", "good")).status(200).says("stays signed in")
	if got := b.life.asked; spent != 1 || len(got) != 1 || got[0] != "stop all good" {
		t.Errorf("without the tick: %q", got)
	}
	b.post(t, "/not-me", form("token", "good", "lock", "1")).status(410).says("This link no longer works")
	b.verbs.revoke = func(string) error { return refusal(account.Throttled) }
	b.post(t, "/not-me", form("token", "good", "lock", "1")).status(429)
	b.verbs.revoke = func(string) error { return storage.ErrUnavailable }
	b.post(t, "/not-me", form("token", "good", "lock", "1")).status(500)
}
