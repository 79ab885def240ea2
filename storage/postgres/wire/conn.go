package wire

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNoRows: a query for a row found none.
var ErrNoRows = errors.New("no rows")

// errRolledBack: a transaction was to be committed, and something in it had failed.
var errRolledBack = errors.New("the transaction was rolled back")

// Conn is a connection. It is for one caller at a time, and its rows and results must be closed before its next use.
type Conn struct {
	pg *pgconn.PgConn
	// kept are its prepared statements; nil: it keeps none.
	kept   *statements
	heard  []*pgconn.Notification
	params params
	sent   func(sql string, args []any)
}

// Connect connects. It does not change c.
func Connect(ctx context.Context, c *Config) (*Conn, error) {
	conn := &Conn{sent: c.Sent}
	if c.Statements > 0 {
		conn.kept = newStatements(c.Statements)
	}
	own := c.Config.Copy()
	own.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) { conn.heard = append(conn.heard, n) }
	var err error
	if conn.pg, err = pgconn.ConnectConfig(ctx, own); err != nil {
		return nil, err
	}
	return conn, nil
}

// PgConn returns what it stands on.
func (c *Conn) PgConn() *pgconn.PgConn { return c.pg }

// IsClosed says whether it cannot be used any more.
func (c *Conn) IsClosed() bool { return c.pg.IsClosed() }

// Close ends it, and says goodbye as long as ctx lasts.
func (c *Conn) Close(ctx context.Context) error { return c.pg.Close(ctx) }

// Exec does a statement and returns what became of it. Without parameters there may be several statements, which are one transaction.
func (c *Conn) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if len(args) == 0 {
		return c.execPlain(ctx, sql)
	}
	rows, err := c.Query(ctx, sql, args...)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	rows.Close()
	return rows.tag, rows.err
}

func (c *Conn) execPlain(ctx context.Context, sql string) (tag pgconn.CommandTag, err error) {
	results := c.pg.Exec(ctx, sql)
	for results.NextResult() {
		tag, _ = results.ResultReader().Close() // what failed is told at the end
	}
	return tag, results.Close()
}

// Query asks, and returns the rows to be read, in one round trip if the statement is known. Parameters are nil, string, []byte, bool, int, int64, pointers to
// the last two, time.Time, time.Duration for an interval, []string, []int64 or []time.Time; nil pointers and nil bytes are NULL.
func (c *Conn) Query(ctx context.Context, sql string, args ...any) (*Rows, error) {
	if err := c.forget(ctx); err != nil {
		return nil, err
	}
	if c.sent != nil {
		c.sent(sql, args)
	}
	r := &Rows{conn: c, sql: sql}
	if c.kept == nil {
		if err := c.params.set(args, nil); err != nil {
			return nil, err
		}
		r.reader = c.pg.ExecParams(ctx, sql, c.params.values, nil, c.params.formats, binary)
	} else {
		known, err := c.prepared(ctx, sql)
		if err != nil {
			return nil, err
		}
		if err := c.params.set(args, known.ParamOIDs); err != nil {
			return nil, err
		}
		r.reader = c.pg.ExecStatement(ctx, known, c.params.values, c.params.formats, binary)
	}
	c.params.clear()
	return r, nil
}

// QueryRow asks for one row. What goes wrong is told by its Scan.
func (c *Conn) QueryRow(ctx context.Context, sql string, args ...any) Row {
	rows, err := c.Query(ctx, sql, args...)
	return Row{rows, err}
}

// WaitForNotification returns the next notification, when it comes.
func (c *Conn) WaitForNotification(ctx context.Context) (*pgconn.Notification, error) {
	if len(c.heard) == 0 {
		if err := c.pg.WaitForNotification(ctx); err != nil {
			return nil, err
		}
	}
	n := c.heard[0]
	c.heard = c.heard[1:]
	return n, nil
}

// InTx does fn in a transaction, which is committed if fn returns nil, and else rolled back. Within it c is used as ever.
func (c *Conn) InTx(ctx context.Context, fn func(tx *Conn) error) error {
	if _, err := c.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	if err := fn(c); err != nil {
		c.rollback(ctx)
		return err
	}
	tag, err := c.Exec(ctx, "COMMIT")
	if err == nil && tag.String() == "ROLLBACK" {
		err = errRolledBack
	}
	if err != nil {
		c.rollback(ctx)
	}
	return err
}

// rollback ends the transaction, or else the connection.
func (c *Conn) rollback(ctx context.Context) {
	if c.IsClosed() || c.pg.TxStatus() == 'I' {
		return
	}
	if _, err := c.Exec(ctx, "ROLLBACK"); err != nil {
		over, cancel := context.WithCancel(context.WithoutCancel(ctx))
		cancel()
		_ = c.Close(over)
	}
}
