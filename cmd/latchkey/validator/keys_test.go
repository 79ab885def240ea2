package validator

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
)

// TestKeysComeAndGo holds what check-validator builds on: a key that is rolled in signs at once, and one that was withdrawn is published no more.
func TestKeysComeAndGo(t *testing.T) {
	m := newMint(t)
	revoked := made(t, m, Request{Kinds: []string{"revoked-key"}})["revoked-key"].Token
	before := made(t, m, Request{Kinds: []string{"good", "good-other-key"}})
	if holds(m, revoked) || !holds(m, before["good"].Token) || !holds(m, before["good-other-key"].Token) {
		t.Fatal("before rolling")
	}
	if err := m.Roll(""); err != nil {
		t.Fatal(err)
	}
	after := made(t, m, Request{Kinds: []string{"good", "revoked-key"}})
	kid := func(token string) any { return part(t, token, 0)["kid"] }
	switch {
	case holds(m, before["good-other-key"].Token):
		t.Error("the spare key is still published")
	case !holds(m, before["good"].Token):
		t.Error("tokens of before do not hold any more")
	case !holds(m, after["good"].Token) || kid(after["good"].Token) == kid(before["good"].Token):
		t.Error("no new key signs")
	case kid(after["revoked-key"].Token) != kid(before["good-other-key"].Token):
		t.Error("the key that was withdrawn last is another")
	}
	for range 3 * keptKeys {
		if err := m.Roll(""); err != nil {
			t.Fatal(err)
		}
	}
	if holds(m, before["good"].Token) || len(m.keys) > 3*keptKeys {
		t.Errorf("keys pile up: %d", len(m.keys))
	}
	if err := m.Roll("none"); !errors.Is(err, ErrRequest) {
		t.Errorf("roll none: %v", err)
	}
}

// TestPublish adds public keys to a set, and nothing private.
func TestPublish(t *testing.T) {
	m := newMint(t)
	out, err := m.Publish([]byte(`{"keys":[{"kty":"EC","kid":"ring"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(out, &set); err != nil || len(set.Keys) != 4 || set.Keys[0]["kid"] != "ring" {
		t.Fatalf("%v: %s", err, out)
	}
	for _, k := range set.Keys[1:] {
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			if k[private] != nil {
				t.Errorf("the set has %q", private)
			}
		}
		if k["use"] != "sig" || k["alg"] == nil {
			t.Errorf("%v", k)
		}
	}
	if _, err := m.Publish([]byte("x")); err == nil {
		t.Error("no set was taken for one")
	}
	a, err := m.Make(Request{Kinds: []string{"embedded-jwk"}})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := json.Marshal(a)
	if err != nil || strings.Contains(string(whole), `\"d\"`) || part(t, a.Tokens[0].Token, 0)["jwk"].(map[string]any)["d"] != nil {
		t.Errorf("a private key leaves: %s", whole)
	}
	m.Fetched()
	if s := m.State(); s.Fetches != 1 || s.Issuer != "https://id.example.com" {
		t.Errorf("%+v", s)
	}
}

// TestEveryAlgorithm signs with each that a ring can have.
func TestEveryAlgorithm(t *testing.T) {
	for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"} {
		k, err := newKey(alg, "")
		if err != nil {
			t.Fatal(err)
		}
		in := input([]byte(`{"alg":"`+alg+`","kid":"`+k.kid+`"}`), []byte("{}"))
		sig, err := k.sign(alg, in)
		if err != nil {
			t.Fatal(err)
		}
		jws, err := jose.ParseSignedCompact(compact(in, sig), []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jws.Verify(k.private.Public()); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
}
