package serve

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Limits of a listener and its connections. Zero fields take the defaults.
type Limits struct {
	// ReadHeader, Read, Write and Idle bound the phases of a connection: 5 s, 15 s, 30 s, 60 s.
	ReadHeader, Read, Write, Idle time.Duration
	// MaxHeader is the cap of request line and header fields in bytes: 16 KiB. net/http grants some 4 KiB above it.
	MaxHeader int
	// Conns is told of connections; nil where they are not bounded.
	Conns *Connections
}

// NewHTTPServer makes the server of one listener. tlsConfig may be nil; with it HTTP/2 is spoken too.
// Panics that reach net/http and its own complaints go to log.
func (e *Edge) NewHTTPServer(h http.Handler, lim Limits, tlsConfig *tls.Config) *http.Server {
	hs := newHTTPServer(h, lim, tlsConfig, e.cfg.Logger, func(conn net.Conn, s http.ConnState) {
		if lim.Conns != nil {
			lim.Conns.State(conn, s)
		}
		switch s {
		case http.StateNew:
			e.metrics.conns.Inc()
		case http.StateClosed, http.StateHijacked:
			e.metrics.conns.Dec()
		}
	})
	if lim.Conns != nil {
		lim.Conns.grain = min(hs.ReadHeaderTimeout, hs.ReadTimeout, hs.WriteTimeout, hs.IdleTimeout) / 20
	}
	if lim.Conns != nil && tlsConfig == nil {
		lim.Conns.door = &door{edge: e, header: hs.ReadHeaderTimeout, read: hs.ReadTimeout, write: hs.WriteTimeout, idle: hs.IdleTimeout}
		hs.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			if b, ok := c.(*boundConn); ok {
				return context.WithValue(ctx, doorKey{}, &b.doorConn)
			}
			return ctx
		}
	}
	return hs
}

func newHTTPServer(h http.Handler, lim Limits, tlsConfig *tls.Config, log *slog.Logger, state func(net.Conn, http.ConnState)) *http.Server {
	or := func(d, preset time.Duration) time.Duration {
		if d > 0 {
			return d
		}
		return preset
	}
	if lim.MaxHeader <= 0 {
		lim.MaxHeader = 16 << 10
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true) // on TLS only
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: or(lim.ReadHeader, 5*time.Second),
		ReadTimeout:       or(lim.Read, 15*time.Second),
		WriteTimeout:      or(lim.Write, 30*time.Second),
		IdleTimeout:       or(lim.Idle, time.Minute),
		MaxHeaderBytes:    lim.MaxHeader,
		TLSConfig:         tlsConfig,
		Protocols:         protocols,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 100},      // CVE-2023-44487
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // strangers' broken connections
		ConnState:         state,
	}
}

// Certificate is a TLS certificate that follows its files.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu       sync.RWMutex
	current  *tls.Certificate
	modified [2]time.Time
}

// LoadCertificate reads the PEM files of a certificate chain and its key.
func LoadCertificate(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log}
	return c, c.load(c.times())
}

// Watch reads the files again whenever their times have changed, looking every so often until ctx ends. Files that cannot be
// used leave the former certificate in place.
func (c *Certificate) Watch(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := c.times()
		if now == c.modified {
			continue
		}
		if err := c.load(now); err != nil {
			c.log.LogAttrs(ctx, slog.LevelError, "TLS certificate not usable, the former one stays", slog.String("error", err.Error()))
			continue
		}
		c.log.LogAttrs(ctx, slog.LevelInfo, "TLS certificate read again")
	}
}

// TLSConfig serves the certificate with TLS 1.2 or later.
func (c *Certificate) TLSConfig() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		c.mu.RLock()
		defer c.mu.RUnlock()
		return c.current, nil
	}}
}

func (c *Certificate) load(at [2]time.Time) error {
	for _, name := range [...]string{c.certFile, c.keyFile} {
		if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() { // a pipe would keep the reader waiting
			return fmt.Errorf("%s is no regular file", name)
		}
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current, c.modified = &pair, at
	return nil
}

func (c *Certificate) times() (t [2]time.Time) {
	for i, name := range [...]string{c.certFile, c.keyFile} {
		if info, err := os.Stat(name); err == nil {
			t[i] = info.ModTime()
		}
	}
	return t
}
