package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// Config sets the courier's times. Take it from [Defaults].
type Config struct {
	// Poll is how often the outbox is looked at without being woken: for retries, and for mail that other processes queued.
	Poll time.Duration
	// Spread is the longest wait after a Wake, the wait being random: what a request leaves for the courier to do then does not fall
	// upon the next request, where its cost could tell whether the first one's address was known.
	Spread time.Duration
	// Batch is how many mails are sent at once.
	Batch int
	// SendTimeout bounds one try. The lease is twice as long, so that no other process sends the same mail meanwhile.
	SendTimeout time.Duration
	// Grace is how long tries under way may go on after Run was told to stop.
	Grace time.Duration
	// FirstRetry is the wait after the first failure; it doubles up to MaxRetry. Both are spread by half up and down.
	FirstRetry, MaxRetry time.Duration
}

// Defaults are good for one mail server nearby.
func Defaults() Config {
	return Config{
		Poll: 5 * time.Second, Spread: 300 * time.Millisecond, Batch: 4, SendTimeout: 60 * time.Second, Grace: 10 * time.Second,
		FirstRetry: 5 * time.Second, MaxRetry: 30 * time.Minute,
	}
}

// Expander deals with records of the outbox that are requests and no mails yet. [account.Service] is one.
type Expander interface {
	// Expand returns true for a mail. Otherwise it has dealt with the record, or failed for now.
	Expand(ctx context.Context, m storage.Mail) (mail bool, err error)
}

// Deps is what the courier stands on. All are required.
type Deps struct {
	Outbox   storage.Outbox
	Vault    account.Vault
	Expander Expander
	Composer Composer
	Sender   Sender
	Log      *slog.Logger
	Now      func() time.Time
}

// State counts since the start, for metrics. What waits is [storage.Outbox].OutboxState.
type State struct {
	// Sent mails; Failed tries; GivenUp mails, refused for good or out of date.
	Sent, Failed, GivenUp uint64
	// LastSent is zero before the first.
	LastSent time.Time
}

// Courier sends queued mail. Any number of them, in any number of processes, can share an outbox.
type Courier struct {
	Config
	Deps
	wake chan struct{}

	sent, failed, givenUp atomic.Uint64
	lastSent              atomic.Pointer[time.Time]
}

// New makes a courier.
func New(config Config, deps Deps) (*Courier, error) {
	if deps.Outbox == nil || deps.Vault == nil || deps.Expander == nil || deps.Composer == nil || deps.Sender == nil || deps.Log == nil || deps.Now == nil {
		return nil, errors.New("mail: a dependency is missing")
	}
	if config.Poll <= 0 || config.Batch < 1 || config.SendTimeout <= 0 || config.FirstRetry <= 0 || config.MaxRetry < config.FirstRetry {
		return nil, errors.New("mail: times must be positive, and the longest retry no shorter than the first")
	}
	return &Courier{Config: config, Deps: deps, wake: make(chan struct{}, 1)}, nil
}

// Wake says that mail was queued. It never blocks.
func (c *Courier) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// State counts.
func (c *Courier) State() State {
	s := State{Sent: c.sent.Load(), Failed: c.failed.Load(), GivenUp: c.givenUp.Load()}
	if t := c.lastSent.Load(); t != nil {
		s.LastSent = *t
	}
	return s
}

// Run sends until ctx ends, then waits for the tries under way, at most Grace. It returns nil.
func (c *Courier) Run(ctx context.Context) error {
	timer := time.NewTimer(c.Poll)
	defer timer.Stop()
	for {
		for ctx.Err() == nil {
			n, err := c.Once(ctx)
			if err != nil && ctx.Err() == nil {
				c.Log.WarnContext(ctx, "outbox cannot be read", "error", err)
			}
			if n < c.Batch {
				break
			}
		}
		if !c.pause(ctx, timer) {
			return nil
		}
	}
}

// pause waits for a Wake (and then a little) or for the time to poll; false where ctx ended.
func (c *Courier) pause(ctx context.Context, timer *time.Timer) bool {
	timer.Reset(c.Poll)
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	case <-c.wake:
	}
	if c.Spread <= 0 {
		return true
	}
	timer.Reset(rand.N(c.Spread)) //nolint:gosec // spread, no secret
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Once leases one batch, tries each of it once, and says how many there were.
func (c *Courier) Once(ctx context.Context) (int, error) {
	now := c.Now()
	batch, err := c.Outbox.LeaseMail(ctx, c.Batch, now.Add(2*c.SendTimeout), now)
	if err != nil {
		return 0, fmt.Errorf("lease mail: %w", err)
	}
	// Tries outlive ctx by Grace: a message that is half sent would be sent again.
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.SendTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-work.Done():
		case <-time.After(c.Grace):
			cancel()
		}
	})
	defer stop()
	var wg sync.WaitGroup
	for _, m := range batch {
		wg.Go(func() { c.try(work, m) })
	}
	wg.Wait()
	return len(batch), nil
}

// try deals with one leased record, and writes down what came of it.
func (c *Courier) try(work context.Context, m storage.Mail) {
	sent, err := c.deliver(work, m)
	// What came of it is written down even if the try used up its time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(work), 10*time.Second)
	defer cancel()
	now := c.Now()
	log := c.Log.With("mail", m.ID, "kind", m.Kind, "attempt", m.Attempts+1)
	if err == nil {
		if sent {
			c.sent.Add(1)
			c.lastSent.Store(&now)
			log.DebugContext(ctx, "mail sent")
		}
		c.finish(ctx, log, m, now)
		return
	}
	f := failure(err, "error")
	c.failed.Add(1)
	next := now.Add(c.backoff(m.Attempts))
	if f.Permanent || !next.Before(m.ExpiresAt) {
		c.givenUp.Add(1)
		log.ErrorContext(ctx, "mail given up", "reason", f.Error())
		c.finish(ctx, log, m, now)
		return
	}
	log.WarnContext(ctx, "mail not sent, will be tried again", "reason", f.Error(), "next", next)
	if err = written(ctx, func() error { return c.Outbox.RetryMail(ctx, m.ID, next, f.Reason, now) }); err != nil && !errors.Is(err, storage.ErrNotFound) {
		// The lease runs out and it is tried again all the same.
		log.WarnContext(ctx, "retry not written down", "error", err)
	}
}

func (c *Courier) finish(ctx context.Context, log *slog.Logger, m storage.Mail, now time.Time) {
	if err := written(ctx, func() error { return c.Outbox.FinishMail(ctx, m.ID, now) }); err != nil {
		log.WarnContext(ctx, "mail not removed, it may be sent again", "error", err)
	}
}

// deliver sends a mail, or has a request dealt with.
func (c *Courier) deliver(ctx context.Context, m storage.Mail) (sent bool, err error) {
	isMail, err := c.Expander.Expand(ctx, m)
	if err != nil {
		return false, failure(err, "expand")
	}
	if !isMail {
		return false, nil
	}
	plain, err := c.Vault.Open(account.MailVaultPurpose, m.ID, m.Sealed)
	if err != nil {
		return false, failure(err, "open")
	}
	var letter account.Letter
	if err := json.Unmarshal(plain, &letter); err != nil {
		return false, &Failure{Reason: "decode", Permanent: true, Cause: err}
	}
	msg, err := c.Composer.Compose(m.Kind, m.Locale, letter)
	if err != nil {
		return false, failure(err, "compose")
	}
	msg.ID = m.ID
	msg.To = letter.To // whatever the text says, it goes where the account's own row said
	if err := c.Sender.Send(ctx, msg); err != nil {
		return false, failure(err, "send")
	}
	return true, nil
}

// backoff is the wait after a try that had attempts before it: doubling, spread so that a server that comes back is not met by all
// at once (RFC 5321 §4.5.4.1 would wait longer; a person waits for these).
func (c *Courier) backoff(attempts int) time.Duration {
	wait := c.MaxRetry
	if attempts < 20 {
		wait = min(c.MaxRetry, c.FirstRetry<<attempts)
	}
	return wait/2 + rand.N(wait) //nolint:gosec // spread, no secret
}
