package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"latchkey/storage"
)

// sql runs statements in a database that the test has.
func sql(t *testing.T, url, statements string) {
	t.Helper()
	ctx := context.Background() // also at the end of a test
	conn := got(pgx.Connect(ctx, url))(t)
	defer conn.Close(ctx)
	_, err := conn.Exec(ctx, statements)
	must(t, err)
}

// one asks for one value.
func one[T any](t *testing.T, url, query string) (v T) {
	t.Helper()
	conn := got(pgx.Connect(t.Context(), url))(t)
	defer conn.Close(context.Background())
	must(t, conn.QueryRow(t.Context(), query).Scan(&v))
	return v
}

func TestMigrationsByManyAtOnce(t *testing.T) {
	url := empty(t)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			s, err := Open(context.Background(), Options{URL: url})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.Stats(context.Background()); err != nil {
				t.Error(err)
			}
			_ = s.Close()
		})
	}
	wg.Wait()
	want := int64(len(got(embedded())(t)))
	equal(t, "migrations", one[int64](t, url, "SELECT count(*) FROM schema_migrations WHERE version > 0"), want)
}

// TestMigrationIsKilled kills a process at random while it migrates; the next one finds all or nothing of each migration, and goes on.
func TestMigrationIsKilled(t *testing.T) {
	url := empty(t)
	const rounds = 20
	halfway := 0
	for range rounds {
		sql(t, url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
		c := startChild(t, "open", url)
		equal(t, "child", c.says(), "opening")
		time.Sleep(rand.N(300 * time.Millisecond))
		c.kill()
		if one[bool](t, url, "SELECT to_regclass('accounts') IS NULL") {
			halfway++
		}
		s := openAt(t, Options{URL: url})
		got(s.CreateAccount(t.Context(), storage.Account{Sub: "a"}, storage.Effects{}, at(0)))(t)
		must(t, s.Close())
	}
	t.Logf("%d of %d were killed before they had made the tables", halfway, rounds)
}

// TestMigrationIsKilledInside stops a migration in its midst, and kills its process there.
func TestMigrationIsKilledInside(t *testing.T) {
	url := empty(t)
	ctx := t.Context()
	// Somebody else is making a table of that name: the migration waits for the outcome.
	blocker := got(pgx.Connect(ctx, url))(t)
	defer blocker.Close(context.Background())
	tx := got(blocker.Begin(ctx))(t)
	_, err := tx.Exec(ctx, "CREATE TABLE notices ()")
	must(t, err)
	c := startChild(t, "open", url)
	equal(t, "child", c.says(), "opening")
	waiting := "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
	for one[int64](t, url, waiting) == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	if one[bool](t, url, "SELECT to_regclass('accounts') IS NOT NULL") {
		t.Error("what comes before is there already")
	}
	c.kill()
	must(t, tx.Rollback(ctx))
	s := openAt(t, Options{URL: url})
	got(s.Stats(ctx))(t)
}

// next is a migration of a later version.
func next(t *testing.T, compatible int, body string) []migration {
	t.Helper()
	list := got(embedded())(t)
	n := len(list) + 1
	return append(list, migration{version: n, name: "next", compatible: compatible, sql: body})
}

func TestVersionsSideBySide(t *testing.T) {
	url := migrated(t)
	t.Cleanup(func() {
		sql(t, url, "ALTER TABLE sessions DROP COLUMN IF EXISTS later; DELETE FROM schema_migrations WHERE name = 'next'")
	})
	old := openAt(t, Options{URL: url})
	a := got(old.CreateAccount(t.Context(), storage.Account{Sub: "a"}, storage.Effects{}, at(0)))(t)
	session := storage.Session{SID: "s", AccountID: a.ID, CreatedAt: at(0), LastSeenAt: at(0), ExpiresAt: at(time.Hour)}
	must(t, old.CreateSession(t.Context(), session, at(0)))

	// The next version expands: what it adds has a default, and no statement of the version before names it.
	list := next(t, 1, "ALTER TABLE sessions ADD COLUMN later text NOT NULL DEFAULT ''")
	later, err := open(t.Context(), Options{URL: url}, list)
	must(t, err)
	defer later.Close()
	sql(t, url, "UPDATE sessions SET later = 'kept'")
	got(old.TouchSession(t.Context(), "s", storage.SessionChange{ACR: "2"}, at(0)))(t) // whose plan is older than the column
	equal(t, "what the version before does not know", one[string](t, url, "SELECT later FROM sessions"), "kept")
	again := openAt(t, Options{URL: url}) // and can start
	equal(t, "session", got(again.Session(t.Context(), "s", at(0)))(t).ACR, "2")
}

func TestTooNew(t *testing.T) {
	url := migrated(t)
	t.Cleanup(func() { sql(t, url, "DELETE FROM schema_migrations WHERE name = 'next'") })
	known := len(got(embedded())(t))
	list := next(t, known+1, "SELECT 1")
	s, err := open(t.Context(), Options{URL: url}, list)
	must(t, err)
	must(t, s.Close())
	_, err = Open(t.Context(), Options{URL: url})
	if !errors.Is(err, storage.ErrTooNew) {
		t.Fatalf("error %v, want ErrTooNew", err)
	}
	equal(t, "line", err.Error(), fmt.Sprintf("open database: store written by a later version: the database has schema %d, which needs a Latchkey that knows schema %[1]d at least; this one knows %d", known+1, known))
}

// A database that is somebody else's is left as it is, and the line says so.
func TestForeignDatabase(t *testing.T) {
	url := empty(t)
	sql(t, url, "CREATE TABLE accounts (id int)")
	_, err := Open(t.Context(), Options{URL: url})
	if err == nil || !strings.Contains(err.Error(), "tables of something else") {
		t.Fatalf("error %v", err)
	}
	equal(t, "tables", one[int64](t, url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), 1)
}

func TestKeepSchema(t *testing.T) {
	url := empty(t)
	_, err := Open(t.Context(), Options{URL: url, KeepSchema: true})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("the database has schema 0, and this version of Latchkey needs %d", len(got(embedded())(t)))) {
		t.Fatalf("error %v", err)
	}
	openAt(t, Options{URL: url})
	openAt(t, Options{URL: url, KeepSchema: true})
}

// A server may run as a role that owns nothing; migrations may not.
func TestRoleWithoutRights(t *testing.T) {
	url := empty(t)
	sql(t, url, "CREATE ROLE reader LOGIN")
	t.Cleanup(func() {
		sql(t, url, "DROP OWNED BY reader; DROP ROLE reader")
	})
	asReader := strings.Replace(url, "latchkey@", "reader@", 1)
	_, err := Open(t.Context(), Options{URL: asReader})
	if err == nil || !strings.Contains(err.Error(), "migrations need a role that owns the schema") {
		t.Fatalf("error %v", err)
	}
	openAt(t, Options{URL: url})
	sql(t, url, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO reader; GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO reader")
	s := openAt(t, Options{URL: asReader})
	got(s.CreateAccount(t.Context(), storage.Account{Sub: "a"}, storage.Effects{}, at(0)))(t)
}

func TestMigrationFiles(t *testing.T) {
	good := func(n int) *fstest.MapFile {
		return &fstest.MapFile{Data: fmt.Appendf(nil, "-- compatible: %d\nSELECT 1", n)}
	}
	for name, c := range map[string]struct {
		files fstest.MapFS
		ok    bool
	}{
		"two":                     {fstest.MapFS{"migrations/0001_a.sql": good(1), "migrations/0002_b.sql": good(1)}, true},
		"a gap":                   {fstest.MapFS{"migrations/0001_a.sql": good(1), "migrations/0003_b.sql": good(1)}, false},
		"no number":               {fstest.MapFS{"migrations/first.sql": good(1)}, false},
		"no header":               {fstest.MapFS{"migrations/0001_a.sql": &fstest.MapFile{Data: []byte("SELECT 1")}}, false},
		"compatible with later":   {fstest.MapFS{"migrations/0001_a.sql": good(2)}, false},
		"compatible with nothing": {fstest.MapFS{"migrations/0001_a.sql": good(0)}, false},
	} {
		if _, err := load(c.files); (err == nil) != c.ok {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := load(os.DirFS(".")); err != nil {
		t.Error(err)
	}
}

// TestMigrationsAreRepeatable: where DDL is not transactional, one that was interrupted is run again over what it left.
func TestMigrationsAreRepeatable(t *testing.T) {
	url := migrated(t)
	conn := got(pgx.Connect(t.Context(), url))(t)
	defer conn.Close(context.Background())
	for _, m := range got(embedded())(t) {
		if _, err := conn.Exec(t.Context(), m.sql); err != nil {
			t.Errorf("migration %d, run again: %v", m.version, err)
		}
	}
}
