package config

import (
	"strings"

	"latchkey/storage/postgres"
)

// Postgres is the database of the postgres driver.
type Postgres struct {
	URL                Secret
	MaxConns           int
	Timeout, PollEvery Duration
	Migrate            bool
}

func (c *Config) storageKeys() []key {
	s, p := &c.Storage, &c.Storage.Postgres
	return []key{
		{path: "storage.driver", to: &s.Driver, def: "bolt", oneOf: []string{"bolt", "postgres", "memory"}, doc: "Where data are kept: in a file, for one process; in PostgreSQL, for any number of replicas; or in memory, gone at the end."},
		{path: "storage.bolt.path", to: &s.BoltPath, def: "/var/lib/latchkey/latchkey.db", dev: "data/latchkey.db", doc: "The file of the bolt driver."},
		{path: "storage.postgres.url", to: &p.URL, doc: "Connection string of the postgres driver, as libpq takes it: a URL, or keywords and values. Of several hosts the one that can be written to is used. docs/postgres.md has more."},
		{path: "storage.postgres.max_conns", to: &p.MaxConns, def: "0", min: "0", max: "10000", doc: "Connections of this replica for requests; it keeps three more for itself. 0 means what the connection string says (pool_max_conns), else ten."},
		{path: "storage.postgres.timeout", to: &p.Timeout, def: "1.8s", min: "100ms", max: "1m", doc: "Time for anything that a request asks of the database, the wait for a connection included. Then it gets 503."},
		{path: "storage.postgres.poll_every", to: &p.PollEvery, def: "5s", min: "100ms", max: "5m", doc: "How late this replica knows of what another changed, where the notice of it was lost."},
		{path: "storage.postgres.migrate", to: &p.Migrate, def: "true", doc: "Bring the database's tables up to date at the start. Off where the role may not: then run a process with a role that may first."},
		{path: "storage.sweep_every", to: &s.SweepEvery, def: "1m", min: "1s", max: "1d", doc: "How often expired records are removed."},
	}
}

func (c *Config) checkStorage(fault func(path, format string, args ...any)) {
	switch url := c.Storage.Postgres.URL; {
	case c.Storage.Driver == "bolt" && c.Storage.BoltPath == "":
		fault("storage.bolt.path", "is empty")
	case c.Storage.Driver == "postgres" && !url.IsSet():
		fault("storage.postgres.url", "is missing; it is the connection string, such as postgres://latchkey@db.example.com/latchkey?sslmode=verify-full")
	case c.Storage.Driver == "postgres":
		if err := postgres.CheckURL(strings.TrimSpace(url.Reveal())); err != nil {
			fault("storage.postgres.url", "%v", err)
		}
	}
}
