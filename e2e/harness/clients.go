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
	scopes := []string{"openid", "profile", "email", "phone", "offline_access"}
	return []map[string]any{
		{"id": WebID, "name": "Web application", "auth_method": "client_secret_basic", "secret": WebSecret, "grant_types": grants, "scopes": scopes,
			"redirect_uris": []string{Callback}, "post_logout_redirect_uris": []string{AfterSignOut}, "audiences": []string{ResourceServer}},
		{"id": QuietID, "name": "First party", "auth_method": "client_secret_post", "secret": QuietSecret, "grant_types": grants, "scopes": scopes,
			"redirect_uris": []string{Callback}, "post_logout_redirect_uris": []string{AfterSignOut}, "skip_consent": true, "id_token_alg": "ES256"},
		{"id": PublicID, "name": "Public application", "auth_method": "none", "grant_types": grants, "scopes": scopes,
			"redirect_uris": []string{Callback}, "post_logout_redirect_uris": []string{AfterSignOut}},
		{"id": MachineID, "name": "Machine", "auth_method": "client_secret_basic", "secret": MachineSecret, "grant_types": []string{"client_credentials"},
			"scopes": []string{"read", "write"}, "audiences": []string{ResourceServer}, "access_token_alg": "ES256"},
		{"id": MachineRSAID, "name": "Machine with RS256", "auth_method": "client_secret_basic", "secret": MachineSecret, "grant_types": []string{"client_credentials"},
			"scopes": []string{"read", "write"}, "access_token_alg": "RS256"},
	}
}
