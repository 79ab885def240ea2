package client

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/provider/fetch"
	"latchkey/storage"
)

// Which keys of a set serve, one at a time.
func TestKeySets(t *testing.T) {
	ec := func(change map[string]any) map[string]any { return publicJWK(t, "P-256", "k", change) }
	for _, row := range []struct {
		name string
		key  map[string]any
		good bool
	}{
		{"RFC 7517 §4 good", ec(nil), true},
		{"RFC 7517 §4.2 use sig", ec(map[string]any{"use": "sig"}), true},
		{"RFC 7517 §4.3 key_ops verify", ec(map[string]any{"key_ops": []string{"verify"}}), true},
		{"RFC 7517 §4.4 alg", ec(map[string]any{"alg": "ES256"}), true},
		{"RFC 7517 §4 unknown members", ec(map[string]any{"iat": 5, "x5u": "https://x", "x5t": "!", "x5c": []string{"not a certificate"}}), true},
		{"RFC 7517 §4.2 use enc", ec(map[string]any{"use": "enc"}), false},
		{"RFC 7517 §4.3 key_ops without verify", ec(map[string]any{"key_ops": []string{"deriveKey"}}), false},
		{"RFC 7517 §4.4 another alg", ec(map[string]any{"alg": "ES384"}), false},
		{"RFC 7517 §4.5 another kid", ec(map[string]any{"kid": "other"}), false},
		{"RFC 7517 §4.5 kid no string", ec(map[string]any{"kid": 5}), false},
		{"RFC 7517 §9.2 private", ec(map[string]any{"d": "AAAA"}), false},
		{"RFC 7518 §6.4 symmetric", map[string]any{"kty": "oct", "kid": "k", "k": "AAAA"}, false},
		{"RFC 7518 §6.2.1 not on the curve", ec(map[string]any{"x": publicJWK(t, "P-256b", "k", nil)["x"]}), false},
		{"RFC 7518 §6.2.1 another curve", ec(map[string]any{"crv": "P-384"}), false},
		{"RFC 8812 §3.1 secp256k1", ec(map[string]any{"crv": "secp256k1"}), false},
		{"RFC 7518 §6.2.1 without y", ec(map[string]any{"y": nil}), false},
		{"RFC 7517 §4.1 without kty", ec(map[string]any{"kty": nil}), false},
		{"RFC 7517 §4.1 another kty", ec(map[string]any{"kty": "RSA"}), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			k := NewKeys(nil, func() time.Time { return now })
			c := storage.Client{JWKS: setOf(t, row.key)}
			_, err := k.Verify(t.Context(), c, signJWS(t, "ES256", "P-256", "k", "", "x"), SignatureAlgs())
			if (err == nil) != row.good || (err != nil && !errors.Is(err, ErrWrong)) {
				t.Errorf("%v", err)
			}
			if set, err := parseKeySet(c.JWKS); err != nil || row.name == "RFC 7517 §4.5 kid no string" && len(set) > 0 {
				t.Errorf("%v %v", set, err)
			}
			// A key that does not serve takes no other away.
			c.JWKS = setOf(t, row.key, publicJWK(t, "RSA", "good", nil))
			if _, err := k.Verify(t.Context(), c, signJWS(t, "RS256", "RSA", "good", "", "x"), SignatureAlgs()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestVerify(t *testing.T) {
	k := NewKeys(nil, func() time.Time { return now })
	weak := storage.Client{JWKS: setOf(t, publicJWK(t, "weak", "k", nil))}
	one := storage.Client{JWKS: setOf(t, publicJWK(t, "RSA", "k", nil))}
	var many []map[string]any
	for n := range maxTried {
		many = append(many, publicJWK(t, "P-256b", fmt.Sprint(n), nil))
	}
	last := storage.Client{JWKS: setOf(t, append(many, publicJWK(t, "P-256", "last", nil))...)}
	first := storage.Client{JWKS: setOf(t, append([]map[string]any{publicJWK(t, "P-256", "first", nil)}, many...)...)}
	for _, row := range []struct {
		name string
		c    storage.Client
		raw  string
		algs []string
		good bool
	}{
		{"RFC 7518 §3.3 an RSA key of 1024 bits", weak, rsaJWS(t, "weak", "RS256"), []string{"RS256"}, false},
		{"RFC 8725 §3.1 an algorithm that is asked for", one, signJWS(t, "RS256", "RSA", "k", "", "x"), []string{"RS256"}, true},
		{"RFC 8725 §3.1 one that is not", one, signJWS(t, "RS384", "RSA", "k", "", "x"), []string{"RS256"}, false},
		{"RFC 8725 §3.1 none, although asked for", one, "eyJhbGciOiJub25lIn0.e30.", []string{"none", "RS256"}, false},
		{"RFC 8725 §3.2 a MAC, although asked for", one, macJWS("HS256", secret, "x"), []string{"HS256", "RS256"}, false},
		{"RFC 8725 §3.2 the signature of another algorithm", one, rsaJWS(t, "RSA", "ES256"), SignatureAlgs(), false},
		{"RFC 7517 §4.4 the key is for another algorithm", storage.Client{JWKS: setOf(t, publicJWK(t, "RSA", "k", map[string]any{"alg": "PS256"}))},
			signJWS(t, "RS256", "RSA", "k", "", "x"), SignatureAlgs(), false},
		{"OpenID Connect Core §10.1 no kid, the first of many keys", first, signJWS(t, "ES256", "P-256", "", "", "x"), SignatureAlgs(), true},
		{"OpenID Connect Core §10.1 no kid, more keys than are tried", last, signJWS(t, "ES256", "P-256", "", "", "x"), SignatureAlgs(), false},
		{"OpenID Connect Core §10.1 kid, among many keys", last, signJWS(t, "ES256", "P-256", "last", "", "x"), SignatureAlgs(), true},
		{"no keys at all", storage.Client{}, signJWS(t, "ES256", "P-256", "k", "", "x"), SignatureAlgs(), false},
		{"a jwks_uri without a fetcher", storage.Client{JWKSURI: "https://a.test"}, signJWS(t, "ES256", "P-256", "k", "", "x"), SignatureAlgs(), false},
		{"RFC 7517 §5 no set", storage.Client{JWKS: []byte(`[]`)}, signJWS(t, "ES256", "P-256", "k", "", "x"), SignatureAlgs(), false},
	} {
		v, err := k.Verify(t.Context(), row.c, row.raw, row.algs)
		if (err == nil) != row.good || (err != nil && !errors.Is(err, ErrWrong)) {
			t.Errorf("%s: %v", row.name, err)
		}
		if row.good && string(v.Payload) != `"x"` {
			t.Errorf("%s: %+v", row.name, v)
		}
	}
	if v, err := k.Verify(t.Context(), one, signJWS(t, "PS256", "RSA", "k", "thing+jwt", "x"), SignatureAlgs()); err != nil || v.Header != (Header{"PS256", "k", "thing+jwt"}) {
		t.Errorf("%+v %v", v, err)
	}
}

// rsaJWS is a JWS that go-jose would not make: the key is too small, or the header names another algorithm than RS256.
func rsaJWS(t *testing.T, pair, alg string) string {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	input := b64([]byte(`{"alg":"`+alg+`","kid":"k"}`)) + "." + b64([]byte(`"x"`))
	sum := sha256.Sum256([]byte(input))
	key := pairs()[pair].(*rsa.PrivateKey)
	sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	if j, err := parseJWS(input + "." + b64(sig)); err != nil || !j.signedBy(&key.PublicKey) {
		t.Fatal("the signature does not hold")
	}
	return input + "." + b64(sig)
}

// A document that changes is another one, and the cache does not grow.
func TestInlineCache(t *testing.T) {
	k := NewKeys(nil, func() time.Time { return now })
	raw := signJWS(t, "ES256", "P-256", "k", "", "x")
	for range 2 {
		c := storage.Client{ID: "app", JWKS: setOf(t, publicJWK(t, "P-256b", "k", nil))}
		if _, err := k.Verify(t.Context(), c, raw, SignatureAlgs()); err == nil {
			t.Error("verified with another key")
		}
		c.JWKS = setOf(t, publicJWK(t, "P-256", "k", nil)) // the same client, the same version
		if _, err := k.Verify(t.Context(), c, raw, SignatureAlgs()); err != nil {
			t.Error(err)
		}
	}
	for n := range maxKeySets + 10 {
		_, _ = k.inlineKeys(fmt.Appendf(nil, `{"keys":[],"n":%d}`, n))
	}
	if len(k.inline.items) != maxKeySets || k.inline.order.Len() != maxKeySets {
		t.Errorf("%d sets are kept", len(k.inline.items))
	}
	if _, ok := k.inline.get(sha256.Sum256(setOf(t, publicJWK(t, "P-256", "k", nil)))); ok {
		t.Error("the oldest was not forgotten")
	}
}

// What is asked for now and then stays, whatever comes once.
func TestLRU(t *testing.T) {
	l := newLRU[int, string](3)
	for n := range 3 {
		l.put(n, "v")
	}
	l.get(0)
	l.put(3, "v")
	for n, want := range []bool{true, false, true, true} {
		if _, ok := l.get(n); ok != want {
			t.Errorf("%d: %v", n, ok)
		}
	}
}

func FuzzKeySet(f *testing.F) {
	f.Add([]byte(`{"keys":[]}`))
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AA"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB"}]}`))
	f.Add(setOf(f, publicJWK(f, "P-256", "a", nil), publicJWK(f, "RSA", "b", nil), publicJWK(f, "Ed25519", "c", nil)))
	raw := map[string]jws{}
	for alg, pair := range pairOfAlg {
		j, err := parseJWS(signJWS(f, alg, pair, "", "", "x"))
		if err != nil {
			f.Fatal(err)
		}
		raw[alg] = j
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		set, err := parseKeySet(doc)
		if err != nil && set != nil {
			t.Error("a set beside an error")
		}
		for _, k := range set {
			if k.public == nil || len(k.algs) == 0 {
				t.Errorf("a key that fits nothing: %+v", k)
			}
			for _, alg := range k.algs {
				raw[alg].signedBy(k.public) // whatever the key is, it must not break the verification
			}
		}
	})
}

func FuzzAssertion(f *testing.F) {
	f.Add(signJWS(f, "ES256", "P-256", "P-256", "JWT", claims("key", nil)))
	f.Add(signJWS(f, "HS256", secret, "", "", claims("mac", nil)))
	f.Add("e30.e30.")
	f.Add("..")
	r := newRig(f)
	r.clients["key"] = storage.Client{ID: "key", AuthMethod: KeyJWTMethod, JWKS: setOf(f, publicJWK(f, "P-256b", "", nil))}
	r.clients["mac"] = storage.Client{ID: "mac", AuthMethod: SecretJWTMethod, Secrets: []storage.ClientSecret{sealedSecret(f, "mac", "1", "another secret of 32 bytes or more", now)}}
	f.Fuzz(func(t *testing.T, raw string) {
		j, err := parseJWS(raw)
		if err == nil {
			if string(j.input)+"."+raw[len(j.input)+1:] != raw || strings.Count(raw, ".") != 2 {
				t.Errorf("%q was taken apart wrongly", raw)
			}
			_, _ = parseAssertion(j.payload)
		}
		if strings.ContainsRune(raw, 0) || len(raw) > 16<<10 {
			return
		}
		for _, mac := range []bool{true, false} {
			m := Method(keyAssertion{&assertions{replays: r.store, audiences: []string{issuer}}, NewKeys(nil, func() time.Time { return now }), nil})
			id := "key"
			if mac {
				m, id = secretAssertion{&assertions{replays: r.store, audiences: []string{issuer}}, openVault{}}, "mac"
			}
			if err := m.Prove(context.Background(), r.clients[id], raw, now); !errors.Is(err, ErrWrong) {
				t.Errorf("%q let somebody in: %v", raw, err)
			}
		}
	})
}

var _ Fetcher = (*fetch.Fetcher)(nil)
