package client

import (
	"fmt"
	"slices"
	"time"

	"latchkey/storage"
)

// Metadata is client metadata as JSON has it, by the names of RFC 7591 §2 and its registry. Values are what [ParseMetadata] makes.
type Metadata map[string]any

// Fault is one thing that is wrong with a client. Field is the member; Problem completes "the member …". Where Value is set, the fault is in that
// one value: "the member has the value …, which …".
type Fault struct{ Field, Problem, Value string }

// String tells the operator, with the value.
func (f Fault) String() string {
	if f.Value != "" {
		return fmt.Sprintf("has %q, which %s", f.Value, f.Problem)
	}
	return f.Problem
}

// Public tells a stranger, without the value: nothing of a request is echoed.
func (f Fault) Public() string {
	if f.Value != "" {
		return "has a value that " + f.Problem
	}
	return f.Problem
}

// Who sets metadata.
type Who int

// A Registrant is a client that registers itself (RFC 7591). The Operator may set members that a client must not choose for itself.
const (
	Registrant Who = iota
	Operator
)

// member is one row of the table.
type member struct {
	name string
	// read puts a value, never null, where it belongs; its error completes "the member …". nil for members that are told, not asked.
	read func(c *storage.Client, v any) error
	// clear puts the member back as if it had not been given.
	clear func(c *storage.Client)
	// write gives the value, nil where there is none to tell.
	write func(c storage.Client) any
	// localized: the member may be there in several languages (RFC 7591 §2.2).
	localized bool
	// empty is what is wrong with the member where it is there and holds nothing, since leaving it out means the opposite; "" where it means the same.
	empty string
	// operator: only an operator may set it.
	operator bool
	// refused says why it cannot be had; "" for members that are served.
	refused string
}

// members is the one table of client metadata: what a client can ask for when it registers, what operators can set, and what is known to exist but
// is not served. Whatever else a request has, nobody knows, and it is left out of what is registered (RFC 7591 §2).
func members() []member {
	return slices.Concat(described(), addressed(), proved(), flows(), tokens(), loggedOut(), ours(), made(), unserved())
}

// described are the members that people read (RFC 7591 §2).
func described() []member {
	return []member{
		wordsRow("client_name", func(c *storage.Client) *string { return &c.Name }),
		wordsRow("client_uri", func(c *storage.Client) *string { return &c.URI }),
		wordsRow("logo_uri", func(c *storage.Client) *string { return &c.LogoURI }),
		wordsRow("policy_uri", func(c *storage.Client) *string { return &c.PolicyURI }),
		wordsRow("tos_uri", func(c *storage.Client) *string { return &c.TOSURI }),
		listRow("contacts", func(c *storage.Client) *[]string { return &c.Contacts }),
		textRow("software_id", func(c *storage.Client) *string { return &c.SoftwareID }),
		textRow("software_version", func(c *storage.Client) *string { return &c.SoftwareVersion }),
	}
}

// addressed are the client's own addresses.
func addressed() []member {
	return []member{
		textRow("application_type", func(c *storage.Client) *string { return &c.ApplicationType }),
		listRow("redirect_uris", func(c *storage.Client) *[]string { return &c.RedirectURIs }),
		listRow("post_logout_redirect_uris", func(c *storage.Client) *[]string { return &c.PostLogoutRedirectURIs }), // RP-Initiated Logout §3.1
		textRow("initiate_login_uri", func(c *storage.Client) *string { return &c.InitiateLoginURI }),                // OpenID Connect Core §4
	}
}

// proved are how the client proves itself, and its keys.
func proved() []member {
	return []member{
		textRow("token_endpoint_auth_method", func(c *storage.Client) *string { return &c.AuthMethod }),
		textRow("token_endpoint_auth_signing_alg", func(c *storage.Client) *string { return &c.AuthAlg }),
		jwksRow("jwks"),
		textRow("jwks_uri", func(c *storage.Client) *string { return &c.JWKSURI }),
	}
}

// flows are what the client may ask at /authorize and /token.
func flows() []member {
	return []member{
		always(listRow("grant_types", func(c *storage.Client) *[]string { return &c.GrantTypes })),
		always(listRow("response_types", func(c *storage.Client) *[]string { return &c.ResponseTypes })),
		scopeRow("scope"),
		textRow("request_object_signing_alg", func(c *storage.Client) *string { return &c.RequestObjectAlg }),
		listRow("request_uris", func(c *storage.Client) *[]string { return &c.RequestURIs }),
		flagRow("require_signed_request_object", func(c *storage.Client) *bool { return &c.RequireSignedRequest }), // RFC 9101 §10.5
		flagRow("require_pushed_authorization_requests", func(c *storage.Client) *bool { return &c.RequirePAR }),   // RFC 9126 §6
		maxAgeRow("default_max_age"),
		flagRow("require_auth_time", func(c *storage.Client) *bool { return &c.RequireAuthTime }),
		listRow("default_acr_values", func(c *storage.Client) *[]string { return &c.DefaultACRValues }),
	}
}

// tokens are the shapes of what the client gets.
func tokens() []member {
	return []member{
		preset(textRow("subject_type", func(c *storage.Client) *string { return &c.SubjectType }), "public"),
		textRow("sector_identifier_uri", func(c *storage.Client) *string { return &c.SectorIdentifierURI }),
		preset(textRow("id_token_signed_response_alg", func(c *storage.Client) *string { return &c.IDTokenAlg }), "RS256"), // OpenID Connect Registration §2
		textRow("userinfo_signed_response_alg", func(c *storage.Client) *string { return &c.UserinfoAlg }),
		textRow("introspection_signed_response_alg", func(c *storage.Client) *string { return &c.IntrospectionAlg }), // RFC 9701 §6
		formatRow("access_token_format"),
	}
}

// loggedOut are how the client is told that a session ended (Front-Channel Logout §2, Back-Channel Logout §2.2).
func loggedOut() []member {
	return []member{
		textRow("frontchannel_logout_uri", func(c *storage.Client) *string { return &c.FrontchannelLogoutURI }),
		flagRow("frontchannel_logout_session_required", func(c *storage.Client) *bool { return &c.FrontchannelLogoutSessionRequired }),
		textRow("backchannel_logout_uri", func(c *storage.Client) *string { return &c.BackchannelLogoutURI }),
		flagRow("backchannel_logout_session_required", func(c *storage.Client) *bool { return &c.BackchannelLogoutSessionRequired }),
	}
}

// ours are members of no specification. Operators set them.
func ours() []member {
	rows := []member{
		listRow("response_modes", func(c *storage.Client) *[]string { return &c.ResponseModes }),
		listRow("audiences", func(c *storage.Client) *[]string { return &c.Audiences }),
		textRow("default_audience", func(c *storage.Client) *string { return &c.DefaultAudience }),
		listRow("allowed_origins", func(c *storage.Client) *[]string { return &c.AllowedOrigins }),
		flagRow("pkce_exempt", func(c *storage.Client) *bool { return &c.PKCEExempt }),
		flagRow("skip_consent", func(c *storage.Client) *bool { return &c.SkipConsent }),
		flagRow("account_claims", func(c *storage.Client) *bool { return &c.AccountClaims }),
		full(listRow("allowed_groups", func(c *storage.Client) *[]string { return &c.AllowedGroups }), "has no groups; leave it out for everybody"),
		full(listRow("groups_filter", func(c *storage.Client) *[]string { return &c.GroupsFilter }), "has no groups; leave it out to tell all"),
		flagRow("groups_in_access_token", func(c *storage.Client) *bool { return &c.GroupsInAccessToken }),
		flagRow("second_factor", func(c *storage.Client) *bool { return &c.SecondFactor }),
		textRow("access_token_alg", func(c *storage.Client) *string { return &c.AccessTokenAlg }),
		secondsRow("access_token_ttl", func(c *storage.Client) *time.Duration { return &c.AccessTokenTTL }),
		secondsRow("id_token_ttl", func(c *storage.Client) *time.Duration { return &c.IDTokenTTL }),
		secondsRow("refresh_token_ttl", func(c *storage.Client) *time.Duration { return &c.RefreshTokenTTL }),
		federatedRow("federated_identities"),
		forwardRow("forward_auth"),
		flagRow("disabled", func(c *storage.Client) *bool { return &c.Disabled }),
	}
	for i := range rows {
		rows[i].operator = true
	}
	return rows
}

// made are members that the server makes. A request that has one is told so: whoever may send client_id or client_secret (RFC 7592 §2.2) looks at
// them before [ReadMetadata] does.
func made() []member {
	rows := []member{{name: "client_id", write: func(c storage.Client) any { return c.ID }}}
	for _, name := range []string{"client_secret", "client_id_issued_at", "client_secret_expires_at", "registration_access_token", "registration_client_uri"} {
		rows = append(rows, member{name: name})
	}
	for i := range rows {
		rows[i].refused = "is made by the server and cannot be chosen"
	}
	return rows
}
