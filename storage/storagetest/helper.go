package storagetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"latchkey/storage"
)

// at is the time in all tests: a fixed day, and so long after its beginning. It has microseconds, which a driver must keep; the odd nanoseconds of d
// count as microseconds, so at(time.Hour-1) is the last instant before the hour that a driver can tell from it.
func at(d time.Duration) time.Time {
	whole := d.Round(time.Microsecond)
	return time.Date(2031, 5, 6, 7, 8, 9, 123456000, time.UTC).Add(whole + (d-whole)*time.Microsecond)
}

func bg() context.Context { return context.Background() }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// got returns v where err is nil, and ends the test otherwise.
func got[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// eq compares; nil and empty slices are the same to the contract.
func eq[T any](t *testing.T, what string, have, want T) {
	t.Helper()
	if d := cmp.Diff(want, have, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s (-want +got)\n%s", what, d)
	}
}

func account(name string) storage.Account {
	years := 7
	return storage.Account{
		Sub: "sub-" + name, Username: "U" + name, UsernameKey: "u" + name,
		Email: "M" + name + "@example.com", EmailKey: name + "@example.com", EmailVerified: true,
		FullName: "Full " + name, FirstName: "First", LastName: "Last", Phone: "+4912345", ExperienceYears: &years,
		Skills: []string{"go", "sql"}, Groups: []string{"admins", "staff"}, Locale: "de-AT", PhoneVerified: true, MiddleName: "Middle", Nickname: "Nick",
		ProfileURL: "https://example.com/me", Website: "https://example.com", Gender: "other", Birthdate: "0000-02-29", Zoneinfo: "Europe/Vienna",
		Address: &storage.Address{Formatted: "f", StreetAddress: "s", Locality: "l", Region: "r", PostalCode: "p", Country: "c"},
		TOTP:    &storage.TOTP{Sealed: []byte("totp-" + name), ConfirmedAt: at(-time.Minute)}, TermsVersion: "2031-05", TermsAt: at(-time.Second), DeleteAt: at(time.Hour),
		PasswordHash: "$argon2id$" + name, PasswordHistory: []string{"$argon2id$" + name}, PasswordSetAt: at(-time.Hour),
		CreatedAt: at(0), UpdatedAt: at(0),
	}
}

func create(t *testing.T, s storage.Store, name string) storage.Account {
	t.Helper()
	return got(s.CreateAccount(bg(), account(name), storage.Effects{}, at(0)))(t)
}

func session(sid string, accountID int64) storage.Session {
	return storage.Session{
		SID: sid, SecretHash: "secret-" + sid, AccountID: accountID, AuthTime: at(0), AMR: []string{"pwd"}, ACR: "1",
		Kind: "page", UserAgent: "Browser", Address: "192.0.2.1", CreatedAt: at(0), LastSeenAt: at(0),
		ExpiresAt: at(time.Hour), Persistent: true, Clients: []string{"app"}, Notify: []string{"app"},
	}
}

func grant(id string, accountID int64, sid string) storage.Grant {
	return storage.Grant{
		ID: id, ClientID: "app", AccountID: accountID, SID: sid, Scopes: []string{"openid", "email"},
		Resources: []string{"https://api.example.com"}, Nonce: "n", AuthTime: at(0), AMR: []string{"pwd"}, ACR: "1",
		Claims: []byte(`{"userinfo":{}}`), Confirmation: []byte(`{"jkt":"x"}`),
		CreatedAt: at(0), ExpiresAt: at(time.Hour),
	}
}

func withCode(g storage.Grant) storage.Grant {
	g.Code = &storage.Code{
		Hash: "code-" + g.ID, RedirectURI: "https://app.example.com/cb", RedirectURISent: true,
		Challenge: "c", ChallengeMethod: "S256", ExpiresAt: at(time.Minute),
	}
	return g
}

func withRefresh(g storage.Grant) storage.Grant {
	g.Refresh = &storage.Refresh{Generation: 3, ExpiresAt: at(30 * time.Minute)}
	return g
}

func key(purpose storage.Purpose, hash string) storage.OneTimeKey {
	return storage.OneTimeKey{Purpose: purpose, Hash: hash}
}

func oneTime(k storage.OneTimeKey, accountID int64) storage.OneTime {
	return storage.OneTime{OneTimeKey: k, AccountID: accountID, Data: []byte("data"), CreatedAt: at(0), ExpiresAt: at(time.Hour)}
}

// putOneTimes stores tokens for the account.
func putOneTimes(t *testing.T, s storage.Store, accountID int64, keys ...storage.OneTimeKey) {
	t.Helper()
	var with storage.Effects
	for _, k := range keys {
		with.Put = append(with.Put, oneTime(k, accountID))
	}
	must(t, s.ApplyEffects(bg(), accountID, with, at(0)))
}

func mail(id string) storage.Mail {
	return storage.Mail{
		ID: id, AccountID: 1, Kind: "reset", Locale: "en", Sealed: []byte("sealed-" + id),
		CreatedAt: at(0), NotBefore: at(0), ExpiresAt: at(time.Hour),
	}
}

// race starts n calls at once and returns their errors.
func race(n int, call func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = call(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// oneWon checks that exactly one call succeeded and every other one failed with lost.
func oneWon(t *testing.T, errs []error, lost error) int {
	t.Helper()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil:
			t.Fatalf("calls %d and %d both succeeded", winner, i)
		case !errors.Is(err, lost):
			t.Fatalf("call %d: error %v, want %v", i, err, lost)
		}
	}
	if winner < 0 {
		t.Fatal("no call succeeded")
	}
	return winner
}

func sids(list []storage.Session) []string {
	var ids []string
	for _, s := range list {
		ids = append(ids, s.SID)
	}
	slices.Sort(ids)
	return ids
}
