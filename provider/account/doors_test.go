package account

import (
	"slices"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// What is held here is that no door leads around a second factor, around being asked again, or past the end of what was begun.

// TestOneKeyIsOneFactor holds that a passkey which did not verify its user, and so was the first factor alone, is not the second one too.
func TestOneKeyIsOneFactor(t *testing.T) {
	r := newKeyRig(t)
	r.soft.Verifies = false
	r.enrol()
	phone, _ := r.twoStep(must(r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "Alice", Password: "first password", Caller: here}))(t))
	_, err := r.enter(PasskeyAsk{})
	step := stepOf(t, err, NeedSecond)
	if slices.Contains(step.Methods, MethodPasskey) {
		t.Errorf("methods %v", step.Methods)
	}
	_, err = r.enter(PasskeyAsk{Step: step.Ticket})
	wantKind(t, err, StepGone)
	_, err = r.page("") // a question of another step, whose first factor was the password
	in, err := r.answer(PasskeyAsk{Step: stepOf(t, err, NeedSecond).Ticket})
	if err != nil {
		t.Fatal(err)
	}
	in.Step = step.Ticket
	_, err = r.SignInPasskey(t.Context(), in)
	wantKind(t, err, StepGone)
	if got := must(r.ProveSecond(t.Context(), step.Ticket, Proof{Code: phone.code(r.rig), Caller: here}))(t); got.Session.ACR != "2" {
		t.Errorf("session %+v", got.Session)
	}
}

// TestStepUpEnrolsTheRecent holds that a session of long ago cannot have a second factor set up: whoever took it over would make it theirs.
func TestStepUpEnrolsTheRecent(t *testing.T) {
	r := newRig(t)
	r.alice()
	in := must(r.page(""))(t)
	can := func() bool {
		t.Helper()
		return must(r.CanStepUp(t.Context(), r.reload(in.Account.ID), in.Session, true))(t)
	}
	if !can() {
		t.Error("who signed in a moment ago cannot set one up")
	}
	stepOf(t, r.StepUp(t.Context(), in.Account, in.Session, true, "", here), NeedEnrol)
	r.pass(r.config.Second.StepUpAge + time.Second)
	if can() {
		t.Error("a session of long ago can have one set up")
	}
	wantKind(t, r.StepUp(t.Context(), in.Account, in.Session, true, "", here), FactorUsed)
	r.twoStep(must(r.page(""))(t))
	if !can() {
		t.Error("what is set up is not asked for")
	}
	stepOf(t, r.StepUp(t.Context(), r.reload(1), in.Session, true, "", here), NeedSecond)
}

// TestEnrolmentEnds holds that a sign-in which may set up the first second factor may not any more once there is one.
func TestEnrolmentEnds(t *testing.T) {
	must2 := func(c *Config) { c.Second.Required = true }
	begun := func(r *keyRig) string {
		_, err := r.page("")
		return stepOf(r.t, err, NeedEnrol).Ticket
	}
	enrolApp := func(r *keyRig, ticket string) error {
		setup := must(r.BeginTOTP(r.who))(r.t)
		phone := app{must(base32Text.DecodeString(setup.Secret))(r.t)}
		_, _, err := r.EnrolTOTP(r.t.Context(), ticket, setup.Ticket, Proof{Code: phone.code(r.rig), Caller: here})
		return err
	}
	enrolKey := func(r *keyRig, ticket string) error {
		q, err := r.AskEnrolPasskey(r.t.Context(), ticket, "browser", here)
		if err != nil {
			return err
		}
		_, err = r.EnrolPasskey(r.t.Context(), ticket, PasskeyAnswer{Browser: "browser", Ticket: q.Ticket, Answer: must(r.soft.Create(q.PublicKey))(r.t), Caller: here}, "Key")
		return err
	}
	for _, c := range []struct {
		name          string
		owner, second func(r *keyRig, ticket string) error
	}{
		{"an app after an app", enrolApp, enrolApp}, {"an app after a passkey", enrolKey, enrolApp},
		{"a passkey after an app", enrolApp, enrolKey}, {"a passkey after a passkey", enrolKey, enrolKey},
	} {
		r := newKeyRig(t, must2)
		owner, other := begun(r), begun(r)
		if err := c.owner(r, owner); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for _, ticket := range []string{owner, other} {
			if err := c.second(r, ticket); !IsKind(err, StepGone) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if st := must(r.TwoStep(t.Context(), r.reload(r.who.ID)))(t); st.On() && st.Passkeys > 0 || st.Passkeys > 1 {
			t.Errorf("%s: %+v", c.name, st)
		}
	}
}

// TestNewPasswordEndsWhatWasBegun holds that a change of address which somebody else asked for, or an invitation that lies about, is void with a new password.
func TestNewPasswordEndsWhatWasBegun(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(r *rig, a storage.Account) error
	}{
		{"reset", func(r *rig, _ storage.Account) error {
			if err := r.ForgotPassword(r.t.Context(), "ann@example.org", from("203.0.113.9")); err != nil {
				return err
			}
			token, _ := r.mailed(MailReset)
			_, err := r.ResetPassword(r.t.Context(), token, "another secret", Page, here)
			return err
		}},
		{"changed by its owner", func(r *rig, a storage.Account) error {
			return r.SetOwnPassword(r.t.Context(), a.ID, OwnPassword{Current: "tr1cky words", Next: "another secret"}, here)
		}},
		{"set by an operator", func(r *rig, a storage.Account) error {
			return r.SetPassword(r.t.Context(), a.ID, "another secret", here)
		}},
		{"everything left", func(r *rig, a storage.Account) error {
			_, err := r.SignOutEverywhere(r.t.Context(), storage.Session{AccountID: a.ID}, here)
			return err
		}},
		{"disabled, and enabled again", func(r *rig, a storage.Account) error {
			if _, err := r.SetDisabled(r.t.Context(), a.ID, true, here); err != nil {
				return err
			}
			_, err := r.SetDisabled(r.t.Context(), a.ID, false, here)
			return err
		}},
	} {
		r := newRig(t)
		a, in := r.proven("ann@example.org")
		r.courier()
		if err := r.ChangeEmail(t.Context(), a.ID, in.Session.SID, "thief@evil.example", here); err != nil {
			t.Fatal(err)
		}
		token := kinds(r.courier())["email_confirm thief@evil.example"]
		if err := c.do(r, a); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if _, err := r.ConfirmEmail(t.Context(), token, here); !IsKind(err, BadToken) {
			t.Errorf("%s: the change of address goes on: %v", c.name, err)
		}
	}
}

// TestInvitationEndsWithAPassword holds that an invitation is no second link to a new password once its owner has one.
func TestInvitationEndsWithAPassword(t *testing.T) {
	r := newRig(t)
	must(first(r.Invite(t.Context(), Invitation{Email: "ann@example.org"}, here)))(t)
	invite, _ := r.mailed(MailInvite)
	if err := r.ForgotPassword(t.Context(), "ann@example.org", here); err != nil {
		t.Fatal(err)
	}
	token, _ := r.mailed(MailReset)
	must(r.ResetPassword(t.Context(), token, "another secret", Page, here))(t)
	_, err := r.AcceptInvite(t.Context(), invite, "Ann", "third secret", MailEntry{Caller: here})
	wantKind(t, err, BadToken)
}

func first[A, B any](a A, _ B, err error) (A, error) { return a, err }

// TestUndoEndsSignInsUnderWay holds that a password which an undo takes away opens no session any more, however far its sign-in was.
func TestUndoEndsSignInsUnderWay(t *testing.T) {
	r := newRig(t)
	a, in := r.proven("ann@example.org")
	r.courier()
	if err := r.ChangeEmail(t.Context(), a.ID, in.Session.SID, "thief@evil.example", here); err != nil {
		t.Fatal(err)
	}
	token := kinds(r.courier())["email_confirm thief@evil.example"]
	r.pass(time.Minute)
	must(r.ConfirmEmail(t.Context(), token, here))(t)
	undo := kinds(r.courier())["email_changed ann@example.org"]
	if err := r.SetPassword(t.Context(), a.ID, "another secret", here); err != nil {
		t.Fatal(err)
	}
	r.pass(time.Minute)
	r.store.before["ApplyEffects"] = func() { must(r.UndoEmail(t.Context(), undo, here))(t) }
	_, err := r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "thief@evil.example", Password: "another secret", Caller: here})
	wantKind(t, err, WrongCredentials)
	if list := must(r.Sessions(t.Context(), a.ID))(t); len(list) != 0 {
		t.Errorf("%d sessions live on", len(list))
	}
}

// TestTrustIsNoSecondMail holds that a browser which stands in for the second factor does so beside a password or a passkey only: what was mailed and a cookie
// would else count as recent and proved for who has no password.
func TestTrustIsNoSecondMail(t *testing.T) {
	r := newRig(t)
	a, in := r.proven("ann@example.org")
	r.twoStep(in)
	phone := app{must(r.openTOTP(r.reload(a.ID)))(t)}
	_, err := r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "ann@example.org", Password: "tr1cky words", Caller: here})
	got := must(r.ProveSecond(t.Context(), stepOf(t, err, NeedSecond).Ticket, Proof{Code: phone.code(r), Trust: true, Caller: here}))(t)
	if got.Device == "" {
		t.Fatal("not trusted")
	}
	if err := r.AskSignIn(t.Context(), "ann@example.org", here, ""); err != nil {
		t.Fatal(err)
	}
	token, _ := r.mailed(MailSignIn)
	_, _, err = r.SignInByLink(t.Context(), token, MailEntry{Caller: here, DeviceToken: got.Device})
	stepOf(t, err, NeedSecond)
}

// TestDeletionVoidsNoUndo holds that whoever took an account over cannot get rid of the way back by planning its deletion and keeping it.
func TestDeletionVoidsNoUndo(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Deletion.Grace = 14 * 24 * time.Hour })
	a, in := r.proven("ann@example.org")
	r.courier()
	if err := r.ChangeEmail(t.Context(), a.ID, in.Session.SID, "thief@evil.example", here); err != nil {
		t.Fatal(err)
	}
	token := kinds(r.courier())["email_confirm thief@evil.example"]
	must(r.ConfirmEmail(t.Context(), token, here))(t)
	undo := kinds(r.courier())["email_changed ann@example.org"]
	must(r.PlanDeletion(t.Context(), in.Session, here))(t)
	if got := must(r.UndoEmail(t.Context(), undo, here))(t); got.Email != "ann@example.org" || !got.DeleteAt.IsZero() {
		t.Errorf("brought back %q, to be deleted at %v", got.Email, got.DeleteAt)
	}
	if r.heard(audit.DeletionStopped) != 1 {
		t.Error("not in the record")
	}
	r.pass(15 * 24 * time.Hour)
	r.courier()
	if got := r.reload(a.ID); got.Disabled {
		t.Error("it is deleted all the same")
	}
}
