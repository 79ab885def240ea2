package providertest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestEveryMember asks for each registered member of client metadata by itself: it is registered as it was asked for, or the request is refused
// because of it. None is ignored in silence.
func TestEveryMember(t *testing.T) {
	s, keys := newSide(t), newKeyring(t, "ES256")
	i := New(t, registering(), fetching(t, s))
	jwks := json.RawMessage(keys.document(t))
	web := func(path string) string { return "https://app.example.test" + path }
	kept := map[string]any{
		"redirect_uris": []string{Callback, Callback + "2"}, "token_endpoint_auth_method": "client_secret_post", "grant_types": []string{"authorization_code"},
		"response_types": []string{"code"}, "client_name": "Shop", "client_name#de": "Laden", "client_uri": web("/"), "logo_uri": web("/logo.png"), "scope": "openid email", "contacts": []string{"a@b.example"},
		"tos_uri": web("/tos"), "policy_uri": web("/privacy"), "jwks_uri": web("/jwks"), "jwks": jwks, "software_id": "id", "software_version": "1", // RFC 7591 §2
		"application_type": "native", "sector_identifier_uri": s.put("/sector", `["`+Callback+`"]`), "subject_type": "pairwise", "id_token_signed_response_alg": "ES256",
		"userinfo_signed_response_alg": "RS256", "token_endpoint_auth_signing_alg": "RS256", "default_max_age": 60.0, "require_auth_time": true, "default_acr_values": []string{"1"},
		"initiate_login_uri": web("/start"), "request_uris": []string{web("/r.jwt")}, // OpenID Connect Registration §2
		"introspection_signed_response_alg": "ES256", "require_pushed_authorization_requests": true, // RFC 9701 §6, RFC 9126 §6
		"frontchannel_logout_uri": web("/front"), "frontchannel_logout_session_required": true, "backchannel_logout_uri": web("/back"), "backchannel_logout_session_required": true,
		"post_logout_redirect_uris": []string{web("/bye")},
	}
	with := map[string]object{ // what a member makes sense with
		"request_object_signing_alg": {"jwks": jwks}, "require_signed_request_object": {"jwks": jwks},
	}
	kept["request_object_signing_alg"], kept["require_signed_request_object"] = "ES256", true
	for name, v := range kept {
		t.Run("RFC 7591 §2 "+name, func(t *testing.T) {
			m := object{"redirect_uris": []string{Callback}}
			for also, v := range with[name] {
				m[also] = v
			}
			m[name] = v
			reg := i.register(t, "", m)
			if want, _ := json.Marshal(v); !same(t, want, reg.JSON[name]) {
				t.Errorf("asked for %s, got %v", want, reg.JSON[name])
			}
			read := i.sendJSON("GET", reg.Str("registration_client_uri"), reg.Str("registration_access_token"), nil)
			if fmt.Sprint(read.JSON[name]) != fmt.Sprint(reg.JSON[name]) {
				t.Errorf("RFC 7592 §2.1: %v", read.JSON[name])
			}
		})
	}
	for name, v := range map[string]any{
		"client_id": "mine", "client_secret": "mine", "client_id_issued_at": 1, "client_secret_expires_at": 1, "registration_access_token": "x", "registration_client_uri": web("/"), // made here
		"software_statement": "a.b.c", "id_token_encrypted_response_alg": "RSA-OAEP", "id_token_encrypted_response_enc": "A128GCM", "userinfo_encrypted_response_alg": "RSA-OAEP",
		"userinfo_encrypted_response_enc": "A128GCM", "request_object_encryption_alg": "RSA-OAEP", "request_object_encryption_enc": "A128GCM",
		"introspection_encrypted_response_alg": "RSA-OAEP", "introspection_encrypted_response_enc": "A128GCM", "authorization_signed_response_alg": "RS256",
		"authorization_encrypted_response_alg": "RSA-OAEP", "authorization_encrypted_response_enc": "A128GCM", "tls_client_certificate_bound_access_tokens": true,
		"tls_client_auth_subject_dn": "CN=x", "tls_client_auth_san_dns": "x.example", "tls_client_auth_san_uri": "urn:x", "tls_client_auth_san_ip": "192.0.2.1",
		"tls_client_auth_san_email": "a@b.example", "use_mtls_endpoint_aliases": true, "dpop_bound_access_tokens": true, "authorization_details_types": []string{"x"},
		"backchannel_token_delivery_mode": "poll", "backchannel_client_notification_endpoint": web("/ciba"), "backchannel_authentication_request_signing_alg": "RS256",
		"backchannel_user_code_parameter": true, "client_registration_types": []string{"automatic"}, "signed_jwks_uri": web("/sjwks"), "organization_name": "x",
		"organization_uri": web("/o"), "description": "x", "keywords": []string{"x"}, "information_uri": web("/i"), "vp_formats_supported": object{"x": object{}},
		"encrypted_response_enc_values_supported": []string{"A128GCM"}, "claims_redirect_uris": []string{web("/uma")}, "nfv_token_signed_response_alg": "RS256",
		"nfv_token_encrypted_response_alg": "RSA-OAEP", "nfv_token_encrypted_response_enc": "A128GCM",
	} {
		t.Run("RFC 7591 §3.2.2 "+name, func(t *testing.T) {
			a := i.sendJSON("POST", "/register", "", object{"redirect_uris": []string{Callback}, name: v})
			if a.Status != 400 || !strings.HasPrefix(a.Str("error_description"), name+" ") {
				t.Errorf("%d %s", a.Status, a.Raw)
			}
		})
	}
	if n := len(kept); n < 35 {
		t.Errorf("only %d", n)
	}
}

// same compares JSON with what a reader of JSON made of it.
func same(t *testing.T, raw []byte, got any) bool {
	t.Helper()
	var want any
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(want)
	b, _ := json.Marshal(got)
	return string(a) == string(b)
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
