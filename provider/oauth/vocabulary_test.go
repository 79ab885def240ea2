package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func code(err error) Code {
	if err == nil {
		return ""
	}
	e, ok := AsError(err)
	if !ok {
		return "?"
	}
	return e.Code
}

func TestForm(t *testing.T) {
	for _, c := range []struct {
		name, query string
		want        Code
	}{
		{"RFC 6749 §3.1 once each", "a=1&state=x", ""},
		{"RFC 6749 §3.1 repeated", "state=x&state=x", InvalidRequest},
		{"RFC 6749 §3.1 repeated, once empty", "state=&state=x", InvalidRequest},
		{"RFC 6749 §3.1 unknown and repeated", "x=1&x=2", InvalidRequest},
		{"RFC 8707 §2 resource may repeat", "resource=a&resource=b", ""},
		{"too many names", strings.Repeat("a&", 1) + manyNames(MaxParams+1), InvalidRequest},
		{"too many values of one name", strings.Repeat("resource=x&", MaxParams+1), InvalidRequest},
		{"too long", "a=" + strings.Repeat("x", MaxParamBytes+1), InvalidRequest},
		{"NUL", "a=%00", InvalidRequest},
		{"RFC 6749 appendix B not UTF-8", "a=%ff", InvalidRequest},
		{"malformed escape", "a=%zz", InvalidRequest},
		{"semicolon", "a=1;b=2", InvalidRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := QueryForm(c.query)
			if code(err) != c.want {
				t.Errorf("got %v", err)
			}
			if f.Check() != nil && !errors.Is(err, f.Check()) {
				t.Error("Check says something else")
			}
		})
	}
	t.Run("the same form always gets the same answer", func(t *testing.T) {
		for range 50 {
			if _, err := QueryForm("state=1&state=2&client_id=1&client_id=2&nonce=%00"); err == nil || err.Error() != "invalid_request: parameter client_id is repeated" {
				t.Fatal(err)
			}
		}
	})
	t.Run("RFC 8707 §2 each once, empty ones not", func(t *testing.T) {
		f, _ := QueryForm("resource=a&resource=&resource=b&resource=a")
		if got := f.All("resource"); len(got) != 2 {
			t.Error(got)
		}
	})
}

func manyNames(n int) string {
	v := url.Values{}
	for i := range n {
		v.Set(strings.Repeat("n", i+1), "1")
	}
	return v.Encode()
}

func TestPostForm(t *testing.T) {
	for _, c := range []struct {
		name, contentType, query string
		want                     Code
	}{
		{"RFC 6749 §3.2", "application/x-www-form-urlencoded", "", ""},
		{"with charset", "Application/X-WWW-Form-Urlencoded; charset=utf-8", "", ""},
		{"JSON", "application/json", "", InvalidRequest},
		{"none", "", "", InvalidRequest},
		{"RFC 6749 §2.3.1 secret in the query", "application/x-www-form-urlencoded", "client_secret=x", InvalidRequest},
		{"query that hides it", "application/x-www-form-urlencoded", "%zz&client_secret=x", InvalidRequest},
		{"the query takes no part", "application/x-www-form-urlencoded", "a=2", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/?"+c.query, strings.NewReader("a=1"))
			r.Header.Set("Content-Type", c.contentType)
			f, err := PostForm(r)
			if code(err) != c.want || (err == nil && f.Get("a") != "1") {
				t.Errorf("%v, %q", err, f.Get("a"))
			}
		})
	}
}

func TestPrompt(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     int
		err      Code
	}{
		{"OpenID Connect Core §3.1.2.1 none", "none", 1, ""},
		{"OpenID Connect Core §3.1.2.1 none beside", "none login", 0, InvalidRequest},
		{"OpenID Connect Core §3.1.2.1 none twice", "none none", 1, ""},
		{"Initiating User Registration §4", "create", 1, ""},
		{"unknown", "login x", 0, InvalidRequest},
		{"case", "None", 0, InvalidRequest},
		{"empty", "", 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := ParsePrompt(c.in); len(got) != c.want || code(err) != c.err {
				t.Errorf("%v %v", got, err)
			}
		})
	}
}

func TestMaxAge(t *testing.T) {
	for _, c := range []struct {
		in   string
		want time.Duration
		ok   bool
		err  Code
	}{
		{"", 0, false, ""}, {"0", 0, true, ""}, {"10000", 10000 * time.Second, true, ""}, {"-1", 0, false, InvalidRequest}, {"+1", 0, false, InvalidRequest},
		{"1.5", 0, false, InvalidRequest}, {" 1", 0, false, InvalidRequest}, {"99999999999", 0, false, InvalidRequest}, {"0x10", 0, false, InvalidRequest},
	} {
		t.Run("OpenID Connect Core §3.1.2.1 "+c.in, func(t *testing.T) {
			if got, ok, err := ParseMaxAge(c.in); got != c.want || ok != c.ok || code(err) != c.err {
				t.Errorf("%v %v %v", got, ok, err)
			}
		})
	}
}

func TestPKCE(t *testing.T) {
	// RFC 7636 appendix B
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	if !MatchVerifier(challenge, verifier) || MatchVerifier(challenge, challenge) || CheckChallenge(challenge) != nil || CheckVerifier(verifier) != nil {
		t.Error("RFC 7636 appendix B")
	}
	for name, bad := range map[string]string{"short": verifier[1:], "long": strings.Repeat("a", 129), "character": verifier[1:] + "+", "newline": verifier + "\n", "not ASCII": strings.Repeat("é", 43)} {
		if code(CheckVerifier(bad)) != InvalidGrant {
			t.Errorf("RFC 7636 §4.1 %s was taken", name)
		}
	}
	for name, bad := range map[string]string{"short": challenge[1:], "padding": challenge + "=", "newline": challenge[:9] + "\n" + challenge[9:], "bits left over": challenge[:42] + "N", "plus": "+" + challenge[1:]} {
		if code(CheckChallenge(bad)) != InvalidRequest {
			t.Errorf("RFC 7636 §4.2, or RFC 4648 §3.5: %s was taken", name)
		}
	}
}

func TestScopesAndResources(t *testing.T) {
	if s, err := ParseScopes("  b a  b "); err != nil || s.String() != "b a" {
		t.Errorf("RFC 6749 §3.3: %v %v", s, err)
	}
	for _, bad := range []string{"a\tb", `a"b`, `a\b`, "é", strings.Repeat("x", MaxScopeBytes+1), manyScopes()} {
		if _, err := ParseScopes(bad); code(err) != InvalidScope {
			t.Errorf("RFC 6749 §3.3: %.20q was taken", bad)
		}
	}
	s := Scopes{"a", "b", "c"}
	if s.And([]string{"c", "a"}).String() != "a c" || s.Without([]string{"b"}).String() != "a c" || s.Within([]string{"a"}) || !Scopes(nil).Within(nil) || s.String() != "a b c" {
		t.Error("sets")
	}
	for uri, ok := range map[string]bool{"https://api.example": true, "urn:x": true, "/rel": false, "": false, "https://a#b": false, "https://a b": false, ":x": false, "x:": false} {
		if (CheckResource(uri) == nil) != ok {
			t.Errorf("RFC 8707 §2: %q", uri)
		}
	}
}

func TestScopesFor(t *testing.T) {
	known := map[string][]string{"https://a": {"read", "a"}, "https://b": {"read", "b"}, "https://none": nil}
	all := Scopes{"openid", "read", "a", "b", "c"}
	for _, c := range []struct {
		name      string
		resources []string
		want      string
	}{
		{"RFC 8707 §2.2 no resource", nil, "openid read a b c"},
		{"RFC 8707 §2.2 one", []string{"https://a"}, "openid read a"},
		{"RFC 8707 §2.2 several", []string{"https://a", "https://b"}, "openid read a b"},
		{"RFC 8707 §2.2 one that is not declared", []string{"https://x"}, "openid read a b c"},
		{"RFC 8707 §2.2 one that is not declared beside one that is", []string{"https://a", "https://x"}, "openid read a b c"},
		{"RFC 8707 §2.2 one that knows nothing", []string{"https://none"}, "openid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := all.For(c.resources, known, []string{"openid"}); got.String() != c.want || all.String() != "openid read a b c" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func manyScopes() string {
	var b strings.Builder
	for n := range MaxScopes + 1 {
		b.WriteString(strings.Repeat("s", n+1) + " ")
	}
	return b.String()
}

func TestError(t *testing.T) {
	e := E(InvalidRequest, "a \"quoted\" \\ line\nwith é")
	if strings.ContainsAny(e.Description, "\"\\\n\u00e9") {
		t.Errorf("RFC 6749 §5.2: %q", e.Description)
	}
	cause := errors.New("inside")
	if b := e.Because(cause); !errors.Is(b, cause) || e.Unwrap() != nil || strings.Contains(b.Description, "inside") {
		t.Error("the cause")
	}
	for c, want := range map[Code]int{InvalidClient: 401, InvalidToken: 401, InsufficientScope: 403, InvalidGrant: 400, ServerError: 500, TemporarilyUnavailable: 503} {
		if c.Status() != want {
			t.Errorf("%s: %d", c, c.Status())
		}
	}
}

func FuzzForm(f *testing.F) {
	for _, s := range []string{"", "a=1&a=2", "client_id=%00", "resource=a&resource=b", "%zz", "a;b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		form, err := QueryForm(query)
		if err != nil {
			if code(err) != InvalidRequest {
				t.Errorf("%v", err)
			}
			return
		}
		again, err := QueryForm(form.Encode())
		if err != nil || again.Encode() != form.Encode() {
			t.Errorf("%q does not survive: %v", query, err)
		}
	})
}

func FuzzScopes(f *testing.F) {
	f.Add("openid  profile")
	f.Fuzz(func(t *testing.T, in string) {
		s, err := ParseScopes(in)
		if again, err2 := ParseScopes(s.String()); err == nil && (err2 != nil || again.String() != s.String() || len(s) > MaxScopes) {
			t.Errorf("%q: %v", s, err2)
		}
	})
}

func FuzzPrompt(f *testing.F) {
	f.Add("none")
	f.Add("login consent")
	f.Fuzz(func(t *testing.T, in string) {
		if p, err := ParsePrompt(in); err == nil && p.Has(PromptNone) && len(p) > 1 {
			t.Errorf("%v", p)
		}
	})
}

func FuzzPKCE(f *testing.F) {
	f.Add("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
	f.Fuzz(func(t *testing.T, v string) {
		sum := sha256.Sum256([]byte(v))
		c := base64.RawURLEncoding.EncodeToString(sum[:])
		if CheckChallenge(c) != nil || !MatchVerifier(c, v) {
			t.Errorf("%q", v)
		}
		if CheckChallenge(v) == nil && len(v) != 43 {
			t.Errorf("challenge %q was taken", v)
		}
	})
}

func FuzzResource(f *testing.F) {
	f.Add("https://api.example")
	f.Fuzz(func(t *testing.T, uri string) {
		if CheckResource(uri) == nil && strings.ContainsAny(uri, "# \r\n\"") && !strings.Contains(uri, `"`) {
			t.Errorf("%q", uri)
		}
	})
}
