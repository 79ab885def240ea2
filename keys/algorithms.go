package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.SHA256
	_ "crypto/sha512" // for crypto.SHA384 and crypto.SHA512
	"fmt"
	"slices"
)

// The algorithms a ring can have (RFC 7518 §3.1, RFC 8037 §3.1).
const (
	RS256 = "RS256"
	RS384 = "RS384"
	RS512 = "RS512"
	PS256 = "PS256"
	PS384 = "PS384"
	PS512 = "PS512"
	ES256 = "ES256"
	ES384 = "ES384"
	ES512 = "ES512"
	EdDSA = "EdDSA"
)

// algorithm is how one of them signs.
type algorithm struct {
	name string
	// hash is 0 for EdDSA, which signs the message itself.
	hash crypto.Hash
	// pss: an RSA key signs with PSS, not with PKCS #1 v1.5.
	pss bool
	// curve is nil for keys that are on none of those of NIST.
	curve elliptic.Curve
}

// algorithms in the order in which rings are shown.
var algorithms = []algorithm{
	{name: RS256, hash: crypto.SHA256},
	{name: RS384, hash: crypto.SHA384},
	{name: RS512, hash: crypto.SHA512},
	{name: PS256, hash: crypto.SHA256, pss: true},
	{name: PS384, hash: crypto.SHA384, pss: true},
	{name: PS512, hash: crypto.SHA512, pss: true},
	{name: ES256, hash: crypto.SHA256, curve: elliptic.P256()},
	{name: ES384, hash: crypto.SHA384, curve: elliptic.P384()},
	{name: ES512, hash: crypto.SHA512, curve: elliptic.P521()}, // RFC 7518 §3.4: P-521
	{name: EdDSA},
}

// Algorithms lists every algorithm that a ring can have.
func Algorithms() []string {
	var names []string
	for _, a := range algorithms {
		names = append(names, a.name)
	}
	return names
}

// algRank orders rings as they are shown; -1 for what is no algorithm of ours.
func algRank(alg string) int {
	return slices.IndexFunc(algorithms, func(a algorithm) bool { return a.name == alg })
}

func algorithmOf(alg string) (algorithm, error) {
	i := algRank(alg)
	if i < 0 {
		return algorithm{}, fmt.Errorf("unknown algorithm %q", alg)
	}
	return algorithms[i], nil
}

// newSigner makes a private key for it.
func newSigner(alg string, rsaBits int) (crypto.Signer, error) {
	a, err := algorithmOf(alg)
	switch {
	case err != nil:
		return nil, err
	case a.curve != nil:
		return ecdsa.GenerateKey(a.curve, rand.Reader)
	case a.hash != 0:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return key, err
}

// fits says whether the key can sign with it.
func (a algorithm) fits(signer crypto.Signer) bool {
	switch k := signer.(type) {
	case *rsa.PrivateKey:
		return a.hash != 0 && a.curve == nil
	case *ecdsa.PrivateKey:
		return a.curve != nil && k.Curve == a.curve
	case ed25519.PrivateKey:
		return a.hash == 0
	}
	return false
}

// sign makes a signature in the form of JWS, with a key that fits (RFC 7518 §3.3 to §3.5, RFC 8037 §3.1).
func (a algorithm) sign(signer crypto.Signer, input []byte) ([]byte, error) {
	var digest []byte
	if a.hash != 0 {
		h := a.hash.New()
		h.Write(input)
		digest = h.Sum(nil)
	}
	switch private := signer.(type) {
	case *rsa.PrivateKey:
		if a.pss {
			return rsa.SignPSS(rand.Reader, private, a.hash, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) // RFC 7518 §3.5
		}
		return rsa.SignPKCS1v15(rand.Reader, private, a.hash, digest)
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, digest)
		if err != nil {
			return nil, err
		}
		size := (a.curve.Params().BitSize + 7) / 8 // RFC 7518 §3.4: both numbers in full length
		signature := make([]byte, 2*size)
		r.FillBytes(signature[:size])
		s.FillBytes(signature[size:])
		return signature, nil
	case ed25519.PrivateKey:
		return ed25519.Sign(private, input), nil
	}
	return nil, fmt.Errorf("no signature is known for %T", signer)
}
