package authorize

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/token"
	"latchkey/storage"
)

const issuer = "https://id.example.test"

func TestObjectParams(t *testing.T) {
	at := func(d time.Duration) any { return start.Add(d).Unix() }
	e := &Endpoint{Issuer: issuer, Now: func() time.Time { return start }}
	c := storage.Client{ID: "app"}
	must := storage.Client{ID: "app", RequireSignedRequest: true}
	both := map[string]any{"iss": "app", "aud": issuer}
	with := func(more map[string]any) map[string]any {
		out := map[string]any{"iss": "app", "aud": issuer}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	for _, row := range []struct {
		name    string
		c       storage.Client
		typ     string
		members map[string]any
		want    string // the form, or "" where it is refused
	}{
		{"OpenID Connect Core §6.1 text, number, object", c, "", map[string]any{"state": "s t", "max_age": 10, "claims": map[string]any{"userinfo": map[string]any{"name": nil}}},
			`claims=%7B%22userinfo%22%3A%7B%22name%22%3Anull%7D%7D&max_age=10&state=s+t`},
		{"RFC 8707 §2 a list of resources", c, "JWT", map[string]any{"resource": []any{"https://a", "https://b"}}, "resource=https%3A%2F%2Fa&resource=https%3A%2F%2Fb"},
		{"RFC 8707 §2 a list that is none", c, "", map[string]any{"resource": []any{"https://a", 1}}, ""},
		{"RFC 7519 §4.1 claims of the JWT are no parameters", c, "", with(map[string]any{"jti": "x", "sub": "y", "iat": at(0), "nonce": "n"}), "nonce=n"},
		{"OpenID Connect Core §6.1 null is absent", c, "", map[string]any{"state": nil, "nonce": "n"}, "nonce=n"},
		{"OpenID Connect Core §6.1 a list where text belongs", c, "", map[string]any{"scope": []any{"openid"}}, ""},
		{"OpenID Connect Core §6.1 a boolean where text belongs", c, "", map[string]any{"prompt": true}, ""},
		{"OpenID Connect Core §6.1 an object where text belongs", c, "", map[string]any{"state": map[string]any{}}, ""},
		{"OpenID Connect Core §3.1.2.1 what nobody knows is ignored", c, "", map[string]any{"x": []any{1}, "y": true, "z": map[string]any{}, "nonce": "n"}, "nonce=n"},
		{"RFC 9101 §10.8 typ", c, "oauth-authz-req+jwt", map[string]any{"nonce": "n"}, "nonce=n"},
		{"RFC 7515 §4.1.9 typ with its prefix", c, "application/OAuth-Authz-Req+JWT", map[string]any{"nonce": "n"}, "nonce=n"},
		{"RFC 8725 §3.11 typ of an access token", c, "at+jwt", map[string]any{"nonce": "n"}, ""},
		{"RFC 8725 §3.11 typ of an assertion", c, "client-authentication+jwt", map[string]any{"nonce": "n"}, ""},
		{"RFC 9101 §10.8 an assertion of the client", c, "JWT", with(map[string]any{"sub": "app", "nonce": "n"}), ""},
		{"OpenID Connect Core §6.1 another iss", c, "", map[string]any{"iss": "other"}, ""},
		{"OpenID Connect Core §6.1 iss that is no string", c, "", map[string]any{"iss": []any{"app"}}, ""},
		{"RFC 9101 §5 another aud", c, "", map[string]any{"aud": "https://other.test"}, ""},
		{"RFC 9101 §5 aud of several", c, "", map[string]any{"aud": []any{"https://other.test", issuer}, "nonce": "n"}, "nonce=n"},
		{"RFC 9101 §5 aud of several others", c, "", map[string]any{"aud": []any{"https://other.test", nil}}, ""},
		{"RFC 9101 §5 aud empty", c, "", map[string]any{"aud": []any{}}, ""},
		{"RFC 9101 §6.3 another client_id", c, "", map[string]any{"client_id": "other"}, ""},
		{"RFC 9101 §4 request inside", c, "", map[string]any{"request": "x"}, ""},
		{"RFC 9101 §4 request_uri inside", c, "", map[string]any{"request_uri": nil}, ""},
		{"RFC 7519 §4.1.4 expired", c, "", map[string]any{"exp": at(-objectSkew)}, ""},
		{"RFC 7519 §4.1.4 within the skew", c, "", map[string]any{"exp": at(1 - objectSkew + time.Second), "nonce": "n"}, "nonce=n"},
		{"RFC 7519 §4.1.4 far away", c, "", map[string]any{"exp": at(24 * time.Hour), "nonce": "n"}, "nonce=n"},
		{"RFC 7519 §4.1.4 no time", c, "", map[string]any{"exp": "soon"}, ""},
		{"RFC 7519 §2 a time that overflows", c, "", map[string]any{"exp": json.Number("1e300")}, ""},
		{"RFC 7519 §2 a time before all times", c, "", map[string]any{"nbf": -1}, ""},
		{"RFC 7519 §4.1.5 8 seconds ahead", c, "", map[string]any{"nbf": at(8 * time.Second), "nonce": "n"}, "nonce=n"},
		{"RFC 7519 §4.1.5 not yet", c, "", map[string]any{"nbf": at(objectSkew + time.Second)}, ""},
		{"RFC 7519 §4.1.6 of the future", c, "", map[string]any{"iat": at(objectSkew + time.Second)}, ""},
		{"RFC 9101 §10.5 must be signed: iss", must, "", map[string]any{"aud": issuer}, ""},
		{"RFC 9101 §10.5 must be signed: aud", must, "", map[string]any{"iss": "app"}, ""},
		{"RFC 9101 §10.5 must be signed", must, "", with(map[string]any{"exp": at(time.Hour), "nbf": at(-time.Hour), "nonce": "n"}), "nonce=n"},
		{"RFC 9101 §10.5 must be signed: expires too late", must, "", with(map[string]any{"exp": at(70 * time.Minute)}), ""},
		{"RFC 9101 §10.5 must be signed: too old", must, "", with(map[string]any{"nbf": at(-70 * time.Minute)}), ""},
		{"nothing but itself", c, "", both, "nothing"},
	} {
		t.Run(row.name, func(t *testing.T) {
			payload, err := json.Marshal(row.members)
			if err != nil {
				t.Fatal(err)
			}
			got, err := e.objectParams(row.c, client.Verified{Header: client.Header{Type: row.typ}, Payload: payload})
			switch oe, _ := oauth.AsError(err); {
			case row.want == "" && (oe == nil || oe.Code != oauth.InvalidRequestObject):
				t.Errorf("got %v %v", got, err)
			case row.want == "nothing" && (err != nil || len(got) > 0), row.want != "" && row.want != "nothing" && got.Encode() != row.want:
				t.Errorf("got %q %v", got.Encode(), err)
			}
		})
	}
}

// believer takes everything for signed.
type believer struct{}

func (believer) Verify(_ context.Context, _ storage.Client, raw string, _ []string) (client.Verified, error) {
	return client.Verified{Payload: []byte(raw)}, nil
}

type oneClient struct{ only storage.Client }

func (o oneClient) Client(context.Context, string) (storage.Client, error) { return o.only, nil }

func (oneClient) Used(context.Context, storage.Client) {}

func (o oneClient) Authenticate(context.Context, *http.Request, oauth.Form) (storage.Client, error) {
	return o.only, nil
}

// shelf keeps what is pushed.
type shelf struct {
	Pushed
	last storage.PushedRequest
}

func (s *shelf) PutPushedRequest(_ context.Context, p storage.PushedRequest, _ time.Time) error {
	s.last = p
	return nil
}

func (s *shelf) PushedRequest(_ context.Context, id string, _ time.Time) (storage.PushedRequest, error) {
	if id != s.last.ID {
		return storage.PushedRequest{}, storage.ErrNotFound
	}
	return s.last, nil
}

// noHints knows no ID token.
type noHints struct{ Hints }

func (noHints) VerifyIDHint(context.Context, string) (token.ID, error) {
	return token.ID{}, token.ErrMalformed
}

// signer could sign, and is never asked to.
type signer struct{ Tokens }

func (signer) Ready(storage.Client) error { return nil }

func fuzzEndpoint() (*Endpoint, *shelf) {
	one := oneClient{storage.Client{ID: "app", RedirectURIs: []string{"https://app.test/cb"}, AuthMethod: client.BasicMethod, Scopes: []string{"openid", "email"}, PKCEExempt: true}}
	kept := &shelf{}
	return &Endpoint{Issuer: issuer, ACRs: []string{"1"}, Clients: one, Authenticator: one, Pushed: kept, Objects: believer{}, Hints: noHints{}, Tokens: signer{}, Now: func() time.Time { return start }}, kept
}

// FuzzRequestObject: whatever a client signs, what comes out is one form, for that client, that refers to nothing else.
func FuzzRequestObject(f *testing.F) {
	f.Add(`{"response_type":"code","redirect_uri":"https://app.test/cb","scope":"openid","max_age":1,"claims":{"id_token":{"acr":null}}}`, "state=x", true)
	f.Add(`{"client_id":"other","request_uri":"x"}`, "response_type=code", false)
	f.Add(`{"state":"\ud800","resource":["https://a",1e400]}`, "", true)
	f.Add(`[]`, "nonce=%00", false)
	f.Fuzz(func(t *testing.T, payload, outer string, alone bool) {
		form, err := oauth.QueryForm(outer)
		if err != nil {
			return
		}
		e, _ := fuzzEndpoint()
		q := &Request{Form: form, Client: storage.Client{ID: "app", RequireSignedRequest: alone}, StartedAt: start}
		if err := e.object(t.Context(), q, payload, false); err != nil {
			if oe, ok := oauth.AsError(err); !ok || (oe.Code != oauth.InvalidRequestObject && oe.Code != oauth.InvalidRequest) || q.Signed {
				t.Errorf("%v", err)
			}
			return
		}
		if !q.Signed || q.Form.Get("client_id") != "app" || q.Form.Get("request") != "" || q.Form.Get("request_uri") != "" || q.Form.Check() != nil {
			t.Errorf("%q became %q", payload, q.Form.Encode())
		}
		again, err := oauth.QueryForm(q.Form.Encode())
		if err != nil || again.Encode() != q.Form.Encode() {
			t.Errorf("%q does not survive being sealed: %v", q.Form.Encode(), err)
		}
	})
}

// FuzzPush: whatever is pushed, what is stored is good when it is used, and holds no secret.
func FuzzPush(f *testing.F) {
	f.Add("response_type=code&redirect_uri=https%3A%2F%2Fapp.test%2Fcb&scope=openid&client_secret=hunter2")
	f.Add(`request={"client_id":"app","response_type":"code","redirect_uri":"https://app.test/cb"}`)
	f.Add("request_uri=x")
	f.Add("a=%zz&b=1&b=2")
	f.Fuzz(func(t *testing.T, body string) {
		e, kept := fuzzEndpoint()
		r := httptest.NewRequest(http.MethodPost, "/par", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		if err := e.Push(w, r); err != nil {
			if kept.last.ID != "" {
				t.Errorf("stored in spite of %v", err)
			}
			return
		}
		var ans pushAnswer
		if err := json.Unmarshal(w.Body.Bytes(), &ans); err != nil || w.Code != http.StatusCreated {
			t.Fatalf("%d %q", w.Code, w.Body)
		}
		sent, err := oauth.NewForm(map[string][]string{"client_id": {"app"}, "request_uri": {ans.RequestURI}})
		if err != nil {
			t.Fatal(err)
		}
		q := &Request{Form: sent, StartedAt: start}
		if err := e.resolve(t.Context(), q); err != nil || q.Pushed == "" {
			t.Fatalf("%v", err)
		}
		if err := e.judge(t.Context(), q); err != nil {
			t.Errorf("good when it was pushed, then %v", err)
		}
		for _, name := range []string{"client_secret", "client_assertion", "request", "request_uri"} {
			if q.Form.Get(name) != "" {
				t.Errorf("%s is kept", name)
			}
		}
	})
}
