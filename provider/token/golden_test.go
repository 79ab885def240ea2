package token

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/storage"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden holds a token to testdata, whole: nothing more and nothing less. What is random is masked; other tests check it.
func golden(t *testing.T, name string, header, claims map[string]any) {
	t.Helper()
	for _, m := range []map[string]any{header, claims} {
		for _, random := range []string{"kid", "jti", "at_hash", "c_hash"} {
			if s, has := m[random].(string); has && s != "" {
				m[random] = "…"
			}
		}
	}
	got, err := json.MarshalIndent(map[string]any{"header": header, "claims": claims}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".golden.json")
	if *update {
		if err := os.WriteFile(file, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)+"\n"); d != "" {
		t.Errorf("%s: %s", name, d)
	}
}

// TestGoldenTokens has the shape of everything that is signed, each verified with go-jose.
func TestGoldenTokens(t *testing.T) {
	hmac := storage.Client{ID: "hmac", IDTokenAlg: HS256, UserinfoAlg: HS256, IntrospectionAlg: HS256, Scopes: []string{"openid", "profile", "email"}}
	pair := storage.Client{ID: "app", SubjectType: Pairwise, Sector: "a.example", IDTokenAlg: "PS384", UserinfoAlg: "ES384", IntrospectionAlg: "ES512"}
	i, rings := realIssuer(t, hmac)
	// The rings' secret is another one in each run.
	cfg := i.cfg
	i = NewIssuer(cfg, fixedSubjects{i.keys})
	issue := func(change func(*Authorization)) *Answer {
		a := authorization()
		change(a)
		ans, err := i.Issue(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		return ans
	}
	must := func(raw string, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	user := func(a *Authorization) {
		a.Account, a.Scopes = everything(), []string{"openid", "profile", "email", "address", "phone"}
	}
	for _, c := range []struct{ name, alg, raw string }{
		{"access token", "ES256", issue(func(*Authorization) {}).AccessToken},
		{"access token of a client for itself", "RS512", issue(func(a *Authorization) {
			*a = Authorization{Client: &storage.Client{ID: "robot", AccessTokenAlg: "RS512"}, Scopes: []string{"read"}}
		}).AccessToken},
		{"access token bound to a key", "ES256", issue(func(a *Authorization) {
			a.Grant.Confirmation, a.Resources = []byte(`{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}`), []string{"https://api.example"}
		}).AccessToken},
		{"access token with account claims", "EdDSA", issue(func(a *Authorization) { a.Client.AccountClaims, a.Client.AccessTokenAlg = true, "EdDSA" }).AccessToken},
		{"ID token", "RS256", issue(func(*Authorization) {}).IDToken},
		{"ID token of code id_token token", "RS256", issue(func(a *Authorization) { a.Code = "c" }).IDToken},
		{"ID token of id_token", "RS256", issue(func(a *Authorization) { user(a); a.NoAccess, a.UserClaims = true, true }).IDToken},
		{"ID token with requested claims", HS256, issue(func(a *Authorization) {
			user(a)
			a.Client, a.Grant.Claims = &hmac, []byte(`{"id_token":{"given_name":{"essential":true},"email":{},"phone_number":{}}}`)
		}).IDToken},
		{"ID token of a pairwise client", "PS384", issue(func(a *Authorization) { a.Client = &pair }).IDToken},
		{"logout token", "RS256", must(i.LogoutToken(t.Context(), storage.Client{ID: "app"}, "sub", "sid"))},
		{"logout token of a session", HS256, must(i.LogoutToken(t.Context(), hmac, "", "sid"))},
		{"logout token of a subject", "PS384", must(i.LogoutToken(t.Context(), pair, "sub", ""))},
		{"userinfo", "ES384", must(i.SignUserinfo(t.Context(), pair, map[string]any{"sub": "x", "name": "y"}))},
		{"userinfo with HS256", HS256, must(i.SignUserinfo(t.Context(), hmac, map[string]any{"sub": "x"}))},
		{"introspection", "ES512", must(i.SignIntrospection(t.Context(), pair, map[string]any{"active": true, "sub": "x"}))},
		{"introspection of an inactive token", "RS256", must(i.SignIntrospection(t.Context(), storage.Client{ID: "api"}, map[string]any{"active": false}))},
	} {
		t.Run(c.name, func(t *testing.T) {
			header, claims := checked(t, rings, c.alg, c.raw)
			golden(t, c.name, header, claims)
		})
	}
	if raw, err := i.LogoutToken(t.Context(), pair, "", ""); err == nil {
		t.Error("Back-Channel Logout §2.4 a logout token of nobody", raw)
	}
	if a, b := must(i.LogoutToken(t.Context(), pair, "s", "")), must(i.LogoutToken(t.Context(), pair, "s", "")); a == b {
		t.Error("Back-Channel Logout §2.4 two with the same jti")
	}
}

// fixedSubjects computes pairwise subjects that are the same in each run.
type fixedSubjects struct{ Keys }

func (fixedSubjects) Stable(purpose string, data []byte) [32]byte {
	return ring{}.Stable(purpose, data)
}

// TestMaxTTL: nothing is signed for longer than keys stay published.
func TestMaxTTL(t *testing.T) {
	i, rings := realIssuer(t)
	cfg := i.cfg
	cfg.MaxTTL = 1
	i = NewIssuer(cfg, rings)
	if raw, err := i.LogoutToken(t.Context(), storage.Client{ID: "app"}, "sub", ""); err != nil {
		t.Error(raw, err)
	} else if _, claims := parts(t, raw); claims["exp"] != claims["iat"] {
		t.Error(claims)
	}
}
