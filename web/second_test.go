package web

import (
	"net/http"
	"testing"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

const inStep = "lk_step=step"

// TestSignInSteps walks the second step of a sign-in: what is asked, what is wrong, where it leads.
func TestSignInSteps(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.verbs.signIn = func(account.Credentials) (account.SignedIn, error) {
		return account.SignedIn{}, &account.Refusal{Kind: account.StepNeeded, Step: &account.Step{Ticket: "step", Need: account.NeedSecond, ExpiresAt: at("2026-11-21T21:10:00Z")}}
	}
	v := b.post(t, "/login", form("username", "ada@example.com", "password", "correct horse", "flow", "f1")).goes("/login/otp?flow=f1")
	if c := v.sets("lk_step"); c.Value != "step" || c.MaxAge != 600 || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("cookie %+v", c)
	}
	b.get(t, "/login/otp?flow=f1", inStep).status(200).says("Enter your code", "Do not ask again on this device for 30 days", "Use a recovery code", "Back to sign-in").
		holds(`autocomplete="one-time-code"`, `inputmode="numeric"`, `name="flow" value="f1"`, `href="/login/recovery?flow=f1"`)
	for _, code := range []string{"", "12345", "1234567", "12345x"} {
		b.post(t, "/login/otp", form("code", code, "flow", "f1"), inStep).status(422).says("Enter the 6-digit code from your app")
	}
	b.post(t, "/login/otp", form("code", "000000", "trust", "1"), inStep).status(422).says("That code is not right or has expired").holds("checked", `aria-invalid="true"`).lacks("000000")

	var proof account.Proof
	friendly := b.second.prove
	b.second.prove = func(ticket string, p account.Proof) (account.SignedIn, error) {
		proof = p
		in, err := friendly(ticket, p)
		in.Device = "known"
		return in, err
	}
	v = b.post(t, "/login/otp", form("code", "123 456", "trust", "1", "return", "/account/sessions"), inStep).goes("/account/sessions")
	if v.sets("sid").Value != "s1" || v.sets("lk_step").MaxAge >= 0 || !proof.Trust || proof.Code != "123456" {
		t.Errorf("proof %+v", proof)
	}
	if c := v.sets("lk_known"); c.Value != "known" || c.MaxAge != int(deviceAge/time.Second) || !c.HttpOnly {
		t.Errorf("cookie %+v", c)
	}
	b.post(t, "/login/otp", form("code", "123456", "flow", "f1"), inStep).goes("/authorize?flow=f1")
	b.post(t, "/login/otp", form("code", "123456", "return", "//evil.example"), inStep).goes("/account")

	for _, path := range []string{"/login/otp", "/login/recovery", "/login/enrol", "/login/enrol/app"} {
		b.get(t, path+"?flow=f1", "lk_step=old").goes("/login?notice=step_gone&flow=f1")
	}
	b.get(t, "/login?notice=step_gone").status(200).says("Sign in again")
	b.get(t, "/login/enrol", inStep).goes("/login/otp") // each step has its page
	b.second.prove = func(string, account.Proof) (account.SignedIn, error) {
		return account.SignedIn{}, refusal(account.Throttled)
	}
	b.post(t, "/login/otp", form("code", "123456"), inStep).status(429).says("Wait 40 seconds").
		holds(`role="status" data-wait="40" data-words="40 seconds"`, `&#34;one&#34;:&#34;{n} minute&#34;`, `data-over="You can try again now."></p>`)
	b.get(t, "/login/otp?flow=f1", inStep).lacks("data-wait").holds(`data-digits="6"`, `aria-describedby="code-hint code-sent code-msg"`)
}

func TestRecoveryCodePage(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.second.twoStep = func() (account.TwoStep, error) { return account.TwoStep{Since: sampleTime(), Codes: 5}, nil }
	b.get(t, "/login/recovery?flow=f1", inStep).status(200).says("Use a recovery code").holds(`autocomplete="off"`, `autocapitalize="characters"`, `href="/login/otp?flow=f1"`)
	b.post(t, "/login/recovery", form("code", ""), inStep).status(422).says("Enter a recovery code")
	b.post(t, "/login/recovery", form("code", "AAAA"), inStep).status(422).says("not right or was already used")
	b.post(t, "/login/recovery", form("code", "ABCD-EFGH-JKLM-NPQR", "flow", "f1"), inStep).goes("/authorize?flow=f1")
	b.second.twoStep = func() (account.TwoStep, error) { return account.TwoStep{Since: sampleTime(), Codes: 2}, nil }
	b.post(t, "/login/recovery", form("code", "ABCD-EFGH-JKLM-NPQR", "flow", "f1"), inStep).goes("/account/two-step?flow=f1")
	b.get(t, "/account/two-step?flow=f1", signedIn).status(200).says("You have 2 recovery codes left", "Make new codes").holds(`href="/authorize?flow=f1"`)
}

// TestDecline: who will not prove more says so to the dispatcher; without a flow there is nobody to tell.
func TestDecline(t *testing.T) {
	b := newBench(t, sampleIssuer)
	fl := notes()
	fl.StepUp, fl.TwoFactors, fl.MustTwo = true, true, true
	b.flows.open["f-two"] = fl
	b.get(t, "/login?flow=f-two", signedIn).goes("/login/otp?flow=f-two")
	peek := b.second.peek
	b.second.peek = func(ticket string) (account.StepView, error) {
		v, err := peek(ticket)
		v.Replace, v.Trust = "s1", 0
		return v, err
	}
	b.get(t, "/login/otp?flow=f-two", signedIn, inStep).status(200).says("Harbour Notes asks for a second step", "Cancel", "I cannot use any of these").
		holds(`href="/login/lost?flow=f-two"`).lacks("Do not ask again", "Back to sign-in")
	b.life.need = account.NeedSecond
	b.get(t, "/login/lost?flow=f-two", signedIn, inStep).status(200).says("Start the wait of", "Back to the second factor")
	b.post(t, "/login/lost", form("flow", "f-two"), signedIn, inStep).status(200).says("The wait has begun", "Back to Harbour Notes").
		holds(`action="/login/decline"`, `name="flow" value="f-two"`).lacks("Back to sign-in")
	b.post(t, "/login/decline", form("flow", "f-two"), signedIn, inStep).goes("/authorize?flow=f-two.declined.s1")
	b.post(t, "/login/decline", form("flow", "f-two"), inStep).goes("/authorize?flow=f-two.declined.")
	b.post(t, "/login/decline", form(), inStep).goes("/login")
	b.second.stepUp = func(must bool) error {
		if !must {
			t.Error("what must be is a wish")
		}
		return refusal(account.FactorUsed)
	}
	b.get(t, "/login?flow=f-two", signedIn).goes("/authorize?flow=f-two.declined.s1")
}

func TestEnrolment(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.second.peek = func(ticket string) (account.StepView, error) {
		if ticket != "step" {
			return account.StepView{}, refusal(account.StepGone)
		}
		return account.StepView{Account: ada(), Need: account.NeedEnrol, Methods: []account.Method{account.MethodTOTP}}, nil
	}
	b.get(t, "/login/otp", inStep).goes("/login/enrol")
	b.get(t, "/login/enrol?flow=f1", inStep).status(200).says("Set up a second step", "Back to sign-in").holds(`href="/login/enrol/app?flow=f1"`)
	b.get(t, "/login/enrol/app?flow=f1", inStep).status(200).says("JBSW Y3DP EHPK 3PXP", "Open an app on this device").
		holds(`class="qr"`, `role="img"`, `name="setup" value="setup"`, `href="otpauth://totp/Latchkey:ada.byron%40example.com?secret=`).lacks("data:")
	b.post(t, "/login/enrol/app", form("setup", "setup", "code", "000000", "flow", "f1"), inStep).status(422).says("That code is not right", "JBSW Y3DP EHPK 3PXP")
	v := b.post(t, "/login/enrol/app", form("setup", "setup", "code", "123456", "flow", "f1"), inStep).goes("/account/two-step/codes?flow=f1")
	if v.sets("sid").Value != "s1" || v.sets("lk_kept").Value != "kept" || v.sets("lk_kept").Path != "/account/two-step" {
		t.Error("cookies")
	}
	b.post(t, "/login/enrol/app", form("setup", "old", "code", "123456"), inStep).goes("/login?notice=step_gone")
	b.second.enrol = func(string, string, account.Proof) (account.SignedIn, string, error) {
		return account.SignedIn{}, "kept", &account.Refusal{Kind: account.StepNeeded, Step: &account.Step{Ticket: "next", Need: account.NeedTerms, ExpiresAt: at("2026-11-21T21:10:00Z")}}
	}
	if v := b.post(t, "/login/enrol/app", form("setup", "setup", "code", "123456"), inStep).goes("/terms/accept"); v.sets("lk_kept").Value != "kept" {
		t.Error("the recovery codes are lost where another step comes between")
	}
}

func TestTwoStepPages(t *testing.T) {
	b := newBench(t, sampleIssuer)
	const kept = "lk_kept=kept"
	for _, path := range []string{twoStepPage, appPage, codesPage, offPage} {
		b.get(t, path).goes(with("/login", "return", path))
	}
	b.get(t, twoStepPage, signedIn).status(200).says("Two-step sign-in", "Off", "Set up an app").lacks("Recovery codes")
	b.get(t, appPage, signedIn).status(200).says("JBSW Y3DP EHPK 3PXP").holds(`class="qr"`)
	b.post(t, appPage, form("setup", "setup", "code", "000000"), signedIn).status(422).says("That code is not right", "JBSW Y3DP EHPK 3PXP")
	b.post(t, appPage, form("setup", "old", "code", "123456"), signedIn).goes(appPage)
	if v := b.post(t, appPage, form("setup", "setup", "code", "123456"), signedIn).goes(codesPage); v.sets("lk_kept").Value != "kept" {
		t.Error("codes are not kept")
	}
	b.get(t, codesPage+"?flow=f1", signedIn, kept).status(200).says("Save your recovery codes", "K7QD-2MXA-5TLN-WFRC").holds(`name="flow" value="f1"`)
	b.get(t, codesPage+"?flow=f1", signedIn).goes("/authorize?flow=f1")
	b.get(t, codesPage, signedIn, "lk_kept=other").goes(twoStepPage)
	b.get(t, twoStepPage, signedIn, kept).status(200).says("Your new recovery codes are waiting")
	file := b.get(t, codesPage+".txt", signedIn, kept).status(200).says("K7QD-2MXA-5TLN-WFRC", "Y3MN-DHSB-6VJE-P2QX", "ada.byron@example.com")
	if h := file.Header(); h.Get("Content-Disposition") != `attachment; filename="recovery-codes.txt"` || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", h)
	}
	b.get(t, codesPage+".txt", signedIn).goes(twoStepPage)
	if v := b.post(t, codesPage, form("return", "/account/sessions"), signedIn, kept).goes("/account/sessions"); v.sets("lk_kept").MaxAge >= 0 {
		t.Error("the browser does not forget the codes")
	}
	b.post(t, codesPage+"/new", form(), signedIn).goes(codesPage)

	b.verbs.account = func(int64) (storage.Account, error) {
		a := ada()
		a.TOTP = &storage.TOTP{}
		return a, nil
	}
	b.get(t, offPage, signedIn).status(200).says("Turn two-step sign-in off?", "Keep it on")
	b.post(t, offPage, form(), signedIn).goes(twoStepPage + "?notice=twostep_off")
	b.second.remove = func() error { return refusal(account.FactorRequired) }
	b.post(t, offPage, form(), signedIn).status(422).says("required for your account")
}

// TestReauth: before what is dangerous, whoever did not sign in lately proves again who they are, and comes back to a page of ours alone.
func TestReauth(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.verbs.account = func(int64) (storage.Account, error) {
		a := ada()
		a.PasswordHash = "x"
		return a, nil
	}
	b.get(t, "/reauth?return=/account/two-step", signedIn).goes("/account/two-step")
	b.second.recent = func(storage.Account, storage.Session) bool { return false }
	for _, path := range []string{appPage, offPage} {
		b.get(t, path, signedIn).goes(with("/reauth", "return", path))
		b.post(t, path, form("setup", "setup", "code", "123456"), signedIn).goes(with("/reauth", "return", path))
	}
	b.post(t, codesPage+"/new", form(), signedIn).goes(with("/reauth", "return", twoStepPage))
	b.get(t, "/reauth?return="+offPage).goes(with("/login", "return", offPage))
	for ret, words := range map[string]string{offPage: "Before you change two-step sign-in", "/account/email": "Before you change your email address", "//evil.example": "Before you go on"} {
		b.get(t, "/reauth?return="+ret, signedIn).status(200).says("Confirm it is you", words, "Ada Byron").holds(`autocomplete="current-password"`, `autocomplete="username"`).lacks("evil")
	}
	b.post(t, "/reauth", form("password", "", "return", offPage), signedIn).status(422).says("Enter your password")
	b.post(t, "/reauth", form("password", "wrong", "return", offPage), signedIn).status(422)
	b.post(t, "/reauth", form("password", "correct horse", "return", offPage), signedIn).goes(offPage)
	b.post(t, "/reauth", form("password", "correct horse", "return", "//evil.example"), signedIn).goes("/account")
	b.sess.live.AuthTime = at("2026-11-21T20:55:00Z") // five minutes ago, by one of two factors
	b.get(t, "/reauth?return="+offPage, signedIn).goes(with("/login/otp", "return", offPage))
}
