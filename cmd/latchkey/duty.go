package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/storage"
)

// A replica that dies is followed within dutyTerm and dutyPoll; one that ends in order, within dutyPoll.
const (
	// dutyTerm is how long a lease is taken for, dutyRenew how often it is taken again.
	dutyTerm, dutyRenew = 6 * time.Second, 2 * time.Second
	// dutyPoll is how often the others ask for it.
	dutyPoll = time.Second
	// sharedPoll is how often whoever sends what is queued looks for what another replica queued.
	sharedPoll = time.Second
)

// lookEvery is how often a queue is looked at without being woken: more often than alone, where others put into it too.
func (c *core) lookEvery(alone time.Duration) time.Duration {
	if !c.shared() {
		return alone
	}
	return sharedPoll
}

// shared says whether other processes can have the store too.
func (c *core) shared() bool { return c.driver.watch != nil }

// takeOver releases what one who had the duty before, and may have died, had taken to send.
func (s *server) takeOver(ctx context.Context, release func(context.Context) (int, error)) {
	for {
		n, err := release(ctx)
		if err == nil {
			if n > 0 {
				s.log.InfoContext(ctx, "another was sending when it ended: what it had taken is sent now", "count", n)
			}
			return
		}
		if !wait(ctx, dutyPoll) {
			return
		}
	}
}

// duty is work that one replica does at a time, under a lease. A lease is no lock: two may do it for a moment, so it must be right when two do.
type duty struct {
	name, holder string
	leases       storage.Leases
	log          *slog.Logger
	now          func() time.Time
	held         atomic.Bool
	gauge        prometheus.Gauge
}

// newHolder names this process among its replicas.
func newHolder() string {
	host, _ := os.Hostname()
	return host + "-" + rand.Text()[:8]
}

// startDuty lets work run while this replica has the lease, until ctx ends. work must end soon after its context; it is called again when the lease
// comes back.
func (s *server) startDuty(ctx context.Context, name string, work func(context.Context)) *duty {
	d := &duty{name: name, holder: s.holder, leases: s.core.store, log: s.log, now: s.core.now, gauge: s.duties.WithLabelValues(name)}
	d.gauge.Set(0)
	s.work.Go(func() { d.run(ctx, work) })
	return d
}

func (d *duty) run(ctx context.Context, work func(context.Context)) {
	for {
		until := d.now().Add(dutyTerm)
		got, err := d.take(ctx)
		if err != nil && ctx.Err() == nil {
			d.log.DebugContext(ctx, "lease cannot be asked for", "duty", d.name, "error", err)
		}
		if got {
			d.hold(ctx, until, work)
		}
		if !wait(ctx, dutyPoll) {
			return
		}
	}
}

// take asks for the lease until dutyTerm from now.
func (d *duty) take(ctx context.Context) (bool, error) {
	now := d.now()
	return d.leases.TakeLease(ctx, d.name, d.holder, now.Add(dutyTerm), now)
}

// hold runs work until the lease is lost, or may be another's because the store cannot be asked.
func (d *duty) hold(ctx context.Context, until time.Time, work func(context.Context)) {
	working, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	d.set(true)
	go func() {
		defer close(ended)
		work(working)
	}()
	for wait(ctx, dutyRenew) {
		next := d.now().Add(dutyTerm)
		got, err := d.take(ctx)
		if err == nil && got {
			until = next
			continue
		}
		if err == nil || !d.now().Add(dutyRenew).Before(until) { // the next try would come when another may have it
			d.log.InfoContext(ctx, "lease lost", "duty", d.name)
			break
		}
	}
	stop()
	<-ended
	d.set(false)
	if ctx.Err() != nil {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if err := d.leases.ReleaseLease(end, d.name, d.holder, d.now()); err != nil {
			d.log.DebugContext(end, "lease cannot be given back: it ends by itself", "duty", d.name, "error", err)
		}
	}
}

func (d *duty) set(held bool) {
	d.held.Store(held)
	d.gauge.Set(0)
	if held {
		d.gauge.Set(1)
	}
}
