package keys

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/storage"
)

// ring is the smallest store: a keyring behind a mutex, as every driver promises it.
type ringStore struct {
	mu    sync.Mutex
	ring  storage.Keyring
	swaps int
	// before, where set, is called ahead of every verb, and may refuse it.
	before func(verb string) error
}

func cloneRing(k storage.Keyring) storage.Keyring {
	k.Keys, k.Secrets = slices.Clone(k.Keys), slices.Clone(k.Secrets)
	for i := range k.Keys {
		k.Keys[i].Sealed, k.Keys[i].PublicJWK = bytes.Clone(k.Keys[i].Sealed), bytes.Clone(k.Keys[i].PublicJWK)
	}
	for i := range k.Secrets {
		k.Secrets[i].Sealed = bytes.Clone(k.Secrets[i].Sealed)
	}
	return k
}

func (s *ringStore) hook(verb string) error {
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(verb)
}

func (s *ringStore) setHook(f func(string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = f
}

func (s *ringStore) Keyring(context.Context) (storage.Keyring, error) {
	if err := s.hook("read"); err != nil {
		return storage.Keyring{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return cloneRing(s.ring), nil
}

func (s *ringStore) SwapKeyring(_ context.Context, k storage.Keyring, _ time.Time) (storage.Keyring, error) {
	if err := s.hook("swap"); err != nil {
		return storage.Keyring{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if k.Revision != s.ring.Revision {
		return storage.Keyring{}, storage.ErrConflict
	}
	s.ring = cloneRing(k)
	s.ring.Revision++
	s.swaps++
	return cloneRing(s.ring), nil
}

// clock is a clock that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) Add(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	return c.at
}

const day = 24 * time.Hour

func testConfig(now func() time.Time, algs ...string) Config {
	if len(algs) == 0 {
		algs = []string{ES256}
	}
	return Config{
		Algs: algs, RotateEvery: 30 * day, PublishAhead: day, JWKSMaxAge: 5 * time.Minute,
		Skew: time.Minute, LongestToken: time.Hour, Now: now,
	}
}

func testSealer(t testing.TB, seeds ...byte) *Sealer {
	t.Helper()
	if len(seeds) == 0 {
		seeds = []byte{1}
	}
	var keys [][]byte
	for _, b := range seeds {
		keys = append(keys, bytes.Repeat([]byte{b}, 32))
	}
	s, err := NewSealer(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustOpen(t testing.TB, cfg Config, store storage.Keyrings) *Rings {
	t.Helper()
	r, err := Open(t.Context(), cfg, store, testSealer(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustTick(t testing.TB, rings ...*Rings) {
	t.Helper()
	for _, r := range rings {
		if err := r.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func mustSign(t testing.TB, r *Rings, alg string, life time.Duration) string {
	t.Helper()
	token, err := r.Sign(t.Context(), alg, "at+jwt", []byte(`{"sub":"somebody"}`), r.cfg.Now().Add(life))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// keySet is a verifier's parsed JWK set.
func keySet(t testing.TB, body []byte) jose.JSONWebKeySet {
	t.Helper()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(body, &set); err != nil {
		t.Fatalf("JWK set: %v", err)
	}
	return set
}

// errNoSuchKID is what a verifier says whose set lacks the token's key.
var errNoSuchKID = errors.New("kid is not in the set")

// verify is a relying party: go-jose, and the keys of the set alone.
func verify(set jose.JSONWebKeySet, token string) error {
	jws, err := jose.ParseSignedCompact(token, joseAlgs())
	if err != nil {
		return err
	}
	kid := jws.Signatures[0].Header.KeyID
	switch keys := set.Key(kid); len(keys) {
	case 0:
		return fmt.Errorf("%w: %s", errNoSuchKID, kid)
	case 1:
		_, err = jws.Verify(keys[0])
		return err
	default:
		return fmt.Errorf("%d keys have kid %s", len(keys), kid)
	}
}

func kidOf(t testing.TB, token string) string {
	t.Helper()
	jws, err := jose.ParseSignedCompact(token, joseAlgs())
	if err != nil {
		t.Fatal(err)
	}
	return jws.Signatures[0].Header.KeyID
}

// kids returns the kids of a ring in one state.
func kids(r *Rings, alg string, s State) []string {
	var found []string
	for _, k := range r.List() {
		if k.Alg == alg && k.State == s {
			found = append(found, k.KID)
		}
	}
	return found
}

// one returns the only kid of a ring in that state.
func one(t testing.TB, r *Rings, alg string, s State) string {
	t.Helper()
	found := kids(r, alg, s)
	if len(found) != 1 {
		t.Fatalf("%s has %d keys that are %s, want 1: %+v", alg, len(found), s, r.List())
	}
	return found[0]
}

// lostAnswer is a store that does its writes, and loses the answer to the first ones.
type lostAnswer struct {
	*ringStore
	lose int
}

func (s *lostAnswer) SwapKeyring(ctx context.Context, k storage.Keyring, now time.Time) (storage.Keyring, error) {
	k, err := s.ringStore.SwapKeyring(ctx, k, now)
	if err == nil && s.lose > 0 {
		s.lose--
		return storage.Keyring{}, storage.ErrUnknown
	}
	return k, err
}

// ordered says whether the times of every record are in the order that the storage contract names.
func ordered(ring storage.Keyring) error {
	for _, k := range ring.Keys {
		times := []time.Time{k.PublishedAt, k.ActivatesAt}
		if !k.RetiresAt.IsZero() || !k.GoneAt.IsZero() || !k.RevokedAt.IsZero() {
			times = append(times, k.RetiresAt, k.GoneAt)
		}
		if !slices.IsSortedFunc(times, time.Time.Compare) {
			return fmt.Errorf("%s: published, activates, retires, gone, revoked at %v, %v", k.KID, times, k.RevokedAt)
		}
	}
	return nil
}
