package admin

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"latchkey/provider/account"
	"latchkey/provider/oauth"
	"latchkey/provider/token"
	"latchkey/storage"
)

// ClientFault is one thing wrong with a client. Field is the name that RFC 7591 has for it; Problem completes "the field …".
type ClientFault struct{ Field, Problem string }

// MaxSecrets is how many live secrets a client may have: the one in use and the one that follows it.
const MaxSecrets = 2

// CheckClient says everything that is wrong with a client, wherever it comes from.
func CheckClient(c storage.Client) []ClientFault {
	var faults []ClientFault
	bad := func(wrong bool, field, format string, args ...any) {
		if wrong {
			faults = append(faults, ClientFault{field, fmt.Sprintf(format, args...)})
		}
	}
	native := c.ApplicationType == "native"
	code, public := slices.Contains(c.GrantTypes, "authorization_code"), c.AuthMethod == "none"

	bad(c.ID == "", "client_id", "is missing")
	bad(len(c.ID) > 128 || strings.ContainsFunc(c.ID, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }),
		"client_id", "must have at most 128 printable ASCII characters without space, quote and backslash")
	bad(c.ID == token.AccountClientID, "client_id", "is %s, which stands for the account API's own tokens", c.ID)
	bad(len(c.Name) > 200, "client_name", "is longer than 200 bytes")
	bad(!native && c.ApplicationType != "web", "application_type", "is %q; it must be web or native", c.ApplicationType)
	bad(!slices.Contains([]string{"none", "client_secret_basic", "client_secret_post"}, c.AuthMethod), "token_endpoint_auth_method",
		"is %q; it must be client_secret_basic, client_secret_post or none", c.AuthMethod)
	bad(len(c.GrantTypes) == 0, "grant_types", "has none")
	bad(public && len(c.Secrets) > 0, "secrets", "has one, but the client's token_endpoint_auth_method is none")
	bad(!public && len(c.Secrets) == 0, "secrets", "has none, but the client's token_endpoint_auth_method is %s", c.AuthMethod)
	bad(len(c.Secrets) > MaxSecrets, "secrets", "has %d; at most %d can be live", len(c.Secrets), MaxSecrets)
	bad(public && slices.Contains(c.GrantTypes, "client_credentials"), "grant_types", "has client_credentials, which a public client cannot use") // RFC 6749 §4.4
	bad(slices.Contains(c.GrantTypes, "refresh_token") && !code && !slices.Contains(c.GrantTypes, oauth.DeviceGrant), "grant_types",
		"has refresh_token without authorization_code or the device grant, which alone issue them")
	bad(public && c.PKCEExempt, "pkce_exempt", "is set, but a public client always needs PKCE") // RFC 9700 §2.1.1
	bad(code && len(c.RedirectURIs) == 0, "redirect_uris", "has none, but the authorization_code grant needs one")
	bad(len(c.RedirectURIs) > 100, "redirect_uris", "has more than 100")
	for _, list := range []struct {
		field string
		uris  []string
	}{{"redirect_uris", c.RedirectURIs}, {"post_logout_redirect_uris", c.PostLogoutRedirectURIs}} {
		for _, uri := range list.uris {
			if err := oauth.CheckRedirectURI(uri, native); err != nil {
				bad(true, list.field, "has %q, which %v", uri, err)
			}
		}
	}
	for _, link := range []struct{ field, uri string }{
		{"client_uri", c.URI}, {"logo_uri", c.LogoURI}, {"policy_uri", c.PolicyURI}, {"tos_uri", c.TOSURI},
	} {
		bad(link.uri != "" && !isWebLink(link.uri), link.field, "is no http or https URL")
	}
	for _, scope := range c.Scopes {
		bad(strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }), "scope", "has %q, which is no scope", scope) // RFC 6749 §3.3
	}
	for _, resource := range append(slices.Clone(c.Audiences), c.DefaultAudience) {
		u, err := url.Parse(resource)
		bad(resource != "" && (err != nil || !u.IsAbs() || strings.Contains(resource, "#")), "audiences", "has %q, which is no absolute URI without fragment", resource) // RFC 8707 §2
	}
	return faults
}

func isWebLink(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

// IsSecretHash says whether s is an encoding that [storage.ClientSecret] allows.
func IsSecretHash(s string) bool {
	if digits, ok := strings.CutPrefix(s, "sha256:"); ok {
		sum, err := hex.DecodeString(digits)
		return err == nil && len(sum) == 32 && digits == strings.ToLower(digits)
	}
	return account.IsHash(s)
}

// words refuses grants, response types and algorithms that nobody here knows.
func words(c storage.Client, algs []string) error {
	faults := []ClientFault{}
	for field, list := range map[string]struct{ has, known []string }{
		"grant_types":                  {c.GrantTypes, []string{"authorization_code", "refresh_token", "client_credentials", oauth.DeviceGrant}},
		"response_types":               {c.ResponseTypes, []string{"code"}},
		"id_token_signed_response_alg": {[]string{c.IDTokenAlg}, append([]string{""}, algs...)},
	} {
		for _, word := range list.has {
			if !slices.Contains(list.known, word) {
				faults = append(faults, ClientFault{field, fmt.Sprintf("has %q, which is not served", word)})
			}
		}
	}
	return invalid(faults)
}

func invalid(faults []ClientFault) error {
	if len(faults) == 0 {
		return nil
	}
	f := &Fault{Code: "invalid", Message: "the client is not valid", Fields: map[string]string{}}
	for _, one := range faults {
		if f.Fields[one.Field] != "" {
			one.Problem = f.Fields[one.Field] + "; " + one.Problem
		}
		f.Fields[one.Field] = one.Problem
	}
	return f
}
