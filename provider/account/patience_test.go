package account

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/provider/pace"
)

func TestPatience(t *testing.T) {
	begun := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return begun.Add(d) }
	p := &patience{longest: 2 * time.Second, slots: 1, each: 25 * time.Millisecond}
	for _, step := range []struct {
		what  string
		at    time.Duration
		ahead int
		runs  int
		want  bool
	}{
		{"nobody waits", 0, 0, 1, true},
		{"64 connections are no flood", 0, 63, 1, true},
		{"the longest wait", 0, 80, 1, true},
		{"and no longer", 0, 81, 1, false},
		{"one that is refused makes no flood", 0, 80, 1, true},
		{"a crowd does", time.Second, crowd, 1, false},
		{"then one may begin where nobody else does", time.Second, 0, 0, true},
		{"and nobody may wait", time.Second, 0, 1, false},
		{"until nobody was refused for a while", time.Second + floodLasts, 63, 1, true},
	} {
		if got := p.worthwhile(step.ahead, step.runs, false, at(step.at)); got != step.want {
			t.Errorf("%s: with %d ahead: %v, want %v", step.what, step.ahead, got, step.want)
		}
	}
	for range 100 {
		p.took(100 * time.Millisecond)
	}
	if p.worthwhile(22, 0, false, at(4*time.Second)) || !p.worthwhile(19, 0, false, at(4*time.Second)) {
		t.Errorf("hashes take %v, want some 100 ms", p.each)
	}
	p.slots = 2
	if !p.worthwhile(38, 0, false, at(4*time.Second)) {
		t.Error("two at once take half as long")
	}
}

// A flood lasts as long as many are refused in each second, and no longer: at a load that can be served, refusals do not keep it up.
func TestPatienceInAFlood(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	p := &patience{longest: 2 * time.Second, slots: 1, each: 100 * time.Millisecond}
	for i := range crowd { // a slow machine, where few can wait: those who ask again and again are a flood too
		if p.worthwhile(30, 0, false, now) {
			t.Fatalf("%d: 3 s are too long", i)
		}
	}
	if p.overdue(overdue*p.each, now) || !p.overdue(overdue*p.each+1, now) {
		t.Error("who began to wait before the flood is served late")
	}
	ask := func(seconds, each int) {
		for range seconds * each {
			now = now.Add(time.Second / time.Duration(each))
			p.worthwhile(1, 0, false, now)
		}
	}
	if ask(10, 100); p.worthwhile(1, 0, false, now) {
		t.Error("a flood is over though a hundred a second are refused")
	}
	let := 0
	for range 10 {
		if p.worthwhile(0, 0, true, now) {
			let++
		}
	}
	if let != 5 {
		t.Errorf("%d of 10 who set a password may wait, want half", let)
	}
	if ask(3, 10); !p.worthwhile(3, 0, false, now) {
		t.Error("a flood goes on because ten a second are refused")
	}
	if p.overdue(time.Minute, now) {
		t.Error("there is no flood, so nobody is overdue")
	}
}

// A few are refused at once, then sixteen in the time of a hash, however many come; nobody waits for his refusal for ever.
func TestPatienceHoldsRefusals(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	p := &patience{longest: time.Second, slots: 1, each: 16 * time.Millisecond}
	for i := range apace {
		if wait := p.due(now); wait != 0 {
			t.Fatalf("the %d. waits %v", i, wait)
		}
	}
	for i := range 10 {
		if wait, want := p.due(now), time.Duration(i+1)*time.Millisecond; wait != want {
			t.Errorf("the %d. further one waits %v, want %v", i, wait, want)
		}
	}
	for range mostHeld {
		p.due(now)
	}
	if wait := p.due(now); wait != 0 || p.refusals.Held != mostHeld {
		t.Errorf("of %d that are held another one waits %v", p.refusals.Held, wait)
	}
	p.refusals.Held, p.each = 0, time.Minute
	if wait := p.due(now.Add(time.Hour)); wait != 0 {
		t.Errorf("after an hour the first waits %v", wait)
	}
	for range 100 {
		if wait := p.due(now.Add(time.Hour)); wait > pace.Longest {
			t.Fatalf("one waits %v", wait)
		}
	}
	p.refusals.Held = 1
	p.told()
	if p.refusals.Held != 0 {
		t.Errorf("%d are held for ever", p.refusals.Held)
	}
}

// Who began to wait before the flood is told to come back, rather than served when he has gone.
func TestHashPoolDropsWhoWaitedTooLong(t *testing.T) {
	var asked, armed atomic.Int64
	now := func() time.Time { // the first hash takes no time, then a minute passes
		if armed.Load() == 0 || asked.Add(1) == 1 {
			return time.Unix(0, 0)
		}
		return time.Unix(60, 0)
	}
	begun, finish := make(chan struct{}, 8), make(chan struct{})
	p := newHashPool(HashConfig{Memory: 1024, Passes: 1, Lanes: 1, Slots: 1, MaxWaiting: 8, MaxWait: time.Hour, Derive: func(_, _ []byte, _, _ uint32, _ uint8, n uint32) []byte {
		begun <- struct{}{}
		<-finish
		return make([]byte, n)
	}}, now)
	t.Cleanup(p.close)
	ask := func() chan error {
		out := make(chan error, 1)
		go func() {
			_, err := p.derive(t.Context(), nil, nil, p.params, 32, false)
			out <- err
		}()
		return out
	}
	first := ask()
	<-begun
	second := ask()
	for p.stats().Waiting == 0 {
		runtime.Gosched()
	}
	p.wait.mu.Lock()
	p.wait.flood = time.Unix(120, 0)
	p.wait.mu.Unlock()
	armed.Store(1)
	close(finish)
	if err := <-first; err != nil {
		t.Errorf("the one that was computed: %v", err)
	}
	wantKind(t, <-second, Busy)
	if s := p.stats(); s.Done != 1 || s.Shed != 1 || s.Waiting != 0 || s.Running != 0 {
		t.Errorf("%+v", s)
	}
}
