package account

import (
	"slices"
	"testing"
	"time"

	"latchkey/provider/pace"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// In calm the first come is served first, and who would wait for longer than is allowed is refused.
func TestPatienceInCalm(t *testing.T) {
	p := &patience{longest: time.Second, slots: 1, most: 256, each: 25 * time.Millisecond}
	var in []*hashJob
	for {
		j := &hashJob{}
		if out, ok := p.join(j, noon); !ok {
			break
		} else if len(out) != 0 {
			t.Fatal("somebody makes room in calm")
		}
		in = append(in, j)
	}
	if len(in) != 41 {
		t.Errorf("%d may wait, want those who begin within a second", len(in))
	}
	for i, want := range in {
		if p.next(noon) != want {
			t.Fatalf("the %d. that came is not the %d. to be served", i, i)
		}
	}
	if p.next(noon) != nil || p.queued() != 0 {
		t.Error("somebody waits")
	}
	p.slots, p.each = 2, 50*time.Millisecond
	n := 0
	for ; n < 1000; n++ {
		if _, ok := p.join(&hashJob{}, noon); !ok {
			break
		}
	}
	if n != 41 {
		t.Errorf("%d may wait for two slots that take twice as long, want as many", n)
	}
	slow := &patience{longest: time.Second, slots: 1, most: 256, each: time.Minute}
	for n = 0; ; n++ {
		if _, ok := slow.join(&hashJob{}, noon); !ok {
			break
		}
	}
	if n != few {
		t.Errorf("%d may wait on the slowest machine, want %d", n, few)
	}
	full := &patience{longest: time.Hour, slots: 1, most: 3, each: time.Millisecond}
	for n = 0; n < 9; n++ {
		if _, ok := full.join(&hashJob{}, noon); !ok {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d are in a queue of 3", n)
	}
}

// 64 connections that ask again as soon as they are answered are no flood: nobody is refused or passed over, also where the machine stands still now and then.
func TestPatienceServes64Connections(t *testing.T) {
	p := &patience{longest: 20 * time.Second, slots: 1, most: 256, each: 40 * time.Millisecond}
	now := noon
	var order []*hashJob
	join := func() {
		j := &hashJob{}
		out, ok := p.join(j, now)
		if !ok || len(out) != 0 {
			t.Fatalf("the %d. is refused, %d make room, at %v a hash", len(order), len(out), p.each)
		}
		order = append(order, j)
	}
	for range 64 {
		join()
	}
	for i := range 1000 {
		j := p.next(now)
		took := 40 * time.Millisecond
		if i%40 == 39 {
			took = 3 * time.Second // seen beside busy neighbours: longest would be over before 63 such
		}
		now = now.Add(took)
		p.took(took)
		if j != order[i] {
			t.Fatalf("one that came as the %d. is served as the %d.", slices.Index(order, j), i)
		}
		join()
	}
}

// Passwords that are set wait behind those that are checked, and have one of five hashes where both wait.
func TestPatienceServesBothLines(t *testing.T) {
	for _, in := range []struct {
		what  string
		flood time.Time
	}{{"calm", time.Time{}}, {"a flood", noon.Add(time.Hour)}} {
		p := &patience{longest: time.Minute, slots: 1, most: 256, each: time.Millisecond, flood: in.flood, began: noon}
		for i := range 40 {
			p.join(&hashJob{later: i%2 == 0}, noon)
		}
		set := 0
		for range 20 {
			if p.next(noon).later {
				set++
			}
		}
		if set != 4 {
			t.Errorf("in %s %d of 20 set a password, want 4", in.what, set)
		}
		for range 20 {
			if p.next(noon) == nil {
				t.Fatalf("in %s somebody is not served", in.what)
			}
		}
	}
}

// In a flood the newest is served first, and who has waited longest makes room; when it is settled that it is no rush, all but the newest do.
func TestPatienceInAFlood(t *testing.T) {
	p := &patience{longest: time.Second, slots: 1, most: 64, each: 50 * time.Millisecond}
	now := noon
	p.rises(now)
	var in, out []*hashJob
	join := func() {
		j := &hashJob{}
		in = append(in, j)
		more, ok := p.join(j, now)
		if !ok {
			t.Fatal("the newest is refused")
		}
		out = append(out, more...)
	}
	for range 50 {
		join()
	}
	if len(out) != 30 || !slices.Equal(out, in[:30]) || p.queued() != 20 {
		t.Fatalf("%d made room and %d wait, want the first 30, and as many to wait as are served within a second", len(out), p.queued())
	}
	if p.next(now) != in[49] || p.next(now) != in[48] {
		t.Error("it is not the newest that is served")
	}
	for range 6 { // refusals keep it up
		now = now.Add(rushLasts / 6)
		for range 40 {
			join()
		}
	}
	if !now.Before(p.flood) || p.queued() != 1 || p.next(now) != in[len(in)-1] || len(out) != len(in)-3 {
		t.Errorf("%d wait and %d of %d made room in a flood that is no rush, want nobody to wait but the newest", p.queued(), len(out), len(in))
	}
	now = now.Add(floodLasts)
	join()
	join()
	if p.queued() != 2 || p.next(now) != in[len(in)-2] {
		t.Error("after the flood it is not the first that is served")
	}
	full := &patience{longest: time.Hour, slots: 1, most: 20, each: time.Millisecond}
	full.rises(noon)
	for i := range 100 {
		full.join(&hashJob{later: i%2 == 0}, noon)
	}
	if len(full.lines[lineCheck]) != 16 || len(full.lines[lineSet]) != 4 {
		t.Errorf("%d and %d are in a queue of 20, want 16 and 4", len(full.lines[lineCheck]), len(full.lines[lineSet]))
	}
}

// A flood lasts as long as many are refused in each second, and no longer: at a load that can be served, refusals do not keep it up.
func TestPatienceAfterAFlood(t *testing.T) {
	p := &patience{longest: time.Second, slots: 1, most: 256, each: 25 * time.Millisecond}
	now := noon
	for range crowd + 1 {
		p.join(&hashJob{}, now)
	}
	ask := func(seconds, each int) {
		for range seconds * each {
			now = now.Add(time.Second / time.Duration(each))
			p.join(&hashJob{}, now)
		}
	}
	if ask(10, 100); !now.Before(p.flood) || p.queued() != 1 {
		t.Error("a flood is over though a hundred a second are refused")
	}
	if ask(4, 10); now.Before(p.flood) {
		t.Error("a flood goes on because ten a second are refused")
	}
	q := &patience{longest: time.Second, slots: 1, most: 256, each: 100 * time.Millisecond}
	for range 11 + crowd { // a slow machine, where few can wait: those who ask again and again are a flood too
		q.join(&hashJob{}, noon)
	}
	if !noon.Before(q.flood) {
		t.Error("a hundred refusals in a second are no flood")
	}
}

// Who waits no longer is not served; who was served or made room cannot leave any more.
func TestPatienceLeave(t *testing.T) {
	p := &patience{longest: time.Second, slots: 1, most: 256, each: 25 * time.Millisecond}
	a, b := &hashJob{}, &hashJob{later: true}
	p.join(a, noon)
	p.join(b, noon)
	if !p.leave(b) || p.leave(b) || p.next(noon) != a || p.leave(a) || p.next(noon) != nil {
		t.Error("one that left is served, or one that was served leaves")
	}
}

// What a hash takes follows the last ones, but one that met a machine which stood still says nothing of the next.
func TestPatienceTook(t *testing.T) {
	p := &patience{each: 25 * time.Millisecond}
	p.took(10 * time.Second)
	if p.each > 40*time.Millisecond {
		t.Errorf("after one outlier a hash takes %v", p.each)
	}
	for range 60 {
		p.took(time.Second)
	}
	if p.each < 900*time.Millisecond {
		t.Errorf("a machine that has become slow: %v, want a second", p.each)
	}
	fast := &patience{}
	for range 60 {
		fast.took(25 * time.Millisecond)
	}
	if fast.each < 20*time.Millisecond {
		t.Errorf("from nothing to %v, want 25 ms", fast.each)
	}
}

// A few are refused at once, then sixteen in the time of a hash, however many come; nobody waits for his refusal for ever.
func TestPatienceHoldsRefusals(t *testing.T) {
	p := &patience{longest: time.Second, slots: 1, each: 16 * time.Millisecond}
	for i := range apace {
		if wait := p.due(noon); wait != 0 {
			t.Fatalf("the %d. waits %v", i, wait)
		}
	}
	for i := range 10 {
		if wait, want := p.due(noon), time.Duration(i+1)*time.Millisecond; wait != want {
			t.Errorf("the %d. further one waits %v, want %v", i, wait, want)
		}
	}
	for range mostHeld {
		p.due(noon)
	}
	if wait := p.due(noon); wait != 0 || p.refusals.Held != mostHeld {
		t.Errorf("of %d that are held another one waits %v", p.refusals.Held, wait)
	}
	p.refusals.Held, p.each = 0, time.Minute
	if wait := p.due(noon.Add(time.Hour)); wait != 0 {
		t.Errorf("after an hour the first waits %v", wait)
	}
	for range 100 {
		if wait := p.due(noon.Add(time.Hour)); wait > pace.Longest {
			t.Fatalf("one waits %v", wait)
		}
	}
	p.refusals.Held = 1
	p.told()
	if p.refusals.Held != 0 {
		t.Errorf("%d are held for ever", p.refusals.Held)
	}
}
