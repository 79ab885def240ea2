package web

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"latchkey/provider/account"
	"latchkey/storage"
)

func TestLoginPage(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/login").status(200).says("Sign in to Latchkey", "Email address or username", "Keep me signed in", "Forgot password?", "Create an account").
		holds(`autocomplete="username"`, `autocomplete="current-password"`, `href="/signup"`).lacks("passkey", `name="flow"`)
	b.get(t, "/login?flow=f1").status(200).says("Sign in to Harbour Notes", "You will return to notes.harbour.example").
		holds(`name="flow" value="f1"`, `href="/signup?flow=f1"`, `href="/forgot?flow=f1"`)
	b.get(t, "/login?flow=f-hint").status(200).says("Bei Harbour Notes anmelden").holds(`value="ada@example.com"`, `lang="de"`)
	b.get(t, "/login?flow=f-hint&ui_locales=en").status(200).says("Sign in to Harbour Notes")
	b.get(t, "/login?flow=stolen", "any=cookie").status(400).says("This page is too old", "Reference: 7QK2-M4TD")
	b.get(t, "/login?notice=verified").status(200).says("Your email address is confirmed")
	b.get(t, "/login?notice=%3Cb%3Eowned").status(200).lacks("owned</p>")
}

func TestLoginPageOfSomebodySignedIn(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/login", signedIn).goes("/account")
	b.get(t, "/login?return=/account/sessions", signedIn).goes("/account/sessions")
	b.get(t, "/login?return=//evil.example", signedIn).goes("/account")
	b.get(t, "/login?flow=f-reauth", signedIn).status(200).says("Confirm it is you", "Sign in", "Ada Byron", "Use another account").
		holds(`name="username"`, `value="ada.byron@example.com"`, `other=1`).lacks("readonly", "Keep me signed in")
	b.get(t, "/login?flow=f-reauth&other=1", signedIn).status(200).says("Sign in to Harbour Notes").holds(`name="username"`, `name="other" value="1"`)
	b.get(t, "/login?flow=f-choose", signedIn).status(200).says("Choose an account", "Continue as Ada Byron").lacks(`type="password"`)
	b.get(t, "/login?flow=f-choose").status(200).says("Sign in to Harbour Notes")
	b.verbs.account = func(int64) (storage.Account, error) { return storage.Account{}, refusal(account.Gone) }
	b.get(t, "/login?flow=f-reauth", signedIn).status(200).holds(`name="username"`)
	b.sess.err = storage.ErrUnavailable
	b.get(t, "/login", signedIn).status(500).says("Something went wrong on our side", "7QK2-M4TD").lacks("unavailable", "store")
	if !errors.Is(b.answered, storage.ErrUnavailable) {
		t.Errorf("the fault went up as %v", b.answered)
	}
}

func TestLoginPost(t *testing.T) {
	b := newBench(t, sampleIssuer)
	var got account.Credentials
	friendly := b.verbs.signIn
	b.verbs.signIn = func(c account.Credentials) (account.SignedIn, error) { got = c; return friendly(c) }
	good := form("username", "ada@example.com", "password", "correct horse", "remember", "1")

	v := b.post(t, "/login", good).goes("/account")
	if v.sets("sid").Value != "s1" || !got.Persistent || got.Dialect != account.Page || got.Login != "ada@example.com" || got.Replace != "" ||
		got.Caller.Address != "192.0.2.17" || got.Caller.RequestID != "7QK2-M4TD" || got.Caller.Locale != "en" || !strings.Contains(got.Caller.UserAgent, "Chrome") {
		t.Errorf("signed in with %+v", got)
	}
	good.Set("return", "/account/sessions?x=1")
	b.post(t, "/login", good).goes("/account/sessions?x=1")
	good.Set("return", `/\evil.example`)
	b.post(t, "/login", good).goes("/account")
	good.Set("flow", "f1")
	b.post(t, "/login", good, signedIn).goes("/authorize?flow=f1")
	if got.Replace != "s1" {
		t.Errorf("replaces session %q, want the browser's", got.Replace)
	}
	good.Set("flow", "stolen")
	b.post(t, "/login", good, "any=cookie").status(400).says("too old")
	// Who proves again who they are finds their name typed in, and may type another.
	b.sess.live.Persistent = true
	for name, persistent := range map[string]bool{"ada.byron@example.com": true, " Ada_B ": true, "mallory@example.com": false} {
		b.post(t, "/login", form("flow", "f-reauth", "username", name, "password", "correct horse"), signedIn).goes("/authorize?flow=f-reauth")
		if got.Login != name || got.Persistent != persistent || got.Replace != "s1" {
			t.Errorf("%q: proved again as %+v", name, got)
		}
	}
	b.post(t, "/login", form("flow", "f-reauth", "username", "", "password", "correct horse"), signedIn).status(422).says("Enter your email address or username")
	b.post(t, "/login", form("flow", "f-reauth", "other", "1", "username", "bob", "password", "correct horse"), signedIn).goes("/authorize?flow=f-reauth")
	if got.Login != "bob" {
		t.Errorf("another account signed in as %q", got.Login)
	}
	// The address of a request is no form.
	b.post(t, "/login?password=correct+horse", form("username", "ada")).status(422).says("Enter your password")
}

func TestLoginRefused(t *testing.T) {
	b := newBench(t, sampleIssuer)
	in := form("username", `ada"><b>`, "password", "wrong", "flow", "f1", "remember", "1")
	v := b.post(t, "/login", in).status(422).says("Error: Sign in to Harbour Notes – Latchkey", "There is a problem", "do not match").
		holds(`role="alert" tabindex="-1" autofocus`, `value="ada&#34;&gt;&lt;b&gt;"`, `value="1" checked`).lacks("wrong\"", "<b>")
	if c := v.Result().Cookies(); len(c) != 0 {
		t.Errorf("a refusal sets cookies: %v", c)
	}
	b.post(t, "/login", form()).status(422).says("Enter your email address or username", "Enter your password").holds(`href="#username"`, `href="#password"`, `aria-invalid="true"`)
	for kind, want := range map[account.Kind]struct {
		status int
		text   string
	}{account.Throttled: {429, "Too many attempts. Wait 40 seconds"}, account.Busy: {503, "very busy"}} {
		b.verbs.signIn = func(account.Credentials) (account.SignedIn, error) { return account.SignedIn{}, refusal(kind) }
		v := b.post(t, "/login", in).status(want.status).says(want.text)
		if got := v.Header().Get("Retry-After"); got != "40" {
			t.Errorf("%s: Retry-After %q", kind, got)
		}
	}
	b.verbs.signIn = func(account.Credentials) (account.SignedIn, error) { return account.SignedIn{}, storage.ErrUnavailable }
	b.post(t, "/login", in).status(500).says("Something went wrong on our side")
	b.verbs.signIn = func(account.Credentials) (account.SignedIn, error) {
		return account.SignedIn{}, refusal(account.WrongCredentials)
	}
	b.post(t, "/login", in).status(422).says("reset your password. If your account is new, confirm your email address first.")
	b.Site.ResetOpen, b.Site.RequireVerified = false, false
	b.post(t, "/login", in).status(422).says("Check both and try again.").lacks("reset your password", "account is new")
	big := form("username", strings.Repeat("a", maxForm))
	b.post(t, "/login", big).status(413).says("too much at once")
	r := b.post(t, "/login", form("username", "%"))
	r.status(422)
}

func TestLoginContinue(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.post(t, "/login/continue", form("flow", "f-choose"), signedIn).goes("/authorize?flow=f-choose.s1")
	b.post(t, "/login/continue", form("flow", "f-choose")).goes("/authorize?flow=f-choose")
	b.post(t, "/login/continue", form(), signedIn).goes("/login")
	b.post(t, "/login/continue", form("flow", "stolen"), signedIn).status(400)
}

func TestConsent(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/consent?flow=f1", signedIn).status(200).says("Harbour Notes asks for access", "Your email address email", "When you are away", "notes:write",
		"api.harbour.example/v1", "What you allowed before", "Ada Byron", "Cancel", "Allow").
		holds(`href="https://notes.harbour.example/privacy"`, `data-guard`).lacks("autofocus")
	b.get(t, "/consent?flow=f1").goes("/authorize?flow=f1")
	b.get(t, "/consent", signedIn).goes("/account")
	b.get(t, "/consent?flow=stolen", signedIn).status(400)
	evil := notes()
	evil.Client.URI, evil.Client.PolicyURI, evil.Client.TOSURI = "javascript:alert(1)", "data:text/html,x", "//x"
	b.flows.open["evil"] = evil
	b.get(t, "/consent?flow=evil", signedIn).status(200).lacks("javascript:", "data:text", "About Harbour Notes")

	b.get(t, "/consent?flow=f1", signedIn).lacks("signed itself up")
	stranger := notes()
	stranger.Client.Registered = true
	b.flows.open["stranger"] = stranger
	b.get(t, "/consent?flow=stranger", signedIn).status(200).says("This application signed itself up. Nobody here has checked its name")

	bare := notes()
	bare.Scopes, bare.GrantedScopes, bare.Resources = nil, nil, nil
	b.flows.open["bare"] = bare
	b.get(t, "/consent?flow=bare", signedIn).status(200).says("nothing but that you sign in", "Allow")
	var allowed string
	b.flows.allow = func(sealed string) error { allowed = sealed; return nil }
	b.post(t, "/consent", form("flow", "f1", "decision", "allow"), signedIn).goes("/authorize?flow=f1")
	if allowed != "f1" {
		t.Errorf("allowed %q", allowed)
	}
	allowed = ""
	b.post(t, "/consent", form("flow", "f1", "decision", "deny"), signedIn).status(http.StatusTeapot)
	b.post(t, "/consent", form("flow", "f1"), signedIn).goes("/consent?flow=f1")
	b.post(t, "/consent", form("decision", "allow"), signedIn).goes("/account")
	if allowed != "" {
		t.Error("something that was no yes was taken for one")
	}
}
