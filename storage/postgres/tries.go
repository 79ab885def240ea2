package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"latchkey/storage"
)

// tries is what was tried of a verb so far.
type tries struct {
	mode                  mode
	serial, stale, broken int
	// clearing: something was in the way, so what has expired is removed first.
	clearing bool
	// doubt: a try may have happened.
	doubt bool
}

const (
	maxSerial    = 10
	firstBackoff = 4 * time.Millisecond
	maxBackoff   = 100 * time.Millisecond
)

func (t *tries) todo(steps []step) []step {
	todo := make([]step, 0, len(steps))
	for _, p := range steps {
		if t.clearing || !p.clears {
			todo = append(todo, p)
		}
	}
	t.clearing = t.clearing || len(todo) == len(steps) // nothing is left out: nothing more can be done
	return todo
}

// again says whether the same may be tried again, and after what time.
func (t *tries) again(fail *failure) (wait time.Duration, again bool) {
	switch c := fail.class; {
	case c == classSerial, c == classGuard && fail.step != nil && fail.step.means == nil:
		t.serial++
		backoff := min(firstBackoff<<t.serial, maxBackoff)
		return backoff/2 + rand.N(backoff), t.serial <= maxSerial //nolint:gosec // jitter is no secret
	case c == classTaken && !t.clearing:
		t.clearing = true
		return 0, true
	case c == classStale:
		t.stale++
		return 0, t.stale <= 2
	case c == classMoved, c == classBroken && fail.sent:
		t.doubt = t.doubt || c == classBroken && t.mode != reading
		t.broken++
		return 0, t.broken <= 1 && (c == classMoved || t.mode != writing)
	}
	return 0, false
}

// outcome is what callers are told.
func (t *tries) outcome(fail *failure) error {
	switch c := fail.class; {
	case t.doubt:
		return fmt.Errorf("%w: %w", storage.ErrUnknown, fail.error)
	case c == classGuard && fail.step != nil && fail.step.means != nil:
		return fail.step.means
	case c == classGuard, c == classSerial, c == classStale, c == classMoved, c == classBusy, c == classBroken:
		return fmt.Errorf("%w: %w", storage.ErrUnavailable, fail.error)
	}
	if known := constraintError(fail.class, fail.error); known != nil {
		return known
	}
	return fail.error
}

// pause waits, unless that is longer than there is time.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
