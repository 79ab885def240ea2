package client

import (
	"maps"
	"slices"
	"strings"

	"latchkey/provider/oauth"
)

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// method checks how the client proves itself.
func (k *checker) method() {
	c := k.c
	k.oneOf("token_endpoint_auth_method", c.AuthMethod, AuthMethods(), k.s.AuthMethods)
	k.bad(k.public() && c.PKCEExempt, "pkce_exempt", "is set, but a public client always needs PKCE") // RFC 9700 §2.1.1
	if c.AuthAlg == "" {
		return
	}
	switch c.AuthMethod {
	case SecretJWTMethod:
		k.oneOf("token_endpoint_auth_signing_alg", c.AuthAlg, AssertionMACs(), nil)
	case KeyJWTMethod:
		k.oneOf("token_endpoint_auth_signing_alg", c.AuthAlg, AcceptedAlgs(), nil)
	default: // without assertions it says nothing, but must be a word that could (OpenID Connect Registration §2)
		k.oneOf("token_endpoint_auth_signing_alg", c.AuthAlg, append(AcceptedAlgs(), AssertionMACs()...), nil)
	}
}

func (k *checker) secrets() {
	c, needed := k.c, NeedsSecret(k.c)
	k.bad(k.public() && len(c.Secrets) > 0, "secrets", "has one, but the client's token_endpoint_auth_method is none")
	k.bad(!k.public() && !needed && len(c.Secrets) > 0, "secrets", "has one, but nothing of the client rests on it")
	k.bad(!k.public() && needed && len(c.Secrets) == 0, "secrets", "has none, but %s", k.needsSecret())
	k.bad(len(c.Secrets) > MaxSecrets, "secrets", "has %d; at most %d can be live", len(c.Secrets), MaxSecrets)
}

// needsSecret says what needs one.
func (k *checker) needsSecret() string {
	if strings.HasPrefix(k.c.AuthMethod, "client_secret_") {
		return "the client's token_endpoint_auth_method is " + k.c.AuthMethod
	}
	return "one of the client's algorithms is computed with it"
}

// grants checks grant types beside one another and beside response types (RFC 7591 §2.1, OpenID Connect Registration §2).
func (k *checker) grants() {
	c := k.c
	k.bad(len(c.GrantTypes) == 0, "grant_types", "has none")
	for _, g := range c.GrantTypes {
		k.oneOf("grant_types", g, GrantTypes(), k.s.GrantTypes)
	}
	k.bad(k.public() && k.has("client_credentials"), "grant_types", "has client_credentials, which a public client cannot use") // RFC 6749 §4.4
	k.bad(k.has("refresh_token") && !k.has("authorization_code") && !k.has(oauth.DeviceGrant), "grant_types",
		"has refresh_token without authorization_code or %s, which alone issue them", oauth.DeviceGrant)
	direct := k.answers("id_token") || k.answers("token")
	k.bad(k.answers("code") && !k.has("authorization_code"), "grant_types", "lacks authorization_code, which a response type with code needs")
	k.bad(direct && !k.has(implicitGrant), "grant_types", "lacks implicit, which a response type with id_token or token needs")
	k.bad(k.has("authorization_code") && !k.answers("code"), "response_types", "has none with code, which the authorization_code grant needs")
	k.bad(k.has(implicitGrant) && !direct, "response_types", "has none with id_token or token, which the implicit grant needs")
}

func (k *checker) responses() {
	for _, t := range k.c.ResponseTypes {
		k.oneOf("response_types", t, oauth.ResponseTypes(), k.s.ResponseTypes)
	}
	for _, m := range k.c.ResponseModes {
		k.oneOf("response_modes", m, oauth.ResponseModes(), nil)
	}
}

// resources checks what the client may ask for.
func (k *checker) resources() {
	c := k.c
	k.bad(len(c.Scopes) > oauth.MaxScopes, "scope", "has more than %d", oauth.MaxScopes)
	for _, scope := range c.Scopes {
		k.badValue(scope == "" || len(scope) > oauth.MaxScopeBytes || strings.ContainsFunc(scope, notToken), "scope", scope, "is no scope") // RFC 6749 §3.3
	}
	k.bad(len(c.Audiences) > MaxListed, "audiences", "has more than %d", MaxListed)
	for _, resource := range c.Audiences {
		k.badValue(oauth.CheckResource(resource) != nil, "audiences", resource, "is no absolute URI without fragment") // RFC 8707 §2
	}
	k.badValue(c.DefaultAudience != "" && oauth.CheckResource(c.DefaultAudience) != nil, "default_audience", c.DefaultAudience, "is no absolute URI without fragment")
	for field, ttl := range map[string]bool{"access_token_ttl": c.AccessTokenTTL < 0, "id_token_ttl": c.IDTokenTTL < 0, "refresh_token_ttl": c.RefreshTokenTTL < 0} {
		k.bad(ttl, field, "is negative")
	}
}
