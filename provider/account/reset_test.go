package account

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"

	"github.com/google/go-cmp/cmp"
)

func (r *rig) forgot(email string) (token string) {
	r.t.Helper()
	if err := r.ForgotPassword(r.t.Context(), email, here); err != nil {
		r.t.Fatal(err)
	}
	token, _ = r.mailed(MailReset)
	return token
}

func (r *rig) grant(sid string, offline bool) string {
	r.t.Helper()
	id := fmt.Sprintf("grant-%s-%v", sid, offline)
	err := r.store.CreateGrant(r.t.Context(), storage.Grant{
		ID: id, ClientID: "c", AccountID: 1, SID: sid, Offline: offline, CreatedAt: r.now(), ExpiresAt: r.now().Add(time.Hour),
	}, r.now())
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

func (r *rig) granted(id string) bool {
	_, err := r.store.Grant(r.t.Context(), storage.GrantKey{ID: id}, r.now())
	return err == nil
}

func TestForgotPassword(t *testing.T) {
	r := newRig(t)
	r.alice()
	r.courier()
	if err := r.ForgotPassword(t.Context(), "ALICE@example.org", here); err != nil {
		t.Fatal(err)
	}
	token, mail := r.mailed(MailReset)
	if len(token) != 48 || mail.To != "Alice@example.org" || mail.Link != "https://id.test/reset#"+token || !mail.Expires.Equal(r.now().Add(15*time.Minute)) {
		t.Errorf("mail %+v", mail)
	}
	if a := must(r.PeekReset(t.Context(), token))(t); a.ID != 1 {
		t.Errorf("for account %d", a.ID)
	}
	if _, err := r.store.OneTime(t.Context(), storage.OneTimeKey{Purpose: storage.PurposeReset, Hash: token}, r.now()); err == nil {
		t.Error("the token itself is stored")
	}
	newer := r.forgot("alice@example.org")
	_, err := r.PeekReset(t.Context(), token)
	wantKind(t, err, BadToken)
	must(r.PeekReset(t.Context(), newer))(t)
	r.pass(15 * time.Minute)
	_, err = r.PeekReset(t.Context(), newer)
	wantKind(t, err, BadToken)
	for _, purpose := range []func(string) error{
		func(tok string) error { return r.RevokeByMail(t.Context(), tok, here) },
		func(tok string) error {
			_, err := r.VerifyEmail(t.Context(), tok, Ask{}, MailEntry{Caller: here})
			return err
		},
	} {
		wantKind(t, purpose(r.forgot("alice@example.org")), BadToken) // a token of one purpose never serves another
	}
}

// The request does the same for every address: nobody looks for the account before the answer.
func TestForgotIsAlike(t *testing.T) {
	r := newRig(t)
	r.alice()
	off := must(r.SignUp(t.Context(), SignUp{Dialect: Platform, Username: "off", Email: "off@example.org", Password: "secret1", Caller: here}))(t)
	must(r.SetDisabled(t.Context(), off.Account.ID, true, here))(t)
	r.courier()
	for _, ask := range []func(string) error{
		func(e string) error { return r.ForgotPassword(t.Context(), e, here) },
		func(e string) error { return r.ResendVerification(t.Context(), e, here, "flow") },
	} {
		for _, email := range []string{"alice@example.org", "nobody@example.org", "off@example.org", "no address", ""} {
			r.store.take()
			hashes := r.Stats().Done
			if err := ask(email); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"TakeAttempts", "write"}, r.store.take()); diff != "" || r.Stats().Done != hashes {
				t.Errorf("%q: %s", email, diff)
			}
		}
		r.store.take()
		mail := r.courier()
		// What the courier does afterwards is one look and one write each, too: two for known, two for unknown or disabled.
		ops := r.store.take()
		slices.Sort(ops)
		if diff := cmp.Diff([]string{"Account", "Account", "Account", "ApplyEffects", "write", "write"}, ops); diff != "" {
			t.Error(diff)
		}
		if len(mail) != 1 || mail[0].To != "Alice@example.org" {
			t.Errorf("mails %+v", mail)
		}
	}
	for _, email := range []string{"alice@example.org", "nobody@example.org"} {
		var err error
		for range 5 {
			err = r.ForgotPassword(t.Context(), email, from("192.0.2.50"))
		}
		ref := wantKind(t, err, Throttled)
		if ref.RetryAfter != 15*time.Minute {
			t.Errorf("retry after %v", ref.RetryAfter)
		}
	}
}

// A crash between the answer and the courier loses nothing, and dealing with a request twice leaves one good link.
func TestForgotTwice(t *testing.T) {
	r := newRig(t)
	r.alice()
	r.courier()
	if err := r.ForgotPassword(t.Context(), "alice@example.org", here); err != nil {
		t.Fatal(err)
	}
	batch := must(r.store.LeaseMail(t.Context(), 10, r.now().Add(time.Minute), r.now()))(t)
	for range 2 {
		if mail, err := r.Expand(t.Context(), batch[0]); mail || err != nil {
			t.Fatal(mail, err)
		}
	}
	good := 0
	for _, l := range r.courier() {
		_, token, _ := strings.Cut(l.Link, "#")
		if _, err := r.PeekReset(t.Context(), token); err == nil {
			good++
		}
	}
	if good != 1 {
		t.Errorf("%d good links", good)
	}
}

func TestResetPassword(t *testing.T) {
	r := newRig(t)
	out := r.alice()
	two := must(r.signIn("Alice", "first password", here))(t)
	grants := []string{r.grant(out.Session.SID, false), r.grant(two.Session.SID, true)}
	token := r.forgot("alice@example.org")
	r.pass(time.Minute)

	_, err := r.ResetPassword(t.Context(), token, "short", Platform, here)
	if ref := wantKind(t, err, Invalid); ref.Minimum != 6 {
		t.Errorf("minimum %d", ref.Minimum)
	}
	_, err = r.ResetPassword(t.Context(), token, "first password", Platform, here)
	wantKind(t, err, PasswordReused)
	a := must(r.ResetPassword(t.Context(), token, "second password", Platform, here))(t)
	if !a.PasswordSetAt.Equal(r.now()) || len(a.PasswordHistory) != 2 || a.EmailVerified {
		t.Errorf("account %+v", a)
	}
	_, err = r.ResetPassword(t.Context(), token, "third password", Platform, here)
	wantKind(t, err, BadToken)
	if left := must(r.Sessions(t.Context(), 1))(t); len(left) != 0 {
		t.Errorf("sessions left: %v", left)
	}
	for _, g := range grants {
		if r.granted(g) {
			t.Errorf("%s outlived the reset", g)
		}
	}
	_, err = r.signIn("Alice", "first password", here)
	wantKind(t, err, WrongCredentials)
	must(r.signIn("Alice", "second password", here))(t)

	undo, notice := r.mailed(MailPasswordChanged)
	if notice.Where != here.Address || notice.Link != "" || !notice.When.Equal(r.now()) {
		t.Errorf("notice %+v", notice)
	}
	pending := r.forgot("alice@example.org")
	if err := r.RevokeByMail(t.Context(), undo, here); err != nil {
		t.Fatal(err)
	}
	if left := must(r.Sessions(t.Context(), 1))(t); len(left) != 0 {
		t.Errorf("sessions left: %v", left)
	}
	_, err = r.PeekReset(t.Context(), pending)
	wantKind(t, err, BadToken)
	wantKind(t, r.RevokeByMail(t.Context(), undo, here), BadToken)
	if r.heard(audit.PasswordReset) != 1 || r.heard(audit.ResetRequested) != 2 {
		t.Error("not audited")
	}
}

func TestResetHistory(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Address.Max, c.Limits.Forgot.Max = 1000, 1000 })
	r.alice()
	reset := func(password string) error {
		_, err := r.ResetPassword(t.Context(), r.forgot("alice@example.org"), password, Platform, here)
		r.pass(time.Minute)
		return err
	}
	for i := range 4 {
		if err := reset(fmt.Sprintf("password %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, old := range []string{"first password", "password 0", "password 1", "password 2", "password 3"} {
		wantKind(t, reset(old), PasswordReused)
	}
	if err := reset("password 4"); err != nil {
		t.Fatal(err)
	}
	if err := reset("first password"); err != nil {
		t.Errorf("the sixth last is refused: %v", err)
	}
	if a := must(r.Account(t.Context(), 1))(t); len(a.PasswordHistory) != 5 || a.PasswordHistory[0] != a.PasswordHash {
		t.Errorf("history of %d", len(a.PasswordHistory))
	}
}

func TestResetRace(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Address.Max, c.Limits.Pair.Max = 1000, 1000 })
	r.alice()
	token := r.forgot("alice@example.org")
	r.pass(time.Second)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var won []string
	for i := range 32 {
		wg.Go(func() {
			password := fmt.Sprintf("password %d", i)
			_, err := r.ResetPassword(t.Context(), token, password, Platform, here)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, password)
			} else if !IsKind(err, BadToken) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d resets with one token", len(won))
	}
	must(r.signIn("Alice", won[0], here))(t)
	if n := len(slices.DeleteFunc(r.courier(), func(l letter) bool { return l.Kind != MailPasswordChanged })); n != 1 {
		t.Errorf("%d notices", n)
	}
}

// A profile change at the same time costs a reset nothing but a second try.
func TestResetMeetsProfile(t *testing.T) {
	r := newRig(t)
	r.alice()
	token := r.forgot("alice@example.org")
	name := "Alice L."
	r.store.before["ReplaceAccount"] = func() {
		must(r.UpdateProfile(t.Context(), 1, Profile{FullName: &name}, here))(t)
	}
	a := must(r.ResetPassword(t.Context(), token, "second password", Platform, here))(t)
	if a.FullName != name {
		t.Error("the profile change was lost")
	}
}

func TestResetBadTokens(t *testing.T) {
	r := newRig(t)
	r.alice()
	good := r.forgot("alice@example.org")
	for _, token := range []string{"", "x", good + "x", good[:47], good[:47] + "!", strings.ToUpper(good)} {
		_, err := r.PeekReset(t.Context(), token)
		wantKind(t, err, BadToken)
	}
	for range 5 {
		_, err := r.ResetPassword(t.Context(), "bad", "second password", Platform, here)
		wantKind(t, err, BadToken)
	}
	_, err := r.ResetPassword(t.Context(), "bad", "second password", Platform, here)
	wantKind(t, err, Throttled)
	must(r.SetDisabled(t.Context(), 1, true, here))(t)
	_, err = r.PeekReset(t.Context(), good)
	wantKind(t, err, BadToken)
	must(r.SetDisabled(t.Context(), 1, false, here))(t)
	_, err = r.PeekReset(t.Context(), good) // void since the account was disabled
	wantKind(t, err, BadToken)
	fresh := r.forgot("alice@example.org")
	must(r.ResetPassword(t.Context(), fresh, "second password", Platform, here))(t) // a good token is not held up by the bad ones
}

func TestChangePassword(t *testing.T) {
	r := newRig(t)
	out := r.alice()
	keep := must(r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "Alice", Password: "first password", Caller: here}))(t)
	mine, others, offline := r.grant(keep.Session.SID, false), r.grant(out.Session.SID, false), r.grant(out.Session.SID, true)
	pending := r.forgot("alice@example.org")
	change := func(current, next string) error {
		return r.ChangePassword(t.Context(), 1, current, next, keep.Session.SID, here)
	}
	wantKind(t, change("wrong", "tr1cky words"), WrongPassword)
	wantKind(t, change("first password", "short"), Invalid)
	wantKind(t, change("first password", "first password"), PasswordReused)
	wantKind(t, change("first password", "I am alice!"), Invalid)
	r.pass(time.Second)
	if err := change("first password", "tr1cky words"); err != nil {
		t.Fatal(err)
	}
	left := must(r.Sessions(t.Context(), 1))(t)
	if len(left) != 1 || left[0].SID != keep.Session.SID {
		t.Errorf("sessions %v", left)
	}
	if !r.granted(mine) || r.granted(others) || r.granted(offline) {
		t.Errorf("grants: mine %v, others %v, offline %v", r.granted(mine), r.granted(others), r.granted(offline))
	}
	_, err := r.PeekReset(t.Context(), pending)
	wantKind(t, err, BadToken)
	if _, notice := r.mailed(MailPasswordChanged); notice.Undo == "" {
		t.Error("no undo")
	}
	wantKind(t, change("first password", "other words"), WrongPassword)
	if r.heard(audit.PasswordChanged) != 1 {
		t.Error("not audited")
	}
}

func TestSetPassword(t *testing.T) {
	r := newRig(t)
	r.alice()
	wantKind(t, r.SetPassword(t.Context(), 1, "short", Caller{}), Invalid)
	if err := r.SetPassword(t.Context(), 1, "tr1cky words", Caller{}); err != nil {
		t.Fatal(err)
	}
	if left := must(r.Sessions(t.Context(), 1))(t); len(left) != 0 {
		t.Error("sessions outlive the operator's word")
	}
	must(r.signIn("Alice", "tr1cky words", here))(t)
	wantKind(t, r.SetPassword(t.Context(), 9, "tr1cky words", Caller{}), Gone)
}

func TestVerifyEmail(t *testing.T) {
	r := newRig(t)
	must(r.SignUp(t.Context(), SignUp{Dialect: Page, Email: "bob@example.org", Password: "tr1cky words", NoSession: true, Flow: "the flow", Caller: here}))(t)
	first, _ := r.mailed(MailVerify)
	if email := must(r.PeekVerify(t.Context(), first))(t); email != "bob@example.org" {
		t.Errorf("proves %q", email)
	}
	if err := r.ResendVerification(t.Context(), "BOB@example.org", here, "another flow"); err != nil {
		t.Fatal(err)
	}
	second, _ := r.mailed(MailVerify)
	_, err := r.PeekVerify(t.Context(), first)
	wantKind(t, err, BadToken)
	v, err := r.VerifyEmail(t.Context(), second, Ask{}, MailEntry{Caller: here})
	if err != nil || !v.Account.EmailVerified || v.Flow != "another flow" || v.SignedIn != nil || v.Disowned {
		t.Errorf("got %+v %v", v, err)
	}
	_, err = r.VerifyEmail(t.Context(), second, Ask{}, MailEntry{Caller: here})
	wantKind(t, err, AlreadyVerified)
	_, err = r.PeekVerify(t.Context(), second)
	wantKind(t, err, AlreadyVerified)
	_, err = r.PeekVerify(t.Context(), first) // void before the address was proven
	wantKind(t, err, BadToken)
	wantKind(t, r.ResendVerification(t.Context(), "bob@example.org", here, ""), Throttled) // once a minute
	r.pass(time.Minute)
	if err := r.ResendVerification(t.Context(), "bob@example.org", here, ""); err != nil {
		t.Fatal(err)
	}
	if mail := r.courier(); len(mail) != 0 {
		t.Errorf("a proven address is asked to prove itself: %v", mail)
	}
	if r.heard(audit.EmailVerified) != 1 {
		t.Error("not audited")
	}
}

func TestVerifyEmailOfAnotherAddress(t *testing.T) {
	r := newRig(t)
	r.alice()
	token, _ := r.mailed(MailVerify)
	a := must(r.Account(t.Context(), 1))(t)
	a.Email, a.EmailKey = "new@example.org", "new@example.org"
	must(r.store.ReplaceAccount(t.Context(), a, storage.Effects{}, r.now()))(t)
	_, err := r.VerifyEmail(t.Context(), token, Ask{}, MailEntry{Caller: here})
	wantKind(t, err, BadToken)
	if must(r.Account(t.Context(), 1))(t).EmailVerified {
		t.Error("the old link proved the new address")
	}
}
