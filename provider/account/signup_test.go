package account

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"

	"github.com/google/go-cmp/cmp"
)

func TestSignUp(t *testing.T) {
	r := newRig(t)
	out := r.alice()
	a := out.Account
	if a.ID != 1 || len(a.Sub) != 36 || a.Username != "Alice" || a.UsernameKey != "alice" || a.Email != "Alice@Example.org" ||
		a.EmailKey != "alice@example.org" || a.EmailVerified || len(a.PasswordHistory) != 1 || a.PasswordHistory[0] != a.PasswordHash {
		t.Errorf("account %+v", a)
	}
	if strings.Contains(fmt.Sprintf("%+v", a), "first password") {
		t.Error("the password is in the record")
	}
	s := must(r.store.Session(t.Context(), out.Session.SID, r.now()))(t)
	if diff := cmp.Diff(out.Session, s); diff != "" {
		t.Errorf("returned and stored session differ: %s", diff)
	}
	if s.Kind != "platform" || s.AccountID != 1 || out.Secret != "" || s.SecretHash != "" || !s.ExpiresAt.Equal(s.CreatedAt.Add(24*time.Hour)) ||
		!slices.Equal(s.AMR, []string{"pwd"}) || len(s.SID) < 22 {
		t.Errorf("session %+v", s)
	}
	mail := r.courier()
	if len(mail) != 1 || mail[0].Kind != MailVerify || mail[0].To != "Alice@example.org" || mail[0].Name != "Alice" || mail[0].Undo != "" {
		t.Errorf("mail %+v", mail)
	}
	if r.heard(audit.SignUp) != 1 {
		t.Error("not audited")
	}
}

func TestSignUpFields(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Address.Max = 1000 })
	good := map[Dialect]SignUp{
		Platform: {Username: "bob_1", Email: "bob@example.org", Password: "123456"},
		Session:  {Email: "bob@example.org", Password: "12345678", FirstName: "Bob", LastName: "O'Neil-Müller Jr."},
		Simple:   {Username: "bob-1", Password: "123456"},
		Page:     {Email: "bob@example.org", Password: "tr1cky words"},
	}
	for _, c := range []struct {
		name  string
		d     Dialect
		edit  func(*SignUp)
		field string
		want  Problem
	}{
		{"name missing", Platform, func(s *SignUp) { s.Username = "" }, FieldUsername, Missing},
		{"hyphen in name", Platform, func(s *SignUp) { s.Username = "a-b" }, FieldUsername, Malformed},
		{"address missing", Platform, func(s *SignUp) { s.Email = "" }, FieldEmail, Missing},
		{"address broken", Platform, func(s *SignUp) { s.Email = "bob" }, FieldEmail, Malformed},
		{"five characters", Platform, func(s *SignUp) { s.Password = "12345" }, FieldPassword, TooShort},
		{"six characters of two bytes, decomposed to twelve", Platform, func(s *SignUp) { s.Password = strings.Repeat("a\u0308", 5) }, FieldPassword, TooShort},
		{"empty password", Platform, func(s *SignUp) { s.Password = "" }, FieldPassword, TooShort},
		{"1,025 bytes", Platform, func(s *SignUp) { s.Password = strings.Repeat("a", 1025) }, FieldPassword, TooLong},
		{"no UTF-8", Platform, func(s *SignUp) { s.Password = "\xff\xff\xff\xff\xff\xff" }, FieldPassword, Malformed},
		{"long full name", Platform, func(s *SignUp) { s.FullName = strings.Repeat("ä", 101) }, FieldFullName, TooLong},
		{"line break in full name", Platform, func(s *SignUp) { s.FullName = "a\nb" }, FieldFullName, Malformed},
		{"seven characters", Session, func(s *SignUp) { s.Password = "1234567" }, FieldPassword, TooShort},
		{"first name of one", Session, func(s *SignUp) { s.FirstName = "B" }, FieldFirstName, TooShort},
		{"first name missing", Session, func(s *SignUp) { s.FirstName = "" }, FieldFirstName, Missing},
		{"digit in last name", Session, func(s *SignUp) { s.LastName = "B0b" }, FieldLastName, Malformed},
		{"no letter", Session, func(s *SignUp) { s.LastName = "-." }, FieldLastName, Malformed},
		{"last name of 51", Session, func(s *SignUp) { s.LastName = strings.Repeat("b", 51) }, FieldLastName, TooLong},
		{"at in name", Simple, func(s *SignUp) { s.Username = "a@b" }, FieldUsername, Malformed},
		{"short name", Simple, func(s *SignUp) { s.Username = "ab" }, FieldUsername, TooShort},
		{"common", Page, func(s *SignUp) { s.Password = "password123" }, FieldPassword, Common},
		{"repeated", Page, func(s *SignUp) { s.Password = "zzzzzzzzzz" }, FieldPassword, Common},
		{"personal", Page, func(s *SignUp) { s.Password = "I am Bob here" }, FieldPassword, Personal},
	} {
		t.Run(string(c.d)+" "+c.name, func(t *testing.T) {
			in := good[c.d]
			in.Dialect, in.Caller = c.d, here
			c.edit(&in)
			before := r.Stats().Done
			_, err := r.SignUp(t.Context(), in)
			ref := wantKind(t, err, Invalid)
			if diff := cmp.Diff(map[string]Problem{c.field: c.want}, ref.Fields); diff != "" {
				t.Error(diff)
			}
			if c.want == TooShort && c.field == FieldPassword && ref.Minimum != r.Minimum(c.d) {
				t.Errorf("minimum %d", ref.Minimum)
			}
			if r.Stats().Done != before {
				t.Error("a refusal cost a hash")
			}
		})
	}
	for d, in := range good {
		t.Run(string(d)+" good", func(t *testing.T) {
			r := newRig(t)
			in.Dialect, in.Caller = d, here
			out := must(r.SignUp(t.Context(), in))(t)
			if (out.Secret != "") != (d == Page) || (out.Session.SecretHash != "") != (d == Page) || out.Secret != "" && digest(out.Secret) != out.Session.SecretHash {
				t.Errorf("secret %q, hash %q", out.Secret, out.Session.SecretHash)
			}
		})
	}
	t.Run("order of the form", func(t *testing.T) {
		_, err := r.SignUp(t.Context(), SignUp{Dialect: Platform, Caller: here})
		if diff := cmp.Diff([]string{FieldUsername, FieldEmail, FieldPassword}, wantKind(t, err, Invalid).Order); diff != "" {
			t.Error(diff)
		}
	})
}

func TestMinimumIsOnlyRaised(t *testing.T) {
	c := Defaults()
	c.PasswordMinLength = 7
	got := []int{c.Minimum(Platform), c.Minimum(Session), c.Minimum(Simple), c.Minimum(Page)}
	if diff := cmp.Diff([]int{7, 8, 7, 8}, got); diff != "" {
		t.Error(diff)
	}
}

func TestSignUpTaken(t *testing.T) {
	r := newRig(t)
	r.alice()
	in := SignUp{Dialect: Platform, Username: "aLICE", Email: "other@example.org", Password: "second password", Caller: here}
	_, err := r.SignUp(t.Context(), in)
	wantKind(t, err, UsernameTaken)
	in.Username, in.Email = "other", "ALICE@EXAMPLE.ORG"
	_, err = r.SignUp(t.Context(), in)
	wantKind(t, err, EmailTaken)
	in.Username = "alice"
	_, err = r.SignUp(t.Context(), in)
	wantKind(t, err, UsernameTaken)
	_, err = r.SignUp(t.Context(), SignUp{Dialect: Simple, Username: "ALICE", Password: "second password", Caller: here})
	wantKind(t, err, UsernameTaken)
	if n := len(must(r.store.ListAccounts(t.Context(), 0, 10))(t)); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

// A page's sign-up does the same, as far as an observer can count, whether the address is known or not.
func TestPageSignUpIsAlike(t *testing.T) {
	r := newRig(t)
	r.alice()
	r.courier()
	page := func(email string) (ops []string, hashes uint64, err error) {
		r.store.take()
		before := r.Stats().Done
		_, err = r.SignUp(t.Context(), SignUp{Dialect: Page, Email: email, Password: "tr1cky words", NoSession: true, Flow: "f", Caller: here})
		return slices.DeleteFunc(r.store.take(), func(op string) bool { return op == "TakeAttempts" }), r.Stats().Done - before, err
	}
	newOps, newHashes, newErr := page("new@example.org")
	oldOps, oldHashes, oldErr := page("alice@EXAMPLE.org")
	if newErr != nil {
		t.Fatal(newErr)
	}
	wantKind(t, oldErr, EmailTaken)
	if diff := cmp.Diff(newOps, oldOps); diff != "" || newHashes != oldHashes || newHashes != 1 {
		t.Errorf("work differs: %s; hashes %d, %d", diff, newHashes, oldHashes)
	}
	mail := r.courier()
	kinds := []string{mail[0].Kind, mail[1].Kind}
	slices.Sort(kinds)
	if diff := cmp.Diff([]string{MailAlready, MailVerify}, kinds); diff != "" {
		t.Error(diff)
	}
	// Past the budget the write is still made, and no mail comes.
	for range 10 {
		ops, hashes, err := page("alice@example.org")
		wantKind(t, err, EmailTaken)
		if diff := cmp.Diff(newOps, ops); diff != "" || hashes != 1 {
			t.Errorf("work differs: %s", diff)
		}
	}
	if n := len(r.courier()); n != 4 {
		t.Errorf("%d mails past the first, want 4 (a budget of 5)", n)
	}
	// The name is told first, whatever the address is.
	for _, email := range []string{"alice@example.org", "new2@example.org"} {
		_, err := r.SignUp(t.Context(), SignUp{Dialect: Page, Username: "alice", Email: email, Password: "tr1cky words", NoSession: true, Caller: here})
		wantKind(t, err, UsernameTaken)
	}
}

func TestSignUpRace(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Address.Max = 1000 })
	var wg sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for i := range 16 {
		wg.Go(func() {
			_, err := r.SignUp(t.Context(), SignUp{Dialect: Simple, Username: []string{"Carol", "cAROL"}[i%2], Password: "secret1", Caller: here})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made++
			} else if !IsKind(err, UsernameTaken) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made != 1 {
		t.Errorf("%d accounts of one name", made)
	}
}

func TestSignUpClosed(t *testing.T) {
	r := newRig(t, func(c *Config) { c.SignUpOpen = false })
	_, err := r.SignUp(t.Context(), SignUp{Dialect: Simple, Username: "bob", Password: "secret1", Caller: here})
	wantKind(t, err, SignUpClosed)
}

func TestUsernameAvailable(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Check.Max = 4 })
	r.alice()
	for name, want := range map[string]bool{"ALICE": false, "bob": true} {
		if got := must(r.UsernameAvailable(t.Context(), Platform, name, here))(t); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	for _, name := range []string{"alice@example.org", "a-b"} {
		_, err := r.UsernameAvailable(t.Context(), Platform, name, here)
		wantKind(t, err, Invalid)
	}
	_, err := r.UsernameAvailable(t.Context(), Platform, "bob", here)
	wantKind(t, err, Throttled)
	must(r.UsernameAvailable(t.Context(), Platform, "bob", from("192.0.2.2")))(t)
}

func TestNewRefusesBadNumbers(t *testing.T) {
	for name, edit := range map[string]func(*Config){
		"hash memory":  func(c *Config) { c.Hash.Memory = 1 << 30 },
		"history":      func(c *Config) { c.PasswordHistory = 6 },
		"session":      func(c *Config) { delete(c.SessionTTL, Page) },
		"limit":        func(c *Config) { c.Limits.Pair.Max = 0 },
		"reset":        func(c *Config) { c.ResetTTL = 0 },
		"max password": func(c *Config) { c.MaxPasswordBytes = 10 },
	} {
		c := Defaults()
		edit(&c)
		if c.check() == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := Defaults().check(); err != nil {
		t.Error(err)
	}
	if _, err := New(Defaults(), Deps{}); err == nil {
		t.Error("no dependencies: taken")
	}
}

func TestFaultsAreNoRefusals(t *testing.T) {
	r := newRig(t)
	r.alice()
	if err := r.store.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := r.signIn("Alice", "first password", here)
	if _, refused := errors.AsType[*Refusal](err); refused || !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestCreateAccountByOperator(t *testing.T) {
	r := newRig(t, func(c *Config) { c.SignUpOpen, c.Limits.Address.Max = false, 1 })
	for i := range 3 { // no limit
		out := must(r.CreateAccount(t.Context(), SignUp{Dialect: Simple, Username: fmt.Sprint("user", i), Password: "secret1"}))(t)
		if out.Session.SID != "" || out.Account.ID != int64(i+1) {
			t.Errorf("made %+v", out)
		}
	}
	must(r.CreateAccount(t.Context(), SignUp{Dialect: Page, Email: "a@example.org", Password: "tr1cky words"}))(t)
	_, err := r.CreateAccount(t.Context(), SignUp{Dialect: Page, Email: "A@example.org", Password: "tr1cky words"})
	wantKind(t, err, EmailTaken)
	if mail := r.courier(); len(mail) != 1 || mail[0].Kind != MailVerify {
		t.Errorf("mails %+v", mail) // an operator's mistake is nobody's news
	}
}

func TestVerifyHash(t *testing.T) {
	r := newRig(t)
	a := r.alice().Account
	for _, c := range []struct {
		encoded, secret string
		want            bool
	}{{a.PasswordHash, "first password", true}, {a.PasswordHash, "x", false}, {"sha256:00", "x", false}} {
		if got, err := r.VerifyHash(t.Context(), c.encoded, c.secret); got != c.want || err != nil {
			t.Errorf("%q: %v, %v", c.secret, got, err)
		}
	}
}

// Secrets that people chose are guessed as passwords are; a stranger's guesses must not shut out the application.
func TestVerifySecretIsLimited(t *testing.T) {
	r := newRig(t)
	encoded := r.alice().Account.PasswordHash
	for range 5 {
		if ok, err := r.VerifySecret(t.Context(), encoded, "guess", here); ok || err != nil {
			t.Fatalf("%v, %v", ok, err)
		}
	}
	_, err := r.VerifySecret(t.Context(), encoded, "first password", here)
	wantKind(t, err, Throttled)
	for range 7 { // right ones give their slots back
		if ok, err := r.VerifySecret(t.Context(), encoded, "first password", Caller{Address: "203.0.113.77"}); !ok || err != nil {
			t.Fatalf("from elsewhere: %v, %v", ok, err)
		}
	}
}

// Whoever signs up with a stranger's address must not write to them: only what cannot be a message or a link is said before the
// address is proven.
func TestMailToUnprovenAddressCarriesNoFreeText(t *testing.T) {
	r := newRig(t)
	in := SignUp{Dialect: Platform, Username: "mallory", Email: "victim@example.org", Password: "first password", FullName: "You won! http://evil.example", Caller: here}
	must(r.SignUp(t.Context(), in))(t)
	if err := r.ForgotPassword(t.Context(), in.Email, here); err != nil {
		t.Fatal(err)
	}
	verify, seen := "", 0
	for _, m := range r.courier() {
		if seen++; m.Name != "mallory" {
			t.Errorf("%s greets %q", m.Kind, m.Name)
		}
		if m.Kind == MailVerify {
			_, verify, _ = strings.Cut(m.Link, "#")
		}
	}
	if seen != 2 {
		t.Fatalf("%d mails, want 2", seen)
	}
	if _, err := r.VerifyEmail(t.Context(), verify, Ask{}, MailEntry{Caller: here}); err != nil {
		t.Fatal(err)
	}
	if err := r.ForgotPassword(t.Context(), in.Email, here); err != nil {
		t.Fatal(err)
	}
	if mail := r.courier(); len(mail) != 1 || mail[0].Name != in.FullName {
		t.Errorf("afterwards %+v", mail)
	}
}
