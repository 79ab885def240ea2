package operations

import (
	"fmt"
	"testing"
	"time"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/harness"
	"latchkey/storage/postgres/pgtest"
)

// database is a PostgreSQL that is as durable as one in production, on the server's core, and counts statements.
type database struct {
	*pgtest.Server
	url    string
	leader int // the process that started all others
}

func startDatabase(r *rig.Rig) (*database, error) {
	d := &database{}
	err := rig.OnServerCore(func() {
		d.Server, d.url = harness.Postgres(r.T, "fsync=on", "full_page_writes=on", "synchronous_commit=on", "shared_buffers=256MB",
			"shared_preload_libraries='pg_stat_statements'", "pg_stat_statements.track_utility=on", "compute_query_id=on")
	})
	if err != nil {
		return nil, err
	}
	if err := d.Exec("postgres", "CREATE EXTENSION pg_stat_statements"); err != nil {
		return nil, err
	}
	d.leader, err = rig.Parent(harness.Ask[int](r.T, d.url, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"))
	return d, err
}

// cpu is what all processes that are there have used so far.
func (d *database) cpu() time.Duration { return rig.CPUOf(append(rig.Children(d.leader), d.leader)...) }

// reset forgets what was counted.
func (d *database) reset() error { return d.Exec("postgres", "SELECT pg_stat_statements_reset()") }

// calls is how many statements were executed since then, BEGIN and COMMIT included, of those kinds that were executed at least so often: what the server
// asks by itself now and then is no part of a request.
func (d *database) calls(t testing.TB, least int) int64 {
	return harness.Ask[int64](t, d.url, "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements WHERE calls >= $1 AND query NOT LIKE '%pg_stat_statements%'", least)
}

// onPostgres is what each operation costs on PostgreSQL: statements, processor time of the server and of the database, and errors.
func onPostgres(r *rig.Rig) (rows []report.Row, err error) {
	d, err := startDatabase(r)
	if err != nil {
		return nil, err
	}
	i := start(r, map[string]any{"storage.driver": "postgres", "storage.postgres.url": d.url, "storage.postgres.max_conns": 16})
	r.Beside = d.cpu
	defer func() { r.Beside = nil }()
	for _, e := range i.entries() {
		got, err := r.Turns(e.take(connections))
		if err != nil {
			return rows, fmt.Errorf("%s on PostgreSQL: %w", e.name, err)
		}
		row := rig.Plain(e.name+", PostgreSQL", got[0])
		row.Note = fmt.Sprintf("and %s µs CPU of the database", report.Number(rig.MedianOf(got[0], load.Sample.BesidePerRequest)))
		rows = append(rows, row)
	}
	more, err := i.statements(d)
	if err != nil {
		return rows, err
	}
	rows = append(rows, more...)
	more, err = i.crowd("PostgreSQL")
	return append(rows, more...), err
}

// statements counts what each operation asks of the database.
func (i *issuer) statements(d *database) (rows []report.Row, err error) {
	requests := 400
	if i.r.Smoke {
		requests = 20
	}
	count := func(name string, bound float64, src load.Source) {
		if err != nil {
			return
		}
		c := load.New(4, 0)
		defer c.Close()
		if err = d.reset(); err != nil {
			return
		}
		s := c.Closed(&some{Source: src, left: requests}, 5*time.Minute)
		if err = i.r.Whole(s); err != nil {
			err = fmt.Errorf("%s on PostgreSQL: %w", name, err)
			return
		}
		row := report.Row{Name: "statements, PostgreSQL: " + name, Unit: "statements", Ours: float64(d.calls(i.r.T, s.Requests/8)) / float64(s.Requests)}
		if bound > 0 {
			row = row.Most(bound)
		}
		i.r.Say("%-50s %8.2f statements", name, row.Ours)
		rows = append(rows, row)
	}
	a := i.authorizing(requests)
	count("authorize, signed in", 0, a)
	count("code exchange", 2, i.exchanging(a.codes))
	count("refresh", 2, i.chains)
	count("introspection", 0, i.about(i.Issuer, "/introspect", i.bearer, false))
	count("userinfo", 0, i.about(i.Issuer, "/userinfo", i.bearer, false))
	count("client_credentials", 0, machine(i.Issuer, harness.MachineID))
	count("sign-in", 0, i.signingIn())
	return rows, err
}
