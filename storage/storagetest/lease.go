package storagetest

import (
	"fmt"
	"testing"
	"time"

	"latchkey/storage"
)

func leaseChecks() []check {
	return []check{
		{"TakeLease gives it to one until its time", takeLease},
		{"TakeLease renews", renewLease},
		{"ReleaseLease minds its holder", releaseLease},
		{"TakeLease refuses what cannot be held", leaseRefuses},
	}
}

// holds takes the lease for a minute and says whether that worked.
func holds(t *testing.T, s storage.Store, name, holder string, now time.Duration) bool {
	t.Helper()
	return got(s.TakeLease(bg(), name, holder, at(now+time.Minute), at(now)))(t)
}

func takeLease(t *testing.T, s storage.Store) {
	eq(t, "free", holds(t, s, "sweep", "a", 0), true)
	eq(t, "held", holds(t, s, "sweep", "b", 0), false)
	eq(t, "another name", holds(t, s, "rotate", "b", 0), true)
	eq(t, "just before its end", holds(t, s, "sweep", "b", time.Minute-1), false)
	eq(t, "at its end", holds(t, s, "sweep", "b", time.Minute), true)
	eq(t, "taken over", holds(t, s, "sweep", "a", time.Minute), false)
}

func renewLease(t *testing.T, s storage.Store) {
	eq(t, "free", holds(t, s, "sweep", "a", 0), true)
	eq(t, "renewed", holds(t, s, "sweep", "a", 30*time.Second), true)
	eq(t, "at its former end", holds(t, s, "sweep", "b", time.Minute), false)
	eq(t, "shortened", got(s.TakeLease(bg(), "sweep", "a", at(40*time.Second), at(30*time.Second)))(t), true)
	eq(t, "at its end", holds(t, s, "sweep", "b", 40*time.Second), true)
}

func releaseLease(t *testing.T, s storage.Store) {
	must(t, s.ReleaseLease(bg(), "sweep", "a", at(0)))
	eq(t, "free", holds(t, s, "sweep", "a", 0), true)
	must(t, s.ReleaseLease(bg(), "sweep", "b", at(0)))
	must(t, s.ReleaseLease(bg(), "rotate", "a", at(0)))
	eq(t, "another's release", holds(t, s, "sweep", "b", 0), false)
	must(t, s.ReleaseLease(bg(), "sweep", "a", at(0)))
	eq(t, "released", holds(t, s, "sweep", "b", 0), true)
}

func leaseRefuses(t *testing.T, s storage.Store) {
	eq(t, "no name", holds(t, s, "", "a", 0), false)
	eq(t, "no holder", holds(t, s, "sweep", "", 0), false)
	eq(t, "a time that is over", got(s.TakeLease(bg(), "sweep", "a", at(0), at(0)))(t), false)
	eq(t, "free all the same", holds(t, s, "sweep", "b", 0), true)
}

func raceTakeLease(t *testing.T, s storage.Store) {
	for round := range 3 { // the first is for a name that nobody ever held
		now := time.Duration(round) * time.Hour
		taken := make([]bool, racers)
		for _, err := range race(racers, func(i int) (err error) {
			taken[i], err = of(s, i).TakeLease(bg(), "sweep", fmt.Sprint(i), at(now+time.Minute), at(now))
			return err
		}) {
			must(t, err)
		}
		n := 0
		for _, won := range taken {
			if won {
				n++
			}
		}
		eq(t, "holders", n, 1)
	}
}
