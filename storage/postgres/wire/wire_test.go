package wire

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"latchkey/storage/postgres/pgtest"
)

// env is the server that all tests share; each uses what lives no longer than its connection.
var env struct{ url string }

func TestMain(m *testing.M) {
	os.Exit(func() int {
		server, err := pgtest.Start()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer server.Stop()
		env.url = server.URL("postgres")
		return m.Run()
	}())
}

// modes are what a connection string may add for statements that are prepared, prepared two at a time, and not prepared.
func modes() []string {
	return []string{"", "&statement_cache_capacity=2", "&default_query_exec_mode=exec"}
}

func connected(t *testing.T, mode string) *Conn {
	t.Helper()
	cfg, err := ParseConfig(env.url + mode)
	must(t, err)
	c, err := Connect(t.Context(), cfg)
	must(t, err)
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T any](t *testing.T, what string, have, want T) {
	t.Helper()
	if d := cmp.Diff(want, have); d != "" {
		t.Errorf("%s (-want +got)\n%s", what, d)
	}
}

// state is the SQLSTATE of an error.
func state(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return fmt.Sprint(err)
}

// there sends a value as a parameter of the type, and reads it back.
func there[T any](t *testing.T, mode, typ string, values ...T) {
	t.Helper()
	c := connected(t, mode)
	for _, v := range values {
		var back T
		if err := c.QueryRow(t.Context(), "SELECT $1::"+typ, v).Scan(&back); err != nil {
			t.Errorf("%q %s %v: %v", mode, typ, v, err)
			continue
		}
		equal(t, mode+" "+typ, back, v)
	}
}

func TestValuesThereAndBack(t *testing.T) {
	moment := time.Date(2031, 5, 6, 7, 8, 9, 123456000, time.UTC)
	seven, small := int64(7), 8
	texts := []string{"", "plain", `"quoted" \ and 'so'`, "{a,b}", "NULL", "ünï 🔑", "a\nb\t", strings.Repeat("long", 1000)}
	for _, mode := range modes() {
		there(t, mode, "text", texts...)
		there(t, mode, "text[]", []string{}, texts)
		there(t, mode, "bytea", []byte{}, []byte("\x00\xff\\x41"), []byte(nil), make([]byte, 100_000))
		there(t, mode, "jsonb", `{"a": "\"ü"}`)
		there(t, mode, "json", `{"a":1}`)
		there(t, mode, "boolean", true, false)
		there(t, mode, "bigint", int64(0), -1, math.MaxInt64, math.MinInt64)
		there(t, mode, "bigint", &seven, nil)
		there(t, mode, "integer", 0, -1, math.MaxInt32, math.MinInt32)
		there(t, mode, "integer", &small, nil)
		there(t, mode, "smallint", 0, -1, math.MaxInt16, math.MinInt16)
		there(t, mode, "bigint[]", []int64{}, []int64{1, -2, math.MaxInt64})
		there(t, mode, "timestamptz", moment, moment.AddDate(-2000, 0, 0), time.Time{}, moment.AddDate(-2040, 0, 0), moment.AddDate(9000, 0, 0), time.Unix(0, 0).UTC(), time.Unix(-1, 999999000).UTC())
		there(t, mode, "timestamptz[]", []time.Time{}, []time.Time{moment, {}, moment.AddDate(-2040, 0, 0)})
		there(t, mode, "interval", time.Duration(0), time.Hour, -25*time.Hour-time.Microsecond, 1000*time.Hour)
	}
}

// TestCutsNanoseconds: PostgreSQL keeps microseconds, and never rounds up to a time that is still to come.
func TestCutsNanoseconds(t *testing.T) {
	for _, mode := range modes() {
		var back time.Time
		must(t, connected(t, mode).QueryRow(t.Context(), "SELECT $1::timestamptz", time.Unix(1, 999_999_999)).Scan(&back))
		equal(t, mode, back, time.Unix(1, 999_999_000).UTC())
	}
}

func TestNullAndWhatCannotBeRead(t *testing.T) {
	for _, mode := range modes() {
		c := connected(t, mode)
		var s string
		var b []byte
		var list []string
		var when time.Time
		must(t, c.QueryRow(t.Context(), "SELECT NULL::bytea, NULL::text[], 'infinity'::timestamptz WHERE $1::text IS NULL", nil).Scan(&b, &list, &when))
		if b != nil || list != nil || !when.IsZero() {
			t.Error(b, list, when)
		}
		for query, dest := range map[string]any{
			"SELECT NULL::text": &s, "SELECT 1": &s, "SELECT 'a'::text": &when, "SELECT ARRAY[NULL]::text[]": &list, "SELECT ARRAY[ARRAY['a']]": &list,
			"SELECT 1.5": new(float64), "SELECT 1::int, 2::int": new(int), "SELECT true": new(struct{}), "SELECT 'x'::bytea": new(bool),
		} {
			if err := c.QueryRow(t.Context(), query).Scan(dest); err == nil {
				t.Errorf("%s into %T: no error", query, dest)
			}
			must(t, c.QueryRow(t.Context(), "SELECT 'next'").Scan(&s)) // the connection goes on
		}
		if _, err := c.Query(t.Context(), "SELECT $1::text", struct{}{}); err == nil {
			t.Error("anything can be sent")
		}
		if err := c.QueryRow(t.Context(), "SELECT 1 WHERE false").Scan(new(int)); !errors.Is(err, ErrNoRows) {
			t.Error(err)
		}
	}
}

// TestSchemaChanges: a statement that was prepared before is refused once, and then prepared anew.
func TestSchemaChanges(t *testing.T) {
	c, ctx := connected(t, ""), t.Context()
	_, err := c.Exec(ctx, "CREATE TEMPORARY TABLE things (a text); INSERT INTO things VALUES ('x')")
	must(t, err)
	var a, b string
	const all = "SELECT * FROM things"
	must(t, c.QueryRow(ctx, all).Scan(&a))
	_, err = c.Exec(ctx, "ALTER TABLE things ADD b text DEFAULT 'y'")
	must(t, err)
	equal(t, "the first time", state(c.QueryRow(ctx, all).Scan(&a, &b)), "0A000")
	must(t, c.QueryRow(ctx, all).Scan(&a, &b))
	_, err = c.Exec(ctx, "DEALLOCATE ALL")
	must(t, err)
	equal(t, "the server forgot", state(c.QueryRow(ctx, all).Scan(&a, &b)), "26000")
	must(t, c.QueryRow(ctx, all).Scan(&a, &b))
	equal(t, "b", b, "y")
}

// TestStatementsAreBounded: no more are kept than was said, here and on the server, and one that fails for its values is kept.
func TestStatementsAreBounded(t *testing.T) {
	c, ctx := connected(t, "&statement_cache_capacity=2"), t.Context()
	count := func() (n int) {
		t.Helper()
		results, err := c.pg.Exec(ctx, "SELECT count(*) FROM pg_prepared_statements").ReadAll()
		must(t, err)
		must(t, func() error { _, err := fmt.Sscan(string(results[0].Rows[0][0]), &n); return err }())
		return n
	}
	for i := range 9 {
		must(t, c.QueryRow(ctx, fmt.Sprintf("SELECT %d", i)).Scan(new(int)))
	}
	equal(t, "after nine", count() <= 3, true) // the last to go goes with the next statement
	const divided = "SELECT 1 / $1::int"
	for range 3 {
		equal(t, "divided", state(c.QueryRow(ctx, divided, 0).Scan(new(int))), "22012")
	}
	equal(t, "made", c.kept.made, 10)
	b := &Batch{}
	b.Queue("SELECT 1")
	b.Queue("SELECT * FROM none")
	equal(t, "a batch that cannot be prepared", state(c.SendBatch(ctx, b).Close()), "42P01")
	must(t, c.QueryRow(ctx, divided, 1).Scan(new(int)))
	equal(t, "after it", count() <= 3, true)
}

func TestBatchIsOneTransaction(t *testing.T) {
	for _, mode := range modes() {
		c, ctx := connected(t, mode), t.Context()
		_, err := c.Exec(ctx, "CREATE TEMPORARY TABLE things (n int PRIMARY KEY)")
		must(t, err)
		insert := func(numbers ...int) *Results {
			b := &Batch{}
			for _, n := range numbers {
				b.Queue("INSERT INTO things VALUES ($1)", n)
			}
			b.Queue("SELECT n FROM things ORDER BY n")
			b.Queue("UPDATE things SET n = -n WHERE n < 0")
			return c.SendBatch(ctx, b)
		}
		r := insert(1, 2)
		for range 2 {
			tag, err := r.Exec()
			must(t, err)
			equal(t, "inserted", tag.RowsAffected(), 1)
		}
		rows, err := r.Query()
		must(t, err)
		var seen []int
		for rows.Next() {
			var n int
			must(t, rows.Scan(&n))
			seen = append(seen, n)
		}
		must(t, rows.Err())
		equal(t, "seen", seen, []int{1, 2})
		tag, err := r.Exec()
		must(t, err)
		equal(t, "updated", tag.RowsAffected(), 0)
		if _, err := r.Exec(); err == nil {
			t.Error("a result too many")
		}
		_ = r.Close()
		equal(t, "twice the same", state(insert(3, 3).Close()), "23505")
		var n int
		must(t, c.QueryRow(ctx, "SELECT count(*)::int FROM things").Scan(&n))
		equal(t, mode+": kept", n, 2)
		must(t, c.SendBatch(ctx, &Batch{}).Close())
	}
}

func TestTransactions(t *testing.T) {
	c, ctx := connected(t, ""), t.Context()
	_, err := c.Exec(ctx, "CREATE TEMPORARY TABLE things (n int PRIMARY KEY)")
	must(t, err)
	add := func(n int) error { _, err := c.Exec(ctx, "INSERT INTO things VALUES ($1)", n); return err }
	must(t, c.InTx(ctx, func(*Conn) error { return add(1) }))
	sad := errors.New("sad")
	if err := c.InTx(ctx, func(*Conn) error { must(t, add(2)); return sad }); !errors.Is(err, sad) {
		t.Error(err)
	}
	if err := c.InTx(ctx, func(*Conn) error { must(t, add(3)); _ = add(3); return nil }); !errors.Is(err, errRolledBack) {
		t.Errorf("a failure that was ignored: %v", err)
	}
	var n int
	must(t, c.QueryRow(ctx, "SELECT sum(n)::int FROM things").Scan(&n))
	equal(t, "sum", n, 1)
	gone, cancel := context.WithCancel(ctx)
	if err := c.InTx(gone, func(*Conn) error { cancel(); return sad }); !errors.Is(err, sad) || !c.IsClosed() {
		t.Errorf("%v; a connection in a transaction that nobody can end is closed: %v", err, c.IsClosed())
	}
}
