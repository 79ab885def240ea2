package keys

import (
	"testing"
	"time"
)

// A restart forgets what was signed before it. Until those tokens must be dead, the key does not look free of tokens.
func TestNewestExpiryOutlivesARestart(t *testing.T) {
	clk := newClock()
	cfg := testConfig(clk.Now, ES256)
	store := &ringStore{}
	r := mustOpen(t, cfg, store)
	newest := func(r *Rings) time.Time {
		for _, k := range r.List() {
			if k.State == StateActive {
				return k.NewestExpiry
			}
		}
		t.Fatal("no active key")
		return time.Time{}
	}
	if at := newest(r); !at.IsZero() {
		t.Errorf("a key that was just made has a token until %v", at)
	}
	mustSign(t, r, ES256, cfg.LongestToken/2)
	clk.Add(time.Minute)
	again := mustOpen(t, cfg, store)
	if got, want := newest(again), clk.Now().Add(cfg.LongestToken); !got.Equal(want) {
		t.Errorf("after a restart: %v, want %v", got, want)
	}
}
