package keys

import (
	"bytes"
	"slices"
	"sync"
	"testing"
	"time"

	"latchkey/storage"
)

// The stable MAC is the same in every process and after every change to the keyring: what it names is stored elsewhere.
func TestStableOutlivesEverything(t *testing.T) {
	c, store := newClock(), &ringStore{}
	cfg := testConfig(c.Now)
	r := mustOpen(t, cfg, store)
	want := r.Stable("pairwise subject", []byte("sector"))
	same := func(when string, r *Rings) {
		t.Helper()
		if r.Stable("pairwise subject", []byte("sector")) != want {
			t.Errorf("%s: it changed", when)
		}
	}
	same("another process", mustOpen(t, cfg, store))
	if want == r.MAC("pairwise subject", []byte("sector")) || want == r.Stable("other", []byte("sector")) || want == r.Stable("pairwise subject", []byte("Sector")) {
		t.Error("equal MACs for different secrets, purposes or data")
	}
	for range 24 {
		c.Add(30 * day)
		mustTick(t, r)
	}
	same("two years of rotations", r)
	if _, err := r.Revoke(t.Context(), one(t, r, ES256, StateActive)); err != nil {
		t.Fatal(err)
	}
	same("an emergency", r)
	fresh, err := newSecret(r.cfg.Rand, r.sealer, "")
	if err != nil {
		t.Fatal(err)
	}
	fresh.CreatedAt = c.Now()
	store.ring.Secrets = append(slices.DeleteFunc(store.ring.Secrets, func(s storage.Secret) bool { return s.ID != stableID }), fresh)
	mustTick(t, r)
	same("the other secret exchanged", r)
	both, err := Open(t.Context(), cfg, store, testSealer(t, 2, 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := both.Reseal(t.Context()); err != nil {
		t.Fatal(err)
	}
	only, err := Open(t.Context(), cfg, store, testSealer(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	same("another key-encryption key", only)
}

// A keyring of a release that had no stable secret gets one, and one only, whoever opens it at the same time; nothing else in it changes.
func TestStableJoinsAnOldKeyring(t *testing.T) {
	c, store := newClock(), &ringStore{}
	cfg := testConfig(c.Now)
	old := mustOpen(t, cfg, store)
	store.ring.Secrets = slices.DeleteFunc(store.ring.Secrets, func(s storage.Secret) bool { return s.ID == stableID })
	before := cloneRing(store.ring)
	mac := old.MAC("refresh", nil)
	c.Add(time.Hour)
	var wg sync.WaitGroup
	opened := make([]*Rings, 32)
	for i := range opened {
		wg.Go(func() {
			r, err := Open(t.Context(), cfg, store, testSealer(t))
			if err != nil {
				t.Error(err)
			}
			opened[i] = r
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	if n := len(store.ring.Secrets); n != 2 || store.swaps != 2 {
		t.Fatalf("%d secrets, %d writes; want 2, 2", n, store.swaps)
	}
	for _, r := range opened {
		if r.Stable("x", nil) != opened[0].Stable("x", nil) || r.MAC("refresh", nil) != mac {
			t.Fatal("two processes have different secrets")
		}
	}
	if len(store.ring.Keys) != len(before.Keys) || store.ring.Secrets[0].ID != before.Secrets[0].ID || !bytes.Equal(store.ring.Secrets[0].Sealed, before.Secrets[0].Sealed) {
		t.Error("the rest of the keyring changed")
	}
	// A release that does not know it would seal with the newest secret: that must not be this one.
	if s := store.ring.Secrets[1]; s.ID != stableID || !s.CreatedAt.Before(store.ring.Secrets[0].CreatedAt) {
		t.Errorf("%s was made at %v, the other at %v", s.ID, s.CreatedAt, store.ring.Secrets[0].CreatedAt)
	}
	// It opens nothing, whatever names it.
	sealed, err := old.Seal("flow", "b", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	copy(sealed[1:], opened[0].snap.Load().stable.id)
	if _, err := opened[0].Open("flow", "b", sealed); err == nil {
		t.Error("opened")
	}
}
