package main

import (
	"context"
	"strings"
	"time"

	"latchkey/cmd/latchkey/config"
	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/memory"
	"latchkey/storage/postgres"
)

// opened is a store as its driver gives it.
type opened struct {
	store storage.Store
	// broken says why the store refuses writes until it is opened again; nil while it does not.
	broken func() error
	// watch tells of what replicas keep in memory and somebody changed, until ctx ends; nil where no other process has the store.
	watch func(ctx context.Context, tell func(storage.Change)) error
}

// openStore opens the store that the configuration names.
func openStore(ctx context.Context, cfg *config.Config, o coreOptions) (opened, error) {
	sound := func() error { return nil }
	switch cfg.Storage.Driver {
	case "memory":
		return opened{store: memory.New(), broken: sound}, nil
	case "postgres":
		p := cfg.Storage.Postgres
		s, err := postgres.Open(ctx, postgres.Options{
			URL: strings.TrimSpace(p.URL.Reveal()), MaxConns: p.MaxConns, Timeout: p.Timeout.D(), PollEvery: p.PollEvery.D(), KeepSchema: !p.Migrate, OnWait: o.away,
		})
		if err != nil {
			return opened{}, err
		}
		return opened{store: s, broken: sound, watch: s.Watch}, nil
	}
	if o.standby == nil { // a command: whoever has the store is asked through its socket, not waited for
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
	}
	b, err := bolt.Open(ctx, bolt.Options{Path: cfg.Storage.BoltPath, OnStandby: o.standby})
	if err != nil {
		return opened{}, err
	}
	return opened{store: b, broken: b.Broken}, nil
}
