package account

import (
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"latchkey/storage"
)

const goodBcrypt = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"

func TestIsPasswordHash(t *testing.T) {
	for name, row := range map[string]struct {
		hash string
		want bool
	}{
		"argon2id":            {goodHash, true},
		"bcrypt 2a":           {goodBcrypt, true},
		"bcrypt 2b":           {strings.Replace(goodBcrypt, "2a", "2b", 1), true},
		"bcrypt 2y":           {strings.Replace(goodBcrypt, "2a", "2y", 1), true},
		"bcrypt 2x, a fault":  {strings.Replace(goodBcrypt, "2a", "2x", 1), false},
		"bcrypt, first form":  {strings.Replace(goodBcrypt, "2a", "2", 1), false},
		"bcrypt, too cheap":   {strings.Replace(goodBcrypt, "$10$", "$03$", 1), false},
		"bcrypt, too dear":    {strings.Replace(goodBcrypt, "$10$", "$15$", 1), false},
		"bcrypt, no number":   {strings.Replace(goodBcrypt, "$10$", "$1x$", 1), false},
		"bcrypt, too short":   {goodBcrypt[:59], false},
		"bcrypt, too long":    {goodBcrypt + "a", false},
		"bcrypt, newline":     {goodBcrypt + "\n", false},
		"another alphabet":    {goodBcrypt[:58] + "+-", false},
		"PBKDF2":              {"$pbkdf2-sha256$29000$N2YMIWQsBWBMae09x1jrPQ$1t8iyB2A.WF/Z5JZv.lfCIhXXN33N23OSgQYThBYRfk", false},
		"a password":          {"correct horse", false},
		"none":                {"", false},
		"argon2id, a bomb":    {strings.Replace(goodHash, "m=8,", "m=4194304,", 1), false},
		"argon2i":             {strings.Replace(goodHash, "2id", "2i", 1), false},
		"SHA-512 crypt":       {"$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjlO/O817G3uBnIFNjnQJuesI68OTLiBFdcbYEdFCoEOfaS35inz1", false},
		"something after NUL": {goodBcrypt[:59] + "\x00", false},
	} {
		if got := IsPasswordHash(row.hash); got != row.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestForeignHash: who was imported signs in with the password that they had, and from then on has a hash like everybody's.
func TestForeignHash(t *testing.T) {
	made, err := bcrypt.GenerateFromPassword([]byte("correct horse battery"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for name, hash := range map[string]string{
		"2a": string(made), "2b": strings.Replace(string(made), "2a", "2b", 1), "2y": strings.Replace(string(made), "2a", "2y", 1),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			a, err := Import{Username: "ada", PasswordHash: hash}.Account(r.clock)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.store.ImportAccounts(t.Context(), []storage.Account{a}, false, r.clock); err != nil {
				t.Fatal(err)
			}
			sign := func(password string) error {
				_, err := r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "ada", Password: password, Caller: here})
				return err
			}
			wantKind(t, sign("correct horse batterz"), WrongCredentials)
			if err := sign("correct horse battery"); err != nil {
				t.Fatal(err)
			}
			now, err := r.store.Account(t.Context(), storage.AccountKey{UsernameKey: "ada"})
			if err != nil || !IsHash(now.PasswordHash) || len(now.PasswordHistory) != 1 || now.PasswordHistory[0] != now.PasswordHash {
				t.Fatalf("%+v %v", now, err)
			}
			if err := sign("correct horse battery"); err != nil {
				t.Fatal(err)
			}
			wantKind(t, sign("correct horse batterz"), WrongCredentials)
		})
	}
}

func TestImport(t *testing.T) {
	now := time.Unix(1_800_000_000, 0).UTC()
	yes := true
	for name, row := range map[string]struct {
		in    Import
		field string
		is    Problem
	}{
		"no name":                           {Import{}, FieldUsername, Missing},
		"a username of dots":                {Import{Username: "ada.l"}, FieldUsername, Malformed},
		"a short username":                  {Import{Username: "ad"}, FieldUsername, TooShort},
		"no address":                        {Import{Email: "ada"}, FieldEmail, Malformed},
		"a password in the clear":           {Import{Username: "ada", PasswordHash: "secret"}, FieldPasswordHash, Malformed},
		"a sub with a space":                {Import{Username: "ada", Sub: "a b"}, FieldSub, Malformed},
		"OpenID Connect Core §2 a long sub": {Import{Username: "ada", Sub: strings.Repeat("a", 256)}, FieldSub, Malformed},
		"a group with a comma":              {Import{Username: "ada", Groups: []string{"a,b"}}, FieldGroups, Malformed},
		"an address vouched for, but none":  {Import{Username: "ada", Vouched: Vouched{EmailVerified: &yes}}, FieldEmailVerified, Missing},
	} {
		_, err := row.in.Account(now)
		r, ok := errors.AsType[*Refusal](err)
		if !ok || r.Kind != Invalid || r.Fields[row.field] != row.is {
			t.Errorf("%s: %v", name, err)
		}
	}
	a, err := Import{Email: "Ada@Example.COM", Groups: []string{"b", "a", "b"}, PasswordHash: goodBcrypt, CreatedAt: now.Add(-time.Hour), Vouched: Vouched{EmailVerified: &yes}}.Account(now)
	if err != nil || a.EmailKey != "ada@example.com" || !a.EmailVerified || len(a.Sub) != 36 || strings.Join(a.Groups, " ") != "a b" || !a.CreatedAt.Equal(now.Add(-time.Hour)) ||
		a.PasswordHash != goodBcrypt || !a.UpdatedAt.Equal(now) || a.Username != "" {
		t.Errorf("%+v %v", a, err)
	}
	if b, err := (Import{Username: "ada", Sub: "177934489038553603"}).Account(now); err != nil || b.Sub != "177934489038553603" || b.PasswordHistory != nil {
		t.Errorf("%+v %v", b, err)
	}
}
