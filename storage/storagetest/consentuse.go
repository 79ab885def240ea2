package storagetest

import (
	"testing"
	"time"

	"latchkey/storage"
)

func useConsent(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	want := storage.Consent{AccountID: a.ID, ClientID: "app", Scopes: []string{"openid"}, GrantedAt: at(0)}
	in := want
	in.UsedAt = at(time.Hour)
	must(t, s.PutConsent(bg(), in, at(0)))
	eq(t, "never used, whatever PutConsent says", got(s.Consent(bg(), a.ID, "app"))(t), want)
	for _, id := range []int64{b.ID, a.ID} {
		must(t, s.PutConsent(bg(), storage.Consent{AccountID: id, ClientID: "other", GrantedAt: at(0)}, at(0)))
	}
	const day = 24 * time.Hour
	for _, c := range []struct {
		name      string
		now, used time.Duration
	}{
		{"the first use", day, day},
		{"at the same instant", day, day},
		{"within the hour", day + storage.ConsentUseEvery - 1, day},
		{"after an hour", day + storage.ConsentUseEvery, day + storage.ConsentUseEvery},
		{"by a clock that is behind", 0, day + storage.ConsentUseEvery},
		{"long after", 9 * day, 9 * day},
	} {
		must(t, s.UseConsent(bg(), a.ID, "app", at(c.now)))
		want.UsedAt = at(c.used)
		eq(t, c.name, got(s.Consent(bg(), a.ID, "app"))(t), want)
	}
	eq(t, "listed", got(s.ListConsents(bg(), a.ID))(t)[0], want)
	must(t, s.PutConsent(bg(), storage.Consent{AccountID: a.ID, ClientID: "app", Scopes: []string{"email"}, GrantedAt: at(time.Hour), UsedAt: at(time.Hour)}, at(time.Hour)))
	want.Scopes, want.GrantedAt = []string{"openid", "email"}, at(time.Hour)
	eq(t, "consent given again", got(s.Consent(bg(), a.ID, "app"))(t), want)

	before := look(t, s, nil, nil)
	must(t, s.UseConsent(bg(), a.ID, "none", at(0)))
	must(t, s.UseConsent(bg(), a.ID, "\x00", at(0)))
	must(t, s.UseConsent(bg(), 99, "app", at(0)))
	eq(t, "what nobody consented to", look(t, s, nil, nil), before)
	must(t, s.DeleteConsent(bg(), a.ID, "app", at(0)))
	must(t, s.UseConsent(bg(), a.ID, "app", at(30*day)))
	must(t, s.PutConsent(bg(), storage.Consent{AccountID: a.ID, ClientID: "app", GrantedAt: at(0)}, at(0)))
	eq(t, "forgotten and given anew", got(s.Consent(bg(), a.ID, "app"))(t).UsedAt, time.Time{})
}
