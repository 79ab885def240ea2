package keys

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/storage"
)

func TestParseSealingKey(t *testing.T) {
	key := bytes.Repeat([]byte{0xfb, 0xef, 0xbe, 0x01}, 8)
	for _, row := range []struct{ name, text, want string }{
		{"base64", base64.StdEncoding.EncodeToString(key), ""},
		{"base64, not padded", base64.RawStdEncoding.EncodeToString(key), ""},
		{"base64url", base64.URLEncoding.EncodeToString(key), ""},
		{"base64url, not padded", base64.RawURLEncoding.EncodeToString(key), ""},
		{"hex", hex.EncodeToString(key), ""},
		{"HEX", strings.ToUpper(hex.EncodeToString(key)), ""},
		{"white space around", " \r\n\t" + hex.EncodeToString(key) + "\r\n\n", ""},
		{"empty", " \n", "is empty"},
		{"two words", "secret words", "white space inside"},
		{"31 bytes", base64.StdEncoding.EncodeToString(key[1:]), "has 31 bytes"},
		{"33 bytes", base64.StdEncoding.EncodeToString(append(key[:32:32], 1)), "has 33 bytes"},
		{"no alphabet", "pässword!", "neither base64 nor hex"},
		{"64 characters, not hex", strings.Repeat("xy", 32), "is not hex"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := ParseSealingKey([]byte(row.text))
			if row.want == "" {
				if err != nil || !bytes.Equal(got, key) {
					t.Fatalf("got %x, %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Fatalf("error is %v, want %q", err, row.want)
			}
			if text := strings.TrimSpace(row.text); text != "" && strings.Contains(err.Error(), text) {
				t.Errorf("the error repeats the text: %v", err)
			}
		})
	}
}

func TestGenerateSealingKey(t *testing.T) {
	one, two := GenerateSealingKey(), GenerateSealingKey()
	key, err := ParseSealingKey([]byte(one + "\n"))
	if err != nil || len(key) != 32 || one == two {
		t.Fatalf("%v, %d bytes, equal: %v", err, len(key), one == two)
	}
}

func FuzzParseSealingKey(f *testing.F) {
	f.Add([]byte(GenerateSealingKey()))
	f.Add([]byte(hex.EncodeToString(make([]byte, 32))))
	f.Add([]byte("=\xff-_+/"))
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := ParseSealingKey(text)
		if (err == nil) != (len(key) == 32) {
			t.Fatalf("%d bytes and error %v", len(key), err)
		}
		if text = bytes.TrimSpace(text); err != nil && len(text) > 12 && strings.Contains(err.Error(), string(text)) {
			t.Fatalf("the error repeats the text: %v", err)
		}
	})
}

func TestNewSealerRefuses(t *testing.T) {
	good := bytes.Repeat([]byte{1}, 32)
	for name, keys := range map[string][][]byte{
		"none": {}, "short": {good[:31]}, "long": {append(good[:32:32], 1)}, "empty second": {good, nil}, "twice": {good, good},
	} {
		if _, err := NewSealer(keys...); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSealedRowsAreBoundToTheirPlace(t *testing.T) {
	s := testSealer(t)
	plain := []byte("private")
	sealed, id, err := s.seal(bytes.NewReader(make([]byte, 12)), plain, sealedKey, ES256, "kid-1")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.open(sealed, id, sealedKey, ES256, "kid-1"); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("open: %q, %v", got, err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"another kid":     func() ([]byte, error) { return s.open(sealed, id, sealedKey, ES256, "kid-2") },
		"another alg":     func() ([]byte, error) { return s.open(sealed, id, sealedKey, EdDSA, "kid-1") },
		"another purpose": func() ([]byte, error) { return s.open(sealed, id, sealedSecret, ES256, "kid-1") },
		"parts shifted":   func() ([]byte, error) { return s.open(sealed, id, sealedKey, ES256+"k", "id-1") },
		"cut":             func() ([]byte, error) { return s.open(sealed[:12], id, sealedKey, ES256, "kid-1") },
		"empty":           func() ([]byte, error) { return s.open(nil, id, sealedKey, ES256, "kid-1") },
		"another version": func() ([]byte, error) { return s.open(append([]byte{2}, sealed[1:]...), id, sealedKey, ES256, "kid-1") },
	} {
		if _, err := open(); !errors.Is(err, ErrTampered) {
			t.Errorf("%s: %v, want ErrTampered", name, err)
		}
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := s.open(bad, id, sealedKey, ES256, "kid-1"); !errors.Is(err, ErrTampered) {
			t.Errorf("bit of byte %d turned: %v", i, err)
		}
	}
}

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
		{"another private key, sealed for this row", func(k *storage.Keyring) string {
			row := &k.Keys[0]
			other, err := newSigner(ES256, 0)
			if err != nil {
				t.Fatal(err)
			}
			der, err := x509.MarshalPKCS8PrivateKey(other)
			if err != nil {
				t.Fatal(err)
			}
			if row.Sealed, _, err = testSealer(t).seal(rand.Reader, der, sealedKey, row.Alg, row.KID); err != nil {
				t.Fatal(err)
			}
			return row.KID
		}},
		{"another key pair, sealed for this row", func(k *storage.Keyring) string {
			row := &k.Keys[0]
			other, err := newSigner(ES256, 0)
			if err != nil {
				t.Fatal(err)
			}
			der, err := x509.MarshalPKCS8PrivateKey(other)
			if err != nil {
				t.Fatal(err)
			}
			if _, row.PublicJWK, err = describe(ES256, other.Public()); err != nil {
				t.Fatal(err)
			}
			if row.Sealed, _, err = testSealer(t).seal(rand.Reader, der, sealedKey, row.Alg, row.KID); err != nil {
				t.Fatal(err)
			}
			return row.KID
		}},
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
