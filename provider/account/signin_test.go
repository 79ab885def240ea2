package account

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"

	"github.com/google/go-cmp/cmp"
)

func TestSignInNames(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Pair.Max = 1000 })
	r.alice()
	for _, c := range []struct {
		d     Dialect
		login string
		want  bool
	}{
		{Platform, "Alice", true}, {Platform, "alice", false}, {Platform, "alice@EXAMPLE.org", true},
		{Session, "alice@example.org", true}, {Session, "Alice", false},
		{Simple, "Alice", true}, {Simple, "alice@example.org", false},
		{Page, "Alice", true}, {Page, "ALICE@example.org", true},
		{Page, "", false}, {Page, "alice@example.org ", false}, {Page, "alice＠example.org", false}, {Page, "\x00", false},
	} {
		t.Run(string(c.d)+" "+c.login, func(t *testing.T) {
			out, err := r.SignIn(t.Context(), Credentials{Dialect: c.d, Login: c.login, Password: "first password", Caller: here})
			if !c.want {
				wantKind(t, err, WrongCredentials)
				return
			}
			if err != nil || out.Account.ID != 1 || out.Session.Kind != string(c.d) || (out.Secret != "") != (c.d == Page) {
				t.Errorf("got %+v, %v", out, err)
			}
		})
	}
}

// Every refusal costs one hash and the same calls of the store, and reads the same.
func TestSignInRefusalsAreAlike(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Pair.Max = 1000 })
	r.alice()
	off := must(r.SignUp(t.Context(), SignUp{Dialect: Simple, Username: "off", Password: "first password", Caller: here}))(t)
	must(r.SetDisabled(t.Context(), off.Account.ID, true, Caller{}))(t)
	bare := must(r.store.CreateAccount(t.Context(), storage.Account{Sub: "s", Username: "bare", UsernameKey: "bare"}, storage.Effects{}, r.now()))(t)
	if bare.PasswordHash != "" {
		t.Fatal("has a password")
	}
	try := func(login, password string) ([]string, uint64, error) {
		r.store.take()
		before := r.Stats().Done
		_, err := r.signIn(login, password, here)
		return r.store.take(), r.Stats().Done - before, err
	}
	wantOps, wantHashes, wantErr := try("Alice", "wrong password")
	if wantHashes != 1 {
		t.Fatalf("%d hashes", wantHashes)
	}
	for _, c := range []struct{ name, login, password string }{
		{"unknown name", "nobody", "wrong password"}, {"unknown address", "nobody@example.org", "wrong password"}, {"impossible name", "no body!", "x"},
		{"known, empty password", "Alice", ""}, {"unknown, empty password", "nobody", ""}, {"known, no text", "Alice", "\xff"},
		{"unknown, no text", "nobody", "\xff"}, {"only the case differs", "alice", "first password"}, {"disabled, right password", "off", "first password"},
		{"no password set", "bare", "x"}, {"no password set, empty", "bare", ""}, {"empty login", "", "x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ops, hashes, err := try(c.login, c.password)
			if diff := cmp.Diff(wantOps, ops); diff != "" || hashes != 1 {
				t.Errorf("%d hashes, %s", hashes, diff)
			}
			if diff := cmp.Diff(wantErr, err); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, login := range []string{"Alice", "nobody"} {
		_, hashes, err := try(login, strings.Repeat("a", 1025))
		if wantKind(t, err, Invalid); hashes != 0 {
			t.Errorf("%s: a password over the cap cost a hash", login)
		}
	}
}

func TestPasswordIsNormalisedNotTrimmed(t *testing.T) {
	r := newRig(t)
	must(r.SignUp(t.Context(), SignUp{Dialect: Simple, Username: "uma", Password: " pässwörd ", Caller: here}))(t)
	must(r.signIn("uma", " pa\u0308sswo\u0308rd ", here))(t)
	_, err := r.signIn("uma", "pässwörd", here)
	wantKind(t, err, WrongCredentials)
}

func TestRehash(t *testing.T) {
	r := newRig(t)
	a := r.alice().Account
	r.hashes.params.passes = 2
	got := must(r.signIn("Alice", "first password", here))(t)
	now := must(r.Account(t.Context(), a.ID))(t)
	if now.PasswordHash == a.PasswordHash || !strings.Contains(now.PasswordHash, ",t=2,") || !slices.Equal(now.PasswordHistory, []string{now.PasswordHash}) {
		t.Errorf("hash %s, history %v", now.PasswordHash, now.PasswordHistory)
	}
	if !now.PasswordSetAt.Equal(a.PasswordSetAt) || got.Session.SID == "" {
		t.Error("a rehash is no change of password")
	}
	must(r.signIn("Alice", "first password", here))(t)
	if again := must(r.Account(t.Context(), a.ID))(t); again.PasswordHash != now.PasswordHash {
		t.Error("hashed anew without need")
	}
}

func TestRequireVerified(t *testing.T) {
	r := newRig(t, func(c *Config) { c.RequireVerified = true })
	r.alice()
	_, err := r.signIn("Alice", "first password", here)
	wantKind(t, err, WrongCredentials)
	token, _ := r.mailed(MailVerify)
	if _, err := r.VerifyEmail(t.Context(), token, Ask{}, MailEntry{Caller: here}); err != nil {
		t.Fatal(err)
	}
	must(r.signIn("Alice", "first password", here))(t)
}

// A reset that becomes durable between the check of the old password and the birth of the session leaves no session behind.
func TestSignInMeetsReset(t *testing.T) {
	r := newRig(t)
	r.alice()
	if err := r.ForgotPassword(t.Context(), "alice@example.org", here); err != nil {
		t.Fatal(err)
	}
	token, _ := r.mailed(MailReset)
	r.pass(time.Second)
	r.store.before["ApplyEffects"] = func() {
		if _, err := r.ResetPassword(t.Context(), token, "the owner's own", Platform, from("192.0.2.9")); err != nil {
			t.Error(err)
		}
	}
	_, err := r.signIn("Alice", "first password", here)
	wantKind(t, err, WrongCredentials)
	if left := must(r.Sessions(t.Context(), 1))(t); len(left) != 0 {
		t.Errorf("sessions left: %v", left)
	}
}

// A sign-in reads the account and its browser once, and writes once: nothing of it is looked at twice while nobody changes it. Where somebody does, such as another request
// that put new parameters into the hash, it is read again.
func TestSignInIsShort(t *testing.T) {
	r := newRig(t)
	first := r.alice()
	got := must(r.page(""))(t)
	r.pass(time.Second)
	r.store.take()
	must(r.page(got.Device))(t)
	ops := []string{"Account", "OneTime", "TakeAttempts", "TakeAttempts", "ReturnAttempts", "ApplyEffects"}
	if diff := cmp.Diff(ops, r.store.take()); diff != "" {
		t.Error(diff)
	}
	r.store.before["ApplyEffects"] = func() {
		a := first.Account
		a.FullName, a.UpdatedAt = "Alice of Elsewhere", r.now()
		must(r.store.Store.ReplaceAccount(t.Context(), a, storage.Effects{}, r.now()))(t)
	}
	in := must(r.page(got.Device))(t)
	if diff := cmp.Diff(append(ops, "Account", "ApplyEffects"), r.store.take()); diff != "" {
		t.Error(diff)
	}
	if _, err := r.store.Session(t.Context(), in.Session.SID, r.now()); err != nil {
		t.Error(err)
	}
}

func TestReplace(t *testing.T) {
	r := newRig(t)
	r.alice()
	must(r.SignUp(t.Context(), SignUp{Dialect: Simple, Username: "bob", Password: "first password", Caller: here}))(t)
	page := func(login, replace string) SignedIn {
		return must(r.SignIn(t.Context(), Credentials{Dialect: Page, Login: login, Password: "first password", Caller: here, Replace: replace, Persistent: true}))(t)
	}
	first := page("Alice", "")
	if !first.Session.Persistent || !first.Session.ExpiresAt.Equal(r.now().Add(30*24*time.Hour)) {
		t.Errorf("session %+v", first.Session)
	}
	r.pass(time.Hour)
	second := page("Alice", first.Session.SID)
	if second.Session.SID != first.Session.SID || second.Secret == first.Secret || second.Session.SecretHash != digest(second.Secret) ||
		!second.Session.AuthTime.Equal(r.now()) || !second.Session.CreatedAt.Equal(first.Session.CreatedAt) {
		t.Errorf("renewed to %+v", second.Session)
	}
	other := page("bob", first.Session.SID)
	if other.Session.SID == first.Session.SID {
		t.Error("a session changed hands")
	}
	_, _, err := r.Live(t.Context(), first.Session.SID)
	wantKind(t, err, Gone)
	if fresh := page("bob", "no such session"); fresh.Session.SID == "" || fresh.Session.SID == "no such session" {
		t.Error("a session identifier was taken from outside")
	}
}

func TestSessions(t *testing.T) {
	r := newRig(t)
	a := r.alice()
	b := must(r.SignUp(t.Context(), SignUp{Dialect: Simple, Username: "bob", Password: "first password", Caller: here}))(t)
	two := must(r.signIn("Alice", "first password", here))(t)
	if who, s, err := r.Live(t.Context(), two.Session.SID); err != nil || who.ID != 1 || s.SID != two.Session.SID {
		t.Errorf("live: %v %v %v", who.ID, s.SID, err)
	}
	wantKind(t, r.EndSession(t.Context(), a.Account.ID, b.Session.SID, here), Gone)
	wantKind(t, r.EndSession(t.Context(), a.Account.ID, "", here), Gone)
	if n := len(must(r.Sessions(t.Context(), 1))(t)); n != 2 {
		t.Fatalf("%d sessions", n)
	}
	if n := must(r.EndOtherSessions(t.Context(), 1, two.Session.SID, here))(t); n != 1 {
		t.Errorf("%d ended", n)
	}
	if err := r.SignOut(t.Context(), two.Session.SID, here); err != nil {
		t.Error(err)
	}
	wantKind(t, r.SignOut(t.Context(), two.Session.SID, here), Gone)
	if _, _, err := r.Live(t.Context(), b.Session.SID); err != nil {
		t.Errorf("bob's session went with Alice's: %v", err)
	}
	must(r.SetDisabled(t.Context(), 2, true, here))(t)
	_, _, err := r.Live(t.Context(), b.Session.SID)
	wantKind(t, err, Gone)
	r.pass(25 * time.Hour)
	if err := r.Delete(t.Context(), 2, here); err != nil {
		t.Error(err)
	}
	_, err = r.Account(t.Context(), 2)
	wantKind(t, err, Gone)
	if r.heard(audit.SignOut) != 1 || r.heard(audit.AccountDisabled) != 1 || r.heard(audit.AccountDeleted) != 1 {
		t.Error("not audited")
	}
}

func TestThrottlePair(t *testing.T) {
	r := newRig(t)
	r.alice()
	for i := range 5 {
		login := []string{"Alice", "alice", "alice@example.org", "ALICE@example.org", "ALICE"}[i] // one account, however it is called
		_, err := r.signIn(login, "wrong", here)
		wantKind(t, err, WrongCredentials)
	}
	hashes := r.Stats().Done
	_, err := r.signIn("Alice", "first password", here)
	if ref := wantKind(t, err, Throttled); ref.RetryAfter != 15*time.Minute {
		t.Errorf("retry after %v", ref.RetryAfter)
	}
	if r.Stats().Done != hashes {
		t.Error("a refused attempt cost a hash")
	}
	must(r.signIn("Alice", "first password", from("192.0.2.77")))(t) // the owner elsewhere
	for range 5 {
		_, err := r.signIn("nobody", "wrong", from("192.0.2.3"))
		wantKind(t, err, WrongCredentials)
	}
	_, err = r.signIn("nobody", "wrong", from("192.0.2.3"))
	wantKind(t, err, Throttled) // an unknown name is counted as a known one
	r.pass(15*time.Minute + time.Second)
	must(r.signIn("Alice", "first password", here))(t)
	if r.heard(audit.Throttled) != 2 {
		t.Errorf("%d audited", r.heard(audit.Throttled))
	}
}

func TestThrottleSuccessGivesBack(t *testing.T) {
	r := newRig(t)
	r.alice()
	for range 20 {
		must(r.signIn("Alice", "first password", here))(t)
	}
}

func TestThrottleIPv6Prefix(t *testing.T) {
	r := newRig(t)
	r.alice()
	for _, host := range []string{"1", "2", "3", "4", "5"} {
		_, err := r.signIn("Alice", "wrong", from("2001:db8::"+host))
		wantKind(t, err, WrongCredentials)
	}
	_, err := r.signIn("Alice", "first password", from("2001:db8::6"))
	wantKind(t, err, Throttled)
}

func TestThrottleAccountFromAnywhere(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Account.Max = 6 })
	r.alice()
	for i := range 6 {
		_, err := r.signIn("Alice", "wrong", from([]string{"192.0.2.1", "192.0.2.2"}[i%2]))
		wantKind(t, err, WrongCredentials)
	}
	_, err := r.signIn("Alice", "first password", from("192.0.2.3"))
	wantKind(t, err, Throttled)
	r.pass(10 * time.Minute)
	_, err = r.signIn("Alice", "wrong", from("192.0.2.4"))
	wantKind(t, err, Throttled)
	r.pass(5*time.Minute + time.Second) // what was refused meanwhile has not made the window longer
	must(r.signIn("Alice", "first password", from("192.0.2.3")))(t)
}

func TestThrottleAddressAnyKind(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Address.Max = 4 })
	must(r.SignUp(t.Context(), SignUp{Dialect: Simple, Username: "bob", Password: "secret1", Caller: here}))(t)
	must(r.signIn("bob", "secret1", here))(t)
	if err := r.ForgotPassword(t.Context(), "x@example.org", here); err != nil {
		t.Fatal(err)
	}
	_, err := r.ResetPassword(t.Context(), "bad", "secret2", Platform, here)
	wantKind(t, err, BadToken)
	_, err = r.signIn("bob", "secret1", here)
	wantKind(t, err, Throttled)
	must(r.signIn("bob", "secret1", from("192.0.2.2")))(t)
}

// Guesses at the same time do not pass the counter; right passwords at the same time all get in.
func TestThrottleParallel(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Address.Max = 10_000 })
	r.alice()
	storm := func(password string, c Caller) map[Kind]int {
		var wg sync.WaitGroup
		var mu sync.Mutex
		kinds := map[Kind]int{}
		for range 64 {
			wg.Go(func() {
				_, err := r.signIn("Alice", password, c)
				ref, refused := errors.AsType[*Refusal](err)
				if err != nil && !refused {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if refused {
					kinds[ref.Kind]++
				} else {
					kinds["in"]++
				}
			})
		}
		wg.Wait()
		return kinds
	}
	if diff := cmp.Diff(map[Kind]int{WrongCredentials: 5, Throttled: 59}, storm("wrong", here)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[Kind]int{"in": 64}, storm("first password", from("192.0.2.2"))); diff != "" {
		t.Error(diff)
	}
	r.flights.mu.Lock()
	defer r.flights.mu.Unlock()
	if len(r.flights.keys) != 0 {
		t.Errorf("%d flights are remembered with nothing under way", len(r.flights.keys))
	}
}

func TestConfirm(t *testing.T) {
	r := newRig(t)
	r.alice()
	if err := r.Confirm(t.Context(), 1, "first password", here); err != nil {
		t.Error(err)
	}
	for range 5 {
		wantKind(t, r.Confirm(t.Context(), 1, "wrong", here), WrongPassword)
	}
	wantKind(t, r.Confirm(t.Context(), 1, "first password", here), Throttled)
	_, err := r.signIn("Alice", "first password", here) // one counter for every door
	wantKind(t, err, Throttled)
	wantKind(t, r.Confirm(t.Context(), 9, "x", here), Gone)
}

func TestBusyGivesTheSlotBack(t *testing.T) {
	r := newRig(t)
	r.alice()
	r.hashes.close()
	for range 20 {
		_, err := r.signIn("Alice", "first password", here)
		wantKind(t, err, Busy)
	}
	r.hashes = newHashPool(cheap().Hash, time.Now)
	must(r.signIn("Alice", "first password", here))(t)
}

// A request that waits for checks under way, and waits in vain, has not failed too often.
func TestThrottleWaitIsBounded(t *testing.T) {
	r := newRig(t)
	r.alice()
	r.config.Hash.MaxWait = 10 * time.Millisecond // not before: a hash of our own may take longer
	for range 5 {
		slot := must(r.beginWith(t.Context(), here, r.failureLimits(DoorSignIn, here, accountName(1))))(t)
		defer func() {
			if err := slot.end(t.Context(), false); err != nil {
				t.Error(err)
			}
		}()
	}
	_, err := r.signIn("Alice", "first password", here)
	wantKind(t, err, Busy)
}
