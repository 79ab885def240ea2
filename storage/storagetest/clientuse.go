package storagetest

import (
	"testing"
	"time"

	"latchkey/storage"
)

func clientUseChecks() []check {
	return []check{
		{"TouchClient puts expiry off", touchClient},
		{"an expired client", clientExpiry},
		{"sweeping a client removes what DeleteClient does", sweepClient},
		{"HasClientOrigin follows the clients", clientOrigins},
	}
}

func expiringClient(id string) storage.Client {
	c := client(id)
	c.Disabled, c.ExpiresAt = false, at(time.Hour)
	return c
}

func touchClient(t *testing.T, s storage.Store) {
	want := got(s.CreateClient(bg(), expiringClient("app"), at(0)))(t)
	ever := got(s.CreateClient(bg(), client("ever"), at(0)))(t)
	must(t, s.TouchClient(bg(), "app", at(3*time.Hour), at(time.Hour-1)))
	want.ExpiresAt = at(3 * time.Hour)
	eq(t, "touched", got(s.Client(bg(), "app"))(t), want)
	must(t, s.TouchClient(bg(), "ever", at(3*time.Hour), at(0)))
	eq(t, "one that does not expire", got(s.Client(bg(), "ever"))(t), ever)
	eq(t, "sweep at its former time", got(s.Sweep(bg(), 10, at(time.Hour)))(t), 0)
	must(t, s.TouchClient(bg(), "app", at(2*time.Hour), at(time.Hour)))
	is(t, "unknown", s.TouchClient(bg(), "x", at(9*time.Hour), at(0)), storage.ErrNotFound)
	is(t, "empty", s.TouchClient(bg(), "", at(9*time.Hour), at(0)), storage.ErrNotFound)
	is(t, "expired", s.TouchClient(bg(), "app", at(9*time.Hour), at(2*time.Hour)), storage.ErrNotFound)
	eq(t, "sweep", got(s.Sweep(bg(), 10, at(2*time.Hour)))(t), 1)
	_, err := s.Client(bg(), "app")
	is(t, "swept", err, storage.ErrNotFound)
}

func clientExpiry(t *testing.T, s storage.Store) {
	c := got(s.CreateClient(bg(), expiringClient("app"), at(0)))(t)
	a := create(t, s, "a")
	must(t, s.PutConsent(bg(), storage.Consent{AccountID: a.ID, ClientID: "app", GrantedAt: at(0)}, at(0)))
	_, err := s.CreateClient(bg(), client("app"), at(time.Hour-1))
	is(t, "the ID is held", err, storage.ErrExists)
	now := at(time.Hour)
	_, err = s.ReplaceClient(bg(), c, now)
	is(t, "replace at ExpiresAt", err, storage.ErrNotFound)
	is(t, "delete at ExpiresAt", s.DeleteClient(bg(), "app", now), storage.ErrNotFound)
	eq(t, "told so", got(s.Client(bg(), "app"))(t).Expired(now), true)
	again := client("app")
	again.Name = "Other"
	again = got(s.CreateClient(bg(), again, now))(t)
	eq(t, "in its place", got(s.Client(bg(), "app"))(t), again)
	_, err = s.Consent(bg(), a.ID, "app")
	is(t, "consent to the former", err, storage.ErrNotFound)
	eq(t, "sweep", got(s.Sweep(bg(), 10, at(1e6*time.Hour)))(t), 0)
	again.ExpiresAt = at(2 * time.Hour)
	got(s.ReplaceClient(bg(), again, now))(t)
	eq(t, "sweep once it expires", got(s.Sweep(bg(), 10, at(2*time.Hour)))(t), 1)
}

func sweepClient(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	got(s.CreateClient(bg(), expiringClient("app"), at(0)))(t)
	g := grant("g", a.ID, "")
	g.ExpiresAt = at(9 * time.Hour)
	must(t, s.CreateGrant(bg(), g, at(0)))
	must(t, s.PutConsent(bg(), storage.Consent{AccountID: a.ID, ClientID: "app", GrantedAt: at(0)}, at(0)))
	endNotified(t, s, a, "s", "app", "other")
	eq(t, "sweep", got(s.Sweep(bg(), 10, at(time.Hour)))(t), 1)
	_, err := s.Client(bg(), "app")
	is(t, "client", err, storage.ErrNotFound)
	_, err = s.Grant(bg(), byID("g"), at(time.Hour))
	is(t, "grant", err, storage.ErrSpent)
	_, err = s.Consent(bg(), a.ID, "app")
	is(t, "consent", err, storage.ErrNotFound)
	eq(t, "notices", noticeNames(got(s.ListNotices(bg(), a.ID, at(time.Hour)))(t)), "s/other ")
	eq(t, "origin", got(s.HasClientOrigin(bg(), "https://spa"))(t), false)
}

func clientOrigins(t *testing.T, s storage.Store) {
	with := func(id string, uris ...string) storage.Client {
		return storage.Client{ID: id, RedirectURIs: uris}
	}
	check := func(name string, want map[string]bool) {
		t.Helper()
		for origin, has := range want {
			if have := got(s.HasClientOrigin(bg(), origin))(t); have != has {
				t.Errorf("%s: HasClientOrigin(%q) = %t, want %t", name, origin, have, has)
			}
		}
	}
	check("no clients", map[string]bool{"https://a.example": false, "": false})
	native := with("native", "https://n.example/cb", "app:/cb")
	native.ApplicationType, native.AllowedOrigins = "native", []string{"https://ok.example"}
	off := with("off", "https://off.example/cb")
	off.Disabled = true
	a := with("a", "https://A.example:443/cb", "https://a.example/cb2", "https://both.example:8443/cb")
	a.AllowedOrigins = []string{"https://spa.example"}
	for _, c := range []storage.Client{native, off, with("b", "https://both.example:8443/x")} {
		got(s.CreateClient(bg(), c, at(0)))(t)
	}
	a = got(s.RegisterClient(bg(), a, "", 0, at(0)))(t)
	check("created", map[string]bool{
		"https://a.example": true, "https://both.example:8443": true, "https://spa.example": true, "https://ok.example": true,
		"https://a.example:443": false, "https://both.example": false, "https://both.example:844": false, "https://n.example": false,
		"https://off.example": false, "http://a.example": false, "": false, "null": false,
	})
	a.RedirectURIs = []string{"https://new.example/cb"}
	a = got(s.ReplaceClient(bg(), a, at(0)))(t)
	check("replaced", map[string]bool{
		"https://a.example": false, "https://new.example": true, "https://both.example:8443": true, "https://spa.example": true,
	})
	a.Disabled = true
	a = got(s.ReplaceClient(bg(), a, at(0)))(t)
	check("disabled", map[string]bool{"https://new.example": false, "https://spa.example": false})
	a.Disabled = false
	got(s.ReplaceClient(bg(), a, at(0)))(t)
	check("enabled again", map[string]bool{"https://new.example": true, "https://spa.example": true})
	must(t, s.DeleteClient(bg(), "a", at(0)))
	must(t, s.DeleteClient(bg(), "b", at(0)))
	check("deleted", map[string]bool{"https://new.example": false, "https://both.example:8443": false, "https://ok.example": true})
}
