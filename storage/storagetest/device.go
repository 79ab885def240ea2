package storagetest

import (
	"testing"
	"time"

	"latchkey/storage"
)

func deviceChecks() []check {
	return []check{
		{"CreateDevice keeps every field", createDevice},
		{"both codes are unique among the unexpired", deviceCodes},
		{"DecideDevice notes the decision once", decideDevice},
		{"RedeemDevice stores the grant", redeemAllowed},
		{"RedeemDevice removes what was denied", redeemDenied},
		{"RedeemDevice refuses", redeemDeviceRefuses},
	}
}

func device(id string) storage.Device {
	return storage.Device{
		CodeHash: id, UserCodeHash: "user-" + id, ClientID: "app", Scopes: []string{"openid"}, Resources: []string{"https://api"},
		CreatedAt: at(0), ExpiresAt: at(time.Hour),
	}
}

func allowed(a storage.Account, sid string) storage.DeviceDecision {
	return storage.DeviceDecision{
		Allowed: true, AccountID: a.ID, SID: sid, AuthTime: at(-time.Minute), AMR: []string{"pwd"}, ACR: "1", At: at(time.Second),
	}
}

func byUser(id string) storage.DeviceKey { return storage.DeviceKey{UserCodeHash: "user-" + id} }

func createDevice(t *testing.T, s storage.Store) {
	full(t, device("d"), "Decision")
	in := device("d")
	must(t, s.CreateDevice(bg(), in, at(0)))
	in.Scopes[0], in.Resources[0] = "spoilt", "spoilt"
	for name, k := range map[string]storage.DeviceKey{
		"device code": {CodeHash: "d"}, "user code": byUser("d"), "the device code first": {CodeHash: "d", UserCodeHash: "x"},
	} {
		have := got(s.Device(bg(), k, at(time.Hour-1)))(t)
		eq(t, "by "+name, have, device("d"))
		have.Scopes[0] = "spoilt"
	}
	for name, k := range map[string]storage.DeviceKey{
		"device code": {CodeHash: "user-d"}, "user code": {UserCodeHash: "d"}, "nothing": {},
	} {
		have, err := s.Device(bg(), k, at(0))
		is(t, "by unknown "+name, err, storage.ErrNotFound)
		eq(t, "by unknown "+name, have, storage.Device{})
	}
	_, err := s.Device(bg(), byUser("d"), at(time.Hour))
	is(t, "at ExpiresAt", err, storage.ErrNotFound)
}

func deviceCodes(t *testing.T, s storage.Store) {
	must(t, s.CreateDevice(bg(), device("d"), at(0)))
	with := func(code, user string) storage.Device {
		d := device("n")
		d.CodeHash, d.UserCodeHash, d.ExpiresAt = code, user, at(9*time.Hour)
		return d
	}
	before := look(t, s, nil, nil)
	for name, d := range map[string]storage.Device{
		"same device code": with("d", "user-n"), "same user code": with("n", "user-d"), "no device code": with("", "user-n"), "no user code": with("n", ""),
	} {
		is(t, name, s.CreateDevice(bg(), d, at(time.Hour-1)), storage.ErrExists)
		eq(t, "after "+name, look(t, s, nil, nil), before)
	}
	// The codes of expired requests are free, even if they were those of two.
	must(t, s.CreateDevice(bg(), device("e"), at(0)))
	must(t, s.CreateDevice(bg(), with("d", "user-e"), at(time.Hour)))
	eq(t, "left", got(s.Stats(bg()))(t)["devices"], 1)
	_, err := s.Device(bg(), byUser("d"), at(0))
	is(t, "the other user code", err, storage.ErrNotFound)
	_, err = s.Device(bg(), storage.DeviceKey{CodeHash: "e"}, at(0))
	is(t, "the other device code", err, storage.ErrNotFound)
	eq(t, "sweep", got(s.Sweep(bg(), 10, at(time.Hour)))(t), 0)
	eq(t, "in their place", got(s.Device(bg(), byUser("e"), at(time.Hour)))(t), with("d", "user-e"))
}

func decideDevice(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
	d := device("d")
	d.ExpiresAt = at(3 * time.Hour)
	must(t, s.CreateDevice(bg(), d, at(0)))
	full(t, allowed(a, "s"), "Denied")
	for name, c := range map[string]struct {
		code string
		by   storage.DeviceDecision
		now  time.Duration
	}{
		"unknown code":        {"x", allowed(a, "s"), 0},
		"the device code":     {"d", allowed(a, "s"), 0},
		"no code":             {"", allowed(a, "s"), 0},
		"no such session":     {"user-d", allowed(a, "x"), 0},
		"no session":          {"user-d", allowed(a, ""), 0},
		"session of another":  {"user-d", allowed(b, "s"), 0},
		"session has expired": {"user-d", allowed(a, "s"), time.Hour},
		"request has expired": {"user-d", allowed(a, "s"), 3 * time.Hour},
	} {
		is(t, name, s.DecideDevice(bg(), c.code, c.by, at(c.now)), storage.ErrNotFound)
	}
	eq(t, "after refusals", got(s.Device(bg(), byUser("d"), at(0)))(t), d)
	by := allowed(a, "s")
	must(t, s.DecideDevice(bg(), "user-d", by, at(0)))
	by.AMR[0] = "spoilt"
	d.Decision = allowed(a, "s")
	have := got(s.Device(bg(), byUser("d"), at(0)))(t)
	eq(t, "decided", have, d)
	have.Decision.AMR[0] = "spoilt"
	denied := storage.DeviceDecision{Denied: true, AccountID: a.ID, SID: "s", At: at(0)}
	is(t, "again", s.DecideDevice(bg(), "user-d", denied, at(0)), storage.ErrSpent)
	is(t, "again, without a session", s.DecideDevice(bg(), "user-d", allowed(a, "x"), at(0)), storage.ErrSpent)
	eq(t, "as it was", got(s.Device(bg(), storage.DeviceKey{CodeHash: "d"}, at(0)))(t), d)
}

func redeemAllowed(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
	must(t, s.CreateDevice(bg(), device("d"), at(0)))
	must(t, s.DecideDevice(bg(), "user-d", allowed(a, "s"), at(0)))
	g := withRefresh(grant("g", a.ID, "s"))
	must(t, s.RedeemDevice(bg(), "d", &g, at(time.Hour-1)))
	g.Scopes[0], g.Refresh.Generation = "spoilt", 99
	eq(t, "grant", got(s.Grant(bg(), byID("g"), at(0)))(t), withRefresh(grant("g", a.ID, "s")))
	again := grant("again", a.ID, "s")
	is(t, "again", s.RedeemDevice(bg(), "d", &again, at(0)), storage.ErrNotFound)
	_, err := s.Grant(bg(), byID("again"), at(0))
	is(t, "grant of the second", err, storage.ErrNotFound)
	_, err = s.Device(bg(), byUser("d"), at(0))
	is(t, "request", err, storage.ErrNotFound)
	must(t, s.CreateDevice(bg(), device("d"), at(0)))
	eq(t, "its codes are free", got(s.Device(bg(), byUser("d"), at(0)))(t), device("d"))
}

func redeemDenied(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
	must(t, s.CreateDevice(bg(), device("d"), at(0)))
	must(t, s.DecideDevice(bg(), "user-d", storage.DeviceDecision{Denied: true, AccountID: a.ID, SID: "s"}, at(0)))
	g := grant("g", a.ID, "s")
	is(t, "with a grant", s.RedeemDevice(bg(), "d", &g, at(0)), storage.ErrNotFound)
	_, err := s.Grant(bg(), byID("g"), at(0))
	is(t, "that grant", err, storage.ErrNotFound)
	must(t, s.RedeemDevice(bg(), "d", nil, at(0)))
	is(t, "again", s.RedeemDevice(bg(), "d", nil, at(0)), storage.ErrNotFound)
	_, err = s.Device(bg(), byUser("d"), at(0))
	is(t, "request", err, storage.ErrNotFound)
}

func redeemDeviceRefuses(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
	must(t, s.CreateGrant(bg(), grant("held", a.ID, "s"), at(0)))
	for _, id := range []string{"open", "d"} {
		must(t, s.CreateDevice(bg(), device(id), at(0)))
	}
	must(t, s.DecideDevice(bg(), "user-d", allowed(a, "s"), at(0)))
	grants := []string{"g", "held"}
	before := look(t, s, grants, nil)
	for name, c := range map[string]struct {
		code string
		g    *storage.Grant
		now  time.Duration
		want error
	}{
		"unknown":                  {"x", ptr(grant("g", a.ID, "s")), 0, storage.ErrNotFound},
		"empty":                    {"", ptr(grant("g", a.ID, "s")), 0, storage.ErrNotFound},
		"the user code":            {"user-d", ptr(grant("g", a.ID, "s")), 0, storage.ErrNotFound},
		"undecided":                {"open", ptr(grant("g", a.ID, "s")), 0, storage.ErrNotFound},
		"undecided, without grant": {"open", nil, 0, storage.ErrNotFound},
		"allowed, without grant":   {"d", nil, 0, storage.ErrNotFound},
		"expired":                  {"d", ptr(grant("g", a.ID, "")), time.Hour, storage.ErrNotFound},
		"grant exists":             {"d", ptr(grant("held", a.ID, "s")), 0, storage.ErrExists},
		"grant of no session":      {"d", ptr(grant("g", a.ID, "x")), 0, storage.ErrNotFound},
	} {
		is(t, name, s.RedeemDevice(bg(), c.code, c.g, at(c.now)), c.want)
		eq(t, "after "+name, look(t, s, grants, nil), before)
	}
	must(t, s.RedeemDevice(bg(), "d", ptr(grant("g", a.ID, "s")), at(0)))
}
