package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/storage/archive"
)

// An old backup under a newer name, or something that is none, neither counts for the age nor keeps others from being made; it is told of once.
func TestScheduleComparesNames(t *testing.T) {
	for what, plant := range map[string]func(t *testing.T, b *backups, folder string){
		"an old one under a newer name": func(t *testing.T, b *backups, folder string) {
			copied(t, folder, oldest(t, b), archive.NewName(b.cfg.Issuer, time.Now().Add(-time.Second)))
		},
		"one of other keys": func(t *testing.T, b *backups, folder string) {
			_, other := scheduled(t, time.Hour, time.Minute)
			from := only(t, other)
			if err := os.Rename(from, filepath.Join(folder, filepath.Base(from))); err != nil {
				t.Fatal(err)
			}
		},
		"none at all": func(t *testing.T, b *backups, folder string) {
			if err := os.WriteFile(filepath.Join(folder, archive.NewName(b.cfg.Issuer, time.Now().Add(-time.Second))), []byte("some"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			var log strings.Builder
			b, folder := scheduled(t, time.Hour, 2*time.Hour, 48*time.Hour)
			b.log = slog.New(slog.NewTextHandler(&log, nil))
			before, err := b.look(t.Context())
			if err != nil || time.Since(before).Round(time.Minute) != 2*time.Hour || log.Len() > 0 {
				t.Fatalf("%v %v %s", before, err, &log)
			}
			plant(t, b, folder)
			for range 3 {
				if after, err := b.look(t.Context()); err != nil || !after.Equal(before) || !b.newest.Taken.Equal(before) {
					t.Errorf("%v counts, %v", after, err)
				}
			}
			if n := strings.Count(log.String(), "backup does not count"); n != 1 {
				t.Errorf("it is told of %d times: %s", n, &log)
			}
			if err := b.take(t.Context()); err != nil {
				t.Fatal(err)
			}
			if after, err := b.look(t.Context()); err != nil || time.Since(after) > time.Minute || len(b.judged) == 0 {
				t.Errorf("its own: %v, %v", after, err)
			}
		})
	}
}

// One that cannot be read now counts by its name, and is looked into later.
func TestScheduleCannotRead(t *testing.T) {
	b, _ := scheduled(t, time.Hour, 2*time.Hour)
	b.place = unopened{b.place}
	if newest, err := b.look(t.Context()); err != nil || newest.IsZero() || len(b.judged) != 0 {
		t.Errorf("%v %v", newest, err)
	}
}

// oldest is the name of the oldest backup.
func oldest(t *testing.T, b *backups) string {
	t.Helper()
	all, err := b.place.List(t.Context(), b.cfg.Issuer)
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	return all[0].Name
}

// unopened is a place of which nothing can be read.
type unopened struct{ archive.Place }

// Open implements [archive.Place].
func (unopened) Open(context.Context, string) (io.ReadCloser, error) { return nil, errors.New("away") }
