package keys

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFirstStart(t *testing.T) {
	c, store := newClock(), &ringStore{}
	cfg := testConfig(c.Now)
	cfg.Algs = nil
	r := mustOpen(t, cfg, store)
	if diff := cmp.Diff([]string{RS256, ES256, EdDSA}, r.Algs()); diff != "" {
		t.Error(diff)
	}
	for _, alg := range r.Algs() {
		one(t, r, alg, StateActive)
		one(t, r, alg, StateNext)
		if err := verify(keySet(t, r.JWKS().Body), mustSign(t, r, alg, time.Hour)); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
	if n := len(store.ring.Secrets); n != 2 {
		t.Errorf("%d secrets, want 2", n)
	}
	if store.swaps != 1 {
		t.Errorf("%d writes, want 1", store.swaps)
	}
	now := c.Now()
	for _, k := range store.ring.Keys {
		if k.ActivatesAt.Equal(now) {
			if k.RetiresAt != now.Add(30*day) || k.GoneAt != now.Add(30*day+time.Hour+time.Minute) {
				t.Errorf("%s retires %v, gone %v", k.Alg, k.RetiresAt, k.GoneAt)
			}
		} else if k.ActivatesAt != now.Add(30*day) || !k.RetiresAt.IsZero() || !k.GoneAt.IsZero() {
			t.Errorf("next %s: active %v, retires %v, gone %v", k.Alg, k.ActivatesAt, k.RetiresAt, k.GoneAt)
		}
	}
	mustTick(t, r, mustOpen(t, cfg, store))
	if store.swaps != 1 {
		t.Errorf("opening again or ticking with nothing due wrote: %d writes", store.swaps)
	}
}

func TestConcurrentFirstStartYieldsOneSet(t *testing.T) {
	c, store := newClock(), &ringStore{}
	var wg sync.WaitGroup
	opened := make([]*Rings, 64)
	for i := range opened {
		wg.Go(func() {
			r, err := Open(t.Context(), testConfig(c.Now, ES256, EdDSA), store, testSealer(t))
			if err != nil {
				t.Error(err)
			}
			opened[i] = r
		})
	}
	wg.Wait()
	if n, s := len(store.ring.Keys), len(store.ring.Secrets); n != 4 || s != 2 || store.swaps != 1 {
		t.Fatalf("%d keys, %d secrets, %d writes; want 4, 2, 1", n, s, store.swaps)
	}
	for _, r := range opened {
		if r.JWKS().ETag != opened[0].JWKS().ETag || r.MAC("x", nil) != opened[0].MAC("x", nil) {
			t.Fatal("two processes have different keys")
		}
	}
}

// Any number of processes that tick and rotate at once, period after period, make one new key a period.
func TestOneNewKeyForEachPeriod(t *testing.T) {
	c, store := newClock(), &ringStore{}
	cfg := testConfig(c.Now)
	var replicas []*Rings
	for range 8 {
		replicas = append(replicas, mustOpen(t, cfg, store))
	}
	seen := map[string]bool{}
	count := func() int {
		for _, k := range store.ring.Keys {
			seen[k.KID] = true
		}
		return len(seen)
	}
	count()
	for period := range 20 {
		byHand := period%2 == 1
		if !byHand {
			c.Add(replicas[0].List()[len(replicas[0].List())-1].ActivatesAt.Sub(c.Now()))
		} else {
			c.Add(2 * day)
		}
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				r := replicas[i%len(replicas)]
				err := r.Tick(t.Context())
				if byHand {
					_, err = r.Rotate(t.Context(), "")
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if byHand {
			c.Add(cfg.reload())
			mustTick(t, replicas...)
		}
		if got, want := count(), period+3; got != want {
			t.Fatalf("after period %d: %d keys were made, want %d", period, got, want)
		}
		active := one(t, replicas[0], ES256, StateActive)
		for _, r := range replicas {
			if kidOf(t, mustSign(t, r, ES256, time.Minute)) != active {
				t.Fatalf("period %d: replicas sign with different keys", period)
			}
		}
	}
}

func TestLongestTokenGrows(t *testing.T) {
	c, store := newClock(), &ringStore{}
	cfg := testConfig(c.Now)
	old := mustOpen(t, cfg, store)
	before := old.List()[0]
	cfg.LongestToken = 12 * time.Hour
	r := mustOpen(t, cfg, store)
	active := r.List()[0]
	if active.KID != before.KID || !active.GoneAt.Equal(active.RetiresAt.Add(12*time.Hour+time.Minute)) {
		t.Errorf("the active key is gone at %v, retired at %v", active.GoneAt, active.RetiresAt)
	}
	for _, k := range store.ring.Keys {
		if k.LongestToken != 12*time.Hour {
			t.Errorf("%s key keeps %v", k.Alg, k.LongestToken)
		}
	}
	mustSign(t, r, ES256, 12*time.Hour)
	swaps := store.swaps
	mustTick(t, old, r, old, r)
	if store.swaps != swaps {
		t.Error("processes with different settings write in turns")
	}
}

// A ring that joins a keyring in use signs only once every cache can have its key.
func TestRingAddedLater(t *testing.T) {
	c, store := newClock(), &ringStore{}
	mustOpen(t, testConfig(c.Now, ES256), store)
	c.Add(time.Hour)
	r := mustOpen(t, testConfig(c.Now, ES256, EdDSA), store)
	if _, err := r.Sign(t.Context(), EdDSA, "", []byte(`{}`), c.Now()); !errors.Is(err, ErrNoKey) {
		t.Errorf("Sign: %v, want ErrNoKey", err)
	}
	if diff := cmp.Diff([]string{ES256}, r.Algs()); diff != "" {
		t.Error(diff)
	}
	next := one(t, r, EdDSA, StateNext)
	set := keySet(t, r.JWKS().Body)
	c.Add(r.cfg.ahead())
	mustTick(t, r)
	if token := mustSign(t, r, EdDSA, time.Hour); kidOf(t, token) != next || verify(set, token) != nil {
		t.Error("the ring does not sign with the key it published")
	}
	one(t, r, EdDSA, StateNext)
}

// A ring that is no longer configured comes to its end, and no sooner than another process could still want it.
func TestRingTakenAway(t *testing.T) {
	c, store := newClock(), &ringStore{}
	mustOpen(t, testConfig(c.Now, ES256, EdDSA), store)
	r := mustOpen(t, testConfig(c.Now, ES256), store)
	if !slices.Contains(kids(r, EdDSA, StateActive), one(t, r, EdDSA, StateActive)) {
		t.Error("the other process's ring is not public")
	}
	// The next key is revoked, and nobody makes another: the active one has no successor any more, and stays until its time.
	if _, err := r.Revoke(t.Context(), one(t, r, EdDSA, StateNext)); err != nil {
		t.Fatal(err)
	}
	for _, k := range r.List() {
		if k.Alg == EdDSA && k.State == StateActive && (!k.RetiresAt.IsZero() || !k.GoneAt.IsZero()) {
			t.Errorf("the last key retires %v", k.RetiresAt)
		}
	}
	c.Add(29 * day)
	mustTick(t, r)
	one(t, r, EdDSA, StateActive)
	for range 3 {
		c.Add(day)
		mustTick(t, r)
	}
	for _, k := range r.List() {
		if k.Alg == EdDSA {
			t.Errorf("still there: %+v", k)
		}
	}
}

func TestPublicKey(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now), store)
	first, next := one(t, r, ES256, StateActive), one(t, r, ES256, StateNext)
	has := func(kid string, want bool) {
		t.Helper()
		alg, key, ok := r.PublicKey(kid)
		if ok != want || ok && (alg != ES256 || key == nil) {
			t.Errorf("PublicKey: %s, %v, %v; want %v", alg, key, ok, want)
		}
	}
	has(first, true)
	has(next, true)
	has("../../etc/passwd", false)
	has("", false)
	c.Add(30 * day)
	mustTick(t, r)
	has(first, true)
	c.Add(time.Hour + time.Minute)
	has(first, false) // at that instant, before any Tick
	mustTick(t, r)
	has(first, false)
	if _, err := r.Revoke(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	has(next, false)
}

func TestOldRecordsAreDropped(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now), store)
	for range 10 {
		c.Add(30 * day)
		mustTick(t, r)
	}
	if n := len(store.ring.Keys); n > 4 {
		t.Errorf("%d records are kept after ten rotations", n)
	}
	if len(r.usage) != len(store.ring.Keys) {
		t.Errorf("usage of %d keys is kept for %d records", len(r.usage), len(store.ring.Keys))
	}
}
