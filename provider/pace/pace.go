// Package pace spaces refusals out: where those who are refused come again at once, they would have the whole processor for being refused, and nobody
// would be served. It knows what a refusal is worth in time, and nothing of who is refused or why.
package pace

import "time"

// Longest is how long a refusal waits at most.
const Longest = time.Second

// Refusals says when the next refusal is due. The zero value is ready; its owner locks it.
type Refusals struct {
	// Held is how many wait for theirs.
	Held int
	// last is when the last one is due.
	last time.Time
}

// Due is how long the next refusal is to wait: there is one each gap, after few at once where none came for a while. It waits no longer than [Longest], and
// not at all where most are held already. Where it waits it counts as held, until its owner takes it off Held.
func (r *Refusals) Due(now time.Time, gap time.Duration, few, most int) time.Duration {
	if r.Held >= most {
		return 0
	}
	if first := now.Add(-time.Duration(few) * gap); r.last.Before(first) {
		r.last = first
	}
	if r.last.Before(now.Add(Longest)) {
		r.last = r.last.Add(gap)
	}
	wait := min(r.last.Sub(now), Longest)
	if wait <= 0 {
		return 0
	}
	r.Held++
	return wait
}
