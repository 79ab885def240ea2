package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"latchkey/storage/postgres/wire"
)

const (
	defaultMaxConns = 10
	// connectTimeout bounds one attempt to reach one host.
	connectTimeout = time.Second
	// pingTimeout bounds the question whether a connection that was idle for a second is still one.
	pingTimeout = 300 * time.Millisecond
	// asideConns are kept apart for readiness, which must not wait for requests.
	asideConns = 2
)

// errURL hides what was wrong: the reasons of the parser cite what may be a password.
var errURL = errors.New("the database URL cannot be understood; it looks like postgres://user:password@host1,host2/database?sslmode=verify-full")

// poolConfig reads the connection string and fills in what it leaves open.
func (s *Store) poolConfig(o Options) (*wire.Config, error) {
	cfg, err := wire.ParseConfig(o.URL)
	if err != nil {
		return nil, errURL
	}
	switch {
	case o.MaxConns > 0:
		cfg.MaxConns = int32(o.MaxConns)
	case !strings.Contains(o.URL, "pool_max_conns"):
		cfg.MaxConns = defaultMaxConns
	}
	cfg.MaxConnLifetimeJitter = cfg.MaxConnLifetime / 10
	cfg.PingTimeout = pingTimeout
	cfg.Fit = func(conn *wire.Conn) bool { return silent(conn.PgConn().Conn()) }
	cfg.Made = func(conn *wire.Conn) { conn.PgConn().CustomData()[epochKey] = s.epoch.Load() }
	c := cfg.Config
	if c.ConnectTimeout <= 0 {
		c.ConnectTimeout = connectTimeout
	}
	// A node that vanished is noticed on every connection, also where nothing is sent.
	dialer := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3}}
	c.DialFunc = dialer.DialContext
	// Of several hosts the one that can be written to is ours, whatever the connection string says.
	c.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	for name, value := range map[string]string{
		"application_name": applicationName,
		// The database gives a statement up before we do, so that we know that it did not happen.
		"statement_timeout": strconv.FormatInt((s.timeout * 7 / 10).Milliseconds(), 10),
	} {
		if c.RuntimeParams[name] == "" {
			c.RuntimeParams[name] = value
		}
	}
	return cfg, nil
}

// applicationName is what connections are called, unless the connection string says otherwise.
const applicationName = "latchkey"

// epochKey is where a connection keeps the epoch in which it was made.
const epochKey = "latchkey-epoch"

// reset closes all connections that were made in the same epoch as conn, or earlier: those in use when they are given back. Of many requests that
// find the same node gone, the first does it.
func (s *Store) reset(conn *wire.Conn) {
	made, _ := conn.PgConn().CustomData()[epochKey].(int64)
	if s.epoch.CompareAndSwap(made, made+1) {
		s.pool.Reset()
		s.aside.Reset()
	}
}

// silent says whether there is nothing to be read from an idle connection. If there is, the server has ended it, or is about to: whatever would be
// sent now might never arrive.
func silent(conn net.Conn) bool {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	quiet := true
	// Not raw.Read: it would wait for a reader that the driver may have left there.
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = errors.Is(err, syscall.EAGAIN)
	})
	return quiet && err == nil
}

func timedOut(err error) bool {
	return pgconn.Timeout(err) || errors.Is(err, context.DeadlineExceeded)
}
