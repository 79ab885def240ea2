package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// heapRoom is what may be allocated before garbage is collected again, in bytes, where what lives is less: collecting costs as much as there is that lives, so
// that little of it with little room would be looked through again and again.
const heapRoom = 10 << 20

// roomy keeps heapRoom for a small heap; a larger one has the room that GOGC gives it, which is as much as lives. It looks after each collection, and changes
// nothing where an operator has set GOGC. A memory limit goes before it.
type roomy struct {
	percent int
	live    []metrics.Sample
}

func keepRoom() {
	if os.Getenv("GOGC") != "" {
		return
	}
	r := &roomy{percent: 100, live: newLive()}
	r.look()
	r.again()
}

// newLive is where metrics.Read puts what lived at the last collection.
func newLive() []metrics.Sample { return []metrics.Sample{{Name: "/gc/heap/live:bytes"}} }

// again looks when the next collection has found something that nobody has.
func (r *roomy) again() {
	type nobodys struct{ _ [16]byte }
	runtime.AddCleanup(&nobodys{}, func(r *roomy) {
		r.look()
		r.again()
	}, r)
}

// look sets how much more than lives may be allocated. To set it stops everything for a moment, so that small changes are left.
func (r *roomy) look() {
	metrics.Read(r.live)
	want := roomPercent(r.live[0].Value.Uint64())
	if want > r.percent*9/10 && want < r.percent*11/10 {
		return
	}
	r.percent = want
	debug.SetGCPercent(want)
}

// roomPercent is GOGC for so much that lives: at least 100, and at most 300, by which Go collects when there are 12 MiB, however little of them lives.
func roomPercent(live uint64) int {
	return int(min(300, max(100, 100*heapRoom/max(live, 1)))) // #nosec G115 -- at most 300
}
