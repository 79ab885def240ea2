package main

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/provider/account"
	"latchkey/provider/activity"
	"latchkey/provider/audit"
	"latchkey/storage"
)

// startActivity begins to write down what happens to accounts. What it returns waits until everything is written.
func (c *core) startActivity() (end func(), err error) {
	c.activity, err = activity.New(activity.Config{Store: c.store, Keep: c.cfg.Accounts.Activity.Keep.D(), Now: c.now, Random: rand.Reader, Logger: c.log})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); c.activity.Run(ctx) }()
	return func() { cancel(); <-done }, nil
}

// noted is a sink that hands events on, and to the record of a core that may not be open yet.
func noted(also audit.Sink, of func() *core) audit.Sink {
	return audit.SinkFunc(func(ctx context.Context, e audit.Event) {
		also.Record(ctx, e)
		if c := of(); c != nil {
			c.activity.Record(ctx, e)
		}
	})
}

// activityDropped counts what was lost of people's records.
func activityDropped(log *activity.Log) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "latchkey_activity_dropped_total", Help: "Entries of people's own records of their accounts that were lost, because the store was away or too slow.",
	}, func() float64 { return float64(log.Dropped()) })
}

// settled is the accounts' service, whose records are whole: what this process noted is written before they are read.
type settled struct {
	*account.Service
	activity *activity.Log
}

// settleWithin is how long a page waits for that; without it the page shows what there is.
const settleWithin = 500 * time.Millisecond

// Events is as [account.Service.Events].
func (s settled) Events(ctx context.Context, q storage.EventQuery) ([]storage.AccountEvent, error) {
	wait, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	s.activity.Settle(wait)
	return s.Service.Events(ctx, q)
}
