package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/cmd/latchkey/config"
	"latchkey/storage/archive"
	"latchkey/storage/memory"
)

// scheduled is a schedule over a folder, with a clock of the test's.
func scheduled(t *testing.T, every time.Duration, ages ...time.Duration) (b *backups, folder string) {
	t.Helper()
	folder = t.TempDir()
	text, err := archive.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := archive.ParseKeys(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := &config.Config{Issuer: "https://id.example.com"}
	cfg.Backup.Every, cfg.Backup.To = config.Duration(every), folder
	place := archive.Folder{Path: folder, Now: time.Now}
	for _, age := range ages {
		then := time.Now().Add(-age)
		err := place.Store(t.Context(), archive.NewName(cfg.Issuer, then), func(f *os.File) error {
			_, err := makeBackup(cfg, keys, memory.New(), func() time.Time { return then })(t.Context(), f)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return &backups{cfg: cfg, place: place, keys: keys, make: makeBackup(cfg, keys, memory.New(), time.Now), log: slog.New(slog.DiscardHandler), now: time.Now}, folder
}

// held is what is in the folder.
func held(t *testing.T, folder string) int {
	t.Helper()
	all, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// When the next one is made depends on what the place holds, not on when the process was started.
func TestScheduleGoesByThePlace(t *testing.T) {
	for _, row := range []struct {
		name          string
		ages          []time.Duration
		after         time.Duration
		atLeast, most int // of new ones
	}{
		{"none is there: at once", nil, time.Second, 1, 1},
		{"the newest is too old: at once", []time.Duration{90 * time.Minute, 3 * time.Hour}, time.Second, 1, 1},
		{"the newest is young: not yet", []time.Duration{50 * time.Minute}, 9 * time.Minute, 0, 0},
		{"the newest is young: when it is due", []time.Duration{50 * time.Minute}, 14 * time.Minute, 1, 1},
		{"one of tomorrow keeps none from being made", []time.Duration{-24 * time.Hour}, time.Second, 1, 1},
		{"one of tomorrow has no more made than are due", []time.Duration{-24 * time.Hour}, 130 * time.Minute, 2, 3},
		{"again and again", nil, 10*time.Hour + time.Minute, 10, 11},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, folder := scheduled(t, time.Hour, row.ages...)
				ctx, stop := context.WithTimeout(t.Context(), row.after)
				defer stop()
				b.run(ctx)
				if n := held(t, folder) - len(row.ages); n < row.atLeast || n > row.most {
					t.Errorf("%d were made", n)
				}
			})
		})
	}
}

// Failures are counted, and tried again after longer and longer pauses; a success makes good.
func TestScheduleRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, folder := scheduled(t, 24*time.Hour)
		good, fails := b.make, 0
		b.make = func(ctx context.Context, f *os.File) (archive.Info, error) {
			if fails++; fails <= 6 {
				return archive.Info{}, errors.New("no room")
			}
			return good(ctx, f)
		}
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Minute) // 30 s + 1 + 2 + 4 + 8 minutes, and the next is after 31 minutes and a half
		b.run(ctx)
		stop()
		if fails != 6 || b.failures != 6 || b.ok || held(t, folder) != 0 {
			t.Fatalf("%d tries, %v failures, %d files", fails, b.failures, held(t, folder))
		}
		ctx, stop = context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		b.run(ctx)
		if !b.ok || b.failures != 6 || held(t, folder) != 1 || !b.newest.Taken.Equal(time.Now().Add(-time.Minute)) {
			t.Errorf("%+v", b.newest)
		}
	})
}

// A place that cannot be listed is a failure, and takes away nothing of what is known.
func TestScheduleWithoutPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, folder := scheduled(t, time.Hour, 20*time.Minute)
		if _, err := b.look(t.Context()); err != nil {
			t.Fatal(err)
		}
		known := b.newest
		if err := errors.Join(os.RemoveAll(folder), os.WriteFile(folder, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		b.run(ctx)
		if b.failures < 2 || b.newest != known {
			t.Errorf("%v failures, %+v is known", b.failures, b.newest)
		}
	})
}

// The metrics say what is known, and nothing before.
func TestBackupMetrics(t *testing.T) {
	b, folder := scheduled(t, time.Hour, 20*time.Minute)
	info, err := os.Stat(only(t, folder))
	if err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(b)
	has := func() map[string]float64 {
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]float64{}
		for _, f := range families {
			out[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue() + f.GetMetric()[0].GetCounter().GetValue()
		}
		return out
	}
	if m := has(); len(m) != 2 {
		t.Errorf("before it has looked: %v", m)
	}
	if _, err := b.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	m := has()
	if age := float64(time.Now().Unix()) - m["latchkey_backup_last_success_timestamp_seconds"]; age < 1199 || age > 1210 || m["latchkey_backup_last_size_bytes"] != float64(info.Size()) {
		t.Errorf("%v", m)
	}
	if _, tried := m["latchkey_backup_last_result"]; tried {
		t.Error("a result of nothing")
	}
	if err := b.take(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.failed(t.Context(), errors.New("later"), 0)
	if m = has(); m["latchkey_backup_last_result"] != 0 || m["latchkey_backup_failures_total"] != 1 || m["latchkey_backup_duration_seconds"] == 0 || m["latchkey_backup_last_size_bytes"] < 100 {
		t.Errorf("%v", m)
	}
}

// only is the path of the one file in a folder.
func only(t *testing.T, folder string) string {
	t.Helper()
	all, err := os.ReadDir(folder)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	return filepath.Join(folder, all[0].Name())
}
