package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"latchkey/storage"
	"latchkey/storage/cache"
)

// heard starts watching and returns what is told.
func heard(t *testing.T, s *Store) <-chan storage.Change {
	t.Helper()
	told := make(chan storage.Change, 100)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Watch(ctx, func(c storage.Change) { told <- c }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Watch ended with %v", err)
		}
	})
	tells(t, told, 5*time.Second, storage.Change{Kind: storage.ChangesHeard})
	return told
}

// tells waits for the next change.
func tells(t *testing.T, told <-chan storage.Change, limit time.Duration, want storage.Change) {
	t.Helper()
	select {
	case have := <-told:
		if have != want {
			t.Fatalf("told %+v, want %+v", have, want)
		}
	case <-time.After(limit):
		t.Fatalf("nothing was told for %v, want %+v", limit, want)
	}
}

// changes makes one change after the other and waits for each to be told.
func changes(t *testing.T, by *Store, told <-chan storage.Change, limit time.Duration, named bool) {
	t.Helper()
	id := func(id string) string {
		if named {
			return id
		}
		return ""
	}
	ctx := t.Context()
	c := got(by.CreateClient(ctx, storage.Client{ID: "app one", ExpiresAt: at(time.Hour)}, at(0)))(t)
	tells(t, told, limit, storage.Change{Kind: storage.ChangedClients, ID: id("app one")})
	got(by.ReplaceClient(ctx, c, at(0)))(t)
	tells(t, told, limit, storage.Change{Kind: storage.ChangedClients, ID: id("app one")})
	must(t, by.TouchClient(ctx, "app one", at(2*time.Hour), at(0)))
	tells(t, told, limit, storage.Change{Kind: storage.ChangedClients, ID: id("app one")})
	got(by.RegisterClient(ctx, storage.Client{ID: "a\x00b"}, "", 0, at(0)))(t)
	tells(t, told, limit, storage.Change{Kind: storage.ChangedClients, ID: id("a\x00b")})
	must(t, by.DeleteClient(ctx, "a\x00b", at(0)))
	tells(t, told, limit, storage.Change{Kind: storage.ChangedClients, ID: id("a\x00b")})
	equal(t, "swept", got(by.Sweep(ctx, 10, at(2*time.Hour)))(t), 1)
	tells(t, told, limit, storage.Change{Kind: storage.ChangedClients})
	k := got(by.Keyring(ctx))(t)
	got(by.SwapKeyring(ctx, k, at(0)))(t)
	tells(t, told, limit, storage.Change{Kind: storage.ChangedKeyring})
	// What changed nothing tells nothing.
	got(by.Sweep(ctx, 10, at(2*time.Hour)))(t)
	_, _ = by.SwapKeyring(ctx, k, at(0))
	_ = by.DeleteClient(ctx, "none", at(0))
	got(by.RegisterClient(ctx, storage.Client{ID: "last"}, "", 0, at(0)))(t)
	tells(t, told, limit, storage.Change{Kind: storage.ChangedClients, ID: id("last")})
}

func TestChangesAreToldAtOnce(t *testing.T) {
	url := migrated(t)
	a, b := openAt(t, Options{URL: url, PollEvery: time.Hour}), openAt(t, Options{URL: url, PollEvery: time.Hour})
	changes(t, b, heard(t, a), time.Second, true)
}

// Without notifications changes are found by looking.
func TestChangesAreFound(t *testing.T) {
	url := migrated(t)
	a, b := openAt(t, Options{URL: url, PollEvery: 20 * time.Millisecond}), openAt(t, Options{URL: url})
	a.announces, b.announces = false, false // as where the server has none
	changes(t, b, heard(t, a), time.Second, false)
}

// A notification that is lost is made good by the next look, and by the next notification.
func TestNotificationsAreLost(t *testing.T) {
	url := migrated(t)
	a, b := openAt(t, Options{URL: url, PollEvery: 300 * time.Millisecond}), openAt(t, Options{URL: url})
	told := heard(t, a)
	b.announces = false
	got(b.CreateClient(t.Context(), storage.Client{ID: "one"}, at(0)))(t)
	tells(t, told, time.Second, storage.Change{Kind: storage.ChangedClients})

	c := openAt(t, Options{URL: url, PollEvery: time.Hour})
	told = heard(t, c)
	got(b.CreateClient(t.Context(), storage.Client{ID: "two"}, at(0)))(t)
	b.announces = true
	got(b.CreateClient(t.Context(), storage.Client{ID: "three"}, at(0)))(t)
	tells(t, told, time.Second, storage.Change{Kind: storage.ChangedClients}) // any: two was not told of
}

// TestCachesAgree: what one replica writes, the others do not answer from memory any more.
func TestCachesAgree(t *testing.T) {
	url := migrated(t)
	var replicas []*cache.Cache
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	t.Cleanup(func() { cancel(); wg.Wait() })
	for range 3 {
		s := openAt(t, Options{URL: url, PollEvery: time.Hour})
		c := cache.New(s, 0)
		ready := make(chan struct{})
		wg.Go(func() {
			_ = s.Watch(ctx, func(change storage.Change) {
				if c.Tell(change); change.Kind == storage.ChangesHeard {
					close(ready)
				}
			})
		})
		<-ready
		replicas = append(replicas, c)
	}
	client := got(replicas[0].CreateClient(t.Context(), storage.Client{ID: "app"}, at(0)))(t)
	for round := range 50 {
		by := replicas[round%3]
		client.Name = fmt.Sprint(round)
		client = got(by.ReplaceClient(t.Context(), client, at(0)))(t)
		equal(t, "who wrote", got(by.Client(t.Context(), "app"))(t).Name, client.Name)
		for i, c := range replicas {
			for start := time.Now(); got(c.Client(t.Context(), "app"))(t).Name != client.Name; time.Sleep(time.Millisecond) {
				if time.Since(start) > time.Second {
					t.Fatalf("round %d: replica %d answers from memory for a second", round, i)
				}
			}
		}
	}
}

func TestWatchComesBack(t *testing.T) {
	server, s := accidents(t, Options{PollEvery: 200 * time.Millisecond})
	told := heard(t, s)
	must(t, server.Down())
	tells(t, told, time.Second, storage.Change{Kind: storage.ChangesLost})
	must(t, server.Up())
	tells(t, told, 5*time.Second, storage.Change{Kind: storage.ChangesHeard})
	got(s.CreateClient(t.Context(), storage.Client{ID: "one"}, at(0)))(t)
	tells(t, told, time.Second, storage.Change{Kind: storage.ChangedClients, ID: "one"})

	server.Freeze(true) // no connection ends
	tells(t, told, 3*time.Second, storage.Change{Kind: storage.ChangesLost})
	server.Freeze(false)
	tells(t, told, 5*time.Second, storage.Change{Kind: storage.ChangesHeard})

	must(t, server.ReadOnly(true)) // demoted: nobody would notify us there
	tells(t, told, 3*time.Second, storage.Change{Kind: storage.ChangesLost})
	must(t, server.ReadOnly(false))
	tells(t, told, 5*time.Second, storage.Change{Kind: storage.ChangesHeard})
}
