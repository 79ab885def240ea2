// Command latchkey is an OpenID Connect identity provider and the commands to look after it.
package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/cmd/latchkey/config"
	"latchkey/keys"
	"latchkey/provider/audit"
	"latchkey/provider/serve"
)

// version and revision are set by the linker; nothing else writes them.
var version, revision = "dev", "unknown"

func main() { os.Exit(latchkey()) }

// latchkey runs one command line in the real world.
func latchkey() int {
	if len(os.Args) == 2 && os.Args[1] == hashWorkerArg { // before anything else: nothing of it is needed
		return hashWorker(os.Stdin, os.Stdout)
	}
	profileMemory(false)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	a := &app{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: environ(), version: version, revision: revision,
		serve: runServer, openAdmin: openAdmin, discovery: discovery,
	}
	return a.run(ctx, os.Args[1:])
}

// openAdmin opens the store for a command, while no server has it.
func openAdmin(ctx context.Context, cfg *config.Config) (api http.Handler, end func() error, err error) {
	log := newLogger(cfg, os.Stderr)
	var c *core
	sink := auditLog(log, noted(audit.Discard, func() *core { return c }))
	c, err = openCore(ctx, cfg, log, coreOptions{sink: sink})
	if err != nil {
		return nil, nil, err
	}
	read := config.Reading{}
	if cfg.ClientsDir != "" {
		if read, _, err = c.clientFolder().Read(); err != nil { // what can be read is shown all the same
			log.LogAttrs(ctx, slog.LevelWarn, "not everything in clients_dir can be shown", slog.String("error", err.Error()))
		}
	}
	c.declare(c.declaredClients(), read)
	return adminHandler(c, sink), c.Close, nil
}

// discovery assembles an issuer of that configuration over an empty store in memory, and asks it for its document. It touches
// neither the store nor the sealing key of the configuration.
func discovery(cfg *config.Config) ([]byte, error) {
	trial := *cfg
	trial.Storage.Driver, trial.Keys.SealingKey = "memory", config.NewSecret(keys.GenerateSealingKey())
	log := newLogger(&trial, io.Discard)
	c, err := openCore(context.Background(), &trial, log, coreOptions{sink: audit.Discard})
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	edge, err := serve.New(serve.Config{Issuer: trial.Issuer, Logger: log, Registry: prometheus.NewRegistry(), Now: time.Now})
	if err != nil {
		return nil, err
	}
	s, err := newSite(c, edge, audit.Discard)
	if err != nil {
		return nil, err
	}
	return s.provider.Discovery(), nil
}
