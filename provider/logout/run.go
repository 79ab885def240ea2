package logout

import (
	"context"
	"fmt"
	"sync"
	"time"

	"latchkey/storage"
)

// Run sends until ctx ends, then waits for the requests under way, at most Grace. It returns nil.
func (d *Dispatcher) Run(ctx context.Context) error {
	work, stop := d.outlive(ctx)
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	timer := time.NewTimer(d.Poll)
	defer timer.Stop()
	for {
		for ctx.Err() == nil {
			room := min(d.Batch, d.Held-int(d.held.Load()))
			if room <= 0 {
				d.full.Store(true) // whoever makes room wakes us
				break
			}
			n, err := d.round(ctx, work, room, &wg)
			if err != nil && ctx.Err() == nil {
				d.Log.WarnContext(ctx, "logout notices cannot be read", "error", err)
			}
			if n < room {
				break
			}
		}
		timer.Reset(d.Poll)
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-d.wake:
		}
	}
}

// Once leases one batch, tries each of it once, and says how many there were.
func (d *Dispatcher) Once(ctx context.Context) (int, error) {
	work, stop := d.outlive(ctx)
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	return d.round(ctx, work, d.Batch, &wg)
}

// outlive makes the context of requests. It outlives ctx by Grace: a client that was asked should be heard.
func (d *Dispatcher) outlive(ctx context.Context) (work context.Context, stop func()) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	release := context.AfterFunc(ctx, func() {
		select {
		case <-work.Done():
		case <-time.After(d.Grace):
			cancel()
		}
	})
	return work, func() {
		release()
		cancel()
	}
}

// round leases a batch and lets each client of it be told by itself, so that a slow one holds up nobody else. It does not wait for them.
func (d *Dispatcher) round(ctx, work context.Context, limit int, wg *sync.WaitGroup) (int, error) {
	now := d.Now()
	until := now.Add(d.Lease)
	batch, err := d.Notices.LeaseNotices(ctx, limit, until, now)
	if err != nil {
		return 0, fmt.Errorf("lease logout notices: %w", err)
	}
	d.held.Add(int64(len(batch)))
	byClient := map[string][]storage.LogoutNotice{}
	for _, n := range batch {
		byClient[n.ClientID] = append(byClient[n.ClientID], n)
	}
	for id, notices := range byClient {
		wg.Go(func() {
			d.tell(work, id, notices, until)
			d.held.Add(-int64(len(notices)))
			if d.full.CompareAndSwap(true, false) {
				d.Wake()
			}
		})
	}
	return len(batch), nil
}
