package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/cmd/latchkey/config"
)

// watchClients declares the clients of the configuration and what clients_dir has, and goes on doing so when the folder changes.
func (s *server) watchClients(ctx context.Context) error {
	failed := prometheus.NewCounter(prometheus.CounterOpts{Name: "latchkey_client_files_failed_total", Help: "Declaring files (clients_dir) that could not be used; what they had before stays."})
	gauges := newDeclaredGauges(s)
	s.reg.MustRegister(failed, gauges)
	own, changed := s.core.declaredClients(), func() {}
	declare := func(r config.Reading) {
		s.core.declare(own, r)
		s.describe(ctx)
		changed()
	}
	if s.cfg.ClientsDir == "" {
		declare(config.Reading{Complete: true})
		changed = s.startReconciling(ctx, gauges)
		return nil
	}
	folder := s.core.clientFolder()
	folder.Failed = failed.Inc
	read, _, err := folder.Read()
	if err != nil {
		return err // at start nothing is there to fall back on
	}
	declare(read)
	changed = s.startReconciling(ctx, gauges)
	s.work.Go(func() { folder.Watch(ctx, declare) })
	return nil
}
