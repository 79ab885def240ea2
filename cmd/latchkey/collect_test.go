package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"latchkey/storage"
)

// counting is a store that says how often it was counted.
type counting struct {
	storage.Store
	n   int64
	err error
}

func (c *counting) Stats(context.Context) (map[string]int64, error) {
	c.n++
	return map[string]int64{"accounts": c.n}, c.err
}

func TestRecordsOfASharedStoreAreCountedOnceAMinute(t *testing.T) {
	now, store := time.Unix(1e9, 0), &counting{}
	g := gauges{store: store, now: func() time.Time { return now }, counts: new(recordCounts), countEvery: sharedCount}
	for _, row := range []struct {
		name  string
		after time.Duration
		err   error
		want  int64
	}{
		{"first", 0, nil, 1},
		{"soon again", 59 * time.Second, nil, 1},
		{"a minute later", time.Second, nil, 2},
		{"the clock was set back", -time.Hour, nil, 3},
		{"in vain", 2 * time.Minute, errors.New("away"), 4},
		{"nothing is kept of that", 0, nil, 5},
	} {
		now, store.err = now.Add(row.after), row.err
		got, err := g.count(t.Context())
		if !errors.Is(err, row.err) || got["accounts"] != row.want {
			t.Errorf("%s: %v, %v", row.name, got, err)
		}
	}
	g.countEvery = 0
	for want := int64(6); want < 8; want++ {
		if got, _ := g.count(t.Context()); got["accounts"] != want {
			t.Errorf("a store of one process: %v, want %d", got, want)
		}
	}
}
