package client

// unserved are registered members that ask for what is not served. Left out, or with a value that asks for nothing, they do no harm.
func unserved() (rows []member) {
	for _, group := range []struct {
		refused string
		names   []string
	}{
		{"asks for encryption, which is not served", []string{
			"id_token_encrypted_response_alg", "id_token_encrypted_response_enc", "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc",
			"request_object_encryption_alg", "request_object_encryption_enc", // OpenID Connect Registration §2
			"introspection_encrypted_response_alg", "introspection_encrypted_response_enc", // RFC 9701 §6
		}},
		{"asks for authorization responses as JWT, which are not served", []string{
			"authorization_signed_response_alg", "authorization_encrypted_response_alg", "authorization_encrypted_response_enc", // JARM §5
		}},
		{"asks for client certificates, which are not served", []string{ // RFC 8705 §2.1.2, §3.4
			"tls_client_certificate_bound_access_tokens", "tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri",
			"tls_client_auth_san_ip", "tls_client_auth_san_email", "use_mtls_endpoint_aliases",
		}},
		{"asks for DPoP, which is not served", []string{"dpop_bound_access_tokens"}},                            // RFC 9449 §5.2
		{"asks for rich authorization requests, which are not served", []string{"authorization_details_types"}}, // RFC 9396 §10
		{"asks for backchannel authentication, which is not served", []string{ // OpenID Connect Client-Initiated Backchannel Authentication §4
			"backchannel_token_delivery_mode", "backchannel_client_notification_endpoint", "backchannel_authentication_request_signing_alg",
			"backchannel_user_code_parameter",
		}},
		{"is of OpenID Federation, which is not served", []string{ // OpenID Federation §5.1.2, §5.2
			"client_registration_types", "signed_jwks_uri", "organization_name", "organization_uri", "description", "keywords", "information_uri",
		}},
		{"is of OpenID for Verifiable Presentations, which is not served", []string{"vp_formats_supported", "encrypted_response_enc_values_supported"}},
		{"is of User-Managed Access, which is not served", []string{"claims_redirect_uris"}},
		{"asks for NFV tokens, which are not served", []string{
			"nfv_token_signed_response_alg", "nfv_token_encrypted_response_alg", "nfv_token_encrypted_response_enc", // ETSI GS NFV-SEC 022
		}},
		{"cannot be vouched for: no issuer of software statements is trusted here", []string{"software_statement"}}, // RFC 7591 §2.3
	} {
		for _, name := range group.names {
			rows = append(rows, member{name: name, refused: group.refused})
		}
	}
	return rows
}
