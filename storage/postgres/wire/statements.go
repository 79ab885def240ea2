package wire

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// statements are the prepared statements of a connection, by their text. Those that were used longest ago make room.
type statements struct {
	limit int
	known map[string]*list.Element // of *pgconn.StatementDescription
	used  *list.List               // the last used first
	// dropped are the names of those that only the server still has.
	dropped []string
	made    uint64
}

func newStatements(limit int) *statements {
	return &statements{limit: limit, known: make(map[string]*list.Element), used: list.New()}
}

func (s *statements) get(sql string) *pgconn.StatementDescription {
	e, ok := s.known[sql]
	if !ok {
		return nil
	}
	s.used.MoveToFront(e)
	return e.Value.(*pgconn.StatementDescription)
}

func (s *statements) put(d *pgconn.StatementDescription) {
	s.known[d.SQL] = s.used.PushFront(d)
	if s.used.Len() > s.limit {
		s.drop(s.used.Back().Value.(*pgconn.StatementDescription).SQL)
	}
}

func (s *statements) drop(sql string) {
	e, ok := s.known[sql]
	if !ok {
		return
	}
	delete(s.known, sql)
	s.dropped = append(s.dropped, s.used.Remove(e).(*pgconn.StatementDescription).Name)
}

// name is one that this connection never had.
func (s *statements) name() string {
	s.made++
	return "latchkey_" + strconv.FormatUint(s.made, 10)
}

// prepared returns the statement, and prepares it where it is not known.
func (c *Conn) prepared(ctx context.Context, sql string) (*pgconn.StatementDescription, error) {
	if d := c.kept.get(sql); d != nil {
		return d, nil
	}
	d, err := c.pg.Prepare(ctx, c.kept.name(), sql, nil)
	if err != nil {
		return nil, err // PostgreSQL keeps none that it refused
	}
	c.kept.put(d)
	return d, nil
}

// prepareAll prepares what is not known of a batch, in one round trip.
func (c *Conn) prepareAll(ctx context.Context, batch []query) error {
	var fresh []*pgconn.StatementDescription
	seen := make(map[string]*pgconn.StatementDescription)
	for i := range batch {
		q := &batch[i]
		if q.known = c.kept.get(q.sql); q.known != nil {
			continue
		}
		if seen[q.sql] == nil {
			seen[q.sql] = &pgconn.StatementDescription{Name: c.kept.name(), SQL: q.sql}
			fresh = append(fresh, seen[q.sql])
		}
		q.known = seen[q.sql]
	}
	if len(fresh) == 0 {
		return nil
	}
	p := c.pg.StartPipeline(ctx)
	err := describe(p, fresh)
	if closed := p.Close(); err == nil {
		err = closed
	}
	for _, d := range fresh {
		if err != nil {
			c.kept.dropped = append(c.kept.dropped, d.Name) // those before it are there
		} else {
			c.kept.put(d)
		}
	}
	return err
}

func describe(p *pgconn.Pipeline, fresh []*pgconn.StatementDescription) error {
	for _, d := range fresh {
		p.SendPrepare(d.Name, d.SQL, nil)
	}
	if err := p.Sync(); err != nil {
		return err
	}
	for _, d := range fresh {
		result, err := p.GetResults()
		if err != nil {
			return err
		}
		got, ok := result.(*pgconn.StatementDescription)
		if !ok {
			return fmt.Errorf("a statement was prepared, and there came %T", result)
		}
		d.ParamOIDs, d.Fields = got.ParamOIDs, got.Fields
	}
	return nil
}

// failed drops statements that may not be any more what they were: the schema changed, or another server answers now. What fails while it runs has shown
// that it is known (classes 22, 23 and 40 of PostgreSQL's errors: data, constraints, others in the way).
func (c *Conn) failed(err error, sql string) {
	if c.kept == nil {
		return
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		for _, class := range []string{"22", "23", "40"} {
			if strings.HasPrefix(pg.Code, class) {
				return
			}
		}
	}
	c.kept.drop(sql)
}

// forget has the server forget what was dropped. In a transaction that has failed it cannot, and waits for the next time.
func (c *Conn) forget(ctx context.Context) error {
	if c.kept == nil || len(c.kept.dropped) == 0 || c.pg.TxStatus() == 'E' {
		return nil
	}
	p := c.pg.StartPipeline(ctx)
	for _, name := range c.kept.dropped {
		p.SendDeallocate(name)
	}
	err := p.Sync()
	if closed := p.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("forget prepared statements: %w", err)
	}
	c.kept.dropped = nil
	return nil
}
