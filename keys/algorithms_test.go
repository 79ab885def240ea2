package keys

import (
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// joseAlgs are all algorithms of ours as go-jose names them.
func joseAlgs() (algs []jose.SignatureAlgorithm) {
	for _, alg := range Algorithms() {
		algs = append(algs, jose.SignatureAlgorithm(alg))
	}
	return algs
}

// Rings of the same kind of key share none: a key is for one algorithm (RFC 7517 §4.4).
func TestEveryRingHasItsOwnKey(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now, Algorithms()...), store)
	seen := map[string]string{}
	for _, alg := range Algorithms() {
		kid := one(t, r, alg, StateActive)
		if other := seen[kid]; other != "" {
			t.Errorf("%s and %s have the same key", alg, other)
		}
		seen[kid] = alg
		if got, _, ok := r.PublicKey(kid); !ok || got != alg {
			t.Errorf("%s is a key for %s, want %s", kid, got, alg)
		}
	}
}
