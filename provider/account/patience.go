package account

import (
	"sync"
	"time"
)

// patience says who need not begin to wait for a hash, because it would take too long. A short rush may wait for longest. Where the queue has
// stood for so long, it is no rush: then the same number is served, and whoever is gets it sooner, if the queue is short.
type patience struct {
	longest time.Duration
	slots   int

	mu sync.Mutex
	// each is how long a hash takes: of the last ones, the newer the more.
	each time.Duration
	// short is when fewer last waited than is due where the queue stands.
	short time.Time
}

// standing is the part of the longest wait that is left where the queue stands. So few in a queue, for each slot, are no storm, however slow the
// machine is.
const (
	standing = 4
	few      = 4
)

// worthwhile says whether one that finds so many ahead should wait.
func (p *patience) worthwhile(ahead int, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(ahead, now)
	if ahead < few*p.slots {
		return true
	}
	limit := p.longest
	if now.Sub(p.short) > p.longest {
		limit /= standing
	}
	return p.estimate(ahead) <= limit
}

// estimate is how long it takes until so many have begun.
func (p *patience) estimate(ahead int) time.Duration {
	return time.Duration(ahead) * p.each / time.Duration(max(p.slots, 1))
}

// left tells that one waits no longer, and how many do.
func (p *patience) left(waiting int, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(waiting, now)
}

func (p *patience) note(waiting int, now time.Time) {
	if p.estimate(waiting) <= p.longest/(2*standing) {
		p.short = now
	}
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
