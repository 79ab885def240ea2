package account

import (
	"strings"
	"testing"
	"time"

	"latchkey/provider/audit"
)

// undoOf is the token of "it was not me" in the one mail of that kind.
func (r *rig) undoOf(kind string) string {
	r.t.Helper()
	for _, l := range r.courier() {
		if l.Kind == kind {
			_, token, _ := strings.Cut(l.Undo, "#")
			return token
		}
	}
	r.t.Fatalf("no %s mail", kind)
	return ""
}

// "It was not me" takes away what the mail is about, and no more.
func TestNotMeTakesAwayWhatTheMailTellsOf(t *testing.T) {
	for name, row := range map[string]struct {
		kind string
		// do is what somebody did before the mail is read, with an account of two steps.
		do func(r *rig, in SignedIn)
		// app and codes say what there is after it was undone.
		app   bool
		codes int
	}{
		"an app was set up": {MailFactorAdded, func(*rig, SignedIn) {}, false, 0},
		"recovery codes were made": {MailRecoveryCodes, func(r *rig, in SignedIn) {
			r.courier()
			must(r.RenewRecoveryCodes(r.t.Context(), r.reload(in.Account.ID), here))(r.t)
		}, true, 0},
		"codes that were made anew since stay, where a passkey is left": {MailFactorAdded, func(r *rig, in SignedIn) {
			r.passkey(in.Account.ID, "key")
			r.pass(time.Minute)
			must(r.RenewRecoveryCodes(r.t.Context(), r.reload(in.Account.ID), here))(r.t)
		}, false, 10},
		"an app that was set up since stays": {MailFactorAdded, func(r *rig, in SignedIn) {
			if err := r.RemoveTOTP(r.t.Context(), r.reload(in.Account.ID), here); err != nil {
				r.t.Fatal(err)
			}
			token := r.undoOf(MailFactorAdded)
			r.pass(time.Minute)
			r.twoStep(in)
			r.courier()
			if err := r.StopByMail(r.t.Context(), token, here); err != nil {
				r.t.Fatal(err)
			}
		}, true, 10},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			in := r.alice()
			r.courier()
			r.twoStep(in)
			row.do(r, in)
			if !row.app || row.codes == 0 {
				if err := r.RevokeByMail(t.Context(), r.undoOf(row.kind), here); err != nil {
					t.Fatal(err)
				}
				_, _, err := r.Live(t.Context(), in.Session.SID)
				wantKind(t, err, Gone)
			}
			a := r.reload(in.Account.ID)
			if (a.TOTP != nil) != row.app {
				t.Errorf("an app: %t", a.TOTP != nil)
			}
			if n := must(r.recoveryCodes(t.Context(), a.ID))(t); n != row.codes {
				t.Errorf("%d recovery codes", n)
			}
			if !row.app && r.heard(audit.FactorRemoved) != 1 {
				t.Error("not audited")
			}
		})
	}
}

// Whoever takes an account over puts a key of their own in and then moves it to another address.
func TestUndoOfAnAddressDropsKeysFromShortlyBefore(t *testing.T) {
	for name, row := range map[string]struct {
		before time.Duration // how long before the change was asked for
		keeps  bool
	}{
		"in the same moment": {},
		"ten minutes before": {before: 10 * time.Minute},
		"two hours before":   {before: 2 * time.Hour, keeps: true},
		"since it was asked": {before: -time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			a, _ := r.proven("ann@example.org")
			r.pass(24 * time.Hour)
			in := r.enterPage("ann@example.org")
			add := func() { r.twoStep(in); r.passkey(a.ID, "key") }
			if row.before >= 0 {
				add()
				r.pass(row.before)
			}
			if err := r.ChangeEmail(t.Context(), a.ID, in.Session.SID, "b@evil.example", here); err != nil {
				t.Fatal(err)
			}
			if row.before < 0 {
				r.pass(-row.before)
				add()
			}
			token, _ := r.mailed(MailEmailConfirm)
			must(r.ConfirmEmail(t.Context(), token, here))(t)
			token, _ = r.mailed(MailEmailChanged)
			must(r.UndoEmail(t.Context(), token, here))(t)
			a = r.reload(a.ID)
			keys := must(r.Passkeys(t.Context(), a.ID))(t)
			if (a.TOTP != nil) != row.keeps || (len(keys) == 1) != row.keeps {
				t.Errorf("an app: %t, passkeys: %d", a.TOTP != nil, len(keys))
			}
			if a.PasswordHash == "" {
				t.Error("the password of before is gone")
			}
			_, _, err := r.Live(t.Context(), in.Session.SID)
			wantKind(t, err, Gone)
		})
	}
}
