package storagetest

import (
	"testing"

	"latchkey/storage"
)

func deletePasskey(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	addPasskeys(t, s, a.ID, "p", "q")
	missing, held := key(storage.PurposeReset, "missing"), key(storage.PurposeReset, "held")
	putOneTimes(t, s, a.ID, held)
	keys := []storage.OneTimeKey{held}
	before := look(t, s, nil, keys)
	sent := storage.Effects{Mail: []storage.Mail{mail("m")}}
	is(t, "unknown", s.DeletePasskey(bg(), a.ID, "x", sent, at(0)), storage.ErrNotFound)
	is(t, "none", s.DeletePasskey(bg(), a.ID, "", sent, at(0)), storage.ErrNotFound)
	is(t, "another account's", s.DeletePasskey(bg(), b.ID, "p", sent, at(0)), storage.ErrNotFound)
	is(t, "nobody's", s.DeletePasskey(bg(), 99, "p", sent, at(0)), storage.ErrNotFound)
	is(t, "Take is missing", s.DeletePasskey(bg(), a.ID, "p", storage.Effects{Take: &missing, Mail: sent.Mail}, at(0)), storage.ErrNotFound)
	is(t, "Put exists", s.DeletePasskey(bg(), a.ID, "p", storage.Effects{Put: []storage.OneTime{oneTime(held, 0)}}, at(0)), storage.ErrExists)
	eq(t, "after that", look(t, s, nil, keys), before)

	with := allEffects()
	with.Take = &held
	must(t, s.DeletePasskey(bg(), a.ID, "p", with, at(0)))
	effectsDone(t, s, a.ID, 0)
	_, err := s.OneTime(bg(), held, at(0))
	is(t, "taken", err, storage.ErrNotFound)
	_, err = s.Passkey(bg(), "p")
	is(t, "removed", err, storage.ErrNotFound)
	_, err = s.TouchPasskey(bg(), a.ID, "p", storage.PasskeyChange{Used: true, SignCount: 99}, at(0))
	is(t, "a use", err, storage.ErrNotFound)
	eq(t, "left", passkeyNames(t, s, a.ID), []string{"q"})
	is(t, "again", s.DeletePasskey(bg(), a.ID, "p", storage.Effects{}, at(0)), storage.ErrNotFound)
	addPasskeys(t, s, b.ID, "p") // its ID is free
	eq(t, "its new owner", got(s.Passkey(bg(), "p"))(t), passkey("p", b.ID))
}

func dropPasskeys(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	missing := key(storage.PurposeRecover, "missing")
	drop := storage.Effects{DropPasskeys: true}
	verbs := map[string]func(with storage.Effects) error{
		"ApplyEffects": func(with storage.Effects) error { return s.ApplyEffects(bg(), a.ID, with, at(0)) },
		"ReplaceAccount": func(with storage.Effects) error {
			changed := a
			changed.TOTP, changed.PasswordHash = nil, "other"
			next, err := s.ReplaceAccount(bg(), changed, with, at(0))
			if err == nil {
				a = next
			}
			return err
		},
		"DeletePasskey": func(with storage.Effects) error { return s.DeletePasskey(bg(), a.ID, "q", with, at(0)) },
	}
	addPasskeys(t, s, b.ID, "of-b")
	for name, verb := range verbs {
		must(t, s.ApplyEffects(bg(), a.ID, drop, at(0))) // of none
		addPasskeys(t, s, a.ID, "p", "q")
		before := look(t, s, nil, nil)
		is(t, name+" that fails", verb(storage.Effects{DropPasskeys: true, Take: &missing}), storage.ErrNotFound)
		is(t, name+" that fails late", verb(storage.Effects{DropPasskeys: true, Mail: []storage.Mail{mail("")}}), storage.ErrExists)
		eq(t, "after that", look(t, s, nil, nil), before)
		must(t, verb(drop))
		eq(t, name, passkeyNames(t, s, a.ID), nil)
		_, err := s.Passkey(bg(), "p")
		is(t, name, err, storage.ErrNotFound)
	}
	addPasskeys(t, s, a.ID, "p")
	a.Version--
	_, err := s.ReplaceAccount(bg(), a, drop, at(0))
	is(t, "an older version", err, storage.ErrConflict)
	eq(t, "after that", passkeyNames(t, s, a.ID), []string{"p"})
	eq(t, "the other account's", passkeyNames(t, s, b.ID), []string{"of-b"})
	is(t, "of nobody", s.ApplyEffects(bg(), 99, drop, at(0)), storage.ErrNotFound)
}
