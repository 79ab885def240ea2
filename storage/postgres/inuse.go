package postgres

import (
	"context"

	"latchkey/storage/postgres/wire"
)

// InUse says who seems to use the database now: servers that hold a lease, by their names, and how many other connections are called as ours are. It
// tells those that are alive now; nobody is kept from starting.
func (s *Store) InUse(ctx context.Context) (holders []string, connections int, err error) {
	err = s.transfer(ctx, "InUse", func(tx *wire.Conn) error {
		err := tx.QueryRow(ctx, "SELECT coalesce(array_agg(DISTINCT holder), '{}') FROM leases WHERE expires_at > now()").Scan(&holders)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "SAVEPOINT before"); err != nil { // what stands in for PostgreSQL may not tell of connections
			return err
		}
		err = tx.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1",
			applicationName).Scan(&connections)
		if absent(err) {
			err = nil
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "ROLLBACK TO SAVEPOINT before")
		return err
	})
	return holders, connections, err
}
