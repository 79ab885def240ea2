package token

import (
	"strings"
	"testing"

	"latchkey/storage"
)

func TestSubject(t *testing.T) {
	i, _ := realIssuer(t)
	public := storage.Client{ID: "public", SubjectType: "public", Sector: "a.example"}
	a := storage.Client{ID: "a", SubjectType: Pairwise, Sector: "a.example"}
	same := storage.Client{ID: "same", SubjectType: Pairwise, Sector: "a.example"}
	b := storage.Client{ID: "b", SubjectType: Pairwise, Sector: "b.example"}
	alone, lonely := storage.Client{ID: "alone", SubjectType: Pairwise}, storage.Client{ID: "lonely", SubjectType: Pairwise}
	if i.Subject(public, "s") != "s" || i.Subject(storage.Client{}, "s") != "s" {
		t.Error("OpenID Connect Core §8 public is the account's own")
	}
	if i.SID(public, "s") != "s" || i.SID(a, "s") != i.SID(same, "s") || i.SID(a, "s") == i.SID(b, "s") || i.SID(a, "s") == i.Subject(a, "s") || i.SID(a, "") != "" {
		t.Error("OpenID Connect Core §8.1 sid is as pairwise as sub")
	}
	if i.Subject(a, "s") != i.Subject(same, "s") {
		t.Error("OpenID Connect Core §8.1 one sector has one subject")
	}
	seen := map[string]string{}
	for name, sub := range map[string]string{"own": "s", "sector a": i.Subject(a, "s"), "sector b": i.Subject(b, "s"), "another account": i.Subject(a, "t"),
		"no sector": i.Subject(alone, "s"), "no sector, another client": i.Subject(lonely, "s")} {
		if other := seen[sub]; other != "" {
			t.Errorf("OpenID Connect Core §8.1 %s and %s are the same", name, other)
		}
		seen[sub] = name
		if len(sub) > 255 || strings.Trim(sub, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Error("OpenID Connect Core §2", sub)
		}
	}
}

// TestPairwiseEverywhere: no token tells a pairwise client the account's own subject (OpenID Connect Core §8.1).
func TestPairwiseEverywhere(t *testing.T) {
	c := storage.Client{ID: "hmac", SubjectType: Pairwise, Sector: "a.example", Scopes: []string{"openid"}, UserinfoAlg: "ES256"}
	i, rings := realIssuer(t, c)
	a := authorization()
	a.Client, a.Account.Sub = &c, "the-own-subject"
	ans, err := i.Issue(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	logout, err := i.LogoutToken(t.Context(), c, a.Account.Sub, a.Grant.SID)
	if err != nil {
		t.Fatal(err)
	}
	said, err := i.Userinfo(Standing{Account: a.Account, Grant: a.Grant, Client: c}, a.Scopes)
	if err != nil {
		t.Fatal(err)
	}
	userinfo, err := i.SignUserinfo(t.Context(), c, said)
	if err != nil {
		t.Fatal(err)
	}
	want, session := i.Subject(c, a.Account.Sub), i.SID(c, a.Grant.SID)
	for name, raw := range map[string]struct{ alg, raw string }{"access token": {"ES256", ans.AccessToken}, "ID token": {"RS256", ans.IDToken}, "logout token": {"RS256", logout}, "userinfo": {"ES256", userinfo}} {
		if _, claims := checked(t, rings, raw.alg, raw.raw); claims["sub"] != want || claims["sid"] != session && name != "userinfo" {
			t.Errorf("%s: %v", name, claims)
		}
	}
	c.OpaqueAccessTokens, a.Client.OpaqueAccessTokens = true, true
	if ans, err = i.Issue(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if got, err := i.VerifyAccess(ans.AccessToken); err != nil || got.Subject != want || got.SID != session {
		t.Errorf("opaque: %+v %v", got, err)
	}
	a.Account = storage.Account{}
	if ans, err = i.Issue(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if got, err := i.VerifyAccess(ans.AccessToken); err != nil || got.Subject != c.ID {
		t.Errorf("RFC 9068 §2.2 a client for itself: %+v %v", got, err)
	}
}

func TestHintNames(t *testing.T) {
	i, _ := realIssuer(t)
	public, pair := storage.Client{ID: "public"}, storage.Client{ID: "pair", SubjectType: Pairwise, Sector: "a.example"}
	alice, bob := storage.Account{Sub: "alice"}, storage.Account{Sub: "bob"}
	hint := func(c storage.Client, sub string) ID { return ID{Audience: Audience{c.ID}, Subject: sub} }
	for _, c := range []struct {
		name string
		hint ID
		c    storage.Client
		a    storage.Account
		want bool
	}{
		{"OpenID Connect Core §3.1.2.1 the account", hint(public, "alice"), public, alice, true},
		{"OpenID Connect Core §3.1.2.1 another", hint(public, "alice"), public, bob, false},
		{"OpenID Connect Core §8.1 pairwise", hint(pair, i.Subject(pair, "alice")), pair, alice, true},
		{"OpenID Connect Core §8.1 pairwise, another", hint(pair, i.Subject(pair, "alice")), pair, bob, false},
		{"OpenID Connect Core §8.1 the own subject of a pairwise client", hint(pair, "alice"), pair, alice, false},
		{"a hint for another client", hint(public, "alice"), storage.Client{ID: "other"}, alice, false},
		{"no client", hint(public, "alice"), storage.Client{}, alice, false},
		{"no account", ID{Audience: Audience{"public"}}, public, storage.Account{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := i.HintNames(c.hint, c.c, c.a); got != c.want {
				t.Error(got)
			}
		})
	}
}
