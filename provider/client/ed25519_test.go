package client

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"testing"

	"latchkey/storage"
)

// TestEd25519Names: the same signature has two names, in headers, keys and registrations alike.
func TestEd25519Names(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	k := NewKeys(nil, nil)
	for _, row := range []struct {
		name, header, jwk, registered string
		good                          bool
	}{
		{"RFC 8037 §3.1 EdDSA throughout", "EdDSA", "EdDSA", "EdDSA", true},
		{"RFC 9864 §2.2 Ed25519 throughout", "Ed25519", "Ed25519", "Ed25519", true},
		{"RFC 9864 §2.2 the newer name in the header", "Ed25519", "EdDSA", "EdDSA", true},
		{"RFC 9864 §2.2 the newer name of the key", "EdDSA", "Ed25519", "", true},
		{"RFC 9864 §2.2 the newer name where it was registered", "EdDSA", "", "Ed25519", true},
		{"another curve's name", "Ed448", "EdDSA", "EdDSA", false},
		{"another key's algorithm", "Ed25519", "ES256", "", false},
		{"another one registered", "Ed25519", "", "ES256", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			alg := ""
			if row.jwk != "" {
				alg = fmt.Sprintf(`,"alg":%q`, row.jwk)
			}
			c := storage.Client{ID: "c", AuthAlg: row.registered, JWKS: fmt.Appendf(nil, `{"keys":[{"kty":"OKP","crv":"Ed25519","x":%q%s}]}`, b64(public), alg)}
			in := b64(fmt.Appendf(nil, `{"alg":%q}`, row.header)) + "." + b64([]byte("x"))
			_, err := k.Verify(t.Context(), c, in+"."+b64(ed25519.Sign(private, []byte(in))), allowed(c, SignatureAlgs()))
			if (err == nil) != row.good || (err != nil && !errors.Is(err, ErrWrong)) {
				t.Errorf("got %v", err)
			}
		})
	}
}
