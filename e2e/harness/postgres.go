package harness

import (
	"sync"
	"testing"

	"latchkey/storage/postgres/pgtest"
)

// database is the server that tests share which do it no harm.
var database struct {
	once   sync.Once
	server *pgtest.Server
	err    error
}

// Database makes an empty database on a server that tests share, and returns its connection string. The database goes with the test.
func Database(t testing.TB) string {
	t.Helper()
	database.once.Do(func() { database.server, database.err = pgtest.Start() })
	if database.err != nil {
		t.Fatal(database.err)
	}
	name, err := database.server.Create("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := database.server.Drop(name); err != nil {
			t.Error(err)
		}
	})
	return database.server.URL(name)
}

// Postgres starts a server that the test may mistreat, and returns it with the connection string of an empty database. It goes with the test.
func Postgres(t testing.TB, settings ...string) (server *pgtest.Server, url string) {
	t.Helper()
	server, err := pgtest.Start(settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server, server.URL("postgres")
}

// SmallPostgres is Postgres on a disk of its own of that many MiB.
func SmallPostgres(t testing.TB, mib int, settings ...string) (server *pgtest.Server, url string) {
	t.Helper()
	server, err := pgtest.StartOnDisk(mib, settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server, server.URL("postgres")
}

// stopDatabase ends the shared server, if there is one.
func stopDatabase() {
	if database.server != nil {
		_ = database.server.Stop()
	}
}

// Ask asks a database for one value.
func Ask[T any](t testing.TB, url, query string, args ...any) (v T) {
	t.Helper()
	v, err := pgtest.Ask[T](url, query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// Holds keeps what a statement locks locked, until release is called.
func Holds(t testing.TB, url, statement string) (release func()) {
	t.Helper()
	release, err := pgtest.Hold(url, statement)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return release
}
