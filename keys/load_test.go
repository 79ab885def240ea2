package keys

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// verifier is a relying party that caches the JWK set.
type verifier struct {
	name string
	// ttl is how long it keeps a set; 0 means for as long as it may.
	ttl time.Duration
	// refetch: it fetches the set anew when a kid is not in it.
	refetch bool

	set   jose.JSONWebKeySet
	until time.Time
	etag  string
}

func (v *verifier) fetch(t *testing.T, r *Rings) {
	doc := r.JWKS()
	if doc.ETag != v.etag {
		v.set, v.etag = keySet(t, doc.Body), doc.ETag
	}
	keep := doc.MaxAge
	if v.ttl > 0 {
		keep = v.ttl
	}
	v.until = time.Now().Add(keep)
}

// check verifies a token; r is the replica that would be asked for the set.
func (v *verifier) check(t *testing.T, r *Rings, token string) error {
	if !time.Now().Before(v.until) {
		v.fetch(t, r)
	}
	if v.refetch && len(v.set.Key(kidOf(t, token))) == 0 {
		v.fetch(t, r)
	}
	if err := verify(v.set, token); err != nil {
		return fmt.Errorf("verifier that %s, at %v: %w", v.name, time.Now(), err)
	}
	return nil
}

// A hundred change-overs of three rings, at three replicas, under load, with verifiers that cache as long as they may, and one
// that keeps the set for nearly as long as keys are published ahead, whatever it is told: no token fails.
func TestHundredRotationsUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rotations = 100
		cfg := Config{
			RotateEvery: 7 * time.Second, PublishAhead: 6 * time.Second, JWKSMaxAge: 2 * time.Second,
			Skew: time.Second, LongestToken: 10 * time.Second, RSABits: 1024, Now: time.Now,
		}
		store := &ringStore{}
		var replicas []*Rings
		for range 3 {
			r, err := open(t.Context(), cfg, store, testSealer(t)) // not Open: 1024 bits save time, and are refused
			if err != nil {
				t.Fatal(err)
			}
			replicas = append(replicas, r)
		}
		over := time.Now().Add((rotations + 1) * (cfg.RotateEvery + 200*time.Millisecond)) // ticks are up to 200 ms late
		var wg sync.WaitGroup
		for _, r := range replicas {
			wg.Go(func() {
				for time.Now().Before(over) {
					// Late by a step or two, so that replicas collide now and then, not always: three RSA keys for one take time.
					time.Sleep(time.Until(r.NextTick()) + time.Duration(rand.IntN(3))*100*time.Millisecond)
					if err := r.Tick(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		var signers sync.Map
		var validations atomic.Int64
		for i := range 3 {
			wg.Go(func() { validations.Add(load(t, replicas, &signers, over, uint64(i))) })
		}
		wg.Wait()
		count := map[string]int{}
		signers.Range(func(kid, alg any) bool { count[alg.(string)]++; return true })
		for _, alg := range replicas[0].Algs() {
			if count[alg] <= rotations {
				t.Errorf("%d keys of %s signed, want more than %d", count[alg], alg, rotations)
			}
		}
		for _, r := range replicas {
			if len(r.List()) > 30 {
				t.Errorf("%d records are left", len(r.List()))
			}
		}
		t.Logf("keys that signed: %v; %d validations", count, validations.Load())
	})
}

// load signs at any replica and verifies each token at once, and again shortly before it expires.
func load(t *testing.T, replicas []*Rings, signers *sync.Map, over time.Time, seed uint64) (validations int64) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	verifiers := []*verifier{
		{name: "obeys max-age"},
		{name: "obeys max-age and refetches", refetch: true},
		{name: "keeps sets for 5 s, whatever it is told", ttl: 5 * time.Second},
	}
	type held struct {
		token   string
		expires time.Time
	}
	var waiting []held
	check := func(token string) {
		validations++
		if err := verifiers[rnd.IntN(len(verifiers))].check(t, replicas[rnd.IntN(len(replicas))], token); err != nil {
			t.Error(err)
		}
	}
	for time.Now().Before(over) {
		// Steps of the same length, so that the goroutines run into one another.
		time.Sleep(time.Duration(1+rnd.IntN(5)) * 100 * time.Millisecond)
		r := replicas[rnd.IntN(len(replicas))]
		alg := []string{RS256, ES256, EdDSA}[rnd.IntN(3)]
		h := held{expires: time.Now().Add(r.cfg.LongestToken)}
		var err error
		if h.token, err = r.Sign(t.Context(), alg, "at+jwt", []byte(`{"sub":"somebody"}`), h.expires); err != nil {
			t.Error(err)
			continue
		}
		signers.Store(kidOf(t, h.token), alg)
		waiting = append(waiting, h)
		check(h.token)
		for len(waiting) > 0 && time.Until(waiting[0].expires) < 500*time.Millisecond {
			if time.Now().Before(waiting[0].expires) {
				check(waiting[0].token)
			}
			waiting = waiting[1:]
		}
	}
	return validations
}
