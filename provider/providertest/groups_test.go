package providertest

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/provider"
	"latchkey/provider/audit"
	"latchkey/provider/oauth"
	"latchkey/storage"
)

// groupWorld is an issuer at which alice is in some groups, which change while it runs.
type groupWorld struct {
	*Issuer
	groups atomic.Pointer[[]string]
}

func (w *groupWorld) set(groups ...string) { w.groups.Store(&groups) }

func newGroupWorld(t *testing.T, clients ...storage.Client) *groupWorld {
	t.Helper()
	w := &groupWorld{}
	w.set("admins", "shop-eu", "staff")
	w.Issuer = New(t, Clients(clients...), Config(func(c *provider.Config) {
		c.Tokens.GroupsOf = func(a storage.Account) []string {
			if a.Username != "alice" {
				return nil
			}
			return *w.groups.Load()
		}
		c.Tokens.Scopes = func() map[string][]string { return map[string][]string{"corp": {"email", "groups"}, "words": nil} }
		c.Scopes = func() []string { return []string{"corp"} }
	}))
	w.Person("alice")
	w.Person("bob")
	return w
}

func asking(change ...func(*storage.Client)) func(*storage.Client) {
	return func(c *storage.Client) {
		c.Scopes, c.SkipConsent = append(slices.Clone(c.Scopes), "groups", "corp", "words"), true
		for _, f := range change {
			f(c)
		}
	}
}

// TestGroupsClaim: where the claim is, and what it holds.
func TestGroupsClaim(t *testing.T) {
	w := newGroupWorld(t, WebClient("all", asking()), WebClient("some", asking(func(c *storage.Client) { c.GroupsFilter = []string{"staff", "shop-*"} })),
		WebClient("access", asking(func(c *storage.Client) { c.GroupsInAccessToken = true })), WebClient("none", func(c *storage.Client) { c.Scopes, c.SkipConsent = []string{"openid", "email"}, true }))
	all := []any{"admins", "shop-eu", "staff"}
	for _, row := range []struct {
		name, client, person, scope string
		userinfo, id, access        any
	}{
		{"for the scope", "all", "alice", "openid groups", all, all, nil},
		{"not without it", "all", "alice", "openid profile", nil, nil, nil},
		{"none: an empty list, so that nobody asks on", "all", "bob", "openid groups", []any{}, []any{}, nil},
		{"filtered", "some", "alice", "openid groups", []any{"shop-eu", "staff"}, []any{"shop-eu", "staff"}, nil},
		{"RFC 9068 §2.2.3.1 in access tokens, where the client wants it", "access", "alice", "openid groups", all, all, all},
		{"in access tokens for the scope alone", "access", "alice", "openid", nil, nil, nil},
		{"a declared scope brings what it was declared to", "all", "alice", "openid corp", all, all, nil},
		{"a declared scope that brings nothing", "all", "alice", "openid words", nil, nil, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, b := w.App(row.client), w.Browser()
			ans := a.Redeem(a.SignIn(b, row.person, "scope", row.scope))
			info := w.Userinfo(ans.Str("access_token")).JSON
			for where, pair := range map[string][2]any{"userinfo": {row.userinfo, info["groups"]}, "ID token": {row.id, payload(t, ans.Str("id_token"))["groups"]},
				"access token": {row.access, payload(t, ans.Str("access_token"))["groups"]}} {
				if d := cmp.Diff(pair[0], pair[1]); d != "" {
					t.Errorf("%s: %s", where, d)
				}
			}
			if has := info["email"] != nil; has != strings.Contains(row.scope, "corp") {
				t.Errorf("email in userinfo: %v", info["email"])
			}
		})
	}
	t.Run("changes count at once", func(t *testing.T) {
		a := w.App("all")
		ans := a.Redeem(a.SignIn(w.Browser(), "alice", "scope", "openid groups offline_access"))
		w.set("staff")
		defer w.set("admins", "shop-eu", "staff")
		if d := cmp.Diff([]any{"staff"}, w.Userinfo(ans.Str("access_token")).JSON["groups"]); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]any{"staff"}, payload(t, a.Refresh(ans.Str("refresh_token")).Str("id_token"))["groups"]); d != "" {
			t.Error(d)
		}
	})
	t.Run("OpenID Connect Core §5.5 claim by claim, for who may have the scope", func(t *testing.T) {
		for id, want := range map[string]any{"all": all, "none": nil} {
			a := w.App(id)
			ans := a.Redeem(a.SignIn(w.Browser(), "alice", "scope", "openid", "claims", `{"userinfo":{"groups":null}}`))
			if d := cmp.Diff(want, w.Userinfo(ans.Str("access_token")).JSON["groups"]); d != "" {
				t.Errorf("%s: %s", id, d)
			}
		}
	})
	t.Run("RFC 6749 §4.4 a client is in no group", func(t *testing.T) {
		if ans := w.App("all").Post("/token", "grant_type", "client_credentials", "scope", "groups"); ans.Status != 400 {
			t.Errorf("%d %s", ans.Status, ans.Raw)
		}
	})
	t.Run("OpenID Connect Discovery §3", func(t *testing.T) {
		doc := w.Call("GET", "/.well-known/openid-configuration", nil, nil).JSON
		scopes, claims := doc["scopes_supported"].([]any), doc["claims_supported"].([]any)
		if !slices.Contains(scopes, any("groups")) || !slices.Contains(scopes, any("corp")) || slices.Contains(scopes, any("words")) || !slices.Contains(claims, any("groups")) {
			t.Errorf("%v %v", scopes, claims)
		}
	})
}

// TestAllowedGroups: who is in none of a client's groups gets nothing from it, whenever that begins.
func TestAllowedGroups(t *testing.T) {
	w := newGroupWorld(t, WebClient("ops", asking(func(c *storage.Client) { c.AllowedGroups = []string{"admins", "root"} })),
		WebClient("tv", Public, asking(func(c *storage.Client) {
			c.GrantTypes, c.RedirectURIs, c.ResponseTypes = []string{oauth.DeviceGrant, "refresh_token"}, nil, nil
			c.AllowedGroups = []string{"admins"}
		})), WebClient("open", asking()))
	a := w.App("ops")
	member := a.Redeem(a.SignIn(w.Browser(), "alice", "scope", "openid offline_access"))
	if member.Status != 200 {
		t.Fatalf("%d %s", member.Status, member.Raw)
	}

	b := w.Browser()
	p := b.Through(b.Get(a.Authorize()), "bob")
	if p.Title() != "Barred" || w.Audited(audit.ClientBarred) != 1 {
		t.Fatalf("%d %q left %v, %d events", p.Status, p.Title(), p.Left, w.Audited(audit.ClientBarred))
	}
	if yes := p.Submit("decision", "allow"); yes.Left != nil || yes.Status < 400 {
		t.Errorf("the form says yes: %d left %v", yes.Status, yes.Left)
	}
	if back := b.Get(a.Authorize()).Submit("decision", "deny"); back.Left == nil || back.Left.Query().Get("error") != "access_denied" {
		t.Errorf("RFC 6749 §4.1.2.1: %d %q left %v", back.Status, back.Title(), back.Left)
	}
	if none := b.Get(a.Authorize("prompt", "none")); none.Left == nil || none.Left.Query().Get("error") != "access_denied" {
		t.Errorf("OpenID Connect Core §3.1.2.1 prompt=none: %d left %v", none.Status, none.Left)
	}
	if other := b.Get(w.App("open").Authorize()); other.Left == nil || other.Left.Query().Get("code") == "" {
		t.Errorf("another client: %d %q", other.Status, other.Title())
	}

	code := a.SignIn(w.Browser(), "alice", "scope", "openid offline_access")
	introspect := func(token string) any { return a.Post("/introspect", "token", token).JSON["active"] }
	if introspect(member.Str("access_token")) != true || introspect(member.Str("refresh_token")) != true {
		t.Error("tokens of a member are not active")
	}
	w.set("staff") // alice leaves
	for what, ans := range map[string]Answer{"the code": a.Redeem(code), "the refresh token": a.Refresh(member.Str("refresh_token"))} {
		if ans.Status != 400 || ans.JSON["error"] != "invalid_grant" {
			t.Errorf("RFC 6749 §5.2: %s: %d %s", what, ans.Status, ans.Raw)
		}
	}
	if ans := w.Userinfo(member.Str("access_token")); ans.Status != 401 {
		t.Errorf("userinfo: %d %s", ans.Status, ans.Raw)
	}
	if introspect(member.Str("access_token")) != false || introspect(member.Str("refresh_token")) != false {
		t.Error("RFC 7662 §2.2: tokens are active")
	}
	w.set("admins") // and comes back: nothing was taken
	if ans := a.Refresh(member.Str("refresh_token")); ans.Status != 200 {
		t.Errorf("back again: %d %s", ans.Status, ans.Raw)
	}

	tv := w.App("tv")
	device, complete := tv.beginFor(t, "openid")
	if p := b.Get(complete); p.Title() != "Barred" {
		t.Errorf("device: %q", p.Title())
	} else if p.Submit("decision", "allow"); tv.poll(device).JSON["error"] != "access_denied" {
		t.Error("RFC 8628 §3.5: a device of a client that the person may not use gets more than access_denied")
	}
}
