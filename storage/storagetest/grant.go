package storagetest

import (
	"testing"
	"time"

	"latchkey/storage"
)

func grantChecks() []check {
	return []check{
		{"CreateGrant keeps every field", createGrant},
		{"CreateGrant refuses", createGrantRefuses},
		{"RedeemCode", redeemCode},
		{"RedeemCode refuses", redeemRefuses},
		{"a code that names its grant", codeNamed},
		{"RotateRefresh", rotateRefresh},
		{"RotateRefresh refuses", rotateRefuses},
		{"RevokeGrants minds its scope", revokeScopes},
		{"a revoked grant is recognised until it expires", revokedKnown},
		{"an expired grant is absent", grantExpiry},
		{"records are copies", grantCopies},
	}
}

func byID(id string) storage.GrantKey { return storage.GrantKey{ID: id} }

func createGrant(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
	full := withRefresh(withCode(grant("full", a.ID, "s")))
	full.Offline = true
	full.Refresh.Fixed = true
	full.Refresh.RotatedAt = at(1)
	must(t, s.CreateGrant(bg(), full, at(0)))
	eq(t, "by ID", got(s.Grant(bg(), byID("full"), at(0)))(t), full)
	eq(t, "by code", got(s.Grant(bg(), storage.GrantKey{CodeHash: "code-full"}, at(0)))(t), full)
	own := storage.Grant{ID: "own", ClientID: "app", Scopes: []string{"api"}, CreatedAt: at(0), ExpiresAt: at(time.Hour)}
	must(t, s.CreateGrant(bg(), own, at(0)))
	eq(t, "of a client for itself", got(s.Grant(bg(), byID("own"), at(0)))(t), own)
}

func createGrantRefuses(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
	must(t, s.CreateGrant(bg(), withCode(grant("g", a.ID, "s")), at(0)))
	before := look(t, s, []string{"g", "n"}, nil)
	sameCode := withCode(grant("n", a.ID, "s"))
	sameCode.Code.Hash = "code-g"
	for name, c := range map[string]struct {
		g    storage.Grant
		want error
	}{
		"same ID":            {withCode(grant("g", a.ID, "s")), storage.ErrExists},
		"no ID":              {grant("", a.ID, "s"), storage.ErrExists},
		"same code":          {sameCode, storage.ErrExists},
		"no such session":    {grant("n", a.ID, "none"), storage.ErrNotFound},
		"session of another": {grant("n", b.ID, "s"), storage.ErrNotFound},
		"account is gone":    {grant("n", 99, ""), storage.ErrNotFound},
	} {
		is(t, name, s.CreateGrant(bg(), c.g, at(0)), c.want)
		eq(t, "after "+name, look(t, s, []string{"g", "n"}, nil), before)
	}
}

func redeemCode(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateGrant(bg(), withCode(grant("g", a.ID, "")), at(0)))
	must(t, s.CreateGrant(bg(), withCode(grant("bare", a.ID, "")), at(0)))
	want := withCode(grant("g", a.ID, ""))
	want.Code.RedeemedAt = at(time.Second)
	want.Refresh = &storage.Refresh{Generation: 0, ExpiresAt: at(time.Minute)}
	refresh := storage.Refresh{ExpiresAt: at(time.Minute)}
	eq(t, "returned", got(s.RedeemCode(bg(), storage.GrantKey{CodeHash: "code-g"}, &refresh, at(time.Second)))(t), want)
	refresh.Generation = 99
	eq(t, "read", got(s.Grant(bg(), byID("g"), at(time.Second)))(t), want)
	have, err := s.RedeemCode(bg(), storage.GrantKey{CodeHash: "code-g"}, nil, at(2*time.Second))
	is(t, "replay", err, storage.ErrSpent)
	eq(t, "replay returns the grant", have, want)
	_, err = s.RedeemCode(bg(), storage.GrantKey{CodeHash: "code-g"}, nil, at(30*time.Minute))
	is(t, "replay after the code expired", err, storage.ErrSpent)
	eq(t, "read again", got(s.Grant(bg(), byID("g"), at(time.Second)))(t), want)
	eq(t, "without refresh token", got(s.RedeemCode(bg(), storage.GrantKey{CodeHash: "code-bare"}, nil, at(0)))(t).Refresh, nil)
}

func redeemRefuses(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateGrant(bg(), withCode(grant("g", a.ID, "")), at(0)))
	for name, hash := range map[string]string{"unknown": "x", "empty": "", "the grant's ID": "g"} {
		have, err := s.RedeemCode(bg(), storage.GrantKey{CodeHash: hash}, nil, at(0))
		is(t, name, err, storage.ErrNotFound)
		eq(t, name, have, storage.Grant{})
	}
	_, err := s.RedeemCode(bg(), storage.GrantKey{CodeHash: "code-g"}, nil, at(time.Minute))
	is(t, "at Code.ExpiresAt", err, storage.ErrNotFound)
	got(s.RevokeGrants(bg(), storage.GrantScope{ID: "g"}, at(0)))(t)
	have, err := s.RedeemCode(bg(), storage.GrantKey{CodeHash: "code-g"}, nil, at(0))
	is(t, "revoked", err, storage.ErrSpent)
	eq(t, "revoked: the grant comes with it", have, withCode(grant("g", a.ID, "")))
}

func rotateRefresh(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateGrant(bg(), withRefresh(grant("g", a.ID, "")), at(0)))
	want := withRefresh(grant("g", a.ID, ""))
	want.Refresh.Generation, want.Refresh.RotatedAt, want.Refresh.ExpiresAt = 4, at(time.Second), at(50*time.Minute)
	eq(t, "returned", got(s.RotateRefresh(bg(), "g", 3, at(50*time.Minute), at(time.Second)))(t), want)
	eq(t, "read", got(s.Grant(bg(), byID("g"), at(0)))(t), want)
	for _, from := range []int64{3, 5} {
		have, err := s.RotateRefresh(bg(), "g", from, at(time.Hour), at(time.Minute))
		is(t, "other generation", err, storage.ErrConflict)
		eq(t, "other generation: the grant comes with it", have, want)
	}
	eq(t, "read again", got(s.Grant(bg(), byID("g"), at(0)))(t), want)
	eq(t, "next", got(s.RotateRefresh(bg(), "g", 4, at(time.Hour), at(time.Minute)))(t).Refresh.Generation, 5)
}

func rotateRefuses(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateGrant(bg(), withRefresh(grant("g", a.ID, "")), at(0)))
	must(t, s.CreateGrant(bg(), grant("none", a.ID, ""), at(0)))
	for name, c := range map[string]struct {
		id  string
		now time.Duration
	}{
		"unknown grant": {"x", 0}, "no refresh token": {"none", 0},
		"at Refresh.ExpiresAt": {"g", 30 * time.Minute}, "at Grant.ExpiresAt": {"g", time.Hour},
	} {
		have, err := s.RotateRefresh(bg(), c.id, 3, at(2*time.Hour), at(c.now))
		is(t, name, err, storage.ErrNotFound)
		eq(t, name, have, storage.Grant{})
	}
	got(s.RevokeGrants(bg(), storage.GrantScope{ID: "g"}, at(0)))(t)
	_, err := s.RotateRefresh(bg(), "g", 3, at(time.Hour), at(0))
	is(t, "revoked", err, storage.ErrSpent)
}

func revokeScopes(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	for _, id := range []string{"a1", "a2", "a3"} {
		g := grant(id, a.ID, "")
		if id == "a3" {
			g.ClientID = "other"
		}
		must(t, s.CreateGrant(bg(), g, at(0)))
	}
	must(t, s.CreateGrant(bg(), grant("b1", b.ID, ""), at(0)))
	must(t, s.CreateGrant(bg(), grant("self", 0, ""), at(0)))
	for _, c := range []struct {
		scope storage.GrantScope
		want  int
		live  string
	}{
		{storage.GrantScope{}, 0, "a1 a2 a3 b1 self "},
		{storage.GrantScope{ID: "none"}, 0, "a1 a2 a3 b1 self "},
		{storage.GrantScope{ID: "a1"}, 1, "a2 a3 b1 self "},
		{storage.GrantScope{ID: "a1"}, 0, "a2 a3 b1 self "},
		{storage.GrantScope{AccountID: a.ID, ClientID: "app"}, 1, "a3 b1 self "},
		{storage.GrantScope{AccountID: a.ID}, 1, "b1 self "},
		{storage.GrantScope{AccountID: 99}, 0, "b1 self "},
	} {
		n, err := s.RevokeGrants(bg(), c.scope, at(0))
		must(t, err)
		var live string
		for _, id := range []string{"a1", "a2", "a3", "b1", "self"} {
			if _, err := s.Grant(bg(), byID(id), at(0)); err == nil {
				live += id + " "
			}
		}
		if n != c.want || live != c.live {
			t.Errorf("%+v: revoked %d, live %q; want %d, %q", c.scope, n, live, c.want, c.live)
		}
	}
}

func revokedKnown(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	want := withRefresh(withCode(grant("g", a.ID, "")))
	want.Code.RedeemedAt = at(0)
	must(t, s.CreateGrant(bg(), want, at(0)))
	got(s.RevokeGrants(bg(), storage.GrantScope{ID: "g"}, at(0)))(t)
	eq(t, "sweep", got(s.Sweep(bg(), 10, at(time.Hour-1)))(t), 0)
	for name, k := range map[string]storage.GrantKey{"ID": byID("g"), "code": {CodeHash: "code-g"}} {
		have, err := s.Grant(bg(), k, at(time.Hour-1))
		is(t, "by "+name, err, storage.ErrSpent)
		eq(t, "by "+name+": the grant comes with it", have, want)
	}
	is(t, "ID is not free", s.CreateGrant(bg(), want, at(0)), storage.ErrExists)
	_, err := s.Grant(bg(), byID("g"), at(time.Hour))
	is(t, "at ExpiresAt", err, storage.ErrNotFound)
}

func grantExpiry(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateGrant(bg(), withCode(grant("g", a.ID, "")), at(0)))
	got(s.Grant(bg(), byID("g"), at(time.Hour-1)))(t)
	for name, k := range map[string]storage.GrantKey{"ID": byID("g"), "code": {CodeHash: "code-g"}, "nothing": {}} {
		have, err := s.Grant(bg(), k, at(time.Hour))
		is(t, "by "+name, err, storage.ErrNotFound)
		eq(t, "by "+name, have, storage.Grant{})
	}
	eq(t, "revoked", got(s.RevokeGrants(bg(), storage.GrantScope{AccountID: a.ID}, at(time.Hour)))(t), 0)
	again := withCode(grant("other", a.ID, ""))
	again.Code.Hash, again.Code.RedeemedAt, again.ExpiresAt = "code-g", at(time.Hour), at(9*time.Hour)
	must(t, s.CreateGrant(bg(), again, at(time.Hour)))
	eq(t, "code taken over", got(s.Grant(bg(), storage.GrantKey{CodeHash: "code-g"}, at(time.Hour)))(t), again)
	got(s.Sweep(bg(), 10, at(time.Hour)))(t)
	eq(t, "after sweeping", got(s.Grant(bg(), storage.GrantKey{CodeHash: "code-g"}, at(time.Hour)))(t), again)
}

func grantCopies(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	in := withRefresh(withCode(grant("g", a.ID, "")))
	must(t, s.CreateGrant(bg(), in, at(0)))
	spoil := func(g storage.Grant) {
		g.Scopes[0], g.Resources[0], g.AMR[0], g.Claims[0], g.Confirmation[0] = "x", "x", "x", 'x', 'x'
		g.Code.Hash, g.Refresh.Generation = "x", 99
	}
	spoil(in)
	spoil(got(s.Grant(bg(), byID("g"), at(0)))(t))
	eq(t, "read", got(s.Grant(bg(), byID("g"), at(0)))(t), withRefresh(withCode(grant("g", a.ID, ""))))
	spoil(got(s.RotateRefresh(bg(), "g", 3, at(time.Hour), at(0)))(t))
	eq(t, "generation", got(s.Grant(bg(), byID("g"), at(0)))(t).Refresh.Generation, 4)
}
