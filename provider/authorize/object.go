package authorize

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/storage"
)

// Objects verifies what a client signed with its keys. Errors: client.ErrWrong, or a fault.
type Objects interface {
	Verify(ctx context.Context, c storage.Client, raw string, algs []string) (client.Verified, error)
}

// RequestObjectAlgs lists the algorithms of request objects that are served, for discovery: never none, and no shared secret.
func RequestObjectAlgs() []string { return client.AcceptedAlgs() }

// Bounds of the times in a request object: how far clocks may differ, and, where a request counts only if it is signed, how far away its
// times may be.
const (
	objectSkew = time.Minute
	objectLife = time.Hour
)

// object verifies a request object and takes its parameters. Those outside of it count where it is silent (OpenID Connect Core §6.1), but not
// where alone says so, and where it is what a client must send (RFC 9101 §6.3).
func (e *Endpoint) object(ctx context.Context, q *Request, raw string, alone bool) error {
	if e.Objects == nil {
		return oauth.E(oauth.RequestNotSupported, "request objects are not supported") // OpenID Connect Core §3.1.2.6
	}
	algs := RequestObjectAlgs()
	if alg := q.Client.RequestObjectAlg; alg != "" { // OpenID Connect Registration §2 request_object_signing_alg
		algs = slices.DeleteFunc(algs, func(a string) bool { return a != client.CanonicalAlg(alg) })
	}
	v, err := e.Objects.Verify(ctx, q.Client, raw, algs)
	if errors.Is(err, client.ErrWrong) {
		return badObject("is malformed, or not signed by the client as it must be").Because(err) // RFC 9101 §6.2
	}
	if err != nil {
		return err
	}
	inner, err := e.objectParams(q.Client, v)
	if err != nil {
		return err
	}
	values := url.Values{}
	if alone = alone || q.Client.RequireSignedRequest; !alone {
		values = q.Form.Values()
		values.Del("request")
		values.Del("request_uri")
		if outer := values.Get("response_type"); outer != "" && inner.Has("response_type") && oauth.ParseResponseType(outer) != oauth.ParseResponseType(inner.Get("response_type")) {
			return badObject("has another response_type than stands outside of it") // OpenID Connect Core §6.1
		}
	} else if !inner.Has("client_id") {
		return badObject("has no client_id") // RFC 9101 §6.3
	}
	values.Set("client_id", q.Client.ID)
	for name, vs := range inner {
		values[name] = vs
	}
	form, err := oauth.NewForm(values)
	if err != nil {
		return err
	}
	q.Form, q.Signed = form, true
	return nil
}

func badObject(what string) *oauth.Error {
	return oauth.E(oauth.InvalidRequestObject, "the request object "+what)
}

// objectParams checks what a request object says of itself, and returns its authorization parameters.
func (e *Endpoint) objectParams(c storage.Client, v client.Verified) (url.Values, error) {
	typ := strings.TrimPrefix(strings.ToLower(v.Type), "application/")
	if typ != "" && typ != "jwt" && typ != "oauth-authz-req+jwt" { // RFC 9101 §10.8, RFC 8725 §3.11
		return nil, badObject("has another typ")
	}
	members, err := client.ParseMetadata(v.Payload)
	if err != nil {
		return nil, badObject("is not one JSON object with unique names").Because(err)
	}
	if err := e.checkParties(c, members); err != nil {
		return nil, err
	}
	if err := checkTimes(members, e.Now(), c.RequireSignedRequest); err != nil {
		return nil, err
	}
	out := url.Values{}
	for name, value := range members {
		if slices.Contains([]string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}, name) { // RFC 7519 §4.1: no parameters
			continue
		}
		vs, err := objectParam(name, value)
		if err != nil {
			return nil, err
		}
		if vs != nil {
			out[name] = vs
		}
	}
	return out, nil
}

// checkParties: by this client, for us, and good for nothing but a request.
func (e *Endpoint) checkParties(c storage.Client, members client.Metadata) error {
	iss, has := members["iss"]
	if (has || c.RequireSignedRequest) && iss != c.ID { // RFC 9101 §5, OpenID Connect Core §6.1
		return badObject("has another iss than the client")
	}
	aud, has := members["aud"]
	list, isList := aud.([]any)
	if (has || c.RequireSignedRequest) && aud != e.Issuer && (!isList || !slices.Contains(list, any(e.Issuer))) { // RFC 9101 §5
		return badObject("has an aud without this issuer")
	}
	if members["sub"] == c.ID { // RFC 9101 §10.8: it would do as an assertion of the client
		return badObject("has the client as sub")
	}
	if id, has := members["client_id"]; has && id != c.ID { // RFC 9101 §6.3, OpenID Connect Core §6.1
		return badObject("has another client_id")
	}
	for _, name := range []string{"request", "request_uri"} {
		if _, has := members[name]; has { // RFC 9101 §4, OpenID Connect Core §6.1
			return badObject("has " + name + " inside")
		}
	}
	return nil
}

// checkTimes holds the times that are there to now (RFC 7519 §4.1.4, §4.1.5, §4.1.6); near: none may be far away either.
func checkTimes(members client.Metadata, now time.Time, near bool) error {
	at := map[string]time.Time{}
	for _, name := range []string{"exp", "nbf", "iat"} {
		v, has := members[name]
		if !has {
			continue
		}
		n, _ := v.(json.Number)
		s, err := n.Float64()
		if err != nil || s < 0 || s > 1<<40 {
			return badObject("has an " + name + " that is no time")
		}
		at[name] = time.UnixMilli(int64(s * 1000))
	}
	exp, expires := at["exp"]
	nbf, begins := at["nbf"]
	switch {
	case expires && !now.Before(exp.Add(objectSkew)):
		return badObject("has expired")
	case begins && now.Add(objectSkew).Before(nbf):
		return badObject("is not valid yet")
	case now.Add(objectSkew).Before(at["iat"]):
		return badObject("was issued in the future")
	case near && expires && exp.Sub(now) > objectLife+objectSkew:
		return badObject("expires too late")
	case near && begins && now.Sub(nbf) > objectLife+objectSkew:
		return badObject("is too old")
	}
	return nil
}

// objectParam is a member of a request object as the parameter it stands for, nil for none: numbers as their JSON, and objects and lists where the
// parameter is one (OpenID Connect Core §6.1, RFC 8707 §2). Any other type is refused, or ignored where nobody knows the parameter.
func objectParam(name string, value any) ([]string, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case json.Number:
		return []string{v.String()}, nil
	case map[string]any:
		if name == "claims" || name == "registration" {
			b, err := json.Marshal(v)
			return []string{string(b)}, err
		}
	case []any:
		if name == "resource" {
			return objectList(v)
		}
	}
	if oauth.Known(name) {
		return nil, badObject("has a parameter of the wrong type")
	}
	return nil, nil
}

func objectList(list []any) ([]string, error) {
	out := make([]string, 0, len(list))
	for _, item := range list {
		s, ok := item.(string)
		if !ok {
			return nil, badObject("has a parameter of the wrong type")
		}
		out = append(out, s)
	}
	return out, nil
}
