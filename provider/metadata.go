package provider

import (
	"encoding/json"
	"fmt"
	"slices"

	"latchkey/provider/authorize"
	"latchkey/provider/oauth"
	"latchkey/provider/token"
)

// metadata is the discovery document (OpenID Connect Discovery §3, RFC 8414 §2), made from what is served and from nothing else.
func (p *Provider) metadata() ([]byte, error) {
	types := p.responseTypes()
	m := map[string]any{
		"issuer":                                         p.cfg.Issuer,
		"scopes_supported":                               p.scopes(),
		"response_types_supported":                       types,
		"response_modes_supported":                       oauth.ResponseModes(),
		"grant_types_supported":                          p.grantTypes(types),
		"subject_types_supported":                        []string{"public", "pairwise"},
		"acr_values_supported":                           p.Authorize.ACRs,
		"display_values_supported":                       []string{"page"},
		"id_token_signing_alg_values_supported":          p.Issuer.IDTokenAlgs(),
		"userinfo_signing_alg_values_supported":          p.Issuer.UserinfoAlgs(),
		"code_challenge_methods_supported":               []string{oauth.S256},
		"prompt_values_supported":                        p.Authorize.Prompts(),
		"claims_supported":                               token.ClaimsSupported(),
		"claim_types_supported":                          []string{"normal"},
		"claims_parameter_supported":                     true,
		"authorization_response_iss_parameter_supported": true,                         // RFC 9207 §3
		"require_pushed_authorization_requests":          p.cfg.RequirePAR,             // RFC 9126 §5
		"introspection_signing_alg_values_supported":     p.Issuer.IntrospectionAlgs(), // RFC 9701 §7
		"request_parameter_supported":                    p.Authorize.Objects != nil,
		"request_uri_parameter_supported":                p.Authorize.Fetch != nil, // its default is true
		"frontchannel_logout_supported":                  true,
		"frontchannel_logout_session_supported":          true,
		"backchannel_logout_supported":                   p.cfg.Fetch != nil,
		"backchannel_logout_session_supported":           p.cfg.Fetch != nil,
	}
	if p.Authorize.Objects != nil {
		m["request_object_signing_alg_values_supported"] = authorize.RequestObjectAlgs()
	}
	if p.Authorize.Fetch != nil {
		m["require_request_uri_registration"] = true
	}
	p.authMethods(m)
	if len(p.cfg.Locales) > 0 {
		m["ui_locales_supported"] = p.cfg.Locales
	}
	for name, v := range map[string]string{"op_policy_uri": p.cfg.PolicyURI, "op_tos_uri": p.cfg.TermsURI, "service_documentation": p.cfg.DocsURI} {
		if v != "" {
			m[name] = v
		}
	}
	for _, r := range p.routes() {
		if r.Metadata != "" {
			m[r.Metadata] = p.cfg.Issuer + r.Path
		}
	}
	body, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode metadata: %w", err)
	}
	return append(body, '\n'), nil
}

// scopes are those that every client can know of: the standard ones, and those that the operator declared and did not hide.
func (p *Provider) scopes() []string {
	if p.cfg.Scopes == nil {
		return token.StandardScopes()
	}
	return append(token.StandardScopes(), p.cfg.Scopes()...)
}

// responseTypes are those that are on: for all, or for a client of the operator's files.
func (p *Provider) responseTypes() []string {
	on := p.cfg.ResponseTypes
	for _, c := range p.cfg.Clients.Declared() {
		if !c.Disabled {
			on = append(on[:len(on):len(on)], c.ResponseTypes...)
		}
	}
	return slices.DeleteFunc(oauth.ResponseTypes(), func(t string) bool {
		return !slices.ContainsFunc(on, func(s string) bool { return oauth.ParseResponseType(s) == t })
	})
}

// authMethods says how clients prove themselves, at each endpoint that asks it (RFC 8414 §2).
func (p *Provider) authMethods(m map[string]any) {
	methods, algs := p.clients.Methods(), p.clients.AssertionAlgs()
	for name, served := range map[string][]string{"token": methods, "introspection": confidential(methods), "revocation": methods} {
		m[name+"_endpoint_auth_methods_supported"] = served
		if algs != nil {
			m[name+"_endpoint_auth_signing_alg_values_supported"] = algs
		}
	}
}

// confidential leaves out "none".
func confidential(methods []string) []string {
	var out []string
	for _, m := range methods {
		if m != "none" {
			out = append(out, m)
		}
	}
	return out
}
