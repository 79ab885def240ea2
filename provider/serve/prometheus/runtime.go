package prometheus

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// ofRuntime is a metric that is the sum of some of runtime/metrics.
type ofRuntime struct {
	desc *Desc
	kind ValueType
	from []string
}

// goCollector tells what the Go runtime knows, by the names that client_golang's has.
type goCollector struct {
	sums                                    []ofRuntime
	info, goroutines, threads, last, gcTime *Desc
}

// NewGoCollector makes a collector of the Go runtime.
func NewGoCollector() Collector {
	plain := func(name, help string) *Desc { return NewDesc(name, help, nil, nil) }
	c := &goCollector{
		info:       NewDesc("go_info", "Information about the Go environment.", nil, Labels{"version": runtime.Version()}),
		goroutines: plain("go_goroutines", "Number of goroutines that currently exist."),
		threads:    plain("go_threads", "Number of OS threads created."),
		last:       plain("go_memstats_last_gc_time_seconds", "Number of seconds since 1970 of last garbage collection."),
		gcTime:     plain("go_gc_duration_seconds", "How long the world was stopped by each garbage collection."),
	}
	const heap, meta = "/memory/classes/heap/", "/memory/classes/metadata/"
	for _, row := range []struct {
		name, help string
		kind       ValueType
		from       []string
	}{
		{"go_gc_gogc_percent", "Heap size target percentage (GOGC).", GaugeValue, []string{"/gc/gogc:percent"}},
		{"go_gc_gomemlimit_bytes", "Go runtime memory limit (GOMEMLIMIT).", GaugeValue, []string{"/gc/gomemlimit:bytes"}},
		{"go_sched_gomaxprocs_threads", "How many threads can run Go code at once (GOMAXPROCS).", GaugeValue, []string{"/sched/gomaxprocs:threads"}},
		{"go_memstats_alloc_bytes", "Bytes of objects in the heap.", GaugeValue, []string{heap + "objects:bytes"}},
		{"go_memstats_alloc_bytes_total", "Bytes allocated in the heap until now, even if released already.", CounterValue, []string{"/gc/heap/allocs:bytes"}},
		{"go_memstats_mallocs_total", "Objects allocated in the heap until now.", CounterValue, []string{"/gc/heap/allocs:objects", "/gc/heap/tiny/allocs:objects"}},
		{"go_memstats_frees_total", "Objects freed until now.", CounterValue, []string{"/gc/heap/frees:objects", "/gc/heap/tiny/allocs:objects"}},
		{"go_memstats_sys_bytes", "Bytes obtained from the system.", GaugeValue, []string{"/memory/classes/total:bytes"}},
		{"go_memstats_heap_alloc_bytes", "Bytes of objects in the heap.", GaugeValue, []string{heap + "objects:bytes"}},
		{"go_memstats_heap_sys_bytes", "Bytes of the heap obtained from the system.", GaugeValue, []string{heap + "objects:bytes", heap + "unused:bytes", heap + "released:bytes", heap + "free:bytes"}},
		{"go_memstats_heap_idle_bytes", "Bytes of the heap waiting to be used.", GaugeValue, []string{heap + "released:bytes", heap + "free:bytes"}},
		{"go_memstats_heap_inuse_bytes", "Bytes of the heap in use.", GaugeValue, []string{heap + "objects:bytes", heap + "unused:bytes"}},
		{"go_memstats_heap_released_bytes", "Bytes of the heap released to the system.", GaugeValue, []string{heap + "released:bytes"}},
		{"go_memstats_heap_objects", "Objects in the heap.", GaugeValue, []string{"/gc/heap/objects:objects"}},
		{"go_memstats_stack_inuse_bytes", "Bytes of stacks in use.", GaugeValue, []string{heap + "stacks:bytes"}},
		{"go_memstats_stack_sys_bytes", "Bytes obtained from the system for stacks.", GaugeValue, []string{heap + "stacks:bytes", "/memory/classes/os-stacks:bytes"}},
		{"go_memstats_mspan_inuse_bytes", "Bytes of mspan structures in use.", GaugeValue, []string{meta + "mspan/inuse:bytes"}},
		{"go_memstats_mspan_sys_bytes", "Bytes obtained from the system for mspan structures.", GaugeValue, []string{meta + "mspan/inuse:bytes", meta + "mspan/free:bytes"}},
		{"go_memstats_mcache_inuse_bytes", "Bytes of mcache structures in use.", GaugeValue, []string{meta + "mcache/inuse:bytes"}},
		{"go_memstats_mcache_sys_bytes", "Bytes obtained from the system for mcache structures.", GaugeValue, []string{meta + "mcache/inuse:bytes", meta + "mcache/free:bytes"}},
		{"go_memstats_buck_hash_sys_bytes", "Bytes of the profiling buckets' table.", GaugeValue, []string{"/memory/classes/profiling/buckets:bytes"}},
		{"go_memstats_gc_sys_bytes", "Bytes of what the garbage collector keeps about memory.", GaugeValue, []string{meta + "other:bytes"}},
		{"go_memstats_other_sys_bytes", "Bytes of other allocations of the runtime.", GaugeValue, []string{"/memory/classes/other:bytes"}},
		{"go_memstats_next_gc_bytes", "Bytes of the heap at which the next garbage collection begins.", GaugeValue, []string{"/gc/heap/goal:bytes"}},
	} {
		c.sums = append(c.sums, ofRuntime{plain(row.name, row.help), row.kind, row.from})
	}
	return c
}

// Describe implements [Collector].
func (c *goCollector) Describe(out chan<- *Desc) {
	for _, s := range c.sums {
		out <- s.desc
	}
	for _, d := range []*Desc{c.info, c.goroutines, c.threads, c.last, c.gcTime} {
		out <- d
	}
}

// Collect implements [Collector].
func (c *goCollector) Collect(out chan<- Metric) {
	var read []metrics.Sample
	for _, s := range c.sums {
		for _, name := range s.from {
			read = append(read, metrics.Sample{Name: name})
		}
	}
	metrics.Read(read)
	for _, s := range c.sums {
		var sum float64
		for range s.from {
			if read[0].Value.Kind() == metrics.KindUint64 {
				sum += float64(read[0].Value.Uint64())
			}
			read = read[1:]
		}
		out <- MustNewConstMetric(s.desc, s.kind, sum)
	}
	threads, _ := runtime.ThreadCreateProfile(nil)
	out <- MustNewConstMetric(c.info, GaugeValue, 1)
	out <- MustNewConstMetric(c.goroutines, GaugeValue, float64(runtime.NumGoroutine()))
	out <- MustNewConstMetric(c.threads, GaugeValue, float64(threads))
	gc := debug.GCStats{PauseQuantiles: make([]time.Duration, 5)}
	debug.ReadGCStats(&gc)
	var last float64
	if !gc.LastGC.IsZero() {
		last = float64(gc.LastGC.UnixNano()) / 1e9
	}
	out <- MustNewConstMetric(c.last, GaugeValue, last)
	s := Sample{Labels: c.gcTime.with(nil), kind: summaryValue, Count: uint64(gc.NumGC), Value: gc.PauseTotal.Seconds()} //nolint:gosec // a count
	for i, q := range gc.PauseQuantiles {
		s.Quantiles = append(s.Quantiles, Quantile{float64(i) / 4, q.Seconds()})
	}
	out <- &constMetric{c.gcTime, s}
}
