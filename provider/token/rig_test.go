package token

import (
	"bytes"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"latchkey/keys"
	"latchkey/provider/oauth"
	"latchkey/storage"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// ring signs with one key of each algorithm; its MAC is real.
type ring map[string]crypto.Signer

func newRing(t testing.TB) ring {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, d, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return ring{"RS256": r, "ES256": e, "EdDSA": d}
}

func (r ring) Sign(_ context.Context, alg, typ string, claims []byte, _ time.Time) (string, error) {
	return sign(r[alg], alg, claims, map[jose.HeaderKey]any{"typ": typ, "kid": "kid-" + alg})
}

func sign(key any, alg string, claims []byte, header map[jose.HeaderKey]any) (string, error) {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key}, &jose.SignerOptions{ExtraHeaders: header})
	if err != nil {
		return "", err
	}
	jws, err := s.Sign(claims)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

func (r ring) PublicKey(kid string) (string, crypto.PublicKey, bool) {
	alg := strings.TrimPrefix(kid, "kid-")
	key, ok := r[alg]
	if !ok || "kid-"+alg != kid {
		return "", nil, false
	}
	return alg, key.Public(), true
}

func (r ring) Algs() []string { return []string{"RS256", "ES256", "EdDSA"} }

func (r ring) Stable(purpose string, data []byte) [32]byte { return r.MAC("stable "+purpose, data) }

// aead is the vault of one purpose.
func (r ring) aead(purpose string) cipher.AEAD {
	key := r.MAC("seal", []byte(purpose))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}

func (r ring) Seal(purpose, context string, plain []byte) ([]byte, error) {
	return r.aead(purpose).Seal(nil, nil, plain, []byte(context)), nil
}

func (r ring) Open(purpose, context string, sealed []byte) ([]byte, error) {
	return r.aead(purpose).Open(nil, nil, sealed, []byte(context))
}

func (r ring) MAC(purpose string, data []byte) (sum [32]byte) {
	m := hmac.New(sha256.New, []byte(purpose))
	m.Write(data)
	m.Sum(sum[:0])
	return sum
}

func (r ring) VerifyMAC(purpose string, data, mac []byte) bool {
	sum := r.MAC(purpose, data)
	return hmac.Equal(sum[:], mac)
}

func issuer(r ring) *Issuer {
	return NewIssuer(Config{Issuer: "https://id.example.test", AccessAlg: "ES256", AccessTTL: 5 * time.Minute, IDTTL: time.Hour, RefreshTTL: 24 * time.Hour,
		CodeTTL: time.Minute, PictureURL: func(id string) string { return "https://id.example.test/media/" + id }, Now: func() time.Time { return now }}, r)
}

func authorization() *Authorization {
	return &Authorization{
		Client:  &storage.Client{ID: "app"},
		Grant:   storage.Grant{ID: "AAAAAAAAAAAAAAAAAAAAAA", SID: "sid", Nonce: "n", AuthTime: now.Add(-time.Minute), AMR: []string{"pwd"}, ACR: "1"},
		Account: storage.Account{ID: 7, Sub: "sub", Username: "alice"}, Scopes: oauth.Scopes{"openid", "read"}, IDToken: true, Refresh: "r",
	}
}

func parts(t testing.TB, raw string) (header, claims map[string]any) {
	t.Helper()
	p := strings.Split(raw, ".")
	for n, to := range []*map[string]any{&header, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(p[n])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, to); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

// shelf keeps a keyring.
type shelf struct{ ring storage.Keyring }

func (s *shelf) Keyring(context.Context) (storage.Keyring, error) { return s.ring, nil }

func (s *shelf) SwapKeyring(_ context.Context, k storage.Keyring, _ time.Time) (storage.Keyring, error) {
	k.Revision++
	s.ring = k
	return k, nil
}

// realKeys are the service's own rings, of every algorithm; made once, because RSA keys are dear.
var realKeys = sync.OnceValues(func() (*keys.Rings, error) {
	sealer, err := keys.NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		return nil, err
	}
	return keys.Open(context.Background(), keys.Config{Algs: keys.Algorithms(), RotateEvery: 90 * 24 * time.Hour, JWKSMaxAge: time.Hour, LongestToken: time.Hour,
		Now: func() time.Time { return now }}, &shelf{}, sealer)
})

// The secrets of client "hmac", the newest first; the short one can be no key.
var hmacSecrets = [][]byte{[]byte("0123456789abcdef0123456789abcdef-newer"), []byte("too short"), []byte("0123456789abcdef0123456789abcdef")}

// realIssuer stands on them, and knows the clients given.
func realIssuer(t testing.TB, clients ...storage.Client) (*Issuer, *keys.Rings) {
	t.Helper()
	rings, err := realKeys()
	if err != nil {
		t.Fatal(err)
	}
	return hmacIssuer(rings, clients...), rings
}

// hmacIssuer keeps the secrets of client "hmac".
func hmacIssuer(k Keys, clients ...storage.Client) *Issuer {
	cfg := issuer(nil).cfg
	cfg.HMACSecrets = func(c storage.Client) ([][]byte, error) {
		if c.ID != "hmac" {
			return nil, nil
		}
		return hmacSecrets, nil
	}
	cfg.ClientOf = func(_ context.Context, id string) (storage.Client, error) {
		for _, c := range clients {
			if c.ID == id {
				return c, nil
			}
		}
		return storage.Client{}, storage.ErrNotFound
	}
	return NewIssuer(cfg, k)
}

// checked verifies a JWT as an application does, with go-jose and the published keys or the client's newest secret, and returns its parts.
func checked(t testing.TB, rings *keys.Rings, alg, raw string) (header, claims map[string]any) {
	t.Helper()
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	var key any = hmacSecrets[0]
	if alg != HS256 {
		var set jose.JSONWebKeySet
		if err := json.Unmarshal(rings.JWKS().Body, &set); err != nil {
			t.Fatal(err)
		}
		found := set.Key(jws.Signatures[0].Header.KeyID)
		if len(found) != 1 || found[0].Algorithm != alg || found[0].Use != "sig" {
			t.Fatalf("%d keys for %s: %+v", len(found), alg, found)
		}
		key = found[0]
	}
	if _, err := jws.Verify(key); err != nil {
		t.Fatalf("%s: %v", alg, err)
	}
	return parts(t, raw)
}
