package storagetest

import (
	"fmt"
	"testing"
	"time"

	"latchkey/storage"
)

func sessionChecks() []check {
	return []check{
		{"CreateSession keeps every field and refuses", createSession},
		{"an expired session is absent", sessionExpiry},
		{"TouchSession sets what is set", touchSession},
		{"ListSessions is newest first", listSessions},
		{"EndSessions: which sessions end", endScopes},
		{"EndSessions: which grants end", endGrants},
		{"EndSessions does not depend on sweeping", endSwept},
		{"records are copies", sessionCopies},
	}
}

func createSession(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	full(t, session("s", a.ID))
	must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
	eq(t, "read", got(s.Session(bg(), "s", at(0)))(t), session("s", a.ID))
	is(t, "same SID", s.CreateSession(bg(), session("s", a.ID), at(0)), storage.ErrExists)
	is(t, "no SID", s.CreateSession(bg(), session("", a.ID), at(0)), storage.ErrExists)
	is(t, "no account", s.CreateSession(bg(), session("n", a.ID+1), at(0)), storage.ErrNotFound)
	_, err := s.Session(bg(), "n", at(0))
	is(t, "unknown", err, storage.ErrNotFound)
}

func sessionExpiry(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
	got(s.Session(bg(), "s", at(time.Hour-1)))(t)
	_, err := s.Session(bg(), "s", at(time.Hour))
	is(t, "at ExpiresAt", err, storage.ErrNotFound)
	_, err = s.TouchSession(bg(), "s", storage.SessionChange{ExpiresAt: at(3 * time.Hour)}, at(time.Hour))
	is(t, "touch at ExpiresAt", err, storage.ErrNotFound)
	eq(t, "list at ExpiresAt", len(got(s.ListSessions(bg(), a.ID, at(time.Hour)))(t)), 0)
	eq(t, "end at ExpiresAt", len(got(s.EndSessions(bg(), storage.EndScope{SID: "s"}, at(time.Hour)))(t)), 0)
	err = s.CreateGrant(bg(), grant("g", a.ID, "s"), at(time.Hour))
	is(t, "grant at ExpiresAt", err, storage.ErrNotFound)
	again := session("s", a.ID)
	again.ExpiresAt = at(2 * time.Hour)
	must(t, s.CreateSession(bg(), again, at(time.Hour)))
	eq(t, "created anew", got(s.Session(bg(), "s", at(time.Hour)))(t), again)
}

func touchSession(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
	want := session("s", a.ID)
	touch := func(name string, change storage.SessionChange) {
		t.Helper()
		eq(t, name+" returned", got(s.TouchSession(bg(), "s", change, at(0)))(t), want)
		eq(t, name+" read", got(s.Session(bg(), "s", at(0)))(t), want)
	}
	touch("nothing", storage.SessionChange{})
	want.LastSeenAt = at(time.Minute)
	touch("LastSeenAt", storage.SessionChange{LastSeenAt: at(time.Minute)})
	want.Clients = []string{"app", "b"}
	touch("AddClient", storage.SessionChange{AddClient: "b"})
	touch("AddClient again", storage.SessionChange{AddClient: "app"})
	want.Notify = []string{"app", "b"}
	touch("AddNotify", storage.SessionChange{AddNotify: "b"})
	touch("AddNotify again", storage.SessionChange{AddNotify: "app"})
	want.AuthTime, want.ExpiresAt, want.AMR, want.ACR, want.SecretHash = at(1), at(2*time.Hour), []string{"otp"}, "2", "new"
	touch("the rest", storage.SessionChange{AuthTime: at(1), ExpiresAt: at(2 * time.Hour), AMR: []string{"otp"}, ACR: "2", SecretHash: "new"})
	got(s.Session(bg(), "s", at(2*time.Hour-1)))(t)
	if n := got(s.Sweep(bg(), 100, at(time.Hour)))(t); n != 0 {
		t.Errorf("a session that was extended was swept")
	}
	_, err := s.TouchSession(bg(), "none", storage.SessionChange{}, at(0))
	is(t, "unknown", err, storage.ErrNotFound)
}

func listSessions(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	for i, sid := range []string{"x", "y", "z"} {
		in := session(sid, a.ID)
		in.LastSeenAt = at(time.Duration((i*2)%3) * time.Minute)
		must(t, s.CreateSession(bg(), in, at(0)))
	}
	must(t, s.CreateSession(bg(), session("of-b", b.ID), at(0)))
	var order []string
	for _, have := range got(s.ListSessions(bg(), a.ID, at(0)))(t) {
		order = append(order, have.SID)
	}
	eq(t, "order", order, []string{"y", "z", "x"})
	eq(t, "unknown account", len(got(s.ListSessions(bg(), 99, at(0)))(t)), 0)
}

func endScopes(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	for i, c := range []struct {
		scope storage.EndScope
		ended []string
	}{
		{storage.EndScope{}, nil},
		{storage.EndScope{SID: "none"}, nil},
		{storage.EndScope{SID: "a1"}, []string{"a1"}},
		{storage.EndScope{AccountID: a.ID, SID: "a1"}, []string{"a1"}},
		{storage.EndScope{AccountID: b.ID, SID: "a1"}, nil},
		{storage.EndScope{AccountID: a.ID}, []string{"a1", "a2", "a3"}},
		{storage.EndScope{AccountID: a.ID, ExceptSID: "a2"}, []string{"a1", "a3"}},
		{storage.EndScope{AccountID: a.ID, SID: "a2", ExceptSID: "a2"}, nil},
		{storage.EndScope{AccountID: 99}, nil},
	} {
		all := []string{"a1", "a2", "a3", "b1"}
		for _, sid := range all {
			owner := a.ID
			if sid == "b1" {
				owner = b.ID
			}
			if _, err := s.Session(bg(), sid, at(0)); err != nil {
				must(t, s.CreateSession(bg(), session(sid, owner), at(0)))
			}
		}
		name := fmt.Sprintf("%d %+v", i, c.scope)
		ended := got(s.EndSessions(bg(), c.scope, at(0)))(t)
		eq(t, name, sids(ended), c.ended)
		left := append(sids(got(s.ListSessions(bg(), a.ID, at(0)))(t)), sids(got(s.ListSessions(bg(), b.ID, at(0)))(t))...)
		eq(t, name+": ended and left", len(left)+len(ended), len(all))
		for _, e := range ended {
			eq(t, name+": returned session", e, session(e.SID, a.ID))
			_, err := s.Session(bg(), e.SID, at(0))
			is(t, name+": read", err, storage.ErrNotFound)
		}
	}
}

func endGrants(t *testing.T, s storage.Store) {
	ids := []string{"g1", "o1", "g2", "free", "ofree", "b1"}
	for name, c := range map[string]struct {
		scope   func(a int64) storage.EndScope
		revoked []string
	}{
		"SID":                  {func(int64) storage.EndScope { return storage.EndScope{SID: "s1"} }, []string{"g1"}},
		"SID, Offline":         {func(int64) storage.EndScope { return storage.EndScope{SID: "s1", Offline: true} }, []string{"g1", "o1"}},
		"all":                  {func(a int64) storage.EndScope { return storage.EndScope{AccountID: a} }, []string{"g1", "g2"}},
		"all, Offline":         {func(a int64) storage.EndScope { return storage.EndScope{AccountID: a, Offline: true} }, []string{"g1", "o1", "g2", "ofree"}},
		"all but one, Offline": {func(a int64) storage.EndScope { return storage.EndScope{AccountID: a, ExceptSID: "s1", Offline: true} }, []string{"g2", "ofree"}},
		"session of another":   {func(a int64) storage.EndScope { return storage.EndScope{AccountID: a + 1, SID: "s1"} }, nil},
	} {
		a, b := create(t, s, "a"), create(t, s, "b")
		must(t, s.CreateSession(bg(), session("s1", a.ID), at(0)))
		must(t, s.CreateSession(bg(), session("s2", a.ID), at(0)))
		must(t, s.CreateSession(bg(), session("s3", b.ID), at(0)))
		for _, g := range []storage.Grant{
			grant("g1", a.ID, "s1"), grant("o1", a.ID, "s1"), grant("g2", a.ID, "s2"), grant("free", a.ID, ""),
			grant("ofree", a.ID, ""), grant("b1", b.ID, "s3"),
		} {
			g.Offline = g.ID == "o1" || g.ID == "ofree"
			must(t, s.CreateGrant(bg(), g, at(0)))
		}
		got(s.EndSessions(bg(), c.scope(a.ID), at(0)))(t)
		var revoked []string
		for _, id := range ids {
			if _, err := s.Grant(bg(), storage.GrantKey{ID: id}, at(0)); err != nil {
				is(t, name+": "+id, err, storage.ErrSpent)
				revoked = append(revoked, id)
			}
		}
		eq(t, name, revoked, c.revoked)
		must(t, s.DeleteAccount(bg(), a.ID, storage.Effects{}, at(0)))
		must(t, s.DeleteAccount(bg(), b.ID, storage.Effects{}, at(0)))
	}
}

func endSwept(t *testing.T, s storage.Store) {
	for _, sweep := range []bool{false, true} {
		a := create(t, s, "a")
		must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
		g := grant("g", a.ID, "s")
		g.ExpiresAt = at(5 * time.Hour)
		must(t, s.CreateGrant(bg(), g, at(0)))
		if sweep {
			eq(t, "swept", got(s.Sweep(bg(), 10, at(2*time.Hour)))(t), 1)
		}
		eq(t, "ended", len(got(s.EndSessions(bg(), storage.EndScope{SID: "s"}, at(2*time.Hour)))(t)), 0)
		_, err := s.Grant(bg(), storage.GrantKey{ID: "g"}, at(2*time.Hour))
		is(t, fmt.Sprintf("grant of an expired session, swept %t", sweep), err, storage.ErrSpent)
		must(t, s.DeleteAccount(bg(), a.ID, storage.Effects{}, at(0)))
	}
}

func sessionCopies(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	in := session("s", a.ID)
	must(t, s.CreateSession(bg(), in, at(0)))
	spoil := func(x storage.Session) { x.AMR[0], x.Clients[0], x.Notify[0] = "spoilt", "spoilt", "spoilt" }
	spoil(in)
	spoil(got(s.Session(bg(), "s", at(0)))(t))
	spoil(got(s.TouchSession(bg(), "s", storage.SessionChange{}, at(0)))(t))
	spoil(got(s.ListSessions(bg(), a.ID, at(0)))(t)[0])
	eq(t, "read", got(s.Session(bg(), "s", at(0)))(t), session("s", a.ID))
}
