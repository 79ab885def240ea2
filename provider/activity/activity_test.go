package activity

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
	"latchkey/storage/memory"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// shaky is a store that can be away.
type shaky struct {
	*memory.Store
	mu    sync.Mutex
	away  bool
	tries int
}

func (s *shaky) AppendEvents(ctx context.Context, events []storage.AccountEvent, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tries++; s.away {
		return errors.New("away")
	}
	return s.Store.AppendEvents(ctx, events, now)
}

func (s *shaky) setAway(away bool) { s.mu.Lock(); s.away = away; s.mu.Unlock() }

// bench runs do beside a log, and returns what the store has after the log ended.
func bench(t *testing.T, do func(l *Log, s *shaky)) []storage.AccountEvent {
	t.Helper()
	s := &shaky{Store: memory.New()}
	for _, sub := range []string{"1", "2"} {
		if _, err := s.CreateAccount(t.Context(), storage.Account{Sub: sub}, storage.Effects{}, start); err != nil {
			t.Fatal(err)
		}
	}
	l, err := New(Config{Store: s, Keep: time.Hour, Now: func() time.Time { return start }, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx) }()
	do(l, s)
	cancel()
	<-done
	list, err := s.ListEvents(context.WithoutCancel(ctx), storage.EventQuery{AccountID: 1, Limit: storage.EventsListed}, start)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWhatIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := bench(t, func(l *Log, _ *shaky) {
			for i, e := range []audit.Event{
				{Name: audit.SignIn, AccountID: 1, SID: "s", Address: "192.0.2.1", UserAgent: strings.Repeat("é", 200), RequestID: "r", Detail: "page"},
				{Name: audit.KeyRotated, AccountID: 1},  // concerns nobody
				{Name: audit.SignIn, AccountID: 2},      // somebody else
				{Name: audit.SignIn, AccountID: 99},     // nobody any more
				{Name: audit.SignInFailed},              // an account that there never was
				{Name: audit.TokenIssued, AccountID: 1}, // too many to be read
				{Name: audit.ConsentGiven, AccountID: 1, ClientID: "app"},
			} {
				e.Time = start.Add(time.Duration(i) * time.Second)
				l.Record(t.Context(), e)
			}
		})
		if len(list) != 2 || list[0].Name != string(audit.ConsentGiven) || list[0].ClientID != "app" {
			t.Fatalf("%+v", list)
		}
		e := list[1]
		if e.Name != string(audit.SignIn) || e.SID != "s" || e.Address != "192.0.2.1" || e.RequestID != "r" || e.Detail != "page" || !e.At.Equal(start) || !e.ExpiresAt.Equal(start.Add(time.Hour)) {
			t.Errorf("%+v", e)
		}
		if len(e.UserAgent) != 256 {
			t.Errorf("the user agent has %d bytes", len(e.UserAgent))
		}
	})
}

func TestFailuresAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := bench(t, func(l *Log, _ *shaky) {
			for i := range 3 * failuresMax {
				l.Record(t.Context(), audit.Event{Name: audit.SignInFailed, AccountID: 1, Time: start.Add(time.Duration(i) * time.Second)})
				if i%50 == 0 {
					time.Sleep(time.Second)
				}
			}
			l.Record(t.Context(), audit.Event{Name: audit.SignInFailed, AccountID: 1, Time: start.Add(failuresEvery)})
		})
		if len(list) != failuresMax+1 {
			t.Errorf("%d events", len(list))
		}
	})
}

func TestStoreAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dropped int64
		list := bench(t, func(l *Log, s *shaky) {
			s.setAway(true)
			for i := range 2 * batchMax {
				l.Record(t.Context(), audit.Event{Name: audit.SignIn, AccountID: 1, Time: start.Add(time.Duration(i) * time.Millisecond)})
			}
			time.Sleep(10 * time.Second)
			if s.mu.Lock(); s.tries > 60 {
				t.Errorf("%d tries in 10 s", s.tries)
			}
			s.mu.Unlock()
			s.setAway(false)
			time.Sleep(time.Second)
			dropped = l.Dropped()
		})
		if len(list) != storage.EventsListed || dropped != 0 {
			t.Errorf("%d events, %d dropped", len(list), dropped)
		}
	})
}

func TestTooManyAreCounted(t *testing.T) {
	l, err := New(Config{Store: memory.New(), Keep: time.Hour, Now: time.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for range waitingMax + 7 { // nobody writes
		l.Record(t.Context(), audit.Event{Name: audit.SignIn, AccountID: 1})
	}
	if l.Dropped() != 7 {
		t.Errorf("%d dropped", l.Dropped())
	}
}

func TestUseOfApplications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s *shaky
		bench(t, func(l *Log, store *shaky) {
			s = store
			if err := s.PutConsent(t.Context(), storage.Consent{AccountID: 1, ClientID: "app"}, start); err != nil {
				t.Fatal(err)
			}
			for i := range 100 {
				l.Record(t.Context(), audit.Event{Name: audit.TokenIssued, AccountID: 1, ClientID: "app", Time: start.Add(time.Duration(i) * time.Minute)})
			}
		})
		c, err := s.Consent(t.Context(), 1, "app")
		if want := start.Add(storage.ConsentUseEvery); err != nil || !c.UsedAt.Equal(want) {
			t.Errorf("used at %v, want %v: %v", c.UsedAt, want, err)
		}
	})
}

// TestSettle: who looks right after something happened sees it, and waits no longer than they want for a store that is away.
func TestSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench(t, func(l *Log, s *shaky) {
			for i := range 10 {
				l.Record(t.Context(), audit.Event{Name: audit.SignIn, AccountID: 1, Time: start.Add(time.Duration(i) * time.Second)})
			}
			began := time.Now()
			l.Settle(t.Context())
			list, err := s.ListEvents(t.Context(), storage.EventQuery{AccountID: 1, Limit: 50}, start)
			if err != nil || len(list) != 10 || time.Since(began) != 0 {
				t.Errorf("%d events after %v: %v", len(list), time.Since(began), err)
			}
		})
	})
	l, err := New(Config{Store: memory.New(), Keep: time.Hour, Now: time.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l.Settle(ctx) // nobody writes
}
