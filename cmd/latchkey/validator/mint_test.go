package validator

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newMint(t testing.TB) *Mint {
	t.Helper()
	m, err := NewMint(Config{Issuer: "https://id.example.com", AccessAlg: "ES256", Audience: "https://api.example.com", Client: "app", TTL: 10 * time.Minute, Now: func() time.Time { return start }})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func made(t testing.TB, m *Mint, q Request) map[string]Token {
	t.Helper()
	a, err := m.Make(q)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]Token{}
	for _, one := range a.Tokens {
		out[one.Name] = one
	}
	return out
}

// holds verifies a token with the published keys as a strict validator does, and says nothing of its claims.
func holds(m *Mint, raw string) bool {
	head, _, _ := strings.Cut(raw, ".")
	b, err := base64.RawURLEncoding.Strict().DecodeString(head)
	if err != nil {
		return false
	}
	var h struct{ Alg, Kid string }
	if json.Unmarshal(b, &h) != nil {
		return false
	}
	alg, key, ok := m.PublicKey(h.Kid)
	if !ok || alg != h.Alg || strings.ContainsAny(raw, " !") {
		return false
	}
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		return false
	}
	_, err = jws.Verify(key)
	return err == nil
}

// TestSignatures: what must be refused for its claims has a good signature, so that nothing but the claim is wrong with it; what must be refused for
// its signature, key or form has none.
func TestSignatures(t *testing.T) {
	m := newMint(t)
	for _, as := range []string{AsAccess, AsID} {
		tokens := made(t, m, Request{As: as})
		if len(tokens) != len(Kinds(as)) {
			t.Fatalf("%d tokens of %d kinds", len(tokens), len(Kinds(as)))
		}
		for name, k := range tokens {
			want := !slices.Contains([]Rule{RuleSignature, RuleAlgorithm, RuleKey, RuleForm}, k.Rule) || k.Expect == Take
			if slices.Contains([]string{"crit-unknown", "padded", "oversize", "large"}, name) {
				continue // go-jose refuses these by itself, or they are about size
			}
			if got := holds(m, k.Token); got != want {
				t.Errorf("%s as %s: the signature holds: %t", name, as, got)
			}
		}
	}
}

// TestKindsAreWhole: every kind says what is wrong, where that is said, and what to do.
func TestKindsAreWhole(t *testing.T) {
	for _, as := range []string{AsAccess, AsID} {
		seen := map[string]bool{}
		for _, k := range append(Kinds(as), Extra()...) {
			if seen[k.Name] || k.Name == "" || strings.Trim(k.Name, "abcdefghijklmnopqrstuvwxyz5-") != "" {
				t.Errorf("the name %q", k.Name)
			}
			seen[k.Name] = true
			if k.Wrong == "" || k.Rule.Complaint() == "" || !slices.Contains([]Expect{Take, Refuse, Either}, k.Expect) {
				t.Errorf("%+v", k)
			}
			if !strings.HasPrefix(k.Clause, "RFC ") && !strings.HasPrefix(k.Clause, "OpenID ") || !strings.Contains(k.Clause, "§") {
				t.Errorf("%s: the clause %q", k.Name, k.Clause)
			}
			if strings.HasPrefix(k.Name, "good") != strings.HasPrefix(k.Wrong, "nothing") && k.Name != "rotated-key" {
				t.Errorf("%s: %s", k.Name, k.Wrong)
			}
		}
		if len(seen) < 70 {
			t.Errorf("only %d kinds as %s", len(seen), as)
		}
	}
}

// TestKindsAreInTheDocs: the page about them has each, as it is.
func TestKindsAreInTheDocs(t *testing.T) {
	page, err := os.ReadFile("../../../docs/validating-tokens.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, as := range []string{AsAccess, AsID} {
		for _, k := range Kinds(as) {
			row := "| `" + k.Name + "` | " + map[Expect]string{Take: "taken", Refuse: "refused", Either: "either"}[k.Expect] + " | " + k.Wrong + " | " + k.Clause + " |"
			if !strings.Contains(string(page), row) {
				t.Errorf("docs/validating-tokens.md lacks\n%s", row)
			}
		}
	}
	for _, k := range Extra()[1:] {
		if !strings.Contains(string(page), "| `"+k.Name+"` |") {
			t.Errorf("docs/validating-tokens.md lacks %s", k.Name)
		}
	}
}

// part is a part of a token: 0 its header, 1 its claims.
func part(t testing.TB, token string, n int) map[string]any {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[n])
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRequestIsFollowed(t *testing.T) {
	m := newMint(t)
	access := made(t, m, Request{Kinds: []string{"good"}, Client: "shop", Audience: "https://shop.example.com", Subject: "7c1e", Scope: "read", Lifetime: 60})["good"].Token
	c := part(t, access, 1)
	for claim, want := range map[string]any{"iss": "https://id.example.com", "sub": "7c1e", "aud": "https://shop.example.com", "client_id": "shop", "scope": "read", "iat": float64(start.Unix()), "exp": float64(start.Unix() + 60)} {
		if c[claim] != want {
			t.Errorf("%s is %v, want %v", claim, c[claim], want)
		}
	}
	if h := part(t, access, 0); h["alg"] != "ES256" || h["typ"] != "at+jwt" {
		t.Errorf("header %v", h)
	}
	id := made(t, m, Request{As: AsID, Kinds: []string{"good"}, Nonce: "n"})["good"].Token
	if h, c := part(t, id, 0), part(t, id, 1); h["alg"] != "RS256" || h["typ"] != "JWT" || c["aud"] != "app" || c["nonce"] != "n" || c["sub"] != "somebody" {
		t.Errorf("ID token %v %v", h, c)
	}
	if h := part(t, made(t, m, Request{Kinds: []string{"good"}, Alg: "EdDSA"})["good"].Token, 0); h["alg"] != "EdDSA" {
		t.Errorf("header %v", h)
	}
	for name, q := range map[string]Request{
		"kind": {Kinds: []string{"nonsense"}}, "as": {As: "x"}, "alg": {Alg: "HS256"}, "too long": {Lifetime: maxLifetime + 1}, "negative": {Lifetime: -1}, "kind of the other": {As: AsID, Kinds: []string{"id-token"}},
	} {
		if _, err := m.Make(q); !errors.Is(err, ErrRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

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
		if _, err := jws.Verify(k.private.Public().(crypto.PublicKey)); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
}
