package client

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// Bounds of a client's JWK Set.
const (
	maxJWKS    = 32 << 10
	maxKeys    = 20
	minRSABits = 2048 // RFC 7518 §3.3
	maxRSABits = 8192
)

// keys checks the client's keys, and that there are some where they are needed.
func (k *checker) keys() {
	c := k.c
	k.bad(c.JWKS != nil && c.JWKSURI != "", "jwks_uri", "is given beside jwks; only one of them can be") // RFC 7591 §2
	k.bad(c.AuthMethod == KeyJWTMethod && c.JWKS == nil && c.JWKSURI == "" && c.Federated == nil && c.Forward == nil, "jwks", "is missing, and so is jwks_uri, but the client's token_endpoint_auth_method is private_key_jwt")
	if c.JWKSURI != "" {
		problem := k.fetched(c.JWKSURI)
		k.badValue(problem != "", "jwks_uri", c.JWKSURI, "%s", problem)
	}
	if c.JWKS == nil {
		return
	}
	algs, problem := keySetAlgs(c.JWKS)
	if problem != "" {
		k.bad(true, "jwks", "%s", problem)
		return
	}
	if c.AuthMethod == KeyJWTMethod {
		k.bad(len(algs) == 0, "jwks", "has no key that can verify signatures, but the client's token_endpoint_auth_method is private_key_jwt")
		k.bad(len(algs) > 0 && known(c.AuthAlg) && !slices.Contains(algs, CanonicalAlg(c.AuthAlg)), "jwks", "has no key for token_endpoint_auth_signing_alg")
	}
	k.bad(known(c.RequestObjectAlg) && !slices.Contains(algs, CanonicalAlg(c.RequestObjectAlg)), "jwks", "has no key for request_object_signing_alg")
}

func known(alg string) bool { return slices.Contains(AcceptedAlgs(), alg) }

// keySetAlgs reads a JWK Set and lists the algorithms that its keys can verify. The problem completes "jwks …". Keys of a kind that nobody here knows
// are no fault (RFC 7517 §5); private ones are.
func keySetAlgs(raw []byte) (algs []string, problem string) {
	if len(raw) > maxJWKS {
		return nil, "is longer than 32 KiB"
	}
	v, err := StrictJSON(raw)
	set, ok := v.(map[string]any)
	if err != nil || !ok {
		return nil, "is no JWK Set"
	}
	list, ok := set["keys"].([]any)
	if !ok {
		return nil, "is no JWK Set: it has no array of keys" // RFC 7517 §5
	}
	if len(list) > maxKeys {
		return nil, "has more than 20 keys"
	}
	for _, item := range list {
		one, ok := item.(map[string]any)
		if !ok {
			return nil, "has a key that is no JSON object"
		}
		if problem := keyProblem(one); problem != "" {
			return nil, problem
		}
		algs = append(algs, keyAlgs(one)...)
	}
	return algs, ""
}

// keyProblem refuses what must not be in a public document, and keys that are broken or weak.
func keyProblem(key map[string]any) string {
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} { // RFC 7518 §6
		if _, has := key[private]; has {
			return "has a private or symmetric key: it is to be thought of as stolen" // RFC 7591 §2
		}
	}
	if key["kty"] == "oct" {
		return "has a symmetric key"
	}
	if kty, ok := key["kty"].(string); !ok || kty == "" {
		return "has a key without kty" // RFC 7517 §4.1
	}
	if !isKnownKey(key) {
		return ""
	}
	public := publicKey(key)
	if public == nil {
		return "has a key that cannot be read"
	}
	if r, ok := public.(*rsa.PublicKey); ok && (r.N.BitLen() < minRSABits || r.N.BitLen() > maxRSABits) {
		return "has an RSA key of fewer than 2048 or more than 8192 bits"
	}
	return ""
}

// isKnownKey: kinds and curves of [SignatureAlgs].
func isKnownKey(key map[string]any) bool {
	crv, _ := key["crv"].(string)
	switch key["kty"] {
	case "RSA":
		return true
	case "EC":
		return slices.Contains([]string{"P-256", "P-384", "P-521"}, crv)
	case "OKP":
		return crv == "Ed25519"
	}
	return false
}

func publicKey(key map[string]any) any {
	raw, err := json.Marshal(key)
	if err != nil {
		return nil
	}
	var jwk jose.JSONWebKey
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&jwk); err != nil || !jwk.Valid() || !jwk.IsPublic() {
		return nil
	}
	return jwk.Key
}

// keyAlgs lists what a key that [keyProblem] let through can verify.
func keyAlgs(key map[string]any) (algs []string) {
	if !isKnownKey(key) || key["use"] == "enc" { // RFC 7517 §4.2
		return nil
	}
	if ops, ok := key["key_ops"].([]any); ok && !slices.Contains(ops, any("verify")) { // RFC 7517 §4.3
		return nil
	}
	switch public := publicKey(key).(type) {
	case *rsa.PublicKey:
		algs = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	case *ecdsa.PublicKey:
		algs = []string{map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[public.Curve.Params().BitSize]}
	case ed25519.PublicKey:
		algs = []string{"EdDSA"}
	}
	if alg, ok := key["alg"].(string); ok && alg != "" { // RFC 7517 §4.4
		return slices.DeleteFunc(algs, func(a string) bool { return a != CanonicalAlg(alg) })
	}
	return algs
}
