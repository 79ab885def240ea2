package transfer

import (
	"latchkey/storage"
)

func walkKeyring(c *coder, k *storage.Keyring) {
	c.int("revision", &k.Revision)
	list(c, "keys", &k.Keys, walkSigningKey)
	list(c, "secrets", &k.Secrets, walkSecret)
}

func walkSigningKey(c *coder, k *storage.SigningKey) {
	c.str("kid", &k.KID)
	c.str("alg", &k.Alg)
	c.document("public_jwk", &k.PublicJWK)
	c.bytes("sealed", &k.Sealed)
	c.str("seal_key", &k.SealKeyID)
	c.time("published_at", &k.PublishedAt)
	c.time("activates_at", &k.ActivatesAt)
	c.time("retires_at", &k.RetiresAt)
	c.time("gone_at", &k.GoneAt)
	c.time("revoked_at", &k.RevokedAt)
	c.length("longest_token", &k.LongestToken)
}

func walkSecret(c *coder, s *storage.Secret) {
	c.str("id", &s.ID)
	c.bytes("sealed", &s.Sealed)
	c.str("seal_key", &s.SealKeyID)
	c.time("created_at", &s.CreatedAt)
}

// walkClient uses the names of RFC 7591 and OpenID Connect Registration, where they have one.
func walkClient(c *coder, k *storage.Client) {
	c.str("id", &k.ID)
	c.str("client_name", &k.Name)
	c.str("client_uri", &k.URI)
	c.str("logo_uri", &k.LogoURI)
	c.str("policy_uri", &k.PolicyURI)
	c.str("tos_uri", &k.TOSURI)
	c.strs("contacts", &k.Contacts)
	c.dict("localized", &k.Localized)
	c.str("application_type", &k.ApplicationType)
	c.strs("redirect_uris", &k.RedirectURIs)
	c.strs("post_logout_redirect_uris", &k.PostLogoutRedirectURIs)
	c.str("token_endpoint_auth_method", &k.AuthMethod)
	c.str("token_endpoint_auth_signing_alg", &k.AuthAlg)
	c.document("jwks", &k.JWKS)
	c.str("jwks_uri", &k.JWKSURI)
	list(c, "secrets", &k.Secrets, walkClientSecret)
	c.strs("grant_types", &k.GrantTypes)
	c.strs("response_types", &k.ResponseTypes)
	c.strs("response_modes", &k.ResponseModes)
	c.strs("scopes", &k.Scopes)
	c.strs("audiences", &k.Audiences)
	c.str("default_audience", &k.DefaultAudience)
	c.bool("pkce_exempt", &k.PKCEExempt)
	c.bool("skip_consent", &k.SkipConsent)
	c.bool("account_claims", &k.AccountClaims)
	walkClientProtocol(c, k)
	c.strs("allowed_groups", &k.AllowedGroups)
	c.strs("groups_filter", &k.GroupsFilter)
	c.bool("groups_in_access_token", &k.GroupsInAccessToken)
	c.document("federated", &k.Federated)
	c.document("forward", &k.Forward)
	c.bool("declared", &k.Declared)
	c.str("software_id", &k.SoftwareID)
	c.str("software_version", &k.SoftwareVersion)
	c.bool("registered", &k.Registered)
	c.str("registered_with", &k.RegisteredWith)
	c.str("registration_hash", &k.RegistrationHash)
	c.length("access_token_ttl", &k.AccessTokenTTL)
	c.length("id_token_ttl", &k.IDTokenTTL)
	c.length("refresh_token_ttl", &k.RefreshTokenTTL)
	c.bool("disabled", &k.Disabled)
	c.time("expires_at", &k.ExpiresAt)
	c.time("created_at", &k.CreatedAt)
	c.time("updated_at", &k.UpdatedAt)
	c.int("version", &k.Version)
	c.bool("second_factor", &k.SecondFactor)
}

func walkClientProtocol(c *coder, k *storage.Client) {
	c.str("id_token_signed_response_alg", &k.IDTokenAlg)
	c.str("access_token_alg", &k.AccessTokenAlg)
	c.str("userinfo_signed_response_alg", &k.UserinfoAlg)
	c.str("introspection_signed_response_alg", &k.IntrospectionAlg)
	c.bool("opaque_access_tokens", &k.OpaqueAccessTokens)
	c.str("request_object_signing_alg", &k.RequestObjectAlg)
	c.strs("request_uris", &k.RequestURIs)
	c.bool("require_pushed_authorization_requests", &k.RequirePAR)
	c.bool("require_signed_request_object", &k.RequireSignedRequest)
	c.length("default_max_age", &k.DefaultMaxAge)
	c.bool("has_default_max_age", &k.HasDefaultMaxAge)
	c.bool("require_auth_time", &k.RequireAuthTime)
	c.strs("default_acr_values", &k.DefaultACRValues)
	c.str("subject_type", &k.SubjectType)
	c.str("sector_identifier_uri", &k.SectorIdentifierURI)
	c.str("sector", &k.Sector)
	c.str("initiate_login_uri", &k.InitiateLoginURI)
	c.str("frontchannel_logout_uri", &k.FrontchannelLogoutURI)
	c.bool("frontchannel_logout_session_required", &k.FrontchannelLogoutSessionRequired)
	c.str("backchannel_logout_uri", &k.BackchannelLogoutURI)
	c.bool("backchannel_logout_session_required", &k.BackchannelLogoutSessionRequired)
	c.strs("allowed_origins", &k.AllowedOrigins)
}

func walkClientSecret(c *coder, s *storage.ClientSecret) {
	c.str("id", &s.ID)
	c.str("hash", &s.Hash)
	c.bytes("sealed", &s.Sealed)
	c.time("created_at", &s.CreatedAt)
	c.time("expires_at", &s.ExpiresAt)
}
