package token

import (
	"crypto"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/keys"
	"latchkey/storage"
)

// hashOf is the hash that goes with an algorithm (RFC 7518 §3.1; RFC 8032 §5.1 has SHA-512 in Ed25519).
func hashOf(alg string) crypto.Hash {
	switch {
	case alg == "EdDSA", strings.HasSuffix(alg, "512"):
		return crypto.SHA512
	case strings.HasSuffix(alg, "384"):
		return crypto.SHA384
	}
	return crypto.SHA256
}

// half is the left half of a hash, reckoned here anew.
func half(alg, s string) string {
	h := hashOf(alg).New()
	h.Write([]byte(s))
	sum := h.Sum(nil)
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

func TestAlgorithms(t *testing.T) {
	i, rings := realIssuer(t)
	for _, alg := range append(keys.Algorithms(), HS256) {
		t.Run(alg, func(t *testing.T) {
			a := authorization()
			a.Client.ID, a.Client.IDTokenAlg, a.Code = "hmac", alg, "the code"
			if alg != HS256 {
				a.Client.AccessTokenAlg = alg
			}
			ans, err := i.Issue(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			header, claims := checked(t, rings, alg, ans.IDToken)
			if _, has := header["kid"]; has == (alg == HS256) || header["typ"] != "JWT" || header["alg"] != alg {
				t.Error("OpenID Connect Core §10.1", header)
			}
			if claims["at_hash"] != half(alg, ans.AccessToken) || claims["c_hash"] != half(alg, "the code") {
				t.Error("OpenID Connect Core §3.1.3.6, §3.3.2.11", claims)
			}
			if alg == HS256 {
				return
			}
			if header, _ = checked(t, rings, alg, ans.AccessToken); header["typ"] != AccessType {
				t.Error("RFC 9068 §2.1", header)
			}
			if got, err := i.VerifyAccess(ans.AccessToken); err != nil || got.GrantID() != "AAAAAAAAAAAAAAAAAAAAAA" {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
	t.Run("OpenID Connect Registration §2 RS256 where nothing is registered", func(t *testing.T) {
		ans, err := i.Issue(t.Context(), authorization())
		if err != nil {
			t.Fatal(err)
		}
		if h, _ := parts(t, ans.IDToken); h["alg"] != "RS256" {
			t.Error(h)
		}
	})
	for name, c := range map[string]storage.Client{
		"RFC 8725 §3.1 alg none":                     {ID: "app", IDTokenAlg: "none"},
		"RFC 7518 §3.1 HS384 is not served":          {ID: "hmac", IDTokenAlg: "HS384"},
		"OpenID Connect Core §10.1 HS256, no secret": {ID: "app", IDTokenAlg: HS256},
		"RFC 7518 §3.1 an access token with HS256":   {ID: "hmac", AccessTokenAlg: HS256},
		"RFC 7518 §3.1 an unsigned access token":     {ID: "hmac", AccessTokenAlg: "none"},
	} {
		a := authorization()
		a.Client = &c
		if ans, err := i.Issue(t.Context(), a); err == nil {
			t.Errorf("%s: %+v", name, ans)
		}
	}
}

func TestAnnouncedAlgorithms(t *testing.T) {
	i, _ := realIssuer(t)
	all := append(keys.Algorithms(), HS256)
	for name, got := range map[string][]string{"ID token": i.IDTokenAlgs(), "userinfo": i.UserinfoAlgs(), "introspection": i.IntrospectionAlgs()} {
		if d := cmp.Diff(all, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if d := cmp.Diff(keys.Algorithms(), i.AccessAlgs()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"RS256", "ES256", "EdDSA"}, issuer(newRing(t)).IDTokenAlgs()); d != "" {
		t.Error("HS256 is announced, and nobody keeps secrets", d)
	}
}

// TestIssueParts has what goes with what (OpenID Connect Core §3.2.2.5, §3.3.2.5).
func TestIssueParts(t *testing.T) {
	i, _ := realIssuer(t)
	for _, c := range []struct {
		name                                 string
		code                                 string
		noAccess                             bool
		access, atHash, cHash, scope, expire bool
	}{
		{"OpenID Connect Core §3.1.3.3 at the token endpoint", "", false, true, true, false, true, true},
		{"OpenID Connect Core §3.2.2.10 id_token", "", true, false, false, false, false, false},
		{"OpenID Connect Core §3.3.2.11 code id_token", "c", true, false, false, true, false, false},
		{"OpenID Connect Core §3.3.2.11 code id_token token", "c", false, true, true, true, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := authorization()
			a.Refresh, a.Code, a.NoAccess = "", c.code, c.noAccess
			ans, err := i.Issue(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			_, claims := parts(t, ans.IDToken)
			if (ans.AccessToken != "") != c.access || (ans.TokenType == "Bearer") != c.access || (ans.Scope != "") != c.scope || (ans.ExpiresIn == 300) != c.expire {
				t.Errorf("%+v", ans)
			}
			if (claims["at_hash"] != nil) != c.atHash || (claims["c_hash"] != nil) != c.cHash {
				t.Error(claims)
			}
		})
	}
}

// TestIDTokenClaims: what an ID token says of the person.
func TestIDTokenClaims(t *testing.T) {
	i, _ := realIssuer(t)
	all := []string{"openid", "profile", "email", "address", "phone"}
	for _, c := range []struct {
		name   string
		user   bool
		may    []string
		asked  string
		more   map[string]any
		refuse bool
	}{
		{name: "OpenID Connect Core §5.4 scopes, where userinfo can be asked", may: all},
		{name: "OpenID Connect Core §5.4 scopes, where it cannot", user: true, may: all, more: map[string]any{"email": "e@x", "email_verified": true}},
		{name: "OpenID Connect Core §5.5 the id_token member", may: all, asked: `{"id_token":{"nickname":{"essential":true},"updated_at":{}},"userinfo":{"gender":{}}}`,
			more: map[string]any{"nickname": "N", "updated_at": 5.0}},
		{name: "OpenID Connect Core §5.5 both", user: true, may: all, asked: `{"id_token":{"locale":{}}}`, more: map[string]any{"email": "e@x", "email_verified": true, "locale": "de"}},
		{name: "OpenID Connect Core §5.5 beyond the client's scopes", may: []string{"openid"}, asked: `{"id_token":{"email":{"essential":true}}}`},
		{name: "OpenID Connect Core §2 none of its own is overwritten", may: all, asked: `{"id_token":{"sub":{"value":"x"},"aud":{"value":"x"},"exp":{"value":1},"acr":{"values":["9"]},"auth_time":{"essential":true}}}`},
		{name: "a grant that cannot be read", may: all, asked: `{"id_token":[]}`, refuse: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := authorization()
			a.Account, a.Scopes, a.UserClaims, a.Client.Scopes = everything(), []string{"openid", "email"}, c.user, c.may
			plain := claimsOfID(t, i, a, false)
			if a.UserClaims = c.user; c.asked != "" {
				a.Grant.Claims = []byte(c.asked)
			}
			if c.refuse {
				if _, err := i.Issue(t.Context(), a); err == nil {
					t.Error("passed over")
				}
				return
			}
			got := claimsOfID(t, i, a, c.user)
			for name, v := range c.more {
				plain[name] = v
			}
			delete(plain, "at_hash")
			delete(got, "at_hash")
			if d := cmp.Diff(plain, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func claimsOfID(t *testing.T, i *Issuer, a *Authorization, user bool) map[string]any {
	t.Helper()
	a.UserClaims = user
	ans, err := i.Issue(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	_, claims := parts(t, ans.IDToken)
	return claims
}
