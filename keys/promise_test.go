package keys

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/storage"
)

// world is a deployment in a fake time: replicas with clocks of their own that tick late, are cut off from the store and write
// slowly, and caches that fetch the JWK set from any of them at any instant and keep it for exactly its MaxAge.
type world struct {
	t        *testing.T
	rnd      *rand.Rand
	cfg      Config
	clock    *clock
	store    *ringStore
	replicas []*replica
	caches   []cache
	tokens   []heldToken
	sets     map[string]jose.JSONWebKeySet
	writing  bool

	signed, checked, fetched, fetchedFull, unfit, stale int
	signers                                             map[string]bool
}

type replica struct {
	*Rings
	// due is when it ticks next, away until when it cannot reach the store.
	due, away time.Time
}

type cache struct {
	set   jose.JSONWebKeySet
	until time.Time
}

type heldToken struct {
	kid     string
	expires time.Time
}

// view is the store as one replica reaches it.
type view struct {
	*world
	self *replica
}

func (v view) Keyring(ctx context.Context) (storage.Keyring, error) {
	if v.clock.Now().Before(v.self.away) {
		return storage.Keyring{}, storage.ErrUnavailable
	}
	return v.store.Keyring(ctx)
}

// SwapKeyring takes its time: between decision and write the clock moves, and other replicas tick.
func (v view) SwapKeyring(ctx context.Context, k storage.Keyring, now time.Time) (storage.Keyring, error) {
	if !v.writing {
		v.writing = true
		v.clock.Add(v.upTo(v.cfg.reload() / 2))
		for _, p := range v.replicas {
			if p != v.self && v.rnd.IntN(3) == 0 {
				v.tick(p)
			}
		}
		v.clock.Add(v.upTo(v.cfg.reload() / 2))
		v.writing = false
	}
	if err := ordered(k); err != nil {
		v.t.Fatal(err)
	}
	return v.store.SwapKeyring(ctx, k, now)
}

func newWorld(t *testing.T, cfg Config, seed uint64, n int) *world {
	w := &world{
		t: t, rnd: rand.New(rand.NewPCG(seed, 0)), cfg: cfg, clock: newClock(), store: &ringStore{},
		sets: map[string]jose.JSONWebKeySet{}, signers: map[string]bool{},
	}
	for range n {
		off := w.upTo(cfg.JWKSMaxAge/4) - cfg.JWKSMaxAge/8
		cfg.Now = func() time.Time { return w.clock.Now().Add(off) }
		p := &replica{}
		r, err := Open(t.Context(), cfg, view{w, p}, testSealer(t))
		if err != nil {
			t.Fatal(err)
		}
		p.Rings = r
		w.plan(p)
		w.replicas = append(w.replicas, p)
	}
	return w
}

func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.rnd.Int64N(int64(d) + 1)) }
func (w *world) any() *replica                      { return w.replicas[w.rnd.IntN(len(w.replicas))] }

// plan lets a replica tick when it asks to, and up to a whole reload period late.
func (w *world) plan(p *replica) {
	p.due = w.clock.Now().Add(p.NextTick().Sub(p.cfg.Now()) + w.upTo(w.cfg.reload()))
}

func (w *world) tick(p *replica) {
	away := w.clock.Now().Before(p.away)
	if err := p.Tick(w.t.Context()); err != nil && !(away && errors.Is(err, storage.ErrUnavailable)) {
		w.t.Fatal(err)
	}
	w.plan(p)
}

func (w *world) step() {
	now := w.clock.Add(1 + w.upTo(w.cfg.JWKSMaxAge/4))
	for _, p := range w.replicas {
		if !now.Before(p.due) {
			w.tick(p)
		}
	}
	switch p := w.any(); w.rnd.IntN(60) {
	case 0: // cut off, at times for longer than anything was published ahead
		p.away = now.Add(w.upTo(2 * w.cfg.lead()))
	case 1, 2:
		if _, err := p.Rotate(w.t.Context(), ""); err != nil && !errors.Is(err, storage.ErrUnavailable) {
			w.t.Fatal(err)
		}
	}
	w.fetch()
	w.sign()
	w.check()
}

func (w *world) fetch() {
	doc := w.any().JWKS()
	for doc.MaxAge <= 0 { // cut off for longer than anything is published ahead: nothing to keep; the verifier asks again
		w.unfit++
		w.clock.Add(1)
		doc = w.any().JWKS()
	}
	set, ok := w.sets[doc.ETag]
	if !ok {
		set = keySet(w.t, doc.Body)
		w.sets[doc.ETag] = set
	}
	now := w.clock.Now()
	w.caches = slices.DeleteFunc(w.caches, func(c cache) bool { return now.After(c.until) })
	w.caches = append(w.caches, cache{set: set, until: now.Add(doc.MaxAge)})
	w.fetched++
	if doc.MaxAge == w.cfg.JWKSMaxAge {
		w.fetchedFull++
	}
}

// sign makes a token at any replica; every cache that is still good must verify it at once.
func (w *world) sign() {
	p := w.any()
	life := w.upTo(w.cfg.LongestToken)
	if w.rnd.IntN(2) == 0 {
		life = w.cfg.LongestToken
	}
	expires := p.cfg.Now().Add(life)
	token, err := p.Sign(w.t.Context(), ES256, "", []byte(`{}`), expires)
	if errors.Is(err, ErrStale) {
		if !w.clock.Now().Before(p.away.Add(w.cfg.JWKSMaxAge)) {
			w.t.Fatalf("not cut off, and yet: %v", err)
		}
		w.stale++
		return
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.signed++
	kid := kidOf(w.t, token)
	w.signers[kid] = true
	if err := verify(w.caches[w.rnd.IntN(len(w.caches))].set, token); err != nil {
		w.t.Fatalf("at %v: %v", w.clock.Now(), err)
	}
	w.tokens = append(w.tokens, heldToken{kid: kid, expires: expires.Add(-w.cfg.JWKSMaxAge / 4)})
}

// check presents every token that has not expired to every cache that is still good.
func (w *world) check() {
	now := w.clock.Now()
	w.tokens = slices.DeleteFunc(w.tokens, func(h heldToken) bool { return !now.Before(h.expires) })
	live := map[string]time.Time{}
	for _, h := range w.tokens {
		live[h.kid] = later(live[h.kid], h.expires)
	}
	for _, c := range w.caches {
		for kid, expires := range live {
			w.checked++
			if len(c.set.Key(kid)) != 1 {
				w.t.Fatalf("at %v: a set good until %v lacks %s, which signed a token good until %v", now, c.until, kid, expires)
			}
		}
	}
}

// No cache that obeys max-age meets a token whose key it has not got, whatever the replicas go through.
func TestMaxAgePromise(t *testing.T) {
	for i, row := range []struct {
		maxAge, ahead, every, longest time.Duration
	}{
		{time.Minute, 0, 3 * time.Minute, 2 * time.Minute},
		{time.Minute, 10 * time.Minute, 11 * time.Minute, 30 * time.Minute},
		{5 * time.Minute, 0, 20 * time.Minute, time.Hour},
		{20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 150 * time.Millisecond},
	} {
		t.Run(fmt.Sprintf("max-age %v, %v ahead, every %v, tokens %v", row.maxAge, row.ahead, row.every, row.longest), func(t *testing.T) {
			t.Parallel()
			cfg := Config{
				Algs: []string{ES256}, JWKSMaxAge: row.maxAge, PublishAhead: row.ahead, RotateEvery: row.every,
				LongestToken: row.longest, Skew: row.maxAge / 4, Now: time.Now,
			}
			w := newWorld(t, cfg, uint64(i), 5)
			for len(w.signers) < 100 {
				w.step()
			}
			if w.signed < 1000 || w.fetchedFull*2 < w.fetched || w.stale == 0 {
				t.Errorf("shows too little: %d tokens, %d of %d sets with full max-age, %d stale", w.signed, w.fetchedFull, w.fetched, w.stale)
			}
			t.Logf("%d keys signed %d tokens, %d pairs checked, %d sets (%d with full max-age, %d fetched in vain), %d refused as stale, %d writes",
				len(w.signers), w.signed, w.checked, w.fetched, w.fetchedFull, w.unfit, w.stale, w.store.swaps)
		})
	}
}
