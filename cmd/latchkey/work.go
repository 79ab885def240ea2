package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/provider/mail"
	"latchkey/storage"
)

// startWork starts the loops beside requests: keys, sweeping, mail, clients' files.
func (s *server) startWork(ctx context.Context) error {
	courier, err := newCourier(s.core, s.site.mailbox)
	if err != nil {
		return err
	}
	s.reg.MustRegister(courierGauges{courier})
	s.startDuty(ctx, "outbox", func(ctx context.Context) {
		s.takeOver(ctx, s.core.store.ReleaseMail)
		if err := courier.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			s.broken <- err
		}
	})
	if err := s.startLogout(ctx); err != nil {
		return err
	}
	s.startKeys(ctx)
	s.startSweep(ctx)
	if err := s.startBackups(ctx); err != nil {
		return err
	}
	s.work.Go(func() { s.watchStore(ctx) })
	return s.watchClients(ctx)
}

// startKeys keeps the rings turning: one replica does what is due, the others read what it did, at once where they are told.
func (s *server) startKeys(ctx context.Context) {
	woken := make(chan struct{}, 1)
	wake := func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	}
	rotation := s.startDuty(ctx, "keys", func(ctx context.Context) {
		wake()
		<-ctx.Done()
	})
	s.work.Go(func() {
		var trouble paced
		for waitOr(ctx, s.core.rings.NextTick().Sub(s.core.now()), woken) {
			look := s.core.rings.Reload
			if rotation.held.Load() {
				look = s.core.rings.Tick
			}
			if err := look(ctx); trouble.due(err, time.Now()) && ctx.Err() == nil {
				s.log.ErrorContext(ctx, "keys could not be looked after; serving goes on from memory", "error", err)
			}
			s.describe(ctx)
		}
	})
	s.watchChanges(ctx, wake)
}

// watchChanges hears of what other replicas changed: clients go to the cache, keys wake who reads them.
func (s *server) watchChanges(ctx context.Context, keys func()) {
	watch := s.core.driver.watch
	if watch == nil {
		return
	}
	s.work.Go(func() {
		_ = watch(ctx, func(change storage.Change) { // ends with ctx alone
			s.core.cache.Tell(change)
			switch change.Kind {
			case storage.ChangesLost:
				s.log.WarnContext(ctx, "the database tells of no changes: nothing is answered from memory until it does")
			case storage.ChangesHeard:
				s.log.InfoContext(ctx, "the database tells of changes")
				keys()
			case storage.ChangedKeyring:
				keys()
			}
		})
	})
}

// describe makes discovery anew.
func (s *server) describe(ctx context.Context) {
	if err := s.site.provider.Describe(); err != nil {
		s.log.ErrorContext(ctx, "discovery could not be made anew", "error", err)
	}
}

// watchStore ends the process when a failed fsync left the store in doubt: opening it again is the only cure, and whoever runs us
// starts us again.
func (s *server) watchStore(ctx context.Context) {
	for wait(ctx, time.Second) {
		if err := s.core.driver.broken(); err != nil {
			s.broken <- fmt.Errorf("store must be opened again: %w", err)
			return
		}
	}
}

// startSweep removes what has expired, a bounded batch at a time.
func (s *server) startSweep(ctx context.Context) {
	swept := prometheus.NewCounter(prometheus.CounterOpts{Name: "latchkey_store_swept_total", Help: "Expired records removed."})
	s.reg.MustRegister(swept)
	s.startDuty(ctx, "sweep", func(ctx context.Context) { s.sweep(ctx, swept) })
}

func (s *server) sweep(ctx context.Context, swept prometheus.Counter) {
	pace := newSweepPace(s.core.shared())
	for wait(ctx, s.cfg.Storage.SweepEvery.D()) {
		for first := time.Now(); ; {
			want, begun := pace.next, time.Now()
			n, err := s.core.store.Sweep(ctx, want, s.core.now())
			if err != nil {
				if ctx.Err() == nil {
					s.log.WarnContext(ctx, "expired records could not be removed", "error", err)
				}
				break
			}
			swept.Add(float64(n))
			if n < want || !wait(ctx, pace.after(time.Since(begun), time.Since(first), s.asked.busy(time.Now()))) {
				break
			}
		}
	}
}

// lastMoment is what loops have to end in any case, where requests took all of the time.
const lastMoment = time.Second

// endWork stops the loops beside requests, and waits for them until then.
func (s *server) endWork(ctx context.Context, until time.Time) {
	s.stop()
	done := make(chan struct{})
	go func() { s.work.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(max(time.Until(until), lastMoment)):
		s.log.WarnContext(ctx, "work beside requests did not end in time, and is cut off: something that it reads or waits for may hang")
	}
}

// wait sleeps and says whether to go on.
func wait(ctx context.Context, d time.Duration) bool { return waitOr(ctx, d, nil) }

// waitOr is wait that woken cuts short.
func waitOr(ctx context.Context, d time.Duration, woken <-chan struct{}) bool {
	t := time.NewTimer(max(d, time.Millisecond))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	case <-woken:
		return true
	}
}

// declaredClients are those of the configuration, and those that come with the program.
func (c *core) declaredClients() []storage.Client {
	all := c.cfg.Records(c.keep())
	return append(all, ownClients(c.cfg)...)
}

// courierGauges are the courier's counters.
type courierGauges struct{ courier *mail.Courier }

// Describe implements [prometheus.Collector].
func (courierGauges) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (g courierGauges) Collect(out chan<- prometheus.Metric) {
	st := g.courier.State()
	for outcome, n := range map[string]uint64{"sent": st.Sent, "failed": st.Failed, "given_up": st.GivenUp} {
		out <- prometheus.MustNewConstMetric(desc("mail_total", "Tries to send mail by outcome.", "outcome"), prometheus.CounterValue, float64(n), outcome)
	}
	out <- prometheus.MustNewConstMetric(desc("mail_last_sent_timestamp_seconds", "When a mail was last sent; 0 if never."), prometheus.GaugeValue, unix(st.LastSent))
}

// merge puts the clients of the folder behind those of the configuration, which win.
func (c *core) merge(own, read []storage.Client) []storage.Client {
	all := behind(own, read, func(id string) {
		c.log.LogAttrs(context.Background(), slog.LevelError, "client of clients_dir is in the configuration too, which counts", slog.String("client_id", id))
	})
	for _, cl := range all {
		if longest := longestToken(c.cfg); max(cl.AccessTokenTTL, cl.IDTokenTTL) > longest {
			c.log.LogAttrs(context.Background(), slog.LevelWarn, "client's tokens live shorter than it asks: keys are published for the longest lifetime of the configuration",
				slog.String("client_id", cl.ID), slog.Duration("longest", longest))
		}
	}
	return all
}

// behind puts clients behind others, without those whose ID these have, of which twice is told; it may be nil.
func behind(first, then []storage.Client, twice func(id string)) []storage.Client {
	all := slices.Clone(first)
	for _, r := range then {
		if !slices.ContainsFunc(first, func(o storage.Client) bool { return o.ID == r.ID }) {
			all = append(all, r)
		} else if twice != nil {
			twice(r.ID)
		}
	}
	return all
}
