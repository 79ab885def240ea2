package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"regexp"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"latchkey/storage"
	"latchkey/storage/postgres/wire"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration brings the schema from the version before it to its own.
type migration struct {
	version int
	name    string
	// compatible is the oldest version of the schema whose code goes on working after this migration: N−1 while a migration only adds.
	compatible int
	sql        string
}

func embedded() ([]migration, error) { return load(migrationFiles) }

// load reads migrations/NNNN_name.sql. The first line of each is "-- compatible: N".
func load(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql") // in lexical order
	if err != nil {
		return nil, err
	}
	named := regexp.MustCompile(`^migrations/(\d{4})_(\w+)\.sql$`)
	header := regexp.MustCompile(`^-- compatible: (\d+)\n`)
	list := make([]migration, 0, len(names))
	for i, name := range names {
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		parts, head := named.FindStringSubmatch(name), header.FindStringSubmatch(string(body))
		if parts == nil || head == nil {
			return nil, fmt.Errorf("migration %s: its name or its first line is wrong", name)
		}
		m := migration{name: parts[2], sql: string(body)}
		m.version, _ = strconv.Atoi(parts[1])
		m.compatible, _ = strconv.Atoi(head[1])
		if m.version != i+1 || m.compatible < 1 || m.compatible > m.version {
			return nil, fmt.Errorf("migration %s: it must have the number %d and be compatible with one of 1 to that", name, i+1)
		}
		list = append(list, m)
	}
	return list, nil
}

// migrate brings the database to the last version of list. Any number of processes may do so at once: each migration is one transaction, which
// begins with the lock, so whoever is killed leaves nothing behind and blocks nobody. keep: only look whether the schema fits.
func migrate(ctx context.Context, conn *wire.Conn, list []migration, keep bool) error {
	for crossings := 0; crossings <= maxCrossings; {
		have, err := schemaVersion(ctx, conn, len(list))
		switch {
		case err != nil || have >= len(list):
			return err
		case keep:
			return fmt.Errorf("the database has schema %d, and this version of Latchkey needs %d: migrate it first", have, len(list))
		}
		err = apply(ctx, conn, list[have])
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && crossed(pg.Code) {
			pause(ctx, firstBackoff+rand.N(maxBackoff)) //nolint:gosec // somebody else is at it; jitter is no secret
			crossings++
			continue
		}
		if err != nil {
			return fmt.Errorf("migration %d (%s): %w", list[have].version, list[have].name, err)
		}
	}
	return fmt.Errorf("%w: others are changing the schema all the time", storage.ErrUnavailable)
}

const (
	// maxCrossings bounds how often a migration is begun anew because of others.
	maxCrossings = 100
	// lockTimeout bounds how long a migration waits for a table that is in use: whoever comes after it waits behind it, and must not be given up for
	// that. Where it is not had, the migration is undone, and tried again a little later.
	lockTimeout = 700 * time.Millisecond
)

// crossed says whether the error is what two processes that make the same things cause one another.
func crossed(state string) bool {
	switch state {
	case stateSerial, stateDeadlock, stateUnique, stateTableExists, stateObjectExists:
		return true
	}
	return false
}

// schemaVersion returns the version of the schema that is there, 0 for none. Errors: ErrTooNew where code that knows the given one must not use it.
func schemaVersion(ctx context.Context, conn *wire.Conn, known int) (have int, err error) {
	var oldest int
	row := conn.QueryRow(ctx, "SELECT coalesce(max(version), 0), coalesce(max(compatible) FILTER (WHERE version > $1), 0) FROM schema_migrations", known)
	err = row.Scan(&have, &oldest)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == stateNoTable {
		return 0, refuseForeign(ctx, conn)
	}
	if err != nil {
		return 0, fmt.Errorf("read the version of the schema: %w", err)
	}
	if oldest > known {
		return 0, fmt.Errorf("%w: the database has schema %d, which needs a Latchkey that knows schema %d at least; this one knows %d",
			storage.ErrTooNew, have, oldest, known)
	}
	return have, nil
}

// refuseForeign keeps us from a database that somebody else's tables are in. Ours come after schema_migrations: it is asked for last.
func refuseForeign(ctx context.Context, conn *wire.Conn) error {
	var foreign bool
	err := conn.QueryRow(ctx, `SELECT CASE WHEN to_regclass('accounts') IS NOT NULL OR to_regclass('sessions') IS NOT NULL OR to_regclass('clients') IS NOT NULL
		THEN to_regclass('schema_migrations') IS NULL ELSE false END`).Scan(&foreign)
	if err == nil && foreign {
		return errors.New("the database holds tables of something else (accounts, sessions or clients): give Latchkey a database of its own")
	}
	return err
}

// theLock is the row that whoever migrates holds. It is no version.
const theLock = 0

func apply(ctx context.Context, conn *wire.Conn, m migration) error {
	for _, sql := range []string{
		`CREATE TABLE IF NOT EXISTS schema_migrations (
			version integer PRIMARY KEY, name text NOT NULL, compatible integer NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
		`INSERT INTO schema_migrations (version, name, compatible) VALUES (0, 'lock', 0) ON CONFLICT (version) DO NOTHING`,
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return explained(err)
		}
	}
	return conn.InTx(ctx, func(tx *wire.Conn) error {
		if _, err := tx.Exec(ctx, "SELECT set_config('statement_timeout', '0', true)"); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "SELECT 1 FROM schema_migrations WHERE version = $1 FOR UPDATE", theLock); err != nil {
			return explained(err)
		}
		var done bool
		if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM schema_migrations WHERE version = $1)", m.version).Scan(&done); err != nil || done {
			return err
		}
		if _, err := tx.Exec(ctx, fmt.Sprintf("SELECT set_config('lock_timeout', '%d', true)", lockTimeout.Milliseconds())); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, m.sql); err != nil {
			return explained(err)
		}
		_, err := tx.Exec(ctx, "INSERT INTO schema_migrations (version, name, compatible) VALUES ($1, $2, $3)", m.version, m.name, m.compatible)
		return err
	})
}

// explained says what to do where the role may not.
func explained(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == stateNoPrivilege {
		return fmt.Errorf("%w (migrations need a role that owns the schema, see docs/postgres.md)", err)
	}
	return err
}
