package keys

import (
	"errors"
	"testing"
	"time"

	"latchkey/storage"
)

func TestStoreAway(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now), store)
	set := keySet(t, r.JWKS().Body)
	away := storage.ErrUnavailable
	store.setHook(func(string) error { return away })
	for range 22 { // the lead is a day
		c.Add(time.Hour)
		if err := r.Tick(t.Context()); !errors.Is(err, away) {
			t.Fatalf("Tick: %v", err)
		}
		if r.MaxAge() != 5*time.Minute {
			t.Fatalf("max-age is %v after %v", r.MaxAge(), c.Now())
		}
		if err := verify(set, mustSign(t, r, ES256, time.Hour)); err != nil {
			t.Fatal(err)
		}
		if until := r.NextTick().Sub(c.Now()); until <= 0 || until > 4*time.Second {
			t.Fatalf("it is tried again in %v", until)
		}
	}
	if !r.LastRead().Equal(c.Now().Add(-22 * time.Hour)) {
		t.Errorf("last read %v", r.LastRead())
	}
	c.Add(2*time.Hour - 4*time.Minute)
	// Four minutes are left, of which a quarter of max-age is kept back.
	if got, want := r.MaxAge(), 4*time.Minute-75*time.Second; got != want {
		t.Errorf("near the end of what is known, max-age is %v, want %v", got, want)
	}
	c.Add(4*time.Minute + 2*time.Minute)
	if got := r.MaxAge(); got != 0 {
		t.Errorf("past what is known, max-age is %v, want 0", got)
	}
	if _, err := r.Sign(t.Context(), ES256, "", []byte(`{}`), c.Now().Add(time.Hour)); !errors.Is(err, ErrStale) {
		t.Errorf("a token that may outlive its key: %v, want ErrStale", err)
	}
	if err := verify(set, mustSign(t, r, ES256, 10*time.Minute)); err != nil {
		t.Errorf("a short token: %v", err)
	}
	store.setHook(nil)
	mustTick(t, r)
	if r.MaxAge() != 5*time.Minute {
		t.Errorf("max-age is %v when the store is back", r.MaxAge())
	}
	mustSign(t, r, ES256, time.Hour)
}

// A next key that could not be made in time is public for as long as any other before it signs.
func TestNextKeyMadeLate(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now), store)
	c.Add(59*day + 12*time.Hour) // the key that became active on day 30 should be followed on day 60
	if _, err := r.Sign(t.Context(), ES256, "", []byte(`{}`), c.Now()); !errors.Is(err, ErrStale) {
		t.Errorf("the keyring was not read for two months: %v, want ErrStale", err)
	}
	mustTick(t, r)
	for _, k := range r.List() {
		if k.State == StateNext && k.ActivatesAt.Sub(k.PublishedAt) != day+15*time.Second {
			t.Errorf("the next key is public for %v before it signs", k.ActivatesAt.Sub(k.PublishedAt))
		}
	}
	one(t, r, ES256, StateNext)
}

func TestOutcomeUnknown(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now), store)
	c.Add(30 * day)
	// The write happens, and the driver cannot tell.
	store.setHook(func(verb string) error {
		if verb != "swap" {
			return nil
		}
		store.setHook(nil)
		k, _ := store.Keyring(t.Context())
		fresh, err := generate(&r.cfg, r.sealer, ES256)
		if err != nil {
			return err
		}
		fresh.PublishedAt, fresh.ActivatesAt = c.Now(), c.Now().Add(30*day)
		k.Keys = append(k.Keys, fresh)
		if _, err := store.SwapKeyring(t.Context(), k, c.Now()); err != nil {
			return err
		}
		return storage.ErrUnknown
	})
	mustTick(t, r)
	if n := len(kids(r, ES256, StateNext)); n != 1 {
		t.Errorf("%d next keys, want 1", n)
	}
	c.Add(30 * day)
	store.setHook(func(verb string) error {
		if verb == "swap" {
			return storage.ErrUnknown
		}
		return nil
	})
	if err := r.Tick(t.Context()); !errors.Is(err, storage.ErrUnknown) {
		t.Errorf("a store that never knows: %v", err)
	}
}

func TestNextTick(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now), store)
	if got := r.NextTick().Sub(c.Now()); got != 15*time.Second {
		t.Errorf("in %v, want the reload period", got)
	}
	c.Add(30*day - 10*time.Second)
	mustTick(t, r)
	if got := r.NextTick().Sub(c.Now()); got != 10*time.Second {
		t.Errorf("in %v, want the change-over", got)
	}
	c.Add(-time.Hour)
	if got := r.NextTick().Sub(c.Now()); got != 15*time.Second {
		t.Errorf("in %v after the clock was set back, want the reload period", got)
	}
}
