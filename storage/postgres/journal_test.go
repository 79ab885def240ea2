package postgres

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/storage"
	"latchkey/storage/postgres/wire"
)

// journal writes keys until it is stopped, and remembers which were acknowledged.
type journal struct {
	mu    sync.Mutex
	acked []string
	next  atomic.Int64
	stop  chan struct{}
	wg    sync.WaitGroup
}

func keep(t *testing.T, s *Store, writers int) *journal {
	j := &journal{stop: make(chan struct{})}
	for range writers {
		j.wg.Go(func() {
			for {
				select {
				case <-j.stop:
					return
				default:
				}
				key := fmt.Sprint("journal", j.next.Add(1))
				err := spend(s, key)
				switch {
				case err == nil:
					j.mu.Lock()
					j.acked = append(j.acked, key)
					j.mu.Unlock()
				case !errors.Is(err, storage.ErrUnavailable) && !errors.Is(err, storage.ErrUnknown):
					t.Errorf("a write: %v", err)
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	return j
}

func (j *journal) count() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.acked)
}

// moves waits until more was acknowledged.
func (j *journal) moves(t *testing.T, limit time.Duration) {
	t.Helper()
	before := j.count()
	for start := time.Now(); j.count() < before+20; time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > limit {
			t.Fatalf("no writes for %v", limit)
		}
	}
}

// check ends the writing, and looks for what was acknowledged and is lost.
func (j *journal) check(t *testing.T, s *Store) {
	t.Helper()
	close(j.stop)
	j.wg.Wait()
	there := make(map[string]bool)
	must(t, s.run(t.Context(), "check", reading, step{sql: "SELECT key FROM replays", scan: func(rows *wire.Rows) error {
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil {
				return err
			}
			there[key] = true
		}
		return rows.Err()
	}}))
	for _, key := range j.acked {
		if !there[key] {
			t.Errorf("%s was acknowledged, and is lost", key)
		}
	}
	t.Logf("%d acknowledged", len(j.acked))
}
