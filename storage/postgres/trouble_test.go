package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"latchkey/storage"
	"latchkey/storage/postgres/pgtest"
)

// accidents is a server that a test may mistreat, with a store on it.
func accidents(t *testing.T, o Options) (*pgtest.Server, *Store) {
	t.Helper()
	server := got(pgtest.Start())(t)
	t.Cleanup(func() { must(t, server.Stop()) })
	o.URL = server.URL("postgres")
	return server, openAt(t, o)
}

// spend is a write whose outcome can be asked for.
func spend(s *Store, key string) error {
	return s.SpendOnce(context.Background(), key, at(time.Hour), at(0))
}

// within runs fn and fails where it takes longer.
func within(t *testing.T, limit time.Duration, what string, fn func() error) error {
	t.Helper()
	start := time.Now()
	err := fn()
	if took := time.Since(start); took > limit {
		t.Errorf("%s took %v, want at most %v (error %v)", what, took, limit, err)
	}
	return err
}

// answers is how long anybody waits for a verb.
const answers = 2 * time.Second

// backWithin tries until both a write and Ping work.
func backWithin(t *testing.T, s *Store, limit time.Duration) {
	t.Helper()
	start := time.Now()
	for n := 0; ; n++ {
		err := errors.Join(spend(s, fmt.Sprint("back", start.UnixNano(), n)), s.Ping(t.Context()))
		if err == nil {
			return
		}
		if time.Since(start) > limit {
			t.Fatalf("not back after %v: %v", limit, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func isOneOf(t *testing.T, what string, err error, wants ...error) {
	t.Helper()
	for _, want := range wants {
		if errors.Is(err, want) {
			return
		}
	}
	t.Errorf("%s: error %v, want one of %v", what, err, wants)
}

func TestDatabaseIsAway(t *testing.T) {
	server, s := accidents(t, Options{})
	must(t, spend(s, "before"))
	must(t, server.Down())
	for what, verb := range map[string]func() error{
		"a write": func() error { return spend(s, "x") },
		"a read":  func() error { _, err := s.Account(t.Context(), storage.AccountKey{ID: 1}); return err },
		"several": func() error { return s.DeleteAccount(t.Context(), 1, storage.Effects{}, at(0)) },
		"ping":    func() error { return s.Ping(t.Context()) },
	} {
		isOneOf(t, what, within(t, answers, what, verb), storage.ErrUnavailable)
	}
	must(t, server.Up())
	backWithin(t, s, 5*time.Second)
	isOneOf(t, "what was acknowledged", spend(s, "before"), storage.ErrSpent)
	must(t, spend(s, "x")) // ErrUnavailable: nothing was changed
}

// Nobody answers, but no connection ends: as where a cable is cut.
func TestDatabaseIsFrozen(t *testing.T) {
	server, s := accidents(t, Options{MaxConns: 4})
	must(t, spend(s, "before"))
	server.Freeze(true)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			err := within(t, answers+time.Second/2, "a write", func() error { return spend(s, fmt.Sprint(i)) })
			isOneOf(t, "a write", err, storage.ErrUnavailable, storage.ErrUnknown)
		})
	}
	isOneOf(t, "ping", within(t, answers, "ping", func() error { return s.Ping(t.Context()) }), storage.ErrUnavailable)
	wg.Wait()
	isOneOf(t, "a read", within(t, answers, "a read", func() error { _, err := s.Keyring(t.Context()); return err }), storage.ErrUnavailable)
	server.Freeze(false)
	backWithin(t, s, 5*time.Second)
}

func TestDatabaseIsKilled(t *testing.T) {
	server, s := accidents(t, Options{MaxConns: 8})
	j := keep(t, s, 8)
	for range 5 {
		j.moves(t, 15*time.Second)
		must(t, server.Kill())
		time.Sleep(50 * time.Millisecond)
		must(t, server.Up())
	}
	j.moves(t, 15*time.Second)
	j.check(t, s)
}

// A node that was demoted keeps its sessions, and refuses what they write.
func TestNodeIsDemoted(t *testing.T) {
	server, s := accidents(t, Options{MaxConns: 4})
	must(t, spend(s, "before"))
	must(t, server.ReadOnly(true))
	for deadline := time.Now().Add(5 * time.Second); spend(s, fmt.Sprint("probe", time.Now().UnixNano())) == nil; {
		if time.Now().After(deadline) {
			t.Fatal("the server does not refuse writes")
		}
	}
	for range 10 { // more often than there are connections
		isOneOf(t, "a write", within(t, answers, "a write", func() error { return spend(s, "x") }), storage.ErrUnavailable)
		isOneOf(t, "ping", s.Ping(t.Context()), storage.ErrUnavailable)
	}
	if _, open, _ := s.Load(); open != 0 {
		t.Errorf("%d connections to the node are left", open)
	}
	must(t, server.ReadOnly(false))
	backWithin(t, s, 5*time.Second)
	must(t, spend(s, "x"))
}

// hold locks a row in a session of its own, until the function that it returns is called.
func hold(t *testing.T, url, query string, args ...any) (release func()) {
	t.Helper()
	conn := got(pgx.Connect(t.Context(), url))(t)
	tx := got(conn.Begin(t.Context()))(t)
	_, err := tx.Exec(t.Context(), query, args...)
	must(t, err)
	return sync.OnceFunc(func() {
		_ = tx.Rollback(context.Background()) // waited for: a connection that is closed has its locks a moment longer
		_ = conn.Close(context.Background())
	})
}

// A statement that takes too long is given up by the database, so that it is known not to have happened.
func TestDatabaseIsSlow(t *testing.T) {
	url := migrated(t)
	s := openAt(t, Options{URL: url, MaxConns: 2})
	must(t, s.QueueMail(t.Context(), []storage.Mail{{ID: "m", ExpiresAt: at(time.Hour)}}, at(0)))
	release := hold(t, url, "SELECT FROM outbox WHERE id = 'm' FOR UPDATE")
	defer release()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			err := within(t, answers, "a write", func() error { return s.RetryMail(t.Context(), "m", at(1), "slow", at(0)) })
			isOneOf(t, "a write", err, storage.ErrUnavailable)
		})
	}
	time.Sleep(100 * time.Millisecond)
	// Both connections are in use: others are turned away in time, and readiness does not wait for them.
	isOneOf(t, "one too many", within(t, answers, "one too many", func() error { return spend(s, "x") }), storage.ErrUnavailable)
	must(t, within(t, answers/4, "ping", func() error { return s.Ping(t.Context()) }))
	wg.Wait()
	release()
	must(t, s.RetryMail(t.Context(), "m", at(time.Second), "again", at(0)))
	mails := got(s.LeaseMail(t.Context(), 1, at(time.Minute), at(time.Second)))(t)
	if len(mails) != 1 || mails[0].Attempts != 1 || mails[0].LastError != "again" {
		t.Errorf("mail %+v, want one attempt", mails)
	}
}

// A session that ends while it commits leaves its outcome open: what may be repeated is, everything else is told so.
func TestConnectionEndsUnderWay(t *testing.T) {
	url := migrated(t)
	s := openAt(t, Options{URL: url, MaxConns: 2, Timeout: 5 * time.Second})
	must(t, s.QueueMail(t.Context(), []storage.Mail{{ID: "m", ExpiresAt: at(time.Hour)}}, at(0)))
	terminate := func() {
		for one[int64](t, url, `SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'latchkey' AND wait_event_type = 'Lock'`) == 0 {
			time.Sleep(5 * time.Millisecond)
		}
	}
	release := hold(t, url, "SELECT FROM outbox WHERE id = 'm' FOR UPDATE")
	defer release()
	outcome := make(chan error, 1)
	go func() { outcome <- s.RetryMail(context.Background(), "m", at(1), "", at(0)) }()
	terminate()
	isOneOf(t, "a write", <-outcome, storage.ErrUnknown)
	go func() { outcome <- s.FinishMail(context.Background(), "m", at(0)) }()
	terminate()
	release()
	must(t, <-outcome)
	equal(t, "what waits", got(s.OutboxState(t.Context(), at(0)))(t).Waiting, 0)
}

// A caller that goes away frees its place in the queue at once, and costs no connection.
func TestCallerGoes(t *testing.T) {
	url := migrated(t)
	s := openAt(t, Options{URL: url, MaxConns: 1})
	must(t, s.QueueMail(t.Context(), []storage.Mail{{ID: "m", ExpiresAt: at(time.Hour)}}, at(0)))
	pid := func() int64 {
		return one[int64](t, url, "SELECT max(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'latchkey' AND query LIKE '%outbox%'")
	}
	before := pid()
	release := hold(t, url, "SELECT FROM outbox WHERE id = 'm' FOR UPDATE")
	ctx, cancel := context.WithCancel(t.Context())
	outcome := make(chan error, 2)
	go func() { outcome <- s.RetryMail(ctx, "m", at(1), "", at(0)) }()
	for used, _, _ := s.Load(); used == 0; used, _, _ = s.Load() {
		time.Sleep(time.Millisecond)
	}
	go func() { outcome <- s.FinishMail(ctx, "m", at(0)) }() // waits for the connection
	time.Sleep(50 * time.Millisecond)
	cancel()
	isOneOf(t, "who waited", <-outcome, context.Canceled)
	release()
	must(t, <-outcome) // what was sent is waited for
	if after := pid(); after != before {
		t.Errorf("the connection was lost")
	}
}
