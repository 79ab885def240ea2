package pace

import (
	"testing"
	"time"
)

// A few are refused at once, then one each gap, however many come; nobody waits for longer than Longest, and no more than most wait.
func TestRefusals(t *testing.T) {
	const few, most, gap = 8, 1100, time.Millisecond
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var r Refusals
	due := func() time.Duration { return r.Due(now, gap, few, most) }
	for i := range few {
		if wait := due(); wait != 0 || r.Held != 0 {
			t.Fatalf("the %d. waits %v, %d are held", i, wait, r.Held)
		}
	}
	for i := range 10 {
		if wait, want := due(), time.Duration(i+1)*gap; wait != want || r.Held != i+1 {
			t.Errorf("the %d. further one waits %v, want %v; %d are held", i, wait, want, r.Held)
		}
	}
	for range 1089 {
		due()
	}
	if wait := due(); wait != Longest || r.Held != most {
		t.Errorf("one of very many waits %v, %d are held", wait, r.Held)
	}
	if wait := due(); wait != 0 || r.Held != most {
		t.Errorf("of the most that are held another one waits %v, %d are held", wait, r.Held)
	}
	r.Held = 0
	now = now.Add(2 * Longest)
	if wait := due(); wait != 0 {
		t.Errorf("after a while the first waits %v", wait)
	}
	if wait := r.Due(now, time.Hour, 0, most); wait != Longest {
		t.Errorf("with an hour between two the next one waits %v", wait)
	}
}
