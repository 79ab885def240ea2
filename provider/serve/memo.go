package serve

import (
	"maps"
	"sync"
	"sync/atomic"
)

// memo remembers what was made for a key. Reading it takes no lock; its keys are few, since nothing leaves it.
type memo[K comparable, V any] struct {
	mu    sync.Mutex
	known atomic.Pointer[map[K]V]
}

// get returns what belongs to key, and makes it where it is asked for the first time.
func (m *memo[K, V]) get(key K, make func(K) V) V {
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
