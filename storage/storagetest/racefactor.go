package storagetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"latchkey/storage"
)

func raceFactorChecks() []check {
	return []check{
		{"TouchPasskey with one counter", raceCounter},
		{"TouchPasskey with rising counters", raceCounters},
		{"CreatePasskey with one ID", racePasskeyID},
		{"CreatePasskey by quota", racePasskeyQuota},
		{"DropPasskeys with ReplaceAccount", raceDrop},
		{"UseConsent", raceUseConsent},
		{"AppendEvents with the same events", raceEvents},
		{"CreatePasskey and AppendEvents against DeleteAccount", raceDeleted},
	}
}

// raceCounter: a signature that was copied is good for one of those who show it.
func raceCounter(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	addPasskeys(t, s, a.ID, "p")
	want := passkey("p", a.ID)
	winner := oneWon(t, race(racers, func(i int) error {
		p, err := of(s, i).TouchPasskey(bg(), a.ID, "p", storage.PasskeyChange{Name: fmt.Sprint(i), Used: true, SignCount: 8}, at(time.Duration(i)))
		if err == nil && p.Name != fmt.Sprint(i) {
			return fmt.Errorf("returned %+v", p)
		}
		return err
	}), storage.ErrConflict)
	want.Name, want.SignCount, want.BackedUp, want.LastUsedAt = fmt.Sprint(winner), 8, false, at(time.Duration(winner))
	eq(t, "passkey", got(s.Passkey(bg(), "p"))(t), want)
}

// raceCounters: whoever is late with a lower counter is refused, so the highest stays.
func raceCounters(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	addPasskeys(t, s, a.ID, "p")
	for i, err := range race(racers, func(i int) error {
		_, err := of(s, i).TouchPasskey(bg(), a.ID, "p", storage.PasskeyChange{Used: true, SignCount: 8 + int64(i)}, at(0))
		return err
	}) {
		if err != nil && !errors.Is(err, storage.ErrConflict) || i == racers-1 && err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
	eq(t, "counter", got(s.Passkey(bg(), "p"))(t).SignCount, 8+racers-1)
}

func racePasskeyID(t *testing.T, s storage.Store) {
	owners := []storage.Account{create(t, s, "a"), create(t, s, "b")}
	winner := oneWon(t, race(racers, func(i int) error {
		p := passkey("same", owners[i%2].ID)
		p.Name = fmt.Sprint(i)
		return of(s, i).CreatePasskey(bg(), p, storage.Effects{Mail: []storage.Mail{mail(fmt.Sprint(i))}}, at(0))
	}), storage.ErrExists)
	want := passkey("same", owners[winner%2].ID)
	want.Name = fmt.Sprint(winner)
	eq(t, "passkey", got(s.Passkey(bg(), "same"))(t), want)
	eq(t, "the loser's", passkeyNames(t, s, owners[1-winner%2].ID), nil)
	eq(t, "mail of the winner alone", mailIDs(lease(t, s, 100, 0)), []string{fmt.Sprint(winner)})
}

// racePasskeyQuota has callers compete for the last place, again and again; what else each does keeps the others' writes apart from its count.
func racePasskeyQuota(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	for i := range storage.PasskeysMax - 1 {
		addPasskeys(t, s, a.ID, fmt.Sprint("held", i))
	}
	const codes = 20
	for round := range 8 {
		winner := oneWon(t, race(racers/4, func(i int) error {
			name := fmt.Sprint(round, "/", i)
			with := storage.Effects{Mail: []storage.Mail{mail(name)}}
			for n := range codes {
				with.Put = append(with.Put, oneTime(key(storage.PurposeRecoveryCode, fmt.Sprint(name, "/", n)), a.ID))
			}
			return of(s, i).CreatePasskey(bg(), passkey(name, a.ID), with, at(0))
		}), storage.ErrFull)
		name := fmt.Sprint(round, "/", winner)
		eq(t, "passkeys", len(passkeyNames(t, s, a.ID)), storage.PasskeysMax)
		eq(t, "mail of the winner alone", mailIDs(lease(t, s, 100, time.Duration(round))), []string{name})
		eq(t, "codes of the winner alone", got(s.Stats(bg()))(t)["onetimes"], int64(codes*(round+1)))
		must(t, s.DeletePasskey(bg(), a.ID, name, storage.Effects{}, at(0)))
	}
	addPasskeys(t, s, b.ID, "of-b")
}

// raceDrop: an account is recovered once, and then has no passkey but those that came after.
func raceDrop(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	addPasskeys(t, s, a.ID, "p", "q")
	k := key(storage.PurposeRecover, "r")
	putOneTimes(t, s, a.ID, k)
	winner := oneWon(t, race(racers/4, func(i int) error {
		if i%4 == 3 {
			_, err := of(s, i).TouchPasskey(bg(), a.ID, "p", storage.PasskeyChange{Name: "New"}, at(0))
			if err == nil || errors.Is(err, storage.ErrNotFound) {
				return storage.ErrNotFound // it is no winner either way
			}
			return err
		}
		changed := a
		changed.PasswordHash, changed.TOTP = fmt.Sprint(i), nil
		_, err := of(s, i).ReplaceAccount(bg(), changed, storage.Effects{Take: &k, DropPasskeys: true, Mail: []storage.Mail{mail(fmt.Sprint(i))}}, at(0))
		return err
	}), storage.ErrNotFound)
	a.PasswordHash, a.TOTP, a.Version = fmt.Sprint(winner), nil, a.Version+1
	eq(t, "account", got(s.Account(bg(), storage.AccountKey{ID: a.ID}))(t), a)
	eq(t, "passkeys", passkeyNames(t, s, a.ID), nil)
	eq(t, "mail of the winner alone", mailIDs(lease(t, s, 100, 0)), []string{fmt.Sprint(winner)})
}

func raceUseConsent(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.PutConsent(bg(), storage.Consent{AccountID: a.ID, ClientID: "app", Scopes: []string{"openid"}, GrantedAt: at(0)}, at(0)))
	for _, err := range race(racers, func(i int) error {
		if i%4 == 0 {
			return of(s, i).PutConsent(bg(), storage.Consent{AccountID: a.ID, ClientID: "app", Scopes: []string{"email"}, GrantedAt: at(0)}, at(0))
		}
		return of(s, i).UseConsent(bg(), a.ID, "app", at(time.Minute))
	}) {
		must(t, err)
	}
	want := storage.Consent{AccountID: a.ID, ClientID: "app", Scopes: []string{"openid", "email"}, GrantedAt: at(0), UsedAt: at(time.Minute)}
	eq(t, "consent", got(s.Consent(bg(), a.ID, "app"))(t), want)
}

func raceEvents(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	for _, err := range race(racers, func(i int) error {
		list := []storage.AccountEvent{event(a.ID, 1), event(b.ID, 2), event(a.ID, 10+i), event(b.ID, 10+i/2)}
		if i%2 == 1 {
			list[0], list[1], list[2], list[3] = list[3], list[2], list[1], list[0]
		}
		return of(s, i).AppendEvents(bg(), list, at(0))
	}) {
		must(t, err)
	}
	eq(t, "of the one", len(allEvents(t, s, a.ID)), 1+racers)
	eq(t, "of the other", len(allEvents(t, s, b.ID)), 1+racers/2)
}

// raceDeleted: nothing is left of an account that is deleted while something is added to it.
func raceDeleted(t *testing.T, s storage.Store) {
	keep := create(t, s, "keep")
	for round := range 4 {
		a := create(t, s, "a")
		for i, err := range race(racers/4, func(i int) error {
			switch i % 4 {
			case 0:
				return of(s, i).CreatePasskey(bg(), passkey(fmt.Sprint(i), a.ID), storage.Effects{}, at(0))
			case 1, 2:
				return of(s, i).AppendEvents(bg(), []storage.AccountEvent{event(a.ID, i+1), event(keep.ID, 100*round+i)}, at(0))
			case 3:
				return of(s, i).DeleteAccount(bg(), a.ID, storage.Effects{DropPasskeys: true}, at(0))
			}
			return nil
		}) {
			if err != nil && !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("call %d: %v", i, err)
			}
		}
	}
	stats := got(s.Stats(bg()))(t)
	eq(t, "accounts", stats["accounts"], 1)
	eq(t, "passkeys", stats["passkeys"], 0)
	eq(t, "events", stats["events"], int64(len(allEvents(t, s, keep.ID))))
	eq(t, "those of the other account", stats["events"], 4*racers/4/2)
}
