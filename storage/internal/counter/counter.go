package counter

import (
	"container/list"
	"sync"
	"time"

	"latchkey/storage"
)

// DefaultMax is how many counters a [Table] holds unless told otherwise: about 40 MB when full.
const DefaultMax = 1 << 17

// Table is a set of counters. When it is full, the counter whose window began first is forgotten. It is safe for concurrent use.
type Table struct {
	mu    sync.Mutex
	max   int
	byKey map[string]*list.Element
	// age holds the counters in order of creation, which is the order in which their windows began.
	age *list.List
}

type window struct {
	key   string
	count int
	ends  time.Time
}

// New returns a table of at most max counters; [DefaultMax] where max is below 1.
func New(max int) *Table {
	if max < 1 {
		max = DefaultMax
	}
	return &Table{max: max, byKey: make(map[string]*list.Element), age: list.New()}
}

// Take does what [storage.Limits.TakeAttempts] promises.
func (t *Table) Take(limits []storage.Limit, now time.Time) storage.Taken {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, l := range limits {
		w := t.live(l.Key, now)
		if l.Max < 1 || w != nil && w.count >= l.Max {
			wait := l.Window
			if w != nil {
				wait = w.ends.Sub(now)
			}
			// A key may stand in several limits, so attempts are taken in turn and given back on refusal.
			t.giveBack(limits[:i], now)
			return storage.Taken{Over: i, RetryAfter: wait}
		}
		if w == nil {
			w = t.start(l, now)
		}
		w.count++
	}
	return storage.Taken{OK: true}
}

// Return does what [storage.Limits.ReturnAttempts] promises.
func (t *Table) Return(limits []storage.Limit, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.giveBack(limits, now)
}

// Clear forgets the counters of these keys.
func (t *Table) Clear(keys []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range keys {
		t.forget(t.byKey[k])
	}
}

// Len says how many counters there are.
func (t *Table) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.byKey)
}

func (t *Table) giveBack(limits []storage.Limit, now time.Time) {
	for _, l := range limits {
		w := t.live(l.Key, now)
		if w == nil {
			continue
		}
		if w.count--; w.count <= 0 {
			t.forget(t.byKey[l.Key])
		}
	}
}

// live returns the counter of a window that has not ended, or nil.
func (t *Table) live(key string, now time.Time) *window {
	e := t.byKey[key]
	if e == nil {
		return nil
	}
	if w := e.Value.(*window); w.ends.After(now) {
		return w
	}
	t.forget(e)
	return nil
}

func (t *Table) start(l storage.Limit, now time.Time) *window {
	for e := t.age.Front(); e != nil; e = t.age.Front() {
		if e.Value.(*window).ends.After(now) && len(t.byKey) < t.max {
			break
		}
		t.forget(e)
	}
	w := &window{key: l.Key, ends: now.Add(l.Window)}
	t.byKey[l.Key] = t.age.PushBack(w)
	return w
}

func (t *Table) forget(e *list.Element) {
	if e == nil {
		return
	}
	delete(t.byKey, e.Value.(*window).key)
	t.age.Remove(e)
}
