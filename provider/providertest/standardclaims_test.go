package providertest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/provider/oauth"
	"latchkey/provider/token"
	"latchkey/storage"
)

// aliceSays is every standard claim of [Issuer.whole] by the scope that asks for it (OpenID Connect Core §5.1, §5.4).
func aliceSays(a storage.Account) map[string]map[string]any {
	return map[string]map[string]any{
		"openid": {"sub": a.Sub},
		"profile": {"name": "Alice B. Carroll", "family_name": "Carroll", "given_name": "Alice", "middle_name": "B.", "nickname": "Al", "preferred_username": "alice",
			"profile": "https://alice.test/", "picture": URL + "/media/picture", "website": "https://alice.test/web", "gender": "female", "birthdate": "1990-02-03",
			"zoneinfo": "Europe/Berlin", "locale": "de", "updated_at": float64(a.UpdatedAt.Unix())},
		"email": {"email": "alice@example.test", "email_verified": true},
		"address": {"address": map[string]any{"formatted": "Weg 1", "street_address": "Weg 1", "locality": "Berlin", "region": "BE", "postal_code": "10115",
			"country": "DE"}},
		"phone": {"phone_number": "+49301234567", "phone_number_verified": true},
	}
}

// TestStandardClaims: each scope brings its claims, and none brings another's.
func TestStandardClaims(t *testing.T) {
	all := append(token.StandardScopes(), "read")
	i := New(t, Clients(WebClient("app", front, func(c *storage.Client) { c.Scopes, c.SkipConsent = all, true })))
	alice, a, b := i.whole(i.Person("alice")), i.App("app"), i.Browser()
	i.Person("bob")
	bob := i.Browser()
	alice, err := i.Store.Account(t.Context(), storage.AccountKey{ID: alice.ID})
	i.must(err)
	says := aliceSays(alice)
	for _, scope := range []string{"openid", "openid profile", "openid email", "openid address", "openid phone", "openid read offline_access",
		"phone address email profile openid"} {
		t.Run("OpenID Connect Core §5.1, §5.3, §5.4 "+scope, func(t *testing.T) {
			want := map[string]any{}
			scopes, _ := oauth.ParseScopes(scope)
			for _, s := range scopes {
				for name, v := range says[s] {
					want[name] = v
				}
			}
			ans := a.Redeem(a.SignIn(b, "alice", "scope", scope))
			if d := cmp.Diff(want, i.Userinfo(ans.Str("access_token")).JSON); d != "" {
				t.Error(d)
			}
			bare := payload(t, ans.Str("id_token"))
			got, _ := b.Get(a.Authorize("scope", scope, "response_type", "id_token")).Response()
			full := payload(t, got.Get("id_token"))
			for name, v := range want {
				if d := cmp.Diff(v, full[name]); d != "" {
					t.Errorf("%s of a lone ID token: %s", name, d)
				}
				if name != "sub" && bare[name] != nil {
					t.Errorf("OpenID Connect Core §5.4 %s in an ID token beside an access token", name)
				}
			}
			if n := len(full) - len(bare) + 1; n != len(want)-1 { // at_hash is in the one alone
				t.Errorf("%v", full)
			}
		})
	}
	t.Run("OpenID Connect Core §5.3.2 what an account has not is left out", func(t *testing.T) {
		ans := a.Redeem(a.SignIn(bob, "bob", "scope", "openid profile address phone email"))
		got := i.Userinfo(ans.Str("access_token")).JSON
		if !sameNames(got, []string{"sub", "name", "preferred_username", "updated_at", "email", "email_verified"}) || got["email_verified"] != false {
			t.Errorf("%v", got)
		}
	})
}

// TestClaimsLast: the claims parameter counts for the whole family, and no further than the client's scopes of now.
func TestClaimsLast(t *testing.T) {
	for _, opaque := range []bool{false, true} {
		app := func(scopes ...string) storage.Client {
			return WebClient("app", func(c *storage.Client) { c.OpaqueAccessTokens, c.SkipConsent, c.Scopes = opaque, true, scopes })
		}
		i := New(t, Clients(app("openid", "email", "phone")))
		i.whole(i.Person("alice"))
		a := i.App("app")
		ans := a.Redeem(a.SignIn(i.Browser(), "alice", "scope", "openid", "claims", `{"id_token":{"email":null,"phone_number":null},"userinfo":{"email":null,"phone_number":null}}`))
		said := func(ans Answer) []string {
			var out []string
			for of, c := range map[string]map[string]any{"id_token": payload(t, ans.Str("id_token")), "userinfo": i.Userinfo(ans.Str("access_token")).JSON} {
				for _, name := range []string{"email", "phone_number"} {
					if c[name] != nil {
						out = append(out, of+" "+name)
					}
				}
			}
			slices.Sort(out)
			return out
		}
		both := []string{"id_token email", "id_token phone_number", "userinfo email", "userinfo phone_number"}
		if d := cmp.Diff(both, said(ans)); d != "" {
			t.Error("OpenID Connect Core §5.5", d)
		}
		if ans = a.Refresh(ans.Str("refresh_token")); cmp.Diff(both, said(ans)) != "" {
			t.Error("OpenID Connect Core §12.2", said(ans))
		}
		i.Registry.Declare([]storage.Client{app("openid", "phone")})
		if d := cmp.Diff([]string{"userinfo phone_number"}, slices.DeleteFunc(said(ans), func(s string) bool { return s[:3] == "id_" })); d != "" {
			t.Error("a scope that the client lost", d)
		}
		if ans = a.Refresh(ans.Str("refresh_token")); cmp.Diff([]string{"id_token phone_number", "userinfo phone_number"}, said(ans)) != "" {
			t.Error("a scope that the client lost", said(ans))
		}
	}
}
