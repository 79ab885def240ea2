package storagetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/storage"
)

func eventChecks() []check {
	return []check{
		{"AppendEvents keeps every field", appendEvents},
		{"AppendEvents leaves out what belongs to nobody", eventsOfNobody},
		{"AppendEvents writes over nothing", eventsStay},
		{"ListEvents pages, newest first", pageEvents},
		{"ListEvents narrows to names", namedEvents},
		{"ListEvents is bounded", manyEvents},
		{"events go in their time", eventsExpire},
	}
}

// eventID is an ID of one length, greater for what is later.
func eventID(n int) string { return fmt.Sprintf("01JD%06d", n) }

func event(accountID int64, n int) storage.AccountEvent {
	return storage.AccountEvent{
		ID: eventID(n), AccountID: accountID, At: at(time.Duration(n)), Name: "signed_in", Detail: "passkey", SID: "s", ClientID: "app",
		Address: "192.0.2.1", UserAgent: "Browser", RequestID: "r", ExpiresAt: at(time.Hour),
	}
}

func addEvents(t *testing.T, s storage.Store, list ...storage.AccountEvent) {
	t.Helper()
	must(t, s.AppendEvents(bg(), list, at(0)))
}

// allEvents are an account's, newest first.
func allEvents(t *testing.T, s storage.Store, accountID int64) []storage.AccountEvent {
	t.Helper()
	return listEvents(t, s, storage.EventQuery{AccountID: accountID, Limit: storage.EventsListed})
}

func listEvents(t *testing.T, s storage.Store, q storage.EventQuery) []storage.AccountEvent {
	t.Helper()
	return got(s.ListEvents(bg(), q, at(0)))(t)
}

func eventIDs(list []storage.AccountEvent) (ids []string) {
	for _, e := range list {
		ids = append(ids, strings.TrimLeft(strings.TrimPrefix(e.ID, "01JD"), "0"))
	}
	return ids
}

func appendEvents(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	whole := event(a.ID, 1)
	full(t, whole)
	hostile := event(a.ID, 2)
	hostile.ID = strings.Repeat("9", 64)
	hostile.Name, hostile.Detail, hostile.SID, hostile.ClientID, hostile.RequestID = "\x00", "\xff\x00 \U0010ffff61<&>\"\\\n", "\x00s", "'--", "\xc3"
	hostile.Address, hostile.UserAgent = strings.Repeat("\x00", 64), strings.Repeat("\xff", 256)
	bare := storage.AccountEvent{AccountID: a.ID, ID: eventID(0), ExpiresAt: at(time.Hour)}
	list := []storage.AccountEvent{whole, hostile, bare}
	addEvents(t, s, list...)
	eq(t, "read", allEvents(t, s, a.ID), []storage.AccountEvent{hostile, whole, bare})
	eq(t, "the caller's", list[0], event(a.ID, 1))
	must(t, s.AppendEvents(bg(), nil, at(0)))
	eq(t, "the account", got(s.Account(bg(), storage.AccountKey{ID: a.ID}))(t), a)
}

func eventsOfNobody(t *testing.T, s storage.Store) {
	a, gone := create(t, s, "a"), create(t, s, "gone")
	addEvents(t, s, event(gone.ID, 1))
	must(t, s.DeleteAccount(bg(), gone.ID, storage.Effects{}, at(0)))
	unnamed := event(a.ID, 4)
	unnamed.ID = ""
	addEvents(t, s, event(gone.ID, 2), event(a.ID, 3), event(a.ID+100, 3), event(0, 3), event(-1, 3), unnamed, event(a.ID, 5))
	addEvents(t, s, event(gone.ID, 6))
	addEvents(t, s, unnamed)
	eq(t, "those of somebody", eventIDs(allEvents(t, s, a.ID)), []string{"5", "3"})
	for _, id := range []int64{gone.ID, a.ID + 100, 0, -1} {
		eq(t, fmt.Sprintf("of account %d", id), len(allEvents(t, s, id)), 0)
	}
	eq(t, "kept", got(s.Stats(bg()))(t)["events"], 2)
}

func eventsStay(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	addEvents(t, s, event(a.ID, 1))
	other, ofB := event(a.ID, 1), event(b.ID, 1)
	other.Name, ofB.Name = "other", "of b"
	other.ExpiresAt = at(2 * time.Hour)
	twice := event(a.ID, 2)
	twice.Name = "twice"
	addEvents(t, s, event(a.ID, 2), other, twice, ofB)
	eq(t, "as they were", allEvents(t, s, a.ID), []storage.AccountEvent{event(a.ID, 2), event(a.ID, 1)})
	eq(t, "another account's with the same ID", allEvents(t, s, b.ID), []storage.AccountEvent{ofB})
	eq(t, "when they have expired", len(got(s.ListEvents(bg(), storage.EventQuery{AccountID: a.ID, Limit: 9}, at(time.Hour)))(t)), 0)
}

func pageEvents(t *testing.T, s storage.Store) {
	a, b := create(t, s, "a"), create(t, s, "b")
	for _, n := range []int{30, 10, 50, 20, 40} { // not as they came in
		addEvents(t, s, event(a.ID, n), event(b.ID, n+1))
	}
	for _, c := range []struct {
		before int
		limit  int
		want   string
	}{
		{0, 200, "50 40 30 20 10"},
		{0, 2, "50 40"},
		{40, 2, "30 20"},
		{20, 2, "10"},
		{10, 2, ""},
		{45, 1, "40"}, // an ID that is not there, or not any more
		{99, 200, "50 40 30 20 10"},
		{5, 200, ""},
	} {
		q := storage.EventQuery{AccountID: a.ID, Limit: c.limit}
		if c.before > 0 {
			q.Before = eventID(c.before)
		}
		if have := strings.Join(eventIDs(listEvents(t, s, q)), " "); have != c.want {
			t.Errorf("%d before %d: %q, want %q", c.limit, c.before, have, c.want)
		}
	}
	for _, before := range []string{"\x00\xff", strings.Repeat("\x00", 5000), "'"} { // what strangers can ask is no error
		listEvents(t, s, storage.EventQuery{AccountID: a.ID, Before: before, Names: []string{before}, Limit: 9})
	}
}

func namedEvents(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	for i, name := range []string{"in", "out", "in", "changed", "out", "in", "\x00"} {
		e := event(a.ID, i+1)
		e.Name = name
		addEvents(t, s, e)
	}
	for _, c := range []struct {
		names  []string
		before int
		limit  int
		want   string
	}{
		{nil, 0, 9, "7 6 5 4 3 2 1"},
		{[]string{}, 0, 2, "7 6"},
		{[]string{"in"}, 0, 9, "6 3 1"},
		{[]string{"in"}, 0, 2, "6 3"},
		{[]string{"in"}, 3, 2, "1"},
		{[]string{"changed", "out", "out"}, 0, 9, "5 4 2"},
		{[]string{"changed", "out"}, 5, 1, "4"},
		{[]string{"none"}, 0, 9, ""},
		{[]string{"i", "In", ""}, 0, 9, ""},
		{[]string{"\x00"}, 0, 9, "7"},
	} {
		q := storage.EventQuery{AccountID: a.ID, Names: c.names, Limit: c.limit}
		if c.before > 0 {
			q.Before = eventID(c.before)
		}
		if have := strings.Join(eventIDs(listEvents(t, s, q)), " "); have != c.want {
			t.Errorf("%d of %q before %d: %q, want %q", c.limit, c.names, c.before, have, c.want)
		}
	}
}

func manyEvents(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	n := storage.EventsListed + 5
	var list []storage.AccountEvent
	for i := range n {
		list = append(list, event(a.ID, i+1))
	}
	addEvents(t, s, list...)
	for _, limit := range []int{storage.EventsListed, storage.EventsListed + 1, 1 << 30} {
		page := listEvents(t, s, storage.EventQuery{AccountID: a.ID, Limit: limit})
		eq(t, "length", len(page), storage.EventsListed)
		eq(t, "the newest", page[0], event(a.ID, n))
		eq(t, "the last", page[len(page)-1], event(a.ID, 6))
	}
	rest := listEvents(t, s, storage.EventQuery{AccountID: a.ID, Before: eventID(6), Limit: storage.EventsListed})
	eq(t, "the rest", eventIDs(rest), []string{"5", "4", "3", "2", "1"})
}

func eventsExpire(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	late := event(a.ID, 2)
	late.ExpiresAt = at(2 * time.Hour)
	addEvents(t, s, event(a.ID, 1), late, event(a.ID, 3))
	q := storage.EventQuery{AccountID: a.ID, Limit: 2}
	seen := func(now time.Duration) []string { return eventIDs(got(s.ListEvents(bg(), q, at(now)))(t)) }
	eq(t, "just before", seen(time.Hour-1), []string{"3", "2"})
	eq(t, "what has expired takes no room of the rest", seen(time.Hour), []string{"2"})
	eq(t, "not swept before", got(s.Sweep(bg(), 10, at(time.Hour-1)))(t), 0)
	eq(t, "swept", got(s.Sweep(bg(), 10, at(time.Hour)))(t), 2)
	eq(t, "left", seen(0), []string{"2"})
	addEvents(t, s, event(a.ID, 1)) // its ID is free again
	eq(t, "in its place", allEvents(t, s, a.ID), []storage.AccountEvent{late, event(a.ID, 1)})
	eq(t, "and swept as well", got(s.Sweep(bg(), 10, at(2*time.Hour)))(t), 2)
	eq(t, "none", got(s.Stats(bg()))(t)["events"], 0)
}
