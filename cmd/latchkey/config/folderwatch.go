package config

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Watch gives what the folder declares to changed whenever that changes, or whether it is complete, until ctx ends. Call Read once before.
func (f *Folder) Watch(ctx context.Context, changed func(Reading)) {
	every := f.Every
	if every <= 0 {
		every = 10 * time.Second
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var events chan fsnotify.Event
	var lost chan error
	if w, err := fsnotify.NewWatcher(); err == nil {
		defer func() { _ = w.Close() }()
		if err = w.Add(f.Dir); err == nil {
			events, lost = w.Events, w.Errors
		}
	}
	var settle <-chan time.Time
	for complete := true; ; {
		select {
		case <-ctx.Done():
			return
		case err := <-lost: // events were dropped
			f.Logger.LogAttrs(ctx, slog.LevelDebug, "events of the client folder were lost, reading it again", slog.Any("error", err))
			settle = time.After(100 * time.Millisecond)
			continue
		case <-events:
			settle = time.After(100 * time.Millisecond) // writers take several steps
			continue
		case <-settle:
			settle = nil
		case <-tick.C:
		}
		r, news, err := f.Read()
		if err != nil && !is[Faults](err) {
			f.Logger.LogAttrs(ctx, slog.LevelError, "client folder not readable, what it had before stays", slog.String("error", err.Error()))
		}
		if news {
			f.Logger.LogAttrs(ctx, slog.LevelInfo, "declaring files read again", slog.Int("clients", len(r.Clients)), slog.Int("groups", len(r.Groups)), slog.Int("scopes", len(r.Scopes)))
		}
		if news || r.Complete != complete {
			complete = r.Complete
			changed(r)
		}
	}
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
