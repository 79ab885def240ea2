package counter

import (
	"container/list"
	"strings"
	"sync"
	"time"

	"latchkey/storage"
)

// DefaultMax is how many counters a [Table] holds unless told otherwise: about 40 MB when full.
const DefaultMax = 1 << 17

// Table is a set of counters. When it is full, the class (the key up to its first colon) with the most counters forgets the one whose
// window began first: a flood of counters that cost the sender nothing must not wash away those of failed sign-ins. It is safe for
// concurrent use.
type Table struct {
	mu    sync.Mutex
	max   int
	byKey map[string]*list.Element
	// ages holds the counters of each class in order of creation, which is the order in which their windows began.
	ages map[string]*list.List
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
	return &Table{max: max, byKey: make(map[string]*list.Element), ages: make(map[string]*list.List)}
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
	largest := ""
	for class, age := range t.ages {
		for e := age.Front(); e != nil && !e.Value.(*window).ends.After(now); e = age.Front() {
			t.forget(e)
		}
		if n := t.ages[largest]; n == nil || n.Len() < age.Len() {
			largest = class
		}
	}
	for len(t.byKey) >= t.max {
		t.forget(t.ages[largest].Front())
	}
	w := &window{key: l.Key, ends: now.Add(l.Window)}
	age := t.ages[classOf(l.Key)]
	if age == nil {
		age = list.New()
		t.ages[classOf(l.Key)] = age
	}
	t.byKey[l.Key] = age.PushBack(w)
	return w
}

func (t *Table) forget(e *list.Element) {
	if e == nil {
		return
	}
	key := e.Value.(*window).key
	delete(t.byKey, key)
	age := t.ages[classOf(key)]
	if age.Remove(e); age.Len() == 0 {
		delete(t.ages, classOf(key)) // nothing of a class stays behind
	}
}

func classOf(key string) string {
	class, _, found := strings.Cut(key, ":")
	if !found {
		return ""
	}
	return class
}
