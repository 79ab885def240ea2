package providertest

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"latchkey/provider/token"
	"latchkey/storage"
)

// sector makes a client know people and their sessions by names of its own.
func sector(host string) func(*storage.Client) {
	return func(c *storage.Client) { c.SubjectType, c.Sector, c.SkipConsent = token.Pairwise, host, true }
}

// TestPairwiseSessions: what clients of different sectors get to know of one session has nothing in common, and each can end it by what it knows.
func TestPairwiseSessions(t *testing.T) {
	framed := func(c *storage.Client) { c.FrontchannelLogoutURI = "https://" + c.ID + ".example.test/out" }
	i := New(t, Clients(
		WebClient("public", framed), WebClient("a", sector("a.test"), framed), WebClient("sister", sector("a.test"), framed), WebClient("b", sector("b.test"), framed),
		WebClient("lone", sector("")), WebClient("opaque", sector("c.test"), func(c *storage.Client) { c.OpaqueAccessTokens = true }),
	))
	alice := i.Person("alice")
	everywhere := []string{"public", "a", "sister", "b", "lone", "opaque"}
	b, ids := i.Browser(), map[string]string{}
	answers := map[string]Answer{}
	for _, id := range everywhere {
		a := i.App(id)
		answers[id] = a.Redeem(a.SignIn(b, "alice"))
		ids[id] = answers[id].Str("id_token")
	}
	own := session(t, i, b).SID
	names := func(id string) (sub, sid string) {
		c := payload(t, ids[id])
		return c["sub"].(string), c["sid"].(string)
	}
	if sub, sid := names("public"); sub != alice.Sub || sid != own {
		t.Errorf("OpenID Connect Core §8 public: %s %s", sub, sid)
	}
	seen := map[string]string{alice.Sub: "public", own: "public"}
	for _, id := range []string{"a", "b", "lone", "opaque"} {
		for _, name := range func() []string { sub, sid := names(id); return []string{sub, sid} }() {
			if other := seen[name]; other != "" || name == "" {
				t.Errorf("OpenID Connect Core §8.1 %s and %s can compare %q", id, other, name)
			}
			seen[name] = id
		}
	}
	subA, sidA := names("a")
	if sub, sid := names("sister"); sub != subA || sid != sidA {
		t.Errorf("OpenID Connect Core §8.1 one sector: %s %s", sub, sid)
	}
	for _, id := range everywhere {
		t.Run("OpenID Connect Core §8.1 every token of "+id+" has the same names", func(t *testing.T) {
			a, ans := i.App(id), answers[id]
			sub, sid := names(id)
			for _, of := range []string{"access_token", "refresh_token"} {
				if got := a.Post("/introspect", "token", ans.Str(of)); got.Str("sub") != sub || got.Str("sid") != sid {
					t.Errorf("introspection of %s: %s", of, got.Raw)
				}
			}
			if ans = a.Refresh(ans.Str("refresh_token")); payload(t, ans.Str("id_token"))["sid"] != sid {
				t.Error("OpenID Connect Core §12.2 a refresh")
			}
		})
	}
	t.Run("RP-Initiated Logout §2 its hint still proves the session, and frames tell each its own sid", func(t *testing.T) {
		p := b.Get("/logout?" + Query("id_token_hint", ids["b"], "post_logout_redirect_uri", bye).Encode())
		if p.Left == nil || p.Left.String() != bye {
			t.Fatalf("%d %q left %v", p.Status, p.Title(), p.Left)
		}
		var want []string
		for _, id := range []string{"public", "a", "sister", "b"} {
			_, sid := names(id)
			want = append(want, "https://"+id+".example.test/out?"+url.Values{"iss": {URL}, "sid": {sid}}.Encode())
		}
		if got := frames(p); !slices.Equal(got, want) {
			t.Errorf("Front-Channel Logout §3: %q, want %q", got, want)
		}
	})
	t.Run("RP-Initiated Logout §2 the hint of a session that is over proves no other", func(t *testing.T) {
		i.App("b").SignIn(b, "alice")
		if p := b.Get("/logout?" + Query("id_token_hint", ids["b"]).Encode()); !strings.HasPrefix(p.Title(), "Do you want") {
			t.Errorf("%q", p.Title())
		}
	})
}
