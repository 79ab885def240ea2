package wire

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"
)

// Batch is statements that are sent together, and are one transaction, unless they come within one.
type Batch struct{ queued []query }

type query struct {
	sql  string
	args []any
	// known is the statement where it is prepared.
	known *pgconn.StatementDescription
}

// Queue adds a statement, with parameters as in [Conn.Query].
func (b *Batch) Queue(sql string, args ...any) {
	b.queued = append(b.queued, query{sql: sql, args: args})
}

// Results are what became of the statements of a batch, one after the other.
type Results struct {
	conn   *Conn
	queued []query
	at     int
	reader *pgconn.MultiResultReader
	err    error
	closed bool
}

// SendBatch sends the statements of b, which is not to be used again. What goes wrong is told by the results, which must be closed.
func (c *Conn) SendBatch(ctx context.Context, b *Batch) *Results {
	r := &Results{conn: c, queued: b.queued}
	if len(b.queued) == 0 {
		r.closed = true
		return r
	}
	if r.err = c.send(ctx, r); r.err != nil {
		r.closed = true
	}
	return r
}

func (c *Conn) send(ctx context.Context, r *Results) error {
	if err := c.forget(ctx); err != nil {
		return err
	}
	if c.kept != nil {
		if err := c.prepareAll(ctx, r.queued); err != nil {
			return err
		}
	}
	var batch pgconn.Batch
	defer c.params.clear()
	for _, q := range r.queued {
		if c.sent != nil {
			c.sent(q.sql, q.args)
		}
		var types []uint32
		if q.known != nil {
			types = q.known.ParamOIDs
		}
		if err := c.params.set(q.args, types); err != nil {
			return err
		}
		if q.known != nil {
			batch.ExecStatement(q.known, c.params.values, c.params.formats, binary)
		} else {
			batch.ExecParams(q.sql, c.params.values, nil, c.params.formats, binary)
		}
	}
	r.reader = c.pg.ExecBatch(ctx, &batch)
	return nil
}

// next goes to the next result.
func (r *Results) next() (*pgconn.ResultReader, error) {
	if r.closed || r.at == len(r.queued) {
		if r.err == nil {
			r.err = errNoResult
		}
		return nil, r.err
	}
	r.at++
	if r.reader.NextResult() {
		return r.reader.ResultReader(), nil
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	return nil, errNoResult
}

// Exec returns what became of the next statement.
func (r *Results) Exec() (pgconn.CommandTag, error) {
	reader, err := r.next()
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	return reader.Close()
}

// Query returns the rows of the next statement. They must be closed before the one after it is asked for.
func (r *Results) Query() (*Rows, error) {
	reader, err := r.next()
	if err != nil {
		return nil, err
	}
	return &Rows{conn: r.conn, reader: reader, sql: r.queued[r.at-1].sql}, nil
}

// Close leaves out the results that were not asked for, and tells whether all of the batch was done.
func (r *Results) Close() error {
	if r.closed {
		return r.err
	}
	r.closed = true
	if r.err = r.reader.Close(); r.err != nil {
		for _, q := range r.queued {
			r.conn.failed(r.err, q.sql)
		}
	}
	return r.err
}
