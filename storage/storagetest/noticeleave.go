package storagetest

import (
	"testing"

	"latchkey/storage"
)

// noticesOfLeaving: a client is taken out of a session that goes on. It is told, once, as of the end of the session, and nobody else is.
func noticesOfLeaving(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	in := session("s", a.ID)
	in.Clients, in.Notify = []string{"app", "quiet", "other"}, []string{"app", "other"}
	must(t, s.CreateSession(bg(), in, at(0)))
	in.Clients = []string{"app", "other"}
	eq(t, "one that is not to be told", got(s.TouchSession(bg(), "s", storage.SessionChange{DropClient: "quiet"}, at(1)))(t), in)
	eq(t, "one that was never there", got(s.TouchSession(bg(), "s", storage.SessionChange{DropClient: "stranger"}, at(1)))(t), in)
	eq(t, "nobody is told", len(got(s.ListNotices(bg(), a.ID, at(1)))(t)), 0)
	in.Clients, in.Notify = []string{"other"}, []string{"other"}
	eq(t, "one that is to be told", got(s.TouchSession(bg(), "s", storage.SessionChange{DropClient: "app"}, at(2)))(t), in)
	eq(t, "again", got(s.TouchSession(bg(), "s", storage.SessionChange{DropClient: "app"}, at(3)))(t), in)
	eq(t, "the notice", got(s.ListNotices(bg(), a.ID, at(3)))(t), []storage.LogoutNotice{notice(a, "s", "app", 2)})
	eq(t, "stored", got(s.Session(bg(), "s", at(3)))(t), in)
	got(s.EndSessions(bg(), storage.EndScope{SID: "s"}, at(4)))(t)
	eq(t, "the end tells those that were left", noticeNames(got(s.ListNotices(bg(), a.ID, at(4)))(t)), "s/other s/app ")
	_, err := s.TouchSession(bg(), "s", storage.SessionChange{DropClient: "app"}, at(5))
	is(t, "a session that ended", err, storage.ErrNotFound)
}
