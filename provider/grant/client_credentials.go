package grant

import (
	"context"

	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/token"
	"latchkey/storage"
)

// ClientCredentialsType is the client credentials grant.
const ClientCredentialsType = "client_credentials"

// ClientCredentials is the client credentials grant (RFC 6749 §4.4). It writes nothing to the store.
type ClientCredentials struct{}

// GrantType is client_credentials.
func (ClientCredentials) GrantType() string { return ClientCredentialsType }

// Exchange gives the client a token for itself. Without a scope parameter it gets every scope it may have, except those that concern a person.
func (ClientCredentials) Exchange(_ context.Context, r *Request) (*token.Authorization, Taking, error) {
	if r.Client.AuthMethod == client.NoneMethod { // RFC 6749 §4.4: confidential clients only
		return nil, nil, oauth.E(oauth.UnauthorizedClient, "a public client has no credentials")
	}
	scopes, err := oauth.ParseScopes(r.Form.Get("scope"))
	if err != nil {
		return nil, nil, err
	}
	personal := token.StandardScopes()
	if len(scopes.And(personal)) > 0 {
		return nil, nil, oauth.E(oauth.InvalidScope, "a scope concerns a person, and there is none in this grant")
	}
	if !scopes.Within(r.Client.Scopes) {
		return nil, nil, oauth.E(oauth.InvalidScope, "a scope is not allowed for this client") // RFC 6749 §3.3
	}
	if len(scopes) == 0 {
		scopes = oauth.Scopes(r.Client.Scopes).Without(personal)
	}
	resources, err := r.narrow(nil, scopes, true)
	if err != nil {
		return nil, nil, err
	}
	return &token.Authorization{Client: r.Client, Grant: storage.Grant{}, Scopes: scopes, Resources: resources}, nil, nil
}
