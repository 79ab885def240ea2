package postgres

import (
	"context"
	"slices"
	"time"

	"latchkey/storage"
)

// wanted are the limits of one call, each key once and in order, so that two calls never wait for each other's rows.
type wanted struct {
	keys []string
	// counts is how often each key is taken from; rooms is how much may have been taken before.
	counts, rooms []int64
	ends          []time.Time
}

func want(limits []storage.Limit, now time.Time) (w wanted) {
	byKey := make(map[string][]storage.Limit, len(limits))
	for _, l := range limits {
		if byKey[l.Key] == nil {
			w.keys = append(w.keys, l.Key)
		}
		byKey[l.Key] = append(byKey[l.Key], l)
	}
	slices.Sort(w.keys)
	for i, key := range w.keys {
		list := byKey[key]
		room := int64(list[0].Max) - 1
		for n, l := range list {
			room = min(room, int64(l.Max)-int64(n)-1)
		}
		w.counts = append(w.counts, int64(len(list)))
		w.rooms = append(w.rooms, room)
		w.ends = append(w.ends, now.Add(list[0].Window)) // the window begins with the first attempt
		w.keys[i] = toText(key)
	}
	return w
}

// takeAttempts takes from all or from none, in one statement. Counters that are there are locked first, in order; where one of them has no room,
// nothing is written. A counter that somebody else makes at the same moment is not seen, but met when it is to be written: then the statement fails
// as a whole, and is tried again.
const takeAttempts = `WITH want AS (
	SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::timestamptz[]) AS want (key, count, room, ends_at)
), held AS (
	SELECT key, count, ends_at FROM attempts WHERE key = ANY ($1::text[]) ORDER BY key FOR UPDATE
), live AS (
	SELECT key, count, ends_at FROM held WHERE ends_at > $5
), over AS (
	SELECT 1 FROM want LEFT JOIN live ON live.key = want.key WHERE coalesce(live.count, 0) > want.room
), took AS (
	INSERT INTO attempts AS a (key, count, ends_at) SELECT key, count, ends_at FROM want WHERE NOT EXISTS (SELECT 1 FROM over) ORDER BY key
	ON CONFLICT (key) DO UPDATE SET
		count = CASE WHEN a.ends_at > $5 AND a.count > 0 THEN a.count ELSE 0 END + excluded.count,
		ends_at = CASE WHEN a.ends_at > $5 AND a.count > 0 THEN a.ends_at ELSE excluded.ends_at END
		WHERE a.ends_at <= $5 OR a.count <= (SELECT room FROM want WHERE want.key = a.key)
	RETURNING 1
)
SELECT NOT EXISTS (SELECT 1 FROM over),
	coalesce((SELECT array_agg(key) FROM live), '{}'), coalesce((SELECT array_agg(count) FROM live), '{}'),
	coalesce((SELECT array_agg(ends_at) FROM live), '{}'),
	1 / CASE WHEN EXISTS (SELECT 1 FROM over) OR (SELECT count(*) FROM took) = (SELECT count(*) FROM want) THEN 1 ELSE 0 END`

// TakeAttempts implements [storage.Limits]. The counters are those of all replicas.
func (s *Store) TakeAttempts(ctx context.Context, limits []storage.Limit, now time.Time) (storage.Taken, error) {
	w := want(limits, now)
	var ok bool
	var keys []string
	var counts []int64
	var ends []time.Time
	var one int64
	err := s.run(ctx, "TakeAttempts", writing, step{
		sql: takeAttempts, args: []any{w.keys, w.counts, w.rooms, w.ends, now}, scan: oneRow(&ok, &keys, &counts, &ends, &one),
	})
	if err != nil || ok {
		return storage.Taken{OK: err == nil}, err
	}
	live := make(map[string]counter, len(keys))
	for i, key := range keys {
		live[fromText(key)] = counter{counts[i], ends[i]}
	}
	return refusal(limits, live, whole(now)), nil
}

type counter struct {
	count int64
	ends  time.Time
}

// refusal says which of the limits was over, as if they had been taken from in turn.
func refusal(limits []storage.Limit, live map[string]counter, now time.Time) storage.Taken {
	for i, l := range limits {
		c := live[l.Key]
		if c.count == 0 {
			c.ends = now.Add(l.Window)
		}
		if c.count >= int64(l.Max) {
			return storage.Taken{Over: i, RetryAfter: c.ends.Sub(now)}
		}
		c.count++
		live[l.Key] = c
	}
	return storage.Taken{OK: true}
}

// ReturnAttempts implements [storage.Limits]. A counter at nothing is as good as none.
func (s *Store) ReturnAttempts(ctx context.Context, limits []storage.Limit, now time.Time) error {
	w := want(limits, now)
	return s.run(ctx, "ReturnAttempts", writing, step{
		sql: `WITH want AS (
				SELECT * FROM unnest($1::text[], $2::bigint[]) AS want (key, count)
			), held AS (
				SELECT key FROM attempts WHERE key = ANY ($1::text[]) AND ends_at > $3 ORDER BY key FOR UPDATE
			) UPDATE attempts a SET count = greatest(a.count - want.count, 0) FROM want JOIN held ON held.key = want.key WHERE a.key = want.key`,
		args: []any{w.keys, w.counts, now},
	})
}

// ClearAttempts implements [storage.Limits].
func (s *Store) ClearAttempts(ctx context.Context, keys []string, _ time.Time) error {
	return s.run(ctx, "ClearAttempts", repeating, step{
		sql:  "DELETE FROM attempts WHERE key IN (SELECT key FROM attempts WHERE key = ANY ($1) ORDER BY key FOR UPDATE)",
		args: []any{toTexts(keys)},
	})
}
