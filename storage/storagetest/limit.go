package storagetest

import (
	"testing"
	"time"

	"latchkey/storage"
)

func limitChecks() []check {
	return []check{
		{"TakeAttempts takes from each or from none", takeAttempts},
		{"a window ends", windowEnds},
		{"ReturnAttempts and ClearAttempts", returnAttempts},
	}
}

func limits(keys ...string) []storage.Limit {
	var list []storage.Limit
	for i, k := range keys {
		list = append(list, storage.Limit{Key: k, Max: 3 - i, Window: time.Minute})
	}
	return list
}

func takeAttempts(t *testing.T, s storage.Store) {
	eq(t, "no limits", got(s.TakeAttempts(bg(), nil, at(0)))(t), storage.Taken{OK: true})
	both := limits("a", "b") // three and two
	for range 2 {
		eq(t, "taken", got(s.TakeAttempts(bg(), both, at(0)))(t), storage.Taken{OK: true})
	}
	eq(t, "second is over", got(s.TakeAttempts(bg(), both, at(time.Second)))(t), storage.Taken{Over: 1, RetryAfter: 59 * time.Second})
	eq(t, "first was not taken from", got(s.TakeAttempts(bg(), both[:1], at(0)))(t), storage.Taken{OK: true})
	eq(t, "first is over", got(s.TakeAttempts(bg(), both, at(0)))(t), storage.Taken{Over: 0, RetryAfter: time.Minute})
}

func windowEnds(t *testing.T, s storage.Store) {
	one := []storage.Limit{{Key: "a", Max: 1, Window: time.Minute}}
	eq(t, "first", got(s.TakeAttempts(bg(), one, at(0)))(t).OK, true)
	eq(t, "within", got(s.TakeAttempts(bg(), one, at(time.Minute-1)))(t), storage.Taken{RetryAfter: time.Microsecond})
	eq(t, "after", got(s.TakeAttempts(bg(), one, at(time.Minute)))(t).OK, true)
}

func returnAttempts(t *testing.T, s storage.Store) {
	one := []storage.Limit{{Key: "a", Max: 1, Window: time.Minute}}
	must(t, s.ReturnAttempts(bg(), one, at(0)))
	for range 3 {
		eq(t, "take", got(s.TakeAttempts(bg(), one, at(0)))(t).OK, true)
		must(t, s.ReturnAttempts(bg(), one, at(0)))
	}
	eq(t, "take", got(s.TakeAttempts(bg(), one, at(0)))(t).OK, true)
	eq(t, "over", got(s.TakeAttempts(bg(), one, at(0)))(t).OK, false)
	must(t, s.ClearAttempts(bg(), []string{"a", "unknown"}, at(0)))
	eq(t, "cleared", got(s.TakeAttempts(bg(), one, at(0)))(t).OK, true)
}
