package keys

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/storage"
)

func TestWrongSealingKey(t *testing.T) {
	c, store := newClock(), &ringStore{}
	mustOpen(t, testConfig(c.Now), store)
	sealer, other := testSealer(t), testSealer(t, 2, 3)
	swaps := store.swaps
	_, err := Open(t.Context(), testConfig(c.Now), store, other)
	if !errors.Is(err, ErrSealingKey) {
		t.Fatalf("error is %v, want ErrSealingKey", err)
	}
	for _, id := range append(other.KeyIDs(), sealer.KeyID()) {
		if !strings.Contains(err.Error(), id) {
			t.Errorf("the error does not name %s: %v", id, err)
		}
	}
	c.Add(60 * day) // something is due: still nothing may be written
	if _, err := Open(t.Context(), testConfig(c.Now), store, other); err == nil || store.swaps != swaps {
		t.Errorf("wrote with a key that does not open what is there: %v", err)
	}
}

func TestTamperedRows(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(*storage.Keyring) (kid string)
	}{
		{"bit of the private key", func(k *storage.Keyring) string { k.Keys[0].Sealed[40] ^= 1; return k.Keys[0].KID }},
		{"private key cut", func(k *storage.Keyring) string { k.Keys[1].Sealed = k.Keys[1].Sealed[:5]; return k.Keys[1].KID }},
		{"private keys exchanged", func(k *storage.Keyring) string {
			k.Keys[0].Sealed, k.Keys[1].Sealed = k.Keys[1].Sealed, k.Keys[0].Sealed
			return k.Keys[0].KID
		}},
		{"public keys exchanged", func(k *storage.Keyring) string {
			k.Keys[0].PublicJWK, k.Keys[1].PublicJWK = k.Keys[1].PublicJWK, k.Keys[0].PublicJWK
			return k.Keys[0].KID
		}},
		{"public key is no JSON", func(k *storage.Keyring) string { k.Keys[0].PublicJWK = []byte("{"); return k.Keys[0].KID }},
		{"alg renamed", func(k *storage.Keyring) string { k.Keys[0].Alg = EdDSA; return k.Keys[0].KID }},
		{"kid renamed", func(k *storage.Keyring) string { k.Keys[0].KID = "mine"; return "mine" }},
		{"another private key, sealed for this row", func(k *storage.Keyring) string { return forge(t, &k.Keys[0], false) }},
		{"another key pair, sealed for this row", func(k *storage.Keyring) string { return forge(t, &k.Keys[0], true) }},
		{"a public key with a private part", func(k *storage.Keyring) string {
			k.Keys[0].PublicJWK = []byte(`{"kty":"oct","k":"AAAA"}`)
			return k.Keys[0].KID
		}},
		{"secret", func(k *storage.Keyring) string { k.Secrets[0].Sealed[20] ^= 1; return k.Secrets[0].ID }},
		{"secret renamed", func(k *storage.Keyring) string { k.Secrets[0].ID = "../x"; return "../x" }},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, store := newClock(), &ringStore{}
			cfg := testConfig(c.Now)
			running := mustOpen(t, cfg, store)
			name := row.do(&store.ring)
			_, err := Open(t.Context(), cfg, store, testSealer(t))
			if !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), name) {
				t.Fatalf("Open: %v, want ErrTampered naming %s", err, name)
			}
			if err := running.Tick(t.Context()); !errors.Is(err, ErrTampered) {
				t.Errorf("Tick: %v, want ErrTampered", err)
			}
			if err := verify(keySet(t, running.JWKS().Body), mustSign(t, running, ES256, time.Minute)); err != nil {
				t.Errorf("what was in memory no longer serves: %v", err)
			}
		})
	}
}

// forge puts another key into a row, sealed as it should be, with or without its public part.
func forge(t *testing.T, row *storage.SigningKey, public bool) (kid string) {
	t.Helper()
	other, err := newSigner(row.Alg, 0)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	if public {
		if _, row.PublicJWK, err = describe(row.Alg, other.Public()); err != nil {
			t.Fatal(err)
		}
	}
	if row.Sealed, _, err = testSealer(t).seal(rand.Reader, der, sealedKey, row.Alg, row.KID); err != nil {
		t.Fatal(err)
	}
	return row.KID
}
