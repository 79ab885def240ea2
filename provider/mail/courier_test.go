package mail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
	"latchkey/storage/memory"
)

type vault struct{}

func (vault) Seal(_, context string, plain []byte) ([]byte, error) {
	return append([]byte(context+"|"), plain...), nil
}

func (vault) Open(purpose, context string, sealed []byte) ([]byte, error) {
	plain, ok := bytes.CutPrefix(sealed, []byte(context+"|"))
	if !ok || purpose != account.MailVaultPurpose {
		return nil, errors.New("sealed for something else")
	}
	return plain, nil
}

type composer struct{}

func (composer) Compose(kind, locale string, l account.Letter) (Message, error) {
	if kind == "broken" {
		return Message{}, errors.New("no such text")
	}
	return Message{To: "composer@decides.not", Subject: kind + " " + locale, Text: l.Link}, nil
}

type expander func(storage.Mail) (bool, error)

func (f expander) Expand(_ context.Context, m storage.Mail) (bool, error) { return f(m) }

type sender func(context.Context, Message) error

func (f sender) Send(ctx context.Context, m Message) error { return f(ctx, m) }

type rig struct {
	*Courier
	t     *testing.T
	store *memory.Store
	log   *bytes.Buffer
}

// newRig runs on the clock of a synctest bubble.
func newRig(t *testing.T, send sender) *rig {
	t.Helper()
	r := &rig{t: t, store: memory.New(), log: &bytes.Buffer{}}
	var err error
	r.Courier, err = New(Defaults(), Deps{
		Outbox: r.store, Vault: vault{}, Composer: composer{}, Sender: send, Now: time.Now,
		Expander: expander(func(m storage.Mail) (bool, error) { return m.Kind != "request", nil }),
		Log:      slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) queue(id, kind string, ttl time.Duration) {
	r.t.Helper()
	plain, err := json.Marshal(account.Letter{To: "secret-person@example.org", Link: "https://id.test/#secret-token"})
	if err != nil {
		r.t.Fatal(err)
	}
	sealed, _ := vault{}.Seal(account.MailVaultPurpose, id, plain)
	now := time.Now()
	m := storage.Mail{ID: id, Kind: kind, Locale: "de", Sealed: sealed, CreatedAt: now, NotBefore: now, ExpiresAt: now.Add(ttl)}
	if err := r.store.QueueMail(r.t.Context(), []storage.Mail{m}, now); err != nil {
		r.t.Fatal(err)
	}
	r.Wake()
}

func (r *rig) waiting() storage.OutboxState {
	r.t.Helper()
	s, err := r.store.OutboxState(r.t.Context(), time.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// run starts the courier and returns what stops it and waits.
func (r *rig) run() (stop func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
	}
}

func TestCourierSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := NewMemory(time.Now)
		r := newRig(t, box.Send)
		stop := r.run()
		defer stop()
		r.queue("one", "reset", time.Hour)
		r.queue("asked", "request", time.Hour)
		time.Sleep(r.Spread)
		synctest.Wait()
		got := box.Mails()
		if len(got) != 1 || got[0].To != "secret-person@example.org" || got[0].Subject != "reset de" || got[0].ID != "one" || got[0].Text != "https://id.test/#secret-token" {
			t.Fatalf("sent %+v", got)
		}
		if s := r.State(); s.Sent != 1 || s.Failed != 0 || s.LastSent.IsZero() || r.waiting().Waiting != 0 {
			t.Errorf("state %+v, %+v", s, r.waiting())
		}
	})
}

func TestCourierRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		down.Store(true)
		var at []time.Time
		r := newRig(t, func(context.Context, Message) error {
			if down.Load() {
				at = append(at, time.Now())
				return &Failure{Reason: "connect", Cause: errors.New("dial secret-person@example.org")}
			}
			return nil
		})
		stop := r.run()
		r.queue("one", "reset", 24*time.Hour)
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if n := len(at); n < 8 || n > 24 {
			t.Errorf("%d tries in 3 hours", n)
		}
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap < r.FirstRetry/2 || gap > 3*r.MaxRetry/2+r.Poll {
				t.Errorf("try %d came after %v", i, gap)
			}
		}
		if s := r.waiting(); s.Waiting != 1 || s.Failing != 1 {
			t.Errorf("outbox %+v", s)
		}
		down.Store(false)
		time.Sleep(time.Hour)
		stop()
		if s := r.State(); s.Sent != 1 || s.GivenUp != 0 || r.waiting().Waiting != 0 {
			t.Errorf("state %+v", s)
		}
		if strings.Contains(r.log.String(), "secret") {
			t.Errorf("log holds an address or a link: %s", r.log)
		}
	})
}

func TestCourierGivesUp(t *testing.T) {
	for name, c := range map[string]struct {
		kind    string
		fails   error
		ttl     time.Duration
		atMost  int
		atLeast int
	}{
		"permanent refusal":      {"reset", &Failure{Reason: "rcpt 550", Permanent: true}, 24 * time.Hour, 1, 1},
		"the link is dead":       {"reset", errors.New("down"), 15 * time.Minute, 20, 4},
		"a day":                  {"verify", errors.New("down"), 24 * time.Hour, 120, 40},
		"text cannot be written": {"broken", nil, 15 * time.Minute, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				r := newRig(t, func(context.Context, Message) error { tries++; return c.fails })
				stop := r.run()
				r.queue("one", c.kind, c.ttl)
				time.Sleep(c.ttl + time.Hour)
				stop()
				if s := r.State(); s.GivenUp != 1 || s.Sent != 0 || r.waiting().Waiting != 0 {
					t.Errorf("state %+v, outbox %+v", s, r.waiting())
				}
				if tries < c.atLeast || tries > c.atMost {
					t.Errorf("%d tries", tries)
				}
				if !strings.Contains(r.log.String(), "mail given up") {
					t.Error("given up in silence")
				}
			})
		})
	}
}

// Several couriers on one outbox send each mail once.
func TestCouriersShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		seen := map[string]int{}
		r := newRig(t, func(_ context.Context, m Message) error {
			time.Sleep(10 * time.Second) // a slow server
			mu.Lock()
			defer mu.Unlock()
			seen[m.ID]++
			return nil
		})
		for i := range 30 {
			r.queue(fmt.Sprint(i), "verify", time.Hour)
		}
		second, err := New(r.Config, r.Deps)
		if err != nil {
			t.Fatal(err)
		}
		stop, other := r.run(), (&rig{Courier: second, t: t}).run()
		time.Sleep(10 * time.Minute)
		stop()
		other()
		if len(seen) != 30 {
			t.Errorf("%d mails arrived", len(seen))
		}
		for id, n := range seen {
			if n != 1 {
				t.Errorf("%s arrived %d times", id, n)
			}
		}
	})
}

// A try under way is let finish; one that hangs is cut off after Grace, and the mail stays.
func TestCourierStops(t *testing.T) {
	for name, c := range map[string]struct {
		takes time.Duration
		sent  uint64
	}{"finishes": {5 * time.Second, 1}, "hangs": {time.Hour, 0}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(ctx context.Context, _ Message) error {
					select {
					case <-time.After(c.takes):
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				})
				stop := r.run()
				r.queue("one", "verify", 24*time.Hour)
				time.Sleep(r.Spread)
				synctest.Wait()
				start := time.Now()
				stop()
				if took := time.Since(start); took > r.Grace {
					t.Errorf("took %v", took)
				}
				if s := r.State(); s.Sent != c.sent || r.waiting().Waiting != 1-int(c.sent) {
					t.Errorf("state %+v, outbox %+v", s, r.waiting())
				}
			})
		})
	}
}

func TestMemoryKeepsTheLast(t *testing.T) {
	box := NewMemory(time.Now)
	for i := range 250 {
		if err := box.Send(t.Context(), Message{ID: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	got := box.Mails()
	if len(got) != 200 || got[0].ID != "249" || got[199].ID != "50" {
		t.Errorf("%d mails, from %s to %s", len(got), got[0].ID, got[len(got)-1].ID)
	}
}
