package token

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

func TestUserClaims(t *testing.T) {
	full := storage.Account{Sub: "s", Username: "u", FullName: "Full Name", FirstName: "F", LastName: "L", Email: "e@x", EmailVerified: true, Phone: "+1", Locale: "de",
		Picture: &storage.FileInfo{ID: "pic"}, UpdatedAt: time.Unix(5, 0)}
	at := func(id string) string { return "https://id/media/" + id }
	for _, c := range []struct {
		name   string
		a      storage.Account
		scopes oauth.Scopes
		want   map[string]any
	}{
		{"OpenID Connect Core §5.4 openid alone", full, oauth.Scopes{"openid"}, map[string]any{"sub": "s"}},
		{"OpenID Connect Core §5.4 profile", full, oauth.Scopes{"openid", "profile"}, map[string]any{"sub": "s", "name": "Full Name", "given_name": "F", "family_name": "L",
			"preferred_username": "u", "picture": "https://id/media/pic", "locale": "de", "updated_at": int64(5)}},
		{"OpenID Connect Core §5.4 email and phone", full, oauth.Scopes{"openid", "email", "phone"}, map[string]any{"sub": "s", "email": "e@x", "email_verified": true,
			"phone_number": "+1", "phone_number_verified": false}},
		{"OpenID Connect Core §5.3.2 what is absent is left out", storage.Account{Sub: "s", FirstName: "F", UpdatedAt: time.Unix(5, 0)}, oauth.Scopes{"profile", "email", "phone", "x"},
			map[string]any{"sub": "s", "name": "F", "given_name": "F", "updated_at": int64(5)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, UserClaims(c.a, c.scopes, at)); d != "" {
				t.Error(d)
			}
		})
	}
}
