package postgres

import (
	"context"
	"strings"
	"testing"
	"time"

	"latchkey/storage"
)

// A migration that must wait for a table in use does not let others wait behind it until they are given up.
func TestMigrationWaitsForTable(t *testing.T) {
	url := migrated(t)
	t.Cleanup(func() {
		sql(t, url, "ALTER TABLE sessions DROP COLUMN IF EXISTS later; DELETE FROM schema_migrations WHERE name = 'next'")
	})
	old := openAt(t, Options{URL: url})
	release := hold(t, url, "SELECT FROM sessions") // as a dump does, for long
	defer release()
	list := next(t, 1, "ALTER TABLE sessions ADD COLUMN later text NOT NULL DEFAULT ''")
	waits := make(chan error, 100)
	opened := make(chan error, 1)
	go func() {
		s, err := open(context.Background(), Options{URL: url, OnWait: func(err error) { waits <- err }}, list)
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		_, err := old.Session(t.Context(), "s", at(0))
		isOneOf(t, "a read behind the migration", err, storage.ErrNotFound)
	}
	if err := <-waits; !strings.Contains(err.Error(), "lock timeout") {
		t.Errorf("waits for %v", err)
	}
	release()
	must(t, <-opened)
	equal(t, "column", one[int64](t, url, "SELECT count(*) FROM information_schema.columns WHERE table_name = 'sessions' AND column_name = 'later'"), 1)
}

// Any number of migrations may be missing.
func TestManyMigrations(t *testing.T) {
	url := empty(t)
	list := got(embedded())(t)
	for range 30 {
		list = append(list, migration{version: len(list) + 1, name: "next", compatible: 1, sql: "SELECT 1"})
	}
	s, err := open(t.Context(), Options{URL: url}, list)
	must(t, err)
	must(t, s.Close())
}
