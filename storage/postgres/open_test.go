package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/storage"
	"latchkey/storage/postgres/pgtest"
)

func TestOpenWaits(t *testing.T) {
	server := got(pgtest.Start())(t)
	t.Cleanup(func() { must(t, server.Stop()) })
	must(t, server.Down())
	waits := make(chan error, 10)
	o := Options{URL: server.URL("postgres"), OnWait: func(err error) { waits <- err }}
	over, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := Open(over, o)
	if !errors.Is(err, storage.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	<-waits
	opened := make(chan error, 1)
	go func() {
		s, err := Open(context.Background(), o)
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	t.Logf("waits: %v", <-waits)
	must(t, server.Up())
	must(t, <-opened)
	equal(t, "told how often", len(waits), 0)
}

func TestOpenRefuses(t *testing.T) {
	for name, url := range map[string]string{
		"no such database": strings.Replace(env.server.URL("nowhere"), "latchkey@", "latchkey:hunter2@", 1),
		"no URL":           "postgres://latchkey:hunter2@%zz/x",
		"no port":          "host=127.0.0.1 password=hunter2 port=x",
	} {
		_, err := Open(t.Context(), Options{URL: url, OnWait: func(err error) { t.Errorf("%s: waits: %v", name, err) }})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// Text is kept as UTF-8: a database that would change it, or refuse it at run time, is refused at the start.
func TestOpenRefusesOtherEncodings(t *testing.T) {
	must(t, env.server.Exec("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"))
	t.Cleanup(func() { must(t, env.server.Drop("latin")) })
	_, err := Open(t.Context(), Options{URL: env.server.URL("latin")})
	if err == nil || !strings.Contains(err.Error(), "LATIN1") {
		t.Errorf("error %v", err)
	}
}

// Under repeatable read, what ends a session might not see a grant that comes about meanwhile.
func TestOpenRefusesRepeatableRead(t *testing.T) {
	url := migrated(t)
	_, err := Open(t.Context(), Options{URL: url + "&default_transaction_isolation=repeatable%20read"})
	if err == nil || !strings.Contains(err.Error(), "repeatable read") {
		t.Errorf("error %v", err)
	}
	for _, level := range []string{"read%20committed", "serializable"} {
		openAt(t, Options{URL: url + "&default_transaction_isolation=" + level})
	}
}

// What is longer than an index takes is no trouble: a stranger may register such an address.
func TestLongOrigins(t *testing.T) {
	s := openAt(t, Options{URL: migrated(t)})
	var labels []string
	for range 900 {
		labels = append(labels, rand.Text()[:8])
	}
	long := "https://" + strings.Join(labels, ".") + ".example"
	got(s.RegisterClient(t.Context(), storage.Client{ID: "long", RedirectURIs: []string{long + "/callback"}}, "", 0, at(0)))(t)
	equal(t, "has the origin", got(s.HasClientOrigin(t.Context(), strings.ToLower(long)))(t), true)
	equal(t, "has another", got(s.HasClientOrigin(t.Context(), strings.ToLower(long)+"x"))(t), false)
	equal(t, "client", got(s.Client(t.Context(), "long"))(t).RedirectURIs, []string{long + "/callback"})
}

func TestOptionsKeepTheirSecret(t *testing.T) {
	o := Options{URL: "postgres://latchkey:hunter2@db/x", MaxConns: 7}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if have := fmt.Sprintf(format, o); strings.Contains(have, "hunter2") || !strings.Contains(have, "7") {
			t.Errorf("%s: %s", format, have)
		}
	}
	if have := o.LogValue().String(); strings.Contains(have, "hunter2") {
		t.Error(have)
	}
}

// Connections that the server ended while they were idle are noticed before anything is sent over them: no write is left in doubt.
func TestIdleConnectionsEnd(t *testing.T) {
	server, s := accidents(t, Options{MaxConns: 8})
	for round := range 3 {
		var wg sync.WaitGroup
		for i := range 8 { // at once, so that there are several connections
			wg.Go(func() { must(t, spend(s, fmt.Sprint(round, "before", i))) })
		}
		wg.Wait()
		must(t, server.Down())
		must(t, server.Up())
		for i := range 16 {
			must(t, spend(s, fmt.Sprint(round, "after", i)))
		}
	}
}

// Where a pool in between hands every transaction another connection, there are no prepared statements.
func TestWithoutPreparedStatements(t *testing.T) {
	for _, mode := range []string{"exec", "cache_describe", "simple_protocol"} {
		s := openAt(t, Options{URL: migrated(t) + "&default_query_exec_mode=" + mode})
		ctx := t.Context()
		a := storage.Account{
			Sub: "a", EmailKey: "a@example.com", Skills: []string{"go"}, Address: &storage.Address{Country: "AT"}, CreatedAt: at(0), UpdatedAt: at(0),
		}
		session := storage.Session{SID: "s", CreatedAt: at(0), LastSeenAt: at(0), ExpiresAt: at(time.Hour), Notify: []string{"app"}}
		g := storage.Grant{ID: "g", ClientID: "app", SID: "s", Code: &storage.Code{Hash: "c", ExpiresAt: at(time.Minute)}, CreatedAt: at(0), ExpiresAt: at(time.Hour)}
		made := got(s.CreateAccount(ctx, a, storage.Effects{Session: &session, Grant: &g, Mail: []storage.Mail{{ID: "m", ExpiresAt: at(time.Hour)}}}, at(0)))(t)
		a.ID, a.Version = made.ID, 1
		equal(t, mode+": account", got(s.Account(ctx, storage.AccountKey{EmailKey: "a@example.com"}))(t), a)
		got(s.RedeemCode(ctx, storage.GrantKey{CodeHash: "c"}, &storage.Refresh{ExpiresAt: at(time.Hour)}, at(0)))(t)
		got(s.RotateRefresh(ctx, "g", 0, at(time.Hour), at(0)))(t)
		got(s.RegisterClient(ctx, storage.Client{ID: "app", AccessTokenTTL: time.Minute, Localized: map[string]string{"a": "b"}}, "", 5, at(0)))(t)
		equal(t, mode+": client", got(s.Client(ctx, "app"))(t).AccessTokenTTL, time.Minute)
		got(s.SwapKeyring(ctx, storage.Keyring{Keys: []storage.SigningKey{{KID: "k", LongestToken: time.Hour}}}, at(0)))(t)
		equal(t, mode+": ended", len(got(s.EndSessions(ctx, storage.EndScope{AccountID: a.ID}, at(0)))(t)), 1)
		equal(t, mode+": notices", len(got(s.LeaseNotices(ctx, 5, at(time.Minute), at(0)))(t)), 1)
		equal(t, mode+": attempt", got(s.TakeAttempts(ctx, []storage.Limit{{Key: "x", Max: 1, Window: time.Minute}}, at(0)))(t).OK, true)
		got(s.Sweep(ctx, 100, at(time.Hour)))(t)
		got(s.Stats(ctx))(t)
	}
}
