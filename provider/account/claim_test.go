package account

import (
	"slices"
	"testing"
	"time"

	"latchkey/storage"
)

// squat signs up with somebody else's address and sets up what a stranger could: a session, an app, a passkey, a browser that is trusted, a change of address.
func (r *rig) squat(email string, c Caller) SignedIn {
	r.t.Helper()
	must(r.SignUp(r.t.Context(), SignUp{Dialect: Page, Email: email, Password: "tr1cky words", NoSession: true, Caller: c}))(r.t)
	in := r.enterPage(email)
	r.twoStep(in)
	r.passkey(in.Account.ID, "strangers")
	if err := r.ChangeEmail(r.t.Context(), in.Account.ID, in.Session.SID, "thief@example.org", here); err != nil {
		r.t.Fatal(err)
	}
	if err := r.store.PutConsent(r.t.Context(), storage.Consent{AccountID: in.Account.ID, ClientID: "shop"}, r.now()); err != nil {
		r.t.Fatal(err)
	}
	return in
}

// passkey stores one, as if a browser had made it.
func (r *rig) passkey(id int64, name string) {
	r.t.Helper()
	k := storage.Passkey{ID: name, AccountID: id, Name: name, PublicKey: []byte{1}, AAGUID: make([]byte, 16), CreatedAt: r.now()}
	if err := r.store.CreatePasskey(r.t.Context(), k, storage.Effects{}, r.now()); err != nil {
		r.t.Fatal(err)
	}
}

// nothingOf fails the test where anything is left that lets somebody in.
func (r *rig) nothingOf(in SignedIn) {
	r.t.Helper()
	ctx := r.t.Context()
	a := r.reload(in.Account.ID)
	if a.PasswordHash != "" || len(a.PasswordHistory) != 0 || a.TOTP != nil || !a.EmailVerified {
		r.t.Errorf("the account keeps %+v", a)
	}
	if keys := must(r.Passkeys(ctx, a.ID))(r.t); len(keys) != 0 {
		r.t.Errorf("passkeys %v", keys)
	}
	for _, p := range []storage.Purpose{storage.PurposeDevice, storage.PurposeRecoveryCode, storage.PurposeEmail, storage.PurposeClaim} {
		left := must(r.store.ListOneTimes(ctx, a.ID, p, r.now()))(r.t)
		if slices.ContainsFunc(left, func(o storage.OneTime) bool { return o.CreatedAt.Before(r.now()) }) {
			r.t.Errorf("%s is left", p)
		}
	}
	if left := must(r.Consents(ctx, a.ID))(r.t); len(left) != 0 {
		r.t.Errorf("consents %v", left)
	}
	_, _, err := r.Live(ctx, in.Session.SID)
	wantKind(r.t, err, Gone)
	_, err = r.SignIn(ctx, Credentials{Dialect: Page, Login: a.Email, Password: "tr1cky words", Caller: here})
	wantKind(r.t, err, WrongCredentials)
}

// A stranger signed up with the address; its owner asks for a mail that signs in, and confirms.
func TestConfirmingAMailedSignInLeavesNothingOfAStranger(t *testing.T) {
	for name, after := range map[string]func(r *rig, own Ask){
		"at once": func(*rig, Ask) {},
		"the stranger asks for another link, which voids the first": func(r *rig, own Ask) {
			c := from("203.0.113.9")
			c.Ask = own.ID
			r.pass(time.Minute)
			if err := r.ResendVerification(r.t.Context(), "ann@example.org", c, ""); err != nil {
				r.t.Fatal(err)
			}
		},
		"the stranger asks for another link when the note is about to end": func(r *rig, _ Ask) {
			r.pass(r.config.VerifyTTL - time.Minute)
			if err := r.ResendVerification(r.t.Context(), "ann@example.org", here, ""); err != nil {
				r.t.Fatal(err)
			}
			r.courier()
			r.pass(2 * time.Minute)
			if err := r.ResendVerification(r.t.Context(), "ann@example.org", here, ""); err != nil {
				r.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			own, c := r.ask(AskVerify, "ann@example.org")
			stranger := r.squat("ann@example.org", c)
			r.courier()
			r.pass(time.Minute)
			if err := r.AskSignIn(t.Context(), "ann@example.org", from("198.51.100.7"), "the flow"); err != nil {
				t.Fatal(err)
			}
			if name != "at once" {
				r.courier()
			}
			after(r, own)
			token, _ := r.mailed(MailVerify)
			r.pass(time.Second)
			v, err := r.VerifyEmail(t.Context(), token, Ask{}, MailEntry{Caller: from("198.51.100.7")})
			if err != nil || !v.Disowned {
				t.Fatalf("%+v, %v", v, err)
			}
			r.nothingOf(stranger)
			if name != "at once" {
				if v.SignedIn != nil {
					t.Error("a link that was asked for to confirm signed in")
				}
				return
			}
			if v.Flow != "the flow" || v.SignedIn == nil || !slices.Equal(v.SignedIn.Session.AMR, []string{"otp"}) {
				t.Errorf("not signed in: %+v", v)
			}
		})
	}
}

// What a mail that signs in is good for, its stand-in is no longer good for.
func TestConfirmingLateSignsNobodyIn(t *testing.T) {
	r := newRig(t)
	stranger := r.squat("ann@example.org", here)
	r.courier()
	if err := r.AskSignIn(t.Context(), "ann@example.org", here, ""); err != nil {
		t.Fatal(err)
	}
	token, _ := r.mailed(MailVerify)
	r.pass(r.config.Lifecycle.SignInTTL)
	v, err := r.VerifyEmail(t.Context(), token, Ask{}, MailEntry{Caller: here})
	if err != nil || !v.Disowned || v.SignedIn != nil {
		t.Fatalf("%+v, %v", v, err)
	}
	r.nothingOf(stranger)
}

// The code typed into the browser that signed up: who sits there knows the password and has the mail.
func TestTheBrowserThatSignedUpKeepsItsPassword(t *testing.T) {
	for name, who := range map[string]struct {
		own  bool // the ticket is of the sign-up that made the account
		keep bool
	}{
		"the one that signed up":                                  {own: true, keep: true},
		"one whose sign-up came too late, and was answered alike": {},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			got := must(r.SignUp(t.Context(), SignUp{Dialect: Page, Email: "ann@example.org", Password: "tr1cky words", NoSession: true, Caller: here}))(t)
			r.courier()
			if err := r.AskSignIn(t.Context(), "ann@example.org", here, ""); err != nil {
				t.Fatal(err)
			}
			r.courier()
			r.pass(time.Minute)
			ask, c := r.ask(AskVerify, "ann@example.org")
			if who.own {
				ask.Sub = got.Account.Sub
			}
			if err := r.ResendVerification(t.Context(), "ann@example.org", c, ""); err != nil {
				t.Fatal(err)
			}
			_, l := r.mailed(MailVerify)
			v, err := r.VerifyByCode(t.Context(), ask, l.Code, MailEntry{Caller: here})
			if err != nil || v.Disowned == who.keep {
				t.Fatalf("%+v, %v", v, err)
			}
			if kept := r.reload(got.Account.ID).PasswordHash != ""; kept != who.keep {
				t.Errorf("the password stays: %t", kept)
			}
		})
	}
}

// The link of a reset was mailed: the password that it set is the owner's, though the address counts as proven only when it is confirmed.
func TestAPasswordThatWasResetStays(t *testing.T) {
	r := newRig(t)
	stranger := r.squat("ann@example.org", here)
	r.courier()
	if err := r.AskSignIn(t.Context(), "ann@example.org", here, ""); err != nil { // before, and after
		t.Fatal(err)
	}
	r.courier()
	token := r.forgot("ann@example.org")
	must(r.ResetPassword(t.Context(), token, "my own w0rds", Page, here))(t)
	a := r.reload(stranger.Account.ID)
	if a.EmailVerified || a.TOTP != nil || len(must(r.Passkeys(t.Context(), a.ID))(t)) != 0 || len(must(r.Consents(t.Context(), a.ID))(t)) != 0 {
		t.Errorf("after the reset %+v", a)
	}
	r.pass(time.Minute)
	if err := r.AskSignIn(t.Context(), "ann@example.org", here, ""); err != nil {
		t.Fatal(err)
	}
	token, _ = r.mailed(MailVerify)
	v, err := r.VerifyEmail(t.Context(), token, Ask{}, MailEntry{Caller: here})
	if err != nil || v.Disowned || v.SignedIn == nil {
		t.Fatalf("%+v, %v", v, err)
	}
	must(r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "ann@example.org", Password: "my own w0rds", Caller: here}))(t)
}

// Nobody can tell from the size of the ticket whether the sign-up made an account.
func TestTicketsOfSignUpsHaveOneSize(t *testing.T) {
	r := newRig(t)
	ask, ticket, err := r.NewAsk(AskVerify, Ask{Email: "ann@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	ask.Sub = r.alice().Account.Sub
	made := must(r.SealAsk(AskVerify, ask))(t)
	if len(made) != len(ticket) || made == ticket {
		t.Errorf("%d and %d characters", len(made), len(ticket))
	}
}
