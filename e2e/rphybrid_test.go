package e2e

import (
	"context"
	"crypto"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"latchkey/e2e/harness"
)

// goParty is coreos/go-oidc and x/oauth2 for one application of parties.
type goParty struct {
	*oauth2.Config
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
}

func (p *parties) goParty(t *testing.T, s *harness.Server, id string) goParty {
	t.Helper()
	provider, err := oidc.NewProvider(t.Context(), s.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	c := p.known[id].(object)
	secret, _ := c["client_secret"].(string)
	alg, _ := c["id_token_signed_response_alg"].(string)
	if alg == "" {
		alg = oidc.RS256
	}
	redirect := ""
	if uris, ok := c["redirect_uris"].([]string); ok {
		redirect = uris[0]
	}
	endpoint := provider.Endpoint()
	if endpoint.AuthStyle = oauth2.AuthStyleInHeader; secret == "" || c["token_endpoint_auth_method"] == "client_secret_post" {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return goParty{&oauth2.Config{ClientID: id, ClientSecret: secret, Endpoint: endpoint, RedirectURL: redirect, Scopes: []string{"openid", "email"}}, provider,
		provider.Verifier(&oidc.Config{ClientID: id, SupportedSigningAlgs: []string{alg}})}
}

// begin is an authorization request, and its secrets.
func (p goParty) begin(more ...oauth2.AuthCodeOption) (address, verifier, state, nonce string) {
	verifier, state, nonce = oauth2.GenerateVerifier(), harness.Random(20), harness.Random(20)
	return p.AuthCodeURL(state, append([]oauth2.AuthCodeOption{oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)}, more...)...), verifier, state, nonce
}

// verify checks an ID token and its hashes (OpenID Connect Core §3.1.3.8, §3.3.2.11).
func (p goParty) verify(t *testing.T, raw, nonce, access, code string) *oidc.IDToken {
	t.Helper()
	id, err := p.verifier.Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if id.Nonce != nonce {
		t.Errorf("nonce %q", id.Nonce)
	}
	if access != "" {
		if err := id.VerifyAccessToken(access); err != nil {
			t.Error(err)
		}
	}
	var claims struct {
		CodeHash string `json:"c_hash"`
	}
	if err := id.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if want := leftHalf(jwtPart(t, raw, 0)["alg"].(string), code); code != "" && claims.CodeHash != want {
		t.Errorf("c_hash %q, want %q", claims.CodeHash, want)
	}
	return id
}

// leftHalf is the hash of a value that goes into an ID token beside it.
func leftHalf(alg, value string) string {
	h := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512, "DSA": crypto.SHA512}[alg[len(alg)-3:]].New()
	h.Write([]byte(value))
	sum := h.Sum(nil)
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// TestGoRelyingPartyEverywhere: every key algorithm, every response type from the front, and the device flow, with coreos/go-oidc and x/oauth2.
func TestGoRelyingPartyEverywhere(t *testing.T) {
	p := newParties(t)
	s := p.start(harness.Options{})
	b := s.Browser(t).SignIn(personName, personPassword)
	for _, alg := range harness.Algorithms() {
		t.Run(alg, func(t *testing.T) {
			c := p.goParty(t, s, "alg-"+alg)
			address, verifier, _, nonce := c.begin()
			tok, err := c.Exchange(t.Context(), b.Open(address).Left(harness.SecureCallback).Get("code"), oauth2.VerifierOption(verifier))
			if err != nil {
				t.Fatal(err)
			}
			id := c.verify(t, tok.Extra("id_token").(string), nonce, tok.AccessToken, "")
			info, err := c.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(tok)) // it is signed, and the library checks it
			if err != nil {
				t.Fatal(err)
			}
			if info.Subject != id.Subject || info.Email != "ada@example.test" {
				t.Errorf("userinfo %+v", info)
			}
		})
	}
	for _, responseType := range harness.ResponseTypes()[1:] {
		t.Run(responseType, func(t *testing.T) { front(t, p.goParty(t, s, "front"), b, s.Issuer, responseType) })
	}
	t.Run("machine", func(t *testing.T) {
		c := clientcredentials.Config{ClientID: harness.MachineID, ClientSecret: harness.MachineSecret, TokenURL: p.goParty(t, s, "front").Endpoint.TokenURL, Scopes: []string{"read"},
			EndpointParams: url.Values{"resource": {harness.ResourceServer}}}
		tok, err := c.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if claims := jwtPart(t, tok.AccessToken, 1); claims["aud"] != harness.ResourceServer || claims["scope"] != "read" || claims["sub"] != harness.MachineID || tok.RefreshToken != "" {
			t.Errorf("RFC 9068 §2.2: %v", claims)
		}
	})
	t.Run("device", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		c := p.goParty(t, s, "tv")
		began, err := c.DeviceAuth(ctx)
		if err != nil {
			t.Fatal(err)
		}
		b.Open(began.VerificationURIComplete).Submit("/device", nil).Submit("/device/confirm", nil, "decision", "allow")
		tok, err := c.DeviceAccessToken(ctx, began)
		if err != nil {
			t.Fatal(err)
		}
		c.verify(t, tok.Extra("id_token").(string), "", tok.AccessToken, "")
	})
}

// front runs a flow whose answer is in the fragment (OAuth 2.0 Multiple Response Types §3, §5).
func front(t *testing.T, c goParty, b *harness.Browser, issuer, responseType string) {
	address, _, state, nonce := c.begin(oauth2.SetAuthURLParam("response_type", responseType))
	if b.Open(address).Outside == nil || b.Outside.RawQuery != "" {
		t.Fatalf("came to %s, %v", b.URL, b.Outside)
	}
	got, err := url.ParseQuery(b.Outside.Fragment)
	if err != nil || got.Get("state") != state || got.Get("iss") != issuer {
		t.Fatalf("the answer is %v", got)
	}
	code, access, raw := got.Get("code"), got.Get("access_token"), got.Get("id_token")
	if (code != "") != strings.Contains(responseType, "code") || (raw != "") != strings.Contains(responseType, "id_token") || (access != "") != strings.HasSuffix(responseType, " token") {
		t.Errorf("the answer has %v", got)
	}
	subject := ""
	if raw != "" {
		subject = c.verify(t, raw, nonce, access, code).Subject
	}
	if access != "" {
		info, err := c.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(&oauth2.Token{AccessToken: access, TokenType: got.Get("token_type")}))
		if err != nil {
			t.Fatal(err)
		}
		if info.Email != "ada@example.test" || subject != "" && info.Subject != subject {
			t.Errorf("userinfo %+v", info)
		}
	}
	if code == "" {
		return
	}
	if _, err := c.Exchange(t.Context(), code, oauth2.VerifierOption(oauth2.GenerateVerifier())); err == nil {
		t.Error("RFC 7636 §4.6: another verifier was taken")
	}
	address, verifier, _, nonce := c.begin(oauth2.SetAuthURLParam("response_type", responseType))
	b.Open(address)
	got, _ = url.ParseQuery(b.Outside.Fragment)
	tok, err := c.Exchange(t.Context(), got.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	if id := c.verify(t, tok.Extra("id_token").(string), nonce, tok.AccessToken, ""); subject != "" && id.Subject != subject {
		t.Errorf("OpenID Connect Core §3.3.3.6: subjects %q and %q", subject, id.Subject)
	}
}
