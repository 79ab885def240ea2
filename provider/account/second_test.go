package account

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// app is an authenticator app.
type app struct{ secret []byte }

func (a app) code(r *rig) string { return hotp(a.secret, uint64(totpStep(r.now()))) }

// twoStep turns two-step sign-in on for Alice, and returns her app and her recovery codes.
func (r *rig) twoStep(in SignedIn) (app, []string) {
	r.t.Helper()
	a := must(r.Account(r.t.Context(), in.Account.ID))(r.t)
	setup := must(r.BeginTOTP(a))(r.t)
	secret := must(base32Text.DecodeString(setup.Secret))(r.t)
	phone := app{secret}
	kept := must(r.ConfirmTOTP(r.t.Context(), a, in.Session, setup.Ticket, phone.code(r), here))(r.t)
	codes := must(r.KeptCodes(a, kept))(r.t)
	r.pass(time.Minute) // the code of the set-up is used up
	return phone, codes
}

// page is a sign-in at the pages, by the right password.
func (r *rig) page(device string) (SignedIn, error) {
	return r.SignIn(r.t.Context(), Credentials{Dialect: Page, Login: "Alice", Password: "first password", DeviceToken: device, Caller: here})
}

func stepOf(t *testing.T, err error, need StepNeed) *Step {
	t.Helper()
	step := wantKind(t, err, StepNeeded).Step
	if step.Need != need {
		t.Fatalf("needs %s, want %s", step.Need, need)
	}
	return step
}

func TestTOTPSetup(t *testing.T) {
	r := newRig(t)
	in := r.alice()
	setup := must(r.BeginTOTP(in.Account))(t)
	if len(setup.Secret) != 32 || !strings.Contains(setup.URI, "secret="+setup.Secret) {
		t.Errorf("set-up %+v", setup)
	}
	phone := app{must(base32Text.DecodeString(setup.Secret))(t)}
	_, err := r.ConfirmTOTP(t.Context(), in.Account, in.Session, setup.Ticket, "000000", here)
	wantKind(t, err, WrongCode)
	if again := must(r.ResumeTOTP(in.Account, setup.Ticket))(t); again != setup {
		t.Errorf("after a wrong code the key is another: %+v", again)
	}
	bob := must(r.SignUp(t.Context(), SignUp{Dialect: Simple, Username: "bob", Password: "first password", Caller: here}))(t)
	_, err = r.ResumeTOTP(bob.Account, setup.Ticket)
	wantKind(t, err, StepGone)
	kept := must(r.ConfirmTOTP(t.Context(), in.Account, in.Session, setup.Ticket, phone.code(r), here))(t)

	a, sess, err := r.Live(t.Context(), in.Session.SID)
	if err != nil || a.TOTP == nil || strings.Contains(string(a.TOTP.Sealed), "\x00"+setup.Secret) {
		t.Fatalf("account %+v, %v", a.TOTP, err)
	}
	if sess.ACR != "2" || !slices.Equal(sess.AMR, []string{"pwd", "otp", "mfa"}) || !sess.AuthTime.Equal(in.Session.AuthTime) {
		t.Errorf("session %+v", sess)
	}
	codes := must(r.KeptCodes(a, kept))(t)
	if len(codes) != 10 || len(slices.Compact(slices.Sorted(slices.Values(codes)))) != 10 || len(codes[0]) != 19 {
		t.Errorf("codes %v", codes)
	}
	_, err = r.KeptCodes(bob.Account, kept)
	wantKind(t, err, StepGone)
	r.pass(time.Hour)
	_, err = r.KeptCodes(a, kept)
	wantKind(t, err, StepGone)
	if _, letter := r.mailed(MailFactorAdded); letter.Undo == "" || r.heard(audit.FactorAdded) != 1 {
		t.Error("nobody is told")
	}
	_, err = r.ResumeTOTP(a, setup.Ticket)
	wantKind(t, err, StepGone) // it took too long
}

func TestSignInWithSecond(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Pair.Max = 20 })
	phone, codes := r.twoStep(r.alice())
	live := len(must(r.Sessions(t.Context(), 1))(t))
	_, err := r.page("")
	step := stepOf(t, err, NeedSecond)
	if !slices.Equal(step.Methods, []Method{MethodTOTP, MethodRecovery}) {
		t.Errorf("methods %v", step.Methods)
	}
	if n := len(must(r.Sessions(t.Context(), 1))(t)); n != live {
		t.Errorf("%d sessions before the second factor, had %d", n, live)
	}
	for name, c := range map[string]string{"wrong": "000000", "no code at all": "", "letters": "abcdef", "a recovery code that there is not": "AAAA-AAAA-AAAA-AAAA"} {
		_, err := r.ProveSecond(t.Context(), step.Ticket, Proof{Code: c, Caller: here})
		if !IsKind(err, WrongCode) {
			t.Errorf("%s: %v", name, err)
		}
	}
	got := must(r.ProveSecond(t.Context(), step.Ticket, Proof{Code: phone.code(r), Caller: here}))(t)
	if got.Session.ACR != "2" || !slices.Equal(got.Session.AMR, []string{"pwd", "otp", "mfa"}) || got.Secret == "" {
		t.Errorf("session %+v", got.Session)
	}
	if r.heard(audit.SecondFactor) != 1 || r.heard(audit.SecondFactorFailed) != 4 {
		t.Error("audit")
	}
	_, err = r.ProveSecond(t.Context(), step.Ticket, Proof{Code: codes[0], Caller: here})
	wantKind(t, err, StepGone) // a ticket opens one session

	_, err = r.page("")
	step = stepOf(t, err, NeedSecond)
	_, err = r.ProveSecond(t.Context(), step.Ticket, Proof{Code: phone.code(r), Caller: here})
	wantKind(t, err, WrongCode) // RFC 6238 §5.2: no code twice
	spaced := strings.ToLower(strings.ReplaceAll(codes[1], "-", " "))
	if got := must(r.ProveSecond(t.Context(), step.Ticket, Proof{Code: spaced, Caller: here}))(t); got.Session.ACR != "2" {
		t.Errorf("session %+v", got.Session)
	}
	if st := must(r.TwoStep(t.Context(), got.Account))(t); st.Codes != 8 || !st.On() {
		t.Errorf("state %+v", st)
	}
	if _, l := r.mailed(MailRecoveryCodeUsed); l.Undo == "" {
		t.Error("nobody is told of a used code")
	}
}

func TestStepEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(r *rig, a storage.Account)
	}{
		{"its time is over", func(r *rig, _ storage.Account) { r.pass(11 * time.Minute) }},
		{"another password was set", func(r *rig, a storage.Account) {
			if err := r.SetPassword(r.t.Context(), a.ID, "quite another phrase", here); err != nil {
				r.t.Fatal(err)
			}
		}},
		{"the account was disabled", func(r *rig, a storage.Account) { must(r.SetDisabled(r.t.Context(), a.ID, true, here))(r.t) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			in := r.alice()
			phone, _ := r.twoStep(in)
			_, err := r.page("")
			step := stepOf(t, err, NeedSecond)
			c.do(r, in.Account)
			_, err = r.ProveSecond(t.Context(), step.Ticket, Proof{Code: phone.code(r), Caller: here})
			wantKind(t, err, StepGone)
		})
	}
	r := newRig(t)
	for _, ticket := range []string{"", "x", strings.Repeat("A", 5000)} {
		_, err := r.PeekStep(t.Context(), ticket, here)
		wantKind(t, err, StepGone)
	}
}

// TestOneCodeOneWinner: of fifty who come with one code at the same instant, to two replicas, one gets in.
func TestOneCodeOneWinner(t *testing.T) {
	for _, recovery := range []bool{false, true} {
		r := newRig(t, func(c *Config) {
			c.Limits.Pair.Max, c.Limits.Second.Max, c.Limits.SecondDay.Max, c.Limits.Address.Max = 1000, 1000, 1000, 1000
		})
		phone, codes := r.twoStep(r.alice())
		other := must(New(r.config, Deps{Store: r.store, Outbox: r.store, Vault: openVault{}, Links: testLinks{}, Random: r.random, Audit: audit.Discard, Now: r.now}))(t)
		t.Cleanup(other.Close)
		code := phone.code(r)
		if recovery {
			code = codes[0]
		}
		_, err := r.page("")
		ticket := stepOf(t, err, NeedSecond).Ticket
		var tickets [50]string
		for i := range tickets { // each with a ticket of its own: it is the code that is one
			_, err := r.page("")
			tickets[i] = stepOf(t, err, NeedSecond).Ticket
		}
		tickets[0] = ticket
		var won, lost int
		var mu sync.Mutex
		var work sync.WaitGroup
		for i := range tickets {
			s := []*Service{r.Service, other}[i%2]
			work.Go(func() {
				_, err := s.ProveSecond(context.WithoutCancel(t.Context()), tickets[i], Proof{Code: code, Caller: here})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won++
				case IsKind(err, WrongCode):
					lost++
				default:
					t.Error(err)
				}
			})
		}
		work.Wait()
		if won != 1 || lost != len(tickets)-1 {
			t.Errorf("recovery %v: %d won, %d lost", recovery, won, lost)
		}
	}
}

func TestSecondLimits(t *testing.T) {
	r := newRig(t)
	phone, _ := r.twoStep(r.alice())
	_, err := r.page("")
	ticket := stepOf(t, err, NeedSecond).Ticket
	for range 5 {
		_, err := r.ProveSecond(t.Context(), ticket, Proof{Code: "000000", Caller: here})
		wantKind(t, err, WrongCode)
	}
	_, err = r.ProveSecond(t.Context(), ticket, Proof{Code: phone.code(r), Caller: here})
	wantKind(t, err, Throttled)
	// From elsewhere the account has its own, smaller budget.
	for i := range 15 {
		_, err := r.ProveSecond(t.Context(), ticket, Proof{Code: "000000", Caller: from("203.0.113." + string(rune('1'+i%9)))})
		if i < 15 && !IsKind(err, WrongCode) {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	_, err = r.ProveSecond(t.Context(), ticket, Proof{Code: phone.code(r), Caller: from("203.0.113.77")})
	wantKind(t, err, Throttled)
	r.pass(16 * time.Minute)
	_, err = r.page("")
	ticket = stepOf(t, err, NeedSecond).Ticket
	must(r.ProveSecond(t.Context(), ticket, Proof{Code: phone.code(r), Caller: here}))(t)
}

func TestKnownDevice(t *testing.T) {
	r := newRig(t)
	r.alice()
	first := must(r.page(""))(t)
	if first.Device == "" {
		t.Fatal("a browser that signed in is not known")
	}
	if again := must(r.page(first.Device))(t); again.Device != "" {
		t.Error("a known browser gets another token")
	}
	// Strangers use up the account's failures, from everywhere: the owner's browser has its own.
	for i := range 50 {
		_, err := r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "Alice", Password: "wrong", Caller: from("203.0.113." + string(rune('0'+i/5)))})
		wantKind(t, err, WrongCredentials)
	}
	_, err := r.page("")
	wantKind(t, err, Throttled)
	must(r.page(first.Device))(t)
	// And it has few: what was stolen is no key to guess with.
	for range 5 {
		_, err := r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "Alice", Password: "wrong", DeviceToken: first.Device, Caller: here})
		wantKind(t, err, WrongCredentials)
	}
	_, err = r.page(first.Device)
	wantKind(t, err, Throttled)
	// Another's token says nothing of Alice.
	must(r.SignUp(t.Context(), SignUp{Dialect: Simple, Username: "bob", Password: "first password", Caller: here}))(t)
	r.pass(16 * time.Minute)
	bob := must(r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "bob", Password: "first password", DeviceToken: first.Device, Caller: here}))(t)
	if parts := strings.Split(bob.Device, "."); len(parts) != 2 || parts[1] != first.Device {
		t.Errorf("a browser of two: %q", bob.Device)
	}
	if d := must(r.findDevice(t.Context(), first.Account.ID, strings.Split(bob.Device, ".")[0]))(t); d.known() {
		t.Error("Bob's token is Alice's")
	}
}

func TestTrustedDevice(t *testing.T) {
	trusting := func(t *testing.T, edit ...func(*Config)) (*rig, app, SignedIn) {
		r := newRig(t, edit...)
		phone, _ := r.twoStep(r.alice())
		_, err := r.page("")
		in := must(r.ProveSecond(t.Context(), stepOf(t, err, NeedSecond).Ticket, Proof{Code: phone.code(r), Trust: true, Caller: here}))(t)
		r.pass(time.Minute)
		return r, phone, in
	}
	t.Run("it stands in for the second factor, and says so", func(t *testing.T) {
		r, _, in := trusting(t)
		got := must(r.page(in.Device))(t)
		if got.Session.ACR != "1" || !slices.Equal(got.Session.AMR, []string{"pwd"}) {
			t.Errorf("session %+v", got.Session)
		}
		_, err := r.page("")
		stepOf(t, err, NeedSecond)
	})
	t.Run("not where it was forgotten while the password was checked", func(t *testing.T) {
		r, _, in := trusting(t)
		key := must(r.findDevice(t.Context(), in.Account.ID, in.Device))(t).key
		r.store.before["ReturnAttempts"] = func() { // after the hash
			if err := r.ForgetBrowser(t.Context(), in.Account.ID, key.Hash, here); err != nil {
				t.Error(err)
			}
		}
		_, err := r.page(in.Device)
		stepOf(t, err, NeedSecond)
	})
	t.Run("not where two are asked for, nor to prove oneself again", func(t *testing.T) {
		r, _, in := trusting(t)
		c := Credentials{Dialect: Page, Login: "Alice", Password: "first password", DeviceToken: in.Device, Caller: here}
		two, again := c, c
		two.Two, again.Replace = true, in.Session.SID
		for _, c := range []Credentials{two, again} {
			_, err := r.SignIn(t.Context(), c)
			stepOf(t, err, NeedSecond)
		}
		_, err := r.Reprove(t.Context(), in.Session, c)
		stepOf(t, err, NeedSecond)
	})
	for name, do := range map[string]func(r *rig, phone app, in SignedIn){
		"30 days": func(r *rig, _ app, _ SignedIn) { r.pass(30*24*time.Hour + time.Minute) },
		"another password": func(r *rig, _ app, in SignedIn) {
			if err := r.ChangePassword(r.t.Context(), in.Account.ID, "first password", "quite another phrase", in.Session.SID, here); err != nil {
				r.t.Fatal(err)
			}
		},
		"signed out everywhere": func(r *rig, _ app, in SignedIn) {
			must(r.EndOtherSessions(r.t.Context(), in.Account.ID, in.Session.SID, here))(r.t)
		},
		"another app": func(r *rig, _ app, in SignedIn) {
			a := must(r.Account(r.t.Context(), in.Account.ID))(r.t)
			if err := r.RemoveTOTP(r.t.Context(), a, here); err != nil {
				r.t.Fatal(err)
			}
			r.twoStep(in)
		},
	} {
		t.Run("ends after "+name, func(t *testing.T) {
			r, phone, in := trusting(t)
			do(r, phone, in)
			if d := must(r.findDevice(t.Context(), in.Account.ID, in.Device))(t); d.trusted(r.now()) {
				t.Error("still trusted")
			}
		})
	}
	t.Run("never, where the operator says so", func(t *testing.T) {
		r, _, in := trusting(t, func(c *Config) { c.Second.Remember = 0 })
		_, err := r.page(in.Device)
		stepOf(t, err, NeedSecond)
	})
}

func TestSecondRequired(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*Config)
		join bool
		must bool
	}{
		{"nobody", func(*Config) {}, false, false},
		{"everybody", func(c *Config) { c.Second.Required = true }, false, true},
		{"a group, and she is in it", func(c *Config) { c.Second.Groups = []string{"admins"} }, true, true},
		{"a group, and she is not", func(c *Config) { c.Second.Groups = []string{"admins"} }, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, c.edit)
			in := r.alice()
			if c.join {
				must(r.SetMember(t.Context(), in.Account.ID, "admins", true, here))(t)
			}
			_, err := r.page("")
			if !c.must {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			step := stepOf(t, err, NeedEnrol)
			v := must(r.PeekStep(t.Context(), step.Ticket, here))(t)
			setup := must(r.BeginTOTP(v.Account))(t)
			phone := app{must(base32Text.DecodeString(setup.Secret))(t)}
			_, _, err = r.EnrolTOTP(t.Context(), step.Ticket, setup.Ticket, Proof{Code: "000000", Caller: here})
			wantKind(t, err, WrongCode)
			got, kept, err := r.EnrolTOTP(t.Context(), step.Ticket, setup.Ticket, Proof{Code: phone.code(r), Caller: here})
			if err != nil || got.Session.ACR != "2" || len(must(r.KeptCodes(got.Account, kept))(t)) != 10 {
				t.Fatalf("%+v %v", got.Session, err)
			}
			wantKind(t, r.RemoveTOTP(t.Context(), got.Account, here), FactorRequired)
		})
	}
	t.Run("sign-up at the API gives no session", func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Second.Required = true })
		_, err := r.SignUp(t.Context(), SignUp{Dialect: Simple, Username: "bob", Password: "first password", Caller: here})
		stepOf(t, err, NeedEnrol)
		_, err = r.FindAccount(t.Context(), storage.AccountKey{UsernameKey: "bob"})
		wantKind(t, err, Gone)
	})
	t.Run("rules that nobody could follow are refused", func(t *testing.T) {
		c := cheap()
		c.Second.Required, c.Second.Methods = true, nil
		if c.Second.check() == nil {
			t.Error("taken")
		}
	})
}

func TestStepUp(t *testing.T) {
	r := newRig(t)
	in := r.alice()
	wantKind(t, r.StepUp(t.Context(), in.Account, in.Session, false, "", here), FactorUsed) // she has none
	stepOf(t, r.StepUp(t.Context(), in.Account, in.Session, true, "", here), NeedEnrol)
	phone, _ := r.twoStep(in)
	a, old, err := r.Live(t.Context(), in.Session.SID)
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, r.StepUp(t.Context(), a, old, true, "", here), FactorUsed) // it has both
	one := old
	one.AMR, one.ACR = []string{"pwd"}, "1"
	if _, err := r.store.TouchSession(t.Context(), one.SID, storage.SessionChange{AMR: one.AMR, ACR: one.ACR}, r.now()); err != nil {
		t.Fatal(err)
	}
	step := stepOf(t, r.StepUp(t.Context(), a, one, false, "", here), NeedSecond)
	got := must(r.ProveSecond(t.Context(), step.Ticket, Proof{Code: phone.code(r), Trust: true, Caller: here}))(t)
	if got.Session.SID != one.SID || got.Session.ACR != "2" || !got.Session.AuthTime.Equal(old.AuthTime) {
		t.Errorf("stepped up: %+v, had %+v", got.Session, old)
	}
	if d := must(r.findDevice(t.Context(), a.ID, got.Device))(t); d.trusted(r.now()) {
		t.Error("a step-up makes a browser trusted")
	}
	mailed := storage.Session{AMR: []string{"otp"}}
	wantKind(t, r.StepUp(t.Context(), a, mailed, false, "", here), FactorUsed) // two codes are one kind
}

func TestRecentAndProved(t *testing.T) {
	r := newRig(t)
	now := r.now()
	none, on := storage.Account{PasswordHash: "x"}, storage.Account{PasswordHash: "x", TOTP: &storage.TOTP{}}
	for _, c := range []struct {
		name          string
		a             storage.Account
		amr           []string
		age           time.Duration
		recent, prove bool
	}{
		{"a password, just now", none, []string{"pwd"}, 0, true, true},
		{"a password, long ago", none, []string{"pwd"}, 11 * time.Minute, false, true},
		{"one of two factors", on, []string{"pwd"}, 0, false, false},
		{"two of two", on, []string{"pwd", "otp", "mfa"}, 9 * time.Minute, true, true},
		{"two of two, long ago", on, []string{"pwd", "otp", "mfa"}, 11 * time.Minute, false, true},
		{"a passkey that verified its user", on, []string{"pop", "user", "mfa"}, 0, true, true},
		{"who has no password, by mail and app", storage.Account{TOTP: &storage.TOTP{}}, []string{"otp"}, 0, true, false},
	} {
		s := storage.Session{AMR: c.amr, AuthTime: now.Add(-c.age)}
		if got := r.Recent(c.a, s); got != c.recent {
			t.Errorf("%s: recent %v", c.name, got)
		}
		if got := r.Proved(c.a, s); got != c.prove {
			t.Errorf("%s: proved %v", c.name, got)
		}
	}
}

func TestJoinAMR(t *testing.T) {
	for _, c := range []struct{ before, more, want string }{
		{"", "pwd", "pwd"}, {"pwd", "otp", "pwd otp mfa"}, {"pwd", "pop user", "pwd pop user mfa"}, {"otp", "otp", "otp"}, {"pop user", "otp", "pop user otp mfa"},
		{"pwd otp mfa", "pop", "pwd otp mfa pop"}, {"pop", "user", "pop user"},
	} {
		if got := strings.Join(joinAMR(strings.Fields(c.before), strings.Fields(c.more)...), " "); got != c.want {
			t.Errorf("%s + %s = %s, want %s", c.before, c.more, got, c.want)
		}
	}
}

func TestCodesOfTheAPI(t *testing.T) {
	r := newRig(t)
	phone, codes := r.twoStep(r.alice())
	c := Credentials{Dialect: Platform, Login: "Alice", Password: "first password", Caller: here}
	_, err := r.SignIn(t.Context(), c)
	stepOf(t, err, NeedSecond)
	for _, code := range []string{"000000", "nonsense"} {
		c.Code = code
		_, err = r.SignIn(t.Context(), c)
		wantKind(t, err, WrongCode)
	}
	wrong := c
	wrong.Password, wrong.Code = "wrong", codes[1]
	_, err = r.SignIn(t.Context(), wrong)
	wantKind(t, err, WrongCredentials) // nothing is told of codes before the password is right, and none is used up
	for _, code := range []string{phone.code(r), codes[1]} {
		c.Code = code
		if got := must(r.SignIn(t.Context(), c))(t); got.Session.ACR != "2" || got.Device != "" {
			t.Errorf("%+v", got)
		}
	}
}

func TestNewRecoveryCodes(t *testing.T) {
	r := newRig(t)
	in := r.alice()
	_, err := r.RenewRecoveryCodes(t.Context(), in.Account, here)
	wantKind(t, err, NoMethod)
	_, old := r.twoStep(in)
	a := must(r.Account(t.Context(), in.Account.ID))(t)
	codes := must(r.KeptCodes(a, must(r.RenewRecoveryCodes(t.Context(), a, here))(t)))(t)
	_, err = r.page("")
	ticket := stepOf(t, err, NeedSecond).Ticket
	_, err = r.ProveSecond(t.Context(), ticket, Proof{Code: old[0], Caller: here})
	wantKind(t, err, WrongCode)
	must(r.ProveSecond(t.Context(), ticket, Proof{Code: codes[9], Caller: here}))(t)
	r.mailed(MailRecoveryCodes)
}

func TestFactorsGo(t *testing.T) {
	r := newRig(t)
	in := r.alice()
	_, codes := r.twoStep(in)
	a := must(r.Account(t.Context(), in.Account.ID))(t)
	if err := r.RemoveTOTP(t.Context(), a, here); err != nil {
		t.Fatal(err)
	}
	if got := must(r.page(""))(t); got.Session.ACR != "1" {
		t.Errorf("%+v", got.Session)
	}
	if st := must(r.TwoStep(t.Context(), must(r.Account(t.Context(), a.ID))(t)))(t); st.On() || st.Codes != 0 {
		t.Errorf("left %+v", st)
	}
	if err := r.useRecoveryCode(t.Context(), a, codes[0], here); !IsKind(err, WrongCode) {
		t.Error(err)
	}
	r.mailed(MailFactorRemoved)

	r.twoStep(in)
	if err := r.ResetFactors(t.Context(), a.ID, here); err != nil {
		t.Fatal(err)
	}
	if left := must(r.Sessions(t.Context(), a.ID))(t); len(left) != 0 {
		t.Errorf("sessions left: %d", len(left))
	}
	must(r.page(""))(t)
	if r.heard(audit.FactorsReset) != 1 {
		t.Error("nobody heard")
	}
	wantKind(t, r.ResetFactors(t.Context(), 99, here), Gone)
}

// Two-step sign-in that is turned on between the check of the password and the birth of the session leaves no session of one factor behind.
func TestSignInMeetsTwoStep(t *testing.T) {
	r := newRig(t)
	in := r.alice()
	setup := must(r.BeginTOTP(in.Account))(t)
	phone := app{must(base32Text.DecodeString(setup.Secret))(t)}
	r.store.before["ApplyEffects"] = func() {
		must(r.ConfirmTOTP(t.Context(), in.Account, in.Session, setup.Ticket, phone.code(r), here))(t)
	}
	_, err := r.page("")
	wantKind(t, err, WrongCredentials)
}

// TestTicketHoldsNoSecret: what travels is sealed, and what is sealed has neither password nor secret of the app.
func TestTicketHoldsNoSecret(t *testing.T) {
	r := newRig(t)
	phone, _ := r.twoStep(r.alice())
	_, err := r.page("")
	var box ticket
	if err := r.openText(stepPurpose, "", stepOf(t, err, NeedSecond).Ticket, &box); err != nil {
		t.Fatal(err)
	}
	if box.AccountID != 1 || strings.Contains(box.ID, string(phone.secret)) || len(box.AMR) != 1 {
		t.Errorf("%+v", box)
	}
	if err := r.openText(totpSetupPurpose, "", stepOf(t, err, NeedSecond).Ticket, &box); err == nil || errors.Is(err, storage.ErrNotFound) {
		t.Error("a ticket of one purpose serves another")
	}
}
