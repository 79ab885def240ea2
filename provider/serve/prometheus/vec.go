package prometheus

import (
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// vec is the metrics of one name, by the values of their labels.
type vec[M Metric] struct {
	desc *Desc
	make func(values []string) M

	mu   sync.RWMutex
	have map[string]M
}

// between separates label values in keys; no text in UTF-8 has it.
const between = 0xff

// WithLabelValues is the metric with those values, made where there is none. It panics where they are not as many as the labels.
func (v *vec[M]) WithLabelValues(values ...string) M {
	var room [128]byte
	key := room[:0]
	for _, one := range values {
		key = append(append(key, one...), between)
	}
	v.mu.RLock()
	m, ok := v.have[string(key)]
	v.mu.RUnlock()
	if ok {
		return m
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if m, ok := v.have[string(key)]; ok {
		return m
	}
	own := make([]string, len(values)) // not parts of a request's memory
	for i, one := range values {
		own[i] = strings.Clone(one)
	}
	m = v.make(own)
	v.have[string(key)] = m
	return m
}

// Describe implements [Collector].
func (v *vec[M]) Describe(out chan<- *Desc) { out <- v.desc }

// Collect implements [Collector].
func (v *vec[M]) Collect(out chan<- Metric) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for _, m := range v.have {
		out <- m
	}
}

// CounterVec is counters with labels.
type CounterVec struct{ vec[Counter] }

// NewCounterVec makes one.
func NewCounterVec(o CounterOpts, labels []string) *CounterVec {
	d := NewDesc(o.Name, o.Help, labels, o.ConstLabels)
	return &CounterVec{vec[Counter]{desc: d, have: map[string]Counter{}, make: func(values []string) Counter { return newNumber(d, CounterValue, values...) }}}
}

// GaugeVec is gauges with labels.
type GaugeVec struct{ vec[Gauge] }

// NewGaugeVec makes one.
func NewGaugeVec(o GaugeOpts, labels []string) *GaugeVec {
	d := NewDesc(o.Name, o.Help, labels, o.ConstLabels)
	return &GaugeVec{vec[Gauge]{desc: d, have: map[string]Gauge{}, make: func(values []string) Gauge { return newNumber(d, GaugeValue, values...) }}}
}

// Observer takes observations.
type Observer interface{ Observe(v float64) }

// ExemplarObserver takes observations with what tells more about them.
type ExemplarObserver interface {
	ObserveWithExemplar(v float64, l Labels)
}

// HistogramOpts are what a histogram is made of. Buckets are upper bounds, in order.
type HistogramOpts struct {
	Name, Help string
	Buckets    []float64
}

// HistogramVec is histograms with labels.
type HistogramVec struct{ inner vec[*histogram] }

// NewHistogramVec makes one.
func NewHistogramVec(o HistogramOpts, labels []string) *HistogramVec {
	d := NewDesc(o.Name, o.Help, labels, nil)
	bounds := slices.Clone(o.Buckets)
	return &HistogramVec{vec[*histogram]{desc: d, have: map[string]*histogram{}, make: func(values []string) *histogram {
		n := len(bounds) + 1
		return &histogram{desc: d, labels: d.with(values), bounds: bounds, counts: make([]atomic.Uint64, n), exemplars: make([]atomic.Pointer[Exemplar], n)}
	}}}
}

// WithLabelValues is as that of [CounterVec].
func (v *HistogramVec) WithLabelValues(values ...string) Observer {
	return v.inner.WithLabelValues(values...)
}

// Describe implements [Collector].
func (v *HistogramVec) Describe(out chan<- *Desc) { v.inner.Describe(out) }

// Collect implements [Collector].
func (v *HistogramVec) Collect(out chan<- Metric) { v.inner.Collect(out) }

type histogram struct {
	desc      *Desc
	labels    []Label
	bounds    []float64
	counts    []atomic.Uint64
	exemplars []atomic.Pointer[Exemplar]
	sum       atomic.Uint64
}

// Observe implements [Observer].
func (h *histogram) Observe(v float64) { h.observe(v) }

// observe returns the bucket that v is in.
func (h *histogram) observe(v float64) int {
	i, _ := slices.BinarySearch(h.bounds, v) // the first bound that is not below v
	h.counts[i].Add(1)
	add(&h.sum, v)
	return i
}

// ObserveWithExemplar implements [ExemplarObserver].
func (h *histogram) ObserveWithExemplar(v float64, l Labels) {
	e := &Exemplar{Value: v}
	for name, value := range l {
		e.Labels = append(e.Labels, Label{name, value})
	}
	sortLabels(e.Labels)
	h.exemplars[h.observe(v)].Store(e)
}

// Desc implements [Metric].
func (h *histogram) Desc() *Desc { return h.desc }

// Sample implements [Metric]. The sum may be of an observation more or fewer than the count, while there are some.
func (h *histogram) Sample() Sample {
	s := Sample{Labels: h.labels, Value: math.Float64frombits(h.sum.Load()), kind: histogramValue}
	for i := range h.counts {
		s.Count += h.counts[i].Load()
		bound := math.Inf(1)
		if i < len(h.bounds) {
			bound = h.bounds[i]
		}
		s.Buckets = append(s.Buckets, Bucket{bound, s.Count, h.exemplars[i].Load()})
	}
	return s
}
