package token

import (
	"strings"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// claimsOf says which claims a scope asks for (OpenID Connect Core §5.4). Only claims that an account can hold are listed.
var claimsOf = map[string][]string{
	oauth.OpenID:       {"sub"},
	oauth.ProfileScope: {"name", "given_name", "family_name", "preferred_username", "picture", "locale", "updated_at"},
	oauth.EmailScope:   {"email", "email_verified"},
	oauth.PhoneScope:   {"phone_number", "phone_number_verified"},
}

// ClaimsSupported lists every claim that userinfo can return, for discovery.
func ClaimsSupported() []string {
	var out []string
	for _, s := range StandardScopes() {
		out = append(out, claimsOf[s]...)
	}
	return out
}

// StandardScopes lists the scopes of OpenID Connect that are served, for discovery.
func StandardScopes() []string {
	return []string{oauth.OpenID, oauth.ProfileScope, oauth.EmailScope, oauth.PhoneScope, oauth.OfflineAccess}
}

// UserClaims is what userinfo says of an account: the claims of the scopes, none that was not asked for, and none that is absent.
// pictureURL turns a picture's FileInfo.ID into its address.
func UserClaims(a storage.Account, scopes oauth.Scopes, pictureURL func(id string) string) map[string]any {
	out := map[string]any{"sub": a.Sub}
	for _, s := range scopes {
		for _, name := range claimsOf[s] {
			if v, ok := userClaim(a, name, pictureURL); ok {
				out[name] = v
			}
		}
	}
	return out
}

func userClaim(a storage.Account, name string, pictureURL func(string) string) (v any, ok bool) {
	text := func(s string) (any, bool) { return s, s != "" }
	switch name {
	case "name":
		if a.FullName != "" {
			return a.FullName, true
		}
		return text(strings.TrimSpace(a.FirstName + " " + a.LastName))
	case "given_name":
		return text(a.FirstName)
	case "family_name":
		return text(a.LastName)
	case "preferred_username":
		return text(a.Username)
	case "locale":
		return text(a.Locale)
	case "picture":
		if a.Picture == nil {
			return nil, false
		}
		return text(pictureURL(a.Picture.ID))
	case "updated_at":
		return a.UpdatedAt.Unix(), true
	case "email":
		return text(a.Email)
	case "email_verified":
		return a.EmailVerified, a.Email != ""
	case "phone_number":
		return text(a.Phone)
	case "phone_number_verified":
		return false, a.Phone != "" // no proof of phone numbers is offered
	}
	return nil, false
}
