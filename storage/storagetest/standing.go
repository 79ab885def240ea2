package storagetest

import (
	"testing"
	"time"

	"latchkey/storage"
)

func standingChecks() []check {
	return []check{
		{"Standing by a grant", standingByGrant},
		{"Standing without a grant", standingWithout},
		{"Standing refuses as Grant does", standingRefuses},
	}
}

func standingByGrant(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	b := create(t, s, "b")
	must(t, s.PutFile(bg(), a.ID, storage.FilePicture, storage.FileInfo{ID: "p", Filename: "p.png", ContentType: "image/png", Size: 1, UploadedAt: at(0)}, []byte("x"), at(0)))
	a = got(s.Account(bg(), storage.AccountKey{ID: a.ID}))(t)
	must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
	must(t, s.CreateSession(bg(), session("other", b.ID), at(0)))
	g := withRefresh(withCode(grant("g", a.ID, "s")))
	must(t, s.CreateGrant(bg(), g, at(0)))
	lone := grant("lone", b.ID, "")
	must(t, s.CreateGrant(bg(), lone, at(0)))
	own := storage.Grant{ID: "own", ClientID: "app", Scopes: []string{"api"}, CreatedAt: at(0), ExpiresAt: at(time.Hour)}
	must(t, s.CreateGrant(bg(), own, at(0)))
	must(t, s.DenyToken(bg(), "bad", at(time.Minute), at(0)))

	for name, c := range map[string]struct {
		key  storage.StandingKey
		want storage.Standing
	}{
		"by ID":                        {storage.StandingKey{Grant: byID("g")}, storage.Standing{Grant: g, Account: a, Live: true}},
		"by code":                      {storage.StandingKey{Grant: storage.GrantKey{CodeHash: "code-g"}}, storage.Standing{Grant: g, Account: a, Live: true}},
		"a token that was revoked":     {storage.StandingKey{Grant: byID("g"), JTI: "bad"}, storage.Standing{Grant: g, Account: a, Live: true, Denied: true}},
		"a token that was not":         {storage.StandingKey{Grant: byID("g"), JTI: "good"}, storage.Standing{Grant: g, Account: a, Live: true}},
		"the grant's own names count":  {storage.StandingKey{Grant: byID("g"), Account: storage.AccountKey{ID: b.ID}, SID: "other"}, storage.Standing{Grant: g, Account: a, Live: true}},
		"of no session":                {storage.StandingKey{Grant: byID("lone"), SID: "other"}, storage.Standing{Grant: lone, Account: b}},
		"of a client for itself":       {storage.StandingKey{Grant: byID("own")}, storage.Standing{Grant: own}},
		"of a client, token revoked":   {storage.StandingKey{Grant: byID("own"), JTI: "bad"}, storage.Standing{Grant: own, Denied: true}},
		"a revoked token without more": {storage.StandingKey{JTI: "bad"}, storage.Standing{Denied: true}},
	} {
		eq(t, name, got(s.Standing(bg(), c.key, at(0)))(t), c.want)
	}
	eq(t, "the denial is over", got(s.Standing(bg(), storage.StandingKey{Grant: byID("lone"), JTI: "bad"}, at(time.Minute)))(t), storage.Standing{Grant: lone, Account: b})
	end := session("s", a.ID).ExpiresAt
	g.ExpiresAt = end.Add(time.Hour)
	late := grant("late", a.ID, "s")
	late.ExpiresAt = end.Add(time.Hour)
	must(t, s.CreateGrant(bg(), late, at(0)))
	eq(t, "the session has expired", got(s.Standing(bg(), storage.StandingKey{Grant: byID("late")}, end))(t), storage.Standing{Grant: late, Account: a})
}

func standingWithout(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
	must(t, s.DenyToken(bg(), "bad", at(time.Minute), at(0)))
	for name, c := range map[string]struct {
		key  storage.StandingKey
		want storage.Standing
	}{
		"nothing":                 {storage.StandingKey{}, storage.Standing{}},
		"by ID":                   {storage.StandingKey{Account: storage.AccountKey{ID: a.ID}}, storage.Standing{Account: a}},
		"by sub":                  {storage.StandingKey{Account: storage.AccountKey{Sub: a.Sub}, SID: "s"}, storage.Standing{Account: a, Live: true}},
		"by e-mail":               {storage.StandingKey{Account: storage.AccountKey{EmailKey: a.EmailKey}, SID: "none", JTI: "bad"}, storage.Standing{Account: a, Denied: true}},
		"by username":             {storage.StandingKey{Account: storage.AccountKey{UsernameKey: a.UsernameKey}}, storage.Standing{Account: a}},
		"a session alone":         {storage.StandingKey{SID: "s"}, storage.Standing{Live: true}},
		"an account that is none": {storage.StandingKey{Account: storage.AccountKey{ID: 99}, SID: "s", JTI: "bad"}, storage.Standing{}},
		"a sub that is none":      {storage.StandingKey{Account: storage.AccountKey{Sub: "x\x00"}, SID: "s"}, storage.Standing{}},
	} {
		eq(t, name, got(s.Standing(bg(), c.key, at(0)))(t), c.want)
	}
}

func standingRefuses(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateGrant(bg(), withCode(grant("g", a.ID, "")), at(0)))
	must(t, s.CreateGrant(bg(), withCode(grant("r", a.ID, "")), at(0)))
	got(s.RevokeGrants(bg(), storage.GrantScope{ID: "r"}, at(0)))(t)
	for name, c := range map[string]struct {
		key  storage.GrantKey
		now  time.Time
		want error
	}{
		"no such grant":        {byID("none"), at(0), storage.ErrNotFound},
		"no such code":         {storage.GrantKey{CodeHash: "none"}, at(0), storage.ErrNotFound},
		"expired":              {byID("g"), grant("g", a.ID, "").ExpiresAt, storage.ErrNotFound},
		"revoked":              {byID("r"), at(0), storage.ErrSpent},
		"revoked, by its code": {storage.GrantKey{CodeHash: "code-r"}, at(0), storage.ErrSpent},
	} {
		g, wantErr := s.Grant(bg(), c.key, c.now)
		is(t, name+", Grant", wantErr, c.want)
		st, err := s.Standing(bg(), storage.StandingKey{Grant: c.key, JTI: "x"}, c.now)
		is(t, name, err, c.want)
		eq(t, name, st, storage.Standing{Grant: g})
	}
}
