package token

import (
	"encoding/json"

	"latchkey/provider/oauth"
)

// Member writes the audience as a member of an object; see [Audience.MarshalJSON].
func (a Audience) Member(o *oauth.Object, name string) {
	if len(a) == 1 {
		o.Text(name, a[0])
		return
	}
	o.List(name, a)
}

// encode writes the claims.
func (c *Access) encode() ([]byte, error) {
	o := oauth.NewObject(512)
	o.Text("iss", c.Issuer)
	o.Text("sub", c.Subject)
	c.Audience.Member(o, "aud")
	o.Text("client_id", c.ClientID)
	o.Number("iat", c.IssuedAt)
	o.Number("exp", c.Expires)
	o.Text("jti", c.ID)
	o.TextIf("sid", c.SID)
	o.TextIf("scope", c.Scope)
	o.NumberIf("auth_time", c.AuthTime)
	o.TextIf("acr", c.ACR)
	o.ListIf("amr", c.AMR)
	if len(c.Confirmation) > 0 {
		o.Any("cnf", c.Confirmation)
	}
	o.ListIf("groups", c.Groups)
	o.NumberIf("user_id", c.UserID)
	o.TextIf("username", c.Username)
	return o.End()
}

// encode writes the claims as one object.
func (c *ID) encode() ([]byte, error) {
	o := oauth.NewObject(512)
	o.Text("iss", c.Issuer)
	o.Text("sub", c.Subject)
	c.Audience.Member(o, "aud")
	o.Number("exp", c.Expires)
	o.Number("iat", c.IssuedAt)
	o.NumberIf("auth_time", c.AuthTime)
	o.TextIf("nonce", c.Nonce)
	o.TextIf("acr", c.ACR)
	o.ListIf("amr", c.AMR)
	o.TextIf("azp", c.Authorized)
	o.TextIf("at_hash", c.AtHash)
	o.TextIf("c_hash", c.CHash)
	o.TextIf("sid", c.SID)
	body, err := o.End()
	if err != nil || len(c.More) == 0 {
		return body, err
	}
	more, err := json.Marshal(c.More)
	if err != nil {
		return nil, err
	}
	body[len(body)-1] = ','
	return append(body, more[1:]...), nil
}

// Encode writes the answer as JSON.
func (a *Answer) Encode() ([]byte, error) {
	o := oauth.NewObject(len(a.AccessToken) + len(a.RefreshToken) + len(a.IDToken) + len(a.Scope) + 160)
	o.Text("access_token", a.AccessToken)
	o.Text("token_type", a.TokenType)
	o.Number("expires_in", a.ExpiresIn)
	o.TextIf("refresh_token", a.RefreshToken)
	o.TextIf("scope", a.Scope)
	o.TextIf("id_token", a.IDToken)
	return o.End()
}
