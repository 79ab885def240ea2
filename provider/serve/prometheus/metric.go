package prometheus

import (
	"fmt"
	"math"
	"sync/atomic"
)

// Labels are names with values.
type Labels map[string]string

// ValueType is what kind of number a constant metric is.
type ValueType string

// The kinds of numbers, as the formats name them.
const (
	CounterValue ValueType = "counter"
	GaugeValue   ValueType = "gauge"

	histogramValue ValueType = "histogram"
	summaryValue   ValueType = "summary"
)

// Desc describes metrics of one name.
type Desc struct {
	name, help string
	labels     []string
	constant   []Label
}

// NewDesc makes one: the labels that each metric has a value for, and those that are the same for all.
func NewDesc(name, help string, labels []string, constant Labels) *Desc {
	d := &Desc{name: name, help: help, labels: labels}
	for k, v := range constant {
		d.constant = append(d.constant, Label{k, v})
	}
	sortLabels(d.constant)
	return d
}

// Label is one label of a metric.
type Label struct{ Name, Value string }

// with are the labels of a metric, sorted by name. It panics where values are missing or too many: that is a mistake in the program.
func (d *Desc) with(values []string) []Label {
	if len(values) != len(d.labels) {
		panic(fmt.Sprintf("prometheus: %s has %d labels, not %d", d.name, len(d.labels), len(values)))
	}
	out := make([]Label, 0, len(d.constant)+len(values))
	out = append(out, d.constant...)
	for i, v := range values {
		out = append(out, Label{d.labels[i], v})
	}
	sortLabels(out)
	return out
}

// Metric is one number, or one histogram.
type Metric interface {
	// Desc describes it.
	Desc() *Desc
	// Sample is what it stands at.
	Sample() Sample
}

// Sample is what a metric stands at.
type Sample struct {
	Labels []Label
	// Value is the number; of a histogram or summary the sum of what was observed.
	Value float64
	// Count is how many were observed, of a histogram or summary.
	Count uint64
	// Buckets are those of a histogram, each with all below it; the last has no bound.
	Buckets []Bucket
	// Quantiles are those of a summary.
	Quantiles []Quantile

	kind ValueType
}

// Bucket is how many observations were not above a bound.
type Bucket struct {
	Bound float64
	Count uint64
	// Exemplar is one of them, nil for none.
	Exemplar *Exemplar
}

// Quantile is a share of the observations, and the value that so many are not above.
type Quantile struct{ Share, Value float64 }

// Exemplar is an observation with what tells more about it.
type Exemplar struct {
	Labels []Label
	Value  float64
}

// Collector has metrics. Describe tells those that are known beforehand, Collect what they stand at.
type Collector interface {
	Describe(chan<- *Desc)
	Collect(chan<- Metric)
}

// constMetric is a number that was made when it was asked for.
type constMetric struct {
	desc   *Desc
	sample Sample
}

// Desc implements [Metric].
func (c *constMetric) Desc() *Desc { return c.desc }

// Sample implements [Metric].
func (c *constMetric) Sample() Sample { return c.sample }

// MustNewConstMetric makes a metric that does not change. It panics where the label values are not as many as the labels.
func MustNewConstMetric(d *Desc, kind ValueType, value float64, labels ...string) Metric {
	return &constMetric{d, Sample{Labels: d.with(labels), Value: value, kind: kind}}
}

// Counter only grows.
type Counter interface {
	Metric
	Collector
	Inc()
	// Add panics where v is negative.
	Add(v float64)
}

// Gauge goes up and down.
type Gauge interface {
	Metric
	Collector
	Set(v float64)
	Inc()
	Dec()
}

// number is a counter or a gauge.
type number struct {
	desc   *Desc
	labels []Label
	kind   ValueType
	bits   atomic.Uint64
}

func newNumber(d *Desc, kind ValueType, values ...string) *number {
	return &number{desc: d, labels: d.with(values), kind: kind}
}

// Desc implements [Metric].
func (n *number) Desc() *Desc { return n.desc }

// Sample implements [Metric].
func (n *number) Sample() Sample {
	return Sample{Labels: n.labels, Value: math.Float64frombits(n.bits.Load()), kind: n.kind}
}

// Describe implements [Collector].
func (n *number) Describe(out chan<- *Desc) { out <- n.desc }

// Collect implements [Collector].
func (n *number) Collect(out chan<- Metric) { out <- n }

// Set sets a gauge.
func (n *number) Set(v float64) { n.bits.Store(math.Float64bits(v)) }

// Inc adds 1.
func (n *number) Inc() { add(&n.bits, 1) }

// Dec takes 1 away.
func (n *number) Dec() { add(&n.bits, -1) }

// Add adds v.
func (n *number) Add(v float64) {
	if n.kind == CounterValue && v < 0 {
		panic("prometheus: a counter cannot decrease")
	}
	add(&n.bits, v)
}

func add(bits *atomic.Uint64, v float64) {
	for {
		old := bits.Load()
		if bits.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+v)) {
			return
		}
	}
}

// opts are what a metric is made of.
type opts struct {
	Name, Help string
	// ConstLabels are the same for all metrics of the name.
	ConstLabels Labels
}

// CounterOpts and GaugeOpts are what those are made of.
type (
	CounterOpts opts
	GaugeOpts   opts
)

// NewCounter makes a counter.
func NewCounter(o CounterOpts) Counter {
	return newNumber(NewDesc(o.Name, o.Help, nil, o.ConstLabels), CounterValue)
}

// NewGauge makes a gauge.
func NewGauge(o GaugeOpts) Gauge {
	return newNumber(NewDesc(o.Name, o.Help, nil, o.ConstLabels), GaugeValue)
}

// counterFunc asks for its number.
type counterFunc struct {
	desc *Desc
	ask  func() float64
}

// NewCounterFunc makes a counter that asks for its number when it is collected. ask must be safe for concurrent use.
func NewCounterFunc(o CounterOpts, ask func() float64) Collector {
	return counterFunc{NewDesc(o.Name, o.Help, nil, o.ConstLabels), ask}
}

// Describe implements [Collector].
func (c counterFunc) Describe(out chan<- *Desc) { out <- c.desc }

// Collect implements [Collector].
func (c counterFunc) Collect(out chan<- Metric) {
	out <- MustNewConstMetric(c.desc, CounterValue, c.ask())
}
