package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"latchkey/storage/postgres/wire"
)

const (
	// longTimeout bounds verbs that are no request's.
	longTimeout = 30 * time.Second
	// sweepBatch bounds how many rows one statement removes, and so how long it keeps anybody waiting.
	sweepBatch = 250
	// maxCounters is how many counters of attempts are kept: of more, the largest class forgets its oldest.
	maxCounters = 1 << 20
	// countedTo is up to where records are counted one by one for metrics. Beyond, the database's own estimate does.
	countedTo = 100_000
)

// longer gives the statements after it the time of longTimeout.
func longer() step {
	return step{sql: fmt.Sprintf("SELECT set_config('statement_timeout', '%d', true)", longTimeout.Milliseconds())}
}

// sweeper removes what has expired from one table.
type sweeper struct{ table, key, expires string }

// sql is its statement. What is to go is chosen apart: a subquery in the condition may be run once for each row, and choose others each time.
func (w sweeper) sql() string {
	return fmt.Sprintf("WITH due AS (SELECT %[2]s FROM %[1]s WHERE %[3]s <= $1 ORDER BY %[3]s LIMIT $2 FOR UPDATE SKIP LOCKED) "+
		"DELETE FROM %[1]s WHERE (%[2]s) IN (SELECT %[2]s FROM due)", w.table, w.key, w.expires)
}

// sweepers are all tables whose rows can be removed without regard to others. Clients have more to them.
func sweepers() []sweeper {
	return []sweeper{
		{"sessions", "sid", "expires_at"},
		{"grants", "id", "swept_at"},
		{"one_time_tokens", "purpose, hash", "expires_at"},
		{"account_events", "account_id, id", "expires_at"},
		{"outbox", "id", "expires_at"},
		{"denials", "jti", "expires_at"},
		{"replays", "key", "expires_at"},
		{"devices", "code_hash", "expires_at"},
		{"pushed_requests", "id", "expires_at"},
		{"registration_tokens", "id", "expires_at"},
		{"notices", "sid, client_id", "ended_at"},
		{"attempts", "key", "ends_at"},
		{table: "clients"},
	}
}

// Sweep implements [storage.Upkeep]. Every table gets its turn, a batch at a time, and the next call goes on where this one ends: where one is full
// of what has expired, the others are swept all the same. Rows that somebody else holds are left for the next time.
func (s *Store) Sweep(ctx context.Context, limit int, now time.Time) (total int, err error) {
	list := sweepers()
	if err := s.boundCounters(ctx); err != nil {
		return 0, err
	}
	for len(list) > 0 && total < limit {
		turn := int(s.sweepTurn.Add(1)) % len(list)
		want := min(limit-total, sweepBatch)
		n, err := s.sweepTable(ctx, list[turn], want, now)
		if total += n; err != nil {
			return total, err
		}
		if n < want {
			list = slices.Delete(list, turn, turn+1)
		}
	}
	return total, nil
}

func (s *Store) sweepTable(ctx context.Context, w sweeper, limit int, now time.Time) (int, error) {
	if w.table == "clients" {
		return s.sweepClients(ctx, limit, now)
	}
	before := now
	if w.table == "notices" {
		before = kept(now)
	}
	var n int64
	err := s.runWithin(ctx, longTimeout, "Sweep", repeating, longer(), step{
		sql: w.sql(), args: []any{before, limit}, affected: &n,
	})
	return int(n), err
}

// sweepClients removes clients that nobody used for too long, with all that goes with them. Where there are none it raises no revision.
func (s *Store) sweepClients(ctx context.Context, limit int, now time.Time) (int, error) {
	const expired = "SELECT id FROM clients WHERE expires_at <= $2 ORDER BY expires_at, id LIMIT $1"
	var found bool
	if err := s.run(ctx, "Sweep", reading, step{
		sql: "SELECT EXISTS (" + expired + ")", args: []any{limit, now}, scan: oneRow(&found),
	}); err != nil || !found {
		return 0, err
	}
	var n int64
	steps := append([]step{longer()}, s.changeClients("")...)
	err := s.runWithin(ctx, longTimeout, "Sweep", repeating, append(steps, removeClients(expired, &n, limit, now)...)...)
	return int(n), err
}

// boundCounters makes room where strangers made more counters than are kept: a flood of them must not fill the disk, nor wash away those of failed
// sign-ins, so it is the largest class (the key up to its first colon) that forgets.
func (s *Store) boundCounters(ctx context.Context) error {
	var n int64
	if err := s.runWithin(ctx, longTimeout, "Sweep", reading, longer(),
		number(&n, "SELECT count(*) FROM (SELECT 1 FROM attempts LIMIT $1) AS counted", maxCounters+sweepBatch)); err != nil || n <= maxCounters {
		return err
	}
	return s.runWithin(ctx, longTimeout, "Sweep", repeating, longer(), step{
		sql: `WITH due AS (
			SELECT key FROM attempts WHERE split_part(key, ':', 1) = (
				SELECT split_part(key, ':', 1) FROM attempts GROUP BY 1 ORDER BY count(*) DESC LIMIT 1
			) ORDER BY ends_at LIMIT greatest((SELECT count(*) FROM attempts) - $1, 0) FOR UPDATE SKIP LOCKED
		) DELETE FROM attempts WHERE key IN (SELECT key FROM due)`,
		args: []any{maxCounters},
	})
}

// counted are the tables that Stats counts, by their name there.
func counted() map[string]string {
	return map[string]string{
		"accounts": "accounts", "files": "files", "sessions": "sessions", "grants": "grants", "onetimes": "one_time_tokens", "consents": "consents",
		"passkeys": "passkeys", "events": "account_events",
		"denials": "denials", "outbox": "outbox", "clients": "clients", "devices": "devices", "pushed_requests": "pushed_requests",
		"replays": "replays", "registration_tokens": "registration_tokens", "notices": "notices",
	}
}

// Stats implements [storage.Upkeep]. It counts up to 100,000 records of a kind; of more it tells the database's estimate.
func (s *Store) Stats(ctx context.Context) (map[string]int64, error) {
	var parts []string
	for name, table := range counted() {
		parts = append(parts, fmt.Sprintf(
			"SELECT '%s', count(*), (SELECT reltuples::bigint FROM pg_class WHERE oid = '%s'::regclass) FROM (SELECT 1 FROM %s LIMIT %d) AS counted",
			name, table, table, countedTo+1))
	}
	slices.Sort(parts)
	stats := make(map[string]int64)
	err := s.runWithin(ctx, longTimeout, "Stats", reading, longer(), step{
		sql: strings.Join(parts, " UNION ALL "),
		scan: func(rows *wire.Rows) error {
			for rows.Next() {
				var name string
				var n, estimate int64
				if err := rows.Scan(&name, &n, &estimate); err != nil {
					return err
				}
				if stats[name] = n; n > countedTo {
					stats[name] = max(n, estimate)
				}
			}
			return rows.Err()
		},
	})
	if err != nil {
		return nil, err
	}
	var size int64
	err = s.runWithin(ctx, longTimeout, "Stats", reading, longer(), number(&size, "SELECT pg_database_size(current_database())"))
	if err == nil {
		stats["bytes"] = size
	} else if !absent(err) {
		return nil, err
	}
	return stats, nil
}
