package validator

import (
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
