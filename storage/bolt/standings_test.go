package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/storage"
	"latchkey/storage/bolt"
)

// person makes an account with a session and a grant, and returns what a token of theirs stands on.
func person(t *testing.T, s *bolt.Store, i int) (storage.StandingKey, storage.Account) {
	t.Helper()
	a, err := s.CreateAccount(context.Background(), testAccount(i), storage.Effects{}, day())
	if err != nil {
		t.Fatal(err)
	}
	sid, g := fmt.Sprint("s", i), testGrant(i)
	if err := s.CreateSession(context.Background(), storage.Session{SID: sid, AccountID: a.ID, ExpiresAt: day().Add(time.Hour)}, day()); err != nil {
		t.Fatal(err)
	}
	g.AccountID, g.SID = a.ID, sid
	if err := s.CreateGrant(context.Background(), g, day()); err != nil {
		t.Fatal(err)
	}
	return storage.StandingKey{Grant: storage.GrantKey{ID: g.ID}, JTI: g.ID + ".token"}, a
}

// endings are the ways in which a token of a person ends before its time, each with how the store tells it.
func endings() map[string]struct {
	end   func(s *bolt.Store, key storage.StandingKey, a storage.Account) error
	ended func(st storage.Standing, err error) bool
} {
	ctx := context.Background()
	type row = struct {
		end   func(s *bolt.Store, key storage.StandingKey, a storage.Account) error
		ended func(st storage.Standing, err error) bool
	}
	return map[string]row{
		"the grant is revoked": {func(s *bolt.Store, key storage.StandingKey, _ storage.Account) error {
			_, err := s.RevokeGrants(ctx, storage.GrantScope{ID: key.Grant.ID}, day())
			return err
		}, func(_ storage.Standing, err error) bool { return errors.Is(err, storage.ErrSpent) }},
		"the token is denied": {func(s *bolt.Store, key storage.StandingKey, _ storage.Account) error {
			return s.DenyToken(ctx, key.JTI, day().Add(time.Hour), day())
		}, func(st storage.Standing, err error) bool { return err == nil && st.Denied }},
		"the session ends": {func(s *bolt.Store, _ storage.StandingKey, a storage.Account) error {
			_, err := s.EndSessions(ctx, storage.EndScope{AccountID: a.ID}, day())
			return err
		}, func(st storage.Standing, err error) bool { return err != nil || !st.Live }},
		"the account is shut": {func(s *bolt.Store, _ storage.StandingKey, a storage.Account) error {
			a.Disabled = true
			_, err := s.ReplaceAccount(ctx, a, storage.Effects{}, day())
			return err
		}, func(st storage.Standing, err error) bool { return err == nil && st.Account.Disabled }},
		"the account is deleted": {func(s *bolt.Store, _ storage.StandingKey, a storage.Account) error {
			return s.DeleteAccount(ctx, a.ID, storage.Effects{}, day())
		}, func(st storage.Standing, err error) bool { return err != nil || st.Account.ID == 0 }},
	}
}

// Whoever was told that something ended never sees it stand again, and no reader sees it stand after another saw it ended, however many read the same
// from memory meanwhile.
func TestStandingEndsAtOnce(t *testing.T) {
	for name, row := range endings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := bolt.Open(context.Background(), bolt.Options{Path: filepath.Join(t.TempDir(), "store.db")})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for i := range 8 {
				key, a := person(t, s, i)
				var over atomic.Bool
				var readers sync.WaitGroup
				warm := make(chan struct{}, 4)
				for range 4 {
					readers.Go(func() {
						for n, after := 0, 0; after < 50; n++ {
							told := over.Load()
							st, err := s.Standing(context.Background(), key, day())
							ended := row.ended(st, err)
							if told && !ended {
								t.Errorf("it stands after its end: live %t, denied %t, %v", st.Live, st.Denied, err)
								return
							}
							if ended {
								over.Store(true) // what one saw, all see
								after++
							}
							if n == 20 {
								warm <- struct{}{}
							}
						}
					})
				}
				for range 4 {
					<-warm
				}
				if err := row.end(s, key, a); err != nil {
					t.Fatal(err)
				}
				over.Store(true)
				readers.Wait()
			}
		})
	}
}

// What is kept ends by the clock too.
func TestStandingExpires(t *testing.T) {
	s, err := bolt.Open(context.Background(), bolt.Options{Path: filepath.Join(t.TempDir(), "store.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	key, _ := person(t, s, 1)
	for range 3 {
		if st, err := s.Standing(context.Background(), key, day()); err != nil || !st.Live {
			t.Fatalf("%+v %v", st, err)
		}
	}
	if _, err := s.TouchSession(context.Background(), "s1", storage.SessionChange{ExpiresAt: day().Add(time.Minute)}, day()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if st, err := s.Standing(context.Background(), key, day()); err != nil || !st.Live {
			t.Fatalf("%+v %v", st, err)
		}
	}
	if st, err := s.Standing(context.Background(), key, day().Add(time.Minute)); err != nil || st.Live {
		t.Errorf("a session that has expired: %+v %v", st, err)
	}
	if _, err := s.Standing(context.Background(), key, day().Add(time.Hour)); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a grant that has expired: %v", err)
	}
}

// Another question about a token that is known is another question.
func TestStandingByItsWholeKey(t *testing.T) {
	s, err := bolt.Open(context.Background(), bolt.Options{Path: filepath.Join(t.TempDir(), "store.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	one, _ := person(t, s, 1)
	two, _ := person(t, s, 2)
	two.JTI = one.JTI
	for range 3 {
		for _, key := range []storage.StandingKey{one, two} {
			if st, err := s.Standing(context.Background(), key, day()); err != nil || st.Grant.ID != key.Grant.ID {
				t.Errorf("%+v %v", st, err)
			}
		}
	}
}

// More tokens than are kept, and a store that is closed.
func TestStandingsAreBounded(t *testing.T) {
	s, err := bolt.Open(context.Background(), bolt.Options{Path: filepath.Join(t.TempDir(), "store.db")})
	if err != nil {
		t.Fatal(err)
	}
	key, _ := person(t, s, 1)
	for i := range 5000 {
		key.JTI = fmt.Sprint("t", i)
		for range 2 {
			if _, err := s.Standing(context.Background(), key, day()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n, bytes := s.KeptStandings(); n == 0 || n > 2048 || bytes > 2<<20 {
		t.Errorf("%d are kept, in %d bytes", n, bytes)
	}
	closeStore(t, s)
	if _, err := s.Standing(context.Background(), key, day()); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("after closing: %v", err)
	}
}
