package harness

// SecureCallback is a redirect URI for clients of the implicit grant, which may not use http. It is never fetched.
const SecureCallback = "https://rp.example.test/callback"

// ResponseTypes are all that the binary knows.
func ResponseTypes() []string {
	return []string{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}
}

// Algorithms are all that it signs with.
func Algorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// DeviceGrant is the grant type of devices (RFC 8628 §3.4).
const DeviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// Everything is the configuration in which all is on that relying parties can ask for, what applications name may be on this machine, and nobody is
// turned away for asking often.
func Everything() map[string]any {
	return map[string]any{
		"keys.algorithms":                  Algorithms(),
		"authorization.response_types":     ResponseTypes(),
		"authorization.device_interval":    "1s",
		"registration.mode":                "token",
		"registration.grant_types":         []string{"authorization_code", "refresh_token", "implicit", "client_credentials", DeviceGrant},
		"registration.per_address":         100000,
		"fetch.allow":                      []string{"127.0.0.0/8"},
		"accounts.limits.address_attempts": 1000000,
	}
}
