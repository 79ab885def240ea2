package wire

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// errNoResult: more was asked for than there is.
var errNoResult = errors.New("the batch has no more results")

// Rows are the rows of a result. They must be read to the end, or closed.
type Rows struct {
	conn   *Conn
	reader *pgconn.ResultReader
	sql    string
	tag    pgconn.CommandTag
	err    error
	closed bool
}

// Next goes to the next row. After the last one, or an error, it returns false, and they are closed.
func (r *Rows) Next() bool {
	if r.closed {
		return false
	}
	if r.reader.NextRow() {
		return true
	}
	r.Close()
	return false
}

// Scan reads the row into dest, one for each column: pointers to string, []byte, bool, int, int64, float64, time.Time (UTC; infinity is zero), time.Duration
// (of an interval), []string, []int64, []time.Time, to pointers to int or int64 for NULL, or a [Scanner]. NULL is nil for bytes and lists, and
// otherwise an error.
func (r *Rows) Scan(dest ...any) error {
	fields, values := r.reader.FieldDescriptions(), r.reader.Values()
	if len(fields) != len(dest) || len(values) != len(dest) {
		return r.fail(fmt.Errorf("a row of %d columns was to be read into %d places", len(values), len(dest)))
	}
	for i, d := range dest {
		if err := scan(d, Value{OID: fields[i].DataTypeOID, Bytes: values[i]}); err != nil {
			return r.fail(fmt.Errorf("column %s: %w", fields[i].Name, err))
		}
	}
	return nil
}

func (r *Rows) fail(err error) error {
	if r.err == nil {
		r.err = err
	}
	r.Close()
	return err
}

// Close leaves out the rows that are left.
func (r *Rows) Close() {
	if r.closed {
		return
	}
	r.closed = true
	tag, err := r.reader.Close()
	if r.tag = tag; r.err == nil {
		r.err = err
	}
	if err != nil {
		r.conn.failed(err, r.sql)
	}
}

// Err tells what went wrong.
func (r *Rows) Err() error { return r.err }

// Row is the answer to [Conn.QueryRow].
type Row struct {
	rows *Rows
	err  error
}

// Scan reads the first row as [Rows.Scan] does. Errors: [ErrNoRows].
func (r Row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	found := r.rows.Next()
	if found {
		_ = r.rows.Scan(dest...) // kept by the rows
	}
	if r.rows.Close(); r.rows.err == nil && !found {
		return ErrNoRows
	}
	return r.rows.err
}
