package client

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"latchkey/storage"
)

// What is off cannot be had, though it is known.
func TestCheckKnowsWhatIsServed(t *testing.T) {
	served := Served{Algs: []string{"RS256", "ES256"}, AuthMethods: []string{BasicMethod, NoneMethod}, GrantTypes: []string{"authorization_code"}, ResponseTypes: []string{"code"}}
	for field, f := range map[string]change{
		"":                                  func(c *storage.Client) { c.IDTokenAlg, c.AccessTokenAlg = "RS256", "ES256" },
		"id_token_signed_response_alg":      func(c *storage.Client) { c.IDTokenAlg = "EdDSA" },
		"userinfo_signed_response_alg":      func(c *storage.Client) { c.UserinfoAlg = "PS256" },
		"introspection_signed_response_alg": func(c *storage.Client) { c.IntrospectionAlg = "ES512" },
		"access_token_alg":                  func(c *storage.Client) { c.AccessTokenAlg = "EdDSA" },
		"token_endpoint_auth_method":        func(c *storage.Client) { c.AuthMethod = PostMethod },
		"grant_types":                       func(c *storage.Client) { c.GrantTypes = append(c.GrantTypes, "refresh_token") },
		"jwks_uri":                          func(c *storage.Client) { c.JWKSURI = "http://a.example/" },
	} {
		c := goodClient()
		f(&c)
		if faults := Check(c, served); (len(faults) == 0) != (field == "") || field != "" && (len(faults) != 1 || faults[0].Field != field) {
			t.Errorf("%s: %v", field, faults)
		}
	}
	c := goodClient()
	implicit(&c)
	if faults := Check(c, Served{ResponseTypes: []string{"code"}}); len(faults) != 1 || faults[0].Field != "response_types" {
		t.Error(faults)
	}
	c = goodClient()
	c.JWKSURI, c.BackchannelLogoutURI, c.LogoURI = "http://shop.internal/jwks", "http://shop.internal/out", "http://shop.internal/logo"
	if faults := Check(c, Served{PlainFetch: true}); faults != nil {
		t.Errorf("addresses in networks of the operator: %v", faults)
	}
}

// What can never be fetched is told when the client is made, for each member that is fetched.
func TestCheckKnowsWhatIsReached(t *testing.T) {
	const away = "https://10.0.0.1/x"
	served := Served{Fetchable: func(uri string) error {
		if uri == away {
			return errors.New("is away")
		}
		return nil
	}}
	for name, row := range map[string]struct {
		field string
		f     change
	}{
		"Back-Channel Logout §2.2":                                  {"backchannel_logout_uri", func(c *storage.Client) { c.BackchannelLogoutURI = away }},
		"RFC 7591 §2 jwks_uri":                                      {"jwks_uri", func(c *storage.Client) { c.JWKSURI = away }},
		"RFC 7591 §2 logo_uri":                                      {"logo_uri", func(c *storage.Client) { c.LogoURI = away }},
		"RFC 7591 §2.2 logo_uri#de":                                 {"logo_uri#de", func(c *storage.Client) { c.Localized = map[string]string{"logo_uri#de": away} }},
		"OpenID Connect Registration §5":                            {"sector_identifier_uri", func(c *storage.Client) { c.SectorIdentifierURI, c.Registered = away, true }},
		"OpenID Connect Registration §5 where the operator answers": {"", func(c *storage.Client) { c.SectorIdentifierURI = away }},
		"RFC 7591 §2 what only people follow":                       {"", func(c *storage.Client) { c.URI = away }},
		"RFC 7591 §2 what is reached": {"", func(c *storage.Client) {
			c.JWKSURI, c.LogoURI, c.BackchannelLogoutURI = "https://a.example/k", "https://a.example/l", "https://a.example/o"
		}},
	} {
		c := goodClient()
		row.f(&c)
		faults := Check(c, served)
		if row.field == "" && faults == nil {
			continue
		}
		if len(faults) != 1 || faults[0].Field != row.field || !strings.Contains(faults[0].Problem, "is away") || strings.Contains(faults[0].Public(), away) {
			t.Errorf("%s: %v", name, faults)
		}
	}
}

func TestComplete(t *testing.T) {
	c := storage.Client{ResponseTypes: []string{"token id_token", "id_token  token"}, GrantTypes: []string{"implicit"}}
	if Complete(&c); fmt.Sprint(c.ResponseTypes) != "[id_token token]" || c.ApplicationType != "web" || c.AuthMethod != BasicMethod {
		t.Errorf("%+v", c)
	}
	c = storage.Client{}
	if Complete(&c); fmt.Sprint(c.GrantTypes, c.ResponseTypes) != "[authorization_code] [code]" { // RFC 7591 §2
		t.Errorf("%+v", c)
	}
	c = storage.Client{GrantTypes: []string{"client_credentials"}, Sector: "forged.example"}
	if Complete(&c); c.ResponseTypes != nil || c.Sector != "" {
		t.Errorf("%+v", c)
	}
	for name, row := range map[string]struct {
		uri, redirect string
		registered    bool
		want          string
	}{
		"OpenID Connect Core §8.1 of the redirect URIs":         {"", "https://Shop.example:8443/cb", true, "shop.example"},
		"OpenID Connect Core §8.1 of the document":              {"https://Sector.example:444/s", "https://shop.example/cb", true, "sector.example"},
		"OpenID Connect Core §8.1 a host that anybody writes":   {"", "com.evil.app://shop.example/cb", false, ""},
		"OpenID Connect Core §8.1 loopback, by the operator":    {"", "http://127.0.0.1/cb", false, "127.0.0.1"},
		"OpenID Connect Core §8.1 loopback is every stranger's": {"", "http://127.0.0.1/cb", true, ""},
	} {
		c := storage.Client{SubjectType: "pairwise", SectorIdentifierURI: row.uri, RedirectURIs: []string{row.redirect}, Registered: row.registered}
		if Complete(&c); c.Sector != row.want {
			t.Errorf("%s: %q", name, c.Sector)
		}
	}
}

func jwk(t *testing.T, key any, alg, use string) string {
	t.Helper()
	raw, err := json.Marshal(jose.JSONWebKey{Key: key, Algorithm: alg, Use: use, KeyID: "1"})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestKeySet(t *testing.T) {
	ed, edPrivate, _ := ed25519.GenerateKey(rand.Reader)
	ec, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	weak, _ := rsa.GenerateKey(rand.Reader, 1024)
	strong, _ := rsa.GenerateKey(rand.Reader, 2048)
	rsaAlgs := "RS256 RS384 RS512 PS256 PS384 PS512"
	for _, row := range []struct {
		name, keys, algs, problem string
	}{
		{"RFC 7517 §5 empty", ``, "", ""},
		{"RFC 8037 §3.1", jwk(t, ed, "", ""), "EdDSA", ""},
		{"RFC 7518 §3.4", jwk(t, ec.Public(), "", "sig"), "ES384", ""},
		{"RFC 7518 §3.3", jwk(t, strong.Public(), "", ""), rsaAlgs, ""},
		{"RFC 7517 §4.4 for one algorithm", jwk(t, strong.Public(), "PS256", ""), "PS256", ""},
		{"RFC 7517 §4.4 for another algorithm", jwk(t, strong.Public(), "RSA-OAEP", ""), "", ""},
		{"RFC 7517 §4.2 for encryption", jwk(t, strong.Public(), "", "enc"), "", ""},
		{"RFC 7517 §4.3 operations", strings.Replace(jwk(t, ed, "", ""), "{", `{"key_ops":["sign"],`, 1), "", ""},
		{"RFC 7517 §5 kinds that nobody knows", `{"kty":"AKP","pub":"x"},{"kty":"EC","crv":"secp256k1"},{"kty":"OKP","crv":"Ed448"}`, "", ""},
		{"two", jwk(t, ed, "", "") + "," + jwk(t, ec.Public(), "", ""), "EdDSA ES384", ""},
		{"RFC 7591 §2, RFC 7518 §6 private", jwk(t, edPrivate, "", ""), "", "private"},
		{"RFC 7591 §2 private RSA", jwk(t, strong, "", ""), "", "private"},
		{"RFC 7591 §2 private of a kind that nobody knows", `{"kty":"AKP","priv":"x"}`, "", "private"},
		{"symmetric", jwk(t, []byte("0123456789abcdef0123456789abcdef"), "", ""), "", "symmetric"},
		{"symmetric without its key", `{"kty":"oct"}`, "", "symmetric"},
		{"RFC 7518 §3.3 weak", jwk(t, weak.Public(), "", ""), "", "2048"},
		{"RFC 7517 §4.1 no kty", `{"x":"y"}`, "", "without kty"},
		{"broken", `{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`, "", "cannot be read"},
		{"point that is not on the curve", strings.Replace(ecKeys[9:len(ecKeys)-2], "WKn", "WKm", 1), "", "cannot be read"},
		{"no object", `7`, "", "no JSON object"},
		{"too many", strings.Repeat(`{"kty":"AKP"},`, maxKeys) + `{"kty":"AKP"}`, "", "more than 20"},
		{"too long", `{"kty":"AKP","x":"` + strings.Repeat("x", maxJWKS) + `"}`, "", "longer"},
		{"a name twice", `{"kty":"RSA","kty":"EC"}`, "", "no JWK Set"},
	} {
		t.Run(row.name, func(t *testing.T) {
			algs, problem := keySetAlgs([]byte(`{"keys":[` + row.keys + `]}`))
			if strings.Join(algs, " ") != row.algs || (problem == "") != (row.problem == "") || !strings.Contains(problem, row.problem) {
				t.Errorf("%v %q", algs, problem)
			}
		})
	}
	for _, raw := range []string{``, `[]`, `{}`, `{"keys":{}}`, `{"keys":[]} x`} {
		if _, problem := keySetAlgs([]byte(raw)); problem == "" {
			t.Errorf("RFC 7517 §5 %q is taken", raw)
		}
	}
}

func TestParseMetadata(t *testing.T) {
	for _, raw := range []string{``, `null`, `[]`, `"x"`, `{`, `{} {}`, `{"a":1,"a":2}`, `{"a":{"b":1,"b":1}}`, `{"a":"\ud800"}`, `{"a":"\ud800\u0041"}`, `{"a":"\udc00"}`,
		"{\"a\":\"\xff\"}", `{"a":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, `{"a":"` + strings.Repeat("x", MaxMetadataBytes) + `"}`, "\ufeff{}"} {
		if m, err := ParseMetadata([]byte(raw)); err == nil {
			t.Errorf("%.40q is taken as %v", raw, m)
		}
	}
	m, err := ParseMetadata([]byte(` {"a":"\ud83d\ude00\\u","b":[1.50,{"c":null}],"A":true} `))
	if got := fmt.Sprint(m); err != nil || got != `map[A:true a:😀\u b:[1.50 map[c:<nil>]]]` {
		t.Errorf("%s %v", got, err)
	}
}

// Whatever comes: no panic; what is registered is told, reads back the same, and is right by the same checks.
func FuzzMetadata(f *testing.F) {
	f.Add(`{"redirect_uris":["https://a.example/"],"client_name#de":"x","default_max_age":7}`)
	f.Add(`{"jwks":` + ecKeys + `,"token_endpoint_auth_method":"private_key_jwt"}`)
	f.Add(`{"response_types":["token id_token"],"grant_types":["implicit"],"subject_type":"pairwise"}`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseMetadata([]byte(text))
		if err != nil {
			return
		}
		for _, who := range []Who{Registrant, Operator} {
			c := storage.Client{ID: "a"}
			faults := ReadMetadata(&c, m, who, true)
			Complete(&c)
			if NeedsSecret(c) {
				c.Secrets = []storage.ClientSecret{{}}
			}
			if faults = append(faults, Check(c, Served{})...); faults != nil {
				continue
			}
			if who == Registrant && (c.SkipConsent || c.AccountClaims || c.PKCEExempt || c.Disabled) {
				t.Errorf("a registrant helped itself: %+v", c)
			}
			raw, err := json.Marshal(WriteMetadata(c, who))
			if err != nil {
				t.Fatal(err)
			}
			told, err := ParseMetadata(raw)
			if err != nil {
				t.Fatalf("%s: %v", raw, err)
			}
			delete(told, "client_id")
			again := storage.Client{ID: "a"}
			if faults := ReadMetadata(&again, told, who, true); faults != nil {
				t.Fatalf("%s: %v", raw, faults)
			}
			Complete(&again)
			if twice, _ := json.Marshal(WriteMetadata(again, who)); string(twice) != string(raw) {
				t.Errorf("%s became %s", raw, twice)
			}
		}
	})
}

func TestFaultsEchoNothing(t *testing.T) {
	c := goodClient()
	c.RedirectURIs, c.AuthAlg = []string{"http://secret.example/#x"}, "secret"
	for _, fault := range Check(c, Served{}) {
		if strings.Contains(fault.Public(), "secret") || !strings.Contains(fault.String(), "secret") {
			t.Errorf("%q, %q", fault.Public(), fault)
		}
	}
	if names := MetadataNames(Registrant); slices.Contains(names, "skip_consent") || slices.Contains(names, "client_id") || !slices.Contains(names, "jwks") {
		t.Error(names)
	}
}
