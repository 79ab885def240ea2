package serve

import (
	golang "runtime/metrics"
	"time"
)

// schedLag returns a function that tells how long nine in ten goroutines waited for a processor, at most, since it was last called; false where
// too few did to say.
func schedLag() func() (time.Duration, bool) {
	const enough = 32
	sample := []golang.Sample{{Name: "/sched/latencies:seconds"}}
	var before []uint64
	return func() (time.Duration, bool) {
		golang.Read(sample)
		if sample[0].Value.Kind() != golang.KindFloat64Histogram {
			return 0, false
		}
		h := sample[0].Value.Float64Histogram()
		if before == nil {
			before = make([]uint64, len(h.Counts))
		}
		total := uint64(0)
		for i, n := range h.Counts {
			total += n - before[i]
		}
		lag, seen := time.Duration(0), uint64(0)
		for i, n := range h.Counts {
			if seen += n - before[i]; seen*10 >= total*9 {
				lag = time.Duration(h.Buckets[i] * float64(time.Second)) // where the bucket begins
				break
			}
		}
		copy(before, h.Counts)
		return max(lag, 0), total >= enough
	}
}
