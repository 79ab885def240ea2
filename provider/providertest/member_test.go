package providertest

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
)

// TestEveryMember asks for each registered member of client metadata by itself: it is registered as it was asked for, or the request is refused
// because of it. None is ignored in silence.
func TestEveryMember(t *testing.T) {
	s, keys := newSide(t), newKeyring(t, "ES256")
	i := New(t, registering(), fetching(t, s))
	jwks := json.RawMessage(keys.document(t))
	at := func(path string) string { return "https://app.example.test" + path }
	refused := i.refusesMember
	kept := func(clause, name string, v any, with ...object) {
		t.Run(clause+" "+name, func(t *testing.T) { i.keepsMember(t, name, v, with...) })
	}
	keyed := object{"jwks": jwks}
	for name, v := range map[string]any{
		"redirect_uris": []string{Callback, Callback + "2"}, "token_endpoint_auth_method": "client_secret_post", "grant_types": []string{"authorization_code"},
		"response_types": []string{"code"}, "client_name": "Shop", "client_uri": at("/"), "logo_uri": at("/logo.png"), "scope": "openid email", "contacts": []string{"a@b.example"},
		"tos_uri": at("/tos"), "policy_uri": at("/privacy"), "jwks_uri": at("/jwks"), "jwks": jwks, "software_id": "id", "software_version": "1",
	} {
		kept("RFC 7591 §2", name, v)
	}
	for name, v := range map[string]any{
		"application_type": "native", "sector_identifier_uri": s.put("/sector", `["`+Callback+`"]`), "subject_type": "pairwise", "id_token_signed_response_alg": "ES256",
		"userinfo_signed_response_alg": "RS256", "token_endpoint_auth_signing_alg": "RS256", "default_max_age": 60, "require_auth_time": true, "default_acr_values": []string{"1"},
		"request_uris": []string{at("/r.jwt")},
	} {
		kept("OpenID Connect Registration §2", name, v)
	}
	kept("RFC 7591 §2.2", "client_name#de", "Laden")
	kept("OpenID Connect Registration §2", "request_object_signing_alg", "ES256", keyed)
	kept("OpenID Connect Core §4", "initiate_login_uri", at("/start"))
	kept("RFC 9101 §10.5", "require_signed_request_object", true, keyed)
	kept("RFC 9126 §6", "require_pushed_authorization_requests", true)
	kept("RFC 9701 §6", "introspection_signed_response_alg", "ES256")
	kept("RP-Initiated Logout §3.1", "post_logout_redirect_uris", []string{at("/bye")})
	kept("Front-Channel Logout §2", "frontchannel_logout_uri", at("/front"))
	kept("Front-Channel Logout §2", "frontchannel_logout_session_required", true)
	kept("Back-Channel Logout §2.2", "backchannel_logout_uri", at("/back"))
	kept("Back-Channel Logout §2.2", "backchannel_logout_session_required", true)

	refused(t, "RFC 7591 §3.2.1", object{"client_id": "mine", "client_secret": "mine", "client_id_issued_at": 1, "client_secret_expires_at": 1})
	refused(t, "RFC 7592 §3", object{"registration_access_token": "x", "registration_client_uri": at("/")})
	refused(t, "RFC 7591 §2.3", object{"software_statement": "a.b.c"})
	refused(t, "OpenID Connect Registration §2", object{"id_token_encrypted_response_alg": "RSA-OAEP", "id_token_encrypted_response_enc": "A128GCM", "userinfo_encrypted_response_alg": "RSA-OAEP",
		"userinfo_encrypted_response_enc": "A128GCM", "request_object_encryption_alg": "RSA-OAEP", "request_object_encryption_enc": "A128GCM"})
	refused(t, "RFC 9701 §6", object{"introspection_encrypted_response_alg": "RSA-OAEP", "introspection_encrypted_response_enc": "A128GCM"})
	refused(t, "JARM §5", object{"authorization_signed_response_alg": "RS256", "authorization_encrypted_response_alg": "RSA-OAEP", "authorization_encrypted_response_enc": "A128GCM"})
	refused(t, "RFC 8705 §2.1.2, §3.4", object{"tls_client_certificate_bound_access_tokens": true, "tls_client_auth_subject_dn": "CN=x", "tls_client_auth_san_dns": "x.example",
		"tls_client_auth_san_uri": "urn:x", "tls_client_auth_san_ip": "192.0.2.1", "tls_client_auth_san_email": "a@b.example", "use_mtls_endpoint_aliases": true})
	refused(t, "RFC 9449 §5.2", object{"dpop_bound_access_tokens": true})
	refused(t, "RFC 9396 §10", object{"authorization_details_types": []string{"x"}})
	refused(t, "CIBA §4", object{"backchannel_token_delivery_mode": "poll", "backchannel_client_notification_endpoint": at("/ciba"),
		"backchannel_authentication_request_signing_alg": "RS256", "backchannel_user_code_parameter": true})
	refused(t, "OpenID Federation §5.1.2", object{"client_registration_types": []string{"automatic"}, "signed_jwks_uri": at("/sjwks"), "organization_name": "x",
		"organization_uri": at("/o"), "description": "x", "keywords": []string{"x"}, "information_uri": at("/i")})
	refused(t, "of specifications that are not served", object{"vp_formats_supported": object{"x": object{}}, "encrypted_response_enc_values_supported": []string{"A128GCM"},
		"claims_redirect_uris": []string{at("/uma")}, "nfv_token_signed_response_alg": "RS256", "nfv_token_encrypted_response_alg": "RSA-OAEP",
		"nfv_token_encrypted_response_enc": "A128GCM"})
}

// keepsMember wants a member to be registered, and told again, as it was asked for.
func (i *Issuer) keepsMember(t *testing.T, name string, v any, with ...object) {
	t.Helper()
	m := object{"redirect_uris": []string{Callback}}
	for _, also := range with {
		maps.Copy(m, also)
	}
	m[name] = v
	reg := i.register(t, "", m)
	read := i.sendJSON("GET", reg.Str("registration_client_uri"), reg.Str("registration_access_token"), nil)
	for _, got := range []Answer{reg, read} {
		if !same(t, v, got.JSON[name]) {
			t.Errorf("asked for %v, got %v", v, got.JSON[name])
		}
	}
}

// refusesMember wants each of them to be refused by its name.
func (i *Issuer) refusesMember(t *testing.T, clause string, members object) {
	t.Helper()
	for name, v := range members {
		t.Run(clause+" "+name, func(t *testing.T) {
			a := i.sendJSON("POST", "/register", "", object{"redirect_uris": []string{Callback}, name: v})
			if a.Status != 400 || !strings.HasPrefix(a.Str("error_description"), name+" ") {
				t.Errorf("%d %s", a.Status, a.Raw)
			}
		})
	}
}

// same compares a value with what a reader of JSON made of it.
func same(t *testing.T, v, got any) bool {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var want any
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(want, got)
}

// TestSecretsServeTheirAlgorithm: whatever makes a secret for a MAC makes it as long as the MAC's digest (RFC 7518 §3.2).
func TestSecretsServeTheirAlgorithm(t *testing.T) {
	i := New(t, registering())
	for alg, least := range map[string]int{"HS256": 32, "HS384": 48, "HS512": 64} {
		m := object{"redirect_uris": []string{Callback}, "token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": alg}
		reg := i.register(t, "", m)
		if n := len(reg.Str("client_secret")); n < least {
			t.Errorf("RFC 7518 §3.2 %s: %d bytes", alg, n)
		}
		c, err := i.Store.Client(t.Context(), reg.Str("client_id"))
		if err != nil || len(c.Secrets) != 1 || c.Secrets[0].Sealed == nil {
			t.Errorf("OpenID Connect Core §10.1 %s: it is not kept for MACs: %v", alg, err)
		}
	}
}
