package postgres

import (
	"errors"
	"slices"
	"sync"
	"time"

	"latchkey/storage"
)

// doubts are the ends of leases that may have been taken without our hearing of it: nobody works under those, and what is leased would wait for their
// end. It knows them by that end, which nobody else's lease has: it is a time to the microsecond.
type doubts struct {
	mu   sync.Mutex
	ends []time.Time
}

// maxDoubts bounds them: while a database is away there is one at most every few seconds.
const maxDoubts = 100

// lease takes a lease until the given time, after the steps that give back those in doubt.
func (d *doubts) lease(table string, until time.Time, take func(before []step) error) error {
	d.mu.Lock()
	ends := slices.Clone(d.ends)
	d.mu.Unlock()
	var before []step
	if len(ends) > 0 {
		before = []step{{sql: "UPDATE " + table + " SET lease_until = NULL WHERE lease_until = ANY ($1::timestamptz[])", args: []any{ends}}}
	}
	err := take(before)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err == nil:
		d.ends = slices.DeleteFunc(d.ends, func(end time.Time) bool { return slices.Contains(ends, end) })
	case errors.Is(err, storage.ErrUnknown) && len(d.ends) < maxDoubts:
		d.ends = append(d.ends, until)
	}
	return err
}
