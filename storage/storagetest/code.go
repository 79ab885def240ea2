package storagetest

import (
	"testing"
	"time"

	"latchkey/storage"
)

// named is a grant whose code names it.
func named(id string, accountID int64) storage.Grant {
	g := withCode(grant(id, accountID, ""))
	g.Code.Named = true
	return g
}

func codeKey(id string) storage.GrantKey { return storage.GrantKey{ID: id, CodeHash: "code-" + id} }

func codeNamed(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	want := named("n", a.ID)
	must(t, s.CreateGrant(bg(), want, at(0)))
	must(t, s.CreateGrant(bg(), withCode(grant("plain", a.ID, "")), at(0)))
	must(t, s.CreateGrant(bg(), grant("none", a.ID, ""), at(0)))
	eq(t, "by both", got(s.Grant(bg(), codeKey("n"), at(0)))(t), want)
	eq(t, "by ID", got(s.Grant(bg(), byID("n"), at(0)))(t), want)
	eq(t, "what it stands on", got(s.Standing(bg(), storage.StandingKey{Grant: codeKey("n")}, at(0)))(t).Grant, want)
	eq(t, "a code that names none, by both", got(s.Grant(bg(), codeKey("plain"), at(0)))(t).ID, "plain")
	before := look(t, s, []string{"n", "plain", "none"}, nil)
	for name, key := range map[string]storage.GrantKey{
		"another hash": {ID: "n", CodeHash: "x"}, "of another grant": {ID: "n", CodeHash: "code-plain"}, "another grant's": {ID: "plain", CodeHash: "code-n"},
		"a grant without a code": {ID: "none", CodeHash: "code-none"}, "no such grant": {ID: "x", CodeHash: "code-n"}, "nothing": {},
	} {
		g, err := s.Grant(bg(), key, at(0))
		is(t, "Grant by "+name, err, storage.ErrNotFound)
		eq(t, "Grant by "+name, g, storage.Grant{})
		g, err = s.RedeemCode(bg(), key, nil, at(0))
		is(t, "RedeemCode by "+name, err, storage.ErrNotFound)
		eq(t, "RedeemCode by "+name, g, storage.Grant{})
		if key == (storage.GrantKey{}) {
			continue
		}
		_, err = s.Standing(bg(), storage.StandingKey{Grant: key}, at(0))
		is(t, "Standing by "+name, err, storage.ErrNotFound)
	}
	_, err := s.RedeemCode(bg(), byID("n"), nil, at(0))
	is(t, "RedeemCode without a hash", err, storage.ErrNotFound)
	eq(t, "afterwards", look(t, s, []string{"n", "plain", "none"}, nil), before)
	redeemNamed(t, s, want)
}

func redeemNamed(t *testing.T, s storage.Store, want storage.Grant) {
	want.Code.RedeemedAt, want.Refresh = at(time.Second), &storage.Refresh{ExpiresAt: at(time.Minute)}
	eq(t, "redeemed", got(s.RedeemCode(bg(), codeKey("n"), &storage.Refresh{ExpiresAt: at(time.Minute)}, at(time.Second)))(t), want)
	have, err := s.RedeemCode(bg(), codeKey("n"), nil, at(30*time.Minute))
	is(t, "replay", err, storage.ErrSpent)
	eq(t, "replay returns the grant", have, want)
	_, err = s.RedeemCode(bg(), storage.GrantKey{ID: "n", CodeHash: "x"}, nil, at(30*time.Minute))
	is(t, "another hash of a grant that is spent", err, storage.ErrNotFound)
	got(s.RevokeGrants(bg(), storage.GrantScope{ID: "n"}, at(0)))(t)
	_, err = s.Grant(bg(), storage.GrantKey{ID: "n", CodeHash: "x"}, at(0))
	is(t, "another hash of a grant that was revoked", err, storage.ErrNotFound)
	_, err = s.Standing(bg(), storage.StandingKey{Grant: storage.GrantKey{ID: "n", CodeHash: "x"}}, at(0))
	is(t, "what another hash of it stands on", err, storage.ErrNotFound)
	_, err = s.Standing(bg(), storage.StandingKey{Grant: codeKey("n")}, at(0))
	is(t, "what it stands on then", err, storage.ErrSpent)
	again := named("n", want.AccountID)
	again.ExpiresAt = at(9 * time.Hour)
	is(t, "the ID is not free", s.CreateGrant(bg(), again, at(0)), storage.ErrExists)
	must(t, s.CreateGrant(bg(), again, at(time.Hour)))
	got(s.RedeemCode(bg(), codeKey("plain"), nil, at(0)))(t)
	eq(t, "the code is swept with its grant", got(s.Sweep(bg(), 10, at(8*time.Hour)))(t) > 0, true)
	_, err = s.Grant(bg(), codeKey("n"), at(time.Hour))
	is(t, "after sweeping", err, storage.ErrNotFound)
}
