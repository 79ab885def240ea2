package account

import (
	"slices"
	"testing"

	"latchkey/storage"
)

// One app takes the place of another in one step, also where two-step sign-in is required.
func TestReplaceApp(t *testing.T) {
	r := newRig(t)
	in := r.alice()
	old, codes := r.twoStep(in)
	r.config.Second.Required = true
	r.courier()
	a := r.reload(in.Account.ID)
	setup := must(r.BeginTOTP(a))(t)
	stale := must(r.BeginTOTP(a))(t)
	next := app{must(base32Text.DecodeString(setup.Secret))(t)}
	_, err := r.ConfirmTOTP(t.Context(), a, in.Session, setup.Ticket, old.code(r), here)
	wantKind(t, err, WrongCode) // the former app proves nothing about the new one
	if got := r.reload(a.ID); !sameTOTP(got.TOTP, a.TOTP) {
		t.Fatal("the former app went before the new one was proved")
	}
	kept := must(r.ConfirmTOTP(t.Context(), a, in.Session, setup.Ticket, next.code(r), here))(t)
	fresh := must(r.KeptCodes(a, kept))(t)
	if mails := r.courier(); len(mails) != 1 || mails[0].Kind != MailFactorReplaced || mails[0].Undo == "" {
		t.Errorf("mails %v", mails)
	}
	r.pass(totpPeriod * 2)
	_, err = r.page("")
	step := stepOf(t, err, NeedSecond)
	for what, code := range map[string]string{"app": old.code(r), "recovery code": codes[0]} {
		if _, err := r.ProveSecond(t.Context(), step.Ticket, Proof{Code: code, Caller: here}); !IsKind(err, WrongCode) {
			t.Errorf("the former %s: %v", what, err)
		}
	}
	must(r.ProveSecond(t.Context(), step.Ticket, Proof{Code: next.code(r), Caller: here}))(t)
	if slices.Contains(fresh, codes[0]) {
		t.Error("a recovery code stayed")
	}
	// A set-up that began before another took place counts no more.
	other := app{must(base32Text.DecodeString(stale.Secret))(t)}
	_, err = r.ConfirmTOTP(t.Context(), r.reload(a.ID), in.Session, stale.Ticket, other.code(r), here)
	wantKind(t, err, FactorExists)
}

// The last second factor of somebody who must have one stays, whichever it is; recovery codes go with the last one that they stood in for.
func TestRemovePasskeyOfWhoNeedsTwo(t *testing.T) {
	for name, row := range map[string]struct {
		required, app bool
		keys          int
		want          Kind // "" for success
		codes         int  // that are left
	}{
		"the last factor, and one is required":          {required: true, keys: 1, want: FactorRequired, codes: 10},
		"an app is left":                                {required: true, app: true, keys: 1, codes: 10},
		"another passkey is left":                       {required: true, keys: 2, codes: 10},
		"the last factor, and none is required":         {keys: 1, codes: 0},
		"another passkey is left, and none is required": {keys: 2, codes: 10},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			in := r.alice()
			r.twoStep(in)
			for i := range row.keys {
				r.passkey(in.Account.ID, string(rune('a'+i)))
			}
			if !row.app {
				if err := r.RemoveTOTP(t.Context(), r.reload(in.Account.ID), here); err != nil {
					t.Fatal(err)
				}
			}
			r.config.Second.Required = row.required
			err := r.RemovePasskey(t.Context(), in.Account.ID, "a", here)
			if row.want != "" {
				wantKind(t, err, row.want)
			} else if err != nil {
				t.Fatal(err)
			}
			if n := must(r.recoveryCodes(t.Context(), in.Account.ID))(t); n != row.codes {
				t.Errorf("%d recovery codes", n)
			}
		})
	}
}

// "It was not me" about the only passkey leaves no recovery codes either.
func TestNotMeAboutTheLastPasskey(t *testing.T) {
	r := newRig(t)
	in := r.alice()
	r.twoStep(in)
	r.passkey(in.Account.ID, "a")
	if err := r.RemoveTOTP(t.Context(), r.reload(in.Account.ID), here); err != nil {
		t.Fatal(err)
	}
	r.courier()
	var with storage.Effects
	if err := r.addNoticeAbout(&with, MailPasskeyAdded, r.reload(in.Account.ID), here, noticed{Passkey: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := r.store.ApplyEffects(t.Context(), in.Account.ID, with, r.now()); err != nil {
		t.Fatal(err)
	}
	if err := r.RevokeByMail(t.Context(), r.undoOf(MailPasskeyAdded), here); err != nil {
		t.Fatal(err)
	}
	if n := must(r.recoveryCodes(t.Context(), in.Account.ID))(t); n != 0 {
		t.Errorf("%d recovery codes are left of nothing", n)
	}
}
