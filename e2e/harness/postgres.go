package harness

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

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
	v, err := TryAsk[T](url, query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// TryAsk is Ask for a database that may be away.
func TryAsk[T any](url, query string, args ...any) (v T, err error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return v, err
	}
	err = conn.QueryRow(ctx, query, args...).Scan(&v)
	return v, errors.Join(err, conn.Close(ctx))
}

// Holds keeps a row or table locked by running a statement in a transaction, until release is called.
func Holds(t testing.TB, url, statement string) (release func()) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() { _ = conn.Close(ctx) })
	t.Cleanup(release)
	if _, err = conn.Exec(ctx, "BEGIN"); err == nil {
		_, err = conn.Exec(ctx, statement)
	}
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", statement, err))
	}
	return release
}
