package prometheus

import (
	"cmp"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
)

// Registerer takes collectors.
type Registerer interface {
	Register(c Collector) error
	// MustRegister panics where Register fails.
	MustRegister(all ...Collector)
}

// Gatherer asks them.
type Gatherer interface{ Gather() ([]Family, error) }

// Family is the metrics of one name.
type Family struct {
	Name, Help string
	Type       ValueType
	Samples    []Sample
}

// Registry implements [Registerer] and [Gatherer]. It is safe for concurrent use.
type Registry struct {
	mu         sync.RWMutex
	collectors []Collector
	names      map[string]bool
}

// NewRegistry makes an empty one.
func NewRegistry() *Registry { return &Registry{names: map[string]bool{}} }

// Register takes a collector. It is an error where another one has described the same metric.
func (r *Registry) Register(c Collector) error {
	described := make(chan *Desc)
	go func() {
		c.Describe(described)
		close(described)
	}()
	r.mu.Lock()
	defer r.mu.Unlock()
	var new []string
	var err error
	for d := range described {
		key := d.name + " " + labelsKey(d.constant)
		if r.names[key] {
			err = fmt.Errorf("prometheus: %s is registered already", d.name)
		}
		new = append(new, key)
	}
	if err != nil {
		return err
	}
	for _, key := range new {
		r.names[key] = true
	}
	r.collectors = append(r.collectors, c)
	return nil
}

// MustRegister registers, and panics where that is an error.
func (r *Registry) MustRegister(all ...Collector) {
	for _, c := range all {
		if err := r.Register(c); err != nil {
			panic(err)
		}
	}
}

// Gather asks all collectors at once. Families are sorted by name, metrics by their labels. With an error come those that are well: one that was told twice, or
// under one name as two things, counts once.
func (r *Registry) Gather() ([]Family, error) {
	r.mu.RLock()
	all := r.collectors[:len(r.collectors):len(r.collectors)]
	r.mu.RUnlock()
	metrics := make(chan Metric, 64)
	var asked sync.WaitGroup
	for _, c := range all {
		asked.Go(func() { c.Collect(metrics) })
	}
	go func() {
		asked.Wait()
		close(metrics)
	}()
	byName, seen := map[string]*Family{}, map[string]bool{}
	var errs []error
	for m := range metrics {
		d, s := m.Desc(), m.Sample()
		f := byName[d.name]
		if f == nil {
			f = &Family{Name: d.name, Help: d.help, Type: s.kind}
			byName[d.name] = f
		}
		key := d.name + " " + labelsKey(s.Labels)
		switch {
		case f.Type != s.kind:
			errs = append(errs, fmt.Errorf("prometheus: %s is a %s and a %s", d.name, f.Type, s.kind))
			continue
		case seen[key]:
			errs = append(errs, fmt.Errorf("prometheus: %s was told twice", key))
			continue
		}
		seen[key] = true
		f.Samples = append(f.Samples, s)
	}
	out := make([]Family, 0, len(byName))
	for _, f := range byName {
		sort.Slice(f.Samples, func(i, j int) bool { return labelsKey(f.Samples[i].Labels) < labelsKey(f.Samples[j].Labels) })
		out = append(out, *f)
	}
	sort.Slice(out, func(i, j int) bool { return cmp.Less(out[i].Name, out[j].Name) })
	return out, errors.Join(errs...)
}

func sortLabels(list []Label) {
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
}

// labelsKey is the same for the same labels, and sorts as they do.
func labelsKey(list []Label) string {
	var b strings.Builder
	for _, l := range list {
		b.WriteString(l.Name)
		b.WriteByte(between)
		b.WriteString(l.Value)
		b.WriteByte(between)
	}
	return b.String()
}
