package cache_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"latchkey/storage"
	"latchkey/storage/cache"
	"latchkey/storage/memory"
	"latchkey/storage/storagetest"
)

var t0 = time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)

// counted counts what is read from the store behind the cache, and can hold a read back.
type counted struct {
	storage.Store
	mu    sync.Mutex
	reads int
	// during is called while a client is read, after it was.
	during func()
}

func (c *counted) Client(ctx context.Context, id string) (storage.Client, error) {
	c.mu.Lock()
	c.reads++
	during := c.during
	c.mu.Unlock()
	found, err := c.Store.Client(ctx, id)
	if during != nil {
		during()
	}
	return found, err
}

func (c *counted) HasClientOrigin(ctx context.Context, origin string) (bool, error) {
	c.mu.Lock()
	c.reads++
	c.mu.Unlock()
	return c.Store.HasClientOrigin(ctx, origin)
}

// reading runs fn and says how often the store was read.
func (c *counted) reading(fn func()) int {
	before := c.reads
	fn()
	return c.reads - before
}

func opened(t *testing.T, max int) (*cache.Cache, *counted) {
	t.Helper()
	behind := &counted{Store: memory.New()}
	c := cache.New(behind, max)
	t.Cleanup(func() { _ = c.Close() })
	return c, behind
}

func create(t *testing.T, s storage.Store, id string) storage.Client {
	t.Helper()
	c, err := s.CreateClient(context.Background(), storage.Client{ID: id, RedirectURIs: []string{"https://" + id + ".example/cb"}}, t0)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func look(t *testing.T, s storage.Store, id string) storage.Client {
	t.Helper()
	c, err := s.Client(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestContract(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store {
		c, _ := opened(t, 0)
		c.Tell(storage.Change{Kind: storage.ChangesHeard})
		return c
	})
}

func TestAnswersFromMemory(t *testing.T) {
	c, behind := opened(t, 0)
	create(t, behind, "app")
	twice := func() int {
		return behind.reading(func() {
			for range 2 {
				look(t, c, "app")
				if has, _ := c.HasClientOrigin(context.Background(), "https://app.example"); !has {
					t.Error("no origin")
				}
			}
		})
	}
	for _, step := range []struct {
		tell  storage.Change
		reads int
	}{
		{storage.Change{}, 4}, // not told of changes yet
		{storage.Change{Kind: storage.ChangesHeard}, 2},
		{storage.Change{Kind: storage.ChangedKeyring}, 0},
		{storage.Change{Kind: storage.ChangedClients, ID: "other"}, 1}, // its origins may be others'
		{storage.Change{Kind: storage.ChangedClients, ID: "app"}, 2},
		{storage.Change{Kind: storage.ChangedClients}, 2},
		{storage.Change{Kind: storage.ChangesLost}, 4},
		{storage.Change{Kind: storage.ChangedClients, ID: "app"}, 4},
		{storage.Change{Kind: storage.ChangesHeard}, 2},
	} {
		c.Tell(step.tell)
		if reads := twice(); reads != step.reads {
			t.Errorf("after %+v: %d reads, want %d", step.tell, reads, step.reads)
		}
	}
}

// What was read before a change was told, and comes after it, is not kept.
func TestReadsThatAreOvertaken(t *testing.T) {
	for name, change := range map[string]storage.Change{
		"that client": {Kind: storage.ChangedClients, ID: "app"}, "any": {Kind: storage.ChangedClients}, "heard again": {Kind: storage.ChangesHeard},
	} {
		c, behind := opened(t, 0)
		c.Tell(storage.Change{Kind: storage.ChangesHeard})
		was := create(t, behind, "app")
		behind.during = func() {
			behind.during = nil
			was.Name = "changed"
			if _, err := behind.ReplaceClient(context.Background(), was, t0); err != nil {
				t.Error(err)
			}
			c.Tell(change)
		}
		if have := look(t, c, "app"); have.Name != "" {
			t.Fatalf("%s: read %q, want what was there", name, have.Name)
		}
		if have := look(t, c, "app"); have.Name != "changed" {
			t.Errorf("%s: then %q: the former was kept", name, have.Name)
		}
	}
}

func TestKeepsNoMoreThanItShould(t *testing.T) {
	c, behind := opened(t, 3)
	c.Tell(storage.Change{Kind: storage.ChangesHeard})
	for i := range 10 {
		create(t, behind, fmt.Sprint(i))
		look(t, c, fmt.Sprint(i))
	}
	all := func() {
		for i := range 10 {
			look(t, c, fmt.Sprint(i))
		}
	}
	if reads := behind.reading(all); reads < 7 {
		t.Errorf("%d reads, want at least 7 of 10: three are kept", reads)
	}
	// What is not there is not remembered.
	ask := func() {
		if _, err := c.Client(context.Background(), "none"); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
		if has, err := c.HasClientOrigin(context.Background(), "https://none.example"); has || err != nil {
			t.Error(has, err)
		}
	}
	ask()
	if reads := behind.reading(ask); reads != 2 {
		t.Errorf("%d reads of what is not there, want 2", reads)
	}
}
