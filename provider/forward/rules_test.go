package forward

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"latchkey/provider/client"
)

// Which rule decides, above all where an address can be read in several ways.
func TestJudge(t *testing.T) {
	app := func(rules string) client.Forwarded {
		f, err := client.ParseForward([]byte(`{"hosts": ["a.test", "b.test"], "rules": ` + rules + `}`))
		if err != nil {
			t.Fatal(err)
		}
		return client.Forwarded{ForwardAuth: f}
	}
	const usual = `[{"paths": ["/static/*", "/robots.txt"], "access": "public"}, {"paths": ["/hook"], "methods": ["POST"], "access": "public"},
		{"paths": ["/admin/*"], "groups": ["admins"]}, {"hosts": ["b.test"], "users": ["bob"]}]`
	for _, row := range []struct{ name, method, host, path, want string }{
		{"no rule", "GET", "a.test", "/", "people 0"},
		{"public", "GET", "a.test", "/static/a.css", "public"},
		{"public, exact", "GET", "a.test", "/robots.txt", "public"},
		{"public, and more", "GET", "a.test", "/robots.txt2", "people 0"},
		{"the folder of what is public", "GET", "a.test", "/static", "public"},
		{"public in other case: perhaps something else", "GET", "a.test", "/STATIC/x", "people 0"},
		{"encoded, one meaning", "GET", "a.test", "/st%61tic/x", "public"},
		{"a method", "POST", "a.test", "/hook", "public"},
		{"another method", "GET", "a.test", "/hook", "people 0"},
		{"RFC 9110 §9.3.2 HEAD is not POST", "HEAD", "a.test", "/hook", "people 0"},
		{"people", "GET", "a.test", "/admin/x", "people 1"},
		{"people, in other case: perhaps the same", "GET", "a.test", "/Admin/x", "people 1"},
		{"people, the folder", "GET", "a.test", "/admin", "people 1"},
		{"people, encoded", "GET", "a.test", "/%61dmin/x", "people 1"},
		{"a host", "GET", "b.test", "/", "people 1"},
		{"the first that fits", "GET", "b.test", "/admin/", "people 1"},

		{"dots", "GET", "a.test", "/static/../admin/x", "people 1"},
		{"dots, encoded", "GET", "a.test", "/static/%2e%2e/admin", "people 1"},
		{"dots, half encoded", "GET", "a.test", "/static/.%2E/admin", "people 1"},
		{"dots with parameters", "GET", "a.test", "/static/..;/admin", "people 1"},
		{"parameters", "GET", "a.test", "/static/x;a=b", "people 1"},
		{"a slash, encoded", "GET", "a.test", "/static%2fx", "people 1"},
		{"two slashes", "GET", "a.test", "//static/x", "people 1"},
		{"two slashes within", "GET", "a.test", "/static//admin", "people 1"},
		{"a backslash", "GET", "a.test", `/static/..\admin`, "people 1"},
		{"a backslash, encoded", "GET", "a.test", "/static/..%5cadmin", "people 1"},
		{"encoded twice", "GET", "a.test", "/static/%252e%252e/admin", "people 1"},
		{"NUL", "GET", "a.test", "/static/x%00", "people 1"},
		{"no encoding", "GET", "a.test", "/static/%zz", "people 1"},
		{"no UTF-8", "GET", "a.test", "/static/%ff", "people 1"},
		{"a dot", "GET", "a.test", "/static/./x", "people 1"},
		{"unclear, with every rule that may fit", "GET", "b.test", "/static//x", "people 2"},
		{"a dot at the end", "GET", "a.test", "/static/x.", "people 1"},
		{"a dot at the end of a folder", "GET", "a.test", "/static./x", "people 1"},
		{"a space at the end", "GET", "a.test", "/robots.txt%20", "people 1"},
		{"a space at the end of a folder", "GET", "a.test", "/static/x%20/y", "people 1"},
		{"a question mark, encoded", "GET", "a.test", "/static/x%3fy", "people 1"},
		{"a number sign, encoded", "GET", "a.test", "/static/x%23y", "people 1"},
		{"a mark that cannot be seen", "GET", "a.test", "/static/x%e2%80%8by", "people 1"},
		{"a soft hyphen", "GET", "a.test", "/static/x%c2%ady", "people 1"},
		{"control characters of Latin 1", "GET", "a.test", "/static/x%c2%85y", "people 1"},
		{"wide letters", "GET", "a.test", "/static/%ef%bd%81", "people 1"},
		{"a dot leader", "GET", "a.test", "/static/%e2%80%a5/x", "people 1"},
		{"letters in two parts", "GET", "a.test", "/static/e%cc%81", "people 1"},
		{"letters in one part", "GET", "a.test", "/static/%c3%a9", "public"},
		{"letters of elsewhere", "GET", "a.test", "/static/%e6%9d%8e", "public"},
		{"letters of elsewhere, not encoded", "GET", "a.test", "/static/李", "public"},
		{"a space within", "GET", "a.test", "/static/a%20b.css", "public"},
		{"dots and a space that begin", "GET", "a.test", "/static/.well%20known/..x/%20y", "public"},
		{"a query is no path", "GET", "a.test", "/admin/x?y=/static/", "people 1"},
		{"a query is no path, public", "GET", "a.test", "/static/x?y=//../admin", "public"},
	} {
		v := judge(app(usual), asked{method: row.method, host: row.host, uri: row.path})
		got := "people " + string(rune('0'+len(v.rules)))
		switch {
		case v.public:
			got = "public"
		case v.deny:
			got = "deny"
		}
		if got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
	denied := app(`[{"paths": ["/static/*"], "access": "public"}, {"paths": ["/internal/*"], "access": "deny"}]`)
	for path, want := range map[string]bool{"/internal/x": true, "/INTERNAL": true, "/x": false, "/static/%2e%2e/internal": true, "/a//b": true, "/internal./x": true, "/internal%20": true,
		"/internal%3fx": true, "/%ef%bd%89nternal": true, "/inter%c2%adnal": true, "/%c3%a9": false} {
		if v := judge(denied, asked{method: "GET", host: "a.test", uri: path}); v.deny != want || v.public {
			t.Errorf("%s: %+v", path, v)
		}
	}
}

// Where a sign-in returns to, whoever made up its address.
func TestReturnPath(t *testing.T) {
	for rd, want := range map[string]string{
		"/": "/", "/a?b=c#d": "/a?b=c#d", "/a//b": "/a//b", "https://a.test/x?y": "/x?y", "https://A.test:443/x": "/x", "/%2f/x": "/%2f/x",
		"": "/", "x": "/", "//evil.test": "/", `/\evil.test`: "/", "/\t/evil.test": "/", "/\n//evil.test": "/", "/a\\b": "/", "https://evil.test/x": "/", "https://a.test": "/",
		"https://a.test.evil.test/": "/", "https://a.test@evil.test/": "/", "https://evil.test\\@a.test/": "/", "http://a.test/": "/", "javascript:alert(1)": "/",
		"https://a.test//evil.test": "/", `https://a.test/\evil.test`: "/", "HTTPS://evil.test/": "/", "/.latchkey/sign-in?rd=/": "/", "/.latchkey/sign-out": "/",
		"/x/../.latchkey/sign-out": "/", "/%2elatchkey/sign-out": "/", "/x/%2e%2e/.latchkey/sign-in": "/", "/./.latchkey/sign-out": "/", "/x//../../.latchkey/sign-out": "/",
		"/.latchkey%2fsign-out": "/", "/%252elatchkey/sign-out": "/", "/x/..;a/.latchkey/x": "/", "/.Latchkey/sign-out": "/", "/.latchkey": "/", "/.latchkey?a": "/",
		"https://a.test/x/../.latchkey/sign-out": "/", "/x/.latchkey/y": "/x/.latchkey/y", "/x?rd=/../.latchkey/": "/x?rd=/../.latchkey/", "/.latchkeys": "/.latchkeys",
		"/" + strings.Repeat("x", maxReturn): "/", " /x": "/", "https:/evil.test": "/", "https:evil.test": "/",
	} {
		if got := returnPath(rd, "a.test"); got != want {
			t.Errorf("%q leads to %q, want %q", rd, got, want)
		}
	}
}

// What stands in a header ends no line and hides nothing.
func TestHeaderText(t *testing.T) {
	for in, want := range map[string]string{
		"Ada": "Ada", "Zoë 李": "Zoë 李", "a\r\nRemote-User: root": "aRemote-User: root", "a\x00b": "ab", "\u202eadmin": "admin", "a\u2028b": "ab", " a ": "a", "\xff\xfea": "a", "a\tb": "ab",
		"a\u00a0b": "a b", "a\u200bb": "ab",
	} {
		if got := headerText(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// FuzzAsked: whatever a proxy hands on, what is read of it is one host and one path, and no redirect leads elsewhere.
func FuzzAsked(f *testing.F) {
	f.Add("GET", "https", "a.test", "/x?y", "https://a.test/x")
	f.Add("POST", "http", "a.test:443", "//evil", "https://a.test@evil/\\x")
	f.Add("HEAD", "https", "[::1]:8443", "/%2e%2e/;x", "https:///x")
	f.Fuzz(func(t *testing.T, method, scheme, host, uri, address string) {
		r := &http.Request{Method: method, Host: host, URL: &url.URL{Path: "/p" + uri}, Header: http.Header{"X-Forwarded-Method": {method}, "X-Forwarded-Proto": {scheme},
			"X-Forwarded-Host": {host}, "X-Forwarded-Uri": {uri}, "X-Original-Url": {address}, "X-Original-Method": {method}}}
		for _, read := range []dialect{forwarded, original, appended("/p")} {
			a, err := read(r)
			if err != nil {
				continue
			}
			if !strings.HasPrefix(a.uri, "/") || a.host == "" || a.host != strings.ToLower(a.host) || strings.ContainsAny(a.host, "/@\\ \r\n,") || a.method == "" {
				t.Errorf("%+v", a)
			}
			w := httptest.NewRecorder()
			if err := (&Endpoint{}).lead(w, a, false); err != nil {
				t.Fatal(err)
			}
			to, err := url.Parse(w.Header().Get("Location"))
			if err != nil || to.Scheme != "https" || to.Host != a.host || to.Path != SignInRoute {
				t.Errorf("%+v leads to %q", a, w.Header().Get("Location"))
			} else if back, err := url.Parse("https://" + a.host + to.Query().Get("rd")); err == nil && back.Host != a.host {
				t.Errorf("%+v returns to %v", a, back)
			}
			if path, plain := plainPath(a.path()); plain && (strings.Contains(path, "//") || strings.Contains(path+"/", "/../") || !utf8.ValidString(path)) {
				t.Errorf("%q is plain", path)
			}
		}
	})
}

// FuzzReturnPath: no return path leaves the host.
func FuzzReturnPath(f *testing.F) {
	f.Add("//evil.test")
	f.Add("https://a.test//evil")
	f.Add("/\t/evil.test")
	f.Fuzz(func(t *testing.T, rd string) {
		got := returnPath(rd, "a.test")
		base, _ := url.Parse("https://a.test/.latchkey/callback")
		to, err := base.Parse(got)
		if err == nil && (to.Host != "a.test" || to.Scheme != "https") || strings.HasPrefix(got, "//") || !strings.HasPrefix(got, "/") || strings.ContainsAny(got, "\r\n\t\\") {
			t.Errorf("%q leads to %q", rd, got)
		}
		if headerText(headerText(rd)) != headerText(rd) || strings.ContainsAny(headerText(rd), "\r\n\x00") {
			t.Errorf("%q", headerText(rd))
		}
	})
}
