package providertest

import (
	"testing"

	"latchkey/provider"
	"latchkey/storage"
)

// TestResourcesOfAFamily: one consent to two APIs buys tokens for either, each with its own scopes, for as long as the family lives.
func TestResourcesOfAFamily(t *testing.T) {
	opaque := func(c *storage.Client) { c.OpaqueAccessTokens = true }
	i := testIssuer(t, Config(func(c *provider.Config) { c.Resources = map[string][]string{API: {"read"}, OtherAPI: {"write"}} }), Clients(WebClient("opaque", opaque)))
	i.Person("alice")
	for _, id := range []string{"basic", "opaque"} {
		a, b := i.App(id), i.Browser()
		q := a.Request("scope", "openid read write")
		q["resource"] = []string{API, OtherAPI}
		got, _ := b.Through(b.Get("/authorize?"+q.Encode()), "alice").Response()
		ans := a.Redeem(got.Get("code"), "resource", API)
		for _, c := range []struct{ name, resource, scope, want, aud, err string }{
			{"RFC 8707 §2.2 the first", "", "", "openid read", `["` + API + `","` + URL + `"]`, ""},
			{"RFC 8707 §2.2 the other", OtherAPI, "", "openid write", `["` + OtherAPI + `","` + URL + `"]`, ""},
			{"RFC 8707 §2.2 both", "", "", "openid read write", `["` + API + `","` + OtherAPI + `","` + URL + `"]`, ""},
			{"RFC 8707 §2.2 less than the other knows", OtherAPI, "write", "write", `"` + OtherAPI + `"`, ""},
			{"RFC 8707 §2.2 the scope of another", OtherAPI, "read", "", "", "invalid_target"},
			{"RFC 8707 §2 malformed", "other-api", "", "", "", "invalid_target"},
			{"RFC 8707 §2.2 one that nobody consented to", "https://third.example.test", "", "", "", "invalid_target"},
		} {
			t.Run(c.name+", "+id, func(t *testing.T) {
				if c.name != "RFC 8707 §2.2 the first" {
					pairs := []string{"scope", c.scope}
					if c.resource != "" {
						pairs = append(pairs, "resource", c.resource)
					}
					next := a.Refresh(ans.Str("refresh_token"), pairs...)
					if c.err != "" {
						next.wants(t, 400, c.err)
						return
					}
					ans = next
				}
				seen := a.Post("/introspect", "token", ans.Str("access_token"))
				if ans.Status != 200 || ans.Str("scope") != c.want || seen.Str("scope") != c.want || mustJSON(seen.JSON["aud"]) != c.aud {
					t.Errorf("%s is %s", ans.Raw, seen.Raw)
				}
			})
		}
	}
}
