package main

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/storage"
	"latchkey/storage/memory"
)

// replica is a process with one duty, and how many are at work.
type replica struct {
	*duty
	end    context.CancelFunc
	ended  chan struct{}
	leases *frail
}

// frail is leases that can be away.
type frail struct {
	storage.Leases
	away atomic.Bool
}

var errAway = errors.New("away")

func (f *frail) TakeLease(ctx context.Context, name, holder string, until, now time.Time) (bool, error) {
	if f.away.Load() {
		return false, errAway
	}
	return f.Leases.TakeLease(ctx, name, holder, until, now)
}

func (f *frail) ReleaseLease(ctx context.Context, name, holder string, now time.Time) error {
	if f.away.Load() {
		return errAway
	}
	return f.Leases.ReleaseLease(ctx, name, holder, now)
}

func newReplica(t *testing.T, store storage.Leases, holder string, working *atomic.Int32) *replica {
	ctx, end := context.WithCancel(t.Context())
	leases := &frail{Leases: store}
	r := &replica{end: end, ended: make(chan struct{}), leases: leases, duty: &duty{name: "sweep", holder: holder, leases: leases, log: slog.New(slog.DiscardHandler), now: time.Now,
		gauge: prometheus.NewGauge(prometheus.GaugeOpts{Name: "held"})}}
	go func() {
		defer close(r.ended)
		r.run(ctx, func(ctx context.Context) {
			working.Add(1)
			<-ctx.Done()
			working.Add(-1)
		})
	}()
	return r
}

func TestDutyIsDoneByOneAndTakenOver(t *testing.T) {
	rows := []struct {
		name    string
		trouble func(first *replica)
		within  time.Duration
	}{
		{"the holder ends in order", func(first *replica) { first.end() }, dutyPoll},
		{"the holder dies", func(first *replica) { first.leases.away.Store(true); first.end() }, dutyTerm + dutyPoll},
		{"the holder cannot reach the store", func(first *replica) { first.leases.away.Store(true) }, dutyTerm + dutyPoll},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := memory.New()
				var working atomic.Int32
				first := newReplica(t, store, "a", &working)
				synctest.Wait()
				second := newReplica(t, store, "b", &working)
				for range 100 {
					time.Sleep(time.Second)
					if working.Load() != 1 || !first.held.Load() || second.held.Load() {
						t.Fatalf("%d at work, first %v, second %v", working.Load(), first.held.Load(), second.held.Load())
					}
				}
				row.trouble(first)
				for end := time.Now().Add(row.within + time.Second); !second.held.Load() && time.Now().Before(end); {
					time.Sleep(100 * time.Millisecond)
					if working.Load() > 1 {
						t.Fatal("two at work")
					}
				}
				if !second.held.Load() || first.held.Load() {
					t.Fatalf("not taken over within %v", row.within)
				}
				first.end()
				second.end()
				<-first.ended
				<-second.ended
				if working.Load() != 0 {
					t.Fatal("still at work after the end")
				}
			})
		})
	}
}
