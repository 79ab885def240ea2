package web

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// devBench is a bench with the developer's pages.
func devBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, sampleIssuer)
	b.Dev = sampleDev()
	return b
}

func TestDevPagesAreOff(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.Dev = nil
	for _, p := range []string{"/dev", "/dev/validate", "/dev/playground", "/dev/request", "/dev/callback", "/dev/token", "/dev/kit"} {
		b.get(t, p).status(404)
	}
	b.get(t, "/dev/mail").status(200).lacks("/dev/playground", "/dev/token")
}

func TestDiscoveryIsExplained(t *testing.T) {
	b := devBench(t)
	b.get(t, "/dev").status(200).says("jwks_uri", "https://id.harbour.example/jwks.json", "fetch them anew for an unknown kid", "unknown").holds(`href="` + sampleIssuer + `/.well-known/openid-configuration"`)
	b.get(t, "/dev?ui_locales=de").status(200).says("Für Entwickler", "bei unbekanntem kid neu holen")
	b.Dev.Discovery = func() []byte { return []byte("[]") }
	b.get(t, "/dev")
	if b.answered == nil {
		t.Error("a document that is none is shown")
	}
}

// TestKit: every part has its place, drawn with somebody else's data.
func TestKit(t *testing.T) {
	b := devBench(t)
	v := b.get(t, "/dev/kit").status(200).says("Ada Byron", "Profile saved", "Nothing to show", "JBSW Y3DP").lacks("<dialog")
	for _, part := range []string{"notice-error", "notice-ok", "notice-warn", "bow", "blade", "mark", "person", "field", "affix", "strength", "check", "btn-primary", "btn-quiet", "btn-danger", "badge-ok", "menu", "line", "pager",
		"scopes", "members", "checks", "tab", "code", "copy", "steps", "qr"} {
		if !regexp.MustCompile(`class="([^"]* )?` + part + `[" ]`).MatchString(v.Body.String()) {
			t.Errorf("no %s", part)
		}
	}
}

func TestSnippetsAreFilled(t *testing.T) {
	b := devBench(t)
	v := b.get(t, "/dev/validate").status(200).lacks("@ISSUER@", "@AUDIENCE@", "@HOST", "@PORT@", "@PATH@")
	v.holds(`name="validate" open`, `id="validate-go"`, `id="validate-kubectl"`, `id="signin-python"`, "https://api.harbour.example", sampleIssuer+"/jwks.json")
	if n := strings.Count(v.Body.String(), "<details class=\"tab\""); n != 11 {
		t.Errorf("%d tabs", n)
	}
	r := httptest.NewRequest(http.MethodGet, "/dev/validate", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	packed := b.do(t, r, nil)
	if packed.Header().Get("Content-Encoding") != "gzip" || !strings.Contains(packed.Header().Get("Vary"), "Accept-Encoding") {
		t.Errorf("header %v", packed.Header())
	}
	zip, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if _, err := io.Copy(&text, zip); err != nil || text.String() != v.Body.String() {
		t.Errorf("packed it is another page: %v", err)
	}
}

// TestSnippetsAreThoseOfTheDocs: what the page shows of nginx and kubectl is what is tried by the tests of the documentation's files.
func TestSnippetsAreThoseOfTheDocs(t *testing.T) {
	read := func(name string) string {
		raw, err := os.ReadFile("../docs/examples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	snippet := func(name string, values ...string) string {
		raw, err := snippetFiles.ReadFile("devsnippets/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		return strings.NewReplacer(values...).Replace(string(raw))
	}
	if got := snippet("nginx.conf", "@HOSTNAME@", "127.0.0.1", "@PORT@", "8080", "@PATH@", ""); got != read("nginx/wiki.conf") {
		t.Error("nginx.conf is not docs/examples/nginx/wiki.conf")
	}
	if got := snippet("kubectl.yaml", "@ISSUER@", "https://id.example.com"); got != read("kubectl/authentication.yaml")+"---\n"+read("kubectl/kubeconfig.yaml") {
		t.Error("kubectl.yaml is not what docs/examples/kubectl has")
	}
	var envoy map[string]any
	if err := yaml.Unmarshal([]byte(snippet("envoy.yaml", "@PORT@", "443")), &envoy); err != nil || len(envoy["http_filters"].([]any)) != 3 || len(envoy["clusters"].([]any)) != 1 {
		t.Errorf("envoy.yaml: %v", err)
	}
	for _, name := range []string{"validate.java", "validate.cs"} { // that they close what they open is all that is looked at
		code := snippet(name)
		for _, pair := range []string{"()", "{}", "[]"} {
			if strings.Count(code, pair[:1]) != strings.Count(code, pair[1:]) {
				t.Errorf("%s: %s do not match", name, pair)
			}
		}
		for _, want := range []string{"@ISSUER@", "@AUDIENCE@", "at+jwt", "ES256"} {
			if !strings.Contains(code, want) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
	}
}

// TestPlaygroundWalk goes from the request to the answer, and holds what an application must not go on with.
func TestPlaygroundWalk(t *testing.T) {
	b := devBench(t)
	b.get(t, "/dev/playground").status(200)
	b.post(t, "/dev/playground", url.Values{"claims": {"[]"}}).status(422).says("must be a JSON object").holds("[]")
	b.post(t, "/dev/playground", url.Values{"claims": {"{" + strings.Repeat(" ", 1100) + "}"}}).status(422)
	v := b.post(t, "/dev/playground", url.Values{"scope": {"email", "offline_access", "made-up"}, "prompt": {"sideways"}}).goes("/dev/request")
	cookie := v.Result().Cookies()[0]
	if !cookie.HttpOnly || cookie.Path != "/dev" || cookie.MaxAge != int(devTTL/time.Second) || cookie.SameSite != http.SameSiteLaxMode {
		t.Errorf("cookie %v", cookie)
	}
	walk := cookie.Name + "=" + cookie.Value
	v = b.get(t, "/dev/request", walk).status(200).says("openid email offline_access", "consent").lacks("made-up", "sideways")
	b.get(t, "/dev/request").goes("/dev/playground")
	b.get(t, "/dev/request", cookie.Name+"=forged").goes("/dev/playground")
	state := v.Body.String()
	state = state[strings.Index(state, "state=")+6:][:22]
	answer := func(q url.Values) visit { return b.get(t, "/dev/callback?"+q.Encode(), walk).status(200) }
	answer(url.Values{"code": {"c1"}, "state": {state}, "iss": {sampleIssuer}}).holds(`name="code" value="c1"`).says("state is the one")
	for name, q := range map[string]url.Values{
		"another state": {"code": {"c1"}, "state": {"x"}, "iss": {sampleIssuer}}, "another issuer (RFC 9207 §2.4)": {"code": {"c1"}, "state": {state}, "iss": {"https://evil.example"}}, "no issuer": {"code": {"c1"}, "state": {state}},
		"an error": {"error": {"access_denied"}, "code": {"c1"}, "state": {state}, "iss": {sampleIssuer}}, "no code": {"state": {state}, "iss": {sampleIssuer}},
	} {
		if strings.Contains(answer(q).Body.String(), `name="code"`) {
			t.Errorf("%s: it goes on", name)
		}
	}
	answer(url.Values{"error": {"<script>x"}, "state": {state}, "iss": {sampleIssuer}}).lacks("<script>x")
	b.get(t, "/dev/callback?code=c").status(400).says("began no sign-in")
	b.post(t, "/dev/callback", url.Values{"code": {"c"}}).status(400)
	var sent string
	b.Dev.Call = func(_, q *http.Request) (int, []byte, error) {
		_ = q.ParseForm()
		sent = q.URL.Path + "?" + q.PostForm.Encode()
		return http.StatusBadRequest, []byte(`{"error":"invalid_grant"}`), nil
	}
	v = b.post(t, "/dev/callback", url.Values{"code": {"c1"}}, walk).status(200).says("No tokens came", "invalid_grant")
	for _, want := range []string{"/token?", "client_id=latchkey-playground", "code=c1", "code_verifier=", "grant_type=authorization_code"} {
		if !strings.Contains(sent, want) {
			t.Errorf("the token request %q lacks %q", sent, want)
		}
	}
	if c := v.Result().Cookies(); len(c) != 1 || c[0].MaxAge >= 0 {
		t.Errorf("the walk goes on: %v", c)
	}
}

// TestWalkEnds: what is older than devTTL counts for nothing.
func TestWalkEnds(t *testing.T) {
	b := devBench(t)
	sealed, err := b.Dev.Seal([]byte(`{"v":"x","s":"s","n":"n","o":"openid","t":"2026-11-21T20:40:00Z"}`)) // the bench's present is 21:00
	if err != nil {
		t.Fatal(err)
	}
	b.get(t, "/dev/request", "lk_walk="+sealed).goes("/dev/playground")
}

// TestDebugger says of what is pasted what it is, and never shows it again.
func TestDebugger(t *testing.T) {
	b := devBench(t)
	at := b.Now().Unix()
	token := func(head, claims string) string {
		return sampleJWT(head, strings.NewReplacer("NOW", strconv.FormatInt(at, 10), "LATER", strconv.FormatInt(at+600, 10), "BEFORE", strconv.FormatInt(at-600, 10), "ISSUER", sampleIssuer).Replace(claims))
	}
	access, id := `{"alg":"ES256","kid":"sample","typ":"at+jwt"}`, `{"alg":"RS256","kid":"sample","typ":"JWT"}`
	good := `{"iss":"ISSUER","sub":"7c1e","aud":["a","b"],"client_id":"app","iat":NOW,"exp":LATER,"jti":"g.1","scope":"openid"}`
	for _, row := range []struct {
		name, token string
		says        []string
		lacks       string
	}{
		{"a good access token", token(access, good), []string{"An access token", "The signature holds: ES256, key sample", "aud has who it should be for: a, b", "still live", "in 10 minutes"}, "has expired"},
		{"an ID token that lacks claims", token(id, `{"iss":"ISSUER","sub":"7c1e","aud":"a","iat":NOW,"exp":LATER}`), []string{"An ID token", "The request had no nonce", `{"id_token":{"email":null}}`, "The scope groups"}, "still live"},
		{"an ID token with claims of a person", token(id, `{"iss":"ISSUER","sub":"7c1e","aud":"a","iat":NOW,"exp":LATER,"nonce":"n","email":"x@example.com","phone_number":"+1"}`), []string{"by scope email", "by scope phone"}, "The request had no nonce"},
		{"expired", token(access, `{"iss":"ISSUER","sub":"7c1e","aud":"a","exp":BEFORE}`), []string{"It has expired", "10 minutes ago", "is not asked for an expired token"}, "account still live"},
		{"without exp", token(access, `{"iss":"ISSUER","aud":"a"}`), []string{"It has no exp"}, ""},
		{"exp as text", token(access, `{"iss":"ISSUER","aud":"a","exp":"never"}`), []string{"It has no exp"}, ""},
		{"of another issuer", token(access, `{"iss":"https://evil.example","aud":"a","exp":LATER}`), []string{"iss is not this server"}, "still live"},
		{"for nobody", token(access, `{"iss":"ISSUER","aud":[],"exp":LATER}`), []string{"it is for nobody"}, ""},
		{"not yet", token(access, `{"iss":"ISSUER","aud":"a","nbf":LATER,"iat":LATER,"exp":LATER}`), []string{"Its time has not begun", "a clock is wrong"}, ""},
		{"a logout token", token(`{"alg":"RS256","typ":"logout+jwt"}`, `{"iss":"ISSUER","aud":"a","events":{},"exp":LATER}`), []string{"A logout token", "All sessions of the person"}, ""},
		{"a typ of nobody", token(`{"alg":"ES256","typ":"secevent+jwt"}`, good), []string{"of no type that this server issues", "“secevent+jwt”"}, "still live"},
		{"hostile text", token(access, `{"iss":"<script>x</script>","aud":"\u202e"}`), []string{"<script>x"}, ""},
		{"opaque", "lka_abc", []string{"is sealed"}, "Header"},
		{"a refresh token", "lkr_abc", []string{"revoke it"}, "Header"},
		{"a code", "lkc_abc", []string{"An authorization code"}, "Header"},
		{"encrypted", "a.b.c.d.e", []string{"five parts"}, "Header"},
		{"no token", "hello", []string{"This is no token"}, "Header"},
		{"no JSON", "aGk.aGk.aGk", []string{"This is no token"}, "Header"},
		{"null for claims", sampleJWT(access, "null"), []string{"This is no token"}, "Header"},
		{"with Bearer before it", "Bearer " + token(access, good), []string{"An access token"}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := b.post(t, "/dev/token", url.Values{"token": {row.token}, "audience": {"a"}}).status(200).says(row.says...).lacks(row.token, "<script>x")
			if row.lacks != "" && strings.Contains(text(v.Body.String()), row.lacks) {
				t.Errorf("it says %q", row.lacks)
			}
		})
	}
	b.post(t, "/dev/token", url.Values{"token": {" "}}).status(422).says("Paste a token")
	b.post(t, "/dev/token", url.Values{"token": {strings.Repeat("a", maxForm)}}).status(413)
	for state, want := range map[string]string{"bad": "does not hold with", "unknown": "No published key", "none": "alg none", "shared": "for ID tokens alone", "form": "not the form of a JWT"} {
		asked := false
		b.Dev.Signed = func(string) Signature { return Signature{State: state} }
		b.Dev.Lives = func(c context.Context, _ string) (bool, error) { asked = true; return true, nil }
		b.post(t, "/dev/token", url.Values{"token": {token(access, good)}}).status(200).says(want)
		if asked {
			t.Errorf("%s: it was asked whether the session lives: that is told to who has a good token alone", state)
		}
	}
	b.Dev.Signed = func(string) Signature { return Signature{State: "good"} }
	b.Dev.Lives = func(context.Context, string) (bool, error) { return false, nil }
	b.post(t, "/dev/token", url.Values{"token": {token(access, good)}}).status(200).says("has ended")
	b.Dev.Lives = func(context.Context, string) (bool, error) { return false, errors.New("store down") }
	b.post(t, "/dev/token", url.Values{"token": {token(access, good)}}).status(200).says("cannot be told now").lacks("store down")
}

func FuzzDebugger(f *testing.F) {
	f.Add(sampleJWT(`{"alg":"ES256"}`, `{"exp":1e400}`))
	f.Add(sampleJWT(`{"typ":"at+jwt"}`, `{"aud":[1,null,{}],"exp":-1,"iat":1e20,"auth_time":0.5}`))
	f.Add("..")
	b := newBench(f, sampleIssuer)
	b.Dev = sampleDev()
	c, _ := b.words.Get("en")
	f.Fuzz(func(t *testing.T, raw string) {
		d := b.frame(c, "").decode(t.Context(), raw, b.Now(), "a")
		if d.About == "" || d.Kind == "" {
			t.Errorf("%q is nothing", raw)
		}
	})
}
