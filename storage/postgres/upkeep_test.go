package postgres

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/storage"
	"latchkey/storage/postgres/wire"
)

// Where one table is full of what has expired, the others are swept all the same.
func TestSweepTakesTurns(t *testing.T) {
	url := migrated(t)
	s := openAt(t, Options{URL: url})
	got(s.CreateAccount(t.Context(), storage.Account{Sub: "a"}, storage.Effects{}, at(0)))(t)
	sql(t, url, `INSERT INTO sessions (sid, account_id, created_at, last_seen_at, expires_at)
		SELECT n::text, 1, now(), now(), now() FROM generate_series(1, 20000) n`)
	sql(t, url, "INSERT INTO replays (key, expires_at) SELECT n::text, now() FROM generate_series(1, 300) n")
	total := 0
	for one[int64](t, url, "SELECT count(*) FROM replays") > 0 {
		n := got(s.Sweep(t.Context(), 1000, at(0)))(t)
		if n != 1000 && total < 20300-1000 {
			t.Fatalf("swept %d, want the limit", n)
		}
		if total += n; total > 10000 {
			t.Fatal("the smaller table waits for the larger")
		}
	}
}

// The statements that sweep find their rows by an index, however many there are.
func TestSweepUsesIndexes(t *testing.T) {
	url := migrated(t)
	s := openAt(t, Options{URL: url})
	sql(t, url, `INSERT INTO replays (key, expires_at) SELECT n::text, now() + n * interval '1 second' FROM generate_series(1, 50000) n;
		INSERT INTO notices (sid, client_id, account_id, sub, ended_at, not_before)
			SELECT n::text, 'app', 1, 'a', now() + n * interval '1 second', now() FROM generate_series(1, 50000) n;
		ANALYZE replays, notices`)
	for _, w := range sweepers() {
		if w.table != "replays" && w.table != "notices" {
			continue
		}
		var plan []string
		must(t, s.run(t.Context(), "explain", reading, step{sql: "EXPLAIN " + w.sql(), args: []any{time.Now(), sweepBatch}, scan: func(rows *wire.Rows) error {
			for rows.Next() {
				var line string
				if err := rows.Scan(&line); err != nil {
					return err
				}
				plan = append(plan, line)
			}
			return rows.Err()
		}}))
		if all := strings.Join(plan, "\n"); strings.Contains(all, "Seq Scan") {
			t.Errorf("a scan of the whole table:\n%s", all)
		}
	}
}

// However the database goes about it, no more is removed than was asked for.
func TestSweepMindsItsLimit(t *testing.T) {
	url := migrated(t)
	s := openAt(t, Options{URL: url + "&enable_hashjoin=off&enable_mergejoin=off&enable_hashagg=off&enable_sort=off&enable_material=off&enable_indexscan=off&enable_bitmapscan=off"})
	sql(t, url, "INSERT INTO replays (key, expires_at) SELECT n::text, now() FROM generate_series(1, 300) n; ANALYZE replays")
	for range 3 {
		equal(t, "swept", got(s.Sweep(t.Context(), 10, time.Now().Add(time.Minute)))(t), 10)
	}
	equal(t, "left", one[int64](t, url, "SELECT count(*) FROM replays"), 270)
}

// Rows that somebody holds are left for the next time: sweeping waits for nobody.
func TestSweepWaitsForNobody(t *testing.T) {
	url := migrated(t)
	s := openAt(t, Options{URL: url})
	for i := range 3 {
		must(t, spend(s, fmt.Sprint(i)))
	}
	release := hold(t, url, "SELECT FROM replays WHERE key = '1' FOR UPDATE")
	defer release()
	err := within(t, answers, "sweep", func() error {
		equal(t, "swept", got(s.Sweep(t.Context(), 10, at(time.Hour)))(t), 2)
		return nil
	})
	must(t, err)
	release()
	equal(t, "then the rest", got(s.Sweep(t.Context(), 10, at(time.Hour)))(t), 1)
}

func TestCountersAreSweptAndBounded(t *testing.T) {
	url := migrated(t)
	s := openAt(t, Options{URL: url})
	ctx := t.Context()
	limit := []storage.Limit{{Key: "signin:victim", Max: 1, Window: time.Minute}}
	equal(t, "taken", got(s.TakeAttempts(ctx, limit, at(0)))(t).OK, true)
	equal(t, "while its window lasts", got(s.Sweep(ctx, 10, at(time.Minute-time.Microsecond)))(t), 0)
	// A flood of another class: room is made among its own.
	sql(t, url, fmt.Sprintf("INSERT INTO attempts (key, count, ends_at) SELECT 'flood:' || n, 1, '2031-05-07'::timestamptz + n * interval '1 second' FROM generate_series(1, %d) n", maxCounters+50))
	must(t, s.boundCounters(ctx))
	equal(t, "counters", one[int64](t, url, "SELECT count(*) FROM attempts"), maxCounters)
	equal(t, "the oldest of the flood", one[int64](t, url, "SELECT count(*) FROM attempts WHERE key IN ('flood:1', 'flood:51')"), 0)
	equal(t, "the victim's", got(s.TakeAttempts(ctx, limit, at(0)))(t).OK, false)
	sql(t, url, "DELETE FROM attempts WHERE key LIKE 'flood:%'")
	equal(t, "when it has ended", got(s.Sweep(ctx, 10, at(time.Minute)))(t), 1)
}

// Counters are shared by replicas, at once.
func TestCountersAreShared(t *testing.T) {
	url := migrated(t)
	a, b := openAt(t, Options{URL: url}), openAt(t, Options{URL: url})
	limits := []storage.Limit{{Key: "x:1", Max: 3, Window: time.Minute}, {Key: "y:1", Max: 2, Window: time.Hour}, {Key: "x:1", Max: 9, Window: time.Minute}}
	equal(t, "the key that stands twice counts twice", got(a.TakeAttempts(t.Context(), limits, at(0)))(t), storage.Taken{OK: true})
	equal(t, "third of three", got(b.TakeAttempts(t.Context(), limits[:2], at(0)))(t), storage.Taken{OK: true})
	equal(t, "both over: the first counts", got(b.TakeAttempts(t.Context(), limits, at(time.Second)))(t), storage.Taken{RetryAfter: 59 * time.Second})
	must(t, a.ReturnAttempts(t.Context(), limits[:1], at(0)))
	equal(t, "second over", got(b.TakeAttempts(t.Context(), limits, at(time.Second)))(t), storage.Taken{Over: 1, RetryAfter: time.Hour - time.Second})
	equal(t, "no budget", got(a.TakeAttempts(t.Context(), []storage.Limit{{Key: "z", Window: time.Minute}}, at(0)))(t), storage.Taken{RetryAfter: time.Minute})
}

// Of very many records, the database's estimate is told: counting them all would take longer than anybody reads metrics.
func TestStatsEstimates(t *testing.T) {
	url := migrated(t)
	s := openAt(t, Options{URL: url})
	const n = countedTo * 2
	sql(t, url, fmt.Sprintf("INSERT INTO replays (key, expires_at) SELECT n::text, now() FROM generate_series(1, %d) n; ANALYZE replays", n))
	stats := got(s.Stats(t.Context()))(t)
	if have := stats["replays"]; have < n*9/10 || have > n*11/10 {
		t.Errorf("%d replays, want about %d", have, n)
	}
	if stats["bytes"] < 1<<20 {
		t.Errorf("%d bytes", stats["bytes"])
	}
}
