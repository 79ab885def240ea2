package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/cmd/latchkey/config"
	"latchkey/storage/archive"
)

const (
	// backupLook bounds how old this process's knowledge of the place is.
	backupLook = 5 * time.Minute
	// backupRetry is the pause after the first failure in a row; it doubles up to backupRetryMost, and never beyond backup.every.
	backupRetry, backupRetryMost = 30 * time.Second, time.Hour
	// backupJitterMost bounds by how much replicas and installations are spread: a twentieth of backup.every.
	backupJitterMost = 10 * time.Minute
)

// backups makes backups by the schedule and knows how old the newest is. What it knows comes from the place, so that every replica, and one that was
// started a moment ago, knows it too.
type backups struct {
	cfg   *config.Config
	place archive.Place
	keys  *archive.Keys
	make  fill
	log   *slog.Logger
	now   func() time.Time

	mu     sync.Mutex
	looked bool // the place was looked at, or that was tried
	newest archive.Entry
	// tried: this process made a backup, or failed to; ok is which, took how long the last good one took.
	tried, ok bool
	took      time.Duration
	failures  float64

	picking sync.Mutex
	// judged says of what is in the place whether it is what its name says.
	judged map[namedBackup]bool
}

// startBackups watches backup.to, and makes backups there where backup.every is set.
func (s *server) startBackups(ctx context.Context) error {
	if s.cfg.Backup.To == "" {
		return nil
	}
	keys, err := backupKeys(s.cfg)
	if err != nil {
		return err
	}
	place, err := placeOf(s.cfg, s.cfg.Backup.To, time.Now)
	if err != nil {
		return err
	}
	b := &backups{cfg: s.cfg, place: place, keys: keys, make: makeBackup(s.cfg, keys, s.core.driver.store, time.Now), log: s.log, now: time.Now}
	s.reg.MustRegister(b)
	s.work.Go(func() { b.watch(ctx) })
	if s.cfg.Backup.Every > 0 {
		s.startDuty(ctx, "backup", b.run)
	}
	return nil
}

func (b *backups) lookEvery() time.Duration {
	if every := b.cfg.Backup.Every.D(); every > 0 {
		return min(max(every/10, time.Second), backupLook)
	}
	return backupLook
}

// look learns from the place which backup is the newest.
func (b *backups) look(ctx context.Context) (time.Time, error) {
	all, err := b.place.List(ctx, b.cfg.Issuer)
	var newest archive.Entry
	if err == nil {
		newest = b.pick(ctx, all)
	}
	if ctx.Err() != nil {
		return time.Time{}, ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looked = true
	if err != nil {
		return time.Time{}, err
	}
	b.newest = newest
	return b.newest.Taken, nil
}

// watch keeps what is known of the place young until ctx ends.
func (b *backups) watch(ctx context.Context) {
	for {
		if _, err := b.look(ctx); err != nil && ctx.Err() == nil {
			b.log.WarnContext(ctx, "backups cannot be listed", "to", b.place.String(), "error", err)
		}
		if !wait(ctx, b.lookEvery()) {
			return
		}
	}
}

// run makes backups until ctx ends: when the newest is older than backup.every, also right after the start.
func (b *backups) run(ctx context.Context) {
	every := b.cfg.Backup.Every.D()
	jitter := rand.N(min(every/20, backupJitterMost) + 1) // #nosec G404 -- nobody gains by guessing it
	for retry := backupRetry; ; {
		newest, err := b.look(ctx)
		if err == nil && !newest.IsZero() {
			if due := newest.Add(every + jitter).Sub(b.now()); due > 0 {
				if !wait(ctx, min(due, b.lookEvery())) {
					return
				}
				continue
			}
		}
		if err == nil {
			err = b.take(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			retry = backupRetry
			continue
		}
		pause := min(retry, every, backupRetryMost)
		b.failed(ctx, err, pause)
		if !wait(ctx, pause) {
			return
		}
		retry *= 2
	}
}

// take makes one backup.
func (b *backups) take(ctx context.Context) error {
	began := time.Now()
	t, err := put(ctx, b.cfg, b.place, b.make, true, b.now)
	if t.Name == "" {
		return err
	}
	took := time.Since(began)
	if err != nil {
		b.log.WarnContext(ctx, "old backups could not be removed", "to", b.place.String(), "error", err)
	}
	b.mu.Lock()
	b.newest, b.looked, b.tried, b.ok, b.took = archive.Entry{Name: t.Name, Taken: t.Taken, Bytes: t.Bytes}, true, true, true, took
	b.mu.Unlock()
	b.log.LogAttrs(ctx, slog.LevelInfo, "backup taken", slog.String("to", t.To), slog.String("name", t.Name), slog.Int64("bytes", t.Bytes),
		slog.Int64("records", t.Records.Records()), slog.Duration("took", took), slog.Int("removed", len(t.Removed)))
	return nil
}

func (b *backups) failed(ctx context.Context, err error, again time.Duration) {
	b.mu.Lock()
	b.tried, b.ok = true, false
	b.failures++
	b.mu.Unlock()
	b.log.ErrorContext(ctx, "backup failed", "to", b.place.String(), "error", err, "again_in", again.String())
}

// Describe implements [prometheus.Collector]. What is known is not known beforehand.
func (b *backups) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (b *backups) Collect(out chan<- prometheus.Metric) {
	b.mu.Lock()
	defer b.mu.Unlock()
	gauge := func(name, help string, v float64) {
		out <- prometheus.MustNewConstMetric(desc("backup_"+name, help), prometheus.GaugeValue, v)
	}
	if b.looked {
		gauge("last_success_timestamp_seconds", "When the newest backup in backup.to was taken, whoever took it; 0 if there is none.", unix(b.newest.Taken))
		gauge("last_size_bytes", "Its size.", float64(b.newest.Bytes))
	}
	if b.tried {
		ok := 0.0
		if b.ok {
			ok = 1
		}
		gauge("last_result", "1 if the last backup that this process tried was taken and verified, 0 if it failed.", ok)
	}
	gauge("duration_seconds", "How long the last good backup of this process took, with reading it back; 0 if it took none.", b.took.Seconds())
	out <- prometheus.MustNewConstMetric(desc("backup_failures_total", "Backups that this process tried in vain."), prometheus.CounterValue, b.failures)
}
