package storagetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/storage"
)

func passkeyChecks() []check {
	return []check{
		{"CreatePasskey keeps every field", createPasskey},
		{"a passkey's ID is told from every other, whatever it is", passkeyIDs},
		{"CreatePasskey refuses", passkeyRefused},
		{"CreatePasskey minds the quota", passkeyQuota},
		{"CreatePasskey and Effects", passkeyWith},
		{"ListPasskeys is all, in order", listPasskeys},
		{"TouchPasskey sets what is asked for", touchPasskey},
		{"TouchPasskey wants the counter to go up", passkeyCounter},
		{"DeletePasskey removes one, with Effects or not at all", deletePasskey},
		{"DropPasskeys removes all of the account", dropPasskeys},
	}
}

func passkey(id string, accountID int64) storage.Passkey {
	return storage.Passkey{
		ID: id, AccountID: accountID, Name: "Phone", PublicKey: []byte("\xa5\x01\x00"), AAGUID: []byte("0123456789abcdef"),
		Transports: []string{"internal", "hybrid"}, SignCount: 7, BackupEligible: true, BackedUp: true, UserVerified: true,
		CreatedAt: at(0), LastUsedAt: at(time.Minute),
	}
}

func addPasskeys(t *testing.T, s storage.Store, accountID int64, ids ...string) {
	t.Helper()
	for _, id := range ids {
		must(t, s.CreatePasskey(bg(), passkey(id, accountID), storage.Effects{}, at(0)))
	}
}

func passkeyNames(t *testing.T, s storage.Store, accountID int64) (ids []string) {
	t.Helper()
	for _, p := range got(s.ListPasskeys(bg(), accountID))(t) {
		ids = append(ids, p.ID)
	}
	return ids
}

func createPasskey(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	in, want := passkey("p", a.ID), passkey("p", a.ID)
	full(t, in)
	must(t, s.CreatePasskey(bg(), in, storage.Effects{}, at(0)))
	for _, p := range []storage.Passkey{in, got(s.Passkey(bg(), "p"))(t), got(s.ListPasskeys(bg(), a.ID))(t)[0]} {
		p.PublicKey[0], p.AAGUID[0], p.Transports[0] = 'x', 'x', "spoilt"
	}
	eq(t, "after the callers wrote in their copies", got(s.Passkey(bg(), "p"))(t), want)
	eq(t, "listed", got(s.ListPasskeys(bg(), a.ID))(t), []storage.Passkey{want})
	bare := storage.Passkey{ID: "bare", AccountID: a.ID, CreatedAt: at(0)}
	must(t, s.CreatePasskey(bg(), bare, storage.Effects{}, at(0)))
	eq(t, "one with no more than it must have", got(s.Passkey(bg(), "bare"))(t), bare)
	eq(t, "the account", got(s.Account(bg(), storage.AccountKey{ID: a.ID}))(t), a)
}

func passkeyIDs(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	longest := strings.Repeat("A-_9", storage.MaxPasskeyID/4)
	ids := []string{longest, longest[1:], "p", "P", "p\x00", "\xff\x00", "\U0010ffff00", "' OR 1=1 --", "%", "ä"}
	for i, id := range ids {
		p := passkey(id, a.ID)
		p.Name, p.Transports, p.SignCount = "\xff\x00 <&>\"\\\n"+strings.Repeat("n", i), []string{"\x00", ""}, 1<<62+int64(i)
		must(t, s.CreatePasskey(bg(), p, storage.Effects{}, at(0)))
	}
	for i, id := range ids {
		p := got(s.Passkey(bg(), id))(t)
		if want := "\xff\x00 <&>\"\\\n" + strings.Repeat("n", i); p.ID != id || p.Name != want || p.SignCount != 1<<62+int64(i) {
			t.Errorf("%.20q: %+v", id, p)
		}
		eq(t, "transports", p.Transports, []string{"\x00", ""})
	}
	eq(t, "all", len(passkeyNames(t, s, a.ID)), len(ids))
	for _, id := range []string{"", "x", "pp", longest + "A", longest[:len(longest)-1], strings.Repeat("\x00", 5000), strings.Repeat("z", 100_000)} {
		_, err := s.Passkey(bg(), id)
		is(t, fmt.Sprintf("unknown %.20q", id), err, storage.ErrNotFound)
	}
}

func passkeyRefused(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	addPasskeys(t, s, a.ID, "p")
	before := look(t, s, nil, nil)
	for name, c := range map[string]struct {
		p    storage.Passkey
		want error
	}{
		"its own":    {passkey("p", a.ID), storage.ErrExists},
		"another's":  {passkey("p", b.ID), storage.ErrExists},
		"no ID":      {passkey("", a.ID), storage.ErrExists},
		"no account": {passkey("q", a.ID+100), storage.ErrNotFound},
		"account 0":  {passkey("q", 0), storage.ErrNotFound},
	} {
		is(t, name, s.CreatePasskey(bg(), c.p, storage.Effects{Mail: []storage.Mail{mail("m")}}, at(0)), c.want)
		eq(t, "after "+name, look(t, s, nil, nil), before)
	}
}

func passkeyQuota(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	addPasskeys(t, s, b.ID, "of-b")
	for i := range storage.PasskeysMax {
		addPasskeys(t, s, a.ID, fmt.Sprint(i))
	}
	before := look(t, s, nil, nil)
	is(t, "one more", s.CreatePasskey(bg(), passkey("more", a.ID), storage.Effects{}, at(0)), storage.ErrFull)
	is(t, "one that is there", s.CreatePasskey(bg(), passkey("of-b", a.ID), storage.Effects{}, at(0)), storage.ErrExists)
	eq(t, "after that", look(t, s, nil, nil), before)
	addPasskeys(t, s, b.ID, "more-of-b")
	must(t, s.DeletePasskey(bg(), a.ID, "3", storage.Effects{}, at(0)))
	addPasskeys(t, s, a.ID, "more")
	is(t, "and again", s.CreatePasskey(bg(), passkey("yet more", a.ID), storage.Effects{}, at(0)), storage.ErrFull)
}

func passkeyWith(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	must(t, s.CreateSession(bg(), session("of-b", b.ID), at(0)))
	held, missing := key(storage.PurposeReset, "held"), key(storage.PurposeReset, "missing")
	putOneTimes(t, s, a.ID, held)
	before := look(t, s, []string{"g"}, []storage.OneTimeKey{held})
	for name, c := range map[string]struct {
		change func(e *storage.Effects)
		want   error
	}{
		"Take is missing": {func(e *storage.Effects) { e.Take = &missing }, storage.ErrNotFound},
		"Put exists":      {func(e *storage.Effects) { e.Put = append(e.Put, oneTime(held, 0)) }, storage.ErrExists},
		"Session exists":  {func(e *storage.Effects) { e.Session.SID = "of-b" }, storage.ErrExists},
	} {
		with := allEffects()
		c.change(&with)
		is(t, name, s.CreatePasskey(bg(), passkey("p", a.ID), with, at(0)), c.want)
		eq(t, "after "+name, look(t, s, []string{"g"}, []storage.OneTimeKey{held}), before)
	}
	with := allEffects()
	with.Take = &held
	must(t, s.CreatePasskey(bg(), passkey("p", a.ID), with, at(0)))
	effectsDone(t, s, a.ID, 0)
	is(t, "taken", s.ApplyEffects(bg(), a.ID, storage.Effects{Take: &held}, at(0)), storage.ErrNotFound)
	must(t, s.CreatePasskey(bg(), passkey("q", a.ID), storage.Effects{DropPasskeys: true}, at(0)))
	eq(t, "what comes with it comes after it", passkeyNames(t, s, a.ID), nil)
}

func listPasskeys(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	for id, created := range map[string]time.Duration{"z": 0, "b": time.Minute, "a": time.Minute, "B": time.Minute, "c": 2 * time.Minute, "first": -time.Hour} {
		p := passkey(id, a.ID)
		p.CreatedAt = at(created)
		must(t, s.CreatePasskey(bg(), p, storage.Effects{}, at(0)))
	}
	addPasskeys(t, s, b.ID, "of-b")
	eq(t, "order", passkeyNames(t, s, a.ID), []string{"first", "z", "B", "a", "b", "c"})
	eq(t, "the other's", passkeyNames(t, s, b.ID), []string{"of-b"})
	eq(t, "nobody's", passkeyNames(t, s, 99), nil)
}

func touchPasskey(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	want := passkey("p", a.ID)
	want.LastUsedAt = time.Time{}
	must(t, s.CreatePasskey(bg(), want, storage.Effects{}, at(0)))
	addPasskeys(t, s, a.ID, "other")
	for _, c := range []struct {
		name   string
		change storage.PasskeyChange
		want   func(p *storage.Passkey)
	}{
		{"nothing", storage.PasskeyChange{}, func(*storage.Passkey) {}},
		{"what is not used has no counter", storage.PasskeyChange{SignCount: 99, BackedUp: false}, func(*storage.Passkey) {}},
		{"a name", storage.PasskeyChange{Name: "Key \x00\xff"}, func(p *storage.Passkey) { p.Name = "Key \x00\xff" }},
		{"a use", storage.PasskeyChange{Used: true, SignCount: 8}, func(p *storage.Passkey) {
			p.SignCount, p.BackedUp, p.LastUsedAt = 8, false, at(time.Hour)
		}},
		{"both", storage.PasskeyChange{Name: "Phone", Used: true, SignCount: 1 << 40, BackedUp: true}, func(p *storage.Passkey) {
			p.Name, p.SignCount, p.BackedUp, p.LastUsedAt = "Phone", 1<<40, true, at(time.Hour)
		}},
	} {
		c.want(&want)
		have := got(s.TouchPasskey(bg(), a.ID, "p", c.change, at(time.Hour)))(t)
		eq(t, c.name, have, want)
		have.PublicKey[0], have.Transports[0] = 'x', "spoilt"
		eq(t, c.name+", read", got(s.Passkey(bg(), "p"))(t), want)
	}
	eq(t, "the other", got(s.Passkey(bg(), "other"))(t), passkey("other", a.ID))
	for name, c := range map[string]struct {
		account int64
		id      string
	}{"unknown": {a.ID, "x"}, "none": {a.ID, ""}, "another account's": {b.ID, "p"}, "nobody's": {99, "p"}} {
		for _, change := range []storage.PasskeyChange{{Name: "New"}, {Used: true, SignCount: 1 << 41}} {
			have, err := s.TouchPasskey(bg(), c.account, c.id, change, at(0))
			is(t, name, err, storage.ErrNotFound)
			eq(t, name, have, storage.Passkey{})
		}
	}
	eq(t, "after that", got(s.Passkey(bg(), "p"))(t), want)
}

func passkeyCounter(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	for _, c := range []struct {
		name          string
		stored, shown int64
		want          error
	}{
		{"neither counts", 0, 0, nil},
		{"it begins to count", 0, 1, nil},
		{"one more", 7, 8, nil},
		{"many more", 7, 1 << 32, nil},
		{"the same", 7, 7, storage.ErrConflict},
		{"one less", 7, 6, storage.ErrConflict},
		{"it does not count any more", 7, 0, storage.ErrConflict},
		{"below nothing", 0, -1, storage.ErrConflict},
	} {
		p := passkey(c.name, a.ID)
		p.SignCount = c.stored
		must(t, s.CreatePasskey(bg(), p, storage.Effects{}, at(0)))
		before := look(t, s, nil, nil)
		_, err := s.TouchPasskey(bg(), a.ID, p.ID, storage.PasskeyChange{Name: "New", Used: true, SignCount: c.shown}, at(1))
		is(t, c.name, err, c.want)
		if c.want != nil {
			eq(t, c.name+": nothing is written", look(t, s, nil, nil), before)
			continue
		}
		_, err = s.TouchPasskey(bg(), a.ID, p.ID, storage.PasskeyChange{Used: true, SignCount: c.shown}, at(2))
		if c.shown == 0 {
			must(t, err)
		} else {
			is(t, c.name+", replayed", err, storage.ErrConflict)
		}
	}
}
