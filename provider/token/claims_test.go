package token

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// everything is an account that has told all there is.
func everything() storage.Account {
	return storage.Account{ID: 7, Sub: "s", Username: "u", FullName: "Full Name", FirstName: "F", LastName: "L", MiddleName: "M", Nickname: "N", ProfileURL: "https://p",
		Website: "https://w", Gender: "female", Birthdate: "0000-05-17", Zoneinfo: "Europe/Berlin", Locale: "de", Email: "e@x", EmailVerified: true, Phone: "+1", PhoneVerified: true,
		Address: &storage.Address{Formatted: "1 Way\nTown", StreetAddress: "1 Way", Locality: "Town", Region: "R", PostalCode: "1", Country: "C"},
		Picture: &storage.FileInfo{ID: "pic"}, UpdatedAt: time.Unix(5, 0)}
}

// asJSON is v as a reader of its JSON has it.
func asJSON(t *testing.T, v any) (out map[string]any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestUserinfo(t *testing.T) {
	i := issuer(newRing(t))
	all := []string{"openid", "profile", "email", "address", "phone"}
	sparse := storage.Account{Sub: "s", FirstName: "F", UpdatedAt: time.Unix(5, 0), Address: &storage.Address{}}
	short := storage.Account{Sub: "s", Phone: "+1", Address: &storage.Address{Country: "C"}}
	type m = map[string]any
	for _, c := range []struct {
		name   string
		a      storage.Account
		scopes oauth.Scopes
		may    []string
		asked  string
		want   m
	}{
		{"OpenID Connect Core §5.4 openid alone", everything(), oauth.Scopes{"openid"}, all, "", m{"sub": "s"}},
		{"OpenID Connect Core §5.4 profile", everything(), oauth.Scopes{"openid", "profile"}, all, "", m{"sub": "s", "name": "Full Name", "given_name": "F", "family_name": "L",
			"middle_name": "M", "nickname": "N", "profile": "https://p", "website": "https://w", "gender": "female", "birthdate": "0000-05-17", "zoneinfo": "Europe/Berlin",
			"preferred_username": "u", "picture": "https://id.example.test/media/pic", "locale": "de", "updated_at": 5.0}},
		{"OpenID Connect Core §5.4 email and phone", everything(), oauth.Scopes{"openid", "email", "phone"}, all, "", m{"sub": "s", "email": "e@x", "email_verified": true,
			"phone_number": "+1", "phone_number_verified": true}},
		{"OpenID Connect Core §5.1.1 address", everything(), oauth.Scopes{"address"}, all, "", m{"sub": "s", "address": m{"formatted": "1 Way\nTown", "street_address": "1 Way",
			"locality": "Town", "region": "R", "postal_code": "1", "country": "C"}}},
		{"OpenID Connect Core §5.1.1 members that are absent", short, oauth.Scopes{"address", "phone"}, all, "", m{"sub": "s", "address": m{"country": "C"}, "phone_number": "+1",
			"phone_number_verified": false}},
		{"OpenID Connect Core §5.3.2 what is absent is left out", sparse, oauth.Scopes{"profile", "email", "address", "phone", "x"}, all, "",
			m{"sub": "s", "name": "F", "given_name": "F", "updated_at": 5.0}},
		{"OpenID Connect Core §5.5 of the userinfo member", everything(), oauth.Scopes{"openid"}, all, `{"userinfo":{"name":{"essential":true},"email":{}},"id_token":{"gender":{}}}`,
			m{"sub": "s", "name": "Full Name", "email": "e@x"}},
		{"OpenID Connect Core §5.5 beside those of scopes", everything(), oauth.Scopes{"openid", "email"}, all, `{"userinfo":{"nickname":{}}}`,
			m{"sub": "s", "nickname": "N", "email": "e@x", "email_verified": true}},
		{"OpenID Connect Core §5.5 a scope that the client may not ask for", everything(), oauth.Scopes{"openid"}, []string{"openid", "email"}, `{"userinfo":{"name":{"essential":true},"email":{}}}`,
			m{"sub": "s", "email": "e@x"}},
		{"OpenID Connect Core §5.5.1 a claim that is absent", sparse, oauth.Scopes{"openid"}, all, `{"userinfo":{"email":{"essential":true},"address":{}}}`, m{"sub": "s"}},
		{"OpenID Connect Core §5.5.1 the value asked for", everything(), oauth.Scopes{"openid"}, all, `{"userinfo":{"locale":{"value":"de"},"gender":{"values":["male"]},"email_verified":{"value":true}}}`,
			m{"sub": "s", "locale": "de", "email_verified": true}},
		{"OpenID Connect Core §5.5 what is not understood", everything(), oauth.Scopes{"openid"}, all, `{"userinfo":{"password":{},"acr":{},"name#de":{},"sub":{"value":"x"}}}`, m{"sub": "s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Standing{Account: c.a, Client: storage.Client{ID: "app", Scopes: c.may}}
			if c.asked != "" {
				req, err := oauth.ParseClaims(c.asked)
				if err != nil {
					t.Fatal(err)
				}
				if s.Grant.Claims, err = json.Marshal(req); err != nil {
					t.Fatal(err)
				}
			}
			got, err := i.Userinfo(s, c.scopes)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, asJSON(t, got)); d != "" {
				t.Error(d)
			}
		})
	}
	if _, err := i.Userinfo(Standing{Grant: storage.Grant{Claims: []byte("{")}}, nil); err == nil {
		t.Error("a grant that cannot be read was passed over")
	}
}

func TestImpliedScopes(t *testing.T) {
	for _, c := range []struct {
		name, asked string
		want        oauth.Scopes
	}{
		{"OpenID Connect Core §5.5 nothing", `{}`, nil},
		{"OpenID Connect Core §5.5 in both members", `{"userinfo":{"phone_number":null,"name":{}},"id_token":{"email":{},"nickname":{}}}`, oauth.Scopes{"profile", "email", "phone"}},
		{"OpenID Connect Core §5.5 sub and what is about the sign-in", `{"id_token":{"sub":{"value":"x"},"acr":{},"auth_time":{},"amr":{}}}`, nil},
		{"OpenID Connect Core §5.5 what is not understood", `{"userinfo":{"http://example.info/claims/groups":null}}`, nil},
		{"OpenID Connect Core §5.1.1 address", `{"userinfo":{"address":{}}}`, oauth.Scopes{"address"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := oauth.ParseClaims(c.asked)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, ImpliedScopes(req)); d != "" {
				t.Error(d)
			}
		})
	}
	person := everything()
	for _, s := range StandardScopes() {
		for _, claim := range claimsOf[s] {
			if got := ScopesOf(claim); len(got) != 1 || got[0] != s {
				t.Errorf("%s is in %v", claim, got)
			}
			if claim == "sub" || claim == GroupsClaim { // that one stands in no account
				continue
			}
			if _, ok := userClaim(&person, claim, func(string) string { return "x" }); !ok {
				t.Errorf("%s is announced and never told", claim)
			}
		}
	}
}
