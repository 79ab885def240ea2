package providertest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"latchkey/keys"
	"latchkey/provider"
	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/token"
	"latchkey/storage"
)

// factor is one thing in which flows differ.
type factor struct {
	name   string
	values []string
}

var factors = []factor{
	{"response_type", oauth.ResponseTypes()},
	{"response_mode", []string{"", "fragment", "form_post"}},
	{"id_token_signed_response_alg", append(append([]string{""}, keys.Algorithms()...), token.HS256)},
	{"userinfo_signed_response_alg", []string{"", "RS256", "ES384", token.HS256}},
	{"how", []string{"by GET", "by POST", "by value", "by reference", "pushed", "pushed and signed"}},
	{"format", []string{"jwt", "opaque"}},
	{"subject_type", []string{"public", "pairwise"}},
	{"claims", []string{"", `{"userinfo":{"email":{"essential":true},"gender":{"value":"none of these"}},"id_token":{"phone_number":null,"locale":{"values":["xx","de"]}}}`}},
	{"resource", []string{"", API}},
}

// covering makes few rows in which each value of each factor stands beside each value of each other.
func covering() []map[string]string {
	type pair struct{ f, v, g, w int }
	left := map[pair]bool{}
	for f := range factors {
		for g := f + 1; g < len(factors); g++ {
			for v := range factors[f].values {
				for w := range factors[g].values {
					left[pair{f, v, g, w}] = true
				}
			}
		}
	}
	before := func(a, b pair) int { return slices.Compare([]int{a.f, a.v, a.g, a.w}, []int{b.f, b.v, b.g, b.w}) }
	var rows []map[string]string
	for len(left) > 0 {
		first := slices.SortedFunc(maps.Keys(left), before)[0]
		row := make([]int, len(factors))
		for f := range factors {
			best, most := 0, -1
			for v := range factors[f].values {
				gain := 0
				for e := range f {
					if left[pair{e, row[e], f, v}] {
						gain++
					}
				}
				if gain > most {
					best, most = v, gain
				}
			}
			switch row[f] = best; f {
			case first.f:
				row[f] = first.v
			case first.g:
				row[f] = first.w
			}
		}
		named := map[string]string{}
		for f := range factors {
			named[factors[f].name] = factors[f].values[row[f]]
			for g := f + 1; g < len(factors); g++ {
				delete(left, pair{f, row[f], g, row[g]})
			}
		}
		rows = append(rows, named)
	}
	return rows
}

// TestMatrix: whatever is combined, the application gets what it asked for, in the forms that it registered, and nothing else.
func TestMatrix(t *testing.T) {
	pages := &web{pages: map[string]string{}}
	i := New(t, EveryAlg(), Config(func(c *provider.Config) { c.Resources = map[string][]string{API: {"read"}} }))
	i.Provider.Authorize.Fetch = pages
	alice := i.whole(i.Person("alice"))
	b := i.Browser()
	keyed := withKeys(t)
	clause := map[string]string{"code": "OpenID Connect Core §3.1.2.5", "id_token": "OpenID Connect Core §3.2.2.5, §3.2.2.9", "id_token token": "OpenID Connect Core §3.2.2.5, §3.2.2.9"}
	for n, row := range covering() {
		id := fmt.Sprintf("app-%d", n)
		name := cmp.Or(clause[row["response_type"]], "OpenID Connect Core §3.3.2.5, §3.3.2.11") + " " + called(row)
		c := WebClient(id, front, keyed, func(c *storage.Client) {
			c.IDTokenAlg, c.UserinfoAlg = row["id_token_signed_response_alg"], row["userinfo_signed_response_alg"]
			c.OpaqueAccessTokens, c.SubjectType, c.RequestURIs = row["format"] == "opaque", row["subject_type"], []string{objectAt}
			client.Complete(c)
		})
		i.sealedSecret(&c)
		i.Registry.Declare(append(i.Registry.Declared(), c))
		t.Run(name, func(t *testing.T) { runRow(t, &party{t: t, App: i.App(id)}, b, row, alice, pages) })
	}
}

// called names a row after what in it is not usual.
func called(row map[string]string) string {
	var out []string
	for _, f := range factors {
		if v := row[f.name]; v != "" && v[0] != '{' {
			out = append(out, v)
		} else if v != "" {
			out = append(out, f.name)
		}
	}
	return strings.Join(out, ", ")
}

func runRow(t *testing.T, p *party, b *Browser, row map[string]string, alice storage.Account, pages *web) {
	rt := row["response_type"]
	page := p.ask(b, row["how"], pages, "response_type", rt, "response_mode", row["response_mode"], "scope", "openid profile read write", "claims", row["claims"],
		"resource", row["resource"])
	more := []string(nil)
	if row["resource"] != "" && oauth.Answers(rt, "token") { // RFC 6749 §4.2.2: it differs from what was asked for
		more = []string{"scope"}
	}
	got := p.answers(b.Through(page, "alice"), rt, row["response_mode"], more...)
	own := session(t, p.i, b).SID
	sub, sid := p.i.Provider.Issuer.Subject(p.Client, alice.Sub), p.i.Provider.Issuer.SID(p.Client, own)
	checkID := func(raw, access, code string) {
		t.Helper()
		c := p.idToken(raw, access, code)
		want := []string{"acr", "amr", "aud", "auth_time", "azp", "exp", "iat", "iss", "nonce", "sid", "sub"}
		if row["claims"] != "" {
			want = append(want, "phone_number", "locale")
		}
		if rt == oauth.TypeIDToken { // OpenID Connect Core §5.4: userinfo can never be asked
			want = append(want, profileClaims...)
		}
		if c["sub"] != sub || c["sid"] != sid || !sameNames(c, want) {
			t.Errorf("ID token: %v", c)
		}
	}
	checkAccess := func(raw string) {
		t.Helper()
		c := p.access(raw)
		scope, aud := "openid profile read write", `"`+URL+`"`
		if row["resource"] != "" { // RFC 8707 §2.2: no scope of another resource
			scope, aud = "openid profile read", `["`+API+`","`+URL+`"]`
		}
		if c["sub"] != sub || c["sid"] != sid || c["scope"] != scope || mustJSON(c["aud"]) != aud {
			t.Errorf("access token: %v", c)
		}
		want := append([]string{"sub"}, profileClaims...)
		if row["claims"] != "" {
			want = append(want, "email")
		}
		if info := p.userinfo(raw); info["sub"] != sub || !sameNames(info, want) {
			t.Errorf("userinfo: %v", info)
		}
	}
	if raw := got.Get("id_token"); raw != "" {
		checkID(raw, got.Get("access_token"), got.Get("code"))
	}
	if raw := got.Get("access_token"); raw != "" {
		checkAccess(raw)
	}
	if code := got.Get("code"); code != "" {
		ans := p.Redeem(code)
		if ans.Status != 200 || ans.Str("refresh_token") == "" {
			t.Fatalf("%d %s", ans.Status, ans.Raw)
		}
		p.told = append(p.told, ans.Raw)
		checkID(ans.Str("id_token"), ans.Str("access_token"), "")
		checkAccess(ans.Str("access_token"))
	}
	if said := strings.Join(p.told, "\n"); row["subject_type"] == "pairwise" && (strings.Contains(said, alice.Sub) || strings.Contains(said, own)) {
		t.Errorf("OpenID Connect Core §8.1 a pairwise client is told names that others know: %s", said)
	}
}

// sameNames tells whether an object has these members and no others.
func sameNames(c map[string]any, want []string) bool {
	want = slices.Compact(slices.Sorted(slices.Values(want)))
	return slices.Equal(slices.Sorted(maps.Keys(c)), want)
}

// profileClaims are the claims of that scope (OpenID Connect Core §5.4).
var profileClaims = []string{"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "gender", "birthdate",
	"zoneinfo", "locale", "updated_at"}

// whole gives an account every standard claim.
func (i *Issuer) whole(a storage.Account) storage.Account {
	i.T.Helper()
	a.FullName, a.FirstName, a.LastName, a.MiddleName, a.Nickname = "Alice B. Carroll", "Alice", "Carroll", "B.", "Al"
	a.ProfileURL, a.Website, a.Gender, a.Birthdate, a.Zoneinfo, a.Locale = "https://alice.test/", "https://alice.test/web", "female", "1990-02-03", "Europe/Berlin", "de"
	a.Phone, a.PhoneVerified, a.EmailVerified = "+49301234567", true, true
	a.Address = &storage.Address{Formatted: "Weg 1", StreetAddress: "Weg 1", Locality: "Berlin", Region: "BE", PostalCode: "10115", Country: "DE"}
	out, err := i.Store.ReplaceAccount(i.T.Context(), a, storage.Effects{}, i.Clock.Now())
	i.must(err)
	i.must(i.Store.PutFile(i.T.Context(), a.ID, storage.FilePicture, storage.FileInfo{ID: "picture"}, []byte("x"), i.Clock.Now()))
	return out
}
