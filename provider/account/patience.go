package account

import (
	"slices"
	"sync"
	"time"

	"latchkey/provider/pace"
)

// patience says who waits for a hash, and who is next.
//
// In calm the first come is served first, and everybody may wait for longest. In a flood the newest is served first: whoever is served is served soon,
// however many come, and whoever has waited longest makes room. As long as a flood may be a rush that ends, those who are passed over go on waiting,
// as many as can be served within longest: when it has ended they are. Once it has lasted for rushLasts they are told to come back, and nobody but the newest waits.
type patience struct {
	longest time.Duration
	// slots is how many hashes run at once, most how many jobs may wait.
	slots, most int

	mu sync.Mutex
	// lines are those who wait, the first come first.
	lines [2][]*hashJob
	// contested counts the choices between both lines.
	contested int
	// each is how long a hash takes: of the last ones, the newer the more.
	each time.Duration
	// flood is when the flood is over, if it does not go on; began is when it did.
	flood, began time.Time
	// refused are those since second began.
	refused  int
	second   time.Time
	refusals pace.Refusals
}

// The lines: passwords that are checked, and those that are set, which can wait.
const (
	lineCheck = iota
	lineSet
)

// A flood begins when crowd wait or are refused in a second: more than 64 connections can, one request after the other. It goes on while every second
// brings surge refusals. For rushLasts it may be a rush. Few in the queue, for each slot, may always wait where there is no flood, however slow the
// machine is.
//
// Where somebody waits in both lines, one of setsPassword hashes is for a password that is set.
const (
	crowd        = 80
	surge        = 16
	floodLasts   = time.Second
	rushLasts    = 3 * time.Second
	few          = 4
	setsPassword = 5
)

// outlier is how many times as long as the last ones a hash may take to be believed: one that met a machine that stood still says nothing of the next.
const outlier = 4

// join puts a job into its line. ok is false where it is refused; out are those who make room for it, and are to be told.
func (p *patience) join(j *hashJob, now time.Time) (out []*hashJob, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	waiting := p.waiting()
	if waiting >= crowd {
		p.rises(now)
	}
	line := lineCheck
	if j.later {
		line = lineSet
	}
	if !now.Before(p.flood) && (waiting >= p.most || waiting >= few*p.slots && p.estimate(waiting) > p.longest) {
		p.note(now)
		return nil, false
	}
	p.lines[line] = append(p.lines[line], j)
	if now.Before(p.flood) {
		for n := range p.lines {
			for room := p.room(n, now); len(p.lines[n]) > room; {
				out = append(out, p.lines[n][0])
				p.lines[n] = slices.Delete(p.lines[n], 0, 1)
				p.note(now)
			}
		}
	}
	return out, true
}

// room is how many may wait in a line in a flood: as many as can be served within longest, of those who set a password as many as have that part.
func (p *patience) room(line int, now time.Time) int {
	slots := max(p.slots, 1)
	if now.Sub(p.began) >= rushLasts {
		return slots
	}
	soon := int(p.longest / max(p.each, 1) * time.Duration(slots))
	if line == lineSet {
		return max(1, min(soon, p.most)/setsPassword)
	}
	return max(1, min(soon, p.most-p.most/setsPassword))
}

// next takes the job that is to be computed next from its line; nil where nobody waits.
func (p *patience) next(now time.Time) *hashJob {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := lineCheck
	switch {
	case len(p.lines[lineSet]) == 0:
	case len(p.lines[lineCheck]) == 0:
		line = lineSet
	default:
		if p.contested++; p.contested%setsPassword == 0 {
			line = lineSet
		}
	}
	l := p.lines[line]
	if len(l) == 0 {
		return nil
	}
	at := 0
	if now.Before(p.flood) {
		at = len(l) - 1
	}
	j := l[at]
	p.lines[line] = slices.Delete(l, at, at+1)
	return j
}

// leave takes a job out whose caller waits no longer. It is false where that comes too late: it is computed, or was told to come back.
func (p *patience) leave(j *hashJob) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n, l := range p.lines {
		if i := slices.Index(l, j); i >= 0 {
			p.lines[n] = slices.Delete(l, i, i+1)
			return true
		}
	}
	return false
}

// queued is how many wait.
func (p *patience) queued() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting()
}

func (p *patience) waiting() int { return len(p.lines[lineCheck]) + len(p.lines[lineSet]) }

// rises tells that a flood begins or goes on.
func (p *patience) rises(now time.Time) {
	if !now.Before(p.flood) {
		p.began = now
	}
	p.flood = now.Add(floodLasts)
}

// note counts a refusal.
func (p *patience) note(now time.Time) {
	if now.Sub(p.second) >= time.Second {
		p.second, p.refused = now, 0
	}
	p.refused++
	if p.refused >= crowd || p.refused >= surge && now.Before(p.flood) {
		p.rises(now)
	}
}

// estimate is how long it takes until so many have begun.
func (p *patience) estimate(ahead int) time.Duration {
	return time.Duration(ahead) * p.each / time.Duration(max(p.slots, 1))
}

// took tells how long a hash took.
func (p *patience) took(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.each += (min(d, outlier*max(p.each, time.Millisecond)) - p.each) / 8
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

// guess is how long a hash takes about, before one was computed: an argon2id of 19 MiB in two passes takes some 30 ms.
func (p params) guess() time.Duration {
	return time.Duration(p.memory) * time.Duration(p.passes) * time.Millisecond / 1024
}
