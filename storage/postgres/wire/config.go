package wire

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Config says how to connect, and how a pool is kept. [ParseConfig] makes one.
type Config struct {
	*pgconn.Config

	// Statements is how many prepared statements a connection keeps. 0: none, for poolers that give every transaction another connection.
	Statements int

	// MaxConns bounds a pool, at least 1. It is filled up to MinConns connections, or to MinIdleConns that nobody uses.
	MaxConns, MinConns, MinIdleConns int32
	// MaxConnLifetime and up to MaxConnLifetimeJitter more is how long a connection is used; 0: for ever. MaxConnIdleTime is how long it is kept unused.
	MaxConnLifetime, MaxConnLifetimeJitter, MaxConnIdleTime time.Duration
	// HealthCheckPeriod is how often a pool is looked after.
	HealthCheckPeriod time.Duration
	// PingTimeout bounds the question whether a connection that was unused for a second is still one.
	PingTimeout time.Duration

	// Made is called with each new connection of a pool, Fit before one is handed out: false ends it, and another is taken. Both may be nil.
	Made func(*Conn)
	Fit  func(*Conn) bool
	// Sent is called with each statement that has parameters or rows before it is sent, for tests that look at all of them; may be nil.
	Sent func(sql string, args []any)
}

const (
	defaultStatements        = 512
	defaultMaxConns          = 4
	defaultMaxConnLifetime   = time.Hour
	defaultMaxConnIdleTime   = 30 * time.Minute
	defaultHealthCheckPeriod = time.Minute
	defaultPingTimeout       = time.Second
)

// ParseConfig reads a connection string as PostgreSQL's own clients do, PG… variables of the environment and files that it names included. It takes some
// words more, which are pgx's: pool_max_conns, pool_min_conns, pool_min_idle_conns, pool_max_conn_lifetime, pool_max_conn_lifetime_jitter,
// pool_max_conn_idle_time, pool_health_check_period, pool_ping_timeout, statement_cache_capacity, and default_query_exec_mode, which is cache_statement
// or exec; the others that pgx has, cache_describe, describe_exec and simple_protocol, are exec. The text of its errors may quote a password.
func ParseConfig(s string) (*Config, error) {
	parsed, err := pgconn.ParseConfig(s)
	if err != nil {
		return nil, err
	}
	c := &Config{
		Config: parsed, Statements: defaultStatements, MaxConns: defaultMaxConns,
		MaxConnLifetime: defaultMaxConnLifetime, MaxConnIdleTime: defaultMaxConnIdleTime, HealthCheckPeriod: defaultHealthCheckPeriod,
		PingTimeout: defaultPingTimeout,
	}
	described := 0 // for descriptions that we do not keep
	for _, err := range []error{
		c.number("pool_max_conns", 1, &c.MaxConns),
		c.number("pool_min_conns", 0, &c.MinConns),
		c.number("pool_min_idle_conns", 0, &c.MinIdleConns),
		c.duration("pool_max_conn_lifetime", &c.MaxConnLifetime),
		c.duration("pool_max_conn_lifetime_jitter", &c.MaxConnLifetimeJitter),
		c.duration("pool_max_conn_idle_time", &c.MaxConnIdleTime),
		c.duration("pool_health_check_period", &c.HealthCheckPeriod),
		c.duration("pool_ping_timeout", &c.PingTimeout),
		c.count("statement_cache_capacity", &c.Statements),
		c.count("description_cache_capacity", &described),
		c.mode(),
	} {
		if err != nil {
			return nil, err
		}
	}
	if c.HealthCheckPeriod <= 0 || c.PingTimeout <= 0 {
		return nil, errors.New("pool_health_check_period or pool_ping_timeout is not positive")
	}
	return c, nil
}

// take returns a word of the connection string that is none of the server's.
func (c *Config) take(name string) (value string, ok bool) {
	value, ok = c.RuntimeParams[name]
	delete(c.RuntimeParams, name)
	return value, ok
}

func (c *Config) number(name string, least int64, into *int32) error {
	s, ok := c.take(name)
	if !ok {
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < least {
		return fmt.Errorf("%s is no number from %d on", name, least)
	}
	*into = int32(n)
	return nil
}

func (c *Config) count(name string, into *int) error {
	n := int32(*into)
	err := c.number(name, 0, &n)
	*into = int(n)
	return err
}

func (c *Config) duration(name string, into *time.Duration) error {
	s, ok := c.take(name)
	if !ok {
		return nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%s is no duration", name)
	}
	*into = d
	return nil
}

func (c *Config) mode() error {
	switch s, ok := c.take("default_query_exec_mode"); {
	case !ok, s == "cache_statement":
	case s == "exec", s == "cache_describe", s == "describe_exec", s == "simple_protocol":
		c.Statements = 0
	default:
		return errors.New("default_query_exec_mode is neither cache_statement nor exec")
	}
	return nil
}

// Copy returns one that can be changed by itself.
func (c *Config) Copy() *Config {
	other := *c
	other.Config = c.Config.Copy()
	return &other
}
