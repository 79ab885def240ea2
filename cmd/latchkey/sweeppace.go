package main

import (
	"net/http"
	"sync/atomic"
	"time"
)

// While there are requests, a step of the sweeper removes sweepLeast records, which lengthens a commit by little, and leaves the store to requests for
// busyRest times as long as it took. While there are none, a step removes so many that it takes about sweepStep, whatever store and disk are like, and rests
// as long: whoever comes then waits for no more than that, once. Where requests never end, and more expires than that removes, a step removes twice as
// many for each sweepPatience that there was no end of it.
const (
	sweepLeast, sweepMost = 8, 1000
	sweepStep             = 5 * time.Millisecond
	busyRest              = 19
	sweepPatience         = 10 * time.Minute
	// sweepShared is sweepLeast where a database keeps the store: nobody waits there for rows that others remove, and a step asks for each table.
	sweepShared = 250
)

// sweepPace is how many records the next step removes, and how many are the least.
type sweepPace struct{ next, least int }

// after learns how long a step took, for how long there has been more to remove than a step does, and whether there are requests meanwhile, and returns
// how long to rest.
func (p *sweepPace) after(took, behind time.Duration, busy bool) time.Duration {
	switch {
	case busy:
		p.next = p.least
		for ; behind >= sweepPatience && p.next < sweepMost; behind -= sweepPatience {
			p.next = min(2*p.next, sweepMost)
		}
		return busyRest * took
	case took > 2*sweepStep:
		p.next /= 2
	case took < sweepStep:
		p.next += p.next/4 + 1
	}
	p.next = min(max(p.next, p.least), sweepMost)
	return took
}

// fewRequests are so few a second that none of them minds the sweeper.
const fewRequests = 2

// traffic counts requests, and tells whether there are any to speak of. Several goroutines may have it count, what it tells is for one.
type traffic struct {
	requests atomic.Int64
	was      int64
	since    time.Time
	quiet    bool
}

// count has the requests counted that come to h.
func (t *traffic) count(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.requests.Add(1)
		h.ServeHTTP(w, r)
	})
}

// busy says whether there are requests: at once when they begin, and until a second passes with few of them. It is to be asked now and then.
func (t *traffic) busy(now time.Time) bool {
	n := t.requests.Load()
	many, over := n-t.was > fewRequests, now.Sub(t.since) >= time.Second || now.Before(t.since)
	if many || over {
		t.quiet = !many && over
		t.was, t.since = n, now
	}
	return !t.quiet
}
