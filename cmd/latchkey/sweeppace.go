package main

import (
	"net/http"
	"sync/atomic"
	"time"
)

// While there are requests, a step of the sweeper removes the least that it can, and leaves the store to requests for busyRest times as long as it took.
// While there are none, a step removes so many that it takes about sweepStep, whatever store and disk are like, and rests as long: whoever comes then
// waits for no more than that, once. Where requests never end, and more expires than that removes, the rest halves for each sweepPatience that there was
// no end of it: small steps that come often lengthen commits by little, long ones would show in the slowest of a hundred requests. Only who is left behind
// for sweepLast takes longer ones: twice as long for each further hour.
const (
	sweepMost     = 1000
	sweepStep     = 5 * time.Millisecond
	busyRest      = 19
	sweepPatience = 10 * time.Minute
	sweepLast     = 6 * time.Hour
)

// sweepPace is how many records the next step removes, how many are the least, and how many times as long as it took the shortest rest is.
type sweepPace struct {
	next, least int
	rest        time.Duration
}

// newSweepPace is that of a store. In a file 8 records cost a commit, which takes them along with what requests write, some tenths of a millisecond, and
// hardly more than one does. Where a database keeps the store nobody waits for rows that others remove, and a step asks for each table; but they
// take its processor and its disk.
func newSweepPace(shared bool) sweepPace {
	if shared {
		return sweepPace{250, 250, 4}
	}
	return sweepPace{8, 8, 1}
}

// after learns how long a step took, for how long there has been more to remove than a step does, and whether there are requests meanwhile, and returns
// how long to rest.
func (p *sweepPace) after(took, behind time.Duration, busy bool) time.Duration {
	switch {
	case busy:
		p.next = p.least
		for late := behind; late >= sweepLast && p.next < sweepMost; late -= time.Hour {
			p.next = min(2*p.next, sweepMost)
		}
		return max(busyRest>>min(max(behind/sweepPatience, 0), 8), p.rest) * took
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
