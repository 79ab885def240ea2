package authorize

import (
	"context"
	"slices"
	"strings"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

func ruleResponseType(_ context.Context, e *Endpoint, q *Request) error {
	if q.Type == "" {
		return oauth.E(oauth.InvalidRequest, "response_type is missing") // RFC 6749 §3.1.1
	}
	on := listed(e.ResponseTypes, q.Type)
	own := listed(q.Client.ResponseTypes, q.Type)
	switch {
	case !slices.Contains(oauth.ResponseTypes(), q.Type):
		return oauth.E(oauth.UnsupportedResponseType, "response_type is not supported") // RFC 6749 §4.1.2.1
	case !on && (!own || q.Client.Registered): // what a client says of itself turns nothing on
		return oauth.E(oauth.UnsupportedResponseType, "response_type is not turned on")
	case !own: // an address that anybody can write must not get a token where the client never asks for one
		return oauth.E(oauth.UnauthorizedClient, "this client did not register the response_type") // RFC 7591 §2
	}
	return grantsFor(q.Client, q.Type)
}

// listed tells whether a list, in which words may stand in any order and which means code where it is empty, has a response type.
func listed(list []string, rt string) bool {
	if len(list) == 0 {
		return rt == oauth.TypeCode
	}
	return slices.ContainsFunc(list, func(s string) bool { return oauth.ParseResponseType(s) == rt })
}

// grantsFor holds a response type to the grants of the client: a code needs authorization_code, a token at the front implicit (RFC 7591 §2.1).
func grantsFor(c storage.Client, rt string) error {
	has := func(grant string) bool {
		if len(c.GrantTypes) == 0 {
			return grant == "authorization_code"
		}
		return slices.Contains(c.GrantTypes, grant)
	}
	if oauth.Answers(rt, "code") && !has("authorization_code") {
		return oauth.E(oauth.UnauthorizedClient, "this client may not use codes") // RFC 6749 §4.1.2.1
	}
	if oauth.Fronted(rt) && !has(oauth.ImplicitGrant) {
		return oauth.E(oauth.UnauthorizedClient, "this client may not use the implicit grant") // RFC 6749 §4.2.2.1
	}
	return nil
}

// ruleImplicit: where tokens come without a code, nothing but the address proves who gets them (OpenID Connect Core §3.2.2.1).
func ruleImplicit(_ context.Context, _ *Endpoint, q *Request) error {
	if oauth.Answers(q.Type, "code") || q.Client.ApplicationType == "native" {
		return nil
	}
	if strings.HasPrefix(q.RedirectURI, "http://") {
		return oauth.E(oauth.InvalidRequest, "redirect_uri must be https with this response_type")
	}
	return nil
}

func ruleNonce(_ context.Context, _ *Endpoint, q *Request) error {
	q.Nonce = q.Form.Get("nonce")
	if !oauth.Answers(q.Type, "id_token") {
		return nil
	}
	if !q.Scopes.Has(oauth.OpenID) {
		return oauth.E(oauth.InvalidScope, "an ID token needs scope openid") // OpenID Connect Core §3.1.2.1
	}
	if q.Nonce == "" {
		return oauth.E(oauth.InvalidRequest, "nonce is missing") // OpenID Connect Core §3.2.2.1, §3.3.2.11
	}
	return nil
}

func rulePKCE(_ context.Context, _ *Endpoint, q *Request) error {
	if !oauth.Answers(q.Type, "code") {
		return nil
	}
	challenge, method := q.Form.Get("code_challenge"), q.Form.Get("code_challenge_method")
	if challenge == "" {
		if method != "" || !q.Client.PKCEExempt {
			return oauth.E(oauth.InvalidRequest, "code_challenge is missing") // RFC 7636 §4.4.1, RFC 9700 §2.1.1
		}
		return nil
	}
	if method != oauth.S256 {
		return oauth.E(oauth.InvalidRequest, "code_challenge_method must be S256") // RFC 7636 §4.4.1
	}
	q.Challenge = challenge
	return oauth.CheckChallenge(challenge)
}
