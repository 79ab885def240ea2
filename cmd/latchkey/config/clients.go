package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"latchkey/keys"
	"latchkey/provider/admin"
	"latchkey/storage"
)

// ClientSpec is a client as the configuration describes it (RFC 7591 §2 has the names).
type ClientSpec struct {
	ID, Name, URI, LogoURI, PolicyURI, TOSURI          string
	Contacts, RedirectURIs, PostLogoutRedirectURIs     []string
	ApplicationType, AuthMethod, Scope                 string
	GrantTypes, ResponseTypes, ResponseModes, Audience []string
	DefaultAudience, IDTokenAlg, AccessTokenAlg        string
	PKCEExempt, SkipConsent, AccountClaims, Disabled   bool
	AccessTokenTTL, IDTokenTTL, RefreshTokenTTL        Duration
	Secrets                                            []SecretSpec
	// line of the file it was declared in.
	line int
}

// SecretSpec is one live secret of a client: exactly one of Value, File and Hash.
type SecretSpec struct {
	Value      Secret
	File, Hash string
	ExpiresAt  string
}

// table is the single source of a client's keys.
func (c *ClientSpec) table() []key {
	return []key{
		{path: "client_id", to: &c.ID, doc: "Identifier, unique."},
		{path: "client_name", to: &c.Name, doc: "Name that people see."},
		{path: "client_uri", to: &c.URI, doc: "Home page."},
		{path: "logo_uri", to: &c.LogoURI, doc: "Logo; kept for operators, never fetched or shown."},
		{path: "policy_uri", to: &c.PolicyURI, doc: "Privacy policy, shown at consent."},
		{path: "tos_uri", to: &c.TOSURI, doc: "Terms of service, shown at consent."},
		{path: "contacts", to: &c.Contacts, doc: "Mail addresses of who is responsible; kept for operators."},
		{path: "application_type", to: &c.ApplicationType, def: "web", oneOf: []string{"web", "native"}, doc: "web or native."},
		{path: "redirect_uris", to: &c.RedirectURIs, doc: "Where answers go; compared byte by byte. A native client's port on 127.0.0.1 or [::1] may be any."},
		{path: "post_logout_redirect_uris", to: &c.PostLogoutRedirectURIs, doc: "Where people may return to after signing out."},
		{path: "token_endpoint_auth_method", to: &c.AuthMethod, def: "client_secret_basic", oneOf: []string{"client_secret_basic", "client_secret_post", "none"}, doc: "How it authenticates. none is a public client."},
		{path: "secrets", to: &c.Secrets, doc: "At most two live secrets, so that one can be rotated: each has value, value_file or hash (sha256:… or $argon2id$…), and may have expires_at."},
		{path: "grant_types", to: &c.GrantTypes, def: "[authorization_code, refresh_token]", oneOf: []string{"authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"}, doc: "Grants it may use."},
		{path: "response_types", to: &c.ResponseTypes, oneOf: []string{"code"}, doc: "Response types; [code] where the authorization_code grant is allowed."},
		{path: "response_modes", to: &c.ResponseModes, oneOf: []string{"query", "fragment", "form_post"}, doc: "Response modes it may ask for; all unless set."},
		{path: "scope", to: &c.Scope, def: "openid profile email offline_access", doc: "Scopes it may ask for, with spaces between."},
		{path: "audiences", to: &c.Audience, doc: "Resources (RFC 8707) it may ask tokens for."},
		{path: "default_audience", to: &c.DefaultAudience, doc: "Audience where it asks for none."},
		{path: "pkce_exempt", to: &c.PKCEExempt, doc: "Excuse it from PKCE. Only for software that cannot be changed."},
		{path: "skip_consent", to: &c.SkipConsent, doc: "Ask no consent: the operator answers for it."},
		{path: "account_claims", to: &c.AccountClaims, doc: "Its access tokens bear user_id and username."},
		{path: "id_token_signed_response_alg", to: &c.IDTokenAlg, oneOf: keys.Algorithms(), doc: "Algorithm of its ID tokens; RS256 unless set."},
		{path: "access_token_alg", to: &c.AccessTokenAlg, oneOf: keys.Algorithms(), doc: "Algorithm of its access tokens; tokens.access_alg unless set."},
		{path: "access_token_ttl", to: &c.AccessTokenTTL, max: "30d", doc: "Lifetime of its access tokens; tokens.access_ttl unless set."},
		{path: "id_token_ttl", to: &c.IDTokenTTL, max: "30d", doc: "Lifetime of its ID tokens; tokens.id_ttl unless set."},
		{path: "refresh_token_ttl", to: &c.RefreshTokenTTL, max: "3650d", doc: "Lifetime of its refresh tokens; tokens.refresh_ttl unless set."},
		{path: "disabled", to: &c.Disabled, doc: "Refuse it everything."},
	}
}

func (s *SecretSpec) table() []key {
	return []key{
		{path: "value", to: &s.Value}, {path: "value_file", to: &s.File}, {path: "hash", to: &s.Hash}, {path: "expires_at", to: &s.ExpiresAt},
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
		name := fmt.Sprintf("%s[%d]", path, i)
		if err := setMapping(c.table(), name, item, complain); err != nil {
			complain(name, item, "%v", err)
			continue
		}
		c.line = item.Line
		if c.ResponseTypes == nil && slices.Contains(c.GrantTypes, "authorization_code") {
			c.ResponseTypes = []string{"code"}
		}
		*to = append(*to, c)
	}
	return nil
}

func setSecrets(to *[]SecretSpec, path string, node *yaml.Node, complain complain) error {
	if node.Kind != yaml.SequenceNode {
		return errors.New("must be a list, each with value, value_file or hash")
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

// setMapping fills the table from a mapping, after the defaults.
func setMapping(table []key, path string, node *yaml.Node, complain complain) error {
	if node.Kind != yaml.MappingNode {
		return errors.New("must be a mapping")
	}
	names := make([]string, 0, len(table))
	for _, k := range table {
		names = append(names, k.path)
		if k.def == "" {
			continue
		}
		n, err := nodeOf(k, k.def)
		if err == nil {
			err = k.set(n, nil)
		}
		if err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		full := path + "." + name.Value
		at := slices.Index(names, name.Value)
		switch {
		case at < 0:
			complain(full, name, "is not a known key%s", hint(name.Value, names))
			continue
		case seen[name.Value]:
			complain(full, name, "is set twice")
			continue
		case value.Tag == "!!null" && value.Style == 0:
			continue
		}
		seen[name.Value] = true
		k := table[at]
		k.path = full
		if err := k.set(value, complain); err != nil {
			complain(full, value, "%v", err)
		}
	}
	return nil
}

// Record makes the client's record; hash encodes a plain secret (see [client.HashSecret]). Each fault's Key is a name of RFC 7591.
func (c *ClientSpec) Record(hash func(string) string) (storage.Client, []Fault) {
	var faults []Fault
	fault := func(field, format string, args ...any) {
		faults = append(faults, Fault{Key: field, Problem: fmt.Sprintf(format, args...)})
	}
	out := storage.Client{
		ID: c.ID, Name: c.Name, URI: c.URI, LogoURI: c.LogoURI, PolicyURI: c.PolicyURI, TOSURI: c.TOSURI, Contacts: c.Contacts,
		RedirectURIs: c.RedirectURIs, PostLogoutRedirectURIs: c.PostLogoutRedirectURIs, ApplicationType: c.ApplicationType, AuthMethod: c.AuthMethod,
		GrantTypes: c.GrantTypes, ResponseTypes: c.ResponseTypes, ResponseModes: c.ResponseModes, Scopes: strings.Fields(c.Scope),
		Audiences: c.Audience, DefaultAudience: c.DefaultAudience, PKCEExempt: c.PKCEExempt, SkipConsent: c.SkipConsent,
		AccountClaims: c.AccountClaims, IDTokenAlg: c.IDTokenAlg, AccessTokenAlg: c.AccessTokenAlg, AccessTokenTTL: c.AccessTokenTTL.D(),
		IDTokenTTL: c.IDTokenTTL.D(), RefreshTokenTTL: c.RefreshTokenTTL.D(), Disabled: c.Disabled, Version: 1,
	}
	for i, s := range c.Secrets {
		live, err := s.record(hash)
		if err != nil {
			fault(fmt.Sprintf("secrets[%d]", i), "%v", err)
			continue
		}
		out.Secrets = append(out.Secrets, live)
	}
	if len(faults) == 0 {
		for _, f := range admin.CheckClient(out) {
			fault(f.Field, "%s", f.Problem)
		}
	}
	return out, faults
}

// minSecret is the fewest characters of a client secret that somebody else made (RFC 6749 §10.10).
const minSecret = 16

func (s SecretSpec) record(hash func(string) string) (storage.ClientSecret, error) {
	var out storage.ClientSecret
	given, value := 0, s.Value.Reveal()
	for _, set := range []bool{s.Value.IsSet(), s.File != "", s.Hash != ""} {
		if set {
			given++
		}
	}
	if given != 1 {
		return out, errors.New("needs exactly one of value, value_file and hash")
	}
	if s.File != "" {
		content, err := readCapped(s.File)
		if err != nil {
			return out, fmt.Errorf("value_file cannot be read: %w", plain(err))
		}
		value = trimNewline(content)
	}
	switch {
	case s.Hash != "":
		if !admin.IsSecretHash(s.Hash) {
			return out, errors.New("hash is neither sha256: with 64 hex digits nor $argon2id$")
		}
		out.Hash = s.Hash
	case len(value) < minSecret:
		return out, fmt.Errorf("is weak: a secret has at least %d characters", minSecret)
	default:
		out.Hash = hash(value)
	}
	id := sha256.Sum256([]byte(out.Hash))
	out.ID = hex.EncodeToString(id[:4])
	if s.ExpiresAt != "" {
		at, err := time.Parse(time.RFC3339, s.ExpiresAt)
		if err != nil {
			return out, errors.New("expires_at is no RFC 3339 time")
		}
		out.ExpiresAt = at
	}
	return out, nil
}

// Records makes the records of the list in the configuration, which [Load] has checked.
func (c *Config) Records(hash func(string) string) []storage.Client {
	out := make([]storage.Client, 0, len(c.Clients))
	for i := range c.Clients {
		record, _ := c.Clients[i].Record(hash)
		out = append(out, record)
	}
	return out
}
