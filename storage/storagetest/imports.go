package storagetest

import (
	"testing"
	"time"

	"latchkey/storage"
)

func importChecks() []check {
	return []check{
		{"ImportAccounts stores what is free", importFree},
		{"ImportAccounts tells who has a name", importTaken},
		{"ImportAccounts changes nothing where it is dry", importDry},
		{"ImportAccounts refuses", importRefuses},
	}
}

func importFree(t *testing.T, s storage.Store) {
	old := create(t, s, "old")
	a, b := account("a"), account("b")
	b.CreatedAt, b.UpdatedAt = time.Time{}, time.Time{}
	done := got(s.ImportAccounts(bg(), []storage.Account{a, b}, false, at(time.Minute)))(t)
	if len(done) != 2 || !done[0].Made || !done[1].Made || done[0].Account.ID <= old.ID || done[1].Account.ID <= done[0].Account.ID {
		t.Fatalf("%+v", done)
	}
	a.ID, a.Version = done[0].Account.ID, 1
	b.ID, b.Version, b.CreatedAt, b.UpdatedAt = done[1].Account.ID, 1, at(time.Minute), at(time.Minute)
	for i, want := range []storage.Account{a, b} {
		eq(t, "told", done[i].Account, want)
		for _, key := range []storage.AccountKey{{ID: want.ID}, {Sub: want.Sub}, {UsernameKey: want.UsernameKey}, {EmailKey: want.EmailKey}} {
			eq(t, "read", got(s.Account(bg(), key))(t), want)
		}
	}
	if next := create(t, s, "next"); next.ID <= b.ID {
		t.Errorf("ID %d after %d", next.ID, b.ID)
	}
	again := got(s.ImportAccounts(bg(), []storage.Account{account("a"), account("b")}, false, at(time.Hour)))(t)
	for i, want := range []storage.Account{a, b} {
		eq(t, "again", again[i], storage.ImportedAccount{Account: want})
	}
	if len(got(s.ImportAccounts(bg(), nil, false, at(0)))(t)) != 0 {
		t.Error("none made some")
	}
}

func importTaken(t *testing.T, s storage.Store) {
	old := create(t, s, "old")
	bySub, byName, byMail, twin := account("s"), account("n"), account("m"), account("free")
	bySub.Sub, byName.UsernameKey, byMail.EmailKey = old.Sub, old.UsernameKey, old.EmailKey
	nameless := storage.Account{Sub: "nameless", CreatedAt: at(0), UpdatedAt: at(0)}
	other := nameless
	other.Sub = "nameless too"
	done := got(s.ImportAccounts(bg(), []storage.Account{bySub, account("free"), byName, byMail, twin, nameless, other}, false, at(0)))(t)
	for i, made := range []bool{false, true, false, false, false, true, true} {
		if done[i].Made != made {
			t.Errorf("%d: made %v", i, done[i].Made)
		}
	}
	for _, i := range []int{0, 2, 3} {
		eq(t, "the holder", done[i].Account, old)
	}
	eq(t, "of two the first", done[4].Account, done[1].Account)
	for _, sub := range []string{byName.Sub, byMail.Sub} {
		_, err := s.Account(bg(), storage.AccountKey{Sub: sub})
		is(t, sub, err, storage.ErrNotFound)
	}
	if all := got(s.ListAccounts(bg(), 0, 100))(t); len(all) != 4 {
		t.Errorf("%d accounts", len(all))
	}
}

func importDry(t *testing.T, s storage.Store) {
	old := create(t, s, "old")
	done := got(s.ImportAccounts(bg(), []storage.Account{account("a"), account("old")}, true, at(0)))(t)
	if !done[0].Made || done[0].Account.ID != 0 || done[1].Made {
		t.Errorf("%+v", done)
	}
	eq(t, "the holder", done[1].Account, old)
	eq(t, "nothing was written", got(s.ListAccounts(bg(), 0, 100))(t), []storage.Account{old})
}

func importRefuses(t *testing.T, s storage.Store) {
	_, err := s.ImportAccounts(bg(), []storage.Account{account("a"), {Username: "x", UsernameKey: "x"}}, false, at(0))
	is(t, "no sub", err, storage.ErrExists)
	_, err = s.ImportAccounts(bg(), make([]storage.Account, storage.MaxImport+1), false, at(0))
	is(t, "too many", err, storage.ErrExists)
	eq(t, "nothing was written", len(got(s.ListAccounts(bg(), 0, 100))(t)), 0)
}
