package providertest

import (
	"fmt"
	"testing"
	"time"

	"latchkey/provider"
	"latchkey/storage"
)

// TestLifetimes: what a client's tokens live for, where it says so and where it does not.
func TestLifetimes(t *testing.T) {
	lives := func(access, id, refresh time.Duration) func(c *storage.Client) {
		return func(c *storage.Client) { c.AccessTokenTTL, c.IDTokenTTL, c.RefreshTokenTTL = access, id, refresh }
	}
	opaque := func(c *storage.Client) { c.OpaqueAccessTokens = true }
	for _, c := range []struct {
		name, client        string
		access, id, refresh time.Duration
	}{
		{"RFC 6749 §5.1 expires_in, the defaults", "plain", 5 * time.Minute, time.Hour, 24 * time.Hour},
		{"RFC 6749 §5.1 expires_in, the client's own", "short", time.Minute, 2 * time.Minute, 30 * time.Minute},
		{"RFC 6749 §5.1 expires_in, the client's own, opaque", "short-opaque", time.Minute, 2 * time.Minute, 30 * time.Minute},
		{"access tokens that outlive the refresh token", "long", 2 * time.Hour, 3 * time.Hour, 30 * time.Minute},
		{"no longer than keys are published", "endless", 4 * time.Hour, 4 * time.Hour, 240 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := New(t, Config(func(c *provider.Config) { c.Tokens.MaxTTL = 4 * time.Hour }), Clients(
				WebClient("plain", front), WebClient("short", front, lives(time.Minute, 2*time.Minute, 30*time.Minute)),
				WebClient("short-opaque", front, opaque, lives(time.Minute, 2*time.Minute, 30*time.Minute)),
				WebClient("long", front, lives(2*time.Hour, 3*time.Hour, 30*time.Minute)), WebClient("endless", front, lives(100*time.Hour, 100*time.Hour, 240*time.Hour)),
			))
			i.Person("alice")
			a, b := i.App(c.client), i.Browser()
			got, _ := b.Through(b.Get(a.Authorize("response_type", "code id_token token", "scope", "openid offline_access")), "alice").Response()
			begun := i.Clock.Now()
			ans := a.Redeem(got.Get("code"))
			idTTL := func(raw string) time.Duration {
				c := payload(t, raw)
				return time.Duration(c["exp"].(float64)-c["iat"].(float64)) * time.Second
			}
			if fmt.Sprint(ans.JSON["expires_in"]) != fmt.Sprint(c.access.Seconds()) || got.Get("expires_in") != fmt.Sprint(c.access.Seconds()) {
				t.Errorf("expires_in: %v, at the front %s", ans.JSON["expires_in"], got.Get("expires_in"))
			}
			if back, first := idTTL(ans.Str("id_token")), idTTL(got.Get("id_token")); back != c.id || first != c.id {
				t.Errorf("ID tokens: %v, at the front %v", back, first)
			}
			alive := func(want int, at time.Duration, tokens ...string) {
				t.Helper()
				i.Clock.Add(begun.Add(at).Sub(i.Clock.Now()))
				for n, raw := range tokens {
					if info := i.Userinfo(raw); info.Status != want {
						t.Errorf("token %d after %v: %d", n, at, info.Status)
					}
				}
			}
			alive(200, c.access-2*time.Second, ans.Str("access_token"), got.Get("access_token"))
			alive(401, c.access+time.Second, ans.Str("access_token"), got.Get("access_token"))
			if c.access > c.refresh {
				a.Refresh(ans.Str("refresh_token")).wants(t, 400, "invalid_grant")
				return
			}
			alive(200, c.refresh-time.Minute)
			last := a.Refresh(ans.Str("refresh_token"))
			if last.Status != 200 {
				t.Fatalf("RFC 6749 §6: %d %s", last.Status, last.Raw)
			}
			alive(200, c.refresh-time.Minute+c.access-2*time.Second, last.Str("access_token"))
			alive(401, c.refresh+c.access, last.Str("access_token"))
			a.Refresh(last.Str("refresh_token")).wants(t, 400, "invalid_grant")
		})
	}
}
