// Package lease keeps leases in memory.
//
// It owns: what is behind [latchkey/storage.Leases] of drivers whose store has one process. It must not: outlive that process, since whoever held a
// lease died with it.
package lease

import (
	"sync"
	"time"
)

// Table is a set of leases. The zero value is empty and ready. It is safe for concurrent use.
type Table struct {
	mu   sync.Mutex
	held map[string]lease
}

type lease struct {
	holder string
	until  time.Time
}

// Take does what TakeLease promises.
func (t *Table) Take(name, holder string, until, now time.Time) bool {
	if name == "" || holder == "" || !until.After(now) {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if l := t.held[name]; l.until.After(now) && l.holder != holder {
		return false
	}
	if t.held == nil {
		t.held = make(map[string]lease)
	}
	t.held[name] = lease{holder, until}
	return true
}

// Release does what ReleaseLease promises.
func (t *Table) Release(name, holder string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held[name].holder == holder {
		delete(t.held, name)
	}
}
