package validator

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
)

var signatureKinds = []Kind{
	{Name: "altered-payload", Rule: RuleSignature, Expect: Refuse, Clause: "RFC 7515 §5.2", Wrong: "the subject was changed, the signature is that of before", make: func(f *forge) (string, error) {
		t, err := f.good()
		parts := strings.Split(t, ".")
		parts[1] = b64.EncodeToString(f.claims().with(object{"sub": "somebody-else"}).json())
		return strings.Join(parts, "."), err
	}},
	{Name: "altered-header", Rule: RuleSignature, Expect: Refuse, Clause: "RFC 7515 §5.2", Wrong: "the header has one more member than was signed", make: func(f *forge) (string, error) {
		t, err := f.good()
		_, rest, _ := strings.Cut(t, ".")
		return b64.EncodeToString(f.head().with(object{"x": 1}).json()) + "." + rest, err
	}},
	{Name: "altered-signature", Rule: RuleSignature, Expect: Refuse, Clause: "RFC 7515 §5.2", Wrong: "one bit of the signature is another", make: signatureOf(func(s []byte) []byte {
		s[len(s)/2] ^= 1
		return s
	})},
	{Name: "truncated", Rule: RuleSignature, Expect: Refuse, Clause: "RFC 7515 §5.2", Wrong: "the last eight bytes of the signature are missing", make: signatureOf(func(s []byte) []byte { return s[:len(s)-8] })},
	{Name: "longer-signature", Rule: RuleSignature, Expect: Refuse, Clause: "RFC 7518 §3.4", Wrong: "there are three bytes behind the signature", make: signatureOf(func(s []byte) []byte { return append(s, 0, 0, 0) })},
	{Name: "empty-signature", Rule: RuleSignature, Expect: Refuse, Clause: "RFC 7515 §5.2", Wrong: "the signature is empty", make: signatureOf(func([]byte) []byte { return nil })},
	{Name: "psychic-signature", Rule: RuleSignature, Expect: Refuse, Clause: "RFC 7518 §3.4", Wrong: "ES256 with r = 0 and s = 0, which fits any text where nobody looks (CVE-2022-21449)", make: func(f *forge) (string, error) {
		k, err := f.signerOf("ES256")
		if err != nil {
			return "", err
		}
		return compact(input(f.head().with(object{"alg": "ES256", "kid": k.kid}).json(), f.claims().json()), make([]byte, 64)), nil
	}},
	{Name: "der-signature", Rule: RuleSignature, Expect: Refuse, Clause: "RFC 7518 §3.4", Wrong: "ES256 with the signature in ASN.1", make: func(f *forge) (string, error) {
		k, err := f.signerOf("ES256")
		if err != nil {
			return "", err
		}
		in := input(f.head().with(object{"alg": "ES256", "kid": k.kid}).json(), f.claims().json())
		sig, err := k.der(in)
		return compact(in, sig), err
	}},
}

// signatureOf changes the bytes of the signature.
func signatureOf(change func([]byte) []byte) func(*forge) (string, error) {
	return func(f *forge) (string, error) {
		t, err := f.good()
		if err != nil {
			return "", err
		}
		at := strings.LastIndexByte(t, '.') + 1
		sig, err := b64.DecodeString(t[at:])
		return t[:at] + b64.EncodeToString(change(sig)), err
	}
}

var algorithmKinds = []Kind{
	{Name: "none", Rule: RuleAlgorithm, Expect: Refuse, Clause: "RFC 9068 §4", Wrong: "alg is none, and there is no signature", make: unsigned("none")},
	{Name: "none-capital", Rule: RuleAlgorithm, Expect: Refuse, Clause: "RFC 8725 §2.1", Wrong: "alg is None", make: unsigned("None")},
	{Name: "none-upper", Rule: RuleAlgorithm, Expect: Refuse, Clause: "RFC 8725 §2.1", Wrong: "alg is NONE", make: unsigned("NONE")},
	{Name: "none-mixed", Rule: RuleAlgorithm, Expect: Refuse, Clause: "RFC 8725 §2.1", Wrong: "alg is nOnE", make: unsigned("nOnE")},
	{Name: "no-alg", Rule: RuleAlgorithm, Expect: Refuse, Clause: "RFC 7515 §4.1.1", Wrong: "there is no alg, and no signature", make: func(f *forge) (string, error) {
		return compact(input(f.head().with(object{"alg": nil}).json(), f.claims().json()), nil), nil
	}},
	{Name: "hmac-pem", Rule: RuleAlgorithm, Expect: Refuse, Clause: "RFC 8725 §2.1", Wrong: "HS256 with the public key as PEM for the secret", make: hmacWith(func(f *forge) ([]byte, *key, error) { return publicPEM(f.key) })},
	{Name: "hmac-rsa-pem", Rule: RuleAlgorithm, Expect: Refuse, Clause: "RFC 8725 §2.1", Wrong: "HS256 with the issuer's RSA key as PEM for the secret", make: hmacWith(func(f *forge) ([]byte, *key, error) {
		k, err := f.signerOf("RS256")
		if err != nil {
			return nil, nil, err
		}
		return publicPEM(k)
	})},
	{Name: "hmac-jwk", Rule: RuleAlgorithm, Expect: Refuse, Clause: "RFC 8725 §2.1", Wrong: "HS256 with the public key as JWK for the secret", make: hmacWith(func(f *forge) ([]byte, *key, error) { return f.key.jwk, f.key, nil })},
	{Name: "hmac-empty", Rule: RuleAlgorithm, Expect: Refuse, Clause: "RFC 8725 §2.1", Wrong: "HS256 with an empty secret", make: hmacWith(func(f *forge) ([]byte, *key, error) { return nil, f.key, nil })},
	{Name: "other-alg", Rule: RuleAlgorithm, Expect: Refuse, Clause: "RFC 8725 §3.1", Wrong: "PS256 with a key that is for RS256", make: func(f *forge) (string, error) {
		k, err := f.signerOf("RS256")
		if err != nil {
			return "", err
		}
		in := input(f.head().with(object{"alg": "PS256", "kid": k.kid}).json(), f.claims().json())
		sig, err := k.sign("PS256", in)
		return compact(in, sig), err
	}},
}

func unsigned(alg string) func(*forge) (string, error) {
	return func(f *forge) (string, error) {
		return compact(input(f.head().with(object{"alg": alg}).json(), f.claims().json()), nil), nil
	}
}

func publicPEM(k *key) ([]byte, *key, error) {
	der, err := x509.MarshalPKIXPublicKey(k.private.Public())
	if err != nil {
		return nil, nil, fmt.Errorf("write the public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), k, nil
}

func hmacWith(secret func(*forge) ([]byte, *key, error)) func(*forge) (string, error) {
	return func(f *forge) (string, error) {
		s, k, err := secret(f)
		if err != nil {
			return "", err
		}
		in := input(f.head().with(object{"alg": "HS256", "kid": k.kid}).json(), f.claims().json())
		return compact(in, hmacSHA256(s, in)), nil
	}
}

var keyKinds = []Kind{
	{Name: "unknown-kid", Rule: RuleKey, Expect: Refuse, Clause: "RFC 7515 §4.1.4", Wrong: "signed by a key that was never published, with its own kid", make: func(f *forge) (string, error) {
		k, err := newKey(f.Alg, "")
		if err != nil {
			return "", err
		}
		return f.raw(f.head().with(object{"kid": k.kid}).json(), f.claims().json(), k)
	}},
	{Name: "foreign-key", Rule: RuleSignature, Expect: Refuse, Clause: "RFC 7515 §5.2", Wrong: "signed by another issuer's key with the same kid", make: func(f *forge) (string, error) {
		k, err := f.foreignOf(f.key)
		if err != nil {
			return "", err
		}
		return f.raw(f.head().json(), f.claims().json(), k)
	}},
	{Name: "revoked-key", Rule: RuleKey, Expect: Refuse, Clause: "OpenID Connect Core §10.1.1", Wrong: "signed by a key that was published once and is not any more", make: func(f *forge) (string, error) {
		k, err := f.withdrawnOf(f.Alg)
		if err != nil {
			return "", err
		}
		return f.raw(f.head().with(object{"kid": k.kid}).json(), f.claims().json(), k)
	}},
	{Name: "kid-path", Rule: RuleKey, Expect: Refuse, Clause: "RFC 8725 §3.10", Wrong: "HS256 with an empty secret, and a kid that is the path of an empty file", make: func(f *forge) (string, error) {
		in := input(f.head().with(object{"alg": "HS256", "kid": "../../../../../../../../dev/null"}).json(), f.claims().json())
		return compact(in, hmacSHA256(nil, in)), nil
	}},
	{Name: "embedded-jwk", Rule: RuleKey, Expect: Refuse, Clause: "RFC 7515 §4.1.3", Wrong: "signed by an intruder, whose key stands in the header as jwk", make: brought(func(f *forge) object { return object{"jwk": f.intruder.key.jwk} })},
	{Name: "embedded-x5c", Rule: RuleKey, Expect: Refuse, Clause: "RFC 7515 §4.1.6", Wrong: "signed by an intruder, whose certificate stands in the header as x5c", make: brought(func(f *forge) object { return object{"x5c": f.intruder.x5c()} })},
	{Name: "jku", Rule: RuleKey, Expect: Refuse, Clause: "RFC 8725 §3.10", Wrong: "signed by an intruder, whose set of keys is at the address in jku", make: brought(func(f *forge) object { return object{"jku": f.KeysAt + "/jwks.json"} })},
	{Name: "x5u", Rule: RuleKey, Expect: Refuse, Clause: "RFC 8725 §3.10", Wrong: "signed by an intruder, whose certificate is at the address in x5u", make: brought(func(f *forge) object { return object{"x5u": f.KeysAt + "/cert.pem"} })},
	{Name: "no-kid", Rule: RuleKey, Expect: Either, Clause: "RFC 7515 §4.1.4", Wrong: "good, but without kid: whoever tries all keys finds the right one", make: headed(func(*forge) object { return object{"kid": nil} })},
}

// brought is a token that brings its key along.
func brought(how func(*forge) object) func(*forge) (string, error) {
	return func(f *forge) (string, error) {
		k := f.intruder.key
		head := f.head().with(object{"alg": k.alg, "kid": k.kid}).with(how(f))
		return f.raw(head.json(), f.claims().json(), k)
	}
}

// fetched are the kinds that name an address.
var fetched = []string{"jku", "x5u"}

// fetches tells whether a validator that obeyed the token would fetch something.
func (k Kind) fetches() bool { return slices.Contains(fetched, k.Name) }
