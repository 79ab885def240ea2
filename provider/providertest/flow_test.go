package providertest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/provider/client"
	"latchkey/storage"
)

func testIssuer(t *testing.T, more ...Option) *Issuer {
	t.Helper()
	native := func(c *storage.Client) {
		Public(c)
		c.ApplicationType, c.RedirectURIs = "native", []string{"http://127.0.0.1/cb", "https://app.example.test/claimed"}
	}
	return New(t, append([]Option{Clients(
		WebClient("basic"),
		WebClient("post", func(c *storage.Client) { c.AuthMethod = client.PostMethod }),
		WebClient("public", Public),
		WebClient("first", func(c *storage.Client) { c.SkipConsent = true }),
		WebClient("native", native),
		WebClient("native-first", native, func(c *storage.Client) { c.SkipConsent = true }),
		WebClient("exempt", func(c *storage.Client) { c.PKCEExempt = true }),
		WebClient("machine", func(c *storage.Client) { c.RedirectURIs, c.GrantTypes = nil, []string{"client_credentials"} }),
		WebClient("two", func(c *storage.Client) { c.RedirectURIs = []string{Callback, Callback + "2?x=1"} }),
		WebClient("code-only", func(c *storage.Client) { c.GrantTypes = []string{"authorization_code"} }),
	)}, more...)...)
}

func claims(t *testing.T, i *Issuer, idToken string) (sub, nonce, sid string, authTime int64) {
	t.Helper()
	c, err := i.Provider.Issuer.VerifyIDHint(t.Context(), idToken)
	if err != nil {
		t.Fatal(err)
	}
	return c.Subject, c.Nonce, c.SID, c.AuthTime
}

func TestCodeFlow(t *testing.T) {
	i := testIssuer(t)
	alice := i.Person("alice")
	for _, id := range []string{"basic", "post", "public", "native", "exempt", "two"} {
		for _, mode := range []string{"", "query", "fragment", "form_post"} {
			t.Run("RFC 6749 §4.1, RFC 7636 §4 "+id+" "+mode, func(t *testing.T) {
				a, b := i.App(id), i.Browser()
				p := b.Through(b.Get(a.Authorize("response_mode", mode)), "alice")
				var got url.Values
				switch mode {
				case "fragment":
					got, _ = url.ParseQuery(p.Left.Fragment)
					if p.Left.RawQuery != "" {
						t.Errorf("query %q beside the fragment", p.Left.RawQuery)
					}
				case "form_post":
					action, form, ok := p.Form()
					if !ok || action != a.RedirectURIs[0] {
						t.Fatalf("form to %q: %s", action, p.Body)
					}
					got = form
				default:
					got = p.Left.Query()
				}
				if got.Get("state") != "st" || got.Get("iss") != URL || got.Get("error") != "" || len(got) != 3 {
					t.Fatalf("RFC 9207 §2 state and iss: %v", got)
				}
				ans := a.Redeem(got.Get("code"))
				if ans.Status != 200 || ans.Str("token_type") != "Bearer" || ans.Header.Get("Cache-Control") != "no-store" || ans.JSON["expires_in"] != 300.0 {
					t.Fatalf("%d %s", ans.Status, ans.Raw)
				}
				sub, nonce, sid, at := claims(t, i, ans.Str("id_token"))
				if sub != alice.Sub || nonce != "n-1" || sid == "" || at == 0 {
					t.Errorf("ID token: %s %s %s %d", sub, nonce, sid, at)
				}
				if info := i.Userinfo(ans.Str("access_token")); info.Status != 200 || info.Str("sub") != sub || info.Str("name") != "Person alice" || info.JSON["email"] != nil {
					t.Errorf("userinfo %d %s", info.Status, info.Raw)
				}
			})
		}
	}
}

// TestRefused are requests that never reach sign-in: pages before the redirect URI is proved, errors to the client after.
func TestRefused(t *testing.T) {
	i := testIssuer(t)
	before := i.Watch.Writes()
	for _, c := range []struct {
		name, client string
		pairs        []string
		page         string // title of a page, or
		err          string // error at the client
	}{
		{"RFC 6749 §4.1.2.1 unknown client", "basic", []string{"client_id", "nobody"}, "Problem: unknown_client", ""},
		{"RFC 6749 §4.1.1 no client", "basic", []string{"client_id", ""}, "Problem: unknown_client", ""},
		{"RFC 9700 §2.1 suffix", "basic", []string{"redirect_uri", Callback + "/x"}, "Problem: redirect_uri", ""},
		{"RFC 9700 §2.1 query added", "basic", []string{"redirect_uri", Callback + "?foo=bar"}, "Problem: redirect_uri", ""},
		{"RFC 9700 §2.1 case", "basic", []string{"redirect_uri", strings.ToUpper(Callback)}, "Problem: redirect_uri", ""},
		{"RFC 9700 §2.1 userinfo", "basic", []string{"redirect_uri", "https://app.example.test@evil.test/cb"}, "Problem: redirect_uri", ""},
		{"RFC 9700 §4.11 open redirect by prompt=none", "basic", []string{"redirect_uri", "https://evil.test/", "prompt", "none"}, "Problem: redirect_uri", ""},
		{"RFC 9700 §4.11 open redirect by response_type", "basic", []string{"redirect_uri", "https://evil.test/", "response_type", "x"}, "Problem: redirect_uri", ""},
		{"RFC 8252 §7.3 web client's port does not float", "basic", []string{"redirect_uri", "http://127.0.0.1:5000/cb"}, "Problem: redirect_uri", ""},
		{"OpenID Connect Core §3.1.2.1 redirect_uri required", "basic", []string{"redirect_uri", ""}, "Problem: redirect_uri", ""},
		{"RFC 6749 §3.1.2.3 several registered, none sent", "two", []string{"redirect_uri", "", "scope", "read"}, "Problem: redirect_uri", ""},
		{"RFC 6749 §3.1.1 response_type missing", "basic", []string{"response_type", ""}, "", "invalid_request"},
		{"RFC 6749 §4.1.2.1 response_type token", "basic", []string{"response_type", "token"}, "", "unsupported_response_type"},
		{"RFC 6749 §4.1.2.1 response_type id_token code, not turned on", "basic", []string{"response_type", "id_token code"}, "", "unsupported_response_type"},
		{"RFC 6749 §4.1.2.1 client without the grant", "machine-web", nil, "", "unauthorized_client"},
		{"RFC 9700 §2.1.1 no PKCE", "basic", []string{"code_challenge", "", "code_challenge_method", ""}, "", "invalid_request"},
		{"RFC 7636 §4.4.1 plain", "basic", []string{"code_challenge_method", "plain"}, "", "invalid_request"},
		{"RFC 7636 §4.3 method defaults to plain", "basic", []string{"code_challenge_method", ""}, "", "invalid_request"},
		{"RFC 7636 §4.2 challenge malformed", "basic", []string{"code_challenge", "short"}, "", "invalid_request"},
		{"RFC 7636 §4.3 method without challenge, exempt client", "exempt", []string{"code_challenge", ""}, "", "invalid_request"},
		{"OpenID Connect Core §3.1.2.1 none beside login", "basic", []string{"prompt", "none login"}, "", "invalid_request"},
		{"OpenID Connect Core §3.1.2.1 unknown prompt", "basic", []string{"prompt", "later"}, "", "invalid_request"},
		{"OpenID Connect Core §3.1.2.1 max_age negative", "basic", []string{"max_age", "-1"}, "", "invalid_request"},
		{"OpenID Connect Core §3.1.2.1 max_age no number", "basic", []string{"max_age", "1e3"}, "", "invalid_request"},
		{"OpenID Connect Core §3.1.2.1 hint broken", "basic", []string{"id_token_hint", "x.y.z"}, "", "invalid_request"},
		{"OpenID Connect Core §7.2.1 registration", "basic", []string{"registration", "{}"}, "", "registration_not_supported"},
		{"RFC 6749 §3.3 scope malformed", "basic", []string{"scope", "openid \x01"}, "", "invalid_scope"},
		{"RFC 6749 §3.3 no scope allowed", "basic", []string{"scope", "admin"}, "", "invalid_scope"},
		{"RFC 8707 §2 unknown resource", "basic", []string{"resource", "https://evil.test"}, "", "invalid_target"},
		{"RFC 8707 §2 resource with fragment", "basic", []string{"resource", API + "#x"}, "", "invalid_target"},
		{"Multiple Response Types §2.1 unknown mode", "basic", []string{"response_mode", "web_message"}, "", "invalid_request"},
		{"RFC 9700 §4.16 registered, but an address of ours", "ours", []string{"redirect_uri", URL + "/account/sign-out", "response_mode", "form_post"}, "Problem: redirect_uri", ""},
		{"Form Post Response Mode §2 nothing is posted to a private scheme", "app", []string{"redirect_uri", "com.example.app:/cb", "response_mode", "form_post"}, "", "invalid_request"},
		{"OpenID Connect Core §3.1.2.6 prompt=none, nobody signed in", "basic", []string{"prompt", "none"}, "", "login_required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			switch c.client {
			case "ours":
				i.Registry.Declare(append(i.Registry.Declared(), WebClient("ours", func(c *storage.Client) { c.Registered, c.RedirectURIs = true, []string{URL + "/account/sign-out"} })))
			case "app":
				i.Registry.Declare(append(i.Registry.Declared(), WebClient("app", Public, func(c *storage.Client) { c.ApplicationType, c.RedirectURIs = "native", []string{"com.example.app:/cb"} })))
			case "machine-web":
				i.Registry.Declare(append(i.Registry.Declared(), WebClient("machine-web", func(c *storage.Client) { c.GrantTypes = []string{"client_credentials"} })))
			}
			p := i.Browser().Get(i.App(c.client).Authorize(c.pairs...))
			if c.page != "" {
				if p.Left != nil || p.Status != 400 || p.Title() != c.page {
					t.Errorf("got %d %q left %v", p.Status, p.Title(), p.Left)
				}
				return
			}
			if p.Left == nil {
				t.Fatalf("got %d %q", p.Status, p.Title())
			}
			q, _ := p.Response()
			if q.Get("error") != c.err || q.Get("state") != "st" || q.Get("iss") != URL || q.Has("code") {
				t.Errorf("got %v", q)
			}
			for name := range q {
				if !strings.Contains(" error error_description state iss ", " "+name+" ") {
					t.Errorf("unexpected parameter %s", name)
				}
			}
		})
	}
	for _, param := range []string{"client_id", "redirect_uri", "state", "scope", "nonce", "prompt", "response_mode", "code_challenge", "audience", "unheard-of"} {
		t.Run("RFC 6749 §3.1 repeated "+param, func(t *testing.T) {
			q := i.App("basic").Request()
			q[param] = []string{"query", "query"}
			if param == "client_id" {
				q[param] = []string{"basic", "basic"}
			}
			p := i.Browser().Get("/authorize?" + q.Encode())
			if param == "client_id" || param == "redirect_uri" {
				if p.Left != nil || p.Status != 400 {
					t.Errorf("got %d, left %v", p.Status, p.Left)
				}
				return
			}
			if p.Left == nil || p.Left.Query().Get("error") != "invalid_request" {
				t.Errorf("got %d, left %v", p.Status, p.Left)
			}
			if param == "state" && p.Left.Query().Has("state") {
				t.Error("a repeated state is echoed")
			}
		})
	}
	b := i.Browser()
	b.Get(i.App("basic").Authorize())
	b.PostFrom("/authorize", i.App("basic").Request())
	if n := i.Watch.Writes() - before; n != 0 {
		t.Errorf("anonymous visits wrote %d times: %v", n, i.Watch.Verbs())
	}
}

func TestPost(t *testing.T) {
	i := testIssuer(t)
	i.Person("alice")
	a, b := i.App("basic"), i.Browser()
	t.Run("OpenID Connect Core §3.1.2.1 POST from another site, nobody signed in", func(t *testing.T) {
		other := b.Get(a.Authorize("state", "other tab")) // a flow that waits in another tab
		p := b.PostFrom("/authorize", a.Request())
		if p.Title() != "Sign in" {
			t.Fatalf("%d %q", p.Status, p.Title())
		}
		if p = b.Through(p, "alice"); p.Left == nil || p.Left.Query().Get("code") == "" {
			t.Errorf("left %v", p.Left)
		}
		if p = b.Through(b.Get(other.URL.String()), "alice"); p.Left == nil || p.Left.Query().Get("state") != "other tab" {
			t.Errorf("the other tab's flow was lost: %d %q", p.Status, p.Title())
		}
	})
	t.Run("OpenID Connect Core §3.1.2.1 POST from another site, session is used", func(t *testing.T) {
		if p := b.PostFrom("/authorize", a.Request("prompt", "none")); p.Left == nil || p.Left.Query().Get("code") == "" {
			t.Errorf("%d %q left %v", p.Status, p.Title(), p.Left)
		}
	})
	t.Run("a posted request that is kept does not bypass prompt=login", func(t *testing.T) {
		res := i.Send("POST", "/authorize", a.Request("prompt", "login"), nil)
		i.Clock.Add(time.Minute)
		fresh := i.Browser()
		a.SignIn(fresh, "alice")
		if p := fresh.Get(res.Header.Get("Location")); p.Title() != "Sign in" {
			t.Errorf("%d %q left %v", p.Status, p.Title(), p.Left)
		}
	})
	t.Run("RFC 6749 appendix B other content type", func(t *testing.T) {
		res := i.Send("POST", "/authorize", url.Values{}, http.Header{"Content-Type": {"application/json"}})
		if res.StatusCode != 400 {
			t.Errorf("status %d", res.StatusCode)
		}
	})
}

func TestFlowBinding(t *testing.T) {
	i := testIssuer(t)
	i.Person("alice")
	a := i.App("basic")
	t.Run("a flow is useless in another browser", func(t *testing.T) {
		mine, other := i.Browser(), i.Browser()
		p := mine.Get(a.Authorize())
		other.Get(a.Authorize()) // has a cookie of its own
		for _, at := range []string{p.URL.String(), "/authorize/resume?flow=" + p.Flow(), "/consent?flow=" + p.Flow()} {
			if got := other.Get(at); got.Status != 400 || got.Title() != "Problem: expired" {
				t.Errorf("%s: %d %q", at, got.Status, got.Title())
			}
			if got := i.Browser().Get(at); got.Status != 400 {
				t.Errorf("%s without cookie: %d", at, got.Status)
			}
		}
	})
	t.Run("an expired flow", func(t *testing.T) {
		b := i.Browser()
		p := b.Get(a.Authorize())
		i.Clock.Add(30 * time.Minute)
		if got := b.Get("/authorize/resume?flow=" + p.Flow()); got.Status != 400 || got.Title() != "Problem: expired" {
			t.Errorf("%d %q", got.Status, got.Title())
		}
	})
	t.Run("a flow that was changed", func(t *testing.T) {
		b := i.Browser()
		p := b.Get(a.Authorize())
		for _, flow := range []string{"", "x", p.Flow() + "A", p.Flow()[:40], strings.Repeat("A", 20000), p.Flow() + "%0A"} {
			if got := b.Get("/authorize/resume?flow=" + flow); got.Status != 400 {
				t.Errorf("%.20q: %d", flow, got.Status)
			}
		}
		if got := b.Get("/authorize/resume?request=" + p.Flow()); got.Status != 400 {
			t.Errorf("flow as posted request: %d", got.Status)
		}
	})
	t.Run("cookies", func(t *testing.T) {
		res := i.Send("GET", a.Authorize(), nil, nil)
		c := res.Cookies()
		if len(c) != 1 || c[0].Name != "__Host-lk_flow" || !c[0].Secure || !c[0].HttpOnly || c[0].SameSite != http.SameSiteLaxMode || c[0].Path != "/" || c[0].Domain != "" {
			t.Errorf("%+v", c)
		}
	})
}
