package storagetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"latchkey/storage"
)

func effectChecks() []check {
	return []check{
		{"all happen with CreateAccount", effectsOnCreate},
		{"all happen with ReplaceAccount", effectsOnReplace},
		{"all happen with ApplyEffects", effectsAlone},
		{"happen to one version of the account", effectsOfVersion},
		{"of a version meet a change", effectsMeetChange},
		{"none happens where one cannot", effectsAtomic},
		{"Take works once and minds expiry", takeOnce},
		{"Finish works once", finishOnce},
		{"Void spares other purposes, other accounts and Put", voidScope},
		{"the caller's records are not written to", effectsKeepInput},
	}
}

func allEffects() storage.Effects {
	g := grant("g", 999, "s")
	return storage.Effects{
		Put:     []storage.OneTime{oneTime(key(storage.PurposeVerify, "v"), 0)},
		Mail:    []storage.Mail{{ID: "m", Kind: "verify", Sealed: []byte("x"), CreatedAt: at(0), NotBefore: at(0), ExpiresAt: at(time.Hour)}},
		Session: ptr(session("s", 999)),
		Grant:   &g,
	}
}

// effectsDone checks what [allEffects] does.
func effectsDone(t *testing.T, s storage.Store, accountID int64, mailOf int64) {
	t.Helper()
	eq(t, "one-time", got(s.OneTime(bg(), key(storage.PurposeVerify, "v"), at(0)))(t).AccountID, accountID)
	eq(t, "session", got(s.Session(bg(), "s", at(0)))(t), session("s", accountID))
	eq(t, "grant", got(s.Grant(bg(), storage.GrantKey{ID: "g"}, at(0)))(t), grant("g", accountID, "s"))
	m := got(s.LeaseMail(bg(), 5, at(time.Minute), at(0)))(t)
	if len(m) != 1 || m[0].ID != "m" || m[0].AccountID != mailOf {
		t.Errorf("mail %+v, want m of account %d", m, mailOf)
	}
}

func effectsOnCreate(t *testing.T, s storage.Store) {
	create(t, s, "other")
	a := got(s.CreateAccount(bg(), account("a"), allEffects(), at(0)))(t)
	effectsDone(t, s, a.ID, a.ID)
}

func effectsOnReplace(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateSession(bg(), session("old", a.ID), at(0)))
	must(t, s.CreateSession(bg(), session("stays", a.ID), at(0)))
	must(t, s.CreateGrant(bg(), grant("old", a.ID, "old"), at(0)))
	take, void := key(storage.PurposeReset, "r"), key(storage.PurposeVerify, "old")
	putOneTimes(t, s, a.ID, take, void)
	addPasskeys(t, s, a.ID, "lost")
	with := allEffects()
	with.Put[0].AccountID = a.ID
	with.Mail[0].AccountID = 42
	with.Take, with.Void = &take, []storage.Purpose{storage.PurposeVerify}
	with.End, with.DropPasskeys = &storage.EndScope{AccountID: 999, ExceptSID: "stays"}, true
	got(s.ReplaceAccount(bg(), a, with, at(0)))(t)
	effectsDone(t, s, a.ID, 42)
	eq(t, "sessions", sids(got(s.ListSessions(bg(), a.ID, at(0)))(t)), []string{"s", "stays"})
	eq(t, "passkeys", passkeyNames(t, s, a.ID), nil)
	_, err := s.Grant(bg(), storage.GrantKey{ID: "old"}, at(0))
	is(t, "grant of the ended session", err, storage.ErrSpent)
	for _, k := range []storage.OneTimeKey{take, void} {
		_, err := s.OneTime(bg(), k, at(0))
		is(t, "one-time "+k.Hash, err, storage.ErrNotFound)
	}
}

func effectsAlone(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.ApplyEffects(bg(), a.ID, allEffects(), at(0)))
	effectsDone(t, s, a.ID, 0)
	eq(t, "account", got(s.Account(bg(), storage.AccountKey{ID: a.ID}))(t), a)
	is(t, "unknown account", s.ApplyEffects(bg(), a.ID+1, storage.Effects{}, at(0)), storage.ErrNotFound)
}

// effectsOfVersion: what was read of the account still holds, or nothing happens.
func effectsOfVersion(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	was := a.Version
	with := func(sid string, version int64) storage.Effects {
		one := session(sid, a.ID)
		return storage.Effects{Version: version, Session: &one}
	}
	must(t, s.ApplyEffects(bg(), a.ID, with("first", was), at(0)))
	must(t, s.ApplyEffects(bg(), a.ID, with("second", was), at(0))) // a session changes no version
	a.FullName = "Changed"
	a = got(s.ReplaceAccount(bg(), a, storage.Effects{}, at(0)))(t)
	is(t, "a version that was", s.ApplyEffects(bg(), a.ID, with("third", was), at(0)), storage.ErrConflict)
	missing := key(storage.PurposeReset, "missing")
	late := with("third", was)
	late.Take, late.Void = &missing, []storage.Purpose{storage.PurposeDevice}
	is(t, "with a token that is missing", s.ApplyEffects(bg(), a.ID, late, at(0)), storage.ErrConflict)
	late.Version = a.Version
	is(t, "of the version, with a token that is missing", s.ApplyEffects(bg(), a.ID, late, at(0)), storage.ErrNotFound)
	is(t, "unknown account", s.ApplyEffects(bg(), a.ID+1, with("third", was), at(0)), storage.ErrConflict)
	late.Take = nil
	must(t, s.ApplyEffects(bg(), a.ID, late, at(0)))
	eq(t, "sessions", sids(got(s.ListSessions(bg(), a.ID, at(0)))(t)), []string{"first", "second", "third"})
}

// effectsMeetChange: a change that ends sessions meets sessions of the account as it was. Those that were stored before it ended with it, and none comes after.
func effectsMeetChange(t *testing.T, s storage.Store) {
	for i := range 8 {
		a := create(t, s, fmt.Sprint("meets", i))
		var all sync.WaitGroup
		for k := range 4 {
			all.Go(func() {
				one := session(fmt.Sprintf("s%d-%d", i, k), a.ID)
				if err := s.ApplyEffects(bg(), a.ID, storage.Effects{Version: a.Version, Session: &one}, at(0)); err != nil && !errors.Is(err, storage.ErrConflict) {
					t.Error(err)
				}
			})
		}
		all.Go(func() {
			b := a
			b.PasswordHash = "new"
			if _, err := s.ReplaceAccount(bg(), b, storage.Effects{End: &storage.EndScope{}}, at(0)); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		eq(t, "sessions after the change", sids(got(s.ListSessions(bg(), a.ID, at(0)))(t)), nil)
	}
}

// effectsAtomic tries every way in which an effect can fail, on each verb, and looks for traces.
func effectsAtomic(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	must(t, s.CreateSession(bg(), session("held", a.ID), at(0)))
	must(t, s.CreateSession(bg(), session("of-b", b.ID), at(0)))
	must(t, s.CreateGrant(bg(), withCode(grant("held", a.ID, "held")), at(0)))
	must(t, s.QueueMail(bg(), []storage.Mail{mail("held")}, at(0)))
	held, missing := key(storage.PurposeReset, "held"), key(storage.PurposeReset, "missing")
	putOneTimes(t, s, a.ID, held)
	addPasskeys(t, s, a.ID, "held")
	keys := []storage.OneTimeKey{held, key(storage.PurposeVerify, "v")}
	grants := []string{"g", "held"}
	for _, c := range []struct {
		name   string
		change func(e *storage.Effects)
		want   error
	}{
		{"Take is missing", func(e *storage.Effects) { e.Take = &missing }, storage.ErrNotFound},
		{"Finish is missing", func(e *storage.Effects) { e.Finish = "missing" }, storage.ErrNotFound},
		{"Take is missing, Finish is there", func(e *storage.Effects) { e.Take, e.Finish = &missing, "held" }, storage.ErrNotFound},
		{"Put exists", func(e *storage.Effects) { e.Put = append(e.Put, oneTime(held, 0)); e.Void = nil }, storage.ErrExists},
		{"Put twice", func(e *storage.Effects) { e.Put = append(e.Put, e.Put[0]) }, storage.ErrExists},
		{"Session exists", func(e *storage.Effects) { e.Session.SID = "of-b" }, storage.ErrExists},
		{"Grant ID exists", func(e *storage.Effects) { e.Grant.ID = "held" }, storage.ErrExists},
		{"Grant code exists", func(e *storage.Effects) { e.Grant.Code = &storage.Code{Hash: "code-held"} }, storage.ErrExists},
		{"Grant of no session", func(e *storage.Effects) { e.Grant.SID = "none" }, storage.ErrNotFound},
		{"Grant of another's session", func(e *storage.Effects) { e.Grant.SID = "of-b" }, storage.ErrNotFound},
		{"Mail exists", func(e *storage.Effects) { e.Mail = append(e.Mail, mail("held")) }, storage.ErrExists},
	} {
		with := func() storage.Effects {
			e := allEffects()
			e.Void, e.End, e.DropPasskeys = []storage.Purpose{storage.PurposeReset}, &storage.EndScope{Offline: true}, true
			c.change(&e)
			return e
		}
		before := look(t, s, grants, keys)
		is(t, c.name+", ApplyEffects", s.ApplyEffects(bg(), a.ID, with(), at(0)), c.want)
		eq(t, c.name+", after ApplyEffects", look(t, s, grants, keys), before)
		changed := a
		changed.FullName, changed.UsernameKey = "Changed", "changed"
		_, err := s.ReplaceAccount(bg(), changed, with(), at(0))
		is(t, c.name+", ReplaceAccount", err, c.want)
		eq(t, c.name+", after ReplaceAccount", look(t, s, grants, keys), before)
		if c.name == "Put exists" {
			continue // as below, without AccountID
		}
		_, err = s.CreateAccount(bg(), account("new"), with(), at(0))
		is(t, c.name+", CreateAccount", err, c.want)
		eq(t, c.name+", after CreateAccount", look(t, s, grants, keys), before)
	}
}

func takeOnce(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	k := key(storage.PurposeReset, "r")
	putOneTimes(t, s, a.ID, k)
	other := key(storage.PurposeVerify, "r")
	is(t, "other purpose", s.ApplyEffects(bg(), a.ID, storage.Effects{Take: &other}, at(0)), storage.ErrNotFound)
	with := storage.Effects{Take: &k}
	is(t, "at ExpiresAt", s.ApplyEffects(bg(), a.ID, with, at(time.Hour)), storage.ErrNotFound)
	must(t, s.ApplyEffects(bg(), a.ID, with, at(time.Hour-1)))
	is(t, "again", s.ApplyEffects(bg(), a.ID, with, at(0)), storage.ErrNotFound)
	_, err := s.OneTime(bg(), k, at(0))
	is(t, "read", err, storage.ErrNotFound)
}

func finishOnce(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.QueueMail(bg(), []storage.Mail{mail("request")}, at(0)))
	with := storage.Effects{Finish: "request", Mail: []storage.Mail{mail("made")}}
	must(t, s.ApplyEffects(bg(), a.ID, with, at(0)))
	is(t, "again", s.ApplyEffects(bg(), a.ID, with, at(0)), storage.ErrNotFound)
	state := got(s.OutboxState(bg(), at(0)))(t)
	eq(t, "what waits", state.Waiting, 1)
	leased := got(s.LeaseMail(bg(), 10, at(time.Minute), at(0)))(t)
	if len(leased) != 1 || leased[0].ID != "made" {
		t.Errorf("leased %v", leased)
	}
	must(t, s.ApplyEffects(bg(), a.ID, storage.Effects{Finish: "made"}, at(0))) // also while it is leased
	eq(t, "nothing waits", got(s.OutboxState(bg(), at(0)))(t).Waiting, 0)
}

func voidScope(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	r1, r2, v := key(storage.PurposeReset, "1"), key(storage.PurposeReset, "2"), key(storage.PurposeVerify, "1")
	ofB, fresh := key(storage.PurposeReset, "b"), key(storage.PurposeReset, "fresh")
	putOneTimes(t, s, a.ID, r1, r2, v)
	putOneTimes(t, s, b.ID, ofB)
	must(t, s.ApplyEffects(bg(), a.ID, storage.Effects{
		Void: []storage.Purpose{storage.PurposeReset, storage.PurposeRevoke},
		Put:  []storage.OneTime{oneTime(fresh, a.ID), oneTime(r1, a.ID)},
	}, at(0)))
	for _, k := range []storage.OneTimeKey{r1, v, fresh, ofB} {
		got(s.OneTime(bg(), k, at(0)))(t)
	}
	_, err := s.OneTime(bg(), r2, at(0))
	is(t, "voided", err, storage.ErrNotFound)
}

func effectsKeepInput(t *testing.T, s storage.Store) {
	with, want := allEffects(), allEffects()
	got(s.CreateAccount(bg(), account("a"), with, at(0)))(t)
	eq(t, "the caller's effects", with, want)
}
