package storagetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"latchkey/storage"
)

// racers is how many callers start at once.
const racers = 64

func raceChecks() []check {
	return []check{
		{"RedeemCode", raceRedeem},
		{"RotateRefresh", raceRotate},
		{"Effects.Take", raceTake},
		{"ReplaceAccount by Version", raceReplace},
		{"SwapKeyring", raceKeyring},
		{"CreateAccount with one name", raceNames},
		{"TakeAttempts", raceAttempts},
		{"LeaseMail", raceLease},
		{"revocation against rotation", raceRevoke},
		{"everything at once", raceAll},
	}
}

func raceRedeem(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateGrant(bg(), withCode(grant("g", a.ID, "")), at(0)))
	oneWon(t, race(racers, func(i int) error {
		_, err := of(s, i).RedeemCode(bg(), storage.GrantKey{CodeHash: "code-g"}, &storage.Refresh{ExpiresAt: at(time.Minute)}, at(0))
		return err
	}), storage.ErrSpent)
}

func raceRotate(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateGrant(bg(), withRefresh(grant("g", a.ID, "")), at(0)))
	oneWon(t, race(racers, func(i int) error {
		g, err := of(s, i).RotateRefresh(bg(), "g", 3, at(time.Hour), at(0))
		if g.Refresh == nil || g.Refresh.Generation != 4 {
			return fmt.Errorf("grant %+v, want generation 4", g.Refresh)
		}
		return err
	}), storage.ErrConflict)
}

func raceTake(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	k := key(storage.PurposeReset, "r")
	putOneTimes(t, s, a.ID, k)
	winner := oneWon(t, race(racers, func(i int) error {
		if i%2 == 0 {
			return of(s, i).ApplyEffects(bg(), a.ID, storage.Effects{Take: &k, Mail: []storage.Mail{mail(fmt.Sprint(i))}}, at(0))
		}
		changed := a
		changed.PasswordHash = fmt.Sprint(i)
		_, err := of(s, i).ReplaceAccount(bg(), changed, storage.Effects{Take: &k, Mail: []storage.Mail{mail(fmt.Sprint(i))}}, at(0))
		return err
	}), storage.ErrNotFound)
	eq(t, "mail of the winner alone", mailIDs(lease(t, s, 100, 0)), []string{fmt.Sprint(winner)})
	if winner%2 == 1 {
		a.PasswordHash, a.Version = fmt.Sprint(winner), a.Version+1
	}
	eq(t, "account", got(s.Account(bg(), storage.AccountKey{ID: a.ID}))(t), a)
}

func raceReplace(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	winner := oneWon(t, race(racers, func(i int) error {
		changed := a
		changed.FullName = fmt.Sprint(i)
		_, err := of(s, i).ReplaceAccount(bg(), changed, storage.Effects{}, at(0))
		return err
	}), storage.ErrConflict)
	a.FullName, a.Version = fmt.Sprint(winner), a.Version+1
	eq(t, "account", got(s.Account(bg(), storage.AccountKey{ID: a.ID}))(t), a)
}

func raceKeyring(t *testing.T, s storage.Store) {
	winner := oneWon(t, race(racers, func(i int) error {
		_, err := of(s, i).SwapKeyring(bg(), storage.Keyring{Keys: []storage.SigningKey{{KID: fmt.Sprint(i)}}}, at(0))
		return err
	}), storage.ErrConflict)
	have := got(s.Keyring(bg()))(t)
	if have.Revision != 1 || len(have.Keys) != 1 || have.Keys[0].KID != fmt.Sprint(winner) {
		t.Errorf("keyring %+v, want that of call %d", have, winner)
	}
}

func raceNames(t *testing.T, s storage.Store) {
	for _, c := range []struct {
		name string
		same func(a *storage.Account)
		lost error
	}{
		{"username", func(a *storage.Account) { a.UsernameKey = "same" }, storage.ErrUsernameTaken},
		{"email", func(a *storage.Account) { a.EmailKey = "same@example.com" }, storage.ErrEmailTaken},
	} {
		oneWon(t, race(racers, func(i int) error {
			a := account(fmt.Sprint(c.name, i))
			c.same(&a)
			_, err := of(s, i).CreateAccount(bg(), a, storage.Effects{Mail: []storage.Mail{mail(fmt.Sprint(c.name, i))}}, at(0))
			return err
		}), c.lost)
	}
	eq(t, "accounts", len(got(s.ListAccounts(bg(), 0, 100))(t)), 2)
	eq(t, "mails", len(lease(t, s, 100, 0)), 2)
}

func raceAttempts(t *testing.T, s storage.Store) {
	var mu sync.Mutex
	n := 0
	for _, err := range race(racers, func(i int) error {
		taken, err := of(s, i).TakeAttempts(bg(), []storage.Limit{{Key: "a", Max: 10, Window: time.Minute}}, at(0))
		mu.Lock()
		defer mu.Unlock()
		if taken.OK {
			n++
		}
		return err
	}) {
		must(t, err)
	}
	eq(t, "attempts", n, 10)
}

func raceLease(t *testing.T, s storage.Store) {
	var list []storage.Mail
	for i := range 100 {
		list = append(list, mail(fmt.Sprint(i)))
	}
	must(t, s.QueueMail(bg(), list, at(0)))
	var mu sync.Mutex
	seen := make(map[string]int)
	for _, err := range race(racers, func(i int) error {
		leased, err := of(s, i).LeaseMail(bg(), 3, at(time.Minute), at(0))
		mu.Lock()
		defer mu.Unlock()
		for _, m := range leased {
			seen[m.ID]++
		}
		return err
	}) {
		must(t, err)
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("mail %s was leased %d times", id, n)
		}
	}
	eq(t, "mails leased", len(seen), 100)
}

// raceRevoke: once a revocation has returned, no rotation succeeds.
func raceRevoke(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateGrant(bg(), withRefresh(grant("g", a.ID, "")), at(0)))
	for i, err := range race(racers, func(i int) error {
		if i != racers/2 {
			_, err := of(s, i).RotateRefresh(bg(), "g", 3, at(time.Hour), at(0))
			return err
		}
		n, err := of(s, i).RevokeGrants(bg(), storage.GrantScope{ID: "g"}, at(0))
		if err == nil && n != 1 {
			return fmt.Errorf("revoked %d, want 1", n)
		}
		if _, again := of(s, i).RotateRefresh(bg(), "g", 4, at(time.Hour), at(0)); again == nil {
			return fmt.Errorf("a rotation succeeded after the revocation")
		}
		return err
	}) {
		if i == racers/2 {
			must(t, err)
		}
	}
}

// raceAll runs verbs of all roles beside one another: for the race detector, and against deadlock.
func raceAll(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	for _, err := range race(16, func(i int) error {
		id := fmt.Sprint(i)
		g := withRefresh(withCode(grant(id, a.ID, id)))
		k := key(storage.PurposeReset, id)
		steps := []func() error{
			func() error { return of(s, i).CreateSession(bg(), session(id, a.ID), at(0)) },
			func() error { return of(s, i).CreateGrant(bg(), g, at(0)) },
			func() error {
				_, err := of(s, i).RedeemCode(bg(), storage.GrantKey{CodeHash: g.Code.Hash}, g.Refresh, at(0))
				return err
			},
			func() error { _, err := of(s, i).RotateRefresh(bg(), id, 3, at(time.Hour), at(0)); return err },
			func() error { _, err := of(s, i).ListSessions(bg(), a.ID, at(0)); return err },
			func() error { _, err := of(s, i).Sweep(bg(), 10, at(0)); return err },
			func() error { _, err := of(s, i).Stats(bg()); return err },
			func() error { _, err := of(s, i).OutboxState(bg(), at(0)); return err },
			func() error {
				return of(s, i).ApplyEffects(bg(), a.ID, storage.Effects{Put: []storage.OneTime{oneTime(k, a.ID)}, Mail: []storage.Mail{mail(id)}}, at(0))
			},
			func() error { return of(s, i).ApplyEffects(bg(), a.ID, storage.Effects{Take: &k}, at(0)) },
			func() error { _, err := of(s, i).LeaseMail(bg(), 1, at(time.Minute), at(0)); return err },
			func() error { return of(s, i).FinishMail(bg(), id, at(0)) },
			func() error { _, err := of(s, i).EndSessions(bg(), storage.EndScope{SID: id}, at(0)); return err },
			func() error { return of(s, i).DenyToken(bg(), id, at(time.Hour), at(0)) },
			func() error { return of(s, i).Ping(context.Background()) },
		}
		for n, step := range steps {
			if err := step(); err != nil {
				return fmt.Errorf("caller %d, step %d: %w", i, n, err)
			}
		}
		return nil
	}) {
		must(t, err)
	}
	eq(t, "sessions", len(got(s.ListSessions(bg(), a.ID, at(0)))(t)), 0)
}
