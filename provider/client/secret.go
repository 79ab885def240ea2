package client

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"latchkey/storage"
)

// SlowVerifier checks a secret against an argon2id encoding.
type SlowVerifier func(ctx context.Context, encoded, secret string) (bool, error)

const fastPrefix = "sha256:"

// maxRemembered bounds the slow secrets that were found right and are remembered.
const maxRemembered = 1024

// HashSecret encodes a secret of high entropy: one that Latchkey made (256 bits), or one that stands in a file anyway.
func HashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return fastPrefix + hex.EncodeToString(sum[:])
}

// decoy is proved against where the client is unknown.
var decoy = storage.Client{Secrets: []storage.ClientSecret{{Hash: HashSecret("")}}}

type secrets struct {
	slow SlowVerifier
	mu   sync.Mutex
	// right holds the hash of (encoding, secret) pairs that a slow check found right.
	right map[[32]byte]struct{}
	// used is when each secret was last found right.
	used map[secretName]time.Time
}

// secretName names a secret of a client by their IDs.
type secretName struct{ client, secret string }

func newSecrets(slow SlowVerifier) *secrets {
	return &secrets{slow: slow, right: map[[32]byte]struct{}{}, used: map[secretName]time.Time{}}
}

// check compares the secret with each live one, in constant time. One that is known to be right is found before any slow check: beside
// a second live secret every request would otherwise cost a hash, and count as a failure.
func (s *secrets) check(ctx context.Context, c storage.Client, secret string, now time.Time) error {
	if secret == "" || len(secret) > 1024 {
		return ErrWrong
	}
	ok := false
	for _, live := range c.Secrets {
		if s.matchFast(live.Hash, secret) && inForce(live, now) {
			ok = true
			s.note(c.ID, live.ID, now)
		}
	}
	for _, live := range c.Secrets {
		if ok {
			break
		}
		if !inForce(live, now) {
			continue
		}
		var err error
		if ok, err = s.matchSlow(ctx, live.Hash, secret); err != nil {
			return err
		}
		if ok {
			s.note(c.ID, live.ID, now)
		}
	}
	if !ok {
		return ErrWrong
	}
	return nil
}

func inForce(live storage.ClientSecret, now time.Time) bool {
	return live.ExpiresAt.IsZero() || now.Before(live.ExpiresAt)
}

// matchFast knows secrets of high entropy, and those that a slow check found right.
func (s *secrets) matchFast(encoded, secret string) bool {
	if strings.HasPrefix(encoded, fastPrefix) {
		sum := sha256.Sum256([]byte(secret))
		var got, want [2 * len(sum)]byte
		hex.Encode(got[:], sum[:])
		copy(want[:], encoded[len(fastPrefix):])
		return len(encoded) == len(fastPrefix)+len(want) && subtle.ConstantTimeCompare(got[:], want[:]) == 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.right[pairOf(encoded, secret)]
	return known
}

func pairOf(encoded, secret string) [32]byte {
	return sha256.Sum256([]byte(encoded + "\x00" + secret))
}

func (s *secrets) matchSlow(ctx context.Context, encoded, secret string) (bool, error) {
	if strings.HasPrefix(encoded, fastPrefix) || s.slow == nil {
		return false, nil
	}
	ok, err := s.slow(ctx, encoded, secret)
	if err != nil {
		return false, fmt.Errorf("check client secret: %w", err)
	}
	if ok {
		s.remember(pairOf(encoded, secret))
	}
	return ok, nil
}

func (s *secrets) remember(pair [32]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.right) >= maxRemembered {
		clear(s.right)
	}
	s.right[pair] = struct{}{}
}
