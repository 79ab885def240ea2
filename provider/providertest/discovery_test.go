package providertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	jose "github.com/go-jose/go-jose/v4"

	"latchkey/keys"
	"latchkey/provider"
	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/token"
	"latchkey/storage"
)

// announced is a list of the discovery document.
func (i *Issuer) announced(name string) []string {
	i.T.Helper()
	doc := i.Call("GET", "/.well-known/openid-configuration", nil, nil)
	list, ok := doc.JSON[name].([]any)
	if !ok && doc.JSON[name] != nil {
		i.T.Fatalf("%s: %v", name, doc.JSON[name])
	}
	var out []string
	for _, v := range list {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

// TestAnnouncedIsTaken: what discovery lists is taken, and what it does not list is refused (OpenID Connect Discovery §3, RFC 8414 §2, RFC 9701 §7).
func TestAnnouncedIsTaken(t *testing.T) {
	off := func(c *storage.Client) { c.Disabled = true }
	hybrid := func(c *storage.Client) {
		c.ResponseTypes, c.GrantTypes = []string{"code", "code id_token"}, append(c.GrantTypes, "implicit")
	}
	for _, c := range []struct {
		name    string
		options []Option
		types   []string
	}{
		{"as it comes", nil, []string{"code"}},
		{"everything on", []Option{Config(everyType), EveryAlg()}, oauth.ResponseTypes()},
		{"one type on for all", []Option{Config(func(c *provider.Config) { c.ResponseTypes, c.SignUpOpen = []string{"code", "id_token"}, false })}, []string{"code", "id_token"}},
		{"one type on for a client", []Option{Clients(WebClient("hybrid", hybrid), WebClient("off", front, off))}, []string{"code", "code id_token"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := testIssuer(t, c.options...)
			i.must(i.Provider.Describe())
			if got := i.announced("response_types_supported"); !slices.Equal(got, c.types) {
				t.Errorf("response types: %v, want %v", got, c.types)
			}
			if got := slices.Contains(i.announced("grant_types_supported"), "implicit"); got != (len(c.types) > 1) {
				t.Errorf("RFC 7591 §2.1 implicit: %v", got)
			}
			announcedRequests(t, i)
			announcedAlgs(t, i)
		})
	}
}

// announcedRequests tries what an authorization request may say.
func announcedRequests(t *testing.T, i *Issuer) {
	t.Helper()
	answer := func(client string, pairs ...string) string {
		got, _ := i.Browser().Get(i.App(client).Authorize(append([]string{"prompt", "none"}, pairs...)...)).Response()
		return got.Get("error")
	}
	for _, c := range []struct {
		list, param string
		tried       []string
		refused     string
	}{
		{"response_modes_supported", "response_mode", []string{"query", "fragment", "form_post", "query.jwt", "web_message"}, "invalid_request"},
		{"code_challenge_methods_supported", "code_challenge_method", []string{"S256", "plain"}, "invalid_request"},
		{"scopes_supported", "scope", []string{"openid", "profile", "email", "phone", "groups", "shoes"}, "invalid_scope"},
	} {
		listed := i.announced(c.list)
		for _, v := range c.tried {
			want := "login_required"
			if !slices.Contains(listed, v) {
				want = c.refused
			}
			if got := answer("basic", c.param, v); got != want {
				t.Errorf("%s %s: %q, want %q", c.list, v, got, want)
			}
		}
	}
	acr := i.announced("acr_values_supported")
	for _, v := range []string{"0", "1", "2", "phr"} {
		want := "login_required"
		if !slices.Contains(acr, v) {
			want = "unmet_authentication_requirements"
		}
		if got := answer("basic", "claims", `{"id_token":{"acr":{"essential":true,"value":"`+v+`"}}}`); got != want {
			t.Errorf("acr_values_supported %s: %q, want %q", v, got, want)
		}
	}
	grants := i.announced("grant_types_supported")
	for _, g := range append(client.GrantTypes(), "password", "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:jwt-bearer") {
		got := i.App("basic").Post("/token", "grant_type", g).Str("error")
		if known := got != "unsupported_grant_type"; known != slices.Contains(grants, g) && g != oauth.ImplicitGrant { // which is none of the token endpoint
			t.Errorf("grant_types_supported %s: %q", g, got)
		}
	}
}

// announcedAlgs tries every algorithm that there is for everything that is signed.
func announcedAlgs(t *testing.T, i *Issuer) {
	t.Helper()
	algs := append(keys.Algorithms(), token.HS256, "HS384", "none")
	who := storage.Account{ID: 1, Sub: "s"}
	own := requestKeys(t)
	var set jose.JSONWebKeySet
	for alg, key := range own {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: alg})
	}
	jwks, err := json.Marshal(set)
	i.must(err)
	for _, alg := range algs {
		c := WebClient("alg", func(c *storage.Client) { c.IDTokenAlg, c.UserinfoAlg, c.IntrospectionAlg, c.JWKS = alg, alg, alg, jwks })
		i.sealedSecret(&c)
		_, idErr := i.Provider.Issuer.Issue(t.Context(), &token.Authorization{Client: &c, Account: who, IDToken: true})
		_, userinfoErr := i.Provider.Issuer.SignUserinfo(t.Context(), c, map[string]any{"sub": "s"})
		_, introspectionErr := i.Provider.Issuer.SignIntrospection(t.Context(), c, map[string]any{"active": false})
		for list, err := range map[string]error{"id_token_signing_alg_values_supported": idErr, "userinfo_signing_alg_values_supported": userinfoErr,
			"introspection_signing_alg_values_supported": introspectionErr} {
			if announced := slices.Contains(i.announced(list), alg); announced != (err == nil) {
				t.Errorf("%s (RFC 9701 §7): %s announced: %v, signed: %v", list, alg, announced, err)
			}
		}
		c.IDTokenAlg = "" // one that does not sign yet would be in the way
		i.Registry.Declare(append(slices.DeleteFunc(i.Registry.Declared(), func(o storage.Client) bool { return o.ID == "alg" }), c))
		a, taken := i.App("alg"), false
		if key := own[alg]; key != nil {
			got, _ := i.Browser().Get(a.Authorize("request", signedBy(t, key, alg, "oauth-authz-req+jwt", alg, a.object("prompt", "none")))).Response()
			taken = got.Get("error") == "login_required"
		}
		if announced := slices.Contains(i.announced("request_object_signing_alg_values_supported"), alg); announced != taken {
			t.Errorf("RFC 9101 §10.1 request objects with %s announced: %v, taken: %v", alg, announced, taken)
		}
	}
}

// requestKeys are an application's keys for every algorithm of signatures.
func requestKeys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	some, err := appKeys()
	if err != nil {
		t.Fatal(err)
	}
	out := maps.Clone(some)
	for _, alg := range []string{"RS384", "RS512", "PS256", "PS384", "PS512"} {
		out[alg] = some["RS256"]
	}
	for alg, curve := range map[string]elliptic.Curve{"ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		if out[alg], err = ecdsa.GenerateKey(curve, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
