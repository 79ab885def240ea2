package keys

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/go-jose/go-jose/v4"

	"latchkey/storage"
)

const (
	secretSize   = 32
	secretIDSize = 8
)

// supply makes keys before they are needed: making an RSA key takes longer than a decision may be old when it is written.
type supply struct {
	cfg    *Config
	sealer *Sealer
	keys   []storage.SigningKey
	short  []string
}

// take returns a key without times, or notes that one is missing: then the draft is void and fill must be called.
func (s *supply) take(alg string) (storage.SigningKey, bool) {
	for i := range s.keys {
		if k := s.keys[i]; k.Alg == alg {
			s.keys = append(s.keys[:i:i], s.keys[i+1:]...)
			return k, true
		}
	}
	s.short = append(s.short, alg)
	return storage.SigningKey{}, false
}

// fill makes what take found missing.
func (s *supply) fill() error {
	for _, alg := range s.short {
		k, err := generate(s.cfg, s.sealer, alg)
		if err != nil {
			return fmt.Errorf("make %s key: %w", alg, err)
		}
		s.keys = append(s.keys, k)
	}
	s.short = nil
	return nil
}

// generate makes a key pair: its record has everything but times.
func generate(cfg *Config, sealer *Sealer, alg string) (storage.SigningKey, error) {
	signer, err := newSigner(alg, cfg.RSABits)
	if err != nil {
		return storage.SigningKey{}, err
	}
	kid, public, err := describe(alg, signer.Public())
	if err != nil {
		return storage.SigningKey{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return storage.SigningKey{}, err
	}
	defer clear(der)
	sealed, keyID, err := sealer.seal(cfg.Rand, der, sealedKey, alg, kid)
	if err != nil {
		return storage.SigningKey{}, err
	}
	return storage.SigningKey{KID: kid, Alg: alg, PublicJWK: public, Sealed: sealed, SealKeyID: keyID}, nil
}

// describe returns the key's thumbprint and its public JWK.
func describe(alg string, public crypto.PublicKey) (kid string, jwk []byte, err error) {
	k := jose.JSONWebKey{Key: public, Algorithm: alg, Use: "sig"}
	sum, err := k.Thumbprint(crypto.SHA256) // RFC 7638 §3
	if err != nil {
		return "", nil, err
	}
	k.KeyID = base64.RawURLEncoding.EncodeToString(sum)
	jwk, err = k.MarshalJSON()
	return k.KeyID, jwk, err
}

// isPublicPart says whether jwk is a public key with that thumbprint.
func isPublicPart(jwk []byte, kid string) bool {
	var k jose.JSONWebKey
	if k.UnmarshalJSON(jwk) != nil || !k.IsPublic() {
		return false
	}
	sum, err := k.Thumbprint(crypto.SHA256)
	return err == nil && base64.RawURLEncoding.EncodeToString(sum) == kid
}

// newSecret makes a service secret without CreatedAt. An id of "" means a random one.
func newSecret(random io.Reader, sealer *Sealer, id string) (storage.Secret, error) {
	raw := make([]byte, secretIDSize+secretSize)
	if _, err := io.ReadFull(random, raw); err != nil {
		return storage.Secret{}, fmt.Errorf("make secret: %w", err)
	}
	defer clear(raw)
	if id == "" {
		id = hex.EncodeToString(raw[:secretIDSize])
	}
	sealed, keyID, err := sealer.seal(random, raw[secretIDSize:], sealedSecret, "", id)
	if err != nil {
		return storage.Secret{}, err
	}
	return storage.Secret{ID: id, Sealed: sealed, SealKeyID: keyID}, nil
}
