package storagetest

import (
	"strings"
	"testing"
	"time"

	"latchkey/storage"
)

func pushedChecks() []check {
	return []check{
		{"PutPushedRequest keeps every field and refuses", putPushed},
		{"TakePushedRequest removes it", takePushed},
	}
}

func replayChecks() []check {
	return []check{
		{"SpendOnce works once until its time", spendOnce},
		{"SpendOnce refuses what it cannot remember", spendRefuses},
	}
}

func pushed(id string) storage.PushedRequest {
	return storage.PushedRequest{ID: id, ClientID: "app", Form: "scope=openid&state=x", Signed: true, CreatedAt: at(0), ExpiresAt: at(time.Hour)}
}

func putPushed(t *testing.T, s storage.Store) {
	full(t, pushed("p"))
	must(t, s.PutPushedRequest(bg(), pushed("p"), at(0)))
	for range 2 {
		eq(t, "read", got(s.PushedRequest(bg(), "p", at(time.Hour-1)))(t), pushed("p"))
	}
	is(t, "same ID", s.PutPushedRequest(bg(), pushed("p"), at(time.Hour-1)), storage.ErrExists)
	is(t, "no ID", s.PutPushedRequest(bg(), pushed(""), at(0)), storage.ErrExists)
	for _, id := range []string{"x", ""} {
		have, err := s.PushedRequest(bg(), id, at(0))
		is(t, "unknown "+id, err, storage.ErrNotFound)
		eq(t, "unknown "+id, have, storage.PushedRequest{})
	}
	_, err := s.PushedRequest(bg(), "p", at(time.Hour))
	is(t, "at ExpiresAt", err, storage.ErrNotFound)
	again := pushed("p")
	again.ExpiresAt = at(9 * time.Hour)
	must(t, s.PutPushedRequest(bg(), again, at(time.Hour)))
	eq(t, "sweep", got(s.Sweep(bg(), 10, at(time.Hour)))(t), 0)
	eq(t, "in place of the expired one", got(s.PushedRequest(bg(), "p", at(time.Hour)))(t), again)
}

func takePushed(t *testing.T, s storage.Store) {
	must(t, s.PutPushedRequest(bg(), pushed("p"), at(0)))
	must(t, s.PutPushedRequest(bg(), pushed("q"), at(0)))
	is(t, "unknown", s.TakePushedRequest(bg(), "x", at(0)), storage.ErrNotFound)
	is(t, "empty", s.TakePushedRequest(bg(), "", at(0)), storage.ErrNotFound)
	is(t, "at ExpiresAt", s.TakePushedRequest(bg(), "p", at(time.Hour)), storage.ErrNotFound)
	must(t, s.TakePushedRequest(bg(), "p", at(time.Hour-1)))
	is(t, "again", s.TakePushedRequest(bg(), "p", at(0)), storage.ErrNotFound)
	_, err := s.PushedRequest(bg(), "p", at(0))
	is(t, "read", err, storage.ErrNotFound)
	got(s.PushedRequest(bg(), "q", at(0)))(t)
}

func spendOnce(t *testing.T, s storage.Store) {
	long := strings.Repeat("k", 200)
	for _, key := range []string{"k", "k2", long} {
		must(t, s.SpendOnce(bg(), key, at(time.Hour), at(0)))
	}
	is(t, "again", s.SpendOnce(bg(), "k", at(2*time.Hour), at(time.Hour-1)), storage.ErrSpent)
	is(t, "long key, again", s.SpendOnce(bg(), long, at(time.Hour), at(0)), storage.ErrSpent)
	must(t, s.SpendOnce(bg(), long[1:], at(time.Hour), at(0)))
	must(t, s.SpendOnce(bg(), "k", at(3*time.Hour), at(time.Hour))) // its time is over
	eq(t, "sweep", got(s.Sweep(bg(), 10, at(time.Hour)))(t), 3)
	is(t, "after sweeping", s.SpendOnce(bg(), "k", at(3*time.Hour), at(2*time.Hour)), storage.ErrSpent)
	eq(t, "kept", got(s.Stats(bg()))(t)["replays"], 1)
}

func spendRefuses(t *testing.T, s storage.Store) {
	is(t, "no key", s.SpendOnce(bg(), "", at(time.Hour), at(0)), storage.ErrSpent)
	is(t, "a time that is over", s.SpendOnce(bg(), "k", at(0), at(0)), storage.ErrSpent)
	eq(t, "kept", got(s.Stats(bg()))(t)["replays"], 0)
	must(t, s.SpendOnce(bg(), "k", at(1), at(0)))
}
