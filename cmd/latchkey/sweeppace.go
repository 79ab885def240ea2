package main

import "time"

// A step of the sweeper removes so many records that it takes about sweepStep, whatever store and disk are like, and then leaves the store to requests
// for sweepRest times as long as it took: so few of them wait for it, and none for long, however much has expired.
const (
	sweepLeast, sweepMost = 64, 1000
	sweepStep             = 5 * time.Millisecond
	sweepRest             = 9
)

// sweepPace is how many records the next step removes.
type sweepPace int

// after learns how long a step took, and returns how long to rest.
func (p *sweepPace) after(took time.Duration) time.Duration {
	switch {
	case took > 2*sweepStep:
		*p /= 2
	case took < sweepStep:
		*p += *p / 4
	}
	*p = min(max(*p, sweepLeast), sweepMost)
	return sweepRest * took
}
