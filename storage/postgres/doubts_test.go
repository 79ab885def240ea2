package postgres

import (
	"testing"
	"time"

	"latchkey/storage"
)

// A lease that was taken without our hearing of it is given back: what it held does not wait for its end.
func TestLeaseInDoubt(t *testing.T) {
	server, s := accidents(t, Options{})
	ctx := t.Context()
	a := got(s.CreateAccount(ctx, storage.Account{Sub: "a"}, storage.Effects{Mail: []storage.Mail{{ID: "m", ExpiresAt: at(time.Hour)}}}, at(0)))(t)
	must(t, s.CreateSession(ctx, storage.Session{SID: "s", AccountID: a.ID, ExpiresAt: at(time.Hour), Notify: []string{"app"}}, at(0)))
	got(s.EndSessions(ctx, storage.EndScope{SID: "s"}, at(0)))(t)
	// Commits are done, but not acknowledged: they wait for a standby that there is not.
	waits := func(name string) {
		must(t, server.Exec("postgres", "ALTER SYSTEM SET synchronous_standby_names = '"+name+"'"))
		must(t, server.Exec("postgres", "SELECT pg_reload_conf()"))
		for one[string](t, server.URL("postgres"), "SHOW synchronous_standby_names") != name {
			time.Sleep(10 * time.Millisecond)
		}
		must(t, server.Exec("postgres", "CHECKPOINT")) // the process that makes commits wait has read the setting when it comes to this
	}
	waits("nobody")
	for round := range time.Duration(2) {
		_, err := s.LeaseMail(ctx, 5, at(time.Minute+round), at(round))
		isOneOf(t, "mail", err, storage.ErrUnknown)
		_, err = s.LeaseNotices(ctx, 5, at(time.Minute+round), at(round))
		isOneOf(t, "notices", err, storage.ErrUnknown)
	}
	waits("")
	url := server.URL("postgres")
	equal(t, "leased to nobody", one[int64](t, url, "SELECT count(*) FROM outbox WHERE lease_until IS NOT NULL"), 1)
	equal(t, "mail", len(got(s.LeaseMail(ctx, 5, at(time.Minute), at(3)))(t)), 1)
	equal(t, "notices", len(got(s.LeaseNotices(ctx, 5, at(time.Minute), at(3)))(t)), 1)
	// Those are taken for good.
	equal(t, "mail again", len(got(s.LeaseMail(ctx, 5, at(2*time.Minute), at(4)))(t)), 0)
	equal(t, "notices again", len(got(s.LeaseNotices(ctx, 5, at(2*time.Minute), at(4)))(t)), 0)
}
