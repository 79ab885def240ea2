package providertest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/provider/oauth"
	"latchkey/provider/token"
	"latchkey/storage"
)

// TestAnswerHeaders: how answers are kept, and how browsers go on.
func TestAnswerHeaders(t *testing.T) {
	i := testIssuer(t, Clients(WebClient("front", front)))
	i.Person("alice")
	a, b := i.App("front"), i.Browser()
	ans := a.Redeem(a.SignIn(b, "alice"))
	refused := a.Redeem("lkc_unknown")
	for name, got := range map[string]Answer{"an answer": ans, "a refresh": a.Refresh(ans.Str("refresh_token"))} {
		t.Run("RFC 6749 §5.1 "+name+" of the token endpoint", func(t *testing.T) {
			for _, member := range []string{"access_token", "token_type", "expires_in", "refresh_token", "scope", "id_token"} {
				if got.JSON[member] == nil {
					t.Errorf("%s is missing: %s", member, got.Raw)
				}
			}
			if len(got.JSON) != 6 || got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("Pragma") != "no-cache" || got.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%v %s", got.Header, got.Raw)
			}
		})
	}
	t.Run("RFC 6749 §5.2 an error has no members but its own", func(t *testing.T) {
		if refused.Status != 400 || len(refused.JSON) != 2 || refused.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %v %s", refused.Status, refused.Header, refused.Raw)
		}
	})
	t.Run("RFC 9700 §4.12 nothing is posted on", func(t *testing.T) {
		sent := a.Request()
		for name, status := range map[string]int{
			"a posted request":  i.Send(http.MethodPost, "/authorize", sent, nil).StatusCode,
			"a request":         i.Send(http.MethodGet, "/authorize?"+sent.Encode(), nil, nil).StatusCode,
			"a silent refusal":  i.Send(http.MethodGet, a.Authorize("prompt", "none"), nil, nil).StatusCode,
			"a posted sign-out": i.Send(http.MethodPost, "/logout", Query("state", "x"), nil).StatusCode,
		} {
			if status != http.StatusSeeOther {
				t.Errorf("%s: %d", name, status)
			}
		}
	})
	t.Run("RFC 9111 §5.2.2.2 discovery and keys are never stale", func(t *testing.T) {
		for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks.json"} {
			got := i.Call(http.MethodGet, path, nil, nil)
			if cc := got.Header.Get("Cache-Control"); !strings.HasPrefix(cc, "public, max-age=") || !strings.HasSuffix(cc, ", must-revalidate") || got.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s: %v", path, got.Header)
			}
		}
	})
	t.Run("OpenID Connect Discovery §4 and RFC 8414 §3 tell the same", func(t *testing.T) {
		one, other := i.Call(http.MethodGet, "/.well-known/openid-configuration", nil, nil), i.Call(http.MethodGet, "/.well-known/oauth-authorization-server", nil, nil)
		if one.Raw != other.Raw || one.Str("issuer") != URL || one.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%v\n%s\n%s", one.Header, one.Raw, other.Raw)
		}
	})
}

// TestIssInEveryAnswer: by every way, of every type, good or bad (RFC 9207 §2).
func TestIssInEveryAnswer(t *testing.T) {
	i := testIssuer(t, Clients(WebClient("front", front)))
	i.Person("alice")
	a, in := i.App("front"), i.Browser()
	a.SignIn(in, "alice")
	if i.Call(http.MethodGet, "/.well-known/openid-configuration", nil, nil).JSON["authorization_response_iss_parameter_supported"] != true {
		t.Error("RFC 9207 §3: not announced")
	}
	for _, rt := range oauth.ResponseTypes() {
		for _, mode := range oauth.ResponseModes() {
			if mode == "query" && rt != oauth.TypeCode {
				continue
			}
			t.Run("RFC 9207 §2 "+rt+" by "+mode, func(t *testing.T) {
				at := []string{"response_type", rt, "response_mode", mode}
				for name, p := range map[string]*Page{
					"an answer":            in.Get(a.Authorize(at...)),
					"a silent refusal":     i.Browser().Get(a.Authorize(append(at, "prompt", "none")...)),
					"what the rules say":   i.Browser().Get(a.Authorize(append(at, "prompt", "no such")...)),
					"what the person says": in.Get(a.Authorize(append(at, "prompt", "consent")...)).Submit("decision", "deny"),
					"a pushed one":         in.Get(a.Pushed(a.Push(append(at, "max_age", "0", "prompt", "none")...))),
				} {
					got, by := p.Response()
					if got.Get("iss") != URL || got.Get("state") != "st" || string(by) != mode || (got.Get("error") == "") != (name == "an answer") {
						t.Errorf("%s by %s: %v", name, by, got)
					}
				}
			})
		}
	}
}

// TestResponseModeOfClient: nobody but the client chooses how its answers leave.
func TestResponseModeOfClient(t *testing.T) {
	posted := func(c *storage.Client) { c.ResponseModes, c.SkipConsent = []string{"form_post"}, true }
	i := testIssuer(t, Clients(WebClient("posted", front, posted)))
	i.Person("alice")
	a, b := i.App("posted"), i.Browser()
	b.Through(b.Get(a.Authorize("response_mode", "form_post")), "alice").Response()
	for _, rt := range oauth.ResponseTypes() {
		for _, mode := range []string{"", "query", "fragment"} {
			t.Run("RFC 9700 §4.3.1 "+rt+" by "+mode, func(t *testing.T) {
				got, _ := b.Get(a.Authorize("response_type", rt, "response_mode", mode)).Response()
				if got.Get("error") != "invalid_request" || got.Has("code") || got.Has("id_token") || got.Has("access_token") {
					t.Errorf("%v", got)
				}
			})
		}
	}
}

// TestBoundTokens: a token that is bound to a key says so, and is worth nothing to who only bears it.
func TestBoundTokens(t *testing.T) {
	i := testIssuer(t, Clients(WebClient("opaque", func(c *storage.Client) { c.OpaqueAccessTokens = true })))
	alice, now := i.Person("alice"), i.Clock.Now()
	for _, id := range []string{"basic", "opaque"} {
		t.Run("RFC 7800 §3 "+id, func(t *testing.T) {
			a := i.App(id)
			g := storage.Grant{ID: token.NewGrantID(now), ClientID: id, AccountID: alice.ID, Scopes: []string{"openid"}, Confirmation: []byte(`{"jkt":"x"}`), AuthTime: now, ACR: "1",
				CreatedAt: now, ExpiresAt: now.Add(time.Hour), Refresh: &storage.Refresh{ExpiresAt: now.Add(time.Hour)}, Offline: true}
			i.must(i.Store.CreateGrant(t.Context(), g, now))
			ans := a.Refresh(i.Provider.Issuer.EncodeRefresh(token.Refresh{GrantID: g.ID}))
			for _, of := range []string{"access_token", "refresh_token"} {
				got := a.Post("/introspect", "token", ans.Str(of))
				if cnf, _ := got.JSON["cnf"].(map[string]any); cnf["jkt"] != "x" {
					t.Errorf("%s: %s", of, got.Raw)
				}
			}
			if got := i.Userinfo(ans.Str("access_token")); got.Status != 401 || !strings.Contains(got.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
				t.Errorf("%d %v", got.Status, got.Header)
			}
			seen := a.Post("/introspect", "token", ans.Str("access_token"))
			if seen.JSON["auth_time"] != float64(now.Unix()) || seen.Str("acr") != "1" {
				t.Errorf("RFC 9470 §6.2: %s", seen.Raw)
			}
		})
	}
}

// TestUnmet: the error is for an essential acr alone, and only where nothing would help.
func TestUnmet(t *testing.T) {
	i := testIssuer(t)
	i.Person("alice")
	a, b := i.App("basic"), i.Browser()
	a.SignIn(b, "alice")
	for name, c := range map[string]struct {
		pairs []string
		want  string
	}{
		"essential":                 {[]string{"claims", `{"id_token":{"acr":{"essential":true,"value":"9"}}}`}, "unmet_authentication_requirements"},
		"essential, one of several": {[]string{"claims", `{"id_token":{"acr":{"essential":true,"values":["9","1"]}}}`}, ""},
		"essential without a value": {[]string{"claims", `{"id_token":{"acr":{"essential":true}}}`}, ""},
		"voluntary":                 {[]string{"claims", `{"id_token":{"acr":{"value":"9"}}}`}, ""},
		"acr_values":                {[]string{"acr_values", "9"}, ""},
	} {
		t.Run("unmet_authentication_requirements §2 "+name, func(t *testing.T) {
			got, _ := b.Get(a.Authorize(c.pairs...)).Response()
			if got.Get("error") != c.want || (c.want == "") != got.Has("code") {
				t.Errorf("%v", got)
			}
		})
	}
}
