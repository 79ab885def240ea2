package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"latchkey/storage"
	"latchkey/storage/postgres/wire"
)

// Options say which database to use, and how. They print without the password.
type Options struct {
	// URL is a connection string of PostgreSQL: a URL, or keywords and values. It may name several hosts: the one that can be written to is used.
	URL string
	// MaxConns bounds the connections for requests of this replica; it has three more for itself. 0: what the URL says (pool_max_conns), or ten.
	MaxConns int
	// Timeout bounds every verb of a request, the wait for a connection included. 0: 1.8 s.
	Timeout time.Duration
	// PollEvery bounds how long this replica does not know of what others changed, when it was not told. 0: 5 s.
	PollEvery time.Duration
	// KeepSchema: do not migrate. A database that lacks migrations is then refused.
	KeepSchema bool
	// OnWait is called if the database is away, with the reason, before Open waits for it, and once a minute while it does; nil: nobody wants to know.
	OnWait func(error)
	// Transfer: everything is moved. A database that is half filled is opened, too.
	Transfer bool
}

// LogValue tells nothing of the URL.
func (o Options) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("max_conns", o.MaxConns), slog.Duration("timeout", o.Timeout), slog.Duration("poll_every", o.PollEvery))
}

// Format tells nothing of the URL, whatever the verb.
func (o Options) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, o.LogValue().String()) }

// toldEvery is how often [Options.OnWait] is called.
const toldEvery = time.Minute

const (
	defaultTimeout   = 1800 * time.Millisecond
	defaultPollEvery = 5 * time.Second
)

// Open connects, migrates the database, and returns the store. While the database is away, it waits until ctx ends. Errors: ErrTooNew,
// ErrUnavailable, that of ctx, and what the database refuses for good.
func Open(ctx context.Context, o Options) (*Store, error) {
	migrations, err := embedded()
	if err != nil {
		return nil, err
	}
	return open(ctx, o, migrations)
}

func open(ctx context.Context, o Options, migrations []migration) (*Store, error) {
	s := &Store{timeout: o.Timeout, pollEvery: o.PollEvery, t: newTables()}
	if s.timeout <= 0 {
		s.timeout = defaultTimeout
	}
	if s.pollEvery <= 0 {
		s.pollEvery = defaultPollEvery
	}
	s.acquireTimeout = s.timeout * 4 / 9
	cfg, err := s.poolConfig(o)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if o.Transfer {
		cfg.RuntimeParams["application_name"] = transferName
	}
	s.listener = cfg
	if err := s.prepare(ctx, o, migrations); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if s.pool, err = wire.NewPool(ctx, cfg); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	aside := cfg.Copy()
	aside.MaxConns, aside.MinConns, aside.MinIdleConns = asideConns, 0, 0
	if s.aside, err = wire.NewPool(ctx, aside); err != nil {
		s.pool.Close()
		return nil, fmt.Errorf("open database: %w", err)
	}
	return s, nil
}

// prepare brings the schema up to date, as soon as the database can be reached.
func (s *Store) prepare(ctx context.Context, o Options, migrations []migration) error {
	tell := time.NewTicker(toldEvery)
	defer tell.Stop()
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := s.prepareOnce(ctx, o, migrations)
		if err == nil || !away(err) {
			return err
		}
		due := wait == 100*time.Millisecond
		select {
		case <-tell.C:
			due = true
		default:
		}
		if due && o.OnWait != nil {
			o.OnWait(err)
		}
		if !pause(ctx, wait) {
			return fmt.Errorf("%w: %w: %w", storage.ErrUnavailable, ctx.Err(), err)
		}
	}
}

func (s *Store) prepareOnce(ctx context.Context, o Options, migrations []migration) error {
	conn, err := wire.Connect(ctx, s.listener)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it has done what it was for
	if err = s.prepareOver(ctx, conn, o, migrations); err != nil && conn.IsClosed() {
		return lost{err}
	}
	return err
}

func (s *Store) prepareOver(ctx context.Context, conn *wire.Conn, o Options, migrations []migration) error {
	var encoding string
	if err := conn.QueryRow(ctx, "SHOW server_encoding").Scan(&encoding); err != nil {
		return err
	}
	if encoding != "UTF8" {
		return fmt.Errorf("the database has the encoding %s; make one with ENCODING 'UTF8'", encoding)
	}
	if err := refuseIsolation(ctx, conn); err != nil {
		return err
	}
	if err := migrate(ctx, conn, migrations, o.KeepSchema); err != nil {
		return err
	}
	if !o.Transfer {
		if err := refuseHalfFilled(ctx, conn); err != nil {
			return err
		}
	}
	_, err := conn.Exec(ctx, "SELECT pg_notify('"+channel+"', '')")
	if s.announces = err == nil; absent(err) {
		return nil // a stand-in without NOTIFY: replicas look for themselves
	}
	return err
}

// refuseIsolation refuses repeatable read. There, each statement of a batch sees what was when the batch began: a grant that comes about while its session
// ends would not be seen, and live on. Under read committed it is seen, and serializable refuses one of the two.
func refuseIsolation(ctx context.Context, conn *wire.Conn) error {
	var level string
	if err := conn.QueryRow(ctx, "SHOW default_transaction_isolation").Scan(&level); err != nil {
		return err
	}
	if level == "repeatable read" || level == "snapshot" {
		return fmt.Errorf("default_transaction_isolation is %q for this role, database or connection string; it must be \"read committed\" or \"serializable\"", level)
	}
	return nil
}

// absent says whether the server does not have what was asked for, as something that stands in for PostgreSQL.
func absent(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == stateNotSupported || strings.HasPrefix(pg.Code, "42"))
}

// lost is an error that came with the end of the connection.
type lost struct{ error }

// Unwrap returns the error.
func (l lost) Unwrap() error { return l.error }

// away says whether it may help to wait: nobody answers, or nobody who could be written to, or a table that is to be changed is in use.
func away(err error) bool {
	if _, ok := errors.AsType[lost](err); ok || errors.Is(err, pgconn.ErrReadOnlyConnection) {
		return true
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == stateLocked || strings.HasPrefix(pg.Code, "57P") || strings.HasPrefix(pg.Code, "53") || strings.HasPrefix(pg.Code, "08")
	}
	_, ok := errors.AsType[*pgconn.ConnectError](err)
	return ok
}
