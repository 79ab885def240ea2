package client

import (
	"strings"
	"testing"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

const ecKeys = `{"keys":[{"kty":"EC","crv":"P-256","x":"WKn-ZIGevcwGIyyrzFoZNBdaq9_TsqzGl96oc0CWuis","y":"y77t-RvAHRKTsSGdIYUfweuOvwrvDD-Q3Hv5J0fSKbE"}]}`

func goodClient() storage.Client {
	return storage.Client{ID: "a", ApplicationType: "web", AuthMethod: BasicMethod, GrantTypes: []string{"authorization_code"}, ResponseTypes: []string{"code"},
		Secrets: []storage.ClientSecret{{}}, RedirectURIs: []string{"https://a.example/cb"}, Scopes: []string{"openid"}}
}

type change = func(*storage.Client)

func public(c *storage.Client) { c.AuthMethod, c.Secrets = NoneMethod, nil }

func implicit(c *storage.Client) {
	c.GrantTypes, c.ResponseTypes = []string{"authorization_code", "implicit"}, []string{"code id_token"}
}

func keyed(c *storage.Client) { c.AuthMethod, c.Secrets, c.JWKS = KeyJWTMethod, nil, []byte(ecKeys) }

// all changes in order.
func all(changes ...change) change {
	return func(c *storage.Client) {
		for _, f := range changes {
			f(c)
		}
	}
}

// Clients that are right, though they are of an unusual kind.
func TestCheckLetsThrough(t *testing.T) {
	for name, f := range map[string]change{
		"as it is": func(*storage.Client) {},
		"RFC 8252 §7.1 native": all(public, func(c *storage.Client) {
			c.ApplicationType, c.RedirectURIs = "native", []string{"com.example.a:/cb", "http://127.0.0.1/"}
		}),
		"RFC 8628 a device": all(public, func(c *storage.Client) {
			c.GrantTypes, c.ResponseTypes, c.RedirectURIs = []string{oauth.DeviceGrant, "refresh_token"}, nil, nil
		}),
		"RFC 6749 §4.4 a machine": func(c *storage.Client) {
			c.GrantTypes, c.ResponseTypes, c.RedirectURIs = []string{"client_credentials"}, nil, nil
		},
		"implicit alone": all(public, func(c *storage.Client) {
			c.GrantTypes, c.ResponseTypes = []string{"implicit"}, []string{"id_token", "id_token token"}
		}),
		"hybrid": implicit,
		"OpenID Connect Core §9 private_key_jwt": keyed,
		"OpenID Connect Core §9 private_key_jwt, keys elsewhere": func(c *storage.Client) {
			c.AuthMethod, c.Secrets, c.JWKSURI, c.AuthAlg, c.RequestObjectAlg = KeyJWTMethod, nil, "https://a.example/jwks", "PS384", "RS256"
		},
		"OpenID Connect Core §9 client_secret_jwt":                                     func(c *storage.Client) { c.AuthMethod, c.AuthAlg = SecretJWTMethod, "HS256" },
		"OpenID Connect Core §10.1 HS256 beside private_key_jwt":                       all(keyed, func(c *storage.Client) { c.IDTokenAlg, c.Secrets = "HS256", []storage.ClientSecret{{}} }),
		"OpenID Connect Registration §2 an algorithm of assertions without assertions": func(c *storage.Client) { c.AuthAlg = "RS256" },
		"OpenID Connect Core §8.1 several redirect URIs of one host": func(c *storage.Client) {
			c.SubjectType, c.RedirectURIs = "pairwise", []string{"https://A.example/1", "https://a.example:8443/2"}
		},
		"OpenID Connect Core §8.1 several hosts": func(c *storage.Client) {
			c.SubjectType, c.RedirectURIs, c.SectorIdentifierURI = "pairwise", []string{"https://a.example/", "https://b.example/"}, "https://c.example/s.json"
		},
		"Front-Channel Logout §2 default port": func(c *storage.Client) { c.FrontchannelLogoutURI = "https://a.example:443/out" },
		"max age of 0":                         func(c *storage.Client) { c.HasDefaultMaxAge = true },
		"a registered one":                     func(c *storage.Client) { c.Registered = true },
	} {
		t.Run(name, func(t *testing.T) {
			c := goodClient()
			f(&c)
			Complete(&c)
			if faults := Check(c, Served{}); faults != nil {
				t.Error(faults)
			}
		})
	}
}

// Each of them has one fault, in the member named.
func TestCheckRefuses(t *testing.T) {
	for _, row := range []struct {
		name, field string
		change      change
	}{
		{"no ID", "client_id", func(c *storage.Client) { c.ID = "" }},
		{"ID with space", "client_id", func(c *storage.Client) { c.ID = "a b" }},
		{"long ID", "client_id", func(c *storage.Client) { c.ID = strings.Repeat("a", 129) }},
		{"type", "application_type", func(c *storage.Client) { c.ApplicationType = "cli" }},
		{"long name", "client_name", func(c *storage.Client) { c.Name = strings.Repeat("x", 201) }},
		{"name that turns round", "client_name", func(c *storage.Client) { c.Name = "bank\u202egpj.exe" }},
		{"name with a line break", "client_name#de", func(c *storage.Client) { c.Localized = map[string]string{"client_name#de": "a\nb"} }},
		{"link that runs", "client_uri", func(c *storage.Client) { c.URI = "javascript:alert(1)" }},
		{"RFC 7591 §2.2 link that runs", "tos_uri#de", func(c *storage.Client) { c.Localized = map[string]string{"tos_uri#de": "data:text/html,x"} }},
		{"logo over http", "logo_uri", func(c *storage.Client) { c.LogoURI = "http://a.example/logo.png" }},
		{"logo in another language over http", "logo_uri#de", func(c *storage.Client) { c.Localized = map[string]string{"logo_uri#de": "http://a.example/logo.png"} }},
		{"logo", "logo_uri", func(c *storage.Client) { c.LogoURI = "https://u:p@a.example/" }},
		{"long contact", "contacts", func(c *storage.Client) { c.Contacts = []string{strings.Repeat("x", 201)} }},
		{"method", "token_endpoint_auth_method", func(c *storage.Client) { c.AuthMethod, c.Secrets = "tls_client_auth", nil }},
		{"RFC 9700 §2.1.1 public without PKCE", "pkce_exempt", all(public, func(c *storage.Client) { c.PKCEExempt = true })},
		{"assertion algorithm of the other method", "token_endpoint_auth_signing_alg", func(c *storage.Client) { c.AuthMethod, c.AuthAlg = SecretJWTMethod, "RS256" }},
		{"assertion algorithm of the other kind", "token_endpoint_auth_signing_alg", all(keyed, func(c *storage.Client) { c.AuthAlg = "HS256" })},
		{"assertion without signature", "token_endpoint_auth_signing_alg", func(c *storage.Client) { c.AuthAlg = "none" }},
		{"no secret", "secrets", func(c *storage.Client) { c.Secrets = nil }},
		{"no secret for HS256", "secrets", all(keyed, func(c *storage.Client) { c.UserinfoAlg = "HS256" })},
		{"public with secret", "secrets", func(c *storage.Client) { c.AuthMethod = NoneMethod }},
		{"secret for nothing", "secrets", all(keyed, func(c *storage.Client) { c.Secrets = []storage.ClientSecret{{}} })},
		{"three secrets", "secrets", func(c *storage.Client) { c.Secrets = make([]storage.ClientSecret, 3) }},
		{"OpenID Connect Core §9 private_key_jwt without keys", "jwks", func(c *storage.Client) { c.AuthMethod, c.Secrets = KeyJWTMethod, nil }},
		{"RFC 7591 §2 keys in two places", "jwks_uri", all(keyed, func(c *storage.Client) { c.JWKSURI = "https://a.example/jwks" })},
		{"keys over http", "jwks_uri", func(c *storage.Client) { c.JWKSURI = "http://a.example/jwks" }},
		{"no key for the algorithm", "jwks", all(keyed, func(c *storage.Client) { c.AuthAlg = "RS256" })},
		{"no key for request objects", "jwks", all(keyed, func(c *storage.Client) { c.RequestObjectAlg = "EdDSA" })},
		{"no grant", "grant_types", func(c *storage.Client) { c.GrantTypes, c.ResponseTypes = []string{}, nil }},
		{"password grant", "grant_types", func(c *storage.Client) { c.GrantTypes = append(c.GrantTypes, "password") }},
		{"RFC 6749 §4.4 public", "grant_types", all(public, func(c *storage.Client) { c.GrantTypes = append(c.GrantTypes, "client_credentials") })},
		{"refresh alone", "grant_types", func(c *storage.Client) {
			c.GrantTypes, c.ResponseTypes = []string{"client_credentials", "refresh_token"}, nil
		}},
		{"RFC 7591 §2.1 code without its grant", "grant_types", func(c *storage.Client) { c.GrantTypes = []string{"client_credentials"} }},
		{"RFC 7591 §2.1 id_token without implicit", "grant_types", func(c *storage.Client) { c.ResponseTypes = []string{"code", "code id_token"} }},
		{"RFC 7591 §2.1 grant without code", "response_types", func(c *storage.Client) { c.ResponseTypes = []string{} }},
		{"RFC 7591 §2.1 implicit without its type", "response_types", func(c *storage.Client) { c.GrantTypes = []string{"authorization_code", "implicit"} }},
		{"bare token", "response_types", all(implicit, func(c *storage.Client) { c.ResponseTypes = []string{"code id_token", "token"} })},
		{"response mode", "response_modes", func(c *storage.Client) { c.ResponseModes = []string{"jwt"} }},
		{"no redirect URI", "redirect_uris", func(c *storage.Client) { c.RedirectURIs = nil }},
		{"empty redirect URI", "redirect_uris", func(c *storage.Client) { c.RedirectURIs = []string{""} }},
		{"RFC 6749 §3.1.2 fragment", "redirect_uris", func(c *storage.Client) { c.RedirectURIs = []string{"https://a.example/#x"} }},
		{"scheme that runs", "redirect_uris", func(c *storage.Client) { c.RedirectURIs = []string{"JaVaScRiPt:alert(1)"} }},
		{"private scheme of a web client", "redirect_uris", func(c *storage.Client) { c.RedirectURIs = []string{"com.example.a:/cb"} }},
		{"OpenID Connect Registration §2 implicit over http", "redirect_uris", all(implicit, func(c *storage.Client) { c.RedirectURIs = []string{"http://localhost/cb"} })},
		{"OpenID Connect Registration §2 implicit on localhost", "redirect_uris", all(implicit, func(c *storage.Client) { c.RedirectURIs = []string{"https://localhost/cb"} })},
		{"post-logout", "post_logout_redirect_uris", func(c *storage.Client) { c.PostLogoutRedirectURIs = []string{"javascript:alert(1)"} }},
		{"OpenID Connect Core §8.1 account claims undo it", "account_claims", func(c *storage.Client) { c.SubjectType, c.AccountClaims = "pairwise", true }},
		{"subject type", "subject_type", func(c *storage.Client) { c.SubjectType = "ephemeral" }},
		{"OpenID Connect Core §8.1 two hosts", "sector_identifier_uri", func(c *storage.Client) {
			c.SubjectType, c.RedirectURIs = "pairwise", []string{"https://a.example/", "https://b.example/"}
		}},
		{"OpenID Connect Core §8.1 no host", "sector_identifier_uri", all(public, func(c *storage.Client) {
			c.SubjectType, c.ApplicationType, c.RedirectURIs = "pairwise", "native", []string{"com.example.a:/cb"}
		})},
		{"OpenID Connect Registration §5 sector over http", "sector_identifier_uri", func(c *storage.Client) { c.SectorIdentifierURI = "http://a.example/s" }},
		{"OpenID Connect Registration §2 third party over http", "initiate_login_uri", func(c *storage.Client) { c.InitiateLoginURI = "http://a.example/" }},
		{"Back-Channel Logout §2.2 http", "backchannel_logout_uri", func(c *storage.Client) { c.BackchannelLogoutURI = "http://a.example/" }},
		{"Back-Channel Logout §2.2 fragment", "backchannel_logout_uri", func(c *storage.Client) { c.BackchannelLogoutURI = "https://a.example/#x" }},
		{"Front-Channel Logout §2 another host", "frontchannel_logout_uri", func(c *storage.Client) { c.FrontchannelLogoutURI = "https://b.example/" }},
		{"Front-Channel Logout §2 another port", "frontchannel_logout_uri", func(c *storage.Client) { c.FrontchannelLogoutURI = "https://a.example:8443/" }},
		{"Front-Channel Logout §2 another scheme", "frontchannel_logout_uri", func(c *storage.Client) { c.FrontchannelLogoutURI = "http://localhost/" }},
		{"RFC 6454 §6.2 path", "allowed_origins", func(c *storage.Client) { c.AllowedOrigins = []string{"https://a.example/"} }},
		{"RFC 6454 §6.2 default port", "allowed_origins", func(c *storage.Client) { c.AllowedOrigins = []string{"https://a.example:443"} }},
		{"RFC 6454 §6.2 http", "allowed_origins", func(c *storage.Client) { c.AllowedOrigins = []string{"http://a.example"} }},
		{"opaque origin", "allowed_origins", func(c *storage.Client) { c.AllowedOrigins = []string{"null"} }},
		{"every origin", "allowed_origins", func(c *storage.Client) { c.AllowedOrigins = []string{"https://*.example"} }},
		{"OpenID Connect Registration §2 ID token without signature", "id_token_signed_response_alg", func(c *storage.Client) { c.IDTokenAlg = "none" }},
		{"userinfo", "userinfo_signed_response_alg", func(c *storage.Client) { c.UserinfoAlg = "none" }},
		{"RFC 9701 §6", "introspection_signed_response_alg", func(c *storage.Client) { c.IntrospectionAlg = "ES256K" }},
		{"access token with a secret", "access_token_alg", func(c *storage.Client) { c.AccessTokenAlg = "HS256" }},
		{"OpenID Connect Core §10.1 public with HS256", "id_token_signed_response_alg", all(public, func(c *storage.Client) { c.IDTokenAlg = "HS256" })},
		{"request object with a secret", "request_object_signing_alg", func(c *storage.Client) { c.RequestObjectAlg = "HS256" }},
		{"request object without signature", "request_object_signing_alg", func(c *storage.Client) { c.RequestObjectAlg = "none" }},
		{"request object without keys", "request_object_signing_alg", func(c *storage.Client) { c.RequestObjectAlg = "RS256" }},
		{"RFC 9101 §10.5 without keys", "require_signed_request_object", func(c *storage.Client) { c.RequireSignedRequest = true }},
		{"request over http", "request_uris", func(c *storage.Client) { c.RequestURIs = []string{"http://a.example/r"} }},
		{"OpenID Connect Core §6.2 length", "request_uris", func(c *storage.Client) { c.RequestURIs = []string{"https://a.example/" + strings.Repeat("r", 500)} }},
		{"max age", "default_max_age", func(c *storage.Client) { c.DefaultMaxAge, c.HasDefaultMaxAge = -1, true }},
		{"acr", "default_acr_values", func(c *storage.Client) { c.DefaultACRValues = []string{"\x00"} }},
		{"RFC 6749 §3.3 scope", "scope", func(c *storage.Client) { c.Scopes = []string{`a"b`} }},
		{"RFC 8707 §2 fragment", "audiences", func(c *storage.Client) { c.Audiences = []string{"https://a.example/#x"} }},
		{"RFC 8707 §2 relative", "default_audience", func(c *storage.Client) { c.DefaultAudience = "api" }},
		{"lifetime", "id_token_ttl", func(c *storage.Client) { c.IDTokenTTL = -time.Second }},
		{"registered without consent", "skip_consent", func(c *storage.Client) { c.Registered, c.SkipConsent = true, true }},
		{"registered with claims of accounts", "account_claims", func(c *storage.Client) { c.Registered, c.AccountClaims = true, true }},
		{"registered with the scope of the account API", "scope", func(c *storage.Client) { c.Registered, c.Scopes = true, []string{"account"} }},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := goodClient()
			row.change(&c)
			if c.GrantTypes != nil { // what Complete would fill in is what some rows are about
				c.Sector = sector(c)
			}
			faults := Check(c, Served{})
			if len(faults) != 1 || faults[0].Field != row.field {
				t.Errorf("%v", faults)
			}
		})
	}
}
