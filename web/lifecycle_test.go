package web

import (
	"slices"
	"testing"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

func (b *bench) did(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(b.life.asked, want) {
		t.Errorf("asked for %q, want %q", b.life.asked, want)
	}
	b.life.asked = nil
}

func TestEmailPage(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/account/email").goes("/login?return=%2Faccount%2Femail")
	b.get(t, "/account/email", signedIn).status(200).says("Email address", "ada.byron@example.com", "Send the link")
	b.get(t, "/account/email/change", signedIn).goes("/account/email")
	b.post(t, "/account/email", form("email", " ada@new.example "), signedIn).goes("/account/email?notice=email_asked")
	b.did(t, "change s1 ada@new.example")
	b.life.pending = &account.PendingEmail{Email: "ada@new.example", ExpiresAt: at("2026-11-22T21:00:00Z")}
	b.get(t, "/account/email?notice=email_asked", signedIn).status(200).says("ada@new.example", "Cancel this change", "Open it to finish")
	b.post(t, "/account/email/cancel", form(), signedIn).goes("/account/email?notice=email_cancelled")
	b.did(t, "cancel")
	b.life.err = invalid("email", account.SameValue)
	b.post(t, "/account/email", form("email", "ada.byron@example.com"), signedIn).status(422).says("This is your address already").holds(`value="ada.byron@example.com"`)
	b.life.err = refusal(account.Throttled)
	b.post(t, "/account/email", form("email", "x@example.com"), signedIn).status(429)
	b.life.err = refusal(account.Gone)
	b.post(t, "/account/email", form("email", "x@example.com"), signedIn).goes("/login")
	b.life.asked, b.life.err = nil, nil

	b.second.recent = func(storage.Account, storage.Session) bool { return false }
	b.get(t, "/account/email", signedIn).status(200).says("Confirm it is you").lacks(`name="email"`)
	b.get(t, "/account/email/change", signedIn).goes("/reauth?return=%2Faccount%2Femail")
	b.post(t, "/account/email", form("email", "x@example.com"), signedIn).goes("/reauth?return=%2Faccount%2Femail")
	b.did(t)
}

func TestMailedLinks(t *testing.T) {
	for _, row := range []struct{ page, says, done, verb string }{
		{"/email/confirm", "ada@new.example", "Your address is changed", "confirm good"},
		{"/email/undo", "Bring your address back", "Your address is back", "undo good"},
		{"/recovery/stop", "Stop the recovery", "The recovery is stopped", "stop good"},
		{"/recovery/finish", "Take your second factor away", "Your second factor is taken away", "finish good"},
	} {
		t.Run(row.page, func(t *testing.T) {
			b := newBench(t, sampleIssuer)
			b.get(t, row.page+"?token=good").status(200).says(row.says).holds(`name="token" value="good"`, `method="post"`)
			b.did(t) // a GET used nothing
			b.post(t, row.page, form("token", "good")).status(200).says(row.done)
			b.did(t, row.verb)
			b.get(t, row.page+"?token=bad").status(410).says("This link no longer works")
			b.post(t, row.page, form("token", "bad")).status(410)
			b.life.err = refusal(account.Throttled)
			b.post(t, row.page, form("token", "good")).status(429)
			b.life.err = storage.ErrUnavailable
			b.post(t, row.page, form("token", "good")).status(500)
		})
	}
	b := newBench(t, sampleIssuer)
	b.life.err = refusal(account.EmailTaken)
	b.post(t, "/email/confirm", form("token", "good")).status(410).says("Another account has it by now")
	b.post(t, "/email/undo", form("token", "good")).status(410).says("Another account has confirmed")
	b.life.err = refusal(account.TooEarly)
	b.get(t, "/recovery/finish?token=good").status(409).says("not over yet")
}

func TestSignInByMail(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/login/mail?flow=f1").status(200).says("Sign in by email", "Email me a link")
	b.post(t, "/login/mail", form("email", "nope")).status(422).says("correct format")
	sent := b.post(t, "/login/mail", form("email", " ada@example.com ", "flow", "f1", "remember", "1")).goes("/login/mail/sent?flow=f1")
	if c := sent.sets("lk_mail"); c.Value != "ticket" || c.Path != "/login/mail" || !c.HttpOnly || c.MaxAge != 900 {
		t.Errorf("cookie %+v", c)
	}
	b.did(t, "mail ada@example.com f1 ask-signin")
	const waits = "lk_mail=ticket"
	b.get(t, "/login/mail/sent").goes("/login/mail")
	b.get(t, "/login/mail/sent?flow=f1", waits).status(200).says("If a•••@example.com has an account", "A new mail can be sent in 60 seconds").
		holds(`autocomplete="one-time-code"`, `inputmode="numeric"`).lacks("ada@example.com")
	b.post(t, "/login/mail/again", form("flow", "f1"), waits).status(429).says("Wait 60 seconds")
	b.did(t)
	b.life.lastAsk.At = b.life.now.Add(-time.Minute)
	b.post(t, "/login/mail/again", form("flow", "f1"), waits).goes("/login/mail/sent?notice=again&flow=f1")
	b.did(t, "mail ada@example.com f1 ask-signin")

	b.post(t, "/login/mail/code", form("code", "11112222", "flow", "f1"), waits).status(422).says("That code is not right")
	b.post(t, "/login/mail/code", form("flow", "f1"), waits).status(422).says("Enter the 8-digit code")
	b.post(t, "/login/mail/code", form("code", "12345678")).goes("/login/mail") // a browser that did not ask
	b.life.asked = nil
	b.post(t, "/login/mail/code", form("code", "12345678", "flow", "f1"), waits, "lk_known=token").goes("/authorize?flow=f1").sets("sid")
	b.did(t, "code ask-signin 12345678")
	if !b.life.entry.Persistent || b.life.entry.DeviceToken != "token" {
		t.Errorf("keep me signed in, or the known browser, is lost: %+v", b.life.entry)
	}
	b.life.err = refusal(account.CodeVoid)
	b.post(t, "/login/mail/code", form("code", "12345678"), waits).status(422).says("too many wrong codes")
	b.life.err = &account.Refusal{Kind: account.StepNeeded, Step: &account.Step{Ticket: "step", Need: account.NeedSecond, ExpiresAt: b.life.now.Add(time.Minute)}}
	b.post(t, "/login/mail/code", form("code", "12345678", "flow", "f1"), waits).goes("/login/otp?flow=f1").sets("lk_step")
	b.life.err = nil

	b.get(t, "/login/mail/link?token=good").status(200).says("ada.byron@example.com").holds(`method="post"`)
	b.life.asked = nil
	b.post(t, "/login/mail/link", form("token", "good")).goes("/account").sets("sid")
	b.did(t, "link good")
	b.life.flow = "f1"
	b.post(t, "/login/mail/link", form("token", "good")).goes("/authorize?flow=f1")
	b.life.flow = "of another browser"
	b.post(t, "/login/mail/link", form("token", "good")).goes("/account")
	b.get(t, "/login/mail/link?token=bad").status(410)
	b.post(t, "/login/mail/link", form("token", "bad")).status(410).says("Email me a new link")
}

func TestSignUpCode(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.life.lastAsk = account.Ask{ID: "ask", Email: "ada@example.com", At: b.life.now}
	const waits = "lk_sent=ticket"
	b.post(t, "/signup/code", form("code", "12345678")).goes("/signup/sent")
	b.post(t, "/signup/code", form("code", "12345678", "flow", "f1"), waits).goes("/login?notice=verified&flow=f1")
	b.did(t, "verify ask 12345678")
	b.post(t, "/signup/code", form(), waits).status(422).says("Enter the 8-digit code")
	b.post(t, "/signup/code", form("code", "1"), waits).status(422).says("not right or has expired")
	b.life.err = refusal(account.CodeVoid)
	b.post(t, "/signup/code", form("code", "12345678"), waits).status(422).says("Send a new mail")
}

func TestLostFactors(t *testing.T) {
	b := newBench(t, sampleIssuer)
	const step = "lk_step=step"
	b.get(t, "/login/lost?flow=f1").goes("/login?flow=f1")
	b.life.need = account.NeedTerms
	b.get(t, "/login/lost", step).goes("/login")
	b.life.need = account.NeedSecond
	b.get(t, "/login/lost?flow=f1", step).status(200).says("recovery codes first", "a•••@example.com", "Start the wait of").lacks("ada.byron")
	b.did(t)
	b.post(t, "/login/lost", form("flow", "f1"), step).status(200).says("The wait has begun")
	b.did(t, "begin step")
	b.life.waits = &account.Recovery{ReadyAt: b.life.now.Add(time.Hour)}
	b.get(t, "/login/lost", step).status(200).says("The wait has begun").lacks("Start the wait")
	b.get(t, "/account/email", signedIn).status(200).says("wants to sign in without your second factor", "Stop this")
	b.post(t, "/account/recovery/stop", form(), signedIn).goes("/account/password?notice=recovery_stopped")
	b.did(t, "stop")
	b.life.waits = nil
	b.get(t, "/account/email", signedIn).status(200).lacks("Stop this")
	b.life.err = refusal(account.NoAddress)
	b.post(t, "/login/lost", form(), step).status(200).says("no confirmed email address")
	b.life.err = refusal(account.Throttled)
	b.post(t, "/login/lost", form(), step).status(429)
	b.life.step.EmailVerified = false
	b.get(t, "/login/lost", step).status(200).says("no confirmed email address").lacks("Start the wait")
	b.Site.RecoveryWait = 0
	b.get(t, "/login/lost", step).status(200).says("no other way").lacks("Start the wait")
}

func TestInvitation(t *testing.T) {
	b := newBench(t, sampleIssuer)
	if c := b.get(t, "/invite?token=good").goes("/invite").sets("lk_invite"); c.Value != "good" || c.Path != "/invite" {
		t.Errorf("cookie %+v", c)
	}
	const cookie = "lk_invite=good"
	b.get(t, "/invite", cookie).status(200).says("Welcome to Latchkey", "ada.byron@example.com").holds(`name="full_name"`, `autocomplete="new-password"`).lacks(`name="email"`, "(optional)")
	b.get(t, "/invite").status(410).says("new invitation")
	b.post(t, "/invite", form("full_name", " Ada ", "password", "typed secret"), cookie).goes("/account?notice=welcome").sets("sid")
	b.did(t, "accept good Ada")
	b.post(t, "/invite", form("full_name", "Ada", "password", "typed secret"), cookie, signedIn).goes("/account?notice=welcome").sets("sid") // was somebody else
	b.life.entered = &account.Refusal{Kind: account.StepNeeded, Step: &account.Step{Ticket: "step", Need: account.NeedEnrol, ExpiresAt: b.life.now.Add(time.Minute)}}
	b.post(t, "/invite", form("full_name", "Ada", "password", "typed secret"), cookie).goes("/login/enrol").sets("lk_step")
	b.life.entered = refusal(account.WrongCredentials)
	b.post(t, "/invite", form("full_name", "Ada", "password", "typed secret"), cookie).goes("/login?other=1&notice=invited").sets("lk_hint")
	b.life.entered = nil
	b.life.err = invalid("password", account.TooShort)
	b.post(t, "/invite", form("full_name", "Ada", "password", "typed"), cookie).status(422).says("8 characters or more").holds(`value="Ada"`).lacks("typed")
	b.life.err = refusal(account.BadToken)
	b.post(t, "/invite", form("full_name", "Ada", "password", "typed secret"), cookie).status(410)
}

func TestTerms(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.Site.TermsURL, b.life.version = "https://terms.example/", "7"
	const step = "lk_step=step"
	b.get(t, "/terms/accept").goes("/login")
	b.life.need = account.NeedTerms
	b.get(t, "/terms/accept?flow=f1", step).status(200).says("Our terms have changed", "version 7").holds(`href="https://terms.example/"`)
	b.post(t, "/terms/accept", form("version", "7", "flow", "f1"), step).goes("/authorize?flow=f1").sets("sid")
	b.did(t, "terms step 7")
	b.life.err = refusal(account.TermsOld)
	b.post(t, "/terms/accept", form("version", "6"), step).status(422).says("changed again")
	b.life.err = refusal(account.StepGone)
	b.post(t, "/terms/accept", form("version", "7"), step).goes("/login")
	b.post(t, "/terms/decline", form("flow", "f1"), step).status(418) // the application is told
	out := ""
	b.verbs.signOut = func(sid string) error { out = sid; return nil }
	b.post(t, "/terms/decline", form(), step, signedIn).goes("/login?notice=declined")
	if out != "s1" {
		t.Errorf("signed out %q", out)
	}
}

func TestFirstRun(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/setup").status(404)
	b.post(t, "/setup", form("code", "x")).status(404)
	b.life.open = true
	b.get(t, "/setup").status(200).says("Set up Latchkey", "in the log of the server")
	b.post(t, "/setup", form("code", " AAAA-BBBB ", "email", "a@example.com", "full_name", "A", "password", "typed secret")).goes("/login?notice=setup")
	if in := b.life.setUpWith; in.Code != "AAAA-BBBB" || in.Email != "a@example.com" || in.FullName != "A" || in.Password != "typed secret" {
		t.Errorf("set up with %+v", in)
	}
	b.life.err = invalid("code", account.WrongSetup)
	b.post(t, "/setup", form("code", "x", "email", "a@example.com", "password", "typed secret")).status(422).says("not the code in the log").holds(`value="a@example.com"`).lacks("typed secret")
	b.life.err = refusal(account.SetupTaken)
	b.post(t, "/setup", form("code", "x")).status(422).says("Somebody else")
	b.life.err = refusal(account.Gone)
	b.post(t, "/setup", form("code", "x")).status(404)
}
