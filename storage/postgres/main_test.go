package postgres

import (
	"context"
	"fmt"
	"os"
	"testing"

	"latchkey/storage"
	"latchkey/storage/postgres/pgtest"
	"latchkey/storage/storagetest"
)

// template is a database that was migrated, for others to be copied from.
const template = "template_latchkey"

// env is what all tests share: the server.
var env struct{ server *pgtest.Server }

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

// database makes a database for the test, migrated or empty, and returns its connection string.
func database(t *testing.T, template string) string {
	t.Helper()
	name, err := env.server.Create(template)
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

func openAt(t *testing.T, o Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestContract(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store {
		return openAt(t, Options{URL: database(t, template), MaxConns: 16})
	})
}

func TestReopen(t *testing.T) {
	urls := make(map[string]string)
	storagetest.RunReopen(t, func(t *testing.T, dir string) storage.Store {
		if urls[dir] == "" {
			urls[dir] = database(t, template)
		}
		return openAt(t, Options{URL: urls[dir]})
	})
}
