package storagetest

import (
	"fmt"
	"testing"
	"time"

	"latchkey/storage"
)

func noticeChecks() []check {
	return []check{
		{"whatever ends a session queues notices", noticesQueued},
		{"expiry queues none", noticesNotOfExpiry},
		{"a client leaves a session alone", noticesOfLeaving},
		{"LeaseNotices takes what is due", leaseNotices},
		{"ReleaseNotices ends leases", releaseNotices},
		{"SettleNotice notes the outcome", settleNotice},
		{"SettleNotice refuses", settleRefuses},
		{"notices are kept for their time", noticesKept},
		{"ListNotices is newest first, and bounded", listNotices},
		{"DeleteClient removes what waits", noticesOfClient},
		{"a session that ends again is told again", noticeAgain},
		{"NoticeState counts", noticeState},
	}
}

// endNotified signs the account in and out again at at(0), with clients to be told.
func endNotified(t *testing.T, s storage.Store, a storage.Account, sid string, clients ...string) {
	t.Helper()
	in := session(sid, a.ID)
	in.Notify = clients
	must(t, s.CreateSession(bg(), in, at(0)))
	got(s.EndSessions(bg(), storage.EndScope{SID: sid}, at(0)))(t)
}

func notice(a storage.Account, sid, client string, ended time.Duration) storage.LogoutNotice {
	return storage.LogoutNotice{
		NoticeKey: storage.NoticeKey{SID: sid, ClientID: client}, AccountID: a.ID, Sub: a.Sub, EndedAt: at(ended), NotBefore: at(ended),
	}
}

func noticeNames(list []storage.LogoutNotice) (names string) {
	for _, n := range list {
		names += n.SID + "/" + n.ClientID + " "
	}
	return names
}

func leaseNames(t *testing.T, s storage.Store, limit int, now time.Duration) string {
	t.Helper()
	return noticeNames(got(s.LeaseNotices(bg(), limit, at(now+time.Minute), at(now)))(t))
}

func noticesQueued(t *testing.T, s storage.Store) {
	for name, end := range map[string]func(a storage.Account) error{
		"EndSessions by SID": func(storage.Account) error {
			_, err := s.EndSessions(bg(), storage.EndScope{SID: "s"}, at(1))
			return err
		},
		"EndSessions by account": func(a storage.Account) error {
			_, err := s.EndSessions(bg(), storage.EndScope{AccountID: a.ID}, at(1))
			return err
		},
		"ApplyEffects": func(a storage.Account) error {
			return s.ApplyEffects(bg(), a.ID, storage.Effects{End: &storage.EndScope{SID: "s"}}, at(1))
		},
		"ReplaceAccount": func(a storage.Account) error {
			_, err := s.ReplaceAccount(bg(), a, storage.Effects{End: &storage.EndScope{ExceptSID: "x"}}, at(1))
			return err
		},
		"DeleteAccount": func(a storage.Account) error { return s.DeleteAccount(bg(), a.ID, storage.Effects{}, at(1)) },
	} {
		a := create(t, s, name)
		in := session("s", a.ID)
		in.Notify = []string{"app"}
		must(t, s.CreateSession(bg(), in, at(0)))
		got(s.TouchSession(bg(), "s", storage.SessionChange{AddNotify: "b"}, at(0)))(t)
		eq(t, name+": before", len(got(s.ListNotices(bg(), a.ID, at(1)))(t)), 0)
		must(t, end(a))
		want := []storage.LogoutNotice{notice(a, "s", "app", 1), notice(a, "s", "b", 1)}
		eq(t, name, got(s.ListNotices(bg(), a.ID, at(1)))(t), want)
		for i := range want {
			want[i].LeaseUntil = at(2)
		}
		eq(t, name+": leased", got(s.LeaseNotices(bg(), 5, at(2), at(1)))(t), want)
		got(s.Sweep(bg(), 100, at(storage.NoticeKept+1)))(t)
	}
	a := create(t, s, "none")
	endNotified(t, s, a, "s")
	eq(t, "nobody to be told", len(got(s.ListNotices(bg(), a.ID, at(0)))(t)), 0)
	is(t, "an end that fails", s.ApplyEffects(bg(), a.ID, storage.Effects{End: &storage.EndScope{}, Grant: ptr(grant("", a.ID, ""))}, at(0)), storage.ErrExists)
}

func noticesNotOfExpiry(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	for i, end := range []func(sid string) error{
		func(string) error { _, err := s.Sweep(bg(), 10, at(time.Hour)); return err },
		func(sid string) error {
			_, err := s.EndSessions(bg(), storage.EndScope{SID: sid}, at(time.Hour))
			return err
		},
		func(sid string) error {
			again := session(sid, a.ID)
			again.ExpiresAt = at(2 * time.Hour)
			return s.CreateSession(bg(), again, at(time.Hour))
		},
		func(string) error { return s.DeleteAccount(bg(), a.ID, storage.Effects{}, at(2*time.Hour)) },
	} {
		sid := fmt.Sprint("s", i)
		must(t, s.CreateSession(bg(), session(sid, a.ID), at(0)))
		must(t, end(sid))
		eq(t, "after "+sid, got(s.NoticeState(bg(), at(2*time.Hour)))(t), storage.NoticeState{})
	}
}

func leaseNotices(t *testing.T, s storage.Store) {
	eq(t, "nothing waits", leaseNames(t, s, 5, 0), "")
	a := create(t, s, "a")
	for i, sid := range []string{"c", "a", "b"} {
		must(t, s.CreateSession(bg(), session(sid, a.ID), at(0)))
		got(s.EndSessions(bg(), storage.EndScope{SID: sid}, at(time.Duration(i))))(t)
	}
	eq(t, "limit 0", leaseNames(t, s, 0, 10), "")
	eq(t, "before the rest is due", leaseNames(t, s, 5, 0), "c/app ")
	eq(t, "the longest due first", leaseNames(t, s, 1, 10), "a/app ")
	eq(t, "then the rest", leaseNames(t, s, 5, 10), "b/app ")
	eq(t, "just before the first lease ends", leaseNames(t, s, 5, time.Minute-1), "")
	eq(t, "when it ends", leaseNames(t, s, 5, time.Minute), "c/app ")
}

func settleNotice(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	endNotified(t, s, a, "s", "gone", "late", "ok")
	eq(t, "leased", leaseNames(t, s, 5, 0), "s/gone s/late s/ok ")
	for client, outcome := range map[string]storage.NoticeOutcome{
		"ok":   {Delivered: true},
		"gone": {GivenUp: true, LastError: "410"},
		"late": {NotBefore: at(10 * time.Minute), LastError: "timeout"},
	} {
		must(t, s.SettleNotice(bg(), storage.NoticeKey{SID: "s", ClientID: client}, outcome, at(1)))
	}
	ok, gone, late := notice(a, "s", "ok", 0), notice(a, "s", "gone", 0), notice(a, "s", "late", 0)
	ok.Attempts, ok.DeliveredAt = 1, at(1)
	gone.Attempts, gone.GivenUpAt, gone.LastError = 1, at(1), "410"
	late.Attempts, late.NotBefore, late.LastError = 1, at(10*time.Minute), "timeout"
	eq(t, "settled", got(s.ListNotices(bg(), a.ID, at(1)))(t), []storage.LogoutNotice{gone, late, ok})
	eq(t, "before NotBefore", leaseNames(t, s, 5, 10*time.Minute-1), "")
	late.LeaseUntil = at(time.Hour)
	eq(t, "at NotBefore", got(s.LeaseNotices(bg(), 5, at(time.Hour), at(10*time.Minute)))(t), []storage.LogoutNotice{late})
	must(t, s.SettleNotice(bg(), late.NoticeKey, storage.NoticeOutcome{Delivered: true}, at(time.Hour)))
	late.Attempts, late.LeaseUntil, late.LastError, late.DeliveredAt = 2, time.Time{}, "", at(time.Hour)
	eq(t, "delivered at last", got(s.ListNotices(bg(), a.ID, at(time.Hour)))(t)[1], late)
	eq(t, "nothing is left", leaseNames(t, s, 5, 24*time.Hour), "")
}

func releaseNotices(t *testing.T, s storage.Store) {
	eq(t, "of none", got(s.ReleaseNotices(bg()))(t), 0)
	a := create(t, s, "a")
	endNotified(t, s, a, "s", "app", "b", "c", "d")
	eq(t, "leased", leaseNames(t, s, 4, 0), "s/app s/b s/c s/d ")
	must(t, s.SettleNotice(bg(), storage.NoticeKey{SID: "s", ClientID: "b"}, storage.NoticeOutcome{Delivered: true}, at(0)))
	must(t, s.SettleNotice(bg(), storage.NoticeKey{SID: "s", ClientID: "c"}, storage.NoticeOutcome{NotBefore: at(time.Hour)}, at(0)))
	before := got(s.NoticeState(bg(), at(0)))(t)
	eq(t, "released", got(s.ReleaseNotices(bg()))(t), 2)
	eq(t, "what waits", got(s.NoticeState(bg(), at(0)))(t), before)
	eq(t, "and taken again, but not what is over, nor what is to be tried later", leaseNames(t, s, 4, 0), "s/app s/d ")
	eq(t, "released again", got(s.ReleaseNotices(bg()))(t), 2)
	eq(t, "nothing is left to release", got(s.ReleaseNotices(bg()))(t), 0)
}

func settleRefuses(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	endNotified(t, s, a, "s", "app", "b")
	outcome := storage.NoticeOutcome{Delivered: true}
	must(t, s.SettleNotice(bg(), storage.NoticeKey{SID: "s", ClientID: "app"}, outcome, at(0)))
	before := look(t, s, nil, nil)
	for name, c := range map[string]struct {
		key storage.NoticeKey
		now time.Duration
	}{
		"over already":  {storage.NoticeKey{SID: "s", ClientID: "app"}, 0},
		"other client":  {storage.NoticeKey{SID: "s", ClientID: "x"}, 0},
		"other session": {storage.NoticeKey{SID: "x", ClientID: "b"}, 0},
		"halves moved":  {storage.NoticeKey{SID: "sb"}, 0},
		"nothing":       {storage.NoticeKey{}, 0},
		"kept no more":  {storage.NoticeKey{SID: "s", ClientID: "b"}, storage.NoticeKept},
	} {
		is(t, name, s.SettleNotice(bg(), c.key, storage.NoticeOutcome{GivenUp: true}, at(c.now)), storage.ErrNotFound)
		eq(t, "after "+name, look(t, s, nil, nil), before)
	}
}

func noticesKept(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	endNotified(t, s, a, "s", "app", "b")
	must(t, s.SettleNotice(bg(), storage.NoticeKey{SID: "s", ClientID: "app"}, storage.NoticeOutcome{Delivered: true}, at(time.Hour)))
	last, over := at(storage.NoticeKept-1), at(storage.NoticeKept)
	eq(t, "sweep before", got(s.Sweep(bg(), 10, last))(t), 0)
	eq(t, "just before", noticeNames(got(s.ListNotices(bg(), a.ID, last))(t)), "s/app s/b ")
	eq(t, "list", noticeNames(got(s.ListNotices(bg(), a.ID, over))(t)), "")
	eq(t, "lease", leaseNames(t, s, 5, storage.NoticeKept), "")
	eq(t, "state", got(s.NoticeState(bg(), over))(t), storage.NoticeState{})
	eq(t, "sweep", got(s.Sweep(bg(), 10, over))(t), 2)
	eq(t, "swept", noticeNames(got(s.ListNotices(bg(), a.ID, at(0)))(t)), "")
}

func listNotices(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	endNotified(t, s, b, "of-b", "app")
	n := storage.NoticesListed + 5
	for i := range n {
		sid := fmt.Sprint(i)
		must(t, s.CreateSession(bg(), session(sid, a.ID), at(0)))
		got(s.EndSessions(bg(), storage.EndScope{SID: sid}, at(time.Duration(i)*time.Second)))(t)
	}
	list := got(s.ListNotices(bg(), a.ID, at(time.Hour)))(t)
	eq(t, "length", len(list), storage.NoticesListed)
	for i, have := range list {
		if want := notice(a, fmt.Sprint(n-1-i), "app", time.Duration(n-1-i)*time.Second); have != want {
			t.Fatalf("place %d: %+v, want %+v", i, have, want)
		}
	}
	eq(t, "of the other", got(s.ListNotices(bg(), b.ID, at(0)))(t), []storage.LogoutNotice{notice(b, "of-b", "app", 0)})
	eq(t, "unknown account", len(got(s.ListNotices(bg(), 99, at(0)))(t)), 0)
}

func noticesOfClient(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	got(s.CreateClient(bg(), client("app"), at(0)))(t)
	endNotified(t, s, a, "s1", "app", "app2")
	endNotified(t, s, a, "s2", "app")
	leaseNames(t, s, 1, 0)
	must(t, s.SettleNotice(bg(), storage.NoticeKey{SID: "s2", ClientID: "app"}, storage.NoticeOutcome{Delivered: true}, at(0)))
	must(t, s.DeleteClient(bg(), "app", at(0)))
	eq(t, "left", noticeNames(got(s.ListNotices(bg(), a.ID, at(0)))(t)), "s1/app2 s2/app ")
	eq(t, "what waits", leaseNames(t, s, 5, time.Hour), "s1/app2 ")
	is(t, "settle", s.SettleNotice(bg(), storage.NoticeKey{SID: "s1", ClientID: "app"}, storage.NoticeOutcome{Delivered: true}, at(0)), storage.ErrNotFound)
}

func noticeAgain(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	endNotified(t, s, a, "s", "app")
	must(t, s.SettleNotice(bg(), storage.NoticeKey{SID: "s", ClientID: "app"}, storage.NoticeOutcome{Delivered: true}, at(0)))
	must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
	got(s.EndSessions(bg(), storage.EndScope{SID: "s"}, at(time.Minute)))(t)
	eq(t, "in place of the former", got(s.ListNotices(bg(), a.ID, at(time.Minute)))(t), []storage.LogoutNotice{notice(a, "s", "app", time.Minute)})
	eq(t, "sweep at the former's time", got(s.Sweep(bg(), 10, at(storage.NoticeKept)))(t), 0)
	eq(t, "sweep", got(s.Sweep(bg(), 10, at(storage.NoticeKept+time.Minute)))(t), 1)
}

func noticeState(t *testing.T, s storage.Store) {
	eq(t, "empty", got(s.NoticeState(bg(), at(0)))(t), storage.NoticeState{})
	a := create(t, s, "a")
	for i, sid := range []string{"b", "a", "c"} {
		must(t, s.CreateSession(bg(), session(sid, a.ID), at(0)))
		got(s.EndSessions(bg(), storage.EndScope{SID: sid}, at(time.Duration(i))))(t)
	}
	eq(t, "queued", got(s.NoticeState(bg(), at(9)))(t), storage.NoticeState{Waiting: 3, Oldest: at(0)})
	leaseNames(t, s, 5, 9)
	must(t, s.SettleNotice(bg(), storage.NoticeKey{SID: "b", ClientID: "app"}, storage.NoticeOutcome{Delivered: true}, at(9)))
	must(t, s.SettleNotice(bg(), storage.NoticeKey{SID: "c", ClientID: "app"}, storage.NoticeOutcome{NotBefore: at(time.Hour)}, at(9)))
	eq(t, "one sent, one failed", got(s.NoticeState(bg(), at(9)))(t), storage.NoticeState{Waiting: 2, Failing: 1, Oldest: at(1)})
	eq(t, "one kept no more", got(s.NoticeState(bg(), at(storage.NoticeKept+1)))(t), storage.NoticeState{Waiting: 1, Failing: 1, Oldest: at(2)})
	must(t, s.SettleNotice(bg(), storage.NoticeKey{SID: "c", ClientID: "app"}, storage.NoticeOutcome{GivenUp: true}, at(9)))
	eq(t, "and one given up", got(s.NoticeState(bg(), at(9)))(t), storage.NoticeState{Waiting: 1, Oldest: at(1)})
}
