package keys

import (
	"testing"
	"time"

	"latchkey/storage"
)

func TestStateIsAFunctionOfTimes(t *testing.T) {
	t0 := newClock().Now()
	at := func(h int) time.Time { return t0.Add(time.Duration(h) * time.Hour) }
	full := storage.SigningKey{PublishedAt: at(0), ActivatesAt: at(10), RetiresAt: at(20), GoneAt: at(30)}
	open := storage.SigningKey{PublishedAt: at(0), ActivatesAt: at(10)}
	revoked := full
	revoked.RevokedAt = at(15)
	for _, row := range []struct {
		name string
		key  storage.SigningKey
		now  time.Time
		want State
		next time.Time
	}{
		{"before it was published, by a clock that runs late", full, at(-1), StateNext, at(10)},
		{"published", full, at(0), StateNext, at(10)},
		{"just before it becomes active", full, at(10).Add(-1), StateNext, at(10)},
		{"the instant it becomes active", full, at(10), StateActive, at(20)},
		{"just before it retires", full, at(20).Add(-1), StateActive, at(20)},
		{"the instant it retires", full, at(20), StateRetiring, at(30)},
		{"just before it is gone", full, at(30).Add(-1), StateRetiring, at(30)},
		{"the instant it is gone", full, at(30), StateGone, time.Time{}},
		{"active with no successor planned", open, at(10_000), StateActive, time.Time{}},
		{"revoked", revoked, at(15), StateRevoked, at(30)},
		{"revoked, by a clock that runs an hour late", revoked, at(14), StateRevoked, at(30)},
		{"revoked, its tokens dead", revoked, at(30), StateGone, time.Time{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := stateOf(&row.key, row.now); got != row.want {
				t.Errorf("state is %s, want %s", got, row.want)
			}
			if got := nextTransition(&row.key, row.now); !got.Equal(row.next) {
				t.Errorf("next transition is %v, want %v", got, row.next)
			}
		})
	}
}

// A clock that jumps over a change-over and comes back finds the same keys, makes none needlessly, and breaks no token.
func TestClockJumps(t *testing.T) {
	for _, row := range []struct {
		name string
		// left until the change-over when the clock jumps.
		left, jump time.Duration
	}{
		{"an hour ahead, over a change-over", 30 * time.Minute, time.Hour},
		{"an hour ahead, within a period", 10 * day, time.Hour},
		{"an hour back, over a change-over", -30 * time.Minute, -time.Hour},
		{"an hour back, just after the next key was made", -time.Second, -time.Hour},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, store := newClock(), &ringStore{}
			r := mustOpen(t, testConfig(c.Now), store)
			c.Add(r.List()[0].RetiresAt.Sub(c.Now()) - row.left)
			mustTick(t, r)
			set := keySet(t, r.JWKS().Body)
			token := mustSign(t, r, ES256, time.Hour)
			before := len(r.List())

			c.Add(row.jump)
			mustTick(t, r)
			if err := verify(set, mustSign(t, r, ES256, time.Hour)); err != nil {
				t.Errorf("a set from before the jump fails after it: %v", err)
			}
			if err := verify(keySet(t, r.JWKS().Body), token); err != nil {
				t.Errorf("a token from before the jump: %v", err)
			}
			c.Add(-row.jump)
			mustTick(t, r)
			if got := mustSign(t, r, ES256, time.Hour); kidOf(t, got) != kidOf(t, token) {
				t.Error("when the clock came back, another key signed")
			}
			if err := verify(keySet(t, r.JWKS().Body), token); err != nil {
				t.Errorf("a token from before the jump, when the clock came back: %v", err)
			}
			if got := len(r.List()) - before; got > 1 {
				t.Errorf("the jump made %d keys, want at most 1", got)
			}
			for range 20 {
				mustTick(t, r)
			}
			if got := len(r.List()) - before; got > 1 {
				t.Errorf("a rotation storm: %d new keys", got)
			}
		})
	}
}

// A gone key's record outlives the key, so that a clock that was ahead for an hour does not cost good tokens.
func TestGoneKeyComesBackWithTheClock(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now), store)
	first := one(t, r, ES256, StateActive)
	c.Add(r.List()[0].RetiresAt.Sub(c.Now()) - time.Second)
	token := mustSign(t, freshTick(t, r), ES256, time.Hour)
	c.Add(30 * time.Minute)
	mustTick(t, r)
	c.Add(time.Hour)
	mustTick(t, r)
	if _, _, ok := r.PublicKey(first); ok || kidOf(t, token) != first {
		t.Fatal("the retired key should be gone by this clock")
	}
	c.Add(-time.Hour)
	mustTick(t, r)
	if err := verify(keySet(t, r.JWKS().Body), token); err != nil {
		t.Errorf("after the clock came back: %v", err)
	}
}

func freshTick(t *testing.T, r *Rings) *Rings {
	t.Helper()
	mustTick(t, r)
	return r
}
