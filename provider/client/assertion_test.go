package client

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/provider/oauth"
)

func TestAssertionAlgorithms(t *testing.T) {
	r := newRig(t)
	for alg, pair := range pairOfAlg {
		for _, kid := range []string{pair, ""} {
			c, err := r.try(asserted(signJWS(t, alg, pair, kid, "", claims("key", nil))), "")
			if err != nil || c.ID != "key" {
				t.Errorf("OpenID Connect Core §9 private_key_jwt %s kid %q: %v", alg, kid, err)
			}
		}
	}
	for _, alg := range AssertionMACs() {
		if c, err := r.try(asserted(signJWS(t, alg, secret, "", "JWT", claims("mac", nil))), ""); err != nil || c.ID != "mac" {
			t.Errorf("OpenID Connect Core §9 client_secret_jwt %s: %v", alg, err)
		}
	}
	if len(r.used) != 2*len(pairOfAlg)+3 || len(r.failed) != 0 {
		t.Errorf("used %v, failed %v", r.used, r.failed)
	}
	if got := r.AssertionAlgs(); !slices.Equal(got, append(AssertionMACs(), AcceptedAlgs()...)) || len(SignatureAlgs()) != len(pairOfAlg) {
		t.Errorf("announced: %v", got)
	}
	if got := r.Methods(); !slices.Equal(got, []string{BasicMethod, PostMethod, SecretJWTMethod, KeyJWTMethod, NoneMethod}) {
		t.Errorf("methods: %v", got)
	}
	without := NewAuthenticator(r, Deps{Vault: openVault{}, Keys: NewKeys(nil, nil)})
	if without.AssertionAlgs() != nil || len(without.Methods()) != 3 {
		t.Error("assertions are announced that nobody remembers")
	}
}

// Every claim, for both methods: the answer is the same whatever is wrong.
func TestAssertionClaims(t *testing.T) {
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	for _, row := range []struct {
		name   string
		typ    string
		change map[string]any
		good   bool
	}{
		{name: "RFC 7523 §3 good", good: true},
		{name: "RFC 7523 §3 aud is the token endpoint", change: map[string]any{"aud": endpoint}, good: true},
		{name: "RFC 7519 §4.1.3 aud is an array", change: map[string]any{"aud": []string{issuer}}, good: true},
		{name: "RFC 7519 §4.1.3 aud is an array with others", change: map[string]any{"aud": []string{"https://other.test", endpoint}}, good: true},
		{name: "RFC 7519 §2 times with fractions", change: map[string]any{"exp": float64(at(time.Minute)) + .5}, good: true},
		{name: "RFC 7523 §3(4) exp within the skew", change: map[string]any{"exp": at(-59 * time.Second)}, good: true},
		{name: "RFC 7523 §3(4) an hour", change: map[string]any{"exp": at(time.Hour)}, good: true},
		{name: "RFC 7523 §3(5) nbf ten seconds ahead", change: map[string]any{"nbf": at(10 * time.Second)}, good: true},
		{name: "RFC 7523 §3(6) iat ten seconds ahead", change: map[string]any{"iat": at(10 * time.Second)}, good: true},
		{name: "RFC 7523 §3(6) without iat", change: map[string]any{"iat": nil}, good: true},
		{name: "RFC 8725 §3.11 typ", typ: "client-authentication+jwt", good: true},
		{name: "RFC 7515 §4.1.9 typ whole, in other case", typ: "application/Client-Authentication+JWT", good: true},

		{name: "RFC 7523 §3(1) iss missing", change: map[string]any{"iss": nil}},
		{name: "RFC 7523 §3(1) iss another", change: map[string]any{"iss": "other"}},
		{name: "RFC 7523 §3(2) sub missing", change: map[string]any{"sub": nil}},
		{name: "RFC 7523 §3(2) sub unknown", change: map[string]any{"iss": "other", "sub": "other"}},
		{name: "RFC 7523 §3(2) sub no string", change: map[string]any{"sub": []string{"key"}}},
		{name: "RFC 7523 §3(3) aud missing", change: map[string]any{"aud": nil}},
		{name: "RFC 7523 §3(3) aud empty", change: map[string]any{"aud": []string{}}},
		{name: "RFC 7523 §3(3) aud another server", change: map[string]any{"aud": "https://other.test"}},
		{name: "RFC 7523 §3(3) aud with a slash more", change: map[string]any{"aud": issuer + "/"}},
		{name: "RFC 7523 §3(3) aud in other case", change: map[string]any{"aud": strings.ToUpper(issuer)}},
		{name: "RFC 7519 §4.1.3 aud no string", change: map[string]any{"aud": 7}},
		{name: "RFC 7519 §4.1.3 aud with a number", change: map[string]any{"aud": []any{issuer, 7}}},
		{name: "RFC 7519 §4.1.3 aud endless", change: map[string]any{"aud": slices.Repeat([]string{issuer}, maxAudience+1)}},
		{name: "RFC 7523 §3(4) exp missing", change: map[string]any{"exp": nil}},
		{name: "RFC 7523 §3(4) expired", change: map[string]any{"exp": at(-60 * time.Second)}},
		{name: "RFC 7523 §3(4) exp far ahead", change: map[string]any{"exp": at(2 * time.Hour)}},
		{name: "RFC 7519 §2 exp a string", change: map[string]any{"exp": "9999999999"}},
		{name: "RFC 7519 §2 exp out of bounds", change: map[string]any{"exp": 1e300}},
		{name: "RFC 7519 §2 exp negative", change: map[string]any{"exp": -1}},
		{name: "RFC 7519 §2 exp null", change: map[string]any{"exp": json.RawMessage("null")}},
		{name: "RFC 7523 §3(5) nbf a minute ahead", change: map[string]any{"nbf": at(time.Minute)}},
		{name: "RFC 7519 §2 nbf no number", change: map[string]any{"nbf": true}},
		{name: "RFC 7523 §3(6) iat a minute ahead", change: map[string]any{"iat": at(time.Minute)}},
		{name: "OpenID Connect Core §9 jti missing", change: map[string]any{"jti": nil}},
		{name: "OpenID Connect Core §9 jti empty", change: map[string]any{"jti": ""}},
		{name: "OpenID Connect Core §9 jti a number", change: map[string]any{"jti": 5}},
		{name: "RFC 8725 §3.11 an access token", typ: "at+jwt"},
		{name: "RFC 8725 §3.11 a DPoP proof", typ: "dpop+jwt"},
		{name: "RFC 8725 §3.11 a request object", typ: "oauth-authz-req+jwt"},
	} {
		for id, sign := range map[string]func(map[string]any) string{
			"key": func(c map[string]any) string { return signJWS(t, "ES256", "P-256", "P-256", row.typ, c) },
			"mac": func(c map[string]any) string { return signJWS(t, "HS256", secret, "", row.typ, c) },
		} {
			t.Run(row.name+"/"+id, func(t *testing.T) {
				r := newRig(t)
				raw := sign(claims(id, row.change))
				c, err := r.try(asserted(raw), "")
				if row.good {
					if err != nil || c.ID != id {
						t.Fatal(err)
					}
					_, err = r.try(asserted(raw), "")
					r.refused(err, oauth.InvalidClient) // RFC 7523 §3(7): once
					return
				}
				r.refused(err, oauth.InvalidClient)
				if e, ok := oauth.AsError(err); !ok || e.Description != errInvalidClient().Description {
					t.Errorf("the answer tells what was wrong: %v", err)
				}
				if len(r.used) != 0 {
					t.Error("counted as used")
				}
			})
		}
	}
}

// What is forged, and what is asked for in other ways.
func TestAssertionRefused(t *testing.T) {
	b64 := base64.RawURLEncoding.EncodeToString
	good := func(id string) string { raw, _ := json.Marshal(claims(id, nil)); return string(raw) }
	es := `{"alg":"ES256","kid":"P-256"`
	for _, row := range []struct{ name, raw string }{
		{"RFC 8725 §3.1 none", b64([]byte(`{"alg":"none"}`)) + "." + b64([]byte(good("key"))) + "."},
		{"RFC 8725 §3.1 none, in other case", b64([]byte(`{"alg":"nOnE"}`)) + "." + b64([]byte(good("key"))) + "."},
		{"RFC 8725 §3.1 no alg", forge(t, `{"kid":"P-256"}`, good("key"), "P-256")},
		{"RFC 8725 §3.1 a MAC with the public key", signJWS(t, "HS256", string(setOf(t, publicJWK(t, "P-256", "P-256", nil))), "P-256", "", claims("key", nil))},
		{"RFC 8725 §3.2 another algorithm than the key's", forge(t, `{"alg":"ES384","kid":"P-256"}`, good("key"), "P-256")},
		{"RFC 7515 §4.1.4 kid of another key", forge(t, `{"alg":"ES256","kid":"P-384"}`, good("key"), "P-256")},
		{"RFC 7515 §4.1.4 kid unknown", forge(t, `{"alg":"ES256","kid":"x"}`, good("key"), "P-256")},
		{"RFC 7515 §4.1.4 kid no string", forge(t, `{"alg":"ES256","kid":1}`, good("key"), "P-256")},
		{"RFC 7515 §4.1.11 crit", forge(t, es+`,"crit":["exp"],"exp":1}`, good("key"), "P-256")},
		{"RFC 7515 §4.1.11 crit, empty", forge(t, es+`,"crit":null}`, good("key"), "P-256")},
		{"RFC 8725 §3.5 embedded jwk", forge(t, `{"alg":"ES256","jwk":`+string(mustJSON(publicJWK(t, "P-256b", "", nil)))+`}`, good("key"), "P-256b")},
		{"RFC 8725 §3.10 jku", forge(t, `{"alg":"ES256","jku":"https://evil.test/keys"}`, good("key"), "P-256b")},
		{"RFC 8725 §3.10 x5u", forge(t, `{"alg":"ES256","x5u":"https://evil.test/cert"}`, good("key"), "P-256b")},
		{"RFC 7515 §4 a name twice", forge(t, `{"alg":"ES256","alg":"ES256"}`, good("key"), "P-256")},
		{"RFC 7515 §4 a name in other case", forge(t, `{"Alg":"ES256"}`, good("key"), "P-256")},
		{"RFC 7519 §4 a claim twice", forge(t, es+`}`, strings.Replace(good("key"), "{", `{"jti":"a",`, 1), "P-256")},
		{"RFC 7515 §7.1 four parts", forge(t, es+`}`, good("key"), "P-256") + ".x"},
		{"RFC 7515 §2 padding", forge(t, es+`}`, good("key"), "P-256") + "="},
		{"RFC 7515 §2 a line break", forge(t, es+`}`, good("key"), "P-256") + "\n"},
		{"RFC 7515 §2 another alphabet", strings.ReplaceAll(strings.ReplaceAll(forge(t, es+`,"x":"???>>>"}`, good("key"), "P-256"), "_", "/"), "-", "+")},
		{"RFC 7518 §3.4 r and s are zero", strings.Join(append(strings.Split(forge(t, es+`}`, good("key"), "P-256"), ".")[:2], b64(make([]byte, 64))), ".")},
		{"RFC 7518 §3.4 no signature", strings.Join(append(strings.Split(forge(t, es+`}`, good("key"), "P-256"), ".")[:2], ""), ".")},
		{"RFC 7518 §3.2 no MAC", strings.Join(append(strings.Split(signJWS(t, "HS256", secret, "", "", claims("mac", nil)), ".")[:2], ""), ".")},
		{"RFC 7523 §3(9) another's key", signJWS(t, "ES256", "P-256b", "P-256", "", claims("key", nil))},
		{"RFC 7523 §3(9) another's secret", signJWS(t, "HS256", strings.Repeat("x", 64), "", "", claims("mac", nil))},
		{"RFC 7523 §3(9) the hash of the secret", signJWS(t, "HS256", HashSecret(secret), "", "", claims("mac", nil))},
		{"RFC 7523 §3(9) the empty secret of who has none", signJWS(t, "HS256", string(noSecret), "", "", claims("basic", nil))},
		{"RFC 7591 §2 another method than the registered: MAC", signJWS(t, "HS256", secret, "", "", claims("key", nil))},
		{"RFC 7591 §2 another method than the registered: signature", signJWS(t, "ES256", "P-256", "P-256", "", claims("mac", nil))},
		{"RFC 7591 §2 a client of client_secret_basic", signJWS(t, "ES256", "P-256", "P-256", "", claims("basic", nil))},
		{"unknown client", signJWS(t, "ES256", "P-256", "P-256", "", claims("nobody", nil))},
		{"unknown client, MAC", signJWS(t, "HS256", secret, "", "", claims("nobody", nil))},
		{"no claims", forge(t, es+`}`, `[]`, "P-256")},
		{"too long", forge(t, es+`}`, strings.Replace(good("key"), "{", `{"x":"`+strings.Repeat("x", MaxSignedBytes)+`",`, 1), "P-256")},
		{"nonsense", "nonsense"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := newRig(t)
			_, err := r.try(asserted(row.raw), "")
			r.refused(err, oauth.InvalidClient)
			if strings.Contains(err.Error(), secret) {
				t.Errorf("a secret in the log: %v", err)
			}
		})
	}
}

func mustJSON(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

// Unread header members do no harm where the key is the client's.
func TestForeignHeaderIgnored(t *testing.T) {
	r := newRig(t)
	raw := forge(t, `{"alg":"ES256","kid":"P-256","jku":"https://evil.test","x5u":"x","x5c":["AA"],"jwk":{"kty":"oct","k":"AA"},"b64":false,"zip":"DEF"}`,
		string(mustJSON(claims("key", nil))), "P-256")
	if _, err := r.try(asserted(raw), ""); err != nil {
		t.Error(err)
	}
}

func TestAssertionForm(t *testing.T) {
	key := func() string { return signJWS(t, "ES256", "P-256", "P-256", "", claims("key", nil)) }
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("basic:plain"))
	for _, row := range []struct {
		name  string
		form  []string
		basic string
		want  oauth.Code
	}{
		{name: "RFC 7521 §4.2 client_id may be there", form: []string{"client_id", "key"}},
		{name: "RFC 7521 §4.2 and must be the same", form: []string{"client_id", "mac"}, want: oauth.InvalidRequest},
		{name: "RFC 7521 §4.2 type missing", form: []string{"client_assertion_type", ""}, want: oauth.InvalidClient},
		{name: "RFC 7523 §2.2 type unknown", form: []string{"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}, want: oauth.InvalidClient},
		{name: "RFC 7521 §4.2 assertion missing", form: []string{"client_assertion", "", "client_id", "key"}, want: oauth.InvalidClient},
		{name: "RFC 6749 §2.3 beside Basic", basic: basic, want: oauth.InvalidRequest},
		{name: "RFC 6749 §2.3 beside client_secret", form: []string{"client_secret", "plain", "client_id", "basic"}, want: oauth.InvalidRequest},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := newRig(t)
			c, err := r.try(asserted(key(), row.form...), row.basic)
			if row.want != "" {
				r.refused(err, row.want)
				return
			}
			if err != nil || c.ID != "key" {
				t.Error(err)
			}
		})
	}
}
