package account

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/passkey"
	"latchkey/provider/passkey/passkeytest"
	"latchkey/storage"
)

// keyRig is a rig with passkeys on, and a person with an authenticator.
type keyRig struct {
	*rig
	soft *passkeytest.Authenticator
	who  storage.Account
}

const keyOrigin = "https://id.test"

func newKeyRig(t *testing.T, edit ...func(*Config)) *keyRig {
	t.Helper()
	r := &keyRig{rig: newRig(t, edit...), soft: &passkeytest.Authenticator{Origin: keyOrigin, Verifies: true}}
	r.passkeys = must(passkey.New(passkey.Config{ID: "id.test", Name: "Latchkey", Origins: []string{keyOrigin}}, openVault{}, r.now))(t)
	r.who = must(r.SignUp(t.Context(), SignUp{Dialect: Platform, Username: "Alice", Email: "Alice@Example.org", Password: "first password", NoSession: true,
		Caller: from("198.51.100.200")}))(t).Account
	r.courier()
	return r
}

// enrol gives the person a passkey.
func (r *keyRig) enrol() storage.Passkey {
	r.t.Helper()
	k, err := r.add(r.who.ID, "Key")
	if err != nil {
		r.t.Fatal(err)
	}
	return k
}

func (r *keyRig) add(accountID int64, name string) (storage.Passkey, error) {
	r.t.Helper()
	q, err := r.AskNewPasskey(r.t.Context(), accountID, "browser", false, here)
	if err != nil {
		return storage.Passkey{}, err
	}
	answer, err := r.soft.Create(q.PublicKey)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.AddPasskey(r.t.Context(), accountID, PasskeyAnswer{Browser: "browser", Ticket: q.Ticket, Answer: answer, Caller: here}, name)
}

// answer asks and signs.
func (r *keyRig) answer(ask PasskeyAsk, lies ...func(*passkeytest.Answer)) (PasskeySignIn, error) {
	r.t.Helper()
	ask.Browser, ask.Caller = "browser", here
	q, err := r.AskPasskey(r.t.Context(), ask)
	if err != nil {
		return PasskeySignIn{}, err
	}
	signed, err := r.soft.Get(q.PublicKey, lies...)
	if err != nil {
		r.t.Fatal(err)
	}
	return PasskeySignIn{PasskeyAnswer: PasskeyAnswer{Browser: "browser", Ticket: q.Ticket, Answer: signed, Caller: here}, Step: ask.Step, AccountID: ask.AccountID,
		Two: ask.Two}, nil
}

func (r *keyRig) enter(ask PasskeyAsk, lies ...func(*passkeytest.Answer)) (SignedIn, error) {
	r.t.Helper()
	in, err := r.answer(ask, lies...)
	if err != nil {
		return SignedIn{}, err
	}
	return r.SignInPasskey(r.t.Context(), in)
}

func TestPasskeySignIn(t *testing.T) {
	r := newKeyRig(t)
	k := r.enrol()
	if len(r.courier()) != 1 || r.heard(audit.PasskeyAdded) != 1 || k.Name != "Key" || !k.UserVerified || len(k.AAGUID) != 16 {
		t.Errorf("made %+v", k)
	}
	for _, c := range []struct {
		name     string
		verifies bool
		acr      string
		amr      []string
	}{
		{"who was verified proved two factors", true, "2", []string{"pop", "user", "mfa"}},
		{"who was not proved one", false, "1", []string{"pop", "user"}},
	} {
		r.soft.Verifies = c.verifies
		got := must(r.enter(PasskeyAsk{}))(t)
		if got.Account.ID != r.who.ID || !slices.Equal(got.Session.AMR, c.amr) || got.Session.ACR != c.acr || got.Secret == "" || got.Session.Kind != "page" {
			t.Errorf("%s: %+v", c.name, got.Session)
		}
	}
	r.pass(time.Hour)
	must(r.enter(PasskeyAsk{}))(t)
	list := must(r.Passkeys(t.Context(), r.who.ID))(t)
	if len(list) != 1 || !list[0].LastUsedAt.Equal(r.clock) {
		t.Errorf("list %+v", list)
	}
	if len(r.courier()) != 0 {
		t.Error("signing in mails about passkeys")
	}
}

// TestPasskeyNotMe holds that the link in the mail about a new passkey takes it away, with the sessions, and no other.
func TestPasskeyNotMe(t *testing.T) {
	r := newKeyRig(t)
	mine := r.enrol()
	r.courier()
	r.pass(time.Second)
	r.soft = &passkeytest.Authenticator{Origin: keyOrigin, Verifies: true}
	r.enrol()
	mails := r.courier()
	must(r.enter(PasskeyAsk{}))(t)
	_, token, _ := strings.Cut(mails[0].Undo, "#")
	if err := r.RevokeByMail(t.Context(), token, here); err != nil {
		t.Fatal(err)
	}
	if list := must(r.Passkeys(t.Context(), r.who.ID))(t); len(list) != 1 || list[0].ID != mine.ID || len(must(r.Sessions(t.Context(), r.who.ID))(t)) != 0 {
		t.Errorf("left: %+v", list)
	}
	wantKind(t, r.RevokeByMail(t.Context(), token, here), BadToken)
	_, err := r.enter(PasskeyAsk{})
	wantKind(t, err, PasskeyUnknown)
}

// TestPasskeyRefusals holds who does not come in, and what they are told. What the ceremony itself refuses is in the package passkey.
func TestPasskeyRefusals(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*Config)
		ask  PasskeyAsk
		do   func(t *testing.T, r *keyRig, in *PasskeySignIn)
		want Kind
	}{
		{name: "an answer that was given before", do: func(t *testing.T, r *keyRig, in *PasskeySignIn) { must(r.SignInPasskey(t.Context(), *in))(t) }, want: PasskeyStale},
		{name: "too late", do: func(_ *testing.T, r *keyRig, _ *PasskeySignIn) { r.pass(passkey.TTL) }, want: PasskeyStale},
		{name: "another browser", do: func(_ *testing.T, _ *keyRig, in *PasskeySignIn) { in.Browser = "other" }, want: PasskeyStale},
		{name: "the answer to a sign-in for somebody known", do: func(_ *testing.T, r *keyRig, in *PasskeySignIn) { in.AccountID = r.who.ID }, want: PasskeyStale},
		{name: "a passkey that was removed", do: func(t *testing.T, r *keyRig, _ *PasskeySignIn) {
			list := must(r.Passkeys(t.Context(), r.who.ID))(t)
			if err := r.RemovePasskey(t.Context(), r.who.ID, list[0].ID, here); err != nil {
				t.Fatal(err)
			}
		}, want: PasskeyUnknown},
		{name: "a disabled account", do: func(t *testing.T, r *keyRig, _ *PasskeySignIn) {
			must(r.SetDisabled(t.Context(), r.who.ID, true, here))(t)
		}, want: WrongCredentials},
		{name: "an account that is gone", do: func(t *testing.T, r *keyRig, _ *PasskeySignIn) {
			if err := r.Delete(t.Context(), r.who.ID, here); err != nil {
				t.Fatal(err)
			}
		}, want: PasskeyUnknown},
		{name: "an address that is not proven, where it must be", edit: func(c *Config) { c.RequireVerified = true }, want: WrongCredentials},
		{name: "a broken answer", do: func(_ *testing.T, _ *keyRig, in *PasskeySignIn) { in.Answer = in.Answer[1:] }, want: PasskeyRefused},
		{name: "a step that is none", do: func(_ *testing.T, _ *keyRig, in *PasskeySignIn) { in.Step = "AAAA" }, want: StepGone},
	} {
		t.Run(c.name, func(t *testing.T) {
			edits := []func(*Config){}
			if c.edit != nil {
				edits = append(edits, c.edit)
			}
			r := newKeyRig(t, edits...)
			r.enrol()
			in := must(r.answer(c.ask))(t)
			if c.do != nil {
				c.do(t, r, &in)
			}
			before := len(must(r.Sessions(t.Context(), r.who.ID))(t))
			_, err := r.SignInPasskey(t.Context(), in)
			wantKind(t, err, c.want)
			if got := len(must(r.Sessions(t.Context(), r.who.ID))(t)); got > before {
				t.Errorf("%d sessions, before %d", got, before)
			}
		})
	}
}

// TestPasskeyOfSomebodyElse holds that one person's passkey is never another's, whatever the handle says.
func TestPasskeyOfSomebodyElse(t *testing.T) {
	r := newKeyRig(t)
	r.enrol()
	mallory := must(r.SignUp(t.Context(), SignUp{Dialect: Platform, Username: "Mallory", Email: "m@example.org", Password: "mallory's own", Caller: from("192.0.2.66")}))(t).Account
	aliceHandle, malloryHandle := must(handleOf(r.who))(t), must(handleOf(mallory))(t)
	theirs := &passkeytest.Authenticator{Origin: keyOrigin, Verifies: true}
	r.soft, theirs = theirs, r.soft
	must(r.add(mallory.ID, "Key"))(t)

	_, err := r.enter(PasskeyAsk{}, func(a *passkeytest.Answer) { a.Handle = aliceHandle })
	wantKind(t, err, PasskeyRefused)
	_, err = r.enter(PasskeyAsk{}, func(a *passkeytest.Answer) { a.ID = theirs.Keys[0].ID })
	wantKind(t, err, PasskeyRefused)
	_, err = r.enter(PasskeyAsk{}, func(a *passkeytest.Answer) { a.ID, a.Handle = theirs.Keys[0].ID, aliceHandle })
	wantKind(t, err, PasskeyRefused)
	// Where alice proves it again, the list has her passkeys alone; mallory signs all the same.
	q := must(r.AskPasskey(t.Context(), PasskeyAsk{Browser: "browser", AccountID: r.who.ID, Caller: here}))(t)
	all := must(r.soft.Get([]byte(strings.Replace(string(q.PublicKey), "allowCredentials", "ignored", 1))))(t)
	_, err = r.SignInPasskey(t.Context(), PasskeySignIn{PasskeyAnswer: PasskeyAnswer{Browser: "browser", Ticket: q.Ticket, Answer: all, Caller: here}, AccountID: r.who.ID})
	wantKind(t, err, PasskeyRefused)
	none := must(r.soft.Get([]byte(strings.Replace(string(q.PublicKey), "allowCredentials", "ignored", 1)), func(a *passkeytest.Answer) { a.Handle = nil }))(t)
	_, err = r.SignInPasskey(t.Context(), PasskeySignIn{PasskeyAnswer: PasskeyAnswer{Browser: "browser", Ticket: q.Ticket, Answer: none, Caller: here}, AccountID: r.who.ID})
	wantKind(t, err, PasskeyRefused)
	if got := must(r.enter(PasskeyAsk{}))(t); got.Account.ID != mallory.ID || string(malloryHandle) == string(aliceHandle) {
		t.Errorf("signed in as %d", got.Account.ID)
	}
	// A credential is one person's: nobody else can register its ID.
	q = must(r.AskNewPasskey(t.Context(), mallory.ID, "browser", false, here))(t)
	stolen := &passkeytest.Authenticator{Origin: keyOrigin, Verifies: true}
	made := must(stolen.Create(q.PublicKey, func(a *passkeytest.Answer) { a.ID = theirs.Keys[0].ID }))(t)
	_, err = r.AddPasskey(t.Context(), mallory.ID, PasskeyAnswer{Browser: "browser", Ticket: q.Ticket, Answer: made, Caller: here}, "Key")
	wantKind(t, err, PasskeyTaken)
}

func TestPasskeyCounter(t *testing.T) {
	r := newKeyRig(t)
	r.soft.Counts = true
	r.enrol()
	r.courier()
	must(r.enter(PasskeyAsk{}))(t)
	must(r.enter(PasskeyAsk{}))(t)
	r.soft.Keys[0].Counter = 1 // a copy that has not seen the last signature
	_, err := r.enter(PasskeyAsk{})
	wantKind(t, err, PasskeyRefused)
	if r.heard(audit.PasskeyCounter) != 1 {
		t.Error("not in the record")
	}
	if mails := r.courier(); len(mails) != 1 || mails[0].Kind != MailPasskeyCounter || mails[0].Undo == "" {
		t.Errorf("mails %+v", mails)
	}
	for range 10 {
		r.soft.Keys[0].Counter = 1
		_, err := r.enter(PasskeyAsk{})
		wantKind(t, err, PasskeyRefused)
	}
	if got := len(r.courier()); got > 4 {
		t.Errorf("%d mails more", got)
	}
	r.soft.Keys[0].Counter = 7
	must(r.enter(PasskeyAsk{}))(t)
}

func TestPasskeyBackupState(t *testing.T) {
	r := newKeyRig(t)
	r.soft.Synced = true
	r.enrol()
	must(r.enter(PasskeyAsk{}, func(a *passkeytest.Answer) { a.Flags &^= 16 }))(t)
	if k := must(r.Passkeys(t.Context(), r.who.ID))(t)[0]; k.BackedUp || !k.BackupEligible {
		t.Errorf("after it was taken out of the backup: %+v", k)
	}
	must(r.enter(PasskeyAsk{}))(t)
	if k := must(r.Passkeys(t.Context(), r.who.ID))(t)[0]; !k.BackedUp {
		t.Errorf("after it was backed up: %+v", k)
	}
}

// TestPasskeySteps holds a passkey as the second of two factors, and what is asked where the first was a passkey.
func TestPasskeySteps(t *testing.T) {
	r := newKeyRig(t, func(c *Config) { c.Second.Required = true })
	r.enrol()
	_, err := r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "Alice", Password: "first password", Caller: here})
	step := wantKind(t, err, StepNeeded).Step
	if step.Need != NeedSecond || !slices.Contains(step.Methods, MethodPasskey) {
		t.Fatalf("step %+v", step)
	}
	r.soft.Verifies = false // a key without a PIN is the second kind all the same
	got := must(r.enter(PasskeyAsk{Step: step.Ticket}))(t)
	if got.Session.ACR != "2" || !slices.Equal(got.Session.AMR, []string{"pwd", "pop", "user", "mfa"}) {
		t.Errorf("session %+v", got.Session)
	}
	_, err = r.enter(PasskeyAsk{Step: step.Ticket})
	wantKind(t, err, StepGone)

	// Alone it is one factor, unless it verified its user; then that is asked of it.
	q := must(r.AskPasskey(t.Context(), PasskeyAsk{Browser: "browser", Caller: here}))(t)
	if !strings.Contains(string(q.PublicKey), `"userVerification":"required"`) {
		t.Errorf("asked %s", q.PublicKey)
	}
	_, err = r.enter(PasskeyAsk{})
	wantKind(t, err, PasskeyRefused)
	r.soft.Verifies = true
	if got := must(r.enter(PasskeyAsk{}))(t); got.Session.ACR != "2" {
		t.Errorf("session %+v", got.Session)
	}
}

func TestPasskeyEnrolment(t *testing.T) {
	r := newKeyRig(t, func(c *Config) { c.Second.Required = true })
	_, err := r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "Alice", Password: "first password", Caller: here})
	step := wantKind(t, err, StepNeeded).Step
	if step.Need != NeedEnrol || !slices.Contains(step.Methods, MethodPasskey) {
		t.Fatalf("step %+v", step)
	}
	_, err = r.AskPasskey(t.Context(), PasskeyAsk{Browser: "browser", Step: step.Ticket, Caller: here})
	wantKind(t, err, StepGone) // it is no step for a passkey that there is
	q := must(r.AskEnrolPasskey(t.Context(), step.Ticket, "browser", here))(t)
	made := must(r.soft.Create(q.PublicKey))(t)
	in := PasskeyAnswer{Browser: "browser", Ticket: q.Ticket, Answer: made, Caller: here}
	got := must(r.EnrolPasskey(t.Context(), step.Ticket, in, "Key"))(t)
	if got.Session.ACR != "2" || len(must(r.Passkeys(t.Context(), r.who.ID))(t)) != 1 {
		t.Errorf("session %+v", got.Session)
	}
	_, err = r.EnrolPasskey(t.Context(), step.Ticket, in, "Key")
	wantKind(t, err, StepGone)
}

func TestPasskeyAgain(t *testing.T) {
	r := newKeyRig(t)
	r.enrol()
	first := must(r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "Alice", Password: "first password", Caller: here}))(t)
	r.pass(time.Hour)
	in := must(r.answer(PasskeyAsk{AccountID: r.who.ID}))(t)
	in.Replace = first.Session.SID
	again := must(r.SignInPasskey(t.Context(), in))(t)
	if again.Session.SID != first.Session.SID || !again.Session.AuthTime.Equal(r.clock) || again.Session.ACR != "2" || again.Secret == first.Secret {
		t.Errorf("session %+v", again.Session)
	}
	bob := must(r.SignUp(t.Context(), SignUp{Dialect: Platform, Username: "Bob_1", Email: "bob@example.org", Password: "bob's password", Caller: from("192.0.2.77")}))(t).Account
	_, err := r.AskPasskey(t.Context(), PasskeyAsk{Browser: "browser", AccountID: bob.ID, Caller: here})
	wantKind(t, err, PasskeyUnknown) // an empty list would mean anybody's
}

func TestPasskeyList(t *testing.T) {
	r := newKeyRig(t)
	first := r.enrol()
	r.pass(time.Second)
	r.soft = &passkeytest.Authenticator{Origin: keyOrigin}
	second := r.enrol()
	r.courier()
	if second.Name != "Key 2" {
		t.Errorf("the second is called %q", second.Name)
	}
	if err := r.RenamePasskey(t.Context(), r.who.ID, first.ID, "  My phone ", here); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Problem{"": Missing, strings.Repeat("x", 61): TooLong, "a\u202eb": Malformed} {
		if got := wantKind(t, r.RenamePasskey(t.Context(), r.who.ID, first.ID, name, here), Invalid); got.Fields[FieldPasskeyName] != want {
			t.Errorf("%q: %v", name, got.Fields)
		}
	}
	wantKind(t, r.RenamePasskey(t.Context(), r.who.ID+1, first.ID, "x", here), Gone)
	wantKind(t, r.RemovePasskey(t.Context(), r.who.ID, "nothing", here), Gone)
	list := must(r.Passkeys(t.Context(), r.who.ID))(t)
	if len(list) != 2 || list[0].Name != "My phone" {
		t.Errorf("list %+v", list)
	}
	sig := must(r.PasskeySignals(t.Context(), r.who))(t)
	if sig.Party != "id.test" || len(sig.IDs) != 2 || subOf(must(handleOf(r.who))(t)) != r.who.Sub || sig.Name != "Alice@Example.org" {
		t.Errorf("signals %+v", sig)
	}
	if err := r.RemovePasskey(t.Context(), r.who.ID, first.ID, here); err != nil {
		t.Fatal(err)
	}
	if mails := r.courier(); len(mails) != 1 || mails[0].Kind != MailPasskeyRemoved || r.heard(audit.PasskeyRemoved) != 1 || r.heard(audit.PasskeyRenamed) != 1 {
		t.Errorf("mails %+v", mails)
	}
	wantKind(t, r.RemovePasskey(t.Context(), r.who.ID, first.ID, here), Gone)
}

// noPassword takes the password away, as of somebody who was invited.
func (r *keyRig) noPassword() {
	r.t.Helper()
	a := must(r.Account(r.t.Context(), r.who.ID))(r.t)
	a.PasswordHash = ""
	must(r.store.ReplaceAccount(r.t.Context(), a, storage.Effects{}, r.clock))(r.t)
}

// TestLastWayInByMail holds that somebody whom a mailed link lets in needs nothing else.
func TestLastWayInByMail(t *testing.T) {
	r := newKeyRig(t, func(c *Config) { c.Lifecycle.MailSignIn = true })
	k := r.enrol()
	r.noPassword()
	wantKind(t, r.RemovePasskey(t.Context(), r.who.ID, k.ID, here), LastWayIn) // the address is not proven
	a := must(r.Account(t.Context(), r.who.ID))(t)
	a.EmailVerified = true
	must(r.store.ReplaceAccount(t.Context(), a, storage.Effects{}, r.clock))(t)
	if err := r.RemovePasskey(t.Context(), r.who.ID, k.ID, here); err != nil {
		t.Fatal(err)
	}
}

func TestLastWayIn(t *testing.T) {
	r := newKeyRig(t)
	first := r.enrol()
	r.soft = &passkeytest.Authenticator{Origin: keyOrigin}
	second := r.enrol()
	r.noPassword()
	if err := r.RemovePasskey(t.Context(), r.who.ID, first.ID, here); err != nil {
		t.Fatal(err)
	}
	wantKind(t, r.RemovePasskey(t.Context(), r.who.ID, second.ID, here), LastWayIn)
	if len(must(r.Passkeys(t.Context(), r.who.ID))(t)) != 1 {
		t.Error("the last passkey is gone")
	}
}

// TestLastWayInRace removes both passkeys of somebody without a password at the same time.
func TestLastWayInRace(t *testing.T) {
	for range 20 {
		r := newKeyRig(t)
		ids := []string{r.enrol().ID}
		r.soft = &passkeytest.Authenticator{Origin: keyOrigin}
		ids = append(ids, r.enrol().ID)
		r.noPassword()
		var wait sync.WaitGroup
		for _, id := range ids {
			wait.Go(func() { _ = r.RemovePasskey(context.Background(), r.who.ID, id, here) })
		}
		wait.Wait()
		if len(must(r.Passkeys(t.Context(), r.who.ID))(t)) == 0 {
			t.Fatal("nothing is left to come in by")
		}
	}
}

// TestPasskeyRace gives one answer many times at once.
func TestPasskeyRace(t *testing.T) {
	r := newKeyRig(t)
	r.enrol()
	in := must(r.answer(PasskeyAsk{}))(t)
	var in1, stale atomic.Int32
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			switch _, err := r.SignInPasskey(context.Background(), in); {
			case err == nil:
				in1.Add(1)
			case IsKind(err, PasskeyStale):
				stale.Add(1)
			}
		})
	}
	wait.Wait()
	if in1.Load() != 1 || stale.Load() != 49 {
		t.Errorf("%d came in, %d were told that it is spent", in1.Load(), stale.Load())
	}
	q := must(r.AskNewPasskey(t.Context(), r.who.ID, "browser", false, here))(t)
	fresh := &passkeytest.Authenticator{Origin: keyOrigin}
	made := must(fresh.Create(q.PublicKey))(t)
	var added atomic.Int32
	for range 20 {
		wait.Go(func() {
			if _, err := r.AddPasskey(context.Background(), r.who.ID, PasskeyAnswer{Browser: "browser", Ticket: q.Ticket, Answer: made, Caller: here}, "Key"); err == nil {
				added.Add(1)
			}
		})
	}
	wait.Wait()
	if added.Load() != 1 || len(must(r.Passkeys(t.Context(), r.who.ID))(t)) != 2 {
		t.Errorf("added %d times", added.Load())
	}
}

func TestPasskeyLimits(t *testing.T) {
	r := newKeyRig(t, func(c *Config) { c.Limits.Passkey.Max = 3 })
	for range 3 {
		must(r.AskPasskey(t.Context(), PasskeyAsk{Browser: "browser", Caller: from("203.0.113.9")}))(t)
	}
	r.store.take()
	_, err := r.AskPasskey(t.Context(), PasskeyAsk{Browser: "browser", Caller: from("203.0.113.9")})
	wantKind(t, err, Throttled)
	must(r.AskPasskey(t.Context(), PasskeyAsk{Browser: "browser", Caller: from("203.0.113.10")}))(t)
	for _, op := range r.store.take() {
		if op != "TakeAttempts" {
			t.Errorf("asking for a passkey of whoever uses %s", op)
		}
	}
}

func TestPasskeysFull(t *testing.T) {
	r := newKeyRig(t)
	for range storage.PasskeysMax {
		r.soft = &passkeytest.Authenticator{Origin: keyOrigin}
		r.enrol()
		r.pass(20 * time.Minute)
	}
	_, err := r.add(r.who.ID, "Key")
	wantKind(t, err, PasskeysFull)
}
