package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// MaxClaims bounds the claims of one member of a claims parameter; MaxClaimsBytes the whole parameter.
const (
	MaxClaims      = 64
	MaxClaimsBytes = 4 << 10
)

// ClaimRequest is what a claims parameter asks of one claim (OpenID Connect Core §5.5.1). The zero value asks for it voluntarily.
type ClaimRequest struct {
	Essential bool              `json:"essential,omitempty"`
	Value     json.RawMessage   `json:"value,omitempty"`
	Values    []json.RawMessage `json:"values,omitempty"`
}

// ClaimsRequest is a claims parameter (OpenID Connect Core §5.5): claims by name, for userinfo and for the ID token.
type ClaimsRequest struct {
	Userinfo map[string]ClaimRequest `json:"userinfo,omitempty"`
	IDToken  map[string]ClaimRequest `json:"id_token,omitempty"`
}

// ParseClaims reads a claims parameter; "" is the zero request. Members that are not understood are ignored (OpenID Connect Core §5.5).
// Errors: *Error with InvalidRequest.
func ParseClaims(s string) (ClaimsRequest, error) {
	var out ClaimsRequest
	if s == "" {
		return out, nil
	}
	if len(s) > MaxClaimsBytes {
		return out, E(InvalidRequest, "claims is too long")
	}
	var top map[string]json.RawMessage
	if err := oneJSON(s, &top); err != nil || top == nil {
		return out, E(InvalidRequest, "claims is no JSON object").Because(err) // OpenID Connect Core §5.5
	}
	var err error
	if out.Userinfo, err = claimsMember(top["userinfo"]); err != nil {
		return ClaimsRequest{}, E(InvalidRequest, "claims has a malformed userinfo member").Because(err)
	}
	if out.IDToken, err = claimsMember(top["id_token"]); err != nil {
		return ClaimsRequest{}, E(InvalidRequest, "claims has a malformed id_token member").Because(err)
	}
	if len(out.Encode()) > MaxClaimsBytes { // or what is kept could not be read again
		return ClaimsRequest{}, E(InvalidRequest, "claims is too long")
	}
	return out, nil
}

func claimsMember(raw json.RawMessage) (map[string]ClaimRequest, error) {
	if raw == nil {
		return nil, nil
	}
	var named map[string]map[string]json.RawMessage
	if err := json.Unmarshal(raw, &named); err != nil {
		return nil, err
	}
	if len(named) > MaxClaims {
		return nil, errors.New("too many claims")
	}
	out := make(map[string]ClaimRequest, len(named))
	for name, members := range named { // null, an empty map here, asks for it voluntarily (OpenID Connect Core §5.5.1)
		c, err := claimRequest(members)
		if err != nil {
			return nil, err
		}
		out[name] = c
	}
	return out, nil
}

// claimRequest reads members by their exact names, as a struct would not.
func claimRequest(members map[string]json.RawMessage) (c ClaimRequest, err error) {
	if raw, ok := members["essential"]; ok {
		if err := json.Unmarshal(raw, &c.Essential); err != nil {
			return c, err
		}
	}
	if raw, ok := members["values"]; ok {
		if err := json.Unmarshal(raw, &c.Values); err != nil {
			return c, err
		}
	}
	if raw := members["value"]; string(raw) != "null" {
		c.Value = raw
	}
	return c, nil
}

// oneJSON decodes exactly one JSON value.
func oneJSON(s string, to any) error {
	d := json.NewDecoder(bytes.NewReader([]byte(s)))
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the value")
	}
	return nil
}

// Allows tells whether a claim of the given JSON value meets the request (OpenID Connect Core §5.5.1): equal to value, or to one of values, where
// these were given.
func (c ClaimRequest) Allows(value any) bool {
	if c.Value == nil && len(c.Values) == 0 {
		return true
	}
	have, err := json.Marshal(value)
	if err != nil {
		return false
	}
	for _, want := range append(c.Values[:len(c.Values):len(c.Values)], c.Value) {
		if want != nil && sameJSON(have, want) {
			return true
		}
	}
	return false
}

func sameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	ca, errA := json.Marshal(x)
	cb, errB := json.Marshal(y)
	return errA == nil && errB == nil && bytes.Equal(ca, cb)
}

// Strings are the claim's value and values, those of them that are strings; named tells whether there are any of either, of whatever type.
func (c ClaimRequest) Strings() (out []string, named bool) {
	for _, raw := range append(c.Values[:len(c.Values):len(c.Values)], c.Value) {
		var s string
		if raw != nil && json.Unmarshal(raw, &s) == nil && string(raw) != "null" {
			out = append(out, s)
		}
	}
	return out, c.Value != nil || len(c.Values) > 0
}

// Encode writes the request in a form that ParseClaims reads again, nil where nothing is asked for. The same request is always written the same.
func (c ClaimsRequest) Encode() []byte {
	if c.IsZero() {
		return nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c); err != nil { // what ParseClaims read can be written
		return nil
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// IsZero tells whether nothing is asked for.
func (c ClaimsRequest) IsZero() bool { return len(c.Userinfo) == 0 && len(c.IDToken) == 0 }
