package grant

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func form(t *testing.T, v url.Values) oauth.Form {
	t.Helper()
	f, err := oauth.NewForm(v)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func codeOf(err error) oauth.Code {
	if e, ok := oauth.AsError(err); ok {
		return e.Code
	}
	return ""
}

func TestNarrow(t *testing.T) {
	c := storage.Client{Audiences: []string{"https://a", "https://b"}}
	for _, row := range []struct {
		name           string
		granted, asked []string
		open           bool
		want           int
		err            oauth.Code
	}{
		{"RFC 8707 §2.2 none asked, none granted", nil, nil, true, 0, ""},
		{"RFC 8707 §2.2 all that was granted", []string{"https://a", "https://b"}, nil, true, 2, ""},
		{"RFC 8707 §2.2 less", []string{"https://a", "https://b"}, []string{"https://b"}, true, 1, ""},
		{"RFC 8707 §2.2 more", []string{"https://a"}, []string{"https://b"}, true, 0, oauth.InvalidTarget},
		{"RFC 8707 §2.2 none granted, one of the client's, nobody to ask", nil, []string{"https://b"}, true, 1, ""},
		{"RFC 8707 §2.2 none granted, and the person was not asked", nil, []string{"https://b"}, false, 0, oauth.InvalidTarget},
		{"RFC 8707 §2.2 not the client's", nil, []string{"https://c"}, true, 0, oauth.InvalidTarget},
		{"RFC 8707 §2 malformed", nil, []string{"b"}, true, 0, oauth.InvalidTarget},
		{"granted, but the client lost it", []string{"https://c"}, nil, true, 1, oauth.InvalidTarget},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := narrow(form(t, url.Values{"resource": row.asked}), row.granted, row.open, c)
			if codeOf(err) != row.err || (err == nil && len(got) != row.want) {
				t.Errorf("%v %v", got, err)
			}
		})
	}
}

func TestNarrowToScopes(t *testing.T) {
	c := storage.Client{Audiences: []string{"https://a", "https://b", "https://x"}}
	known := map[string][]string{"https://a": {"a"}, "https://b": {"b"}}
	for _, row := range []struct {
		name, asked string
		scopes      oauth.Scopes
		err         oauth.Code
	}{
		{"RFC 8707 §2.2 a scope of the resource", "https://a", oauth.Scopes{"a", "b"}, ""},
		{"RFC 8707 §2.2 none of the resource", "https://b", oauth.Scopes{"a"}, oauth.InvalidTarget},
		{"RFC 8707 §2.2 none but openid", "https://b", oauth.Scopes{"openid", "a"}, ""},
		{"RFC 8707 §2.2 no scope at all", "https://b", nil, ""},
		{"RFC 8707 §2.2 a resource that is not declared", "https://x", oauth.Scopes{"a"}, ""},
		{"RFC 8707 §2 not the client's", "https://c", oauth.Scopes{"a"}, oauth.InvalidTarget},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := &Request{Client: &c, Form: form(t, url.Values{"resource": {row.asked}}), Known: known}
			if got, err := r.narrow(nil, row.scopes, true); codeOf(err) != row.err || (err == nil) != (len(got) == 1) {
				t.Errorf("%v %v", got, err)
			}
		})
	}
}

// proved is a grant that proves the same whatever is asked, and what became of it.
type proved struct {
	a        token.Authorization
	notReady error
	// taken counts exchanges.
	taken int
	// take is what is left to take; nil: nothing.
	take Taking
	// issued is told of each signature; nil: nobody wants to know.
	issued func() error
}

func (*proved) GrantType() string { return "proved" }

func (p *proved) Exchange(context.Context, *Request) (*token.Authorization, Taking, error) {
	a := p.a
	p.taken++
	return &a, p.take, nil
}

func (p *proved) Authenticate(context.Context, *http.Request, oauth.Form) (storage.Client, error) {
	return *p.a.Client, nil
}

func (p *proved) Ready(storage.Client) error { return p.notReady }

func (p *proved) Issue(_ context.Context, a *token.Authorization) (*token.Answer, error) {
	if p.issued != nil {
		if err := p.issued(); err != nil {
			return nil, err
		}
	}
	return &token.Answer{Scope: a.Scopes.String()}, nil
}

func TestScopesOfResources(t *testing.T) {
	known := map[string][]string{"https://a": {"a", "both"}, "https://b": {"b", "both"}}
	for _, row := range []struct {
		name      string
		resources []string
		want      string
	}{
		{"RFC 8707 §2.2 one resource, its scopes", []string{"https://a"}, "openid a both"},
		{"RFC 8707 §2.2 several resources, the scopes of all", []string{"https://a", "https://b"}, "openid a b both"},
		{"RFC 8707 §2.2 none", nil, "openid a b both x"},
	} {
		t.Run(row.name, func(t *testing.T) {
			scopes := oauth.Scopes{"openid", "a", "b", "both", "x"}
			p := &proved{a: token.Authorization{Client: &storage.Client{ID: "c", GrantTypes: []string{"proved"}, Scopes: scopes, Audiences: []string{"https://a", "https://b"}},
				Scopes: scopes, Resources: row.resources}}
			e := &Endpoint{Clients: p, Exchangers: []Exchanger{p}, Issuer: p, Resources: known, Audit: audit.Discard, Now: func() time.Time { return now }}
			r := httptest.NewRequest(http.MethodPost, "/token", strings.NewReader("grant_type=proved"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			if err := e.Serve(w, r); err != nil {
				t.Fatal(err)
			}
			var ans token.Answer
			if err := json.Unmarshal(w.Body.Bytes(), &ans); err != nil || ans.Scope != row.want {
				t.Errorf("%s", w.Body)
			}
		})
	}
}

// A client whose algorithm does not sign yet loses nothing: it is told to come again before anything one-time is taken.
func TestNotReady(t *testing.T) {
	p := &proved{a: token.Authorization{Client: &storage.Client{ID: "c", GrantTypes: []string{"proved"}}}, notReady: token.ErrNotYet}
	e := &Endpoint{Clients: p, Exchangers: []Exchanger{p}, Issuer: p, Audit: audit.Discard, Now: func() time.Time { return now }}
	r := httptest.NewRequest(http.MethodPost, "/token", strings.NewReader("grant_type=proved"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	err := e.Serve(httptest.NewRecorder(), r)
	if later, ok := errors.AsType[*serve.Unavailable](err); !ok || !errors.Is(later, token.ErrNotYet) || p.taken != 0 {
		t.Errorf("%v, taken %d times", err, p.taken)
	}
}

func TestCeiling(t *testing.T) {
	a := token.Authorization{Client: &storage.Client{Scopes: []string{"a", "b"}, Audiences: []string{"https://a"}}, Grant: storage.Grant{ID: "g", Scopes: []string{"a"}}}
	for _, row := range []struct {
		name      string
		scopes    oauth.Scopes
		resources []string
		want      oauth.Code
	}{
		{"RFC 6749 §3.3 within", oauth.Scopes{"a"}, []string{"https://a"}, ""},
		{"RFC 6749 §3.3 beyond the grant", oauth.Scopes{"b"}, nil, oauth.InvalidScope},
		{"RFC 6749 §3.3 beyond the client", oauth.Scopes{"c"}, nil, oauth.InvalidScope},
		{"RFC 8707 §2 beyond the client", nil, []string{"https://b"}, oauth.InvalidTarget},
	} {
		t.Run(row.name, func(t *testing.T) {
			a.Scopes, a.Resources = row.scopes, row.resources
			if err := ceiling(&a); codeOf(err) != row.want {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAllowed(t *testing.T) {
	none, some := storage.Client{}, storage.Client{GrantTypes: []string{RefreshType}}
	if !Allowed(none, CodeType) || Allowed(none, RefreshType) || Allowed(none, ClientCredentialsType) || Allowed(some, CodeType) || !Allowed(some, RefreshType) {
		t.Error("RFC 7591 §2")
	}
}

func TestGate(t *testing.T) {
	for _, row := range []struct {
		name string
		on   storage.Standing
		g    storage.Grant
		want oauth.Code
	}{
		{"stands", storage.Standing{Account: storage.Account{ID: 1}, Live: true}, storage.Grant{SID: "s"}, ""},
		{"of no session", storage.Standing{Account: storage.Account{ID: 1}}, storage.Grant{}, ""},
		{"account gone", storage.Standing{Live: true}, storage.Grant{SID: "s"}, oauth.InvalidGrant},
		{"account disabled", storage.Standing{Account: storage.Account{ID: 1, Disabled: true}}, storage.Grant{Offline: true}, oauth.InvalidGrant},
		{"the client is for others", storage.Standing{Account: storage.Account{ID: 1, Nickname: "stranger"}}, storage.Grant{Offline: true}, oauth.InvalidGrant},
		{"session ended", storage.Standing{Account: storage.Account{ID: 1}}, storage.Grant{SID: "s"}, oauth.InvalidGrant},
		{"OpenID Connect Core §11 offline", storage.Standing{Account: storage.Account{ID: 1}}, storage.Grant{SID: "s", Offline: true}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := &Request{Client: &storage.Client{ID: "app"}, Now: now, Admits: func(_ storage.Client, a storage.Account) bool { return a.Nickname != "stranger" }}
			_, err := gate(row.on, row.g, r)
			if codeOf(err) != row.want || (row.want == "" && err != nil) {
				t.Errorf("%v", err)
			}
		})
	}
}
