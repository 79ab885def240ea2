package keys

import (
	"errors"
	"testing"
	"time"
)

func TestRotateIsAsEarlyAsSafe(t *testing.T) {
	c, store := newClock(), &ringStore{}
	cfg := testConfig(c.Now)
	r := mustOpen(t, cfg, store)
	next := one(t, r, ES256, StateNext)

	// The next key was published this instant: it must be public for the lead first.
	at, err := r.Rotate(t.Context(), "")
	if want := c.Now().Add(day + 15*time.Second); err != nil || !at.Equal(want) {
		t.Fatalf("just published: %v, %v; want %v", at, err, want)
	}
	c.Add(time.Hour)
	if again, err := r.Rotate(t.Context(), ES256); err != nil || !again.Equal(at) {
		t.Errorf("a second call moved it to %v, %v", again, err)
	}
	c.Add(at.Sub(c.Now()))
	mustTick(t, r)
	if got := one(t, r, ES256, StateActive); got != next {
		t.Error("the next key is not active")
	}

	// Public for long: only the other processes have to hear of it.
	c.Add(5 * day)
	mustTick(t, r)
	if at, err = r.Rotate(t.Context(), ""); err != nil || !at.Equal(c.Now().Add(15*time.Second)) {
		t.Errorf("long published: in %v, %v", at.Sub(c.Now()), err)
	}
	if _, err := r.Rotate(t.Context(), "HS256"); err == nil {
		t.Error("a ring that is not there was rotated")
	}
}

// A process that is cut off goes on signing with the key that others retired early: its tokens must stay good.
func TestRotateSparesProcessesThatAreCutOff(t *testing.T) {
	c, store := newClock(), &ringStore{}
	cfg := testConfig(c.Now)
	here, cut := mustOpen(t, cfg, store), mustOpen(t, cfg, store)
	c.Add(5 * day)
	mustTick(t, here, cut)
	if _, err := here.Rotate(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	c.Add(day - time.Minute)
	mustTick(t, here)
	token := mustSign(t, cut, ES256, time.Hour)
	c.Add(time.Hour)
	mustTick(t, here)
	if err := verify(keySet(t, here.JWKS().Body), token); err != nil {
		t.Error(err)
	}
	if _, err := cut.Sign(t.Context(), ES256, "", []byte(`{}`), c.Now().Add(time.Hour)); !errors.Is(err, ErrStale) {
		t.Errorf("cut off for a day: %v, want ErrStale", err)
	}
}

func TestRevokeActive(t *testing.T) {
	c, store := newClock(), &ringStore{}
	cfg := testConfig(c.Now)
	r, other := mustOpen(t, cfg, store), mustOpen(t, cfg, store)
	c.Add(day)
	mustTick(t, r, other)
	bad, next := one(t, r, ES256, StateActive), one(t, r, ES256, StateNext)
	token := mustSign(t, r, ES256, time.Hour)
	got, err := r.Revoke(t.Context(), bad)
	if err != nil {
		t.Fatal(err)
	}
	want := Revoked{KID: bad, Alg: ES256, Was: StateActive, ActiveKID: next,
		MayFailUntil: c.Now().Add(15 * time.Second), AcceptedUntil: c.Now().Add(15*time.Second + 5*time.Minute)}
	if got != want || !got.MayFail() {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	set := keySet(t, r.JWKS().Body)
	if err := verify(set, token); !errors.Is(err, errNoSuchKID) {
		t.Errorf("a token of the revoked key: %v", err)
	}
	fresh := mustSign(t, r, ES256, time.Hour)
	if err := verify(set, fresh); err != nil || kidOf(t, fresh) != next {
		t.Errorf("the next key does not sign at once: %v", err)
	}
	if n := one(t, r, ES256, StateNext); n == bad || n == next {
		t.Error("no new next key was made")
	}
	if err := ordered(store.ring); err != nil {
		t.Error(err)
	}
	if one(t, r, ES256, StateRevoked) != bad {
		t.Error("the revoked key is not listed")
	}
	c.Add(15 * time.Second)
	mustTick(t, other)
	if kidOf(t, mustSign(t, other, ES256, time.Hour)) != next {
		t.Error("another process signs with another key after one reload period")
	}
	again, err := other.Revoke(t.Context(), bad)
	if err != nil || again.Was != StateRevoked || again.MayFail() {
		t.Errorf("again: %+v, %v", again, err)
	}
	c.Add(time.Hour + time.Minute)
	mustTick(t, r)
	if len(kids(r, ES256, StateRevoked)) != 0 {
		t.Error("still listed as revoked when its tokens are dead")
	}
	if _, err := r.Revoke(t.Context(), "nobody"); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("unknown kid: %v", err)
	}
}

// Twice in a row: the second successor was never seen by any cache, and the answer says so.
func TestRevokeTwice(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now), store)
	c.Add(day)
	for i := range 2 {
		got, err := r.Revoke(t.Context(), one(t, r, ES256, StateActive))
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 && !got.MayFailUntil.Equal(c.Now().Add(10*time.Minute)) {
			t.Errorf("verifiers may fail until %v from now", got.MayFailUntil.Sub(c.Now()))
		}
		if err := verify(keySet(t, r.JWKS().Body), mustSign(t, r, ES256, time.Hour)); err != nil {
			t.Error(err)
		}
	}
	if n := len(kids(r, ES256, StateRevoked)); n != 2 {
		t.Errorf("%d revoked keys are listed, want 2", n)
	}
}

func TestRevokeOthers(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now), store)
	active, next := one(t, r, ES256, StateActive), one(t, r, ES256, StateNext)
	got, err := r.Revoke(t.Context(), next)
	if err != nil || got.Was != StateNext || got.MayFail() || got.ActiveKID != active {
		t.Fatalf("next: %+v, %v", got, err)
	}
	if err := ordered(store.ring); err != nil {
		t.Error(err)
	}
	fresh := one(t, r, ES256, StateNext)
	for _, k := range r.List() {
		if k.KID == active && !k.RetiresAt.Equal(c.Now().Add(30*day)) {
			t.Errorf("the active key retires %v", k.RetiresAt)
		}
	}
	c.Add(30 * day)
	mustTick(t, r)
	token := mustSign(t, r, ES256, time.Hour)
	if got, err = r.Revoke(t.Context(), active); err != nil || got.Was != StateRetiring || got.MayFail() || got.ActiveKID != fresh {
		t.Errorf("retiring: %+v, %v", got, err)
	}
	if err := verify(keySet(t, r.JWKS().Body), token); err != nil {
		t.Error(err)
	}
	c.Add(2 * time.Hour)
	mustTick(t, r)
	if got, err = r.Revoke(t.Context(), active); err != nil || got.Was != StateGone {
		t.Errorf("gone: %+v, %v", got, err)
	}
}

// A revocation whose outcome the store does not know is told as what it was.
func TestRevokeOutcomeUnknown(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now), store)
	bad := one(t, r, ES256, StateActive)
	unknown := &lostAnswer{ringStore: store, lose: 1}
	r.store = unknown
	got, err := r.Revoke(t.Context(), bad)
	if err != nil || got.Was != StateActive || !got.MayFail() {
		t.Errorf("got %+v, %v", got, err)
	}
	if n := len(kids(r, ES256, StateRevoked)); n != 1 || unknown.lose != 0 {
		t.Errorf("%d revoked", n)
	}
}
