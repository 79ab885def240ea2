package account

import (
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// Whoever has the password and fails at the second factor is told of, once, at the third time.
func TestMailOfAKnownPassword(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Pair.Max = 50 })
	phone, _ := r.twoStep(r.alice())
	r.courier()
	fails := func(c Caller, device string) {
		_, err := r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "Alice", Password: "first password", DeviceToken: device, Caller: c})
		step := stepOf(t, err, NeedSecond)
		_, err = r.ProveSecond(t.Context(), step.Ticket, Proof{Code: "000000", Caller: c})
		wantKind(t, err, WrongCode)
	}
	mails := func() (n int) {
		for _, l := range r.courier() {
			if l.Kind == MailPasswordKnown && l.Undo != "" && l.Where == "203.0.113.5" {
				n++
			}
		}
		return n
	}
	for n := range 6 {
		fails(from("203.0.113.5"), "")
		if got, want := mails(), map[bool]int{true: 1}[n == 2]; got != want {
			t.Errorf("%d mails at failure %d", got, n+1)
		}
	}
	r.pass(time.Hour)
	for range 4 {
		fails(from("203.0.113.5"), "")
	}
	if mails() != 0 {
		t.Error("told twice in a day")
	}
	r.pass(knownMails)
	_, err := r.page("")
	in := must(r.ProveSecond(t.Context(), stepOf(t, err, NeedSecond).Ticket, Proof{Code: phone.code(r), Caller: here}))(t)
	r.courier()
	for range 5 { // the owner's own browser
		fails(from("203.0.113.5"), in.Device)
	}
	if mails() != 0 {
		t.Error("told of a browser that is known")
	}
}

// A code of the API, which comes with the password, is told of alike; a mailed first factor says nothing about the password.
func TestMailOfAKnownPasswordByDoor(t *testing.T) {
	for name, row := range map[string]struct {
		fail func(r *rig) error
		want int
	}{
		"the account API": {func(r *rig) error {
			_, err := r.SignIn(r.t.Context(), Credentials{Dialect: Platform, Login: "Alice", Password: "first password", Code: "000000", Caller: here})
			return err
		}, 1},
		"after a mailed link": {func(r *rig) error {
			r.pass(time.Minute)
			if err := r.AskSignIn(r.t.Context(), "alice@example.org", here, ""); err != nil {
				return err
			}
			token, _ := r.mailed(MailSignIn)
			_, _, err := r.SignInByLink(r.t.Context(), token, MailEntry{Caller: here})
			_, err = r.ProveSecond(r.t.Context(), stepOf(r.t, err, NeedSecond).Ticket, Proof{Code: "000000", Caller: here})
			return err
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			in := r.alice()
			token, _ := r.mailed(MailVerify)
			must(r.VerifyEmail(t.Context(), token, Ask{}, MailEntry{Caller: here}))(t)
			r.twoStep(SignedIn{Account: r.reload(in.Account.ID), Session: in.Session})
			r.courier()
			for range 4 {
				wantKind(t, row.fail(r), WrongCode)
			}
			n := 0
			for _, l := range r.courier() {
				if l.Kind == MailPasswordKnown {
					n++
				}
			}
			if n != row.want {
				t.Errorf("%d mails", n)
			}
		})
	}
}

// Strangers' failures do not keep the owner from a new password in a browser that is known.
func TestStrangersDoNotBlockAPasswordChange(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Account.Max = 3 })
	r.alice()
	in := must(r.page(""))(t)
	for range 3 {
		_, err := r.signIn("Alice", "wrong", from("203.0.113.9"))
		wantKind(t, err, WrongCredentials)
	}
	change := OwnPassword{Current: "first password", Next: "another secret w0rd", SID: in.Session.SID}
	wantKind(t, r.SetOwnPassword(t.Context(), in.Account.ID, change, here), Throttled)
	change.DeviceToken = in.Device
	if err := r.SetOwnPassword(t.Context(), in.Account.ID, change, here); err != nil {
		t.Fatal(err)
	}
}

// "Sign out all others" stops what another session began, and leaves what this one did.
func TestOthersSignedOutStopTheirChangeOfAddress(t *testing.T) {
	for name, row := range map[string]struct{ own bool }{"asked here": {true}, "asked elsewhere": {}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			a, in := r.proven("ann@example.org")
			asks := r.enterPage("ann@example.org")
			if row.own {
				asks = in
			}
			if err := r.ChangeEmail(t.Context(), a.ID, asks.Session.SID, "b@evil.example", here); err != nil {
				t.Fatal(err)
			}
			must(r.EndOtherSessions(t.Context(), a.ID, in.Session.SID, here))(t)
			if waits := must(r.PendingEmail(t.Context(), a.ID))(t); (waits != nil) != row.own {
				t.Errorf("waits %+v", waits)
			}
			if stopped := r.heard(audit.EmailChangeStopped) == 1; stopped == row.own {
				t.Errorf("audited: %t", stopped)
			}
		})
	}
}

// Of one ticket an account is kept, or the terms are accepted, once: a copy of it does nothing, also later.
func TestTicketsAreSpentBeforeTheyAct(t *testing.T) {
	t.Run("keep", func(t *testing.T) {
		r := newRig(t)
		_, in := r.proven("ann@example.org")
		must(r.PlanDeletion(t.Context(), in.Session, here))(t)
		_, err := r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "ann@example.org", Password: "tr1cky words", Caller: here})
		ticket := stepOf(t, err, NeedDeletion).Ticket
		again := must(r.KeepAccount(t.Context(), ticket, here))(t)
		must(r.PlanDeletion(t.Context(), again.Session, here))(t)
		_, err = r.KeepAccount(t.Context(), ticket, here)
		wantKind(t, err, StepGone)
		if r.reload(in.Account.ID).DeleteAt.IsZero() {
			t.Error("a spent ticket kept the account")
		}
	})
	t.Run("terms", func(t *testing.T) {
		r := newRig(t)
		_, in := r.proven("ann@example.org")
		r.config.Lifecycle.TermsVersion = "1"
		_, err := r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "ann@example.org", Password: "tr1cky words", Caller: here})
		ticket := stepOf(t, err, NeedTerms).Ticket
		must(r.AcceptTerms(t.Context(), ticket, "1", here))(t)
		r.config.Lifecycle.TermsVersion = "2"
		_, err = r.AcceptTerms(t.Context(), ticket, "2", here)
		wantKind(t, err, StepGone)
		if got := r.reload(in.Account.ID).TermsVersion; got != "1" {
			t.Errorf("a spent ticket accepted %q", got)
		}
	})
}

// What was proved by something that a recovery took away a moment ago opens no session.
func TestNoSignInSurvivesARecovery(t *testing.T) {
	reset := func(r *keyRig) func() {
		return func() {
			with := storage.Effects{DropPasskeys: true, End: &storage.EndScope{Offline: true}, Void: []storage.Purpose{storage.PurposeRecoveryCode}}
			a := must(r.store.Store.Account(r.t.Context(), storage.AccountKey{ID: r.who.ID}))(r.t)
			a.TOTP = nil
			must(r.store.Store.ReplaceAccount(r.t.Context(), a, with, r.now()))(r.t)
		}
	}
	t.Run("a passkey", func(t *testing.T) {
		r := newKeyRig(t)
		r.enrol()
		in := must(r.answer(PasskeyAsk{}))(t)
		r.store.before["ApplyEffects"] = reset(r) // between the proof and the session
		_, err := r.SignInPasskey(t.Context(), in)
		wantKind(t, err, WrongCredentials)
		if left := must(r.Sessions(t.Context(), r.who.ID))(t); len(left) != 0 {
			t.Errorf("sessions %v", left)
		}
	})
	t.Run("a passkey whose sign-in waits for the terms", func(t *testing.T) {
		r := newKeyRig(t, func(c *Config) { c.Lifecycle.TermsVersion = "1" })
		r.enrol()
		in := must(r.answer(PasskeyAsk{}))(t)
		_, err := r.SignInPasskey(t.Context(), in)
		ticket := stepOf(t, err, NeedTerms).Ticket
		reset(r)()
		_, err = r.AcceptTerms(t.Context(), ticket, "1", here)
		wantKind(t, err, WrongCredentials)
	})
	t.Run("a recovery code beside a passkey", func(t *testing.T) {
		r := newKeyRig(t)
		r.enrol()
		kept := must(r.RenewRecoveryCodes(t.Context(), r.reload(r.who.ID), here))(t)
		codes := must(r.KeptCodes(r.who, kept))(t)
		r.config.Second.Required = true
		_, err := r.page("")
		ticket := stepOf(t, err, NeedSecond).Ticket
		r.store.before["ApplyEffects"] = func() { r.store.before["ApplyEffects"] = reset(r) } // the first uses the code up
		_, err = r.ProveSecond(t.Context(), ticket, Proof{Code: codes[0], Caller: here})
		wantKind(t, err, WrongCredentials)
		if left := must(r.Sessions(t.Context(), r.who.ID))(t); len(left) != 0 {
			t.Errorf("sessions %v", left)
		}
	})
}
