package providertest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/provider/oauth"
)

// strange are values that parsers have stumbled over.
var strange = []string{"", " ", "\x00", "\xff", "%", "..", "none", "null", "{}", "[]", `{"id_token":{"acr":{"essential":true,"values":[1,null]}}}`, "code id_token token", "a.b.c", "a.b.c.d.e",
	"eyJhbGciOiJub25lIn0.e30.", "urn:ietf:params:oauth:request_uri:x", "https://evil.test/#x", "99999999999999999999", strings.Repeat("x ", 3000)}

// FuzzAuthorizationRequest: whatever a link to /authorize says, nobody is sent to a strange address, no token leaves, and the fault is not ours.
func FuzzAuthorizationRequest(f *testing.F) {
	i := New(f, Config(everyType), Clients(WebClient("app", front, withKeys(f))))
	i.Person("alice")
	a, b := i.App("app"), i.Browser()
	a.SignIn(b, "alice")
	i.Provider.Authorize.Fetch = &web{}
	f.Add(a.Request().Encode())
	for _, rt := range oauth.ResponseTypes() {
		f.Add(a.Request("response_type", rt, "prompt", "none").Encode())
	}
	for _, name := range strings.Fields("acr_values claims client_id code_challenge code_challenge_method display id_token_hint login_hint max_age nonce prompt redirect_uri registration request " +
		"request_uri resource response_mode response_type scope state ui_locales") {
		for _, v := range strange {
			f.Add(a.Request(name, v, "prompt", "none").Encode())
		}
		f.Add(a.Request().Encode() + "&" + name + "=x&" + name + "=y")
	}
	f.Fuzz(func(t *testing.T, query string) {
		i.T = t
		for _, h := range []http.Header{nil, {"Cookie": {cookies(b)}}} {
			for method, target := range map[string]string{http.MethodGet: "/authorize?", http.MethodPost: "/authorize"} {
				form := url.Values(nil)
				if method == http.MethodPost {
					var err error
					if form, err = url.ParseQuery(query); err != nil {
						continue
					}
				} else if target += query; strings.ContainsFunc(query, func(r rune) bool { return r <= ' ' || r > '~' || r == '#' }) {
					continue // no request line
				}
				res := i.Send(method, target, form, h)
				safe(t, res, h != nil)
			}
		}
	})
}

func cookies(b *Browser) string {
	var out []string
	for _, c := range b.Cookies() {
		out = append(out, c.Name+"="+c.Value)
	}
	return strings.Join(out, "; ")
}

// safe judges an answer to a request that anybody can make. in: with the cookies of somebody who is signed in and consented to the client.
func safe(t *testing.T, res *http.Response, in bool) {
	t.Helper()
	to := res.Header.Get("Location")
	switch {
	case res.StatusCode >= 500:
		t.Errorf("RFC 6749 §4.1.2.1: %d", res.StatusCode)
	case to != "" && !strings.HasPrefix(to, Callback) && !strings.HasPrefix(to, "/"):
		t.Errorf("RFC 9700 §4.11: to %s", to)
	case strings.HasPrefix(to, "//") || strings.HasPrefix(to, `/\`):
		t.Errorf("RFC 9700 §4.11: to %s", to)
	}
	if !strings.HasPrefix(to, Callback) {
		return
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	fragment, err := url.ParseQuery(u.EscapedFragment())
	if err != nil {
		t.Fatal(err)
	}
	if query.Has("access_token") || query.Has("id_token") {
		t.Errorf("Multiple Response Types §5: %s", to)
	}
	for _, got := range []url.Values{query, fragment} {
		bought := got.Has("code") || got.Has("access_token") || got.Has("id_token")
		if bought && (!in || got.Has("error")) {
			t.Errorf("for nobody: %s", to)
		}
		if len(got) > 0 && got.Get("iss") != URL {
			t.Errorf("RFC 9207 §2: %s", to)
		}
	}
}

// FuzzBackChannel: whatever a client posts, the fault is not ours, and nothing comes of it that it did not prove.
func FuzzBackChannel(f *testing.F) {
	i := New(f, Clients(WebClient("app", front, withKeys(f))))
	paths := []string{"/token", "/par", "/introspect", "/revoke", "/device_authorization", "/userinfo"}
	for n, path := range paths {
		f.Add(byte(n), i.App("app").Request().Encode())
		for _, name := range strings.Fields("grant_type code code_verifier refresh_token device_code token access_token request resource scope client_assertion client_assertion_type client_secret") {
			for _, v := range strange {
				f.Add(byte(n), Query("grant_type", "authorization_code", "redirect_uri", Callback, name, v).Encode())
				f.Add(byte(n), Query("client_id", "app", "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", name, v, "token_type_hint", path).Encode())
			}
		}
	}
	f.Fuzz(func(t *testing.T, n byte, body string) {
		i.T = t
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		path := paths[int(n)%len(paths)]
		for _, h := range []http.Header{nil, Basic("app", Secret)} {
			got := i.Call(http.MethodPost, path, form, h)
			if got.Status >= 500 || got.JSON["access_token"] != nil && form.Get("grant_type") != "client_credentials" {
				t.Errorf("%s: %d %s", path, got.Status, got.Raw)
			}
			if h == nil && got.Status < 400 {
				t.Errorf("%s for nobody: %d %s", path, got.Status, got.Raw)
			}
		}
	})
}
