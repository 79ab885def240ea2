package validator

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // RS384, ES512 and their like
	"encoding/base64"
	"encoding/json"
	"fmt"

	jose "github.com/go-jose/go-jose/v4"
)

var b64 = base64.RawURLEncoding

// key is one that signs. It prints without its private part, for nothing prints it but its kid.
type key struct {
	kid, alg string
	private  crypto.Signer
	// jwk is the public part.
	jwk json.RawMessage
}

// newKey makes one for an algorithm of RFC 7518 §3.1 or RFC 8037 §3.1. Its kid is the thumbprint (RFC 7638) unless one is given.
func newKey(alg, kid string) (*key, error) {
	k := &key{alg: alg}
	var err error
	switch alg {
	case "ES256":
		k.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		k.private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		k.private, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, k.private, err = ed25519.GenerateKey(rand.Reader)
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		k.private, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		return nil, fmt.Errorf("%w: alg %q is none that this issuer signs with", ErrRequest, alg)
	}
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	public := jose.JSONWebKey{Key: k.private.Public(), KeyID: kid, Algorithm: alg, Use: "sig"}
	if kid == "" {
		sum, err := public.Thumbprint(crypto.SHA256)
		if err != nil {
			return nil, fmt.Errorf("name a key: %w", err)
		}
		public.KeyID = b64.EncodeToString(sum)
	}
	k.kid = public.KeyID
	if k.jwk, err = public.MarshalJSON(); err != nil {
		return nil, fmt.Errorf("write a key: %w", err)
	}
	return k, nil
}

// hashOf is the hash of an algorithm by its last three characters.
func hashOf(alg string) crypto.Hash {
	switch alg[len(alg)-3:] {
	case "384":
		return crypto.SHA384
	case "512":
		return crypto.SHA512
	}
	return crypto.SHA256
}

// sign makes the signature of RFC 7518 §3 or RFC 8037 §3.1 by an algorithm that may be another than the key's own.
func (k *key) sign(alg string, input []byte) ([]byte, error) {
	if p, ok := k.private.(ed25519.PrivateKey); ok {
		return ed25519.Sign(p, input), nil
	}
	hash := hashOf(alg)
	h := hash.New()
	h.Write(input)
	sum := h.Sum(nil)
	switch p := k.private.(type) {
	case *rsa.PrivateKey:
		if alg[0] == 'P' {
			return rsa.SignPSS(rand.Reader, p, hash, sum, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) // RFC 7518 §3.5
		}
		return rsa.SignPKCS1v15(rand.Reader, p, hash, sum)
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, p, sum)
		if err != nil {
			return nil, err
		}
		size := (p.Params().BitSize + 7) / 8
		out := make([]byte, 2*size) // RFC 7518 §3.4
		r.FillBytes(out[:size])
		s.FillBytes(out[size:])
		return out, nil
	}
	return nil, fmt.Errorf("no signature with %s", alg)
}

// der is the signature as ASN.1, which JWS never has (RFC 7518 §3.4).
func (k *key) der(input []byte) ([]byte, error) {
	h := hashOf(k.alg).New()
	h.Write(input)
	return k.private.Sign(rand.Reader, h.Sum(nil), hashOf(k.alg))
}

// input is what is signed (RFC 7515 §5.1).
func input(head, payload []byte) []byte {
	return []byte(b64.EncodeToString(head) + "." + b64.EncodeToString(payload))
}

// compact is the whole (RFC 7515 §7.1).
func compact(in, signature []byte) string { return string(in) + "." + b64.EncodeToString(signature) }

// hmacSHA256 is HS256.
func hmacSHA256(secret, in []byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write(in)
	return m.Sum(nil)
}
