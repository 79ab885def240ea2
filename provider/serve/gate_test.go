package serve

import (
	"context"
	"slices"
	"testing"
	"time"
)

// gateRig is a gate whose time stands still unless it is moved, and where nobody yields.
type gateRig struct {
	*gate
	clock  time.Time
	lagged time.Duration
	known  bool
}

func newGateRig(least, most int) *gateRig {
	r := &gateRig{clock: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	r.gate = newGate(least, most, func() time.Time { return r.clock }, func() (time.Duration, bool) { return r.lagged, r.known })
	r.yield, r.pause = func() {}, func() {}
	r.calling, r.probing = true, true // nobody calls or probes behind the test's back
	return r
}

// blow makes a storm that lasts.
func (r *gateRig) blow() { r.storm = r.clock.Add(time.Hour) }

func (r *gateRig) served(t *turn) bool { return t != nil && t.state == turnServed }

func TestGateServesAtOnceInCalm(t *testing.T) {
	r := newGateRig(2, 4) // ceilings 4, 3, 3, 2
	var in []*turn
	for _, row := range []struct {
		priority Priority
		served   bool
	}{
		{Deferrable, true}, {Deferrable, true}, {Deferrable, false}, {Interactive, true}, {Interactive, false}, {Machine, false}, {Vital, true}, {Vital, false},
	} {
		turn := r.enter(row.priority)
		if r.served(turn) != row.served {
			t.Errorf("%v with %d under way: %v, want %v", row.priority, r.busy, r.served(turn), row.served)
		}
		if turn != nil {
			in = append(in, turn)
		}
	}
	for _, turn := range in {
		turn.leave()
		turn.leave() // twice does no harm
	}
	if busy, _, waiting := r.state(); busy != 0 || waiting != 0 {
		t.Errorf("%d under way, %d wait for ever", busy, waiting)
	}
}

// Whoever waits is let in by priority, and among equals in the order in which they came.
func TestGateOrder(t *testing.T) {
	r := newGateRig(2, 2)
	r.blow()
	names := map[*turn]string{}
	for _, row := range []struct {
		name string
		p    Priority
	}{{"sign-up", Deferrable}, {"page", Interactive}, {"second page", Interactive}, {"token", Machine}, {"second token", Machine}} {
		names[r.enter(row.p)] = row.name
	}
	if jwks := r.enter(Vital); !r.served(jwks) {
		t.Error("in a storm too, keys wait for nobody")
	} else {
		jwks.leave()
	}
	var order []string
	r.call(false)
	for range names {
		for turn, name := range names {
			if turn.state == turnServed && !slices.Contains(order, name) {
				order = append(order, name)
				turn.leave()
				break
			}
		}
	}
	if want := []string{"token", "second token", "page", "second page", "sign-up"}; !slices.Equal(order, want) {
		t.Errorf("served %q, want %q", order, want)
	}
}

func TestGateRefusesWhoWouldWaitTooLong(t *testing.T) {
	r := newGateRig(1, 1)
	r.blow()
	r.each = time.Millisecond
	wait := func(p Priority) (n int) {
		for r.enter(p) != nil {
			n++
		}
		return n
	}
	r.flood, r.rush = r.clock.Add(floodLasts), r.clock.Add(rushLasts)
	if n := wait(Interactive); n != 51 {
		t.Errorf("%d wait in a rush, want 50 ms of them and one", n)
	}
	if n := wait(Deferrable); n != 0 {
		t.Errorf("%d wait behind a full line of those that go first", n)
	}
	if n := wait(Machine); n != 51 {
		t.Errorf("%d of those that go first wait, want as many", n)
	}
	r.lines = [Deferrable + 1]line{}
	r.clock = r.clock.Add(rushLasts)
	r.blow()
	if n := wait(Interactive); n != 17 {
		t.Errorf("%d wait where the line stands, want sixteen and one", n)
	}
	r.each = 50 * time.Microsecond
	if n := wait(Machine); n != 41 {
		t.Errorf("%d of those that go first wait where the line stands, want 2 ms of them and one", n)
	}
	r.each = time.Millisecond
	for range 100 { // as long as somebody is refused
		r.clock = r.clock.Add(floodLasts / 2)
		if n := wait(Machine); n != 0 {
			t.Fatalf("%d more wait in a line that stands", n)
		}
	}
	r.lines = [Deferrable + 1]line{}
	r.clock = r.clock.Add(floodLasts)
	r.blow()
	if n := wait(Machine); n != 51 {
		t.Errorf("%d wait in the next rush", n)
	}
}

// On a machine that is merely slow nobody is refused as long as they are not many: 64 connections never make a flood.
func TestGateSlowIsNoFlood(t *testing.T) {
	r := newGateRig(1, 512)
	r.blow()
	r.limit = 1
	in := []*turn{}
	for i := range 64 {
		r.each = rushWait // as it is where the store stands still now and then, or who leaves has waited for a hash
		turn := r.enter(Machine)
		if turn == nil || turn.ready != nil && turn.patience != slowWait {
			t.Fatalf("refused behind %d others, or soon", i)
		}
		in = append(in, turn)
		r.clock = r.clock.Add(10 * time.Millisecond) // the line has stood for long
	}
	for range 64 {
		r.call(false)
		for _, turn := range in {
			turn.leave()
		}
	}
	r.blow()
	r.each = 10 * time.Millisecond
	n := 0
	for r.enter(Machine) != nil {
		n++
	}
	if n == 0 || n > 130 {
		t.Errorf("%d wait in a flood", n)
	}
	for range 100 { // refusals go on: so does the flood, when fewer wait
		r.clock = r.clock.Add(floodLasts / 2)
		if r.enter(Machine) != nil {
			t.Fatal("let in at the end of a full line")
		}
	}
	r.lines = [Deferrable + 1]line{}
	r.clock = r.clock.Add(floodLasts + time.Millisecond)
	r.blow()
	if turn := r.enter(Machine); turn == nil || turn.patience != slowWait {
		t.Errorf("%+v after the flood", turn)
	}
}

func TestGateLimitFollowsTheLag(t *testing.T) {
	r := newGateRig(4, 64)
	r.blow()
	limit := func() int { return int(r.limit) }
	step := func(lag time.Duration, known, pressed bool) {
		r.lagged, r.known, r.pressed = lag, known, pressed
		r.clock = r.clock.Add(adaptEvery)
		if turn := r.enter(Vital); turn != nil {
			turn.leave()
		}
	}
	if limit() != 16 {
		t.Fatalf("it begins with %d", limit())
	}
	step(10*time.Millisecond, true, true)
	if limit() != 12 {
		t.Errorf("one waits for the other: %d, want 12", limit())
	}
	for range 50 {
		step(10*time.Millisecond, true, true)
	}
	if limit() != 4 {
		t.Errorf("never fewer than the least: %d", limit())
	}
	step(0, true, false)
	if limit() != 4 {
		t.Errorf("nobody wants more: %d", limit())
	}
	step(0, true, true)
	if limit() != 5 {
		t.Errorf("processors are free and somebody waits: %d, want 5", limit())
	}
	for range 100 {
		step(0, false, true)
	}
	if limit() != 64 {
		t.Errorf("never more than the most: %d", limit())
	}
}

func TestGateKnowsAStormByTheWait(t *testing.T) {
	r := newGateRig(4, 64)
	r.yield = func() { r.clock = r.clock.Add(maxLag) }
	r.probe()
	if r.clock.Before(r.storm) {
		t.Error("a storm though nobody waits for long")
	}
	r.yield = func() { r.clock = r.clock.Add(maxLag + 1) }
	r.probe()
	if !r.clock.Before(r.storm) {
		t.Error("no storm though one waits for long")
	}
	r.yield = func() {}
	r.probing = true
	if turn := r.enter(Machine); r.served(turn) {
		t.Error("in a storm requests are read before they are served")
	}
	r.callSoon()
	if busy, _, waiting := r.state(); busy != 1 || waiting != 0 {
		t.Errorf("%d under way, %d wait", busy, waiting)
	}
	r.clock = r.clock.Add(stormLasts)
	if turn := r.enter(Machine); !r.served(turn) {
		t.Error("the storm is over")
	}
}

func TestGateAway(t *testing.T) {
	r := newGateRig(1, 1)
	signIn := r.enter(Interactive)
	token := r.enter(Machine)
	if r.served(token) {
		t.Fatal("two at once")
	}
	back := signIn.away()
	if !r.served(token) {
		t.Error("a sign-in that waits for its hash keeps a token waiting")
	}
	back()
	if r.busy != 2 {
		t.Errorf("%d under way", r.busy)
	}
	signIn.leave()
	token.leave()
	back()
	signIn.away()()
	if r.busy != 0 {
		t.Errorf("%d under way for ever", r.busy)
	}
}

func TestGateWaitEnds(t *testing.T) {
	r := newGateRig(1, 1)
	first := r.enter(Machine)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r.admit(ctx, Machine) != nil {
		t.Error("a client that went away was served")
	}
	if r.admit(t.Context(), Machine) != nil { // waits rushWait of real time
		t.Error("served beside another")
	}
	if _, _, waiting := r.state(); waiting != 0 {
		t.Errorf("%d wait for ever", waiting)
	}
	second := r.enter(Machine)
	first.leave()
	if !second.wait(ctx) {
		t.Error("its turn had come")
	}
}
