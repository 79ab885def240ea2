package keys

import (
	"errors"
	"testing"
	"time"

	"latchkey/storage"
)

func TestReseal(t *testing.T) {
	c, store := newClock(), &ringStore{}
	cfg := testConfig(c.Now, ES256, EdDSA)
	r := mustOpen(t, cfg, store)
	sealed, err := r.Seal("refresh", "grant-1", []byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Revoke(t.Context(), one(t, r, ES256, StateActive)); err != nil {
		t.Fatal(err)
	}
	if n, err := r.Reseal(t.Context()); n != 0 || err != nil {
		t.Errorf("nothing to do: %d, %v", n, err)
	}
	both, err := Open(t.Context(), cfg, store, testSealer(t, 2, 1))
	if err != nil {
		t.Fatal(err)
	}
	// Somebody writes between: the count is that of the write which happened.
	store.setHook(func(verb string) error {
		if verb == "swap" {
			store.setHook(nil)
			_, err := r.Rotate(t.Context(), "")
			return err
		}
		return nil
	})
	// 4 keys of the first start, one made by the revocation, two secrets.
	if n, err := both.Reseal(t.Context()); n != 7 || err != nil {
		t.Fatalf("resealed %d, %v; want 7", n, err)
	}
	only, err := Open(t.Context(), cfg, store, testSealer(t, 2))
	if err != nil {
		t.Fatalf("with the new key alone: %v", err)
	}
	if plain, err := only.Open("refresh", "grant-1", sealed); err != nil || string(plain) != "hello" {
		t.Errorf("what was sealed before: %q, %v", plain, err)
	}
	if only.JWKS().ETag != r.JWKS().ETag {
		t.Error("the JWK set changed")
	}
	if _, err := Open(t.Context(), cfg, store, testSealer(t)); !errors.Is(err, ErrSealingKey) {
		t.Errorf("with the old key alone: %v", err)
	}
	// A process that runs with the old key alone is told, and goes on.
	if err := r.Tick(t.Context()); !errors.Is(err, ErrSealingKey) {
		t.Errorf("Tick: %v", err)
	}
	if err := verify(keySet(t, only.JWKS().Body), mustSign(t, r, ES256, time.Hour)); err != nil {
		t.Error(err)
	}
}

// A write that is refused, or lost with the process, leaves every row as it was.
func TestResealInterrupted(t *testing.T) {
	c, store := newClock(), &ringStore{}
	cfg := testConfig(c.Now)
	mustOpen(t, cfg, store)
	both, err := Open(t.Context(), cfg, store, testSealer(t, 2, 1))
	if err != nil {
		t.Fatal(err)
	}
	store.setHook(func(verb string) error {
		if verb == "swap" {
			return storage.ErrUnavailable
		}
		return nil
	})
	if n, err := both.Reseal(t.Context()); n != 0 || !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("%d, %v", n, err)
	}
	store.setHook(nil)
	mustOpen(t, cfg, store) // the old key still opens all
	if n, err := both.Reseal(t.Context()); n != 4 || err != nil {
		t.Errorf("again: %d, %v; want 4", n, err)
	}
	store.ring.Keys[0].Sealed[30] ^= 1
	three, err := NewSealer(append(make([]byte, 31), 9), []byte("22222222222222222222222222222222"))
	if err != nil {
		t.Fatal(err)
	}
	both.sealer = three
	if _, err := both.Reseal(t.Context()); err == nil {
		t.Error("a row that does not open was passed over")
	}
}
