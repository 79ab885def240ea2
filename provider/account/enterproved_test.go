package account

import (
	"slices"
	"testing"
	"time"

	"latchkey/storage"
)

// signsUp is a sign-up on the page: what its browser waits for, the account, the link and the code.
func (r *rig) signsUp(email string) (ask Ask, id int64, token, code string) {
	r.t.Helper()
	ask, c := r.ask(AskVerify, email)
	got := must(r.SignUp(r.t.Context(), SignUp{Dialect: Page, Email: email, Password: "tr1cky words", NoSession: true, Flow: "the flow", Caller: c}))(r.t)
	ask.Sub = got.Account.Sub
	token, l := r.mailed(MailVerify)
	return ask, got.Account.ID, token, l.Code
}

// Who proves the address in the browser that they signed up with is signed in, by the password that they typed there: one factor, of then.
func TestConfirmingSignsInWhereItSignedUp(t *testing.T) {
	for name, row := range map[string]struct {
		after    time.Duration
		foreign  bool // another browser
		link     bool
		change   func(r *rig, id int64)
		signedIn bool
	}{
		"the code":                    {after: time.Minute, signedIn: true},
		"the link":                    {after: time.Minute, link: true, signedIn: true},
		"the link in another browser": {after: time.Minute, link: true, foreign: true},
		"the link, too late":          {after: signUpFresh, link: true},
		"the password was set anew since": {after: time.Minute, link: true, change: func(r *rig, id int64) {
			if err := r.SetPassword(r.t.Context(), id, "an operator's w0rds", here); err != nil {
				r.t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			at := r.now()
			ask, id, token, code := r.signsUp("ann@example.org")
			r.pass(row.after)
			if row.change != nil {
				row.change(r, id)
			}
			if row.foreign {
				ask = Ask{}
			}
			var v Verified
			var err error
			if row.link {
				v, err = r.VerifyEmail(t.Context(), token, ask, MailEntry{Caller: here})
			} else {
				v, err = r.VerifyByCode(t.Context(), ask, code, MailEntry{Caller: here})
			}
			if err != nil || v.Flow != "the flow" || v.Disowned || (v.SignedIn != nil) != row.signedIn {
				t.Fatalf("%+v, %v", v, err)
			}
			if !row.signedIn {
				return
			}
			s := v.SignedIn.Session
			if !slices.Equal(s.AMR, []string{"pwd"}) || s.ACR != "1" || !s.AuthTime.Equal(at) || v.SignedIn.Secret == "" || v.SignedIn.Device == "" {
				t.Errorf("session %+v", s)
			}
			if _, _, err := r.Live(t.Context(), s.SID); err != nil {
				t.Error(err)
			}
		})
	}
}

// The one door asks for what is still needed, also here; the address is proven all the same.
func TestConfirmingAsksForASecondFactor(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Second.Required = true })
	ask, id, token, _ := r.signsUp("ann@example.org")
	v, err := r.VerifyEmail(t.Context(), token, ask, MailEntry{Caller: here})
	stepOf(t, err, NeedEnrol)
	if v.SignedIn != nil || v.Account.ID != id || !r.reload(id).EmailVerified {
		t.Errorf("%+v", v)
	}
}

func TestInvitationSignsIn(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Lifecycle.TermsVersion = "1" })
	must(first(r.Invite(t.Context(), Invitation{Email: "ann@example.org"}, here)))(t)
	token, _ := r.mailed(MailInvite)
	v := must(r.AcceptInvite(t.Context(), token, "Ann", "tr1cky words", MailEntry{Caller: here}))(t)
	if v.SignedIn == nil || !slices.Equal(v.SignedIn.Session.AMR, []string{"pwd"}) || !v.SignedIn.Session.AuthTime.Equal(r.now()) {
		t.Fatalf("%+v", v)
	}
	r.config.Second.Required = true
	must(first(r.Invite(t.Context(), Invitation{Email: "bob@example.org"}, here)))(t)
	token, _ = r.mailed(MailInvite)
	v, err := r.AcceptInvite(t.Context(), token, "Bob", "tr1cky words", MailEntry{Caller: here})
	stepOf(t, err, NeedEnrol)
	if v.Account.PasswordHash == "" {
		t.Error("the invitation was not taken")
	}
}

// Somebody who was invited and asks for a mail that signs in has the address; there was nothing to take away, and the invitation is done.
func TestInvitedSignsInByMail(t *testing.T) {
	r := newRig(t)
	a := must(first(r.Invite(t.Context(), Invitation{Email: "ann@example.org"}, here)))(t)
	invite, _ := r.mailed(MailInvite)
	if err := r.AskSignIn(t.Context(), "ann@example.org", here, ""); err != nil {
		t.Fatal(err)
	}
	token, _ := r.mailed(MailVerify)
	v := must(r.VerifyEmail(t.Context(), token, Ask{}, MailEntry{Caller: here}))(t)
	if v.Disowned || v.SignedIn == nil || !slices.Equal(v.SignedIn.Session.AMR, []string{"otp"}) {
		t.Errorf("%+v", v)
	}
	_, err := r.AcceptInvite(t.Context(), invite, "Ann", "tr1cky words", MailEntry{Caller: here})
	wantKind(t, err, BadToken)
	if r.reload(a.ID).PasswordHash != "" {
		t.Error("a password was set by a link that was done")
	}
}

// A link whose address is proven by now says so, for as long as it would have lived, and no longer than the account has the address.
func TestLinksOfAProvenAddress(t *testing.T) {
	r := newRig(t)
	ask, id, token, code := r.signsUp("ann@example.org")
	must(r.VerifyByCode(t.Context(), ask, code, MailEntry{Caller: here}))(t) // the other way
	r.pass(r.config.VerifyTTL - time.Second)
	_, err := r.PeekVerify(t.Context(), token)
	wantKind(t, err, AlreadyVerified)
	a := r.reload(id)
	a.Email, a.EmailKey = "new@example.org", "new@example.org"
	must(r.store.ReplaceAccount(t.Context(), a, storage.Effects{}, r.now()))(t)
	_, err = r.PeekVerify(t.Context(), token)
	wantKind(t, err, BadToken)
	r.pass(time.Second)
	_, err = r.VerifyEmail(t.Context(), token, Ask{}, MailEntry{Caller: here})
	wantKind(t, err, BadToken)
}
