package client

import "container/list"

// lru is a map of bounded size that forgets what was asked for least recently. It has no lock of its own.
type lru[K comparable, V any] struct {
	max   int
	order *list.List
	items map[K]*list.Element
}

type lruItem[K comparable, V any] struct {
	key   K
	value V
}

func newLRU[K comparable, V any](size int) *lru[K, V] {
	return &lru[K, V]{max: size, order: list.New(), items: map[K]*list.Element{}}
}

func (l *lru[K, V]) get(key K) (v V, ok bool) {
	e, ok := l.items[key]
	if !ok {
		return v, false
	}
	l.order.MoveToFront(e)
	return e.Value.(lruItem[K, V]).value, true
}

// put stores a key that is not there.
func (l *lru[K, V]) put(key K, v V) {
	l.items[key] = l.order.PushFront(lruItem[K, V]{key, v})
	if l.order.Len() > l.max {
		last := l.order.Back()
		delete(l.items, l.order.Remove(last).(lruItem[K, V]).key)
	}
}
