package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"

	"latchkey/storage/archive"
)

// namedBackup is a name with a size: what is there under it was looked into.
type namedBackup struct {
	name  string
	bytes int64
}

// pick finds the newest of all that was taken before now and is what its name says: an old one that was copied under a newer name must neither keep
// others from being made, nor the age from being noticed. What is sealed inside is looked at once.
func (b *backups) pick(ctx context.Context, all []archive.Entry) archive.Entry {
	b.picking.Lock()
	defer b.picking.Unlock()
	there := map[namedBackup]bool{}
	for _, e := range all {
		there[namedBackup{e.Name, e.Bytes}] = true
	}
	maps.DeleteFunc(b.judged, func(n namedBackup, _ bool) bool { return !there[n] })
	for _, e := range slices.Backward(all) {
		if e.Taken.After(b.now()) { // one of a clock that was wrong must not keep others from being made
			continue
		}
		if b.honest(ctx, e) {
			return e
		}
	}
	return archive.Entry{}
}

// honest looks into a backup once. One that cannot be read now counts by its name: that says nothing of what is in it.
func (b *backups) honest(ctx context.Context, e archive.Entry) bool {
	n := namedBackup{e.Name, e.Bytes}
	if good, known := b.judged[n]; known {
		return good
	}
	about, err := b.about(ctx, e.Name)
	switch {
	case err == nil || errors.Is(err, archive.ErrTooNew):
		err = archive.CheckName(e.Name, about)
	case !errors.Is(err, archive.ErrKey) && !errors.Is(err, archive.ErrDamaged):
		b.log.LogAttrs(ctx, slog.LevelDebug, "backup not looked into", slog.String("to", b.place.String()), slog.String("name", e.Name), slog.Any("error", err))
		return true
	}
	if err != nil {
		b.log.LogAttrs(ctx, slog.LevelError, "backup does not count", slog.String("to", b.place.String()), slog.String("name", e.Name), slog.Any("error", err))
	}
	if b.judged == nil {
		b.judged = map[namedBackup]bool{}
	}
	b.judged[n] = err == nil
	return err == nil
}

func (b *backups) about(ctx context.Context, name string) (archive.About, error) {
	r, err := b.place.Open(ctx, name)
	if err != nil {
		return archive.About{}, err
	}
	defer func() { _ = r.Close() }()
	return archive.ReadAbout(ctx, r, b.keys)
}
