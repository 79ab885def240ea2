package token

import (
	"crypto"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"reflect"
	"testing"
	"time"

	"latchkey/storage"
)

// watched is a ring of which keys can be taken away.
type watched struct {
	ring
	revoked map[string]bool
}

func (w watched) PublicKey(kid string) (string, crypto.PublicKey, bool) {
	if w.revoked[kid] {
		return "", nil, false
	}
	return w.ring.PublicKey(kid)
}

// A token that was seen before is judged by everything that may have changed since: the time and our keys.
func TestVerifiedTwice(t *testing.T) {
	at, keys := now, watched{newRing(t), map[string]bool{}}
	i := NewIssuer(Config{Issuer: "https://id.example.test", AccessAlg: "ES256", AccessTTL: 5 * time.Minute, Now: func() time.Time { return at }}, keys)
	ans, err := i.Issue(t.Context(), &Authorization{Client: &storage.Client{ID: "app"}, Scopes: []string{"read"}})
	if err != nil {
		t.Fatal(err)
	}
	raw := ans.AccessToken
	first, err := i.VerifyAccess(raw)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := i.VerifyAccess(raw); err != nil || !reflect.DeepEqual(again, first) {
		t.Errorf("the second time: %+v, %v; the first: %+v", again, err, first)
	}
	if _, err := i.VerifyAccess(raw[:len(raw)-2] + "AA"); !errors.Is(err, ErrMalformed) {
		t.Errorf("another signature: %v", err)
	}
	keys.revoked["kid-ES256"] = true
	if _, err := i.VerifyAccess(raw); !errors.Is(err, ErrMalformed) {
		t.Errorf("its key was revoked: %v", err)
	}
	delete(keys.revoked, "kid-ES256")
	at = at.Add(5 * time.Minute)
	if c, err := i.VerifyAccess(raw); !errors.Is(err, ErrExpired) || c.ID != first.ID {
		t.Errorf("expired: %v", err)
	}
	fresh := NewIssuer(i.cfg, keys)
	for range 2 {
		if _, err := fresh.VerifyAccess(raw); !errors.Is(err, ErrExpired) {
			t.Errorf("seen first when it had expired: %v", err)
		}
	}
}

// What is kept is bounded, by number and by size, and the newest is always kept.
func TestVerifiedIsBounded(t *testing.T) {
	for size, most := range map[int]int{100: maxVerified, 8 << 10: maxVerifiedBytes / (8 << 10)} {
		var v verified
		for n := range 2 * maxVerified {
			var id [8]byte
			binary.BigEndian.PutUint64(id[:], uint64(n))
			sum := sha256.Sum256(id[:])
			for range 2 { // the same one twice is one
				v.keep(sum, remembered{size: size})
			}
			if _, ok := v.find(sum); !ok {
				t.Fatal("the newest was not kept")
			}
		}
		if len(v.tokens) != most || v.bytes != most*size {
			t.Errorf("%d tokens, %d bytes", len(v.tokens), v.bytes)
		}
	}
}

func BenchmarkVerifyAgain(b *testing.B) {
	i := NewIssuer(Config{Issuer: "https://id.example.test", AccessAlg: "ES256", AccessTTL: 5 * time.Minute, Now: func() time.Time { return now }}, newRing(b))
	ans, err := i.Issue(b.Context(), &Authorization{Client: &storage.Client{ID: "app"}, Scopes: []string{"read"}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := i.VerifyAccess(ans.AccessToken); err != nil {
			b.Fatal(err)
		}
	}
}
