package account

import (
	"testing"
	"time"
)

func TestPatience(t *testing.T) {
	begun := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return begun.Add(d) }
	p := &patience{longest: time.Second, slots: 1, each: 50 * time.Millisecond, short: begun}
	for _, step := range []struct {
		what  string
		at    time.Duration
		ahead int
		want  bool
	}{
		{"nobody waits", 0, 0, true},
		{"a rush may wait for the longest", 0, 20, true},
		{"and no longer", 0, 21, false},
		{"it still is a rush", time.Second, 20, true},
		{"a queue that has stood for as long", time.Second + 1, 20, false},
		{"leaves a quarter", 2 * time.Second, 5, true},
		{"and no more", 2 * time.Second, 6, false},
		{"one in the middle does not make it short", 3 * time.Second, 3, true},
		{"so it still stands", 3 * time.Second, 6, false},
		{"a short one ends it", 4 * time.Second, 2, true},
		{"and a rush may wait again", 4 * time.Second, 20, true},
	} {
		if got := p.worthwhile(step.ahead, at(step.at)); got != step.want {
			t.Errorf("%s: with %d ahead: %v, want %v", step.what, step.ahead, got, step.want)
		}
	}
	for range 100 {
		p.took(100 * time.Millisecond)
	}
	if p.worthwhile(12, at(4*time.Second)) || !p.worthwhile(10, at(4*time.Second)) {
		t.Errorf("hashes take %v, want some 100 ms", p.each)
	}
	p.slots = 2
	if !p.worthwhile(20, at(4*time.Second)) {
		t.Error("two at once take half as long")
	}
}
