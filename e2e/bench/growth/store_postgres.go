package growth

import (
	"fmt"
	"strings"

	"latchkey/storage/postgres/pgtest"
)

// spread are the columns in which a row differs from the one that it is a copy of, as SQL of its number n, which begins at 1.
type spread map[string]string

// multiply makes many rows of the one that a table has, in the database itself: a statement for each would take hours. Indexes are made afterwards, and the
// first row goes. exec runs statements of one connection.
func multiply(url string, exec func(sql string) error, table string, rows int, differs spread, after ...string) error {
	ask := func(what, from string) (list string, err error) {
		return pgtest.Ask[string](url, "SELECT coalesce(string_agg("+what+", ';'), '') FROM "+from, table)
	}
	const indexes = "pg_indexes WHERE tablename = $1 AND indexname NOT IN (SELECT conname FROM pg_constraint)"
	made, err := ask("indexdef", indexes)
	if err != nil {
		return err
	}
	dropped, err := ask("'DROP INDEX ' || indexname", indexes)
	if err != nil {
		return err
	}
	columns, err := ask("column_name", "information_schema.columns WHERE table_name = $1 AND is_generated = 'NEVER'")
	if err != nil {
		return err
	}
	names := strings.Split(columns, ";")
	values := make([]string, len(names))
	for i, name := range names {
		if values[i] = differs[name]; values[i] == "" {
			values[i] = "one." + name
		}
	}
	return exec(strings.Join(append([]string{
		"SET synchronous_commit = off", "SET session_replication_role = replica" /* keys that refer to others are right */, dropped,
		"CREATE TEMPORARY TABLE one AS SELECT * FROM " + table, "DELETE FROM " + table,
		fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM one, generate_series(1, %d) AS n", table, strings.Join(names, ", "), strings.Join(values, ", "), rows),
		made, "ANALYZE " + table,
	}, after...), ";"))
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
