package account

import (
	"sync"
	"time"

	"latchkey/provider/pace"
)

// patience says who need not begin to wait for a hash, because it would take too long. As long as no more come than a busy day brings, everybody may
// wait for longest. In a flood no more are served for having waited: then the queue is short, so that whoever is served is served soon, and the
// others know at once that they are to come back. Of those who set a password, which can wait, half as many get into it.
type patience struct {
	longest time.Duration
	slots   int

	mu sync.Mutex
	// each is how long a hash takes: of the last ones, the newer the more.
	each time.Duration
	// flood is when the flood is over, if it does not go on.
	flood time.Time
	// refused are those since second began; odd: the last one that set a password was let in.
	refused  int
	second   time.Time
	odd      bool
	refusals pace.Refusals
}

// Refusals are paced ([pace.Refusals]), so that those who come again at once, whatever they are told, leave the processor to the hashes: there are apace in
// the time of one hash, and as many at once. No more than mostHeld wait for theirs.
const (
	apace    = 16
	mostHeld = 256
)

// due is how long a refusal is to wait; where that is more than nothing, it counts as held.
func (p *patience) due(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refusals.Due(now, p.each/apace, apace, mostHeld)
}

// told ends the hold of a refusal.
func (p *patience) told() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusals.Held--
}

// A flood begins when crowd wait or are refused in a second: more than 64 connections can, one request after the other. It goes on while every second
// brings surge refusals. In it one may wait for each slot, and who had begun to wait before does not wait longer than for overdue hashes. Few
// in a queue, for each slot, may always wait where there is no flood, however slow the machine is.
const (
	crowd      = 96
	surge      = 16
	floodLasts = time.Second
	overdue    = 2
	few        = 4
)

// worthwhile says whether one that finds so many waiting and running should wait for a slot. later: it sets a password.
func (p *patience) worthwhile(ahead, running int, later bool, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ahead >= crowd {
		p.flood = now.Add(floodLasts)
	}
	yes := ahead < few*p.slots || p.estimate(ahead) <= p.longest
	if now.Before(p.flood) {
		yes = ahead+running < max(p.slots, 1)
		if yes && later {
			p.odd = !p.odd
			yes = p.odd
		}
	}
	if !yes {
		p.note(now)
	}
	return yes
}

// note counts a refusal.
func (p *patience) note(now time.Time) {
	if now.Sub(p.second) >= time.Second {
		p.second, p.refused = now, 0
	}
	p.refused++
	if p.refused >= crowd || p.refused >= surge && now.Before(p.flood) {
		p.flood = now.Add(floodLasts)
	}
}

// overdue says of one who has waited for so long that it came before the flood and is not to be served any more.
func (p *patience) overdue(waited time.Duration, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Before(p.flood) && waited > overdue*p.each
}

// estimate is how long it takes until so many have begun.
func (p *patience) estimate(ahead int) time.Duration {
	return time.Duration(ahead) * p.each / time.Duration(max(p.slots, 1))
}

// took tells how long a hash took.
func (p *patience) took(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.each += (d - p.each) / 8
}

// guess is how long a hash takes about, before one was computed: an argon2id of 19 MiB in two passes takes some 30 ms.
func (p params) guess() time.Duration {
	return time.Duration(p.memory) * time.Duration(p.passes) * time.Millisecond / 1024
}
