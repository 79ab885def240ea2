package logout

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// Config sets the dispatcher's times and bounds. Take it from [Defaults].
type Config struct {
	// Poll is how often the queue is looked at without being woken: for retries, and for notices that other processes queued.
	Poll time.Duration
	// Batch is how many notices are leased at once, Held how many at most are leased and not dealt with.
	Batch, Held int
	// PostTimeout bounds one request. Lease is how long a notice is ours; what of a batch does not fit into it is left for later.
	PostTimeout, Lease time.Duration
	// Grace is how long requests under way may go on after Run was told to stop.
	Grace time.Duration
	// FirstRetry is the wait after the first failure; it doubles up to MaxRetry. Both are spread by half up and down.
	FirstRetry, MaxRetry time.Duration
	// Refusals is how many tries a client that says no is worth.
	Refusals int
	// TTL is how long trying goes on after the session ended; at most [storage.NoticeKept].
	TTL time.Duration
}

// Defaults try for a day.
func Defaults() Config {
	return Config{
		Poll: 5 * time.Second, Batch: 32, Held: 256, PostTimeout: 10 * time.Second, Lease: 2 * time.Minute, Grace: 5 * time.Second,
		FirstRetry: time.Second, MaxRetry: 30 * time.Minute, Refusals: 3, TTL: 24 * time.Hour,
	}
}

// Clients finds the clients that are to be told.
type Clients interface {
	// Client returns a client. Errors: [client.ErrUnknown] also for one that is disabled, or a fault of the store.
	Client(ctx context.Context, id string) (storage.Client, error)
}

// Tokens signs.
type Tokens interface {
	// LogoutToken makes the token for a client. sub is the account's own: what the client knows the person by is for this to find out.
	LogoutToken(ctx context.Context, c storage.Client, sub, sid string) (string, error)
}

// Poster sends. [fetch.Fetcher] is one.
type Poster interface {
	// Post returns the status of whatever answer there was.
	Post(ctx context.Context, uri, contentType string, body []byte) (status int, err error)
}

// Deps is what the dispatcher stands on. All are required.
type Deps struct {
	Notices storage.Notices
	Clients Clients
	Tokens  Tokens
	Fetcher Poster
	Audit   audit.Sink
	Log     *slog.Logger
	Now     func() time.Time
}

// State counts since the start, for metrics. What waits is [storage.Notices].NoticeState.
type State struct {
	// Delivered notices; Failed tries; GivenUp notices, refused or out of time.
	Delivered, Failed, GivenUp uint64
	// LastDelivered is zero before the first.
	LastDelivered time.Time
}

// Dispatcher sends queued notices. Any number of them, in any number of processes, can share a queue.
type Dispatcher struct {
	Config
	Deps
	wake chan struct{}
	// held counts the notices that are leased and not dealt with; full: no more were leased because of them.
	held atomic.Int64
	full atomic.Bool

	delivered, failed, givenUp atomic.Uint64
	last                       atomic.Pointer[time.Time]
}

// New makes a dispatcher.
func New(config Config, deps Deps) (*Dispatcher, error) {
	if deps.Notices == nil || deps.Clients == nil || deps.Tokens == nil || deps.Fetcher == nil || deps.Audit == nil || deps.Log == nil || deps.Now == nil {
		return nil, errors.New("logout: a dependency is missing")
	}
	if config.Poll <= 0 || config.Batch < 1 || config.Held < config.Batch || config.PostTimeout <= 0 || config.Lease < 2*config.PostTimeout ||
		config.FirstRetry <= 0 || config.MaxRetry < config.FirstRetry || config.Refusals < 1 || config.TTL <= 0 || config.TTL > storage.NoticeKept {
		return nil, errors.New("logout: a time or bound makes no sense")
	}
	return &Dispatcher{Config: config, Deps: deps, wake: make(chan struct{}, 1)}, nil
}

// Wake says that notices were queued. It never blocks.
func (d *Dispatcher) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// State counts.
func (d *Dispatcher) State() State {
	s := State{Delivered: d.delivered.Load(), Failed: d.failed.Load(), GivenUp: d.givenUp.Load()}
	if t := d.last.Load(); t != nil {
		s.LastDelivered = *t
	}
	return s
}
