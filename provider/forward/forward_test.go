package forward_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/audit"
	"latchkey/provider/forward"
	"latchkey/provider/providertest"
	"latchkey/storage"
)

// The whole way: nobody, sign-in, back to the very page, in, told who it is; the second application without a question.
func TestSignIn(t *testing.T) {
	r := newRig(t)
	a := r.Person("Ada")
	r.groups["ada"] = []string{"staff", "admins"}

	res := r.ask("GET", "https://"+wiki+"/page?x=1&y=%2F", nil)
	to, err := res.Location()
	if err != nil || res.StatusCode != http.StatusFound || to.Host != wiki || to.Path != forward.SignInRoute || to.Query().Get("rd") != "/page?x=1&y=%2F" {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	r.signIn(wiki, to.Query().Get("rd"), "Ada")
	res = r.ask("GET", "https://"+wiki+"/page", nil)
	r.status("signed in", res, http.StatusOK)
	for name, want := range map[string]string{"Remote-User": "ada", "Remote-Name": "Person Ada", "Remote-Groups": "staff,admins", "Remote-Email": "", "Cache-Control": "no-store"} {
		if got := res.Header.Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, method := range []string{"POST", "DELETE", "PROPFIND"} {
		r.status(method, r.ask(method, "https://"+wiki+"/page", nil), http.StatusOK)
	}
	r.status("a script", r.ask("GET", "https://"+wiki+"/api", http.Header{"Sec-Fetch-Mode": {"cors"}}), http.StatusOK)
	r.status("RFC 6455 §4.1 a WebSocket", r.ask("GET", "https://"+wiki+"/ws", http.Header{"Sec-Fetch-Mode": {"websocket"}, "Upgrade": {"websocket"}}), http.StatusOK)
	r.status("capitals and the port of https", r.ask("GET", "https://WIKI.example.test:443/page", http.Header{"Cookie": {r.cookie(wiki)}}), http.StatusOK)

	long := "/?" + strings.Repeat("a&b<c>", 170) // what JSON and addresses would make longer
	r.signIn(wiki, long, "Ada")

	request := r.begin(board, "/")
	if p := r.browser.Get(request.String()); p.Left == nil {
		t.Fatalf("the second application asks: %q", p.Title())
	} else {
		r.status("callback", r.open(p.Left.String(), nil), http.StatusSeeOther)
	}
	res = r.ask("GET", "https://"+board+"/", nil)
	if res.StatusCode != http.StatusOK || res.Header.Get("X-Auth-Request-User") != a.Sub || res.Header.Values("Remote-User") != nil {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	if r.Audited(audit.ForwardSignIn) != 3 {
		t.Error("sign-ins are not in the record")
	}
}

// Each proxy says in its own way what it asks about, and is answered as it can show.
func TestDialects(t *testing.T) {
	r := newRig(t)
	r.Person("ada")
	nginx := func(h http.Header) *http.Response {
		h.Set("X-Original-Url", "https://"+wiki+"/page")
		h.Set("X-Original-Method", "GET")
		return r.Send("GET", forward.NginxRoute, nil, h)
	}
	envoy := func(method, uri string, h http.Header) *http.Response {
		h.Set("X-Forwarded-Proto", "https")
		return r.Send(method, "https://"+wiki+forward.EnvoyRoute+uri, nil, h)
	}
	res := nginx(navigation())
	want := "https://" + wiki + forward.SignInRoute + "?rd=%2Fpage"
	if res.StatusCode != http.StatusUnauthorized || res.Header.Get("Location") != want {
		t.Errorf("nginx: %d %v", res.StatusCode, res.Header)
	}
	if res = nginx(http.Header{"X-Requested-With": {"XMLHttpRequest"}, "Accept": {"text/html"}}); res.StatusCode != http.StatusUnauthorized || res.Header.Get("Location") != "" {
		t.Errorf("nginx, a script: %d %v", res.StatusCode, res.Header)
	}
	if res = envoy("GET", "/page", navigation()); res.StatusCode != http.StatusFound || res.Header.Get("Location") != want {
		t.Errorf("Envoy: %d %v", res.StatusCode, res.Header)
	}
	r.status("Envoy, a form", envoy("POST", "/page", navigation()), http.StatusUnauthorized)
	r.signIn(wiki, "/page", "ada")
	cookie := func() http.Header { return http.Header{"Cookie": {r.cookie(wiki)}} }
	r.status("nginx", nginx(cookie()), http.StatusOK)
	for _, method := range []string{"GET", "POST", "PROPFIND"} {
		r.status("Envoy "+method, envoy(method, "/page?x=/static/", cookie()), http.StatusOK)
	}
	r.status("Envoy, denied", envoy("GET", "/closed/x", cookie()), http.StatusForbidden)
	r.status("Envoy, public", envoy("GET", "/static/x", http.Header{}), http.StatusOK)
}

// Who is led to sign in, and who is merely told no.
func TestNavigation(t *testing.T) {
	r := newRig(t)
	for _, row := range []struct {
		name, method string
		header       http.Header
		status       int
	}{
		{"a person", "GET", navigation(), 302},
		{"a browser without Fetch Metadata", "GET", http.Header{"Sec-Fetch-Mode": nil, "Sec-Fetch-Dest": nil}, 302},
		{"HEAD", "HEAD", nil, 302},
		{"a form", "POST", nil, 401},
		{"a script", "GET", http.Header{"Sec-Fetch-Mode": {"cors"}}, 401},
		{"a picture", "GET", http.Header{"Sec-Fetch-Mode": {"no-cors"}, "Sec-Fetch-Dest": {"image"}}, 401},
		{"a frame", "GET", http.Header{"Sec-Fetch-Dest": {"iframe"}}, 401},
		{"XMLHttpRequest", "GET", http.Header{"X-Requested-With": {"XMLHttpRequest"}}, 401},
		{"an API", "GET", http.Header{"Sec-Fetch-Mode": nil, "Sec-Fetch-Dest": nil, "Accept": {"application/json"}}, 401},
		{"a command line", "GET", http.Header{"Sec-Fetch-Mode": nil, "Sec-Fetch-Dest": nil, "Accept": {"*/*"}}, 401},
		{"RFC 6455 §4.1 a WebSocket", "GET", http.Header{"Upgrade": {"websocket"}}, 401},
	} {
		res := r.ask(row.method, "https://"+wiki+"/page", row.header)
		if res.StatusCode != row.status || (res.Header.Get("Location") != "") != (row.status == 302) || (res.Header.Get("WWW-Authenticate") != "") != (row.status == 401) {
			t.Errorf("%s: %d %v", row.name, res.StatusCode, res.Header)
		}
	}
	before := r.Watch.Writes()
	for range 3 {
		r.ask("GET", "https://"+wiki+"/page", nil)
		r.begin(wiki, "/page")
	}
	if n := r.Watch.Writes() - before; n != 0 {
		t.Errorf("nobody caused %d writes", n)
	}
}

// Whatever ends the person's standing ends it here, with the next request.
func TestEndsAtOnce(t *testing.T) {
	for name, end := range map[string]func(r *rig, a storage.Account){
		"sign-out at the issuer": func(r *rig, a storage.Account) {
			_, err := r.Store.EndSessions(r.t.Context(), storage.EndScope{AccountID: a.ID}, r.Clock.Now())
			if err != nil {
				r.t.Fatal(err)
			}
		},
		"disabled": func(r *rig, a storage.Account) { r.Disable(a) },
		"doomed":   func(r *rig, a storage.Account) { r.Doom(a) },
		"another password": func(r *rig, a storage.Account) {
			if err := r.Accounts.SetPassword(r.t.Context(), a.ID, "another long password of theirs", account.Caller{}); err != nil {
				r.t.Fatal(err)
			}
		},
		"access taken back": func(r *rig, a storage.Account) {
			if _, err := r.Store.RevokeGrants(r.t.Context(), storage.GrantScope{AccountID: a.ID, ClientID: "wiki"}, r.Clock.Now()); err != nil {
				r.t.Fatal(err)
			}
		},
		"the application's sign-out": func(r *rig, _ storage.Account) {
			kept := r.cookies[wiki]["__Host-lk_forward"]
			res := r.open("https://"+wiki+forward.SignOutRoute, nil)
			to, err := res.Location()
			if err != nil || to.Path != "/logout" || to.Query().Get("post_logout_redirect_uri") != "https://"+wiki+"/" || to.Query().Get("client_id") != "wiki" {
				r.t.Errorf("%d %v", res.StatusCode, res.Header)
			}
			if r.cookies[wiki]["__Host-lk_forward"] != "" {
				r.t.Error("the cookie stays")
			}
			r.cookies[wiki]["__Host-lk_forward"] = kept // as a thief has it
		},
		"session_ttl": func(r *rig, _ storage.Account) { r.Clock.Add(2 * time.Hour) },
		"the client is disabled": func(r *rig, _ storage.Account) {
			r.Registry.Declare([]storage.Client{application("wiki", `{"hosts": ["`+wiki+`"]}`, func(c *storage.Client) { c.Disabled = true })})
		},
		"another client at the host": func(r *rig, _ storage.Account) {
			r.Registry.Declare([]storage.Client{application("wiki2", `{"hosts": ["`+wiki+`"]}`)})
		},
		"the account is gone": func(r *rig, a storage.Account) {
			if err := r.Store.DeleteAccount(r.t.Context(), a.ID, storage.Effects{}, r.Clock.Now()); err != nil {
				r.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			a := r.Person("ada")
			r.signIn(wiki, "/", "ada")
			r.status("before", r.ask("GET", "https://"+wiki+"/", nil), http.StatusOK)
			end(r, a)
			if got := r.ask("GET", "https://"+wiki+"/", nil).StatusCode; got == http.StatusOK {
				t.Error("it goes on")
			}
			if res := r.ask("GET", "https://"+wiki+"/static/x", nil); res.StatusCode == http.StatusOK && res.Header.Get("Remote-User") != "" {
				t.Error("a public page is told of somebody who is gone")
			}
		})
	}
}

// The cookie ends with the session, however long the application would keep it.
func TestSessionEnd(t *testing.T) {
	r := newRig(t, application("long", `{"hosts": ["long.example.test"], "session_ttl": "30d"}`))
	a := r.Person("ada")
	r.signIn("long.example.test", "/", "ada")
	all, err := r.Store.ListSessions(t.Context(), a.ID, r.Clock.Now())
	if err != nil || len(all) != 1 {
		t.Fatalf("%v %v", all, err)
	}
	r.Clock.Add(all[0].ExpiresAt.Sub(r.Clock.Now()) - time.Minute)
	r.status("before", r.ask("GET", "https://long.example.test/", nil), http.StatusOK)
	r.Clock.Add(time.Minute)
	r.status("after", r.ask("GET", "https://long.example.test/", nil), http.StatusFound)
}

// Another site can lead a browser to the sign-out, and change nothing by it.
func TestSignOutFromElsewhere(t *testing.T) {
	r := newRig(t)
	r.Person("ada")
	r.signIn(wiki, "/", "ada")
	for _, site := range []string{"cross-site", "same-site"} {
		r.open("https://"+wiki+forward.SignOutRoute, http.Header{"Sec-Fetch-Site": {site}})
		r.status(site, r.ask("GET", "https://"+wiki+"/", nil), http.StatusOK)
	}
}

// Rules by person, on the wire.
func TestPeople(t *testing.T) {
	r := newRig(t)
	for _, name := range []string{"ada", "bob"} {
		r.Person(name)
	}
	bob, err := r.Store.Account(t.Context(), storage.AccountKey{UsernameKey: "bob"})
	if err != nil {
		t.Fatal(err)
	}
	bob.EmailVerified = true
	if _, err := r.Store.ReplaceAccount(t.Context(), bob, storage.Effects{}, r.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	r.groups["bob"] = []string{"admins"}
	for name, want := range map[string]map[string]int{
		"ada": {"/": 200, "/admin/x": 403, "/admin": 403, "/ADMIN/x": 403, "/ada/x": 200, "/staff/x": 403, "/closed/x": 403, "/healthz": 200, "//admin/x": 403, "/x%2fy": 403},
		"bob": {"/": 200, "/admin/x": 200, "/ada/x": 403, "/staff/x": 200, "/closed/x": 403},
	} {
		r.browser, r.cookies = r.Browser(), map[string]map[string]string{}
		r.signIn(wiki, "/", name)
		for path, status := range want {
			r.status(name+" "+path, r.ask("GET", "https://"+wiki+path, nil), status)
		}
		if got := r.ask("GET", "https://"+wiki+"/", nil).Header.Get("Remote-Email"); got != map[string]string{"bob": "bob@example.test"}[name] {
			t.Errorf("%s: an address that nobody proved is told: %q", name, got)
		}
	}
	delete(r.groups, "bob")
	r.status("no longer in the group", r.ask("GET", "https://"+wiki+"/admin/x", nil), http.StatusForbidden)
}

// Clients for groups let nobody else in, at sign-in and after it.
func TestAllowedGroups(t *testing.T) {
	r := newRig(t, application("ops", `{"hosts": ["ops.example.test"]}`, func(c *storage.Client) { c.AllowedGroups = []string{"ops"} }))
	r.Person("ada")
	r.groups["ada"] = []string{"ops"}
	r.signIn("ops.example.test", "/", "ada")
	r.status("in", r.ask("GET", "https://ops.example.test/", nil), http.StatusOK)
	r.groups["ada"] = nil
	r.status("out", r.ask("GET", "https://ops.example.test/", nil), http.StatusForbidden)
	request := r.begin("ops.example.test", "/")
	p := r.browser.Through(r.browser.Get(request.String()), "ada")
	if p.Left != nil && p.Left.Query().Get("code") != "" {
		t.Error("somebody outside of the group got a code")
	}
	if p.Left != nil {
		r.status("callback", r.open(p.Left.String(), nil), http.StatusForbidden)
	}
}

// Access tokens pass where the application takes them, for their audience alone.
func TestBearer(t *testing.T) {
	r := newRig(t)
	a := r.Person("ada")
	app := r.App("app")
	bear := func(resource string) http.Header {
		code := app.SignIn(r.browser, "ada", "resource", resource)
		ans := app.Redeem(code, "resource", resource)
		return http.Header{"Authorization": {"Bearer " + ans.Str("access_token")}, "Sec-Fetch-Mode": nil, "Accept": {"application/json"}}
	}
	good, other := bear("https://wiki.example.test"), bear(providertest.API)
	res := r.ask("POST", "https://"+wiki+"/api", good)
	if res.StatusCode != http.StatusOK || res.Header.Get("Remote-User") != "ada" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	r.status("another audience", r.ask("GET", "https://"+wiki+"/api", other), http.StatusUnauthorized)
	r.status("an application that takes none", r.ask("GET", "https://"+board+"/api", good), http.StatusUnauthorized)
	r.status("a broken one", r.ask("GET", "https://"+wiki+"/api", http.Header{"Authorization": {"Bearer x"}}), http.StatusUnauthorized)
	r.signIn(wiki, "/", "ada")
	r.status("beside a cookie the token counts", r.ask("GET", "https://"+wiki+"/", other), http.StatusUnauthorized)
	r.status("what is the application's own", r.ask("GET", "https://"+wiki+"/", http.Header{"Authorization": {"Basic eDp5"}}), http.StatusOK)
	r.Disable(a)
	r.status("disabled", r.ask("GET", "https://"+wiki+"/api", good), http.StatusUnauthorized)
}

// The callback with what is not its own.
func TestCallback(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(r *rig, callback *url.URL, q url.Values)
	}{
		{"RFC 6749 §10.12 login CSRF: the victim's browser began nothing", func(r *rig, _ *url.URL, _ url.Values) { delete(r.cookies, wiki) }},
		{"RFC 6749 §10.12 login CSRF: the victim's browser began another", func(r *rig, _ *url.URL, _ url.Values) {
			delete(r.cookies, wiki)
			r.begin(wiki, "/")
		}},
		{"RFC 6749 §10.12 without state", func(_ *rig, _ *url.URL, q url.Values) { q.Del("state") }},
		{"a state that was changed", func(_ *rig, _ *url.URL, q url.Values) { s := q.Get("state"); q.Set("state", s[:len(s)-4]+"AAAA") }},
		{"RFC 7636 §4.6 the state of another sign-in of this browser", func(r *rig, _ *url.URL, q url.Values) { q.Set("state", r.begin(wiki, "/").Query().Get("state")) }},
		{"the host of another application", func(r *rig, u *url.URL, _ url.Values) {
			u.Host = board
			r.cookies[board] = r.cookies[wiki]
		}},
		{"another host of the same application", func(r *rig, u *url.URL, _ url.Values) {
			u.Host = "docs.example.test"
			r.cookies["docs.example.test"] = r.cookies[wiki]
		}},
		{"a host of no application", func(r *rig, u *url.URL, _ url.Values) { u.Host = "evil.example.test" }},
		{"RFC 9207 §2.4 another issuer", func(_ *rig, _ *url.URL, q url.Values) { q.Set("iss", "https://evil.example.test") }},
		{"RFC 9207 §2.4 without iss", func(_ *rig, _ *url.URL, q url.Values) { q.Del("iss") }},
		{"without code", func(_ *rig, _ *url.URL, q url.Values) { q.Del("code") }},
		{"RFC 6749 §3.1 two codes", func(_ *rig, _ *url.URL, q url.Values) { q.Add("code", "x") }},
		{"an unknown code", func(_ *rig, _ *url.URL, q url.Values) { q.Set("code", "lkc_x") }},
		{"RFC 6749 §4.1.3 a code of another client", func(r *rig, _ *url.URL, q url.Values) { q.Set("code", r.App("app").SignIn(r.browser, "ada")) }},
		{"RFC 6749 §4.1.3 a code for another host", func(r *rig, _ *url.URL, q url.Values) {
			u, _ := url.Parse(r.answer(r.begin("docs.example.test", "/"), "ada"))
			q.Set("code", u.Query().Get("code"))
		}},
		{"RFC 6749 §4.1.3 a code of another client, asked for with our challenge", func(r *rig, _ *url.URL, q url.Values) {
			q.Set("code", r.App("app").SignIn(r.browser, "ada", "code_challenge", r.request.Query().Get("code_challenge")))
		}},
		{"RFC 6749 §4.1.3 a code of another client that gave itself our callback", func(r *rig, _ *url.URL, q url.Values) {
			q.Set("code", r.App("greedy").SignIn(r.browser, "ada", "code_challenge", r.request.Query().Get("code_challenge")))
		}},
		{"RFC 6749 §4.1.3 a code for another host, asked for with our challenge", func(r *rig, _ *url.URL, q url.Values) {
			p := r.request.Query()
			p.Set("redirect_uri", "https://docs.example.test"+forward.CallbackRoute)
			u, _ := url.Parse(r.answer(&url.URL{Scheme: r.request.Scheme, Host: r.request.Host, Path: r.request.Path, RawQuery: p.Encode()}, "ada"))
			q.Set("code", u.Query().Get("code"))
		}},
		{"a sign-in that took too long, with a fresh code", func(r *rig, _ *url.URL, q url.Values) {
			p := r.request.Query()
			r.Clock.Add(31 * time.Minute)
			u, _ := url.Parse(r.answer(&url.URL{Scheme: r.request.Scheme, Host: r.request.Host, Path: r.request.Path, RawQuery: p.Encode()}, "ada"))
			q.Set("code", u.Query().Get("code"))
		}},
		{"RFC 6749 §4.1.2 a code that has expired", func(r *rig, _ *url.URL, _ url.Values) { r.Clock.Add(2 * time.Minute) }},
		{"a sign-in that took too long", func(r *rig, _ *url.URL, _ url.Values) { r.Clock.Add(31 * time.Minute) }},
		{"a session that ended meanwhile", func(r *rig, _ *url.URL, _ url.Values) {
			a, _ := r.Store.Account(r.t.Context(), storage.AccountKey{UsernameKey: "ada"})
			r.Disable(a)
		}},
		{"RFC 6749 §4.1.2.1 an error", func(_ *rig, _ *url.URL, q url.Values) { q.Del("code"); q.Set("error", "access_denied") }},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := newRig(t)
			r.Person("ada")
			u, err := url.Parse(r.answer(r.begin(wiki, "/"), "ada"))
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			row.change(r, u, q)
			u.RawQuery = q.Encode()
			res := r.open(u.String(), nil)
			if res.StatusCode < 400 || r.cookies[u.Host]["__Host-lk_forward"] != "" {
				t.Errorf("%d %v", res.StatusCode, res.Header)
			}
		})
	}
	t.Run("RFC 6749 §4.1.2 a code that comes again", func(t *testing.T) {
		r := newRig(t)
		r.Person("ada")
		callback := r.answer(r.begin(wiki, "/"), "ada")
		r.status("first", r.open(callback, nil), http.StatusSeeOther)
		r.status("in", r.ask("GET", "https://"+wiki+"/", nil), http.StatusOK)
		r.status("again", r.open(callback, nil), http.StatusBadRequest)
		r.status("what it bought", r.ask("GET", "https://"+wiki+"/", nil), http.StatusFound)
		if r.Audited(audit.CodeReplayed) != 1 {
			t.Error("the replay is not in the record")
		}
	})
}

// Cookies count where they were given, and as they were given.
func TestCookies(t *testing.T) {
	r := newRig(t)
	r.Person("ada")
	r.signIn(wiki, "/", "ada")
	good := r.cookies[wiki]["__Host-lk_forward"]
	state := r.begin(wiki, "/").Query().Get("state")
	for _, row := range []struct{ name, host, cookie string }{
		{"of one application at another", board, "__Host-lk_forward=" + good},
		{"of one host at another of the same application", "docs.example.test", "__Host-lk_forward=" + good},
		{"twice", wiki, "__Host-lk_forward=" + good + "; __Host-lk_forward=" + good},
		{"RFC 6265bis §4.1.3 without its prefix", wiki, "lk_forward=" + good},
		{"changed", wiki, "__Host-lk_forward=" + good[:len(good)-4] + "AAAA"},
		{"cut", wiki, "__Host-lk_forward=" + good[:20]},
		{"endless", wiki, "__Host-lk_forward=" + strings.Repeat("A", 5000)},
		{"a state in its place", wiki, "__Host-lk_forward=" + state},
		{"empty", wiki, "__Host-lk_forward="},
	} {
		if res := r.ask("GET", "https://"+row.host+"/", http.Header{"Cookie": {row.cookie}}); res.StatusCode != http.StatusFound {
			t.Errorf("%s: %d", row.name, res.StatusCode)
		}
	}
	r.status("as it is", r.ask("GET", "https://"+wiki+"/", nil), http.StatusOK)
}

// Who may ask, and what is no question.
func TestProxies(t *testing.T) {
	r := newRig(t)
	good := http.Header{"X-Forwarded-Method": {"GET"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {wiki}, "X-Forwarded-Uri": {"/static/x"}}
	r.status("good", r.Send("GET", forward.Route, nil, good.Clone()), http.StatusOK)
	for name, row := range map[string]struct {
		header, value string
		status        int
	}{
		"a host of no application":             {"X-Forwarded-Host", "evil.example.test", 403},
		"the issuer's own host":                {"X-Forwarded-Host", "id.example.test", 403},
		"a host below one":                     {"X-Forwarded-Host", "x." + wiki, 403},
		"a host that ends alike":               {"X-Forwarded-Host", "evil" + wiki, 403},
		"a host with user information":         {"X-Forwarded-Host", wiki + "@evil.example.test", 400},
		"a host with a path":                   {"X-Forwarded-Host", wiki + "/evil", 400},
		"two hosts":                            {"X-Forwarded-Host", wiki + ", " + wiki, 400},
		"no host":                              {"X-Forwarded-Host", "", 400},
		"http: the cookie would not come back": {"X-Forwarded-Proto", "http", 400},
		"two schemes":                          {"X-Forwarded-Proto", "https,http", 400},
		"no scheme":                            {"X-Forwarded-Proto", "", 400},
		"no method":                            {"X-Forwarded-Method", "", 400},
		"a method that is none":                {"X-Forwarded-Method", "GET /", 400},
		"no path":                              {"X-Forwarded-Uri", "", 400},
		"a path that is an address":            {"X-Forwarded-Uri", "https://evil.example.test/static/x", 400},
		"a path with a line break":             {"X-Forwarded-Uri", "/static/\r\nx", 400},
		"a path that is too long":              {"X-Forwarded-Uri", "/static/" + strings.Repeat("x", 9000), 400},
		"a path of ours, which is not to be asked about": {"X-Forwarded-Uri", "/.latchkey/sign-in?rd=/", 403},
		"a path that leaves what is public":              {"X-Forwarded-Uri", "/static/../admin/x", 401},
		"a path that leaves what is public, encoded":     {"X-Forwarded-Uri", "/static/%2e%2e/admin/x", 401},
		"a path that leaves what is public, by slash":    {"X-Forwarded-Uri", "/static/..%2fadmin/x", 401},
	} {
		h := good.Clone()
		h[row.header] = nil
		if row.value != "" {
			h.Set(row.header, row.value)
		}
		if strings.HasPrefix(row.value, "/static/") && row.status == 401 { // a rule denies what is unclear
			row.status = 403
		}
		r.status(name, r.Send("GET", forward.Route, nil, h), row.status)
	}
	twice := good.Clone()
	twice["X-Forwarded-Uri"] = []string{"/static/x", "/admin/x"}
	r.status("a header that a browser sent, before the proxy's", r.Send("GET", forward.Route, nil, twice), http.StatusBadRequest)
	for name, h := range map[string]http.Header{
		"X-Original-URL for Traefik":           {"X-Original-Url": {"https://" + wiki + "/static/x"}, "X-Original-Method": {"GET"}, "X-Forwarded-Uri": {"/page"}},
		"X-HTTP-Method-Override means nothing": {"X-Http-Method-Override": {"GET"}, "X-Forwarded-Method": {"POST"}, "X-Forwarded-Uri": {"/static/x"}},
	} {
		all := good.Clone()
		for n, v := range h {
			all[n] = v
		}
		r.status(name, r.Send("GET", forward.Route, nil, all), http.StatusUnauthorized)
	}
	r.status("X-Forwarded headers for nginx", r.Send("GET", forward.NginxRoute, nil, good.Clone()), http.StatusBadRequest)
	stranger := newRigBehind(t, "10.0.0.0/8")
	for _, path := range []string{forward.Route, forward.NginxRoute, forward.EnvoyRoute + "/static/x", forward.SignInRoute, forward.CallbackRoute, forward.SignOutRoute} {
		h := good.Clone()
		h["X-Original-Url"], h["X-Original-Method"] = []string{"https://" + wiki + "/static/x"}, []string{"GET"}
		stranger.status("somebody who is no proxy asks "+path, stranger.Send("GET", "https://"+wiki+path, nil, h), http.StatusForbidden)
	}
	r.status("another path for a host that is not ours", r.Send("GET", "https://"+wiki+"/login", nil, nil), http.StatusMisdirectedRequest)
	r.status("one that begins alike", r.Send("GET", "https://"+wiki+"/forward-authority", nil, nil), http.StatusMisdirectedRequest)
}
