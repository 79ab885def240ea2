package postgres

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"latchkey/storage/postgres/wire"
)

// Condition is what a database says of itself to somebody who only reads.
type Condition struct {
	// Version is the server's, Local says that it is on this machine, Encrypted that the connection was.
	Version          string
	Local, Encrypted bool
	// Ahead is how far its clock is ahead of ours, Took how long the question was under way.
	Ahead, Took time.Duration
	ReadOnly    bool
	// Connections are in use, of Limit.
	Connections, Limit int
	// Schema is the version of the tables that are there, 0 for none; code that knows less than Compatible must not use them.
	Schema, Compatible int
	Standbys           []Standby
	// Refused are the questions that it did not answer, with its reasons; what belongs to them is zero.
	Refused []string
}

// Standby is one that follows it.
type Standby struct {
	Name, State, Sync string
	Behind            time.Duration
}

// Examine asks the database of a connection string, over a connection of its own, and changes nothing. It reaches a standby, too. The text of its error
// tells nothing of the connection string. dial may be nil.
func Examine(ctx context.Context, url string, dial func(ctx context.Context, network, address string) (net.Conn, error), now func() time.Time) (c Condition, err error) {
	cfg, err := wire.ParseConfig(strings.TrimSpace(url))
	if err != nil {
		return c, errURL
	}
	if dial != nil {
		cfg.DialFunc = dial
	}
	conn, err := wire.Connect(ctx, cfg)
	if err != nil {
		return c, errors.New(plainReason(err))
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	ask := func(query string, to ...any) {
		if err := conn.QueryRow(ctx, query).Scan(to...); err != nil {
			c.Refused = append(c.Refused, query+": "+plainReason(err))
		}
	}
	host, port := cfg.Host, conn.PgConn().Conn().RemoteAddr()
	c.Local = strings.HasPrefix(host, "/") || port.Network() == "unix" || isLoopback(port)
	c.Encrypted = cfg.TLSConfig != nil
	ask("SELECT current_setting('server_version')", &c.Version)
	var readOnly string
	for range 3 { // the quickest tells most
		var clock time.Time
		start := now()
		ask("SELECT clock_timestamp()", &clock)
		if took := now().Sub(start); c.Took == 0 || took < c.Took {
			c.Took, c.Ahead = took, clock.Sub(start.Add(took/2))
		}
	}
	ask("SHOW transaction_read_only", &readOnly)
	c.ReadOnly = readOnly == "on"
	ask("SELECT count(*), current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int FROM pg_stat_activity WHERE backend_type = 'client backend'",
		&c.Connections, &c.Limit)
	c.schema(ctx, conn)
	c.standbys(ctx, conn)
	return c, nil
}

func (c *Condition) schema(ctx context.Context, conn *wire.Conn) {
	err := conn.QueryRow(ctx, "SELECT coalesce(max(version), 0), coalesce(max(compatible), 0) FROM schema_migrations").Scan(&c.Schema, &c.Compatible)
	if pg, ok := errors.AsType[*pgconn.PgError](err); err != nil && (!ok || pg.Code != stateNoTable) {
		c.Refused = append(c.Refused, "the version of the schema: "+plainReason(err))
	}
}

func (c *Condition) standbys(ctx context.Context, conn *wire.Conn) {
	rows, err := conn.Query(ctx, "SELECT coalesce(application_name, ''), coalesce(state, ''), coalesce(sync_state, ''), coalesce(extract(epoch FROM replay_lag), 0)::float8 FROM pg_stat_replication")
	if err != nil {
		return // some that speak PostgreSQL have no such table, and nothing depends on it
	}
	defer rows.Close()
	for rows.Next() {
		var s Standby
		var behind float64
		if rows.Scan(&s.Name, &s.State, &s.Sync, &behind) == nil && s.State != "" { // the state is hidden from roles that may not see it
			s.Behind = time.Duration(behind * float64(time.Second))
			c.Standbys = append(c.Standbys, s)
		}
	}
}

// plainReason is an error without what the connection string holds.
func plainReason(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Message + " (" + pg.Code + ")"
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil {
		return op.Err.Error()
	}
	text := err.Error()
	return text[strings.LastIndex(text, ": ")+1:]
}

func isLoopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
