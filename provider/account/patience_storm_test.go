package account

import (
	"slices"
	"testing"
	"time"
)

// asked is a job of a storm that is played by the clock.
type asked struct {
	*hashJob
	at time.Duration
}

// play lets sign-ins and sign-ups come at their times, of which one slot computes one in 33 ms, and tells how long those who were served took. Who has waited
// for longest goes away.
func play(p *patience, come []asked) (signIns, signUps []time.Duration) {
	const hash = 33 * time.Millisecond
	of := map[*hashJob]time.Duration{}
	free, i := time.Duration(0), 0
	for i < len(come) || p.queued() > 0 {
		if i < len(come) && (p.queued() == 0 || come[i].at <= free) {
			c := come[i]
			i++
			of[c.hashJob], free = c.at, max(free, c.at)
			p.join(c.hashJob, noon.Add(c.at))
			continue
		}
		for j, at := range of {
			if free-at >= p.longest {
				p.leave(j)
				delete(of, j)
			}
		}
		j := p.next(noon.Add(free))
		if j == nil {
			continue
		}
		free += hash
		p.took(hash)
		if took := free - of[j]; j.later {
			signUps = append(signUps, took)
		} else {
			signIns = append(signIns, took)
		}
	}
	slices.Sort(signIns)
	slices.Sort(signUps)
	return signIns, signUps
}

// evenly are requests so many a second, three of eight sign-ups.
func evenly(from, to time.Duration, rate int) (out []asked) {
	for n := 0; ; n++ {
		at := from + time.Duration(n)*time.Second/time.Duration(rate)
		if at >= to {
			return out
		}
		out = append(out, asked{&hashJob{later: n*3%8 < 3}, at})
	}
}

func usual() *patience {
	return &patience{longest: 5 * time.Second, slots: 1, most: 256, each: 33 * time.Millisecond}
}

// In a minute of ten times what can be computed no slot is ever idle, and of those that are served 99 in 100 wait for two hashes at most.
func TestPatienceInAMinuteOfStorm(t *testing.T) {
	signIns, signUps := play(usual(), evenly(0, time.Minute, 300))
	p99 := func(of []time.Duration) time.Duration { return of[len(of)*99/100] }
	if n := len(signIns) + len(signUps); n < 1800 {
		t.Errorf("%d are served, want all of 1818 that can be computed", n)
	}
	if got := p99(signIns); got > 100*time.Millisecond {
		t.Errorf("sign-ins take %v", got)
	}
	if got := p99(signUps); got > 100*time.Millisecond {
		t.Errorf("sign-ups take %v", got)
	}
	if part := float64(len(signUps)) / float64(len(signIns)); part < 0.2 || part > 0.3 {
		t.Errorf("%d sign-ups beside %d sign-ins, want one of five", len(signUps), len(signIns))
	}
}

// Two thousand at once are a rush that ends: as many are served as can be within the time that one may wait.
func TestPatienceServesARush(t *testing.T) {
	signIns, signUps := play(usual(), evenly(0, 1200*time.Millisecond, 1700))
	if n := len(signIns) + len(signUps); n < 130 {
		t.Errorf("%d of two thousand are served, want those of five seconds", n)
	}
}

// After a storm, at seven tenths of what can be computed, everybody is served again.
func TestPatienceIsCalmAgain(t *testing.T) {
	p := usual()
	after := evenly(12*time.Second, 30*time.Second, 21)
	signIns, signUps := play(p, append(evenly(0, 10*time.Second, 300), after...))
	storm := evenly(0, 10*time.Second, 300)
	alone, more := play(usual(), storm)
	if got := len(signIns) + len(signUps) - len(alone) - len(more); got != len(after) {
		t.Errorf("%d are served after the storm, want all of %d", got, len(after))
	}
}
