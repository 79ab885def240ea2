package serve

import (
	"context"
	"time"
)

// line are the requests of a priority that wait, the first come first.
type line struct {
	first, last *turn
	length      int
}

// turn is a request at the gate.
type turn struct {
	gate     *gate
	priority Priority
	since    time.Time
	next     *turn
	// patience is how long it waits at most; ready is closed when it may go on.
	patience time.Duration
	ready    chan struct{}
	state    turnState
}

type turnState int

const (
	turnWaits turnState = iota
	turnServed
	turnAway
	turnOver
)

// patience is what a request may expect to wait at most, 0 for any time, and how long it waits in the end.
func (g *gate) patience(now time.Time) (expect, wait time.Duration) {
	switch {
	case !now.Before(g.flood):
		return 0, slowWait
	case now.Before(g.rush):
		return rushWait, rushWait
	}
	return standingWait, rushWait
}

// wait waits for the turn, as long as its patience, or until ctx ends. It is false where the turn did not come: the request is refused.
func (t *turn) wait(ctx context.Context) bool {
	if t.ready == nil {
		return true
	}
	timer := time.NewTimer(t.patience)
	defer timer.Stop()
	select {
	case <-t.ready:
		// The scheduler runs at once whom another goroutine woke: one after the other would keep those waiting that nobody has looked at yet.
		t.gate.yield()
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	select {
	case <-t.ready: // at the last moment
		return true
	default:
		return !t.giveUp()
	}
}

// giveUp takes a turn that waits out of its line; false where it was served meanwhile.
func (t *turn) giveUp() bool {
	t.gate.mu.Lock()
	defer t.gate.mu.Unlock()
	if t.state != turnWaits {
		return false
	}
	t.state = turnOver
	t.gate.lines[t.priority].remove(t)
	t.gate.flooded(t.gate.now())
	return true
}

// leave ends a turn, however far it came. It may be called again.
func (t *turn) leave() {
	g := t.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	state := t.state
	t.state = turnOver
	switch state {
	case turnServed:
		g.busy--
		g.call(true)
	case turnWaits:
		g.lines[t.priority].remove(t)
	}
}

// away tells that a request waits for something that takes none of our processor's time, and lets another in meanwhile. back ends that.
func (t *turn) away() (back func()) {
	g := t.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.state != turnServed {
		return func() {}
	}
	t.state = turnAway
	g.busy--
	g.call(false)
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if t.state == turnAway {
			t.state = turnServed
			g.busy++ // above the limit, perhaps: it is half served
		}
	}
}

func (l *line) push(t *turn) {
	if l.last == nil {
		l.first = t
	} else {
		l.last.next = t
	}
	l.last = t
	l.length++
}

// remove takes a turn out, mostly the first.
func (l *line) remove(t *turn) {
	for at, before := l.first, (*turn)(nil); at != nil; at, before = at.next, at {
		if at != t {
			continue
		}
		if before == nil {
			l.first = at.next
		} else {
			before.next = at.next
		}
		if l.last == at {
			l.last = before
		}
		at.next = nil
		l.length--
		return
	}
}
