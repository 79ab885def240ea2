package token

import (
	"encoding/json"
	"strconv"
)

// object writes a JSON object member by member, in the bytes that encoding/json makes of the struct with the same members: claims are encoded for
// every token, and reflection costs several times as much. Members that are empty are left out by those who call it.
type object struct {
	b   []byte
	err error
}

func newObject(size int) *object { return &object{b: append(make([]byte, 0, size), '{')} }

// name begins a member. Names are ours and need no escapes.
func (o *object) name(name string) {
	if len(o.b) > 1 {
		o.b = append(o.b, ',')
	}
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, `":`...)
}

func (o *object) text(name, s string) {
	o.name(name)
	o.string(s)
}

// textIf leaves out what is empty, as omitempty does; so does numberIf.
func (o *object) textIf(name, s string) {
	if s != "" {
		o.text(name, s)
	}
}

func (o *object) number(name string, n int64) {
	o.name(name)
	o.b = strconv.AppendInt(o.b, n, 10)
}

func (o *object) numberIf(name string, n int64) {
	if n != 0 {
		o.number(name, n)
	}
}

// list writes an array of texts.
func (o *object) list(name string, l []string) {
	o.name(name)
	o.b = append(o.b, '[')
	for i, s := range l {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.string(s)
	}
	o.b = append(o.b, ']')
}

func (o *object) listIf(name string, l []string) {
	if len(l) > 0 {
		o.list(name, l)
	}
}

// audience: see [Audience.MarshalJSON].
func (o *object) audience(name string, a Audience) {
	switch {
	case len(a) == 1:
		o.text(name, a[0])
	case a == nil:
		o.name(name)
		o.b = append(o.b, "null"...)
	default:
		o.list(name, a)
	}
}

// any writes what is rare as encoding/json does.
func (o *object) any(name string, v any) {
	o.name(name)
	b, err := json.Marshal(v)
	if err != nil && o.err == nil {
		o.err = err
	}
	o.b = append(o.b, b...)
}

// string leaves whatever needs escapes to encoding/json.
func (o *object) string(s string) {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			b, err := json.Marshal(s)
			if err != nil && o.err == nil {
				o.err = err
			}
			o.b = append(o.b, b...)
			return
		}
	}
	o.b = append(o.b, '"')
	o.b = append(o.b, s...)
	o.b = append(o.b, '"')
}

func (o *object) end() ([]byte, error) { return append(o.b, '}'), o.err }

// encode writes the claims.
func (c *Access) encode() ([]byte, error) {
	o := newObject(512)
	o.text("iss", c.Issuer)
	o.text("sub", c.Subject)
	o.audience("aud", c.Audience)
	o.text("client_id", c.ClientID)
	o.number("iat", c.IssuedAt)
	o.number("exp", c.Expires)
	o.text("jti", c.ID)
	o.textIf("sid", c.SID)
	o.textIf("scope", c.Scope)
	o.numberIf("auth_time", c.AuthTime)
	o.textIf("acr", c.ACR)
	o.listIf("amr", c.AMR)
	if len(c.Confirmation) > 0 {
		o.any("cnf", c.Confirmation)
	}
	o.listIf("groups", c.Groups)
	o.numberIf("user_id", c.UserID)
	o.textIf("username", c.Username)
	return o.end()
}

// encode writes the claims as one object.
func (c *ID) encode() ([]byte, error) {
	o := newObject(512)
	o.text("iss", c.Issuer)
	o.text("sub", c.Subject)
	o.audience("aud", c.Audience)
	o.number("exp", c.Expires)
	o.number("iat", c.IssuedAt)
	o.numberIf("auth_time", c.AuthTime)
	o.textIf("nonce", c.Nonce)
	o.textIf("acr", c.ACR)
	o.listIf("amr", c.AMR)
	o.textIf("azp", c.Authorized)
	o.textIf("at_hash", c.AtHash)
	o.textIf("c_hash", c.CHash)
	o.textIf("sid", c.SID)
	body, err := o.end()
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
	o := newObject(len(a.AccessToken) + len(a.RefreshToken) + len(a.IDToken) + len(a.Scope) + 160)
	o.text("access_token", a.AccessToken)
	o.text("token_type", a.TokenType)
	o.number("expires_in", a.ExpiresIn)
	o.textIf("refresh_token", a.RefreshToken)
	o.textIf("scope", a.Scope)
	o.textIf("id_token", a.IDToken)
	return o.end()
}
