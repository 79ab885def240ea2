package storagetest

import (
	"testing"
	"time"

	"latchkey/storage"
)

func oneTimeChecks() []check {
	return []check{
		{"OneTime reads without using", readOneTime},
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
