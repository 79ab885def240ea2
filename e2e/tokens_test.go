package e2e

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"latchkey/e2e/harness"
)

// dialectTokens makes one account in each dialect and returns its access tokens.
func dialectTokens(t *testing.T, s *harness.Server) map[string]string {
	t.Helper()
	a := s.API()
	simple := a.Must(t, "POST", "/api/auth/signup", object{"username": "tok-simple", "password": "secret", "confirm_password": "secret"}, nil).Want(t, 201)
	session := a.Must(t, "POST", "/api/auth/register", object{"email": "tok@example.test", "password": "longenough", "first_name": "Tok", "last_name": "En"}, nil).Want(t, 201)
	refreshed := a.Must(t, "POST", "/api/auth/refresh", object{"refresh_token": session.S("refresh_token")}, nil).Want(t, 200)
	return map[string]string{
		"platform": s.SignUp(t, "tok_platform", "tokp@example.test", "s3cret!"), "simple": simple.S("token"),
		"session": session.S("access_token"), "session, refreshed": refreshed.S("access_token"),
	}
}

// TestTokensOfEveryDialectValidate through discovery and JWKS, by a library that is not ours.
func TestTokensOfEveryDialectValidate(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	ctx := context.Background()
	p, err := oidc.NewProvider(ctx, s.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	verifier := p.VerifierContext(ctx, &oidc.Config{ClientID: s.Issuer, SupportedSigningAlgs: []string{oidc.RS256, oidc.ES256, oidc.EdDSA}})
	for name, raw := range dialectTokens(t, s) {
		tok, err := verifier.Verify(ctx, raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		header := jwtPart(t, raw, 0)
		if header["typ"] != "at+jwt" || header["kid"] == "" {
			t.Errorf("%s: header %v", name, header)
		}
		claims := jwtPart(t, raw, 1)
		for _, c := range []string{"iss", "sub", "aud", "client_id", "iat", "exp", "jti", "sid", "scope", "user_id"} {
			if claims[c] == nil {
				t.Errorf("%s: no claim %s", name, c)
			}
		}
		if _, ok := claims["username"].(string); !ok && name != "session" && name != "session, refreshed" {
			t.Errorf("%s: no username", name)
		}
		if tok.Subject == "" || len(tok.Subject) != 36 {
			t.Errorf("%s: sub %q", name, tok.Subject)
		}
	}
}

// TestForgedTokensAreRefused: whatever is signed with another key, algorithm or type opens no door.
func TestForgedTokensAreRefused(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	a := s.API()
	good := s.SignUp(t, "target", "target@example.test", "s3cret!")
	b := s.Browser(t).SignIn("target", "s3cret!")
	client := signInToClient(t, s, b, "openid profile")
	header, claims := jwtPart(t, good, 0), jwtPart(t, good, 1)

	var set jose.JSONWebKeySet
	if err := json.Unmarshal(a.Must(t, "GET", "/jwks.json", nil, nil).Want(t, 200).Raw, &set); err != nil {
		t.Fatal(err)
	}
	algs := map[string]bool{}
	for _, k := range set.Keys {
		algs[k.Algorithm] = true
		if !k.IsPublic() {
			t.Fatalf("key %s of JWKS is not public", k.KeyID)
		}
	}
	if !algs["RS256"] || !algs["ES256"] || !algs["EdDSA"] {
		t.Errorf("JWKS has %v", algs)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, _ := json.Marshal(set.Keys[slices.IndexFunc(set.Keys, func(k jose.JSONWebKey) bool { return k.Algorithm == "RS256" })])
	change := func(h object) object {
		out := object{}
		for k, v := range header {
			out[k] = v
		}
		for k, v := range h {
			out[k] = v
		}
		return out
	}
	forged := map[string]string{
		"none":                           compact(change(object{"alg": "none"}), claims, nil),
		"None":                           compact(change(object{"alg": "None"}), claims, nil),
		"HS256 with the public key":      compact(change(object{"alg": "HS256"}), claims, hs256(public)),
		"HS256 with a shared secret":     compact(change(object{"alg": "HS256"}), claims, hs256([]byte("secret"))),
		"another key under our kid":      sign(t, other, header["kid"].(string), "at+jwt", claims, nil),
		"a key of its own":               sign(t, other, "x", "at+jwt", claims, &jose.JSONWebKey{Key: other.Public(), KeyID: "x"}),
		"ID token":                       client.id,
		"refresh token":                  client.refresh,
		"access token of another client": client.access,
	}
	for name, raw := range forged {
		s.Secrets.Add("forged token", raw)
		if r := a.Must(t, "GET", "/api/profile", nil, harness.Bearer(raw)); r.Status != 401 {
			t.Errorf("%s opened the profile: %d", name, r.Status)
		}
		if r := a.Must(t, "GET", "/api/auth/me", nil, harness.Bearer(raw)); r.Status != 401 {
			t.Errorf("%s opened me: %d", name, r.Status)
		}
		if r := a.Must(t, "POST", "/api/logout", nil, harness.Bearer(raw)); r.Status != 401 {
			t.Errorf("%s logged out: %d", name, r.Status)
		}
		if name == "access token of another client" {
			continue
		}
		if r := a.Must(t, "GET", "/userinfo", nil, harness.Bearer(raw)); r.Status != 401 {
			t.Errorf("%s opened userinfo: %d", name, r.Status)
		}
	}
	a.Must(t, "GET", "/api/profile", nil, harness.Bearer(good)).Want(t, 200)
}

func compact(header, claims object, mac func(string) []byte) string {
	h, _ := json.Marshal(header)
	c, _ := json.Marshal(claims)
	body := base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(c)
	if mac == nil {
		return body + "."
	}
	return body + "." + base64.RawURLEncoding.EncodeToString(mac(body))
}

func hs256(key []byte) func(string) []byte {
	return func(body string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(body))
		return m.Sum(nil)
	}
}

func sign(t *testing.T, key *rsa.PrivateKey, kid, typ string, claims object, embed *jose.JSONWebKey) string {
	t.Helper()
	o := (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", kid)
	if embed != nil {
		o = o.WithHeader("jwk", embed)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, o)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
