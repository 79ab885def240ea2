package client

import "strings"

// SignatureAlgs lists the algorithms of signatures with a key pair that can be served (RFC 7518 §3.1, RFC 8037 §3.1).
func SignatureAlgs() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// ed25519Alg is the name that RFC 9864 §2.2 gives to what EdDSA means with the one curve served: the same signature.
const ed25519Alg = "Ed25519"

// AcceptedAlgs lists what clients may sign with: [SignatureAlgs], and the newer name of the last.
func AcceptedAlgs() []string { return append(SignatureAlgs(), ed25519Alg) }

// CanonicalAlg is the one name that we go by where an algorithm has two (RFC 9864 §2.2).
func CanonicalAlg(alg string) string {
	if alg == ed25519Alg {
		return "EdDSA"
	}
	return alg
}

// macAlg is the one algorithm with a client's secret of what we sign. Request objects are signed with keys alone.
const macAlg = "HS256"

func isMAC(alg string) bool { return alg == macAlg }

// algorithms checks what the client's tokens and answers are signed with.
func (k *checker) algorithms() {
	c := k.c
	for _, one := range []struct {
		field, alg string
		mac        bool
	}{
		{"id_token_signed_response_alg", c.IDTokenAlg, true}, // "none" is never served (OpenID Connect Registration §2)
		{"userinfo_signed_response_alg", c.UserinfoAlg, true},
		{"introspection_signed_response_alg", c.IntrospectionAlg, true}, // RFC 9701 §6
		{"access_token_alg", c.AccessTokenAlg, false},                   // whoever takes it knows our keys, not the client's secret
	} {
		switch {
		case one.alg == "":
		case one.mac && isMAC(one.alg):
			k.badValue(k.public(), one.field, one.alg, "needs a secret, which a public client has not") // OpenID Connect Core §10.1
		default:
			k.oneOf(one.field, one.alg, SignatureAlgs(), k.s.Algs)
		}
	}
}

// requests checks what concerns request objects and what is asked for where a request is silent.
func (k *checker) requests() {
	c := k.c
	keyed := c.JWKS != nil || c.JWKSURI != ""
	if alg := c.RequestObjectAlg; alg != "" {
		k.oneOf("request_object_signing_alg", alg, AcceptedAlgs(), nil)
		k.badValue(known(alg) && !keyed, "request_object_signing_alg", alg, "needs jwks or jwks_uri to verify signatures with")
	} else {
		k.bad(c.RequireSignedRequest && !keyed, "require_signed_request_object", "is set, but there is neither jwks nor jwks_uri to verify signatures with") // RFC 9101 §10.5
	}
	k.bad(c.HasDefaultMaxAge && c.DefaultMaxAge < 0, "default_max_age", "is negative")
	k.list("default_acr_values", c.DefaultACRValues, MaxText)
	k.bad(len(c.RequestURIs) > MaxListed, "request_uris", "has more than %d", MaxListed)
	for _, uri := range c.RequestURIs {
		bare, _, _ := strings.Cut(uri, "#") // the fragment is a digest (OpenID Connect Core §6.2)
		problem := secureURI(bare)          // https, whatever network it is in (RFC 9101 §10.4.1)
		if len(uri) > maxRequestURI {
			problem = "is longer than 512 bytes" // OpenID Connect Core §6.2
		}
		k.badValue(problem != "", "request_uris", uri, "%s", problem)
	}
}

const maxRequestURI = 512
