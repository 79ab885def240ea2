package postgres

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"latchkey/storage/postgres/wire"
)

// column is a column of a table, what is written to it, and where it is read to.
type column struct {
	name string
	arg  any
	dest any
	// then is called when the whole row was read; may be nil.
	then func() error
}

// columns is a record as a row. Functions such as sessionColumns list them once, for reading and for writing. What adds a column is not inlined: it
// is called for some three hundred, and a call is nothing beside what a column costs.
type columns []column

//go:noinline
func (c *columns) add(name string, arg, dest any) {
	*c = append(*c, column{name: name, arg: arg, dest: dest})
}

// text is a column that is not NULL.
//
//go:noinline
func (c *columns) text(name string, p *string) { c.add(name, toText(*p), textDest{p}) }

// key is a text that is NULL where it is "".
func (c *columns) key(name string, p *string) {
	if *p == "" {
		c.add(name, nil, textDest{p})
		return
	}
	c.text(name, p)
}

// document is bytes that are text, NULL where they are nil.
func (c *columns) document(name string, p *[]byte) {
	var arg any
	if *p != nil {
		arg = toText(string(*p))
	}
	c.add(name, arg, documentDest{p})
}

func (c *columns) texts(name string, p *[]string) {
	*c = append(*c, column{name: name, arg: toTexts(*p), dest: p, then: func() error {
		for i, s := range *p {
			(*p)[i] = fromText(s)
		}
		return nil
	}})
}

//go:noinline
func (c *columns) bytes(name string, p *[]byte) { c.add(name, *p, p) }

//go:noinline
func (c *columns) bool(name string, p *bool) { c.add(name, *p, p) }

//go:noinline
func (c *columns) int(name string, p *int64) { c.add(name, *p, p) }

//go:noinline
func (c *columns) small(name string, p *int) { c.add(name, *p, p) }

//go:noinline
func (c *columns) maybe(name string, p **int) { c.add(name, *p, p) }

//go:noinline
func (c *columns) length(name string, p *time.Duration) { c.add(name, *p, p) }

//go:noinline
func (c *columns) time(name string, p *time.Time) { c.add(name, *p, timeDest{p}) }

//go:noinline
func (c *columns) moment(name string, p *time.Time) { c.add(name, moment(*p), timeDest{p}) }

//go:noinline
func (c *columns) account(name string, p *int64) { c.add(name, reference(*p), intDest{p}) }

func (c *columns) after(then func() error) { (*c)[len(*c)-1].then = then }

// moment is a time that is NULL where it is zero.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// reference is an account's ID that is NULL where it is 0.
func reference(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

func (c columns) names(prefix string) string {
	var b strings.Builder
	for i, col := range c {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(prefix)
		b.WriteString(col.name)
	}
	return b.String()
}

func (c columns) args() []any {
	args := make([]any, len(c))
	for i, col := range c {
		args[i] = col.arg
	}
	return args
}

func (c columns) scan(rows *wire.Rows) error {
	dests := make([]any, len(c))
	for i, col := range c {
		dests[i] = col.dest
	}
	if err := rows.Scan(dests...); err != nil {
		return err
	}
	for _, col := range c {
		if col.then == nil {
			continue
		}
		if err := col.then(); err != nil {
			return fmt.Errorf("column %s: %w", col.name, err)
		}
	}
	return nil
}

// marks are n parameters from the given number on: "$3, $4".
func marks(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(from + i))
	}
	return b.String()
}

type textDest struct{ p *string }

// Scan implements [wire.Scanner].
func (d textDest) Scan(v wire.Value) error {
	s, err := v.Text()
	*d.p = fromText(s)
	return err
}

type documentDest struct{ p *[]byte }

// Scan implements [wire.Scanner].
func (d documentDest) Scan(v wire.Value) error {
	*d.p = nil
	if v.Null() {
		return nil
	}
	s, err := v.Text()
	*d.p = []byte(fromText(s))
	return err
}

type timeDest struct{ p *time.Time }

// Scan implements [wire.Scanner].
func (d timeDest) Scan(v wire.Value) (err error) {
	*d.p, err = v.Time()
	return err
}

type intDest struct{ p *int64 }

// Scan implements [wire.Scanner].
func (d intDest) Scan(v wire.Value) (err error) {
	*d.p, err = v.Int()
	return err
}
