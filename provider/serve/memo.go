package serve

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Memo remembers what was made for a key, such as the member of a metric for its labels. Reading it takes no lock; its keys must be few, since
// nothing leaves it. The zero value is empty.
type Memo[K comparable, V any] struct {
	mu    sync.Mutex
	known atomic.Pointer[map[K]V]
}

// Get returns what belongs to key, and makes it where it is asked for the first time.
func (m *Memo[K, V]) Get(key K, make func(K) V) V {
	if known := m.known.Load(); known != nil {
		if v, ok := (*known)[key]; ok {
			return v
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	next := map[K]V{}
	if known := m.known.Load(); known != nil {
		if v, ok := (*known)[key]; ok {
			return v
		}
		next = maps.Clone(*known)
	}
	v := make(key)
	next[key] = v
	m.known.Store(&next)
	return v
}
