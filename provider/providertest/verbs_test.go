package providertest

import (
	"context"
	"strings"
	"sync"
	"testing"

	"latchkey/storage"
	"latchkey/storage/watch"
)

// TestStoreVerbs: what the paths that are taken most ask of the store, and nothing more. Whoever adds a verb here makes every sign-in slower.
func TestStoreVerbs(t *testing.T) {
	var mu sync.Mutex
	var verbs []string
	i := testIssuer(t, WrapStore(func(s storage.Store) storage.Store {
		return watch.Wrap(s, func(ctx context.Context, verb string) (context.Context, func(error)) {
			mu.Lock()
			defer mu.Unlock()
			verbs = append(verbs, verb)
			return ctx, func(error) {}
		})
	}))
	i.Person("alice")
	a, b := i.App("basic"), i.Browser()
	a.SignIn(b, "alice")
	var ans Answer
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"/authorize, silent", func() { b.Get(a.Authorize()) }, "Session Account Consent CreateGrant"},
		{"/token, code", func() { ans = a.Redeem(a.SignIn(b, "alice")) }, "Session Account Consent CreateGrant Standing RedeemCode"},
		{"/token, refresh", func() { ans = a.Refresh(ans.Str("refresh_token")) }, "Standing RotateRefresh"},
		{"/token, client credentials", func() { i.App("machine").Post("/token", "grant_type", "client_credentials") }, ""},
		{"/userinfo", func() { i.Userinfo(ans.Str("access_token")) }, "Standing"},
		{"/introspect", func() { a.Post("/introspect", "token", ans.Str("access_token")) }, "Standing"},
		{"/revoke", func() { a.Post("/revoke", "token", ans.Str("access_token")) }, "DenyToken"},
		{"/authorize, nobody", func() { i.Browser().Get(a.Authorize("prompt", "none")) }, ""},
		{"/jwks.json", func() { i.Call("GET", "/jwks.json", nil, nil) }, ""},
		{"/.well-known/openid-configuration", func() { i.Call("GET", "/.well-known/openid-configuration", nil, nil) }, ""},
	} {
		t.Run(step.name, func(t *testing.T) {
			verbs = nil
			step.do()
			if got := strings.Join(verbs, " "); got != step.want {
				t.Errorf("got %q, want %q", got, step.want)
			}
		})
	}
}
