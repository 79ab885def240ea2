package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"latchkey/provider/serve"
)

// public is the listener that faces the public, and what serves it.
type public struct {
	*http.Server
	ln    net.Listener
	conns *serve.Connections
	// closed is closed when nobody is let in any more, and all who were are known to the server.
	closed chan struct{}
}

// lastRequests is how long connections that were kept may be used once more, when no new one is let in.
const lastRequests = 500 * time.Millisecond

// end lets nobody in any more, and then waits for the requests under way. A connection that was accepted the moment before must be known to the
// server by then, else it would be closed with the process, and a proxy in front would lose the request that it sent. On kept connections
// proxies may send one more for a while: they are told to close with the answer.
func (p public) end(ctx context.Context, last time.Duration) error {
	_ = p.ln.Close()
	select {
	case <-p.closed:
		wait(ctx, last)
	case <-ctx.Done():
	}
	return p.Shutdown(ctx)
}

// openPublic opens the public listener and serves on it; work ends what looks after its certificate.
func (s *server) openPublic(ctx, work context.Context) (public, error) {
	tlsConfig, err := s.certificate(work)
	if err != nil {
		return public{}, err
	}
	s.reg.MustRegister(s.newBounds(tlsConfig))
	l := s.cfg.Server.Limits
	conns := serve.NewConnections(l.MaxConnections)
	hs := s.edge.NewHTTPServer(s.edge.Wrap(s.asked.count(s.probes.watch(s.site.provider.Mount(s.site.routes)))), serve.Limits{ReadHeader: l.HeaderTimeout.D(), Read: l.ReadTimeout.D(),
		Write: l.WriteTimeout.D(), Idle: l.IdleTimeout.D(), MaxHeader: int(l.MaxHeader), Conns: conns}, tlsConfig)
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.cfg.Server.Listen)
	if err != nil {
		return public{}, fmt.Errorf("server.listen: %w", err)
	}
	ln = conns.Listen(ln)
	p := public{Server: hs, ln: ln, conns: conns, closed: make(chan struct{})}
	go func() {
		defer close(p.closed)
		s.run("public listener", func() error {
			if tlsConfig != nil {
				return hs.ServeTLS(ln, "", "")
			}
			return hs.Serve(ln)
		})
	}()
	return p, nil
}

// certificate loads the listener's certificate and reads it again when its files change.
func (s *server) certificate(ctx context.Context) (*tls.Config, error) {
	t := s.cfg.Server.TLS
	if t.CertFile == "" {
		return nil, nil //nolint:nilnil // no TLS is no error
	}
	cert, err := serve.LoadCertificate(t.CertFile, t.KeyFile, s.log)
	if err != nil {
		return nil, fmt.Errorf("server.tls.cert_file: %w", err)
	}
	s.work.Go(func() { cert.Watch(ctx, 5*time.Second) })
	return cert.TLSConfig(), nil
}

// drain goes in the order that loses nothing: readiness down at once, keep serving while load balancers notice, then end.
func (s *server) drain(ctx context.Context, p public, closeAdmin func()) error {
	s.ops.Drain()
	s.edge.Drain()
	d := s.cfg.Server.Shutdown
	s.log.InfoContext(ctx, "draining", "delay", d.Delay.String(), "timeout", d.Timeout.String())
	if ctx.Err() != nil { // asked to end; a part that failed is not worth waiting for
		time.Sleep(d.Delay.D())
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.Timeout.D())
	defer cancel()
	p.conns.Settle(end)
	if err := p.end(end, min(d.Delay.D(), lastRequests)); err != nil {
		s.log.WarnContext(end, "requests under way were cut off", "error", err)
		_ = p.Close()
	}
	closeAdmin()
	until, _ := end.Deadline()
	s.endWork(ctx, until)
	s.log.InfoContext(end, "ended")
	return nil
}
