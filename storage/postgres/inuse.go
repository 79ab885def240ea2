package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// InUse says who seems to use the database now: servers that hold a lease, by their names, and how many other connections are called as ours are. It
// tells those that are alive now; nobody is kept from starting.
func (s *Store) InUse(ctx context.Context) (holders []string, connections int, err error) {
	err = s.transfer(ctx, "InUse", func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, "SELECT coalesce(array_agg(DISTINCT holder), '{}') FROM leases WHERE expires_at > now()").Scan(&holders)
		if err != nil {
			return err
		}
		nested, err := tx.Begin(ctx) // what stands in for PostgreSQL may not tell of connections
		if err != nil {
			return err
		}
		err = nested.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1",
			applicationName).Scan(&connections)
		if absent(err) {
			err = nil
		}
		if err != nil {
			return err
		}
		return nested.Rollback(ctx)
	})
	return holders, connections, err
}
