package config

// clientSamples stand in the example for a client's keys: where there is no default, and where another value says more.
func clientSamples() map[string]string {
	return map[string]string{
		"client_id": "shop", "client_name": "Shop", "client_uri": "https://shop.example.com", "logo_uri": "https://shop.example.com/logo.png",
		"policy_uri": "https://shop.example.com/privacy", "tos_uri": "https://shop.example.com/terms", "contacts": "[shop@example.com]",
		"software_id": "shop", "software_version": "2.1", "redirect_uris": "[https://shop.example.com/callback]",
		"post_logout_redirect_uris": "[https://shop.example.com/]", "initiate_login_uri": "https://shop.example.com/sign-in",
		"allowed_origins": "[https://app.example.com]", "token_endpoint_auth_signing_alg": "ES256", "secrets": "[{value_file: /etc/latchkey/shop.secret}]",
		"jwks":                 "{keys: [{kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo}]}",
		"forward_auth":         "{hosts: [wiki.example.com]}",
		"federated_identities": "[{issuer: https://kubernetes.default.svc, subject: system:serviceaccount:shop:worker}]",
		"jwks_uri":             "https://shop.example.com/jwks.json", "response_types": "[code]", "response_modes": "[query, form_post]",
		"audiences": "[https://api.example.com]", "default_audience": "https://api.example.com", "request_object_signing_alg": "ES256",
		"request_uris": "[https://shop.example.com/request.jwt]", "default_max_age": "12h", "default_acr_values": `["2"]`, "subject_type": "public",
		"sector_identifier_uri": "https://example.com/sector.json", "id_token_signed_response_alg": "RS256", "userinfo_signed_response_alg": "RS256",
		"introspection_signed_response_alg": "RS256", "access_token_alg": "ES256", "access_token_ttl": "10m", "id_token_ttl": "10m", "refresh_token_ttl": "30d",
		"frontchannel_logout_uri": "https://shop.example.com/signed-out", "backchannel_logout_uri": "https://shop.example.com/backchannel",
		"pkce_exempt": "false", "skip_consent": "false", "account_claims": "false", "disabled": "false", "require_auth_time": "false",
		"require_pushed_authorization_requests": "false", "require_signed_request_object": "false", "frontchannel_logout_session_required": "false",
		"backchannel_logout_session_required": "false", "allowed_groups": "[staff]", "groups_filter": `[staff, "shop-*"]`, "groups_in_access_token": "false", "second_factor": "false",
	}
}
