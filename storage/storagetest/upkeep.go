package storagetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"latchkey/storage"
)

func upkeepChecks() []check {
	return []check{
		{"Sweep removes what expired, within limit", sweep},
		{"Sweep removes many in batches", sweepMany},
		{"a grant goes with the code that nobody redeemed", sweepUnredeemed},
		{"Stats counts", stats},
		{"Ping and Close", closes},
		{"a context that is over", contextOver},
		{"verbs between verbs do not block", nested},
	}
}

// expiring fills the store with one record of each kind that expires in an hour, and one of each in two.
func expiring(t *testing.T, s storage.Store) storage.Account {
	t.Helper()
	a := create(t, s, "a")
	for i, id := range []string{"x", "y"} {
		expires := at(time.Duration(i+1) * time.Hour)
		se, g, m, o := session(id, a.ID), withCode(grant(id, a.ID, "")), mail(id), oneTime(key(storage.PurposeReset, id), a.ID)
		se.ExpiresAt, g.ExpiresAt, m.ExpiresAt, o.ExpiresAt = expires, expires, expires, expires
		g.Code.ExpiresAt = expires
		must(t, s.ApplyEffects(bg(), a.ID, storage.Effects{
			Session: &se, Grant: &g, Mail: []storage.Mail{m}, Put: []storage.OneTime{o},
		}, at(0)))
		must(t, s.DenyToken(bg(), id, expires, at(0)))
		must(t, s.SpendOnce(bg(), id, expires, at(0)))
		d, p, r, c := device(id), pushed(id), registration(id), client(id)
		d.ExpiresAt, p.ExpiresAt, r.ExpiresAt, c.ExpiresAt = expires, expires, expires, expires
		must(t, s.CreateDevice(bg(), d, at(0)))
		must(t, s.PutPushedRequest(bg(), p, at(0)))
		must(t, s.CreateRegistrationToken(bg(), r, at(0)))
		got(s.CreateClient(bg(), c, at(0)))(t)
		e := event(a.ID, i+1)
		e.ExpiresAt = expires
		addEvents(t, s, e)
		// Notices are kept for a fixed time: these go when the others do.
		ended := session("of-"+id, a.ID)
		must(t, s.CreateSession(bg(), ended, expires.Add(-storage.NoticeKept)))
		got(s.EndSessions(bg(), storage.EndScope{SID: ended.SID}, expires.Add(-storage.NoticeKept)))(t)
	}
	return a
}

func sweep(t *testing.T, s storage.Store) {
	a := expiring(t, s)
	got(s.CreateClient(bg(), client("app"), at(0)))(t) // which never expires
	must(t, s.CreateRegistrationToken(bg(), storage.RegistrationToken{ID: "for ever", Hash: "for ever"}, at(0)))
	eq(t, "before the hour", got(s.Sweep(bg(), 100, at(time.Hour-1)))(t), 0)
	eq(t, "limit 2", got(s.Sweep(bg(), 2, at(time.Hour)))(t), 2)
	eq(t, "limit 0", got(s.Sweep(bg(), 0, at(time.Hour)))(t), 0)
	eq(t, "the rest", got(s.Sweep(bg(), 100, at(time.Hour)))(t), 10)
	eq(t, "again", got(s.Sweep(bg(), 100, at(time.Hour)))(t), 0)
	st := got(s.Stats(bg()))(t)
	delete(st, "bytes")
	eq(t, "left", st, map[string]int64{
		"sessions": 1, "grants": 1, "outbox": 1, "onetimes": 1, "denials": 1, "accounts": 1, "clients": 2, "files": 0, "consents": 0,
		"devices": 1, "pushed_requests": 1, "replays": 1, "registration_tokens": 2, "notices": 1, "passkeys": 0, "events": 1,
	})
	now := at(time.Hour)
	got(s.Session(bg(), "y", now))(t)
	got(s.Grant(bg(), storage.GrantKey{ID: "y"}, now))(t)
	got(s.OneTime(bg(), key(storage.PurposeReset, "y"), now))(t)
	eq(t, "denied", got(s.Denied(bg(), "y", now))(t), true)
	got(s.Device(bg(), storage.DeviceKey{UserCodeHash: "user-y"}, now))(t)
	got(s.PushedRequest(bg(), "y", now))(t)
	got(s.RegistrationToken(bg(), "hash-y", now))(t)
	got(s.Client(bg(), "y"))(t)
	is(t, "spent", s.SpendOnce(bg(), "y", at(9*time.Hour), now), storage.ErrSpent)
	eq(t, "sessions", sids(got(s.ListSessions(bg(), a.ID, at(0)))(t)), []string{"y"})
	_, err := s.Grant(bg(), storage.GrantKey{CodeHash: "code-x"}, at(0))
	is(t, "swept grant, by its code, in the past", err, storage.ErrNotFound)
}

func sweepMany(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	const n = 1100
	var with storage.Effects
	for i := range n {
		with.Put = append(with.Put, oneTime(key(storage.PurposeReset, fmt.Sprint(i)), a.ID))
	}
	must(t, s.ApplyEffects(bg(), a.ID, with, at(0)))
	eq(t, "some", got(s.Sweep(bg(), 600, at(time.Hour)))(t), 600)
	eq(t, "others", got(s.Sweep(bg(), 10*n, at(time.Hour)))(t), n-600)
	eq(t, "left", got(s.Stats(bg()))(t)["onetimes"], 0)
}

// Codes that are asked for and never redeemed must not stay as long as a refresh token would.
func sweepUnredeemed(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	for _, id := range []string{"left", "bought", "revoked"} {
		must(t, s.CreateGrant(bg(), withCode(grant(id, a.ID, "")), at(0)))
	}
	front := withCode(grant("front", a.ID, ""))
	front.Front = true
	must(t, s.CreateGrant(bg(), front, at(0)))
	refresh := storage.Refresh{ExpiresAt: at(30 * time.Minute)}
	got(s.RedeemCode(bg(), storage.GrantKey{CodeHash: "code-bought"}, &refresh, at(0)))(t)
	got(s.RedeemCode(bg(), storage.GrantKey{CodeHash: "code-revoked"}, &refresh, at(0)))(t)
	got(s.RevokeGrants(bg(), storage.GrantScope{ID: "revoked"}, at(0)))(t)
	eq(t, "while the code lives", got(s.Sweep(bg(), 100, at(time.Minute-1)))(t), 0)
	eq(t, "when it has expired", got(s.Sweep(bg(), 100, at(time.Minute)))(t), 1)
	eq(t, "again", got(s.Sweep(bg(), 100, at(time.Minute)))(t), 0)
	_, err := s.Grant(bg(), storage.GrantKey{ID: "left"}, at(0))
	is(t, "what was never redeemed", err, storage.ErrNotFound)
	got(s.Grant(bg(), storage.GrantKey{ID: "bought"}, at(time.Minute)))(t)
	eq(t, "what a token left with", got(s.Grant(bg(), storage.GrantKey{ID: "front"}, at(time.Minute)))(t), front)
	_, err = s.RedeemCode(bg(), storage.GrantKey{CodeHash: "code-bought"}, nil, at(time.Minute))
	is(t, "a late replay", err, storage.ErrSpent)
	_, err = s.RedeemCode(bg(), storage.GrantKey{CodeHash: "code-revoked"}, nil, at(time.Minute))
	is(t, "a late replay of what was revoked", err, storage.ErrSpent)
	eq(t, "at the end of the grants", got(s.Sweep(bg(), 100, at(time.Hour)))(t), 3)
	eq(t, "left", got(s.Stats(bg()))(t)["grants"], 0)
}

func stats(t *testing.T, s storage.Store) {
	a := expiring(t, s)
	must(t, s.PutFile(bg(), a.ID, storage.FileResume, info("f"), nil, at(0)))
	must(t, s.PutFile(bg(), a.ID, storage.FileResume, info("g"), nil, at(0)))
	must(t, s.PutConsent(bg(), storage.Consent{AccountID: a.ID, ClientID: "app"}, at(0)))
	must(t, s.PutConsent(bg(), storage.Consent{AccountID: a.ID, ClientID: "app"}, at(0)))
	addPasskeys(t, s, a.ID, "p")
	want := map[string]int64{
		"accounts": 1, "sessions": 2, "grants": 2, "outbox": 2, "onetimes": 2, "denials": 2, "files": 1, "consents": 1, "clients": 2,
		"devices": 2, "pushed_requests": 2, "replays": 2, "registration_tokens": 2, "notices": 2, "passkeys": 1, "events": 2,
	}
	have := got(s.Stats(bg()))(t)
	delete(have, "bytes")
	eq(t, "filled", have, want)
	must(t, s.DeleteAccount(bg(), a.ID, storage.Effects{}, at(0)))
	for _, k := range []string{"accounts", "sessions", "grants", "onetimes", "files", "consents", "passkeys", "events"} {
		want[k] = 0
	}
	want["notices"] += 2 // of the sessions
	have = got(s.Stats(bg()))(t)
	delete(have, "bytes")
	eq(t, "after deletion", have, want)
}

func closes(t *testing.T, s storage.Store) {
	create(t, s, "a")
	must(t, s.Ping(bg()))
	must(t, s.Close())
	must(t, s.Close())
	is(t, "Ping", s.Ping(bg()), storage.ErrUnavailable)
	_, err := s.Account(bg(), storage.AccountKey{ID: 1})
	is(t, "a read", err, storage.ErrUnavailable)
	_, err = s.CreateAccount(bg(), account("b"), storage.Effects{}, at(0))
	is(t, "a write", err, storage.ErrUnavailable)
	_, err = s.TakeAttempts(bg(), limits("a"), at(0))
	is(t, "an attempt", err, storage.ErrUnavailable)
	_, err = s.TakeLease(bg(), "sweep", "a", at(1), at(0))
	is(t, "a lease", err, storage.ErrUnavailable)
}

func contextOver(t *testing.T, s storage.Store) {
	ctx, cancel := context.WithCancel(bg())
	cancel()
	_, err := s.CreateAccount(ctx, account("a"), storage.Effects{}, at(0))
	is(t, "a write", err, context.Canceled)
	_, err = s.ListAccounts(ctx, 0, 10)
	is(t, "a read", err, context.Canceled)
	eq(t, "accounts", len(got(s.ListAccounts(bg(), 0, 10))(t)), 0)
}

func nested(t *testing.T, s storage.Store) {
	for i := range 20 {
		create(t, s, fmt.Sprint(i))
	}
	for _, a := range got(s.ListAccounts(bg(), 0, 100))(t) {
		must(t, s.CreateSession(bg(), session(a.Sub, a.ID), at(0)))
		for _, se := range got(s.ListSessions(bg(), a.ID, at(0)))(t) {
			got(s.TouchSession(bg(), se.SID, storage.SessionChange{AddClient: "x"}, at(0)))(t)
			got(s.EndSessions(bg(), storage.EndScope{SID: se.SID}, at(0)))(t)
		}
		must(t, s.DeleteAccount(bg(), a.ID, storage.Effects{}, at(0)))
	}
	eq(t, "left", len(got(s.ListAccounts(bg(), 0, 100))(t)), 0)
}
