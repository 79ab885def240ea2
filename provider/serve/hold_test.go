package serve

import (
	"context"
	"testing"
	"time"

	"latchkey/provider/pace"
)

// A few are refused at once; from then on there is one in the time in which ten are served, however many come, and nobody waits for
// his for ever.
func TestGateHoldsRefusals(t *testing.T) {
	r := newGateRig(1, 512)
	r.each = time.Millisecond
	for i := range fewRefusals {
		if wait := r.due(1024); wait != 0 {
			t.Fatalf("the %d. waits %v", i, wait)
		}
	}
	for i := range 10 {
		if wait, want := r.due(1024), time.Duration(i+1)*10*time.Millisecond; wait != want {
			t.Errorf("the %d. further one waits %v, want %v", i, wait, want)
		}
	}
	for range 1000 {
		r.due(1024)
	}
	if wait := r.due(1024); wait != pace.Longest {
		t.Errorf("one of very many waits %v", wait)
	}
	if r.refusals.Held != 1011 {
		t.Errorf("%d are held", r.refusals.Held)
	}
	for range 100 {
		r.due(1024)
	}
	if wait := r.due(1024); wait != 0 || r.refusals.Held != 1024 {
		t.Errorf("of %d that are held another one waits %v", r.refusals.Held, wait)
	}
	r.refusals.Held = 0
	r.clock = r.clock.Add(2 * pace.Longest)
	if wait := r.due(1024); wait != 0 {
		t.Errorf("after a while the first waits %v", wait)
	}
	for range fewRefusals {
		r.due(1024)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	before := r.refusals.Held
	r.hold(ctx, 1024)
	if r.refusals.Held != before {
		t.Errorf("%d are held for ever", r.refusals.Held-before)
	}
}

// Where connections are short nobody is held: those who come must find one.
func TestConnectionsSpare(t *testing.T) {
	c := NewConnections(8)
	for n, want := range []int{8, 8, 8, 8, 8, 8, 8, 0, 0} {
		if got := c.spare(); got != want {
			t.Errorf("with %d of 8: %d, want %d", n, got, want)
		}
		if n < 8 {
			c.slots <- struct{}{}
		}
	}
}
