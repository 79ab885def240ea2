package providertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// keyring is the keys of a relying party, of which the last signs. One of an HS algorithm has none: the secret signs.
type keyring struct {
	alg  string
	keys []crypto.Signer
	ids  []string
}

func newKeyring(t *testing.T, alg string) *keyring {
	t.Helper()
	k := &keyring{alg: alg}
	k.rotate(t)
	return k
}

// rotate adds a key and signs with it.
func (k *keyring) rotate(t *testing.T) {
	t.Helper()
	var key crypto.Signer
	var err error
	if key, err = rsa.GenerateKey(rand.Reader, 2048); k.alg == "ES256" {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	k.keys, k.ids = append(k.keys, key), append(k.ids, rand.Text())
}

// document is the JWK Set of the newest keys.
func (k *keyring) document(t *testing.T) string {
	t.Helper()
	raw, err := json.Marshal(k.public(t))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func (k *keyring) public(t *testing.T) (set jose.JSONWebKeySet) {
	t.Helper()
	last := len(k.keys) - 1
	set.Keys = []jose.JSONWebKey{{Key: k.keys[last].Public(), KeyID: k.ids[last], Algorithm: k.alg, Use: "sig"}}
	return set
}

// assertion is one of a client, changed; nil takes a claim away.
func (k *keyring) assertion(t *testing.T, i *Issuer, id, secret string, change map[string]any) string {
	t.Helper()
	now := i.Clock.Now()
	claims := map[string]any{"iss": id, "sub": id, "aud": i.URL, "jti": rand.Text(), "exp": now.Add(time.Minute).Unix(), "iat": now.Unix()}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	key, opts := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(k.alg), Key: []byte(secret)}, (&jose.SignerOptions{}).WithType("JWT")
	if last := len(k.keys) - 1; last >= 0 {
		key.Key, opts = k.keys[last], opts.WithHeader("kid", k.ids[last])
	}
	s, err := jose.NewSigner(key, opts)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
