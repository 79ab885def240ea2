package storagetest

import (
	"testing"
	"time"

	"latchkey/storage"
)

// reopenRequests: what waits for an answer is there after reopening.
func reopenRequests(t *testing.T, open func(t *testing.T, dir string) storage.Store) {
	dir := t.TempDir()
	s := open(t, dir)
	a := create(t, s, "a")
	must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
	must(t, s.CreateDevice(bg(), device("d"), at(0)))
	must(t, s.DecideDevice(bg(), "user-d", allowed(a, "s"), at(0)))
	must(t, s.PutPushedRequest(bg(), pushed("p"), at(0)))
	must(t, s.CreateRegistrationToken(bg(), registration("r"), at(0)))
	c := expiringClient("app")
	c.ExpiresAt = at(time.Hour)
	c = got(s.RegisterClient(bg(), c, "hash-r", 1, at(0)))(t)
	must(t, s.TouchClient(bg(), "app", at(2*time.Hour), at(0)))
	c.ExpiresAt = at(2 * time.Hour)
	endNotified(t, s, a, "ended", "app", "b")
	late := storage.NoticeKey{SID: "ended", ClientID: "b"}
	must(t, s.SettleNotice(bg(), late, storage.NoticeOutcome{NotBefore: at(time.Minute), LastError: "timeout"}, at(0)))
	before, device := look(t, s, nil, nil), got(s.Device(bg(), byUser("d"), at(0)))(t)
	must(t, s.Close())

	s = open(t, dir)
	eq(t, "state", look(t, s, nil, nil), before)
	eq(t, "device", got(s.Device(bg(), byUser("d"), at(0)))(t), device)
	eq(t, "pushed request", got(s.PushedRequest(bg(), "p", at(0)))(t), pushed("p"))
	eq(t, "client", got(s.Client(bg(), "app"))(t), c)
	eq(t, "origin", got(s.HasClientOrigin(bg(), "https://spa"))(t), true)
	eq(t, "uses", got(s.RegistrationToken(bg(), "hash-r", at(0)))(t).Uses, 2)
	_, err := s.RegisterClient(bg(), client("second"), "", 1, at(0))
	is(t, "quota", err, storage.ErrFull)
	eq(t, "notice", leaseNames(t, s, 5, 0), "ended/app ")
	eq(t, "later", leaseNames(t, s, 1, time.Minute), "ended/app ")
	must(t, s.RedeemDevice(bg(), "d", ptr(grant("g", a.ID, "s")), at(0)))
	must(t, s.TakePushedRequest(bg(), "p", at(0)))
	must(t, s.Close())
}

// reopenOnce: what was done once stays done.
func reopenOnce(t *testing.T, open func(t *testing.T, dir string) storage.Store) {
	dir := t.TempDir()
	s := open(t, dir)
	a := create(t, s, "a")
	must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
	for _, id := range []string{"allowed", "decided"} {
		must(t, s.CreateDevice(bg(), device(id), at(0)))
		must(t, s.DecideDevice(bg(), "user-"+id, allowed(a, "s"), at(0)))
	}
	must(t, s.RedeemDevice(bg(), "allowed", ptr(grant("g", a.ID, "s")), at(0)))
	must(t, s.PutPushedRequest(bg(), pushed("p"), at(0)))
	must(t, s.TakePushedRequest(bg(), "p", at(0)))
	must(t, s.SpendOnce(bg(), "jti", at(time.Hour), at(0)))
	r := registration("r")
	r.Uses = r.MaxUses - 1
	must(t, s.CreateRegistrationToken(bg(), r, at(0)))
	got(s.RegisterClient(bg(), client("app"), "hash-r", 0, at(0)))(t)
	must(t, s.DeleteClient(bg(), "app", at(0)))
	endNotified(t, s, a, "ended", "app")
	told := storage.NoticeKey{SID: "ended", ClientID: "app"}
	must(t, s.SettleNotice(bg(), told, storage.NoticeOutcome{Delivered: true}, at(0)))
	must(t, s.Close())

	s = open(t, dir)
	is(t, "device, redeemed", s.RedeemDevice(bg(), "allowed", ptr(grant("h", a.ID, "s")), at(0)), storage.ErrNotFound)
	is(t, "device, decided", s.DecideDevice(bg(), "user-decided", allowed(a, "s"), at(0)), storage.ErrSpent)
	is(t, "pushed request", s.TakePushedRequest(bg(), "p", at(0)), storage.ErrNotFound)
	is(t, "replay", s.SpendOnce(bg(), "jti", at(time.Hour), at(0)), storage.ErrSpent)
	_, err := s.RegisterClient(bg(), client("app"), "hash-r", 0, at(0))
	is(t, "registration token", err, storage.ErrSpent)
	got(s.RegisterClient(bg(), client("first"), "", 1, at(0)))(t) // the one that was deleted does not count
	eq(t, "notice", leaseNames(t, s, 5, time.Hour), "")
	is(t, "notice, settled", s.SettleNotice(bg(), told, storage.NoticeOutcome{GivenUp: true}, at(0)), storage.ErrNotFound)
	must(t, s.Close())
}
