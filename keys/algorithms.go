package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // for crypto.SHA384 and crypto.SHA512
	"errors"
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
	switch a.hash {
	case 0:
	case crypto.SHA256:
		sum := sha256.Sum256(input)
		digest = sum[:]
	default:
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
		der, err := ecdsa.SignASN1(rand.Reader, private, digest)
		if err != nil {
			return nil, err
		}
		return fixedLength(der, a.numberSize())
	case ed25519.PrivateKey:
		return ed25519.Sign(private, input), nil
	}
	return nil, fmt.Errorf("no signature is known for %T", signer)
}

// signatureSize is the length of the signatures of a key that fits, in bytes.
func (a algorithm) signatureSize(signer crypto.Signer) int {
	switch private := signer.(type) {
	case *rsa.PrivateKey:
		return private.Size()
	case *ecdsa.PrivateKey:
		return 2 * a.numberSize()
	}
	return ed25519.SignatureSize
}

// numberSize is the length of each of the two numbers of a signature of ECDSA, in bytes.
func (a algorithm) numberSize() int { return (a.curve.Params().BitSize + 7) / 8 }

// errDER cannot come from the standard library's signatures.
var errDER = errors.New("not a signature in DER")

// fixedLength turns a signature from ASN.1, the only form that crypto/ecdsa makes without big integers, into that of JWS: both numbers in full
// length of size bytes (RFC 7518 §3.4).
func fixedLength(der []byte, size int) ([]byte, error) {
	pair, rest, ok := derValue(der, 0x30) // SEQUENCE
	if !ok || len(rest) > 0 {
		return nil, errDER
	}
	out := make([]byte, 2*size)
	for at := size; at <= 2*size; at += size {
		var number []byte
		if number, pair, ok = derValue(pair, 0x02); !ok { // INTEGER
			return nil, errDER
		}
		for len(number) > 0 && number[0] == 0 {
			number = number[1:]
		}
		if len(number) > size {
			return nil, errDER
		}
		copy(out[at-len(number):at], number)
	}
	if len(pair) > 0 {
		return nil, errDER
	}
	return out, nil
}

// derValue takes the value with that tag from the front. Lengths of more than 255 bytes are none of a signature's.
func derValue(b []byte, tag byte) (value, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != tag {
		return nil, nil, false
	}
	n, b := int(b[1]), b[2:]
	if n == 0x81 && len(b) > 0 {
		n, b = int(b[0]), b[1:]
	} else if n > 0x7f {
		return nil, nil, false
	}
	if n > len(b) {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}
