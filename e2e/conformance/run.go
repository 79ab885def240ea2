package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// run is one run of the command.
type run struct {
	settings settings
	suite    *suite
	op       *provider
	chromium *chromium
	// keys is held by a module that rotates keys: others would be given tokens of a key that they have not fetched.
	keys sync.RWMutex
}

// moduleLimit is how long a module may take; some wait a minute and a half.
const moduleLimit = 4 * time.Minute

// finding is a row of a module's log: a FAILURE, a WARNING, why it was SKIPPED, or a PICTURE.
type finding struct {
	Result, Source, Message string
	Requirements            []string
}

// moduleResult is what came of a module. Result is PASSED, REVIEW, WARNING, SKIPPED or FAILED.
type moduleResult struct {
	Module, Result string
	Variant        map[string]string
	Findings       []finding
	ID             string
	Seconds        float64
}

// planResult is what came of a plan.
type planResult struct {
	Name    string
	Modules []moduleResult
	Seconds float64
}

// all runs the plans, and returns what was found even where it could not go on: those of static clients one after the other, since they share the clients, those of dynamic ones beside them.
func (r *run) all(ctx context.Context) ([]planResult, error) {
	var lanes [2][]plan
	for _, p := range plans() {
		if !r.settings.plans.MatchString(p.Name) {
			continue
		}
		lane := 0
		if p.Dynamic {
			lane = 1
		}
		lanes[lane] = append(lanes[lane], p)
	}
	var mu sync.Mutex
	var found []planResult
	var wrong error
	next := func(from ...int) (plan, bool) {
		mu.Lock()
		defer mu.Unlock()
		for _, lane := range from {
			if wrong == nil && len(lanes[lane]) > 0 {
				p := lanes[lane][0]
				lanes[lane] = lanes[lane][1:]
				return p, true
			}
		}
		return plan{}, false
	}
	var wg sync.WaitGroup
	for i := range max(r.settings.jobs, 1) {
		order := []int{1}
		if i == 0 {
			order = []int{0, 1}
		}
		wg.Go(func() {
			for p, ok := next(order...); ok; p, ok = next(order...) {
				res, err := r.plan(ctx, p)
				mu.Lock()
				if err != nil {
					wrong = errors.Join(wrong, fmt.Errorf("%s: %w", p.Name, err))
				}
				if len(res.Modules) > 0 {
					found = append(found, res)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.SortFunc(found, func(a, b planResult) int { return place(a.Name) - place(b.Name) })
	return found, wrong
}

// plan runs the modules of a plan in their order.
func (r *run) plan(ctx context.Context, p plan) (planResult, error) {
	began := time.Now()
	out := planResult{Name: p.Name}
	id, modules, err := r.suite.createPlan(ctx, p.ID, p.Variant, planConfig(r.op, p))
	if err != nil {
		return out, err
	}
	for _, m := range modules {
		if !r.settings.modules.MatchString(m.Module) {
			continue
		}
		res, err := r.module(ctx, id, m)
		if err != nil {
			return out, fmt.Errorf("%s: %w", m.Module, err)
		}
		out.Modules = append(out.Modules, res)
		if r.settings.verbose {
			fmt.Fprintf(os.Stderr, "%-8s %5.1fs  %s  %s %s  %s\n", res.Result, res.Seconds, p.Name, res.Module, chosen(res.Variant), res.ID)
		}
	}
	out.Seconds = time.Since(began).Seconds()
	if len(out.Modules) > 0 {
		fmt.Fprintf(os.Stderr, "%-44s %3d modules %6.0fs  %s\n", p.Name, len(out.Modules), out.Seconds, count(out.Modules))
	}
	return out, nil
}

// module runs a module to its end. What goes wrong in it is a result; an error is that the suite cannot be worked with.
func (r *run) module(ctx context.Context, planID string, m moduleRef) (moduleResult, error) {
	if rotates(m.Module) {
		r.keys.Lock()
		defer r.keys.Unlock()
	} else {
		r.keys.RLock()
		defer r.keys.RUnlock()
	}
	began := time.Now()
	out := moduleResult{Module: m.Module, Variant: m.Variant, Result: "FAILED"}
	id, err := r.suite.createModule(ctx, planID, m)
	if err != nil {
		var refused *statusError
		if !errors.As(err, &refused) {
			return out, err
		}
		out.Findings = []finding{{Result: "FAILURE", Source: "suite", Message: err.Error()}}
		return out, nil
	}
	out.ID = id
	st, err := r.drive(ctx, id, m.Module)
	if err != nil {
		return out, err
	}
	entries, err := r.suite.log(ctx, id)
	if err != nil {
		return out, err
	}
	out.Findings = findings(entries, id)
	switch {
	case st.Status == "FINISHED" && st.Result != "":
		out.Result = st.Result
	case st.Status != "FINISHED" && st.Status != "INTERRUPTED":
		out.Findings = append(out.Findings, finding{Result: "FAILURE", Source: "driver", Message: fmt.Sprintf("still %s after %v", st.Status, time.Since(began).Round(time.Second))})
	}
	out.Seconds = time.Since(began).Seconds()
	if r.settings.logs != "" && out.Result != "PASSED" {
		err = r.keep(id, m, entries)
	}
	return out, errors.Join(err, r.chromium.forget(ctx, id))
}

// rotates tells a module that wants the keys rotated before it starts.
func rotates(module string) bool { return strings.HasSuffix(module, "-rotate-keys") }
