package token

import (
	"slices"
	"strings"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// claimsOf says which claims a scope asks for (OpenID Connect Core §5.4).
var claimsOf = map[string][]string{
	oauth.OpenID: {"sub"},
	oauth.ProfileScope: {"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
		"gender", "birthdate", "zoneinfo", "locale", "updated_at"},
	oauth.EmailScope:   {"email", "email_verified"},
	oauth.AddressScope: {"address"},
	oauth.PhoneScope:   {"phone_number", "phone_number_verified"},
	oauth.GroupsScope:  {GroupsClaim},
}

// ClaimsSupported lists every claim of a person or sign-in that userinfo or an ID token can bear, for discovery.
func ClaimsSupported() []string {
	var out []string
	for _, s := range StandardScopes() {
		out = append(out, claimsOf[s]...)
	}
	return append(out, "auth_time", "acr", "amr", "sid")
}

var standardScopes = [...]string{oauth.OpenID, oauth.ProfileScope, oauth.EmailScope, oauth.AddressScope, oauth.PhoneScope, oauth.GroupsScope, oauth.OfflineAccess}

// StandardScopes lists the scopes that are served without anybody's declaring them: those of OpenID Connect, and groups. It is asked for every
// token: the list is shared, and nobody may change it.
func StandardScopes() []string { return standardScopes[:] }

// ScopesOf lists the scopes that contain a claim, none for a claim that is unknown or is about no person (such as acr).
func ScopesOf(claim string) []string {
	var out []string
	for _, s := range StandardScopes() {
		if slices.Contains(claimsOf[s], claim) {
			out = append(out, s)
		}
	}
	return out
}

// ImpliedScopes are the scopes whose claims a claims parameter asks for, in the order of [StandardScopes] and without openid: what it asks
// for is no less personal than what they do, so consent must be asked as for them. They are not granted by it.
func ImpliedScopes(req oauth.ClaimsRequest) oauth.Scopes {
	asked := map[string]bool{}
	for _, member := range []map[string]oauth.ClaimRequest{req.Userinfo, req.IDToken} {
		for claim := range member {
			for _, s := range ScopesOf(claim) {
				asked[s] = true
			}
		}
	}
	delete(asked, oauth.OpenID)
	var out oauth.Scopes
	for _, s := range StandardScopes() {
		if asked[s] {
			out = append(out, s)
		}
	}
	return out
}

// userClaim is one claim of an account (OpenID Connect Core §5.1); ok is false where it has none. pictureURL may be nil.
func userClaim(a *storage.Account, name string, pictureURL func(string) string) (v any, ok bool) {
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
	case "middle_name":
		return text(a.MiddleName)
	case "nickname":
		return text(a.Nickname)
	case "preferred_username":
		return text(a.Username)
	case "profile":
		return text(a.ProfileURL)
	case "website":
		return text(a.Website)
	case "gender":
		return text(a.Gender)
	case "birthdate":
		return text(a.Birthdate)
	case "zoneinfo":
		return text(a.Zoneinfo)
	case "locale":
		return text(a.Locale)
	case "picture":
		if a.Picture == nil || pictureURL == nil {
			return nil, false
		}
		return text(pictureURL(a.Picture.ID))
	case "updated_at":
		return a.UpdatedAt.Unix(), true
	case "email":
		return text(a.Email)
	case "email_verified":
		return a.EmailVerified, a.Email != ""
	case "address":
		return addressClaim(a.Address)
	case "phone_number":
		return text(a.Phone)
	case "phone_number_verified":
		return a.PhoneVerified, a.Phone != ""
	}
	return nil, false
}

// address is the claim of that name (OpenID Connect Core §5.1.1).
type address struct {
	Formatted     string `json:"formatted,omitempty"`
	StreetAddress string `json:"street_address,omitempty"`
	Locality      string `json:"locality,omitempty"`
	Region        string `json:"region,omitempty"`
	PostalCode    string `json:"postal_code,omitempty"`
	Country       string `json:"country,omitempty"`
}

func addressClaim(a *storage.Address) (any, bool) {
	if a == nil || *a == (storage.Address{}) {
		return nil, false
	}
	return address(*a), true
}
