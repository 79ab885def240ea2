package harness

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// ClientKeys are an application's own keys: one RSA key, one on each curve of ECDSA, one Ed25519 key.
type ClientKeys struct{ set jose.JSONWebKeySet }

// NewClientKeys makes them; name begins their key IDs.
func NewClientKeys(t testing.TB, name string) *ClientKeys {
	t.Helper()
	k := &ClientKeys{}
	add := func(kid string, key crypto.PrivateKey, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		k.set.Keys = append(k.set.Keys, jose.JSONWebKey{Key: key, KeyID: name + "-" + kid, Use: "sig"})
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	add("rsa", r, err)
	for kid, curve := range map[string]elliptic.Curve{"p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521()} {
		e, err := ecdsa.GenerateKey(curve, rand.Reader)
		add(kid, e, err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	add("ed25519", ed, err)
	return k
}

// Private is the JWKS with the private keys, as plain JSON values.
func (k *ClientKeys) Private(t testing.TB) map[string]any { t.Helper(); return plain(t, k.set) }

// Public is the JWKS to register.
func (k *ClientKeys) Public(t testing.TB) map[string]any {
	t.Helper()
	var out jose.JSONWebKeySet
	for _, key := range k.set.Keys {
		out.Keys = append(out.Keys, key.Public())
	}
	return plain(t, out)
}

func plain(t testing.TB, v any) (out map[string]any) {
	t.Helper()
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}
