package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestSafePath(t *testing.T) {
	for s, want := range map[string]bool{
		"/": true, "/account": true, "/account/sessions?x=1&y=%2F": true, "/login?flow=a.b-c": true, "/account/": true, "/a%20b": true,
		"": false, "account": false, "//evil.example": false, `/\evil.example`: false, `/a\b`: false, "/\tx": false, "/a\r\nb": false, "/%0d%0a": false,
		"/%2f/evil": false, "/%2Fevil": false, "/%5cevil": false, "/%255cevil": false, "/%252fevil": false, "https://evil.example": false, "javascript:x": false,
		"/a/../b": false, "/a//b": false, "/./a": false, "/%2e%2e/a": false, "/a#b": false, "/%zz": false, "/\u0085x": false, "/\x7f": false, "/\xff": false,
		"/" + strings.Repeat("a", maxReturn): false,
	} {
		if got := safePath(s); got != want {
			t.Errorf("safePath(%q) = %v", s, got)
		}
	}
}

func TestAccountReturn(t *testing.T) {
	for s, want := range map[string]string{"/account": "/account", "/account?a=b": "/account?a=b", "/account/sessions": "/account/sessions", "/accounts": "", "/login": "",
		"/device/confirm": "/device/confirm", "/device": "", "/device/confirm/x": "", "/account/../login": "", "//account": "", "/account//evil.example": "", "/": "", "/account%2f..%2flogin": ""} {
		if got := accountReturn(s); got != want {
			t.Errorf("accountReturn(%q) = %q", s, got)
		}
	}
}

// FuzzSafePath: whatever is taken for safe stays on this host when a browser resolves it, however often it is decoded.
func FuzzSafePath(f *testing.F) {
	for _, s := range []string{"/account", "//x", `/\x`, "/%2f%2fx", "/a?b=//c", "/%255c", "/\t/x", "/..//x", "/account/%2e%2e//x"} {
		f.Add(s)
	}
	base, err := url.Parse("https://id.example/login")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !safePath(s) {
			return
		}
		u, err := base.Parse(s)
		if err != nil || u.Host != "id.example" || u.Scheme != "https" {
			t.Fatalf("%q leads to %v, %v", s, u, err)
		}
		// As WHATWG URL does: tabs and line ends vanish, backslashes are slashes.
		seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(s)
		if strings.HasPrefix(seen, "//") || !strings.HasPrefix(seen, "/") {
			t.Fatalf("%q is another host for a browser", s)
		}
		rec := httptest.NewRecorder()
		http.Redirect(rec, httptest.NewRequest(http.MethodGet, "/login", nil), s, http.StatusSeeOther)
		if loc := rec.Header().Get("Location"); strings.HasPrefix(loc, "//") || strings.ContainsAny(loc, "\r\n") {
			t.Fatalf("%q redirects to %q", s, loc)
		}
		if r := accountReturn(s); r != "" && !strings.HasPrefix(u.Path, "/account") && u.Path != deviceAsk {
			t.Fatalf("%q is taken for a page of the account: %s", s, u.Path)
		}
	})
}

func TestSplitSkills(t *testing.T) {
	if got := strings.Join(splitSkills("a,b\r\n c d ,,\n"), "|"); got != "a|b|c d" {
		t.Errorf("%q", got)
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{"ada@example.com": "a•••@example.com", "é@x": "é•••@x", "@x": "", "x": "", "": "", "a@": ""} {
		if got := mask(in); got != want {
			t.Errorf("mask(%q) = %q", in, got)
		}
	}
}

func TestLinkify(t *testing.T) {
	var got []string
	for _, p := range linkify("See https://a.example/x?y=1&z=2. Or (http://b.example)! javascript:x https://") {
		if p.URL != "" {
			got = append(got, p.URL)
		}
	}
	if strings.Join(got, " ") != "https://a.example/x?y=1&z=2 http://b.example" {
		t.Errorf("%q", got)
	}
}
