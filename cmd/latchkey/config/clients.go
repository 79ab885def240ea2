package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"latchkey/keys"
	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/storage"
)

// ClientSpec is a client as the configuration describes it (RFC 7591 §2 has the names).
type ClientSpec struct {
	// made is what of the record the table writes as it is.
	made                                        storage.Client
	Scope, TokenFormat                          string
	JWKS, Federated, Forward                    Document
	DefaultMaxAge                               OptionalDuration
	AccessTokenTTL, IDTokenTTL, RefreshTokenTTL Duration
	Secrets                                     []SecretSpec
	localized                                   []localizedText
	// line of the file it was declared in.
	line int
}

// localizedText is a member in another language, by its whole name (RFC 7591 §2.2).
type localizedText struct{ name, text string }

// SecretSpec is one live secret of a client: exactly one of Value, File, Env and Hash.
type SecretSpec struct {
	Value     Secret
	File, Env string
	Hash      string
	ExpiresAt string
}

// table is the single source of a client's keys. What they mean to the protocol, and what goes together, is checked by [client.Check].
func (c *ClientSpec) table() []key {
	t := slices.Concat(c.describedKeys(), c.proofKeys(), c.requestKeys(), c.tokenKeys(), c.logoutKeys(), c.forwardKeys())
	for i := range c.localized {
		l := &c.localized[i]
		t = append(t, key{path: l.name, to: &l.text})
	}
	return t
}

func (c *ClientSpec) describedKeys() []key {
	m := &c.made
	return []key{
		{path: "client_id", to: &m.ID, doc: "Identifier, unique."},
		{path: "client_name", to: &m.Name, doc: "Name that people see. In other languages as client_name#de; so too with client_uri, logo_uri, policy_uri and tos_uri. Pages show those of their own language."},
		{path: "client_uri", to: &m.URI, doc: "Home page."},
		{path: "logo_uri", to: &m.LogoURI, doc: "Logo that people see: PNG, JPEG or WebP of at most 256 KiB, https. The server fetches it once a day and shows its own small copy."},
		{path: "policy_uri", to: &m.PolicyURI, doc: "Privacy policy, shown at sign-in and consent."},
		{path: "tos_uri", to: &m.TOSURI, doc: "Terms of service, shown at sign-in and consent."},
		{path: "contacts", to: &m.Contacts, doc: "Mail addresses of who is responsible; kept for operators."},
		{path: "software_id", to: &m.SoftwareID, doc: "What software it is; kept for operators."},
		{path: "software_version", to: &m.SoftwareVersion, doc: "Version of that software; kept for operators."},
		{path: "application_type", to: &m.ApplicationType, def: "web", oneOf: []string{"web", "native"}, doc: "web or native."},
		{path: "redirect_uris", to: &m.RedirectURIs, doc: "Where answers go; compared byte by byte. A native client's port on 127.0.0.1 or [::1] may be any."},
		{path: "post_logout_redirect_uris", to: &m.PostLogoutRedirectURIs, doc: "Where people may return to after signing out."},
		{path: "initiate_login_uri", to: &m.InitiateLoginURI, doc: "Where a third party starts a sign-in, with iss; https. People open the application there from their account."},
		{path: "allowed_origins", to: &m.AllowedOrigins, doc: "Origins whose pages may call token, userinfo and revocation, beside those of redirect_uris."},
	}
}

func (c *ClientSpec) proofKeys() []key {
	m := &c.made
	return []key{
		{path: "token_endpoint_auth_method", to: &m.AuthMethod, def: "client_secret_basic", oneOf: client.AuthMethods(), doc: "How it authenticates. none is a public client."},
		{path: "token_endpoint_auth_signing_alg", to: &m.AuthAlg, oneOf: append(client.SignatureAlgs(), client.AssertionMACs()...), doc: "The one algorithm of its assertions, for client_secret_jwt and private_key_jwt; any unless set."},
		{path: "secrets", to: &c.Secrets, doc: "At most two live secrets, so that one can be rotated: each has value, value_file, value_env (a variable of the environment) or hash (sha256:… or $argon2id$…), and may have expires_at. A hash alone is too little for client_secret_jwt and HS256."},
		{path: "jwks", to: &c.JWKS, doc: "Its public keys, as a JWK Set: YAML, or JSON as text."},
		{path: "jwks_uri", to: &m.JWKSURI, doc: "Where its public keys are fetched, in place of jwks."},
		{path: "federated_identities", to: &c.Federated, doc: "Identities for which another issuer vouches and that may speak as this client, with private_key_jwt and in place of keys of its own: each has issuer and subject, and may have audience, claims, jwks_uri or jwks_file, ca_file, token_file and allow. See docs/workload.md."},
	}
}

func (c *ClientSpec) requestKeys() []key {
	m := &c.made
	return []key{
		{path: "grant_types", to: &m.GrantTypes, def: "[authorization_code, refresh_token]", oneOf: client.GrantTypes(), doc: "Grants it may use."},
		{path: "response_types", to: &m.ResponseTypes, oneOf: oauth.ResponseTypes(), doc: "Response types; those of authorization.response_types that its grants allow unless set. Code needs authorization_code, id_token and token need implicit."},
		{path: "response_modes", to: &m.ResponseModes, oneOf: oauth.ResponseModes(), doc: "Response modes it may ask for; all unless set."},
		{path: "scope", to: &c.Scope, def: "openid profile email offline_access", doc: "Scopes it may ask for, with spaces between."},
		{path: "audiences", to: &m.Audiences, doc: "Resources (RFC 8707) it may ask tokens for."},
		{path: "default_audience", to: &m.DefaultAudience, doc: "Audience where it asks for none."},
		{path: "pkce_exempt", to: &m.PKCEExempt, doc: "Excuse it from PKCE. Only for software that cannot be changed."},
		{path: "skip_consent", to: &m.SkipConsent, doc: "Ask no consent: the operator answers for it."},
		{path: "require_pushed_authorization_requests", to: &m.RequirePAR, doc: "Take only requests that it pushed (RFC 9126)."},
		{path: "require_signed_request_object", to: &m.RequireSignedRequest, doc: "Take only requests in a signed request object (RFC 9101)."},
		{path: "request_object_signing_alg", to: &m.RequestObjectAlg, oneOf: client.SignatureAlgs(), doc: "The one algorithm of its request objects; any unless set."},
		{path: "request_uris", to: &m.RequestURIs, doc: "Addresses of request objects that it may name as request_uri."},
		{path: "default_max_age", to: &c.DefaultMaxAge, max: "3650d", doc: "How long ago a person may have signed in, where a request does not say."},
		{path: "allowed_groups", to: &m.AllowedGroups, empty: client.EmptyMember("allowed_groups"), doc: "Groups that it is for: who is in none of them cannot sign in to it, and gets no token for it any more; for everybody unless set."},
		{path: "default_acr_values", to: &m.DefaultACRValues, doc: "acr values that it asks for where a request names none."},
	}
}

func (c *ClientSpec) tokenKeys() []key {
	m := &c.made
	algs := append(keys.Algorithms(), "HS256")
	return []key{
		{path: "subject_type", to: &m.SubjectType, oneOf: []string{"public", "pairwise"}, doc: "Whether it sees the same sub of a person as other applications; public unless set."},
		{path: "sector_identifier_uri", to: &m.SectorIdentifierURI, doc: "Its host is what pairwise subjects are made for, in place of the one host of redirect_uris. Fetched only where a client registers itself, to see that it lists every one of redirect_uris: for clients that you enter you answer for it."},
		{path: "require_auth_time", to: &m.RequireAuthTime, doc: "Put auth_time into every ID token."},
		{path: "account_claims", to: &m.AccountClaims, doc: "Its access tokens bear user_id and username."},
		{path: "id_token_signed_response_alg", to: &m.IDTokenAlg, oneOf: algs, doc: "Algorithm of its ID tokens; RS256 unless set. HS256 is with its secret."},
		{path: "userinfo_signed_response_alg", to: &m.UserinfoAlg, oneOf: algs, doc: "Algorithm of userinfo as a JWT; plain JSON unless set."},
		{path: "introspection_signed_response_alg", to: &m.IntrospectionAlg, oneOf: algs, doc: "Algorithm of introspection as a JWT, where it asks for that; RS256 unless set."},
		{path: "groups_filter", to: &m.GroupsFilter, empty: client.EmptyMember("groups_filter"), doc: "Groups that it is told by the claim groups: names, or beginnings that end with *; all unless set."},
		{path: "groups_in_access_token", to: &m.GroupsInAccessToken, doc: "Its access tokens bear groups too, for the scope groups."},
		{path: "second_factor", to: &m.SecondFactor, doc: "People need two factors to sign in to it, whatever the request asks for; who has no second one sets it up. Browsers that stand in for a second factor do not do."},
		{path: "access_token_format", to: &c.TokenFormat, def: "jwt", oneOf: []string{"jwt", "opaque"}, doc: "Whether its access tokens are JWTs (RFC 9068), or mean nothing to others."},
		{path: "access_token_alg", to: &m.AccessTokenAlg, oneOf: keys.Algorithms(), doc: "Algorithm of its access tokens; tokens.access_alg unless set."},
		{path: "access_token_ttl", to: &c.AccessTokenTTL, max: "30d", doc: "Lifetime of its access tokens; tokens.access_ttl unless set."},
		{path: "id_token_ttl", to: &c.IDTokenTTL, max: "30d", doc: "Lifetime of its ID tokens; tokens.id_ttl unless set."},
		{path: "refresh_token_ttl", to: &c.RefreshTokenTTL, max: "3650d", doc: "Lifetime of its refresh tokens; tokens.refresh_ttl unless set."},
	}
}

func (c *ClientSpec) logoutKeys() []key {
	m := &c.made
	return []key{
		{path: "frontchannel_logout_uri", to: &m.FrontchannelLogoutURI, doc: "Address that is loaded in a frame when the session ends; of the origin of one of redirect_uris."},
		{path: "frontchannel_logout_session_required", to: &m.FrontchannelLogoutSessionRequired, doc: "Name issuer and session to it."},
		{path: "backchannel_logout_uri", to: &m.BackchannelLogoutURI, doc: "Address that is sent a logout token when the session ends."},
		{path: "backchannel_logout_session_required", to: &m.BackchannelLogoutSessionRequired, doc: "Name the session in it."},
		{path: "disabled", to: &m.Disabled, doc: "Refuse it everything."},
	}
}

func (s *SecretSpec) table() []key {
	return []key{
		{path: "value", to: &s.Value}, {path: "value_file", to: &s.File}, {path: "value_env", to: &s.Env}, {path: "hash", to: &s.Hash}, {path: "expires_at", to: &s.ExpiresAt},
	}
}

// setClients reads a list of clients, or one client.
func setClients(to *[]ClientSpec, path string, node *yaml.Node, complain complain) error {
	items := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		items = node.Content
	} else if node.Kind != yaml.MappingNode {
		return errors.New("must be a list of clients")
	}
	*to = nil
	for i, item := range items {
		var c ClientSpec
		c.localize(item)
		name := fmt.Sprintf("%s[%d]", path, i)
		if err := setMapping(c.table(), name, item, complain); err != nil {
			complain(name, item, "%v", err)
			continue
		}
		c.line = item.Line
		*to = append(*to, c)
	}
	return nil
}

// localize makes room for the members of a mapping that are in other languages. Of which members there are such, [client.ReadMetadata] knows.
func (c *ClientSpec) localize(node *yaml.Node) {
	for i := 0; i+1 < len(node.Content) && node.Kind == yaml.MappingNode; i += 2 {
		name := node.Content[i].Value
		seen := slices.ContainsFunc(c.localized, func(l localizedText) bool { return l.name == name })
		if strings.Contains(name, "#") && !seen && client.UnknownMetadata(client.Metadata{name: ""}) == nil {
			c.localized = append(c.localized, localizedText{name: name})
		}
	}
}

func setSecrets(to *[]SecretSpec, path string, node *yaml.Node, complain complain) error {
	if node.Kind != yaml.SequenceNode {
		return errors.New("must be a list, each with value, value_file, value_env or hash")
	}
	*to = nil
	for i, item := range node.Content {
		var s SecretSpec
		name := fmt.Sprintf("%s[%d]", path, i)
		if err := setMapping(s.table(), name, item, complain); err != nil {
			complain(name, item, "%v", err)
			continue
		}
		*to = append(*to, s)
	}
	return nil
}
