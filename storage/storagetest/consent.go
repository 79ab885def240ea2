package storagetest

import (
	"testing"
	"time"

	"latchkey/storage"
)

func consentChecks() []check {
	return []check{
		{"PutConsent adds scopes", putConsent},
		{"ListConsents is all, in order", listConsents},
		{"UseConsent keeps the hour of the last use", useConsent},
		{"DeleteConsent revokes the client's grants", deleteConsent},
		{"Denials last until their time", denials},
	}
}

func putConsent(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	in := storage.Consent{AccountID: a.ID, ClientID: "app", Scopes: []string{"openid", "email"}, GrantedAt: at(0)}
	must(t, s.PutConsent(bg(), in, at(0)))
	in.Scopes[0] = "spoilt"
	want := storage.Consent{AccountID: a.ID, ClientID: "app", Scopes: []string{"openid", "email"}, GrantedAt: at(0)}
	have := got(s.Consent(bg(), a.ID, "app"))(t)
	eq(t, "first", have, want)
	have.Scopes[0] = "spoilt"
	must(t, s.PutConsent(bg(), storage.Consent{AccountID: a.ID, ClientID: "app", Scopes: []string{"email", "phone"}, GrantedAt: at(1)}, at(1)))
	want.Scopes, want.GrantedAt = []string{"openid", "email", "phone"}, at(1)
	eq(t, "second", got(s.Consent(bg(), a.ID, "app"))(t), want)
	is(t, "no account", s.PutConsent(bg(), storage.Consent{AccountID: a.ID + 1, ClientID: "app"}, at(0)), storage.ErrNotFound)
	_, err := s.Consent(bg(), a.ID, "ap")
	is(t, "other client", err, storage.ErrNotFound)
	_, err = s.Consent(bg(), a.ID+1, "app")
	is(t, "other account", err, storage.ErrNotFound)
}

func listConsents(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	for _, c := range []string{"z", "a", "m", "a\x00b"} {
		must(t, s.PutConsent(bg(), storage.Consent{AccountID: a.ID, ClientID: c, GrantedAt: at(0)}, at(0)))
	}
	must(t, s.PutConsent(bg(), storage.Consent{AccountID: b.ID, ClientID: "b", GrantedAt: at(0)}, at(0)))
	var order []string
	for _, c := range got(s.ListConsents(bg(), a.ID))(t) {
		order = append(order, c.ClientID)
	}
	eq(t, "order", order, []string{"a", "a\x00b", "m", "z"})
	eq(t, "none", len(got(s.ListConsents(bg(), 99))(t)), 0)
}

func deleteConsent(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	for _, id := range []int64{a.ID, b.ID} {
		must(t, s.PutConsent(bg(), storage.Consent{AccountID: id, ClientID: "app", GrantedAt: at(0)}, at(0)))
	}
	offline := grant("a-offline", a.ID, "")
	offline.Offline = true
	other := grant("a-other", a.ID, "")
	other.ClientID = "other"
	for _, g := range []storage.Grant{grant("a-app", a.ID, ""), offline, other, grant("b-app", b.ID, "")} {
		must(t, s.CreateGrant(bg(), g, at(0)))
	}
	is(t, "not remembered", s.DeleteConsent(bg(), a.ID, "other", at(0)), storage.ErrNotFound)
	must(t, s.DeleteConsent(bg(), a.ID, "app", at(0)))
	_, err := s.Consent(bg(), a.ID, "app")
	is(t, "forgotten", err, storage.ErrNotFound)
	for id, want := range map[string]error{"a-app": storage.ErrSpent, "a-offline": storage.ErrSpent, "a-other": nil, "b-app": nil} {
		_, err := s.Grant(bg(), byID(id), at(0))
		is(t, id, err, want)
	}
	got(s.Consent(bg(), b.ID, "app"))(t)
	is(t, "again", s.DeleteConsent(bg(), a.ID, "app", at(0)), storage.ErrNotFound)
}

func denials(t *testing.T, s storage.Store) {
	must(t, s.DenyToken(bg(), "j", at(time.Minute), at(0)))
	must(t, s.DenyToken(bg(), "j", at(time.Second), at(0)))
	must(t, s.DenyToken(bg(), "past", at(0), at(0)))
	for _, c := range []struct {
		jti  string
		now  time.Duration
		want bool
	}{{"j", 0, true}, {"j", time.Minute - 1, true}, {"j", time.Minute, false}, {"other", 0, false}, {"past", 0, false}, {"", 0, false}} {
		if have := got(s.Denied(bg(), c.jti, at(c.now)))(t); have != c.want {
			t.Errorf("Denied(%q, %v) = %t, want %t", c.jti, c.now, have, c.want)
		}
	}
	must(t, s.DenyToken(bg(), "j", at(time.Hour), at(0)))
	eq(t, "swept", got(s.Sweep(bg(), 10, at(time.Minute)))(t), 0)
	eq(t, "prolonged", got(s.Denied(bg(), "j", at(time.Minute)))(t), true)
}
