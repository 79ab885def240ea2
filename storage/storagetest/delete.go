package storagetest

import (
	"testing"

	"latchkey/storage"
)

func deleteRemovesAll(t *testing.T, s storage.Store) {
	keys := []storage.OneTimeKey{key(storage.PurposeReset, "r"), key(storage.PurposeVerify, "v")}
	fill := func(name string) storage.Account {
		a := create(t, s, name)
		must(t, s.CreateSession(bg(), session("s-"+name, a.ID), at(0)))
		must(t, s.CreateGrant(bg(), withCode(grant("g-"+name, a.ID, "s-"+name)), at(0)))
		offline := grant("o-"+name, a.ID, "s-"+name)
		offline.Offline = true
		must(t, s.CreateGrant(bg(), offline, at(0)))
		must(t, s.CreateGrant(bg(), grant("r-"+name, a.ID, ""), at(0)))
		got(s.RevokeGrants(bg(), storage.GrantScope{ID: "r-" + name}, at(0)))(t)
		must(t, s.PutConsent(bg(), storage.Consent{AccountID: a.ID, ClientID: "app", Scopes: []string{"openid"}, GrantedAt: at(0)}, at(0)))
		must(t, s.PutFile(bg(), a.ID, storage.FilePicture, storage.FileInfo{ID: "f-" + name}, []byte("x"), at(0)))
		addPasskeys(t, s, a.ID, "p-"+name)
		addEvents(t, s, event(a.ID, 1), event(a.ID, 2))
		for _, k := range keys {
			k.Hash += name
			putOneTimes(t, s, a.ID, k)
		}
		return a
	}
	grants := []string{"g-keep", "o-keep", "r-keep"}
	keep := fill("keep")
	before := look(t, s, grants, []storage.OneTimeKey{key(storage.PurposeReset, "rkeep"), key(storage.PurposeVerify, "vkeep")})
	a := fill("a")
	must(t, s.QueueMail(bg(), []storage.Mail{mail("m")}, at(0)))
	must(t, s.DeleteAccount(bg(), a.ID, storage.Effects{}, at(0)))

	_, err := s.Account(bg(), storage.AccountKey{Sub: a.Sub})
	is(t, "account", err, storage.ErrNotFound)
	_, err = s.Session(bg(), "s-a", at(0))
	is(t, "session", err, storage.ErrNotFound)
	for _, id := range []string{"g-a", "o-a", "r-a"} {
		_, err = s.Grant(bg(), storage.GrantKey{ID: id}, at(0))
		is(t, "grant "+id, err, storage.ErrNotFound)
	}
	_, err = s.RedeemCode(bg(), storage.GrantKey{CodeHash: "code-g-a"}, nil, at(0))
	is(t, "code", err, storage.ErrNotFound)
	_, err = s.Consent(bg(), a.ID, "app")
	is(t, "consent", err, storage.ErrNotFound)
	_, _, _, err = s.FileByID(bg(), "f-a")
	is(t, "file", err, storage.ErrNotFound)
	_, err = s.Passkey(bg(), "p-a")
	is(t, "passkey", err, storage.ErrNotFound)
	eq(t, "passkeys", passkeyNames(t, s, a.ID), nil)
	eq(t, "events", len(allEvents(t, s, a.ID)), 0)
	for _, k := range keys {
		k.Hash += "a"
		_, err = s.OneTime(bg(), k, at(0))
		is(t, "one-time "+string(k.Purpose), err, storage.ErrNotFound)
	}
	is(t, "again", s.DeleteAccount(bg(), a.ID, storage.Effects{}, at(0)), storage.ErrNotFound)

	eq(t, "queued mail", got(s.LeaseMail(bg(), 1, at(1), at(0)))(t)[0].ID, "m")
	must(t, s.FinishMail(bg(), "m", at(0)))
	eq(t, "the notice of its session", got(s.LeaseNotices(bg(), 5, at(1), at(0)))(t)[0].Sub, a.Sub)
	must(t, s.SettleNotice(bg(), storage.NoticeKey{SID: "s-a", ClientID: "app"}, storage.NoticeOutcome{Delivered: true}, at(0)))
	before.Stats["notices"]++ // which outlives the account
	eq(t, "the other account", look(t, s, grants, []storage.OneTimeKey{key(storage.PurposeReset, "rkeep"), key(storage.PurposeVerify, "vkeep")}), before)
	got(s.Account(bg(), storage.AccountKey{ID: keep.ID}))(t)
}

func deleteEffects(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	take := key(storage.PurposeReset, "r")
	before := look(t, s, nil, nil)
	err := s.DeleteAccount(bg(), a.ID, storage.Effects{Take: &take, Mail: []storage.Mail{mail("m")}}, at(0))
	is(t, "Take is missing", err, storage.ErrNotFound)
	eq(t, "after that", look(t, s, nil, nil), before)
	for name, with := range map[string]storage.Effects{
		"Session": {Session: ptr(session("s", a.ID))},
		"Grant":   {Grant: ptr(grant("g", a.ID, ""))},
		"Put":     {Put: []storage.OneTime{oneTime(take, a.ID)}},
	} {
		is(t, name+" for an account that goes", s.DeleteAccount(bg(), a.ID, with, at(0)), storage.ErrNotFound)
		eq(t, "after "+name, look(t, s, nil, nil), before)
	}
	putOneTimes(t, s, a.ID, take)
	must(t, s.DeleteAccount(bg(), a.ID, storage.Effects{Take: &take, Mail: []storage.Mail{mail("m")}}, at(0)))
	if st := got(s.OutboxState(bg(), at(0)))(t); st.Waiting != 1 {
		t.Errorf("%d mails wait, want the one of the effects", st.Waiting)
	}
}

func ptr[T any](v T) *T { return &v }
