package activity

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// Store is where events are kept, and where it is noted that an application was used.
type Store interface {
	storage.Events
	UseConsent(ctx context.Context, accountID int64, clientID string, now time.Time) error
}

// Config is what a [Log] stands on. Every field is required.
type Config struct {
	Store Store
	// Keep is how long an event is kept.
	Keep time.Duration
	Now  func() time.Time
	// Random is crypto/rand.Reader outside of tests.
	Random io.Reader
	Logger *slog.Logger
}

const (
	// waitingMax bounds the events that wait to be written; more are dropped, and counted.
	waitingMax = 4096
	// batchMax is how many are written at once; batchEvery how long the first of them waits.
	batchMax   = 256
	batchEvery = 250 * time.Millisecond
	// failuresMax is how many failed attempts of strangers, and throttled ones, an account's record takes in failuresEvery: who is attacked needs no more to see it.
	failuresMax   = 20
	failuresEvery = time.Hour
	// lastWords is how long writing may take once the process ends.
	lastWords = 5 * time.Second
)

// Log is an [audit.Sink] that keeps what concerns a person. It is safe for concurrent use.
type Log struct {
	cfg     Config
	waiting chan *audit.Event // not the events themselves: room for all of them would be most of a MiB of an idle server
	// settle takes who waits until everything that came before them is written.
	settle  chan chan struct{}
	dropped atomic.Int64
	// What follows is Run's alone. failures counts what strangers did to an account lately, uses when a consent was last noted; failing says that the store
	// took the last batch not.
	failures, uses *recent
	failing        bool
}

// New returns a log that takes events at once; [Log.Run] writes them.
func New(cfg Config) (*Log, error) {
	if cfg.Store == nil || cfg.Keep <= 0 || cfg.Now == nil || cfg.Random == nil || cfg.Logger == nil {
		return nil, errors.New("activity: a dependency is missing")
	}
	return &Log{cfg: cfg, waiting: make(chan *audit.Event, waitingMax), settle: make(chan chan struct{}), failures: newRecent(), uses: newRecent()}, nil
}

// Names are the events that a person's record has.
func Names() []audit.Name { return slices.Clone(names) }

// Record implements [audit.Sink]. It never blocks.
func (l *Log) Record(_ context.Context, e audit.Event) {
	if e.AccountID == 0 || e.Name != audit.TokenIssued && !slices.Contains(names, e.Name) {
		return
	}
	if e.Time.IsZero() {
		e.Time = l.cfg.Now()
	}
	kept := e
	select {
	case l.waiting <- &kept:
	default:
		l.dropped.Add(1)
	}
}

// Dropped is how many events were lost because the store was away or too slow, for metrics.
func (l *Log) Dropped() int64 { return l.dropped.Load() }

// Settle waits until what this process recorded before is written, or ctx ends: so that people who look at their record see what they just did.
func (l *Log) Settle(ctx context.Context) {
	done := make(chan struct{})
	select {
	case l.settle <- done:
		select {
		case <-done:
		case <-ctx.Done():
		}
	case <-ctx.Done():
	}
}

// Run writes until ctx ends, and then what still waits.
func (l *Log) Run(ctx context.Context) {
	var batch []storage.AccountEvent
	tick := time.NewTicker(batchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
			defer cancel()
			for len(l.waiting) > 0 {
				batch = l.add(end, batch, *<-l.waiting)
			}
			l.write(end, batch)
			return
		case e := <-l.waiting:
			if batch = l.add(ctx, batch, *e); len(batch) >= batchMax && !l.failing {
				batch = l.write(ctx, batch)
			}
		case done := <-l.settle:
			for len(l.waiting) > 0 && len(batch) < batchMax {
				batch = l.add(ctx, batch, *<-l.waiting)
			}
			batch = l.write(ctx, batch)
			close(done)
		case <-tick.C:
			batch = l.write(ctx, batch)
		}
	}
}

// add makes the record of an event, unless it says only that an application was used.
func (l *Log) add(ctx context.Context, batch []storage.AccountEvent, e audit.Event) []storage.AccountEvent {
	switch e.Name {
	case audit.TokenIssued:
		l.used(ctx, e)
		return batch
	case audit.SignInFailed, audit.SecondFactorFailed:
		if l.failures.count(fmt.Sprint(e.AccountID), e.Time, failuresEvery) > failuresMax {
			return batch
		}
	}
	id, err := l.id(e.Time)
	if err != nil {
		l.dropped.Add(1)
		return batch
	}
	return append(batch, storage.AccountEvent{
		ID: id, AccountID: e.AccountID, At: e.Time, Name: string(e.Name), Detail: e.Detail, SID: e.SID, ClientID: e.ClientID,
		Address: cut(e.Address, 64), UserAgent: cut(e.UserAgent, 256), RequestID: e.RequestID, ExpiresAt: e.Time.Add(l.cfg.Keep),
	})
}

// used notes that an application got tokens, at most once in a while.
func (l *Log) used(ctx context.Context, e audit.Event) {
	if e.ClientID == "" || l.uses.count(fmt.Sprintf("%d %s", e.AccountID, e.ClientID), e.Time, storage.ConsentUseEvery) > 1 {
		return
	}
	if err := l.cfg.Store.UseConsent(ctx, e.AccountID, e.ClientID, e.Time); err != nil {
		l.cfg.Logger.WarnContext(ctx, "the use of an application could not be noted", "error", err)
	}
}

// write stores a batch and returns what is still to be stored: the same batch where the store is away, as far as there is room for it.
func (l *Log) write(ctx context.Context, batch []storage.AccountEvent) []storage.AccountEvent {
	if len(batch) == 0 {
		return batch
	}
	err := l.cfg.Store.AppendEvents(ctx, batch, l.cfg.Now())
	if err == nil {
		l.failing = false
		return batch[:0]
	}
	if over := len(batch) - waitingMax; over > 0 {
		l.dropped.Add(int64(over))
		batch = slices.Delete(batch, 0, over)
	}
	if !l.failing {
		l.cfg.Logger.WarnContext(ctx, "what happened to accounts cannot be written down; trying goes on", "error", err)
	}
	l.failing = true
	return batch
}

// id orders events by time: 16 hexadecimal digits of nanoseconds, and 16 at random.
func (l *Log) id(at time.Time) (string, error) {
	var b [8]byte
	if _, err := io.ReadFull(l.cfg.Random, b[:]); err != nil {
		return "", fmt.Errorf("read random bytes: %w", err)
	}
	return fmt.Sprintf("%016x", at.UnixNano()) + hex.EncodeToString(b[:]), nil
}

func cut(s string, n int) string {
	for len(s) > n {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
