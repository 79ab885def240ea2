package account

import (
	"slices"
	"sync"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// lostApp is somebody with a proven address and two-step sign-in, at the step that asks for it.
func (r *rig) lostApp() (a storage.Account, in SignedIn, ticket string) {
	r.t.Helper()
	a, in = r.proven("ann@example.org")
	a = must(r.store.ReplaceAccount(r.t.Context(), r.withTOTP(a.ID), storage.Effects{}, r.now()))(r.t)
	p := storage.Passkey{ID: "key", AccountID: a.ID, Name: "key", PublicKey: []byte{1}, AAGUID: make([]byte, 16), CreatedAt: r.now()}
	if err := r.store.CreatePasskey(r.t.Context(), p, storage.Effects{}, r.now()); err != nil {
		r.t.Fatal(err)
	}
	return a, in, r.stepTicket()
}

func (r *rig) withTOTP(id int64) storage.Account {
	a := r.reload(id)
	a.TOTP = &storage.TOTP{Sealed: []byte("sealed"), ConfirmedAt: r.now()}
	return a
}

// stepTicket proves the first factor.
func (r *rig) stepTicket() string {
	r.t.Helper()
	_, err := r.SignIn(r.t.Context(), Credentials{Dialect: Page, Login: "ann@example.org", Password: "tr1cky words", Caller: here})
	return wantKind(r.t, err, StepNeeded).Step.Ticket
}

func TestRecovery(t *testing.T) {
	r := newRig(t)
	a, in, ticket := r.lostApp()
	r.courier()
	begun := must(r.BeginRecovery(t.Context(), ticket, here))(t)
	if want := r.now().Add(72 * time.Hour); !begun.ReadyAt.Equal(want) {
		t.Errorf("ready at %v, want %v", begun.ReadyAt, want)
	}
	first := r.courier()
	if len(first) != 1 || first[0].Kind != MailRecoveryBegun || !first[0].Due.Equal(begun.ReadyAt) {
		t.Fatalf("mails %+v", first)
	}
	// Again is the same one: nothing is told twice, and the wait does not begin anew.
	r.pass(time.Minute)
	if again := must(r.BeginRecovery(t.Context(), r.stepTicket(), here))(t); !again.ReadyAt.Equal(begun.ReadyAt) {
		t.Errorf("ready at %v", again.ReadyAt)
	}
	if state := must(r.store.OutboxState(t.Context(), r.now()))(t); state.Waiting != 0 {
		t.Errorf("%d mails wait to be sent", state.Waiting)
	}
	r.pass(36 * time.Hour)
	if half := r.courier(); len(half) != 1 || half[0].Kind != MailRecoveryHalf {
		t.Fatalf("half-way: %+v", half)
	}
	r.pass(36 * time.Hour)
	ready := r.courier()
	if len(ready) != 1 || ready[0].Kind != MailRecoveryReady {
		t.Fatalf("at the end: %+v", ready)
	}
	token := kinds(ready)["recovery_ready ann@example.org"]
	done := must(r.FinishRecovery(t.Context(), token, here))(t)
	if done.TOTP != nil {
		t.Error("the app is still there")
	}
	if keys := must(r.store.ListPasskeys(t.Context(), a.ID))(t); len(keys) != 0 {
		t.Errorf("passkeys %v", keys)
	}
	if list := must(r.Sessions(t.Context(), a.ID))(t); len(list) != 0 {
		t.Errorf("%d sessions live on", len(list))
	}
	for _, p := range []storage.Purpose{storage.PurposeDevice, storage.PurposeRecover, storage.PurposeRecoverStop, storage.PurposeRecoveryCode} {
		if list := must(r.store.ListOneTimes(t.Context(), a.ID, p, r.now()))(t); len(list) != 0 {
			t.Errorf("%d tokens of %s are left", len(list), p)
		}
	}
	if mails := kinds(r.courier()); mails["recovery_done ann@example.org"] == "" {
		t.Errorf("mails %v", mails)
	}
	if got := r.enterPage("ann@example.org"); got.Session.SID == "" || got.Session.SID == in.Session.SID {
		t.Error("no normal sign-in follows")
	}
	_, err := r.FinishRecovery(t.Context(), token, here)
	wantKind(t, err, BadToken)
}

// TestRecoveryTooEarly: the wait is held by the token itself, whenever its mail is read.
func TestRecoveryTooEarly(t *testing.T) {
	r := newRig(t)
	a, _, ticket := r.lostApp()
	must(r.BeginRecovery(t.Context(), ticket, here))(t)
	r.courier()
	r.pass(72*time.Hour - time.Second)
	one := must(r.store.ListOneTimes(t.Context(), a.ID, storage.PurposeRecover, r.now()))(t)
	if len(one) != 1 {
		t.Fatalf("%d recoveries", len(one))
	}
	if ref := wantKind(t, r.ready(one[0]), TooEarly); ref.RetryAfter != time.Second {
		t.Errorf("%v are left", ref.RetryAfter)
	}
	r.pass(time.Second)
	token := kinds(r.courier())["recovery_ready ann@example.org"]
	r.pass(7 * 24 * time.Hour)
	_, err := r.FinishRecovery(t.Context(), token, here)
	wantKind(t, err, BadToken) // too late
}

func TestRecoveryStopped(t *testing.T) {
	for _, row := range []struct {
		name string
		stop func(r *rig, a storage.Account, mails map[string]string) error
	}{
		{"by the link to the address", func(r *rig, _ storage.Account, m map[string]string) error {
			return r.StopRecoveryByMail(r.t.Context(), m["recovery_begun ann@example.org"], here)
		}},
		{"by the link to a former address", func(r *rig, _ storage.Account, m map[string]string) error {
			return r.StopRecoveryByMail(r.t.Context(), m["recovery_begun former@example.org"], here)
		}},
		{"by a session", func(r *rig, a storage.Account, _ map[string]string) error {
			return r.StopRecovery(r.t.Context(), a.ID, here)
		}},
		{"by a sign-in with the second factor", func(r *rig, a storage.Account, _ map[string]string) error {
			_, err := r.enter(r.t.Context(), opening{Dialect: Page, Caller: here, AMR: []string{amrPassword, amrOTP, amrTwo}, Second: true}, r.reload(a.ID))
			return err
		}},
		{"by bringing the former address back", func(r *rig, _ storage.Account, m map[string]string) error {
			_, err := r.UndoEmail(r.t.Context(), m["undo"], here)
			return err
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := newRig(t)
			a, in := r.proven("former@example.org")
			if err := r.ChangeEmail(t.Context(), a.ID, in.Session.SID, "ann@example.org", here); err != nil {
				t.Fatal(err)
			}
			must(r.ConfirmEmail(t.Context(), kinds(r.courier())["email_confirm ann@example.org"], here))(t)
			undo := kinds(r.courier())["email_changed former@example.org"]
			must(r.store.ReplaceAccount(t.Context(), r.withTOTP(a.ID), storage.Effects{}, r.now()))(t)
			must(r.BeginRecovery(t.Context(), r.stepTicket(), here))(t)
			mails := kinds(r.courier())
			if len(mails) != 2 {
				t.Fatalf("told %v", mails)
			}
			mails["undo"] = undo
			if err := row.stop(r, a, mails); err != nil {
				t.Fatal(err)
			}
			if p := must(r.PendingRecovery(t.Context(), a.ID))(t); p != nil {
				t.Error("still waits")
			}
			r.courier()
			r.pass(73 * time.Hour)
			if later := r.courier(); slices.ContainsFunc(later, func(l letter) bool { return l.Kind == MailRecoveryHalf || l.Kind == MailRecoveryReady }) {
				t.Errorf("mails of a recovery that was stopped: %v", later)
			}
		})
	}
}

func TestRecoveryRefused(t *testing.T) {
	r := newRig(t)
	_, _, ticket := r.lostApp()
	_, err := r.BeginRecovery(t.Context(), "no ticket", here)
	wantKind(t, err, StepGone)
	r.pass(time.Hour)
	_, err = r.BeginRecovery(t.Context(), ticket, here)
	wantKind(t, err, StepGone)

	un := newRig(t)
	b := must(un.SignUp(t.Context(), SignUp{Dialect: Page, Email: "ann@example.org", Password: "tr1cky words", NoSession: true, Caller: here}))(t).Account
	must(un.store.ReplaceAccount(t.Context(), un.withTOTP(b.ID), storage.Effects{}, un.now()))(t)
	_, err = un.BeginRecovery(t.Context(), un.stepTicket(), here)
	wantKind(t, err, NoAddress)

	off := newRig(t, func(c *Config) { c.Lifecycle.RecoveryWait = 0 })
	_, _, ticket = off.lostApp()
	_, err = off.BeginRecovery(t.Context(), ticket, here)
	wantKind(t, err, Gone)
}

// Of any number of beginnings at once one is, and of any number of ends.
func TestRecoveryRaces(t *testing.T) {
	r := newRig(t)
	_, _, ticket := r.lostApp()
	r.courier()
	both := func(do func() error) (good int) {
		var wg sync.WaitGroup
		errs := make([]error, 12)
		for i := range errs {
			wg.Go(func() { errs[i] = do() })
		}
		wg.Wait()
		for _, err := range errs {
			if err == nil {
				good++
			} else if !IsKind(err, BadToken) && !IsKind(err, Throttled) {
				t.Error(err)
			}
		}
		return good
	}
	both(func() error { _, err := r.BeginRecovery(t.Context(), ticket, here); return err })
	if n := r.heard(audit.RecoveryBegun); n != 1 {
		t.Errorf("begun %d times", n)
	}
	if mails := r.courier(); len(mails) != 1 {
		t.Errorf("%d mails", len(mails))
	}
	r.pass(36 * time.Hour)
	r.courier()
	r.pass(36 * time.Hour)
	token := kinds(r.courier())["recovery_ready ann@example.org"]
	if good := both(func() error { _, err := r.FinishRecovery(t.Context(), token, here); return err }); good != 1 {
		t.Errorf("%d ended it", good)
	}
}
