package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"latchkey/cmd/latchkey/config"
	"latchkey/cmd/latchkey/doctor"
	"latchkey/provider/accountapi"
	"latchkey/provider/audit"
	"latchkey/provider/forward"
	"latchkey/provider/serve"
)

// server is one running issuer.
type server struct {
	cfg    *config.Config
	log    *slog.Logger
	out    io.Writer
	reg    *prometheus.Registry
	tracer trace.TracerProvider
	edge   *serve.Edge
	ops    *serve.Ops
	core   *core
	site   *site
	sink   audit.Sink
	// ended wakes the dispatcher of logout notices, once it runs.
	ended atomic.Pointer[func()]
	// asked are the requests that came, which the sweeper minds.
	asked traffic
	// work are the loops beside requests; they end with stop.
	work sync.WaitGroup
	stop context.CancelFunc
	// holder names this process where it takes leases, duties says which it has.
	holder string
	duties *prometheus.GaugeVec
	// hashers compute password hashes.
	hashers *hashers
	// probes are those of `latchkey doctor`.
	probes *probes
	// broken gets what ends the server from inside.
	broken chan error
}

// runServer serves until ctx ends, then drains. out gets what a person at a terminal should see.
func runServer(ctx context.Context, cfg *config.Config, out io.Writer) (err error) {
	profileMemory(cfg.Server.Pprof)
	limitMemory()
	keepRoom()
	lines := serve.NewLines(os.Stderr, serve.LineDelay)
	defer func() { _ = lines.Flush() }()
	log := newLogger(cfg, lines)
	s := &server{cfg: cfg, log: log, out: out, reg: prometheus.NewRegistry(), broken: make(chan error, 4), holder: newHolder(), probes: newProbes(time.Now),
		duties: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "latchkey_duty_held", Help: "Whether this replica does the work that one does at a time."}, []string{"duty"})}
	instance, _ := os.Hostname() // a pod's name; without one the attribute is left out
	tracer, flush, err := serve.Telemetry{Traces: cfg.Telemetry.Traces, Endpoint: cfg.Telemetry.Endpoint, Version: version, Instance: instance,
		Getenv: os.Getenv, Logger: log}.Start(ctx)
	if err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if ferr := flush(end); ferr != nil {
			log.WarnContext(end, "traces could not all be sent", "error", ferr)
		}
	}()
	s.tracer = tracer
	if err := s.prepare(); err != nil {
		return err
	}
	closeOps, err := s.openOps(ctx)
	if err != nil {
		return err
	}
	defer closeOps()
	s.hashers = newHashers(log, time.Now)
	defer s.hashers.close()
	if err := s.openCore(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // a stand-by that was told to go
		}
		return err
	}
	defer func() { err = errors.Join(err, s.core.Close()) }()
	return s.serve(ctx)
}

// prepare makes the edge and the metrics.
func (s *server) prepare() (err error) {
	if err := serve.RegisterProcess(s.reg, version, revision); err != nil {
		return err
	}
	s.reg.MustRegister(s.duties)
	l := s.cfg.Server.Limits
	issuer, err := url.Parse(s.cfg.Issuer)
	if err != nil {
		return err
	}
	tracer := s.tracer
	if tracer == nil {
		tracer = serve.TraceIDs()
	}
	s.edge, err = serve.New(serve.Config{Refuse: accountapi.Refuse(issuer.Path), Issuer: s.cfg.Issuer, Hosts: s.cfg.Server.Hosts, Guest: forward.Guest(issuer.EscapedPath()), Proxies: serve.Proxies(s.cfg.Server.TrustedProxies), MaxBody: int64(l.MaxBody),
		Watched: []string{strings.ToLower(doctor.ProbeHeader)}, Answered: func() { s.asked.requests.Add(1) },
		MaxConcurrent: l.MaxConcurrent, RequestTimeout: l.RequestTimeout.D(), Logger: s.log, Registry: s.reg, Tracer: tracer, Now: clock()})
	if err != nil {
		return err
	}
	s.sink = auditLog(s.log, noted(audit.SinkFunc(func(ctx context.Context, e audit.Event) {
		s.edge.Sink().Record(ctx, e)
		s.wakeLogout(e)
	}), func() *core { return s.core }))
	s.ops = serve.NewOps(s.reg, s.cfg.Server.Pprof)
	s.reg.MustRegister(s.ops.Readiness())
	return nil
}

// openOps starts the operators' listener, before anything that may take its time.
func (s *server) openOps(ctx context.Context) (func(), error) {
	if s.cfg.Server.OpsListen == "" {
		return func() {}, nil
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.cfg.Server.OpsListen)
	if err != nil {
		return nil, fmt.Errorf("server.ops_listen: %w", err)
	}
	hs := s.ops.NewServer(s.edge)
	go s.run("operators' listener", func() error { return hs.Serve(ln) })
	return func() { _ = hs.Close() }, nil
}

// run reports what ends a listener.
func (s *server) run(name string, serve func() error) {
	if err := serve(); err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		s.broken <- fmt.Errorf("%s: %w", name, err)
	}
}

// openCore opens the store, as a stand-by if another process has it.
func (s *server) openCore(ctx context.Context) (err error) {
	s.ops.Starting(serve.Check{Name: "store", Probe: func(context.Context) error { return errors.New("opening") }})
	s.core, err = openCore(ctx, s.cfg, s.log, coreOptions{
		standby: func() {
			s.log.InfoContext(ctx, "another process has the store: standing by", "path", s.cfg.Storage.BoltPath)
			s.ops.Starting(serve.Check{Name: "store", Probe: func(context.Context) error { return serve.ErrStandby }})
		},
		away: func(err error) {
			s.log.WarnContext(ctx, "the database cannot be reached: waiting for it", "error", err)
			s.ops.Starting(serve.Check{Name: "store", Probe: func(context.Context) error { return errors.New("the database cannot be reached") }})
		},
		observe: observeStore(s.reg, s.tracer, time.Now), sink: s.sink, derive: s.hashers.derive,
	})
	return err
}

// serve assembles the public side, opens its listener, and waits for the end.
func (s *server) serve(ctx context.Context) (err error) {
	leaveRoom(s.core.accounts.Stats().Slots, s.cfg)
	s.reg.MustRegister(activityDropped(s.core.activity))
	if err := s.core.openMint(); err != nil {
		return err
	}
	if s.site, err = newSite(s.core, s.edge, s.sink); err != nil {
		return err
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	ended := false
	defer func() {
		if !ended {
			s.endWork(ctx, time.Now().Add(s.cfg.Server.Shutdown.Timeout.D()))
		}
	}()
	if err := s.startWork(work); err != nil {
		return err
	}
	state := gauges{rings: s.core.rings, hash: s.core.accounts.Stats, store: s.core.store, log: s.log, now: time.Now, counts: new(recordCounts), trouble: new([3]paced)}
	if s.core.shared() {
		state.countEvery = sharedCount
	}
	s.reg.MustRegister(state)
	p, err := s.openPublic(ctx, work)
	if err != nil {
		return err
	}
	closeAdmin, err := s.openAdminSocket(ctx)
	if err != nil {
		_ = p.Close()
		return err
	}
	s.ops.Started(serve.Check{Name: "store", Probe: s.core.store.Ping}, serve.Check{Name: "keys", Probe: s.core.keysReady})
	s.log.InfoContext(ctx, "serving", "issuer", s.cfg.Issuer, "listen", p.ln.Addr().String(), "ops_listen", s.cfg.Server.OpsListen,
		"store", s.cfg.Storage.Driver, "version", version, "memory_limit", memoryLimit())
	s.showSetup(ctx)
	s.work.Go(func() { giveBackStart(work, s.log) })
	if s.cfg.Dev {
		s.banner()
	}
	select {
	case <-ctx.Done():
	case err = <-s.broken:
		s.log.ErrorContext(ctx, "ending because a part failed", "error", err)
	}
	ended = true // by drain
	return errors.Join(err, s.drain(ctx, p, closeAdmin))
}

// keysReady: a process that has not read the keyring for long may not know the newest keys.
func (c *core) keysReady(context.Context) error {
	if age := c.now().Sub(c.rings.LastRead()); age > max(time.Minute, c.cfg.Keys.JWKSMaxAge.D()) {
		return fmt.Errorf("keyring not read for %s", age.Round(time.Second))
	}
	return nil
}

// newLogger makes the log that the configuration asks for.
func newLogger(cfg *config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.Log.Level)) // one of four, checked before
	return serve.NewLogger(w, cfg.Log.Format, level)
}
