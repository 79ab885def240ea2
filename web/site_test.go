package web

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/provider/account"
	"latchkey/provider/serve"
	"latchkey/storage"
)

func TestNewRefuses(t *testing.T) {
	good := newBench(t, sampleIssuer).Deps
	for name, spoil := range map[string]func(*Deps){
		"no accounts":     func(d *Deps) { d.Account = nil },
		"no portal":       func(d *Deps) { d.Portal.Leavings = nil },
		"no life":         func(d *Deps) { d.Life = nil },
		"no clock":        func(d *Deps) { d.Now = nil },
		"no clients":      func(d *Deps) { d.Client = nil },
		"no issuer":       func(d *Deps) { d.Issuer = "" },
		"foreign scheme":  func(d *Deps) { d.Issuer = "ftp://x" },
		"unknown default": func(d *Deps) { d.DefaultLocale = "tlh" },
	} {
		d := good
		spoil(&d)
		if _, err := New(d); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestHeaders holds the headers of everything that is sent, by kind of answer.
func TestHeaders(t *testing.T) {
	const page = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; " +
		"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	sum := sha256.Sum256([]byte("document.forms[0].submit()"))
	hash := "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	for _, tc := range []struct {
		name, target, csp, cache string
		status                   int
	}{
		{"page", "/signup", page, "no-store", 200},
		{"account page", "/account", page, "no-store", 200},
		{"redirect", "/", page, "no-store", 303},
		{"error page", "/nowhere", page, "no-store", 404},
		{"fault", "/_/fault", page, "no-store", 500},
		{"hand-off", "/_/handoff", page, "no-store", 200},
		{"sign-out", "/_/signout", page, "no-store", 200},
		{"Front-Channel Logout §3", "/_/signingout", page + "; frame-src https://notes.harbour.example https://tides.example:8443", "no-store", 200},
		{"development", "/demo", page, "no-store", 200},
		{"Form Post Response Mode §2", "/_/formpost", "default-src 'none'; script-src '" + hash + "'; style-src 'self'; font-src 'self'; img-src 'self'; form-action https://notes.harbour.example; " +
			"base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'", "no-store", 200},
		{"logo", "/client-logo/harbour-notes?v=x", "default-src 'none'; sandbox", "public, max-age=43200", 200},
		{"no logo", "/client-logo/tide-tables?v=x", "default-src 'none'; sandbox", "no-store", 404},
		{"picture", "/media/p1", "default-src 'none'; sandbox", "private, max-age=3600", 200},
		{"resume", "/account/resume", "default-src 'none'; sandbox", "no-store", 200},
		{"robots", "/robots.txt", page, "public, max-age=86400", 200},
	} {
		for _, issuer := range []string{sampleIssuer, "https://id.example"} {
			t.Run(tc.name+" "+issuer[:5], func(t *testing.T) {
				b := newBench(t, issuer)
				want := map[string]string{"Content-Security-Policy": tc.csp, "Cache-Control": tc.cache, "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
					"Cross-Origin-Opener-Policy": "same-origin", "Strict-Transport-Security": "",
					"Permissions-Policy": "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=()"}
				if strings.HasPrefix(issuer, "https") {
					want["Strict-Transport-Security"] = "max-age=31536000"
				}
				v := b.get(t, tc.target, signedIn).status(tc.status)
				for name, value := range want {
					if got := v.Header().Get(name); got != value {
						t.Errorf("%s: %q, want %q", name, got, value)
					}
				}
			})
		}
	}
}

// TestNoInlineAnything: the policy without nonces holds only if no template has inline script or style, and no foreign address.
func TestNoInlineAnything(t *testing.T) {
	b := newBench(t, sampleIssuer)
	foreign := regexp.MustCompile(`(src|href)="(https?:)?//`)
	for _, p := range []string{"/login", "/signup", "/account", "/account/password", "/account/sessions", "/demo", "/dev/mail", "/_/problem-expired"} {
		if m := foreign.FindString(b.get(t, p, signedIn).Body.String()); m != "" {
			t.Errorf("%s loads %q", p, m)
		}
	}
}

func TestStatic(t *testing.T) {
	b := newBench(t, sampleIssuer)
	page := b.get(t, "/login").Body.String()
	for _, m := range regexp.MustCompile(`"(/static/[^"]+)"`).FindAllStringSubmatch(page, -1) {
		v := b.get(t, m[1]).status(200)
		if cc := v.Header().Get("Cache-Control"); cc != "public, max-age=31536000, immutable" || v.Header().Get("Content-Type") == "" {
			t.Errorf("%s: Cache-Control %q, type %q", m[1], cc, v.Header().Get("Content-Type"))
		}
	}
	css := b.asset("latchkey.css")
	plain := b.get(t, css).Body.String()
	r := httptest.NewRequest(http.MethodGet, css, nil)
	r.Header.Set("Accept-Encoding", "br;q=1.0, gzip;q=0.8")
	v := b.do(t, r, nil).status(200)
	if v.Header().Get("Content-Encoding") != "gzip" || v.Header().Get("Vary") != "Accept-Encoding" || v.Header().Get("Content-Length") != fmt.Sprint(v.Body.Len()) {
		t.Fatalf("headers %v", v.Header())
	}
	z, err := gzip.NewReader(v.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, z); got != plain {
		t.Error("the compressed file is another")
	}
	for accept, want := range map[string]bool{"gzip": true, "GZIP": true, "gzip;q=0": false, "gzip; q=0.0": false, "br": false, "": false, "gzip;q=0.1": true} {
		if takesGzip(accept) != want {
			t.Errorf("Accept-Encoding %q taken for %v", accept, !want)
		}
	}
	if v := b.get(t, "/static/0123456789abcdef/latchkey.css").status(200); v.Header().Get("Cache-Control") != "no-store" {
		t.Error("a file under another release's address may be kept")
	}
	b.get(t, "/static/"+b.assets.version+"/../deps.go").status(http.StatusTemporaryRedirect)
	b.get(t, "/static/"+b.assets.version+"/nothing").status(404)
	b.get(t, "/favicon.ico").status(200)
	b.get(t, "/robots.txt").status(200).holds("Disallow: /")
	// One small module. It was 8 KiB until it counted down, copied, and sent codes; compressed it is 4 KB of the 50 that a cold visit may have, which hold
	// for every page (TestFacesPlain).
	if js := b.assets.byName["latchkey.js"]; js.size > 11<<10 || len(js.small) > 4<<10 {
		t.Errorf("the script has %d bytes, %d compressed: more than 11 KiB, or 4", js.size, len(js.small))
	}
	// A cold visit: page, stylesheet, script, icon and font, as sent.
	total := len(page)
	for _, name := range []string{"latchkey.css", "latchkey.js", "icon.svg", "atkinson-next-latin.woff2"} {
		f := b.assets.byName[name]
		total += len(f.small) + len(f.plain)
	}
	if total > 50<<10 {
		t.Errorf("a cold visit costs %d bytes, more than 50 KiB", total)
	}
}

// TestIssuerWithPath: every address of every page stays under the issuer's path, whether or not the router takes it off.
func TestIssuerWithPath(t *testing.T) {
	b := newBench(t, "https://example.com/id")
	link := regexp.MustCompile(`(?:href|src|action|data-check)="(/[^"]*)"`)
	for _, p := range []string{"/login?flow=f1", "/signup", "/account", "/account/sessions", "/account/applications", "/consent?flow=f1", "/verify?token=good", "/reset", "/dev/mail", "/demo", "/_/signout", "/_/problem-expired"} {
		v := b.get(t, "/id"+p, signedIn, "__Secure-lk_reset=good").status(map[bool]int{true: 400, false: 200}[strings.Contains(p, "problem")])
		for _, m := range link.FindAllStringSubmatch(v.Body.String(), -1) {
			if !strings.HasPrefix(m[1], "/id/") {
				t.Errorf("%s leads to %s", p, m[1])
			}
		}
	}
	if got := b.get(t, "/id/reset?token=good").goes("/id/reset").sets("__Secure-lk_reset"); got.Path != "/id/reset" || !got.Secure {
		t.Errorf("cookie %+v", got)
	}
	for path, want := range map[string]string{"/id": "/", "/id/login": "/login", "/login": "/login", "/identity": "/identity"} {
		if got := b.rel(httptest.NewRequest(http.MethodGet, path, nil)); got != want {
			t.Errorf("%s is %s under the issuer, want %s", path, got, want)
		}
	}
}

func TestRoutes(t *testing.T) {
	b := newBench(t, sampleIssuer)
	seen := map[string]bool{}
	for _, rt := range b.Routes() {
		key := rt.Method + " " + rt.Path
		if seen[key] || rt.Handler == nil || rt.Endpoint == "" || !strings.HasPrefix(rt.Path, "/") || rt.Method == http.MethodPost && rt.MaxBody == 0 {
			t.Errorf("row %q: %+v", key, rt)
		}
		seen[key] = true
	}
	d := b.Deps
	d.Mailbox, d.DemoClientID = nil, ""
	s, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, rt := range s.Routes() {
		if strings.HasPrefix(rt.Path, "/dev/") || strings.HasPrefix(rt.Path, "/demo") {
			t.Errorf("%s outside development mode", rt.Path)
		}
	}
}

func TestProblems(t *testing.T) {
	b := newBench(t, sampleIssuer)
	for _, lang := range b.words.Tags() {
		c, _ := b.words.Get(lang)
		for _, kind := range problemKinds() {
			b.get(t, "/_/problem-"+kind+"?ui_locales="+lang, "any=cookie").status(400).says(c.T("problem."+kind+".title"), c.T("problem."+kind+".text"), "7QK2-M4TD", "code_challenge is missing", "invalid_request").
				holds("<details class=\"granted\" open>") // what is wrong must be seen, not only be there
		}
		b.get(t, "/_/fault?ui_locales="+lang).status(500).says(c.T("problem.internal.title"), "7QK2-M4TD").holds(`lang="` + lang + `"`)
	}
	// Where even that page cannot be drawn, the reference is shown all the same.
	c, _ := b.words.Get("de")
	drawn := b.broken["de"]
	b.broken["de"] = func() ([2][]byte, error) { return [2][]byte{}, errors.New("broken") }
	b.get(t, "/_/fault?ui_locales=de").status(500).says("Something went wrong", "7QK2-M4TD").lacks(c.T("problem.internal.title"))
	b.broken["de"] = drawn
	show := func(p serve.Problem) visit {
		rec := httptest.NewRecorder()
		b.Problem(rec, httptest.NewRequest(http.MethodGet, "/x", nil), p)
		return visit{rec, t}
	}
	show(serve.Problem{Status: 404, Kind: "of another age"}).status(404).says("That request cannot be understood")
	show(serve.Problem{}).status(500).says("Something went wrong on our side")
	show(serve.Problem{Status: 503, Kind: "also new"}).status(503).says("Something went wrong on our side")
	if v := show(serve.Problem{Status: 429, Kind: "throttled", RetryAfter: 5e9}).status(429).says("Try again in 5 seconds."); v.Header().Get("Retry-After") != "5" {
		t.Errorf("Retry-After %q", v.Header().Get("Retry-After"))
	}
	show(serve.Problem{Status: 400, Kind: "request", Back: "/account"}).status(400).holds(`href="/account"`)
	for _, evil := range []string{"javascript:alert(1)", "//evil.example", `/\evil.example`, "https://evil.example"} {
		show(serve.Problem{Status: 400, Kind: "request", Back: evil}).status(400).lacks("evil", "javascript")
	}
	show(serve.Problem{Status: 400, Kind: "request", Code: `"><script>x`, Description: "\u202Egnp.exe", Reference: "<b>"}).status(400).lacks("<script>x", "\u202e", "<b>")
	show(serve.Problem{Status: 500, Kind: "internal", Reference: `"><b>`}).status(500).lacks("<b>")
}

func TestHandOff(t *testing.T) {
	b := newBench(t, sampleIssuer)
	hand := func(target string) (visit, error) {
		rec := httptest.NewRecorder()
		err := b.HandOff(rec, httptest.NewRequest(http.MethodGet, "/authorize", nil), target)
		return visit{rec, t}, err
	}
	for _, target := range []string{"https://a.example/cb?code=1&state=x%20y", "http://127.0.0.1:8123/cb?code=1", "com.example.app:/cb?code=1", "https://a.example/cb#access=1", "myapp://cb?x=1"} {
		v, err := hand(target)
		if err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		v.status(200).holds(`href="` + strings.ReplaceAll(target, "&", "&amp;") + `"`)
		if got := v.Header().Get("Refresh"); got != "0; url="+target {
			t.Errorf("Refresh %q", got)
		}
	}
	for _, target := range []string{"javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "vbscript:x", "/relative", "", "https:///x", "https://a.example/\r\nSet-Cookie: a=b", "java\tscript:x", " https://a"} {
		if v, err := hand(target); err == nil || v.Body.Len() > 0 {
			t.Errorf("%q is a target", target)
		}
	}
}

func TestFormPost(t *testing.T) {
	b := newBench(t, sampleIssuer)
	post := func(action string) (visit, error) {
		rec := httptest.NewRecorder()
		err := b.FormPost(rec, httptest.NewRequest(http.MethodGet, "/authorize", nil), action, []serve.Param{{Name: "state", Value: `"><script>alert(1)</script>`}, {Name: "code", Value: "c"}})
		return visit{rec, t}, err
	}
	v, err := post("https://a.example:8443/cb?x=1&y=2")
	if err != nil {
		t.Fatal(err)
	}
	v.status(200).holds(`action="https://a.example:8443/cb?x=1&amp;y=2"`, `name="state" value="&#34;&gt;&lt;script&gt;`, `<script>document.forms[0].submit()</script>`, "Continue").lacks("latchkey.js", "<script>alert", "/prefs")
	if csp := v.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action https://a.example:8443;") {
		t.Errorf("policy %q", csp)
	}
	for _, action := range []string{"javascript:alert(1)", "com.example:/cb", "https://a.example;script-src *", "https:///cb", ""} {
		if v, err := post(action); err == nil || v.Body.Len() > 0 {
			t.Errorf("%q is an action", action)
		}
	}
}

func TestPrefs(t *testing.T) {
	b := newBench(t, sampleIssuer)
	if c := b.post(t, "/prefs", form("theme", "dark", "back", "/signup?flow=f1")).goes("/signup?flow=f1").sets("lk_theme"); c.Value != "dark" || !c.HttpOnly || c.Path != "/" {
		t.Errorf("cookie %+v", c)
	}
	if c := b.post(t, "/prefs", form("theme", "auto", "back", "/login")).goes("/login").sets("lk_theme"); c.MaxAge >= 0 {
		t.Errorf("cookie %+v", c)
	}
	if c := b.post(t, "/prefs", form("lang", "de", "back", "/login")).goes("/login").sets("lk_lang"); c.Value != "de" {
		t.Errorf("cookie %+v", c)
	}
	// The authorization request's ui_locales would win over the cookie: the address says what was chosen here.
	b.post(t, "/prefs", form("lang", "en", "back", "/login?flow=f-hint")).goes("/login?flow=f-hint&ui_locales=en")
	for _, evil := range []string{"//evil.example", `/\evil.example`, "https://evil.example", "", "/%2f%2fevil.example", "/a/../..//x"} {
		b.post(t, "/prefs", form("theme", "dark", "back", evil)).goes("/")
	}
	if v := b.post(t, "/prefs", form("theme", "evil", "lang", "tlh", "back", "/login")).goes("/login"); len(v.Result().Cookies()) != 0 {
		t.Error("an unknown choice is kept")
	}
	b.get(t, "/login", "lk_theme=dark").holds(`data-theme="dark"`)
	b.get(t, "/login", "lk_theme=evil").lacks("data-theme")
	b.get(t, "/login", "lk_lang=de").says("Anmelden")
	b.get(t, "/login?ui_locales=en", "lk_lang=de").says("Sign in to")
}

// TestHostileText puts what people and clients may write into every page that shows it.
func TestHostileText(t *testing.T) {
	long := strings.Repeat("Ü", 200)
	for name, evil := range map[string]string{"markup": `"><script>alert(1)</script>`, "template": `{{.Title}}`, "right to left": "\u202Etxt.exe", "isolate": "\u2067x", "long": long,
		"attribute": `' onmouseover=x autofocus '`, "newline": "a\r\nSet-Cookie: x=y", "entity": "&lt;b&gt;", "invalid": "\xff\xfe"} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, sampleIssuer)
			hostile := storage.Client{ID: evil, Name: evil, URI: evil, LogoURI: evil, PolicyURI: evil, TOSURI: evil, InitiateLoginURI: evil, SkipConsent: true, Scopes: []string{evil},
				Localized: map[string]string{"client_name#en": evil, "logo_uri#" + evil: evil}}
			fl := Flow{Client: hostile, ClientHost: evil, LoginHint: evil, Scopes: []string{evil, "openid"}, GrantedScopes: []string{evil + "2"}, Resources: []string{evil}}
			b.flows.open["evil"] = fl
			choose, reauth := fl, fl
			choose.ChooseAccount, reauth.Reauth = true, true
			b.flows.open["evil-choose"], b.flows.open["evil-reauth"] = choose, reauth
			a := storage.Account{ID: 7, Username: evil, Email: evil, FullName: evil, FirstName: evil, LastName: evil, Phone: evil, Skills: []string{evil}, Locale: evil,
				Resume: &storage.FileInfo{Filename: evil}, Picture: &storage.FileInfo{ID: evil}}
			b.verbs.account = func(int64) (storage.Account, error) { return a, nil }
			b.verbs.peekVerify = func(string) (string, error) { return evil, nil }
			b.verbs.peekReset = func(string) (storage.Account, error) { return a, nil }
			b.verbs.sessions = func() ([]storage.Session, error) {
				return []storage.Session{{SID: evil, UserAgent: evil, Address: evil, Clients: []string{evil}}}, nil
			}
			b.Site.Client = func(context.Context, string) (storage.Client, error) { return hostile, nil }
			b.verbs.consents = func() ([]storage.Consent, error) {
				return []storage.Consent{{ClientID: "other", Scopes: []string{evil, "(resource) " + evil}, GrantedAt: b.Now()}}, nil
			}
			b.Site.Mailbox = fakeMailbox{{To: evil, Subject: evil, Text: evil + " https://x.example/" + evil}}
			b.verbs.signUp = func(account.SignUp) (account.SignedIn, error) {
				return account.SignedIn{}, invalid("email", account.Malformed)
			}
			visits := []visit{b.get(t, "/login?flow=evil"), b.get(t, "/login?flow=evil-choose", signedIn), b.get(t, "/login?flow=evil-reauth", signedIn), b.get(t, "/consent?flow=evil", signedIn),
				b.get(t, "/account", signedIn), b.get(t, "/account/profile", signedIn), b.get(t, "/account/activity", signedIn), b.get(t, "/account/data", signedIn), b.get(t, "/account/password", signedIn), b.get(t, "/account/sessions", signedIn), b.get(t, "/account/applications", signedIn), b.get(t, "/verify?token="+escaped(evil)),
				b.get(t, "/reset", "lk_reset=good"), b.get(t, "/dev/mail"), b.get(t, "/dev/mail?m=1"), b.get(t, "/not-me?token="+escaped(evil))}
			bad := b.post(t, "/signup", form("email", evil, "username", evil, "full_name", evil, "flow", "evil"))
			bad.status(422)
			profile := b.post(t, "/account/profile", form("experience_years", evil, "full_name", evil, "skills", evil, "phone", evil, "locale", evil), signedIn)
			profile.status(422)
			for _, v := range visits {
				v.status(200)
			}
			for _, v := range append(visits, bad, profile) {
				v.lacks("<script>alert", ` onmouseover=x autofocus '`+`"`, "ZgotmplZ")
				if n := len(v.Result().Cookies()); n != 0 {
					t.Errorf("%d cookies", n)
				}
			}
			// What is read, not typed, has no direction controls.
			for _, v := range []visit{visits[1], visits[3], visits[6], visits[7]} {
				if strings.ContainsAny(text(v.Body.String()), "\u202e\u2067") {
					t.Errorf("a direction control is shown:\n%q", text(v.Body.String()))
				}
			}
		})
	}
}

func TestBlade(t *testing.T) {
	if diff := cmp.Diff(newBlade("a", "Name"), newBlade("a", "Name")); diff != "" {
		t.Error(diff)
	}
	for i := range 500 {
		d := cut(fmt.Sprint(i))
		prev := 3
		for _, v := range d {
			if v < 0 || v > 6 || max(v-prev, prev-v) > 4 {
				t.Fatalf("cut %v", d)
			}
			prev = v
		}
	}
	if got := newBlade("x", strings.Repeat("wide ", 40)).Name; len([]rune(got)) > 26 {
		t.Errorf("name %q runs out of the blade", got)
	}
}
