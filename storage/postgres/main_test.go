package postgres

import (
	"context"
	"fmt"
	neturl "net/url"
	"os"
	"sync"
	"testing"
	"time"

	"latchkey/storage"
	"latchkey/storage/postgres/pgtest"
	"latchkey/storage/storagetest"
)

// template is a database that was migrated, for others to be copied from.
const template = "template_latchkey"

// env is what all tests share: the server, and migrated databases that are empty again.
var env struct {
	server *pgtest.Server
	mu     sync.Mutex
	free   []string
}

// empties makes a migrated database what it was before its first use.
const empties = `TRUNCATE accounts, files, sessions, grants, consents, passkeys, account_events, denials, replays, one_time_tokens, pushed_requests, devices, clients,
	registration_tokens, outbox, notices, signing_keys, service_secrets, attempts, leases, transfer;
	UPDATE keyring SET revision = 0; UPDATE changes SET revision = 0; ALTER SEQUENCE account_ids RESTART`

func TestMain(m *testing.M) {
	if childOf(os.Getenv(childEnv)) {
		return
	}
	os.Exit(func() int {
		server, err := pgtest.Start()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer server.Stop()
		env.server = server
		if err := server.Exec("postgres", "CREATE DATABASE "+template); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		s, err := Open(context.Background(), Options{URL: server.URL(template)})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		_ = s.Close()
		return m.Run()
	}())
}

// empty makes a database without tables for the test, and returns its connection string.
func empty(t *testing.T) string {
	t.Helper()
	name, err := env.server.Create("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.server.Drop(name); err != nil {
			t.Error(err)
		}
	})
	return env.server.URL(name)
}

// migrated returns the connection string of a database that has all tables, for the test alone. Copying one takes longer than emptying one.
func migrated(t *testing.T) string {
	t.Helper()
	env.mu.Lock()
	defer env.mu.Unlock()
	var name string
	if n := len(env.free); n > 0 {
		name, env.free = env.free[n-1], env.free[:n-1]
	} else {
		var err error
		if name, err = env.server.Create(template); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := env.server.Exec(name, empties); err != nil {
			t.Error(err)
			return
		}
		env.mu.Lock()
		defer env.mu.Unlock()
		env.free = append(env.free, name)
	})
	return env.server.URL(name)
}

func openAt(t *testing.T, o Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// patient is how long verbs have where what is tested is not how long they take, so that a busy machine changes nothing.
const patient = time.Minute

// unhurried is a migrated database to which connections may take their time, too.
func unhurried(t *testing.T) string { return migrated(t) + "&connect_timeout=60" }

func TestContract(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store {
		return openAt(t, Options{URL: unhurried(t), MaxConns: 16, Timeout: patient})
	})
}

// TestReplicas runs the races over eight stores; under serializable isolation, too, where the database refuses what might not have an order, as
// those that can stand in for PostgreSQL do.
func TestReplicas(t *testing.T) {
	for _, isolation := range []string{"read committed", "serializable"} {
		t.Run(isolation, func(t *testing.T) {
			storagetest.RunShared(t, func(t *testing.T) (all []storage.Store) {
				url := unhurried(t) + "&default_transaction_isolation=" + neturl.PathEscape(isolation)
				for range 8 {
					all = append(all, openAt(t, Options{URL: url, Timeout: patient}))
				}
				return all
			})
		})
	}
}

func TestReopen(t *testing.T) {
	urls := make(map[string]string)
	storagetest.RunReopen(t, func(t *testing.T, dir string) storage.Store {
		if urls[dir] == "" {
			urls[dir] = unhurried(t)
		}
		return openAt(t, Options{URL: urls[dir], Timeout: patient})
	})
}
