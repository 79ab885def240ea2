package serve

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The states of readiness, as latchkey_readiness tells them.
const (
	stateReady    = "ready"
	stateStarting = "starting"
	stateStandby  = "standby"
	stateDraining = "draining"
	stateFailing  = "failing"
)

// judgement is what readiness comes to, and what each check said.
type judgement struct {
	state string
	// failed is the first check that failed, "" if none did.
	failed string
	checks []checked
}

type checked struct {
	name string
	err  error
}

// errExcluded is what a check says that nobody asked, because the question left it out.
var errExcluded = errors.New("excluded")

// judge asks every check, for a second in all. Those that are excluded are not asked once the service has started.
func (o *Ops) judge(ctx context.Context, excluded ...string) judgement {
	o.mu.Lock()
	checks, started, draining := o.checks, o.started, o.draining
	o.mu.Unlock()
	j := judgement{state: stateReady}
	worse := func(state string) {
		if j.state == stateReady {
			j.state = state
		}
	}
	if draining {
		worse(stateDraining)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for _, c := range checks {
		if started && slices.Contains(excluded, c.Name) {
			j.checks = append(j.checks, checked{c.Name, errExcluded})
			continue
		}
		err := probe(ctx, c)
		j.checks = append(j.checks, checked{c.Name, err})
		switch {
		case err == nil:
		case errors.Is(err, ErrStandby):
			worse(stateStandby)
		case j.failed == "":
			j.failed = c.Name
			if started {
				worse(stateFailing)
			}
		}
	}
	if !started {
		worse(stateStarting)
	}
	return j
}

// readiness tells readiness to whoever scrapes.
type readiness struct{ ops *Ops }

// Readiness is latchkey_readiness, 1 for the state that holds and 0 for the others, and latchkey_readiness_check, 1 for each check that passes.
// It asks the checks at each scrape.
func (o *Ops) Readiness() prometheus.Collector { return readiness{o} }

// Describe implements [prometheus.Collector]. What is collected is not known beforehand.
func (readiness) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (r readiness) Collect(out chan<- prometheus.Metric) {
	j := r.ops.judge(context.Background())
	state := prometheus.NewDesc("latchkey_readiness", "State of readiness: 1 for the one that holds.", []string{"state"}, nil)
	for _, s := range []string{stateReady, stateStarting, stateStandby, stateDraining, stateFailing} {
		out <- prometheus.MustNewConstMetric(state, prometheus.GaugeValue, one(s == j.state), s)
	}
	check := prometheus.NewDesc("latchkey_readiness_check", "Conditions of readiness: 1 where it holds.", []string{"check"}, nil)
	for _, c := range j.checks {
		out <- prometheus.MustNewConstMetric(check, prometheus.GaugeValue, one(c.err == nil), c.name)
	}
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
