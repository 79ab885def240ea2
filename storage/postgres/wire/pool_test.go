package wire

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

func pooled(t *testing.T, more string, change func(*Config)) *Pool {
	t.Helper()
	cfg, err := ParseConfig(env.url + "&application_name=" + t.Name() + more)
	must(t, err)
	if change != nil {
		change(cfg)
	}
	p, err := NewPool(t.Context(), cfg)
	must(t, err)
	t.Cleanup(p.Close)
	return p
}

// eventually waits until the pool has so many connections.
func eventually(t *testing.T, p *Pool, want int) {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		lent, all, _ := p.Stat()
		if lent == 0 && all == want {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%d connections, %d of them lent; want %d and none", all, lent, want)
		}
	}
}

func lent(t *testing.T, p *Pool) *Lent {
	t.Helper()
	c, err := p.Acquire(t.Context())
	must(t, err)
	return c
}

func TestPoolLendsNoMoreThanItHas(t *testing.T) {
	p := pooled(t, "&pool_max_conns=2", nil)
	a, b := lent(t, p), lent(t, p)
	bounded, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := p.Acquire(bounded); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	used, all, limit := p.Stat()
	equal(t, "used, all, limit", []int{used, all, limit}, []int{2, 2, 2})
	a.Release()
	c := lent(t, p)
	equal(t, "the same again", c.Conn == a.Conn, true)
	b.Release()
	c.Release()
}

// TestPoolEndsWhatCannotBeUsed: nobody gets a connection that is closed, in a transaction, refused by Fit, too old, or of before a reset.
func TestPoolEndsWhatCannotBeUsed(t *testing.T) {
	var refuse atomic.Pointer[Conn]
	p := pooled(t, "&pool_max_conn_lifetime=1h", func(c *Config) { c.Fit = func(c *Conn) bool { return refuse.Load() != c } })
	for what, spoil := range map[string]func(*Lent){
		"closed":           func(c *Lent) { _ = c.Close(t.Context()) },
		"in a transaction": func(c *Lent) { _, err := c.Exec(t.Context(), "BEGIN"); must(t, err) },
		"refused":          func(c *Lent) { refuse.Store(c.Conn) },
		"too old":          func(c *Lent) { c.res.Value().over() },
		"reset":            func(*Lent) { p.Reset() },
	} {
		first := lent(t, p)
		spoil(first)
		first.Release()
		second := lent(t, p)
		if second.Conn == first.Conn {
			t.Errorf("%s: lent again", what)
		}
		must(t, second.QueryRow(t.Context(), "SELECT 1").Scan(new(int)))
		second.Release()
	}
	refuse.Store(nil)
	eventually(t, p, 1)
}

func TestPoolIsFilledAndThinned(t *testing.T) {
	p := pooled(t, "&pool_max_conns=5&pool_min_conns=2&pool_max_conn_idle_time=300ms&pool_health_check_period=100ms", nil)
	eventually(t, p, 2)
	var all []*Lent
	for range 5 {
		all = append(all, lent(t, p))
	}
	for _, c := range all {
		c.Release()
	}
	eventually(t, p, 2)
	c := lent(t, p)
	must(t, c.Close(t.Context()))
	c.Release()
	eventually(t, p, 2)
	idle := pooled(t, "&pool_max_conns=3&pool_min_idle_conns=3", nil)
	eventually(t, idle, 3)
}

// TestPoolAsksAfterIdleness: a connection that the server ended is noticed, without the caller hearing of it.
func TestPoolAsksAfterIdleness(t *testing.T) {
	p := pooled(t, "", nil)
	c := lent(t, p)
	pid := c.PgConn().PID()
	c.Release()
	_, err := connected(t, "").Exec(t.Context(), "SELECT pg_terminate_backend($1)", int(pid))
	must(t, err)
	time.Sleep(idleLong + 100*time.Millisecond)
	c = lent(t, p)
	defer c.Release()
	must(t, c.QueryRow(t.Context(), "SELECT 1").Scan(new(int)))
}

func TestConnectionStrings(t *testing.T) {
	c, err := ParseConfig("postgres://u:p@h/d?pool_max_conns=7&pool_min_conns=1&pool_min_idle_conns=2&pool_max_conn_lifetime=3h&pool_max_conn_lifetime_jitter=4m" +
		"&pool_max_conn_idle_time=5m&pool_health_check_period=6s&pool_ping_timeout=7s&statement_cache_capacity=8&description_cache_capacity=9&default_query_exec_mode=cache_statement&search_path=x")
	must(t, err)
	equal(t, "numbers", []int32{c.MaxConns, c.MinConns, c.MinIdleConns, int32(c.Statements)}, []int32{7, 1, 2, 8})
	equal(t, "times", []time.Duration{c.MaxConnLifetime, c.MaxConnLifetimeJitter, c.MaxConnIdleTime, c.HealthCheckPeriod, c.PingTimeout},
		[]time.Duration{3 * time.Hour, 4 * time.Minute, 5 * time.Minute, 6 * time.Second, 7 * time.Second})
	equal(t, "the server's", c.RuntimeParams, map[string]string{"search_path": "x"})
	for _, mode := range []string{"exec", "cache_describe", "describe_exec", "simple_protocol"} {
		c, err := ParseConfig("host=h default_query_exec_mode=" + mode)
		must(t, err)
		equal(t, mode, c.Statements, 0)
	}
	for _, wrong := range []string{
		"postgres://h:port/", "host=h sslmode=perhaps", "host=h pool_max_conns=0", "host=h pool_max_conns=many", "host=h pool_min_conns=-1", "host=h pool_max_conn_lifetime=1",
		"host=h pool_health_check_period=0s", "host=h pool_ping_timeout=0s", "host=h statement_cache_capacity=-1", "host=h default_query_exec_mode=quick",
	} {
		if _, err := ParseConfig(wrong); err == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
}
