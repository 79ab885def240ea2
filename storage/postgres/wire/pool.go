package wire

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/puddle/v2"
)

const (
	// idleLong is how long a connection was unused that is asked whether it is still one.
	idleLong = time.Second
	// fillTimeout bounds the making of connections that nobody waits for, goodbye that of ending one.
	fillTimeout = time.Minute
	goodbye     = 15 * time.Second
	// settle is how long connections that are being ended are waited for before the rest is counted.
	settle = 500 * time.Millisecond
)

var errUnfit = errors.New("no connection of the pool can be used")

// held is a connection in a pool.
type held struct {
	conn *Conn
	// young ends when it is too old, or over.
	young context.Context
	over  context.CancelFunc
}

// Pool keeps connections for many callers.
type Pool struct {
	cfg    *Config
	p      *puddle.Pool[*held]
	check  chan struct{}
	closed context.Context
	close  context.CancelFunc
	keeper sync.WaitGroup
}

// NewPool makes a pool. Its connections are made when they are wanted, and those of MinConns and MinIdleConns in the background, with the values of ctx.
func NewPool(ctx context.Context, cfg *Config) (*Pool, error) {
	p := &Pool{cfg: cfg, check: make(chan struct{}, 1)}
	var err error
	p.p, err = puddle.NewPool(&puddle.Config[*held]{
		Constructor: func(ctx context.Context) (*held, error) { return p.make(ctx) },
		Destructor: func(h *held) {
			bounded, cancel := context.WithTimeout(context.Background(), goodbye)
			defer cancel()
			h.over()
			_ = h.conn.Close(bounded)
			select {
			case <-h.conn.pg.CleanupDone():
			case <-bounded.Done():
			}
		},
		MaxSize: cfg.MaxConns,
	})
	if err != nil {
		return nil, err
	}
	p.closed, p.close = context.WithCancel(context.WithoutCancel(ctx))
	p.keeper.Go(p.keep)
	return p, nil
}

func (p *Pool) make(ctx context.Context) (*held, error) {
	conn, err := Connect(ctx, p.cfg)
	if err != nil {
		return nil, err
	}
	if p.cfg.Made != nil {
		p.cfg.Made(conn)
	}
	life := p.cfg.MaxConnLifetime
	if life <= 0 {
		life = math.MaxInt64
	} else if jitter := p.cfg.MaxConnLifetimeJitter; jitter > 0 {
		life += rand.N(jitter) //nolint:gosec // jitter is no secret
	}
	h := &held{conn: conn}
	h.young, h.over = context.WithTimeout(context.Background(), life)
	return h, nil
}

func (h *held) old() bool { return h.young.Err() != nil }

// Lent is a connection of a pool in the hands of a caller, who gives it back by Release.
type Lent struct {
	*Conn
	pool *Pool
	res  *puddle.Resource[*held]
}

// Acquire lends a connection that seems to work, and waits for one until ctx ends.
func (p *Pool) Acquire(ctx context.Context) (*Lent, error) {
	for range int(p.cfg.MaxConns) + 1 { // when all that were there are unfit, a new one is tried
		res, err := p.p.Acquire(ctx)
		if err != nil {
			return nil, err
		}
		if p.fit(ctx, res) {
			return &Lent{Conn: res.Value().conn, pool: p, res: res}, nil
		}
		res.Destroy()
	}
	return nil, errUnfit
}

// fit says whether a connection can be lent. Who goes away meanwhile waits for the answer, which takes no longer than PingTimeout, so that no connection
// is lost with each caller.
func (p *Pool) fit(ctx context.Context, res *puddle.Resource[*held]) bool {
	h := res.Value()
	if h.old() {
		return false
	}
	if res.IdleDuration() > idleLong {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.cfg.PingTimeout)
		defer cancel()
		if h.conn.pg.Ping(bounded) != nil {
			return false
		}
	}
	return p.cfg.Fit == nil || p.cfg.Fit(h.conn)
}

// Release gives it back, or ends it where it is closed, in use, in a transaction or too old.
func (l *Lent) Release() {
	if l.IsClosed() || l.pg.IsBusy() || l.pg.TxStatus() != 'I' || l.res.Value().old() {
		l.res.Destroy()
		select { // there may be too few now
		case l.pool.check <- struct{}{}:
		default:
		}
		return
	}
	l.res.Release()
}

// Reset ends all connections: those that are lent when they are given back.
func (p *Pool) Reset() { p.p.Reset() }

// Close ends all connections, after those that are lent were given back. The pool is not to be used any more.
func (p *Pool) Close() {
	p.close()
	p.p.Close()
	p.keeper.Wait()
}

// Stat says how many connections are lent, how many there are, those that are being made included, and how many there may be.
func (p *Pool) Stat() (lent, all, limit int) {
	s := p.p.Stat()
	return int(s.AcquiredResources()), int(s.TotalResources()), int(s.MaxResources())
}
