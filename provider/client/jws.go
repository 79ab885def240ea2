package client

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	_ "crypto/sha256" // the digests of RFC 7518 §3.1
	_ "crypto/sha512"
	"errors"
	"math/big"
	"strings"

	"latchkey/provider/oauth"
)

// MaxSignedBytes caps what a client signed, before anything of it is parsed.
const MaxSignedBytes = 8 << 10

// Header is what a JWS of a client says of itself. jku, x5u, jwk and x5c are never read: keys come from the client's metadata alone.
type Header struct{ Alg, KeyID, Type string }

// jws is a compact JWS, taken apart, of which nothing is proved yet.
type jws struct {
	Header
	// input is what was signed.
	input, payload, signature []byte
}

// parseJWS takes a compact JWS apart (RFC 7515 §7.1): three parts of strict base64url, and a header whose names are exact and unique.
func parseJWS(raw string) (jws, error) {
	var j jws
	if len(raw) > MaxSignedBytes {
		return j, errors.New("longer than 8 KiB")
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return j, errors.New("not three parts")
	}
	var decoded [3][]byte
	for n, part := range parts {
		var err error
		if decoded[n], err = oauth.DecodeBase64(part); err != nil {
			return j, errors.New("not base64url")
		}
	}
	h, err := ParseMetadata(decoded[0])
	if err != nil {
		return j, errors.New("malformed header")
	}
	if _, has := h["crit"]; has { // RFC 7515 §4.1.11: none is understood
		return j, errors.New("crit")
	}
	for name, to := range map[string]*string{"alg": &j.Alg, "kid": &j.KeyID, "typ": &j.Type} { // RFC 7515 §4.1.1, §4.1.4, §4.1.9
		v, has := h[name]
		s, ok := v.(string)
		if has && !ok {
			return j, errors.New(name + " is no string")
		}
		*to = s
	}
	j.Alg = CanonicalAlg(j.Alg)
	j.input, j.payload, j.signature = []byte(raw[:len(raw)-len(parts[2])-1]), decoded[1], decoded[2]
	return j, nil
}

// digest is the hash of an algorithm whose name ends with its size (RFC 7518 §3.1); 0 if there is none.
func digest(alg string) crypto.Hash {
	switch {
	case strings.HasSuffix(alg, "256"):
		return crypto.SHA256
	case strings.HasSuffix(alg, "384"):
		return crypto.SHA384
	case strings.HasSuffix(alg, "512"):
		return crypto.SHA512
	}
	return 0
}

// signedBy checks the signature. The key must be one that fits the algorithm (see [clientKey]).
func (j jws) signedBy(public crypto.PublicKey) bool {
	if k, ok := public.(ed25519.PublicKey); ok { // RFC 8037 §3.1
		return ed25519.Verify(k, j.input, j.signature)
	}
	hash := digest(j.Alg)
	if hash == 0 {
		return false
	}
	h := hash.New()
	h.Write(j.input)
	sum := h.Sum(nil)
	switch k := public.(type) {
	case *rsa.PublicKey:
		if strings.HasPrefix(j.Alg, "PS") { // RFC 7518 §3.5
			return rsa.VerifyPSS(k, hash, sum, j.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return rsa.VerifyPKCS1v15(k, hash, sum, j.signature) == nil // RFC 7518 §3.3
	case *ecdsa.PublicKey:
		size := (k.Curve.Params().BitSize + 7) / 8
		if len(j.signature) != 2*size { // RFC 7518 §3.4
			return false
		}
		return ecdsa.Verify(k, sum, new(big.Int).SetBytes(j.signature[:size]), new(big.Int).SetBytes(j.signature[size:]))
	}
	return false
}

// macBy checks a MAC, in constant time.
func (j jws) macBy(secret []byte) bool {
	hash := digest(j.Alg)
	h := hmac.New(hash.New, secret)
	h.Write(j.input)
	// A key shorter than the digest is none (RFC 7518 §3.2).
	return hmac.Equal(h.Sum(nil), j.signature) && len(secret) >= hash.Size()
}
