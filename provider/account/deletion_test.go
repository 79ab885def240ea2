package account

import (
	"errors"
	"sync"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

const week = 7 * 24 * time.Hour

// enters signs alice in on a page.
func (r *rig) enters() (SignedIn, error) {
	return r.SignIn(r.t.Context(), Credentials{Dialect: Page, Login: "Alice", Password: "first password", Caller: here})
}

// doomed is alice, who asked to delete her account just now.
func (r *rig) doomed() (SignedIn, Left) {
	r.t.Helper()
	r.alice()
	in := must(r.enters())(r.t)
	r.courier()
	return in, must(r.PlanDeletion(r.t.Context(), in.Session, here))(r.t)
}

func (r *rig) find(id int64) (storage.Account, error) {
	return r.store.Store.Account(r.t.Context(), storage.AccountKey{ID: id})
}

func kindsOf(all []letter) (out string) {
	for _, l := range all {
		out += l.Kind + " "
	}
	return out
}

// TestDeletion goes the whole way: planned, refused meanwhile, done at its time, told.
func TestDeletion(t *testing.T) {
	r := newRig(t)
	first := r.alice()
	in := must(r.enters())(t)
	r.courier()
	left := must(r.PlanDeletion(t.Context(), in.Session, here))(t)
	a := must(r.find(in.Account.ID))(t)
	if want := r.now().Add(week); !a.DeleteAt.Equal(want) || !left.DeleteAt.Equal(want) || left.Deleted || a.Disabled {
		t.Fatalf("%+v, %v", left, a.DeleteAt)
	}
	for _, sid := range []string{first.Session.SID, in.Session.SID} {
		if _, _, err := r.Live(t.Context(), sid); err == nil {
			t.Errorf("session %s lives on", sid)
		}
	}
	if _, err := r.signIn("Alice", "first password", here); !IsKind(err, WrongCredentials) {
		t.Errorf("the API: %v, want what a disabled account gets", err)
	}
	_, err := r.enters()
	if ref := wantKind(t, err, StepNeeded); ref.Step.Need != NeedDeletion {
		t.Errorf("a page asks for %s", ref.Step.Need)
	}
	if _, err := r.PlanDeletion(t.Context(), in.Session, here); !IsKind(err, Gone) {
		t.Errorf("asked for again: %v", err)
	}
	if got := kindsOf(r.courier()); got != MailDeletionPlanned+" " {
		t.Errorf("mailed %s", got)
	}
	r.pass(week - time.Second)
	if got := kindsOf(r.courier()); got != "" {
		t.Errorf("a second too early: %s", got)
	}
	must(r.find(in.Account.ID))(t)
	r.pass(time.Second)
	all := r.courier()
	if kindsOf(all) != MailDeleted+" " || all[0].To != "Alice@example.org" {
		t.Errorf("mailed %v", all)
	}
	if _, err := r.find(in.Account.ID); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("the account is still there: %v", err)
	}
	if r.heard(audit.DeletionPlanned) != 1 || r.heard(audit.AccountDeleted) != 1 {
		t.Error("not audited once each")
	}
}

// TestDeletionKept: whoever takes it back, the day passes and nothing happens; asking again begins anew.
func TestDeletionKept(t *testing.T) {
	for name, keep := range map[string]func(r *rig, in SignedIn, undo string) error{
		"by signing in": func(r *rig, in SignedIn, _ string) error {
			_, err := r.enters()
			got, err := r.KeepAccount(r.t.Context(), wantKind(r.t, err, StepNeeded).Step.Ticket, here)
			if err == nil && got.Session.AccountID != in.Account.ID {
				r.t.Errorf("signed in as %d", got.Session.AccountID)
			}
			return err
		},
		"by an operator": func(r *rig, in SignedIn, _ string) error {
			_, err := r.KeepByOperator(r.t.Context(), in.Account.ID, Caller{})
			return err
		},
		"by the link of the mail": func(r *rig, _ SignedIn, undo string) error {
			return r.RevokeByMail(r.t.Context(), undo, here)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			in, _ := r.doomed()
			_, l := r.mailed(MailDeletionPlanned)
			r.pass(week - time.Hour)
			if err := keep(r, in, l.Undo[len("https://id.test/revoke#"):]); err != nil {
				t.Fatal(err)
			}
			if a := must(r.find(in.Account.ID))(t); !a.DeleteAt.IsZero() || a.Disabled {
				t.Errorf("%v, disabled %v", a.DeleteAt, a.Disabled)
			}
			again := must(r.enters())(t)
			must(r.PlanDeletion(t.Context(), again.Session, here))(t)
			r.pass(2 * time.Hour)
			r.courier()
			must(r.find(in.Account.ID))(t) // the first one's day is over, and was taken back
			r.pass(week)
			r.courier()
			if _, err := r.find(in.Account.ID); err == nil {
				t.Error("the second did nothing")
			}
			if r.heard(audit.DeletionStopped) != 1 {
				t.Error("not audited")
			}
		})
	}
}

// TestDeletionAtOnce: without a grace time, and where people cannot delete their account.
func TestDeletionAtOnce(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Deletion.Grace = 0 })
	in, left := r.doomed()
	if _, err := r.find(in.Account.ID); err == nil || !left.Deleted || !left.DeleteAt.IsZero() {
		t.Errorf("%v, %+v", err, left)
	}
	if got := kindsOf(r.courier()); got != MailDeleted+" " {
		t.Errorf("mailed %s", got)
	}
	r = newRig(t, func(c *Config) { c.Deletion.Closed = true })
	in = r.alice()
	if _, err := r.PlanDeletion(t.Context(), in.Session, here); !IsKind(err, Gone) {
		t.Errorf("closed: %v", err)
	}
	must(r.find(in.Account.ID))(t)
}

// TestDeletionRace: of keeping and deleting, at the moment when the day comes, exactly one wins, and the other knows it.
func TestDeletionRace(t *testing.T) {
	kept := 0
	for range 200 {
		r := newRig(t)
		in, _ := r.doomed()
		r.pass(week - time.Second)
		_, err := r.enters()
		ticket := wantKind(t, err, StepNeeded).Step.Ticket
		r.pass(time.Second)
		m := must(r.store.LeaseMail(t.Context(), 10, r.now().Add(time.Minute), r.now()))(t)
		var keeps error
		var both sync.WaitGroup
		both.Go(func() { _, keeps = r.KeepAccount(t.Context(), ticket, here) })
		both.Go(func() {
			for _, one := range m {
				for range 4 { // the courier tries again
					if _, err := r.Expand(t.Context(), one); err == nil {
						break
					}
				}
			}
		})
		both.Wait()
		_, gone := r.find(in.Account.ID)
		if (keeps == nil) != (gone == nil) {
			t.Fatalf("keeping said %v, and the account %v", keeps, gone)
		}
		if keeps == nil {
			kept++
		} else if !IsKind(keeps, StepGone) && !IsKind(keeps, WrongCredentials) {
			t.Fatal(keeps)
		}
	}
	t.Logf("kept %d of 200", kept)
}

// TestDeletionDecided: once the deed has begun it cannot be taken back, also where the process died in the middle of it; it is finished later.
func TestDeletionDecided(t *testing.T) {
	r := newRig(t)
	in, left := r.doomed()
	_, err := r.enters()
	ticket := wantKind(t, err, StepNeeded).Step.Ticket
	_, l := r.mailed(MailDeletionPlanned)
	r.pass(week)
	a := must(r.find(in.Account.ID))(t)
	a.Disabled = true // as far as the process got
	must(r.store.ReplaceAccount(t.Context(), a, storage.Effects{}, r.now()))(t)
	if _, err := r.KeepAccount(t.Context(), ticket, here); !IsKind(err, StepGone) {
		t.Errorf("kept: %v", err)
	}
	if err := r.RevokeByMail(t.Context(), l.Undo[len("https://id.test/revoke#"):], here); !IsKind(err, BadToken) {
		t.Errorf("kept by mail: %v", err)
	}
	if _, err := r.KeepByOperator(t.Context(), in.Account.ID, Caller{}); !IsKind(err, Gone) {
		t.Errorf("kept by an operator: %v", err)
	}
	r.courier()
	if _, err := r.find(in.Account.ID); err == nil || left.Deleted {
		t.Error("not finished")
	}
}

// TestDeletionOpening: a session that is opened while the account is shut does not live.
func TestDeletionOpening(t *testing.T) {
	r := newRig(t)
	r.alice()
	in := must(r.enters())(t)
	r.store.before["ApplyEffects"] = func() { must(r.PlanDeletion(t.Context(), in.Session, here))(t) }
	if out, err := r.enters(); err == nil {
		t.Errorf("signed in as session %s", out.Session.SID)
	}
	if list := must(r.Sessions(t.Context(), in.Account.ID))(t); len(list) != 0 {
		t.Errorf("%d sessions live", len(list))
	}
}
