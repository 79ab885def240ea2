package growth

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// spread are the columns in which a row differs from the one that it is a copy of, as SQL of its number n, which begins at 1.
type spread map[string]string

// multiply makes many rows of the one that a table has, in the database itself: a statement for each would take hours. Indexes are made afterwards, and the
// first row goes.
func multiply(ctx context.Context, url, table string, rows int, differs spread, after ...string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // it is done
	names, err := column(ctx, conn, "SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position", table)
	if err != nil {
		return err
	}
	indexes, err := column(ctx, conn, "SELECT indexdef FROM pg_indexes WHERE tablename = $1 AND indexname NOT IN (SELECT conname FROM pg_constraint)", table)
	if err != nil {
		return err
	}
	dropped, err := column(ctx, conn, "SELECT 'DROP INDEX ' || indexname FROM pg_indexes WHERE tablename = $1 AND indexname NOT IN (SELECT conname FROM pg_constraint)", table)
	if err != nil {
		return err
	}
	values := make([]string, len(names))
	for i, name := range names {
		if values[i] = differs[name]; values[i] == "" {
			values[i] = "one." + name
		}
	}
	statements := append([]string{"SET synchronous_commit = off", "SET session_replication_role = replica" /* keys that refer to others are right */}, dropped...)
	statements = append(statements, fmt.Sprintf("CREATE TEMPORARY TABLE one AS SELECT * FROM %s", table), "DELETE FROM "+table)
	const part = 500_000
	for from := 1; from <= rows; from += part {
		statements = append(statements, fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM one, generate_series(%d, %d) AS n", table, strings.Join(names, ", "), strings.Join(values, ", "),
			from, min(from+part-1, rows)))
	}
	statements = append(append(append(statements, indexes...), "ANALYZE "+table, "CHECKPOINT"), after...)
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%.60s: %w", sql, err)
		}
	}
	return nil
}

func column(ctx context.Context, conn *pgx.Conn, sql, table string) ([]string, error) {
	rows, err := conn.Query(ctx, sql, table)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// peopled and granted are how people and grants differ.
func peopled() spread {
	name := "'person_' || (n - 1)"
	return spread{"id": "n", "sub": "md5(n::text)::uuid::text", "username": name, "username_key": name, "email": name + " || '@example.test'", "email_key": name + " || '@example.test'"}
}

func granted(n size) spread {
	hash := func(salt string, length int) string {
		return fmt.Sprintf("left(translate(encode(sha256(('%s' || n)::bytea), 'base64'), '+/=', '-_'), %d)", salt, length)
	}
	later := fmt.Sprintf("n * interval '%d microseconds'", 86_400_000_000/n.grants)
	made := "one.created_at + " + later
	// as token.NewGrantID makes them
	id := "translate(encode(substring(int8send((1000 * extract(epoch FROM " + made + "))::bigint) FROM 3), 'base64'), '+/', '-_') || " + hash("id", 14)
	return spread{"id": id, "code_hash": hash("code", 43), "nonce": hash("nonce", 20), "code_challenge": hash("pkce", 43), "account_id": fmt.Sprintf("n %% %d + 1", n.people),
		"auth_time": made, "created_at": made, "expires_at": "one.expires_at + " + later}
}
