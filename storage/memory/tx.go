package memory

// tx remembers how to take back what a verb did.
type tx struct{ undo []func() }

func (t *tx) rollback() {
	for i := len(t.undo) - 1; i >= 0; i-- {
		t.undo[i]()
	}
	t.undo = nil
}

func put[K comparable, V any](t *tx, m map[K]V, k K, v V) {
	old, had := m[k]
	m[k] = v
	t.undo = append(t.undo, func() {
		if had {
			m[k] = old
		} else {
			delete(m, k)
		}
	})
}

func drop[K comparable, V any](t *tx, m map[K]V, k K) {
	old, had := m[k]
	if !had {
		return
	}
	delete(m, k)
	t.undo = append(t.undo, func() { m[k] = old })
}

// set changes a plain field.
func set[V any](t *tx, p *V, v V) {
	old := *p
	*p = v
	t.undo = append(t.undo, func() { *p = old })
}

// index leads from something to the identifiers of the records that belong to it.
type index[K comparable] map[K]map[string]struct{}

func (x index[K]) add(t *tx, k K, id string) {
	if x[k] == nil {
		x[k] = make(map[string]struct{})
	}
	put(t, x[k], id, struct{}{})
}

func (x index[K]) remove(t *tx, k K, id string) {
	drop(t, x[k], id)
	if len(x[k]) == 0 {
		drop(t, x, k)
	}
}
