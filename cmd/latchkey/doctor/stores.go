package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// slowQuery is a round trip to the database that makes every request slow; fewConnections is what should be left.
const slowQuery, fewConnections = 20 * time.Millisecond, 5

// checkDatabase asks the database itself, over a connection of its own, in a transaction that can only read.
func (d *doctor) checkDatabase(ctx context.Context, r *report) {
	c, err := pgx.ParseConfig(strings.TrimSpace(d.Config.Storage.Postgres.URL.Reveal()))
	if err != nil {
		r.problem("storage.postgres.url is no connection string", "It looks like postgres://user@host/database?sslmode=verify-full.")
		return
	}
	c.ConnectTimeout, c.DialFunc = d.Timeout, d.Dial
	delete(c.RuntimeParams, "pool_max_conns")
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		r.problem("the database cannot be reached: "+databaseReason(err), "Is it up, and does the network let us through? Are host, name, role and password of storage.postgres.url right? Meanwhile keys are served, and nobody can sign in.")
		return
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if c.TLSConfig == nil && !strings.HasPrefix(c.Host, "/") && !loopback(c.Host) {
		r.warn("the connection to the database is not encrypted", "Add sslmode=verify-full to storage.postgres.url.")
	}
	d.askDatabase(ctx, conn, r)
}

func (d *doctor) askDatabase(ctx context.Context, conn *pgx.Conn, r *report) {
	var version, readOnly string
	var used, limit int
	var now time.Time
	ask := func(query string, to ...any) bool {
		err := conn.QueryRow(ctx, query).Scan(to...)
		if err != nil {
			r.unknown("the database does not answer "+query+": "+databaseReason(err), "The role may lack a right; the rest was looked at.")
		}
		return err == nil
	}
	if !ask("SELECT version()", &version) {
		return
	}
	start := d.Now()
	if ask("SELECT clock_timestamp()", &now) {
		took := d.Now().Sub(start)
		judgeSkew("the database's clock", now.Sub(start.Add(took/2)), took/2, r)
		if took > slowQuery {
			r.warn(fmt.Sprintf("a question to the database takes %s", took.Round(time.Millisecond)), "Bring the two nearer to one another: a sign-in asks several times.")
		}
	}
	if ask("SHOW transaction_read_only", &readOnly) && readOnly == "on" {
		r.problem("the database cannot be written to: a standby, or a disk that is full", "Name all hosts in storage.postgres.url (host1,host2): the one that takes writes is used.")
	}
	if ask("SELECT count(*), current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int FROM pg_stat_activity WHERE backend_type = 'client backend'", &used, &limit) {
		left := limit - used
		if left < fewConnections {
			r.problem(fmt.Sprintf("%d of the database's %d connections are in use", used, limit), "Raise max_connections there, lower storage.postgres.max_conns, or put a pooler between (docs/postgres.md).")
		}
		r.ok(fmt.Sprintf("%s; %d of %d connections are free", cut(shortVersion(version)), left, limit))
	}
	d.askSchema(ctx, conn, r)
	d.askReplication(ctx, conn, r)
}

func (d *doctor) askSchema(ctx context.Context, conn *pgx.Conn, r *report) {
	var have, compatible int
	err := conn.QueryRow(ctx, "SELECT coalesce(max(version), 0), coalesce(max(compatible), 0) FROM schema_migrations").Scan(&have, &compatible)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "42P01" {
		r.problem("the database has no tables of Latchkey", "Start the server once with storage.postgres.migrate, with a role that may make tables.")
		return
	}
	switch {
	case err != nil:
		r.unknown("the schema's version cannot be read: "+databaseReason(err), "The role must be able to read schema_migrations.")
	case d.Schema > 0 && compatible > d.Schema:
		r.problem(fmt.Sprintf("the database has schema %d, which this version (it knows %d) must not use", have, d.Schema), "Upgrade Latchkey, or restore a backup from before the upgrade.")
	case d.Schema > 0 && have < d.Schema:
		r.warn(fmt.Sprintf("the database has schema %d, this version knows %d", have, d.Schema), "A server of this version migrates it at its start.")
	default:
		r.ok(fmt.Sprintf("schema %d", have))
	}
}

// lateStandby is how far behind a standby may be.
const lateStandby = 30 * time.Second

func (d *doctor) askReplication(ctx context.Context, conn *pgx.Conn, r *report) {
	rows, err := conn.Query(ctx, "SELECT coalesce(application_name, ''), state, sync_state, coalesce(extract(epoch FROM replay_lag), 0)::float8 FROM pg_stat_replication")
	if err != nil {
		return // the role may not look: nothing depends on it
	}
	defer rows.Close()
	for rows.Next() {
		var name, state, sync string
		var lag float64
		if rows.Scan(&name, &state, &sync, &lag) != nil || state == "" {
			continue
		}
		if behind := time.Duration(lag * float64(time.Second)); state != "streaming" || behind > lateStandby {
			r.warn(fmt.Sprintf("standby %s is %s and %s behind", cut(name), cut(state), behind.Round(time.Second)), "Look after it before the primary fails.")
			continue
		}
		r.ok(fmt.Sprintf("standby %s is streaming (%s)", cut(name), cut(sync)))
	}
}

// databaseReason is an error of the driver without what the connection string holds.
func databaseReason(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return cut(pg.Message) + " (" + pg.Code + ")"
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	text := reason(err)
	if i := strings.LastIndex(text, ": "); i >= 0 {
		text = text[i+2:]
	}
	return text
}

func shortVersion(s string) string {
	if i := strings.Index(s, " on "); i > 0 {
		return s[:i]
	}
	return s
}

func loopback(host string) bool {
	return host == "localhost" || strings.HasPrefix(host, "127.") || host == "::1"
}

// leastFree is the share of its disk that the store's file should have free.
const leastFree = 0.1

// checkFile looks at the file of bolt from outside: the server has it open, and checks it when it opens it.
func (d *doctor) checkFile(_ context.Context, r *report) {
	path := d.Config.Storage.BoltPath
	info, err := os.Stat(path)
	if err != nil {
		r.problem("the store's file cannot be seen: "+cut(err.Error()), "Run this command on the server's machine or in its container, as its user. A server that has never started has none.")
		return
	}
	if why := readable(path); why != "" {
		r.unknown("the store's file cannot be read by this user: "+why, "Run this command as the server's user.")
	}
	if m := info.Mode().Perm(); m&0o077 != 0 {
		r.warn(fmt.Sprintf("the store's file has mode %04o: others on this machine can open it", m), "chmod 600 "+path)
	}
	if dir, err := os.Stat(filepath.Dir(path)); err == nil && dir.Mode().Perm()&0o002 != 0 {
		r.warn("everybody may write to the folder of the store's file", "chmod 700 "+filepath.Dir(path))
	}
	size := fmt.Sprintf("the store's file has %.1f MiB", float64(info.Size())/(1<<20))
	if d.Inside.DiskSpace == nil {
		r.ok(size)
		return
	}
	free, all, err := d.Inside.DiskSpace(path)
	switch {
	case err != nil:
		r.unknown("the free space of its disk cannot be told: "+cut(err.Error()), "Look at it with df.")
	case free < leastFree*all:
		r.problem(fmt.Sprintf("%s, and its disk has %.0f MiB free of %.0f MiB", size, free/(1<<20), all/(1<<20)), "Enlarge the disk: without room, writes answer 503. `latchkey compact` makes the file smaller while no server runs.")
	default:
		r.ok(fmt.Sprintf("%s, and its disk has %.0f MiB free", size, free/(1<<20)))
	}
}
