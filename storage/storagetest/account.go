package storagetest

import (
	"testing"
	"time"

	"latchkey/storage"
)

func accountChecks() []check {
	return []check{
		{"CreateAccount gives ID and Version and keeps every field", createKeepsFields},
		{"Account finds by each key", accountByKey},
		{"names are unique", namesUnique},
		{"absent names are not compared", absentNames},
		{"IDs are never reused", idsNotReused},
		{"ReplaceAccount writes and raises Version", replaceWrites},
		{"ReplaceAccount refuses", replaceRefuses},
		{"names are freed by rename and deletion", namesFreed},
		{"DeleteAccount removes all that is its own", deleteRemovesAll},
		{"DeleteAccount and Effects", deleteEffects},
		{"ListAccounts pages in order of ID", listAccounts},
		{"records are copies", accountCopies},
	}
}

func createKeepsFields(t *testing.T, s storage.Store) {
	want := account("a")
	full(t, want, "ID", "Version", "Resume", "Picture", "Disabled")
	have := got(s.CreateAccount(bg(), want, storage.Effects{}, at(0)))(t)
	if have.ID < 1 || have.Version != 1 {
		t.Errorf("ID %d, Version %d, want a positive ID and Version 1", have.ID, have.Version)
	}
	want.ID, want.Version = have.ID, 1
	eq(t, "returned", have, want)
	eq(t, "read", got(s.Account(bg(), storage.AccountKey{ID: have.ID}))(t), want)
	if next := create(t, s, "b"); next.ID <= have.ID {
		t.Errorf("IDs %d then %d, want a sequence", have.ID, next.ID)
	}
	// Only the verbs of Files set these.
	c := account("c")
	c.Resume = &storage.FileInfo{ID: "x"}
	c.ExperienceYears, c.TOTP, c.TermsVersion = nil, nil, ""
	c.TermsAt, c.DeleteAt = time.Time{}, time.Time{}
	have = got(s.CreateAccount(bg(), c, storage.Effects{}, at(0)))(t)
	have = got(s.Account(bg(), storage.AccountKey{ID: have.ID}))(t)
	if have.Resume != nil || have.ExperienceYears != nil || have.TOTP != nil || !have.TermsAt.IsZero() || !have.DeleteAt.IsZero() {
		t.Errorf("what was never set is there: %+v", have)
	}
}

func accountByKey(t *testing.T, s storage.Store) {
	create(t, s, "other")
	a := create(t, s, "a")
	for name, k := range map[string]storage.AccountKey{
		"ID": {ID: a.ID}, "Sub": {Sub: a.Sub}, "UsernameKey": {UsernameKey: a.UsernameKey}, "EmailKey": {EmailKey: a.EmailKey},
		"the first that is set": {ID: a.ID, Sub: "sub-other", UsernameKey: "nobody"},
	} {
		eq(t, "by "+name, got(s.Account(bg(), k))(t), a)
	}
	for name, k := range map[string]storage.AccountKey{
		"ID": {ID: a.ID + 100}, "Sub": {Sub: "x"}, "UsernameKey": {UsernameKey: "x"}, "EmailKey": {EmailKey: "x"}, "no key": {},
		"negative": {ID: -1}, "username as typed": {UsernameKey: a.Username},
	} {
		have, err := s.Account(bg(), k)
		is(t, "by unknown "+name, err, storage.ErrNotFound)
		eq(t, "by unknown "+name, have, storage.Account{})
	}
}

func namesUnique(t *testing.T, s storage.Store) {
	create(t, s, "a")
	for _, c := range []struct {
		name   string
		change func(a *storage.Account)
		want   error
	}{
		{"username", func(a *storage.Account) { a.UsernameKey = "ua" }, storage.ErrUsernameTaken},
		{"email", func(a *storage.Account) { a.EmailKey = "a@example.com" }, storage.ErrEmailTaken},
		{"sub", func(a *storage.Account) { a.Sub = "sub-a" }, storage.ErrExists},
	} {
		b := account("b")
		c.change(&b)
		before := look(t, s, nil, nil)
		_, err := s.CreateAccount(bg(), b, storage.Effects{Mail: []storage.Mail{mail("m")}}, at(0))
		is(t, c.name, err, c.want)
		eq(t, "after "+c.name, look(t, s, nil, nil), before)
	}
	create(t, s, "b")
}

func absentNames(t *testing.T, s storage.Store) {
	for _, name := range []string{"a", "b"} {
		a := account(name)
		a.Username, a.UsernameKey, a.Email, a.EmailKey = "", "", "", ""
		got(s.CreateAccount(bg(), a, storage.Effects{}, at(0)))(t)
	}
	_, err := s.Account(bg(), storage.AccountKey{UsernameKey: ""})
	is(t, "empty key", err, storage.ErrNotFound)
}

func idsNotReused(t *testing.T, s storage.Store) {
	seen := make(map[int64]bool)
	for range 3 {
		a := create(t, s, "a")
		if seen[a.ID] {
			t.Fatalf("ID %d was given out twice", a.ID)
		}
		seen[a.ID] = true
		must(t, s.DeleteAccount(bg(), a.ID, storage.Effects{}, at(0)))
	}
}

func replaceWrites(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.PutFile(bg(), a.ID, storage.FileResume, storage.FileInfo{ID: "f"}, []byte("x"), at(1)))
	a = got(s.Account(bg(), storage.AccountKey{ID: a.ID}))(t)
	change := account("b")
	change.ID, change.Version = a.ID, a.Version
	change.CreatedAt, change.UpdatedAt = at(time.Hour), at(2*time.Hour)
	change.Disabled = true
	change.TOTP, change.DeleteAt = &storage.TOTP{ConfirmedAt: at(1)}, time.Time{}
	change.Picture = &storage.FileInfo{ID: "forged"}
	want := change
	want.Sub, want.CreatedAt, want.Resume, want.Picture, want.Version = a.Sub, a.CreatedAt, a.Resume, nil, a.Version+1
	eq(t, "returned", got(s.ReplaceAccount(bg(), change, storage.Effects{}, at(3)))(t), want)
	eq(t, "read", got(s.Account(bg(), storage.AccountKey{Sub: a.Sub}))(t), want)
	eq(t, "by new name", got(s.Account(bg(), storage.AccountKey{UsernameKey: "ub"}))(t), want)
	want.TOTP, want.TermsVersion, want.TermsAt = nil, "", time.Time{}
	again := want
	want.Version++
	eq(t, "without an authenticator app", got(s.ReplaceAccount(bg(), again, storage.Effects{}, at(3)))(t), want)
	eq(t, "read again", got(s.Account(bg(), storage.AccountKey{ID: a.ID}))(t), want)
}

func replaceRefuses(t *testing.T, s storage.Store) {
	a, _ := create(t, s, "a"), create(t, s, "b")
	for _, c := range []struct {
		name   string
		change func(a *storage.Account)
		want   error
	}{
		{"unknown account", func(a *storage.Account) { a.ID += 100 }, storage.ErrNotFound},
		{"older version", func(a *storage.Account) { a.Version-- }, storage.ErrConflict},
		{"later version", func(a *storage.Account) { a.Version++ }, storage.ErrConflict},
		{"username of another", func(a *storage.Account) { a.UsernameKey = "ub" }, storage.ErrUsernameTaken},
		{"email of another", func(a *storage.Account) { a.EmailKey = "b@example.com" }, storage.ErrEmailTaken},
		{"new username, email of another", func(a *storage.Account) { a.UsernameKey, a.EmailKey = "un", "b@example.com" }, storage.ErrEmailTaken},
	} {
		before := look(t, s, nil, nil)
		changed := a
		changed.FullName = "Changed"
		c.change(&changed)
		_, err := s.ReplaceAccount(bg(), changed, storage.Effects{Mail: []storage.Mail{mail("m")}}, at(0))
		is(t, c.name, err, c.want)
		eq(t, "after "+c.name, look(t, s, nil, nil), before)
	}
	_, err := s.Account(bg(), storage.AccountKey{UsernameKey: "un"})
	is(t, "name of a refused change", err, storage.ErrNotFound)
}

func namesFreed(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	a.UsernameKey, a.EmailKey = "un", "n@example.com"
	a = got(s.ReplaceAccount(bg(), a, storage.Effects{}, at(0)))(t)
	b := account("b")
	b.UsernameKey, b.EmailKey = "ua", "a@example.com"
	b = got(s.CreateAccount(bg(), b, storage.Effects{}, at(0)))(t)
	eq(t, "old name", got(s.Account(bg(), storage.AccountKey{UsernameKey: "ua"}))(t), b)
	must(t, s.DeleteAccount(bg(), b.ID, storage.Effects{}, at(0)))
	a.UsernameKey, a.EmailKey = "", "a@example.com"
	a = got(s.ReplaceAccount(bg(), a, storage.Effects{}, at(0)))(t)
	eq(t, "name of the deleted", got(s.Account(bg(), storage.AccountKey{EmailKey: "a@example.com"}))(t), a)
	_, err := s.Account(bg(), storage.AccountKey{UsernameKey: "un"})
	is(t, "name given up", err, storage.ErrNotFound)
}

func listAccounts(t *testing.T, s storage.Store) {
	var all []storage.Account
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		all = append(all, create(t, s, name))
	}
	must(t, s.DeleteAccount(bg(), all[2].ID, storage.Effects{}, at(0)))
	all = append(all[:2], all[3:]...)
	eq(t, "all", got(s.ListAccounts(bg(), 0, 100))(t), all)
	eq(t, "first page", got(s.ListAccounts(bg(), 0, 3))(t), all[:3])
	eq(t, "second page", got(s.ListAccounts(bg(), all[2].ID, 3))(t), all[3:])
	eq(t, "past the end", got(s.ListAccounts(bg(), all[3].ID, 3))(t), nil)
	eq(t, "no limit, none", got(s.ListAccounts(bg(), 0, 0))(t), nil)
}

func accountCopies(t *testing.T, s storage.Store) {
	in := account("a")
	made := got(s.CreateAccount(bg(), in, storage.Effects{}, at(0)))(t)
	want := account("a") // shares nothing with what went through the store
	want.ID, want.Version = made.ID, 1
	spoil := func(a storage.Account) {
		a.Groups[0], a.TOTP.Sealed[0], a.TOTP.ConfirmedAt = "spoilt", 'x', at(9)
		a.Skills[0], a.PasswordHistory[0], *a.ExperienceYears, a.Address.Country = "spoilt", "spoilt", 99, "spoilt"
	}
	spoil(in)
	spoil(made)
	spoil(got(s.Account(bg(), storage.AccountKey{ID: made.ID}))(t))
	spoil(got(s.ListAccounts(bg(), 0, 1))(t)[0])
	a := got(s.Account(bg(), storage.AccountKey{ID: made.ID}))(t)
	eq(t, "after the callers wrote in their copies", a, want)
	changed := got(s.ReplaceAccount(bg(), a, storage.Effects{}, at(0)))(t)
	want.Version++
	spoil(a)
	spoil(changed)
	eq(t, "after ReplaceAccount", got(s.Account(bg(), storage.AccountKey{ID: made.ID}))(t), want)
}
