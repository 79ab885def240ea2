package account

import (
	"slices"
	"sync"
	"testing"
	"time"

	"latchkey/storage"
)

func TestInvitation(t *testing.T) {
	r := newRig(t, func(c *Config) { c.SignUpOpen = false; c.Lifecycle.TermsVersion = "7" })
	a, expires, err := r.Invite(t.Context(), Invitation{Email: "Eve@example.org", FullName: "Eve", Groups: []string{"staff"}, Locale: "de"}, Caller{})
	if err != nil || !expires.Equal(r.now().Add(7*24*time.Hour)) || a.EmailVerified || !slices.Equal(a.Groups, []string{"staff"}) {
		t.Fatalf("%+v %v %v", a, expires, err)
	}
	first, _ := r.mailed(MailInvite)
	_, err = r.signIn("eve@example.org", "", here)
	wantKind(t, err, WrongCredentials)
	again, _, err := r.Invite(t.Context(), Invitation{Email: "eve@example.org", Groups: []string{"ops"}}, Caller{})
	if err != nil || again.ID != a.ID || len(again.Groups) != 2 {
		t.Fatalf("%+v %v", again, err)
	}
	_, err = r.PeekInvite(t.Context(), first)
	wantKind(t, err, BadToken)
	token, _ := r.mailed(MailInvite)
	_, err = r.AcceptInvite(t.Context(), token, "", "short", MailEntry{Caller: here})
	if ref := wantKind(t, err, Invalid); ref.Fields[FieldFullName] != Missing || ref.Fields[FieldPassword] != TooShort {
		t.Errorf("fields %v", ref.Fields)
	}
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = r.AcceptInvite(t.Context(), token, " Eve E. ", "unrelated w0rds", MailEntry{Caller: here})
		})
	}
	wg.Wait()
	good := 0
	for _, err := range errs {
		if err == nil {
			good++
		} else if !IsKind(err, BadToken) && !IsKind(err, Throttled) {
			t.Error(err)
		}
	}
	if good != 1 {
		t.Errorf("accepted %d times", good)
	}
	got := r.reload(a.ID)
	if got.FullName != "Eve E." || !got.EmailVerified || got.TermsVersion != "7" {
		t.Errorf("%+v", got)
	}
	must(r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "eve@example.org", Password: "unrelated w0rds", Caller: from("203.0.113.8")}))(t)
	_, _, err = r.Invite(t.Context(), Invitation{Email: "eve@example.org"}, Caller{})
	wantKind(t, err, EmailTaken)
	for _, in := range []Invitation{{}, {Email: "nope"}, {Email: "x@example.org", FullName: "a\x00b"}} {
		_, _, err := r.Invite(t.Context(), in, Caller{})
		wantKind(t, err, Invalid)
	}
	_, _, err = r.Invite(t.Context(), Invitation{Email: "late@example.org"}, Caller{})
	if err != nil {
		t.Fatal(err)
	}
	token, _ = r.mailed(MailInvite)
	r.pass(7*24*time.Hour + time.Second)
	_, err = r.AcceptInvite(t.Context(), token, "Late", "unrelated w0rds", MailEntry{Caller: from("203.0.113.8")})
	wantKind(t, err, BadToken)
}

func TestSignUpDomains(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Lifecycle.SignUpDomains = []string{"example.org"} })
	sign := func(d Dialect, email, name string) error {
		_, err := r.SignUp(t.Context(), SignUp{Dialect: d, Email: email, Username: name, Password: "tr1cky words", NoSession: true, Caller: here})
		return err
	}
	if err := sign(Page, "a@EXAMPLE.org", ""); err != nil {
		t.Error(err)
	}
	for _, email := range []string{"a@example.com", "a@sub.example.org", "a@xexample.org"} {
		if ref := wantKind(t, sign(Page, email, ""), Invalid); ref.Fields[FieldEmail] != DomainBarred {
			t.Errorf("%s: %v", email, ref.Fields)
		}
	}
	wantKind(t, sign(Simple, "", "somebody"), SignUpClosed) // nobody joins without an address
	must(r.CreateAccount(t.Context(), SignUp{Dialect: Page, Email: "op@elsewhere.example", Password: "tr1cky words", Caller: here}))(t)
}

func TestTerms(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Lifecycle.TermsVersion = "2" })
	must(r.SignUp(t.Context(), SignUp{Dialect: Page, Email: "ann@example.org", Password: "tr1cky words", NoSession: true, Terms: true, Caller: here}))(t)
	if got := r.enterPage("ann@example.org"); got.Account.TermsVersion != "2" || got.Account.TermsAt.IsZero() {
		t.Errorf("sign-up did not record it: %+v", got.Account)
	}
	must(r.SignUp(t.Context(), SignUp{Dialect: Page, Email: "bob@example.org", Password: "tr1cky words", NoSession: true, Caller: here}))(t)
	_, err := r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "bob@example.org", Password: "tr1cky words", Caller: here})
	step := wantKind(t, err, StepNeeded).Step
	if step.Need != NeedTerms {
		t.Fatalf("needs %s", step.Need)
	}
	_, err = r.AcceptTerms(t.Context(), step.Ticket, "1", here)
	wantKind(t, err, TermsOld)
	_, err = r.AcceptTerms(t.Context(), "x", "2", here)
	wantKind(t, err, StepGone)
	in := must(r.AcceptTerms(t.Context(), step.Ticket, "2", here))(t)
	if in.Session.SID == "" || in.Account.TermsVersion != "2" {
		t.Errorf("%+v", in)
	}
	_, err = r.AcceptTerms(t.Context(), step.Ticket, "2", here)
	wantKind(t, err, StepGone)
	if _, err := r.signIn("bob@example.org", "tr1cky words", here); err != nil {
		t.Errorf("the account API shows no terms, and asks for none: %v", err)
	}
}

func TestFirstAccount(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.SignUpOpen, c.Lifecycle.Setup, c.Lifecycle.SetupGroups = false, true, []string{"admins"}
	})
	if code := must(r.SetupCode(t.Context()))(t); code != "" {
		t.Fatalf("without a secret the code is %q", code)
	}
	r.setupCode = spellSetup([]byte("0123456789abcdef"))
	code := must(r.SetupCode(t.Context()))(t)
	if len(code) != 19 {
		t.Fatalf("code %q", code)
	}
	in := FirstAccount{Code: "AAAA-AAAA-AAAA-AAAA", Email: "root@example.org", FullName: "Root", Password: "unrelated w0rds", Caller: here}
	_, err := r.SetUp(t.Context(), in)
	if ref := wantKind(t, err, Invalid); ref.Fields[FieldSetup] != WrongSetup {
		t.Errorf("fields %v", ref.Fields)
	}
	in.Code = code
	bad := in
	bad.Email, bad.FullName, bad.Password = "nope", "", "x"
	_, err = r.SetUp(t.Context(), bad)
	if ref := wantKind(t, err, Invalid); len(ref.Fields) != 3 {
		t.Errorf("fields %v", ref.Fields)
	}
	var wg sync.WaitGroup
	errs := make([]error, 10)
	for i := range errs {
		one := in
		one.Email, one.Code = string(rune('a'+i))+"@example.org", " "+code[:9]+" "+code[10:]
		wg.Go(func() { _, errs[i] = r.SetUp(t.Context(), one) })
	}
	wg.Wait()
	good := 0
	for _, err := range errs {
		if err == nil {
			good++
		} else if !IsKind(err, SetupTaken) && !IsKind(err, Gone) {
			t.Error(err)
		}
	}
	all := must(r.ListAccounts(t.Context(), 0, 10))(t)
	if good != 1 || len(all) != 1 || !all[0].EmailVerified || !slices.Equal(all[0].Groups, []string{"admins"}) {
		t.Errorf("%d set up, %d accounts", good, len(all))
	}
	if code := must(r.SetupCode(t.Context()))(t); code != "" {
		t.Error("there is still a code")
	}
	r.pass(time.Hour)
	_, err = r.SetUp(t.Context(), in)
	wantKind(t, err, Gone)
}

// Where the address was never proven, a reset ends everything and takes what a stranger may have set up.
func TestResetOfUnprovenAddress(t *testing.T) {
	r := newRig(t)
	a := must(r.SignUp(t.Context(), SignUp{Dialect: Page, Email: "ann@example.org", Password: "tr1cky words", Caller: here}))(t).Account
	must(r.store.ReplaceAccount(t.Context(), r.withTOTP(a.ID), storage.Effects{}, r.now()))(t)
	reset := func(do func(token string) error) storage.Account {
		if err := r.ForgotPassword(t.Context(), "ann@example.org", here); err != nil {
			t.Fatal(err)
		}
		token, _ := r.mailed(MailReset)
		if err := do(token); err != nil {
			t.Fatal(err)
		}
		return r.reload(a.ID)
	}
	got := reset(func(token string) error {
		_, err := r.ResetPasswordOnly(t.Context(), token, "first unrelated w0rds", here)
		return err
	})
	if list := must(r.Sessions(t.Context(), a.ID))(t); got.TOTP != nil || len(list) != 0 {
		t.Errorf("app %v, %d sessions", got.TOTP, len(list))
	}
	got.EmailVerified = true
	must(r.store.ReplaceAccount(t.Context(), got, storage.Effects{}, r.now()))(t)
	must(r.store.ReplaceAccount(t.Context(), r.withTOTP(a.ID), storage.Effects{}, r.now()))(t)
	got = reset(func(token string) error {
		_, err := r.ResetPasswordOnly(t.Context(), token, "second unrelated w0rds", here)
		return err
	})
	if got.TOTP == nil {
		t.Error("a proven owner's app went with the password")
	}
}
