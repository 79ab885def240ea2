package storagetest

import (
	"fmt"
	"testing"
	"time"

	"latchkey/storage"
)

func oneTimeChecks() []check {
	return []check{
		{"OneTime reads without using", readOneTime},
		{"ListOneTimes is what is good, newest first", listOneTimes},
		{"ListOneTimes is bounded", manyOneTimes},
		{"Put refuses", putRefuses},
	}
}

func readOneTime(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	k := key(storage.PurposeReset, "h")
	in := oneTime(k, a.ID)
	must(t, s.ApplyEffects(bg(), a.ID, storage.Effects{Put: []storage.OneTime{in}}, at(0)))
	in.Data[0] = 'x'
	for range 2 {
		have := got(s.OneTime(bg(), k, at(time.Hour-1)))(t)
		eq(t, "read", have, oneTime(k, a.ID))
		have.Data[0] = 'x'
	}
	for name, k := range map[string]storage.OneTimeKey{
		"other purpose": key(storage.PurposeVerify, "h"), "other hash": key(storage.PurposeReset, "x"), "empty": {},
	} {
		_, err := s.OneTime(bg(), k, at(0))
		is(t, name, err, storage.ErrNotFound)
	}
	_, err := s.OneTime(bg(), k, at(time.Hour))
	is(t, "at ExpiresAt", err, storage.ErrNotFound)
}

func putRefuses(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	k := key(storage.PurposeReset, "h")
	putOneTimes(t, s, a.ID, k)
	put := func(o storage.OneTime, now time.Duration) error {
		return s.ApplyEffects(bg(), a.ID, storage.Effects{Put: []storage.OneTime{o}}, at(now))
	}
	is(t, "exists", put(oneTime(k, a.ID), 0), storage.ErrExists)
	is(t, "no hash", put(oneTime(key(storage.PurposeReset, ""), a.ID), 0), storage.ErrExists)
	is(t, "unknown account", put(oneTime(key(storage.PurposeReset, "n"), 99), 0), storage.ErrNotFound)
	late := oneTime(k, a.ID)
	late.ExpiresAt = at(3 * time.Hour)
	must(t, put(late, time.Hour))
	got(s.Sweep(bg(), 10, at(time.Hour)))(t)
	eq(t, "in place of an expired one", got(s.OneTime(bg(), k, at(time.Hour)))(t), late)
}

func oneTimeNames(list []storage.OneTime) (hashes []string) {
	for _, o := range list {
		hashes = append(hashes, o.Hash)
	}
	return hashes
}

func listOneTimes(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	put := func(p storage.Purpose, hash string, accountID int64, created, expires time.Duration) {
		o := oneTime(key(p, hash), accountID)
		o.CreatedAt, o.ExpiresAt = at(created), at(expires)
		must(t, s.ApplyEffects(bg(), accountID, storage.Effects{Put: []storage.OneTime{o}}, at(0)))
	}
	put(storage.PurposeDevice, "z", a.ID, 0, time.Hour)
	put(storage.PurposeDevice, "new", a.ID, 5, time.Hour)
	put(storage.PurposeDevice, "b", a.ID, 1, 2*time.Hour)
	put(storage.PurposeDevice, "a", a.ID, 1, time.Hour)
	put(storage.PurposeDevice, "B", a.ID, 1, time.Hour)
	put(storage.PurposeRecoveryCode, "z", a.ID, 9, time.Hour)
	put(storage.PurposeDevice, "of-b", b.ID, 9, time.Hour)
	put("devic", "z", a.ID, 9, time.Hour)
	list := func(accountID int64, p storage.Purpose, now time.Duration) []storage.OneTime {
		return got(s.ListOneTimes(bg(), accountID, p, at(now)))(t)
	}
	eq(t, "order", oneTimeNames(list(a.ID, storage.PurposeDevice, 0)), []string{"new", "B", "a", "b", "z"})
	eq(t, "just before they expire", len(list(a.ID, storage.PurposeDevice, time.Hour-1)), 5)
	eq(t, "when most have expired", oneTimeNames(list(a.ID, storage.PurposeDevice, time.Hour)), []string{"b"})
	eq(t, "of another purpose", oneTimeNames(list(a.ID, storage.PurposeRecoveryCode, 0)), []string{"z"})
	eq(t, "another's", oneTimeNames(list(b.ID, storage.PurposeDevice, 0)), []string{"of-b"})
	eq(t, "of a purpose that has none", len(list(a.ID, storage.PurposeReset, 0)), 0)
	eq(t, "of none", len(list(a.ID, "", 0)), 0)
	eq(t, "of nobody", len(list(99, storage.PurposeDevice, 0)), 0)
	want := oneTime(key(storage.PurposeDevice, "of-b"), b.ID)
	want.CreatedAt = at(9)
	have := list(b.ID, storage.PurposeDevice, 0)
	eq(t, "every field", have, []storage.OneTime{want})
	have[0].Data[0] = 'x'
	eq(t, "a copy", list(b.ID, storage.PurposeDevice, 0), []storage.OneTime{want})
	taken := key(storage.PurposeDevice, "new")
	must(t, s.ApplyEffects(bg(), a.ID, storage.Effects{Take: &taken}, at(0)))
	eq(t, "after one was taken", oneTimeNames(list(a.ID, storage.PurposeDevice, 0)), []string{"B", "a", "b", "z"})
	must(t, s.ApplyEffects(bg(), a.ID, storage.Effects{Void: []storage.Purpose{storage.PurposeDevice}}, at(0)))
	eq(t, "after all were voided", len(list(a.ID, storage.PurposeDevice, 0)), 0)
}

func manyOneTimes(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	const n = storage.OneTimesListed + 5
	var with storage.Effects
	for i := range n {
		o := oneTime(key(storage.PurposeDevice, fmt.Sprint(i)), a.ID)
		o.CreatedAt = at(time.Duration(i))
		with.Put = append(with.Put, o)
	}
	must(t, s.ApplyEffects(bg(), a.ID, with, at(0)))
	list := got(s.ListOneTimes(bg(), a.ID, storage.PurposeDevice, at(0)))(t)
	eq(t, "length", len(list), storage.OneTimesListed)
	eq(t, "the newest", list[0].Hash, fmt.Sprint(n-1))
	eq(t, "the last", list[len(list)-1].Hash, "5")
}
