package harness

// The applications that every server knows. Their redirect URIs are never fetched, unless a test says otherwise.
const (
	Callback       = "http://127.0.0.1:9/callback"
	AfterSignOut   = "http://127.0.0.1:9/signed-out"
	WebID          = "web-app"
	WebSecret      = "web-app-secret-0123456789abcdefghijklmnop"
	QuietID        = "first-party"
	QuietSecret    = "first-party-secret-0123456789abcdefghijkl"
	PublicID       = "public-app"
	MachineID      = "machine"
	MachineSecret  = "machine-secret-0123456789abcdefghijklmnop"
	MachineRSAID   = "machine-rs256"
	ResourceServer = "https://api.example.test"
)

// Clients is the list for the configuration: a confidential client, one that needs no consent, a public one and two machines.
func Clients() []map[string]any {
	grants := []string{"authorization_code", "refresh_token"}
	scopes := "openid profile email phone offline_access"
	return []map[string]any{
		{"client_id": WebID, "client_name": "Web application", "token_endpoint_auth_method": "client_secret_basic", "secrets": []map[string]any{{"value": WebSecret}}, "grant_types": grants, "scope": scopes,
			"redirect_uris": []string{Callback}, "post_logout_redirect_uris": []string{AfterSignOut}, "audiences": []string{ResourceServer}},
		{"client_id": QuietID, "client_name": "First party", "token_endpoint_auth_method": "client_secret_post", "secrets": []map[string]any{{"value": QuietSecret}}, "grant_types": grants, "scope": scopes,
			"redirect_uris": []string{Callback}, "post_logout_redirect_uris": []string{AfterSignOut}, "skip_consent": true, "id_token_signed_response_alg": "ES256"},
		{"client_id": PublicID, "client_name": "Public application", "token_endpoint_auth_method": "none", "grant_types": grants, "scope": scopes,
			"redirect_uris": []string{Callback}, "post_logout_redirect_uris": []string{AfterSignOut}},
		{"client_id": MachineID, "client_name": "Machine", "token_endpoint_auth_method": "client_secret_basic", "secrets": []map[string]any{{"value": MachineSecret}}, "grant_types": []string{"client_credentials"},
			"scope": "read write", "audiences": []string{ResourceServer}, "access_token_alg": "ES256"},
		{"client_id": MachineRSAID, "client_name": "Machine with RS256", "token_endpoint_auth_method": "client_secret_basic", "secrets": []map[string]any{{"value": MachineSecret}}, "grant_types": []string{"client_credentials"},
			"scope": "read write", "access_token_alg": "RS256"},
	}
}
