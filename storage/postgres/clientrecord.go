package postgres

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"latchkey/storage"
)

func clientColumns(k *storage.Client) (c columns) {
	c.text("id", &k.ID)
	c.text("client_name", &k.Name)
	c.text("client_uri", &k.URI)
	c.text("logo_uri", &k.LogoURI)
	c.text("policy_uri", &k.PolicyURI)
	c.text("tos_uri", &k.TOSURI)
	c.texts("contacts", &k.Contacts)
	localizedColumn(&c, &k.Localized)
	c.text("application_type", &k.ApplicationType)
	c.texts("redirect_uris", &k.RedirectURIs)
	c.texts("post_logout_redirect_uris", &k.PostLogoutRedirectURIs)
	c.text("token_endpoint_auth_method", &k.AuthMethod)
	c.text("token_endpoint_auth_signing_alg", &k.AuthAlg)
	c.document("jwks", &k.JWKS)
	c.text("jwks_uri", &k.JWKSURI)
	secretsColumn(&c, &k.Secrets)
	c.texts("grant_types", &k.GrantTypes)
	c.texts("response_types", &k.ResponseTypes)
	c.texts("response_modes", &k.ResponseModes)
	c.texts("scopes", &k.Scopes)
	c.texts("audiences", &k.Audiences)
	c.text("default_audience", &k.DefaultAudience)
	c.bool("pkce_exempt", &k.PKCEExempt)
	c.bool("skip_consent", &k.SkipConsent)
	c.bool("account_claims", &k.AccountClaims)
	c.texts("allowed_groups", &k.AllowedGroups)
	c.texts("groups_filter", &k.GroupsFilter)
	c.bool("groups_in_access_token", &k.GroupsInAccessToken)
	c.bool("second_factor", &k.SecondFactor)
	c.bool("declared", &k.Declared)
	c.document("federated_identities", &k.Federated)
	c.document("forward_auth", &k.Forward)
	clientProtocolColumns(&c, k)
	c.text("software_id", &k.SoftwareID)
	c.text("software_version", &k.SoftwareVersion)
	c.bool("registered", &k.Registered)
	c.text("registered_with", &k.RegisteredWith)
	c.text("registration_hash", &k.RegistrationHash)
	c.length("access_token_ttl", &k.AccessTokenTTL)
	c.length("id_token_ttl", &k.IDTokenTTL)
	c.length("refresh_token_ttl", &k.RefreshTokenTTL)
	c.bool("disabled", &k.Disabled)
	c.moment("expires_at", &k.ExpiresAt)
	c.time("created_at", &k.CreatedAt)
	c.time("updated_at", &k.UpdatedAt)
	c.int("version", &k.Version)
	return c
}

func clientProtocolColumns(c *columns, k *storage.Client) {
	c.text("id_token_signed_response_alg", &k.IDTokenAlg)
	c.text("access_token_alg", &k.AccessTokenAlg)
	c.text("userinfo_signed_response_alg", &k.UserinfoAlg)
	c.text("introspection_signed_response_alg", &k.IntrospectionAlg)
	c.bool("opaque_access_tokens", &k.OpaqueAccessTokens)
	c.text("request_object_signing_alg", &k.RequestObjectAlg)
	c.texts("request_uris", &k.RequestURIs)
	c.bool("require_pushed_authorization_requests", &k.RequirePAR)
	c.bool("require_signed_request_object", &k.RequireSignedRequest)
	c.length("default_max_age", &k.DefaultMaxAge)
	c.bool("has_default_max_age", &k.HasDefaultMaxAge)
	c.bool("require_auth_time", &k.RequireAuthTime)
	c.texts("default_acr_values", &k.DefaultACRValues)
	c.text("subject_type", &k.SubjectType)
	c.text("sector_identifier_uri", &k.SectorIdentifierURI)
	c.text("sector", &k.Sector)
	c.text("initiate_login_uri", &k.InitiateLoginURI)
	c.text("frontchannel_logout_uri", &k.FrontchannelLogoutURI)
	c.bool("frontchannel_logout_session_required", &k.FrontchannelLogoutSessionRequired)
	c.text("backchannel_logout_uri", &k.BackchannelLogoutURI)
	c.bool("backchannel_logout_session_required", &k.BackchannelLogoutSessionRequired)
	c.texts("allowed_origins", &k.AllowedOrigins)
	origins := k.Origins() // written for the index, never read back
	for i, o := range origins {
		origins[i] = indexed(o)
	}
	c.texts("origins", &origins)
}

// indexed is a text as an index holds it, which takes no more than some 2700 bytes: of a longer one its hash.
func indexed(text string) string {
	if len(text) <= 500 {
		return text
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(text)))
}

func localizedColumn(c *columns, p *map[string]string) {
	var arg any
	if len(*p) > 0 {
		out := make(map[string]string, len(*p))
		for k, v := range *p {
			out[toText(k)] = toText(v)
		}
		arg = asJSON(out)
	}
	var raw []byte
	c.add("localized", arg, &raw)
	c.after(func() error {
		if *p = nil; raw == nil {
			return nil
		}
		var in map[string]string
		if err := json.Unmarshal(raw, &in); err != nil {
			return fmt.Errorf("%w: %w", storage.ErrCorrupt, err)
		}
		*p = make(map[string]string, len(in))
		for k, v := range in {
			(*p)[fromText(k)] = fromText(v)
		}
		return nil
	})
}

// clientSecret is a secret of a client as JSON: at most two, read and written with their client.
type clientSecret struct {
	ID        jsonText   `json:"id"`
	Hash      jsonText   `json:"hash"`
	Sealed    []byte     `json:"sealed,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

func secretsColumn(c *columns, p *[]storage.ClientSecret) {
	out := make([]clientSecret, len(*p))
	for i, s := range *p {
		out[i] = clientSecret{ID: jsonText(s.ID), Hash: jsonText(s.Hash), Sealed: s.Sealed, CreatedAt: whole(s.CreatedAt)}
		if !s.ExpiresAt.IsZero() {
			at := whole(s.ExpiresAt)
			out[i].ExpiresAt = &at
		}
	}
	var raw []byte
	c.add("secrets", asJSON(out), &raw)
	c.after(func() error {
		var in []clientSecret
		if err := json.Unmarshal(raw, &in); err != nil {
			return fmt.Errorf("%w: %w", storage.ErrCorrupt, err)
		}
		*p = nil
		for _, s := range in {
			secret := storage.ClientSecret{ID: string(s.ID), Hash: string(s.Hash), Sealed: s.Sealed, CreatedAt: s.CreatedAt}
			if s.ExpiresAt != nil {
				secret.ExpiresAt = *s.ExpiresAt
			}
			*p = append(*p, secret)
		}
		return nil
	})
}

// whole is a time as PostgreSQL keeps it.
func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
