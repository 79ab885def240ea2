package providertest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	jose "github.com/go-jose/go-jose/v4"

	"latchkey/provider"
	"latchkey/provider/audit"
	"latchkey/provider/logout"
	"latchkey/provider/token"
	"latchkey/storage"
)

// channelsIssuer has clients that want to be told of logouts: two by frames, two by posts, of which one knows people by names of its own.
func channelsIssuer(t *testing.T) *Issuer {
	t.Helper()
	front := func(host string) func(*storage.Client) {
		return func(c *storage.Client) { c.FrontchannelLogoutURI = "https://" + host + "/out?x=1" }
	}
	back := func(c *storage.Client) { c.BackchannelLogoutURI = "https://" + c.ID + ".example.test/bc" }
	i := New(t, Config(func(c *provider.Config) { c.SessionManagement = true }), Clients(
		WebClient("front", front("front.example.test")), WebClient("front-too", front("too.example.test")), WebClient("quiet"),
		WebClient("back", back), WebClient("back-pairwise", back, func(c *storage.Client) { c.SubjectType, c.Sector = token.Pairwise, "back.example.test" }),
	))
	i.Person("alice")
	return i
}

// signedIn signs one browser in to all of these clients, and returns the ID token of each.
func signedIn(i *Issuer, ids ...string) (b *Browser, idTokens map[string]string) {
	b, idTokens = i.Browser(), map[string]string{}
	for _, id := range ids {
		a := i.App(id)
		idTokens[id] = a.Redeem(a.SignIn(b, "alice")).Str("id_token")
	}
	return b, idTokens
}

// frames are the addresses of a page's frames.
func frames(p *Page) (out []string) {
	for _, part := range strings.Split(p.Body, `<iframe src="`)[1:] {
		address, _, _ := strings.Cut(part, `"`)
		out = append(out, strings.ReplaceAll(address, "&amp;", "&"))
	}
	return out
}

func TestFrontChannel(t *testing.T) {
	i := channelsIssuer(t)
	b, ids := signedIn(i, "quiet", "front", "front-too")
	_, _, sid, _ := claims(t, i, ids["front"])
	p := b.Get("/logout?" + Query("id_token_hint", ids["quiet"], "post_logout_redirect_uri", bye, "state", "st").Encode())
	params := "x=1&" + url.Values{"iss": {i.URL}, "sid": {sid}}.Encode()
	if want := []string{"https://front.example.test/out?" + params, "https://too.example.test/out?" + params}; !slices.Equal(frames(p), want) {
		t.Errorf("Front-Channel Logout §3: frames %q, want %q", frames(p), want)
	}
	if p.Left == nil || p.Left.String() != bye+"?state=st" {
		t.Errorf("RP-Initiated Logout §3: left %v", p.Left)
	}
	if p := b.Get(i.App("front").Authorize("prompt", "none")); p.Left == nil || p.Left.Query().Get("error") != "login_required" {
		t.Errorf("still signed in: %v", p.Left)
	}
	if p := b.Get("/logout"); len(frames(p)) != 0 {
		t.Errorf("told again: %q", frames(p))
	}
}

// post is a fetcher that keeps what it is to send.
type post struct {
	mu     sync.Mutex
	status int
	got    map[string]string
}

func (p *post) Post(_ context.Context, uri, contentType string, body []byte) (int, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil || contentType != "application/x-www-form-urlencoded" || len(form) != 1 || len(form["logout_token"]) != 1 {
		return 0, errors.New("no logout request: Back-Channel Logout §2.5")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got[uri] = form.Get("logout_token")
	return p.status, nil
}

func TestBackChannel(t *testing.T) {
	i := channelsIssuer(t)
	mail := &post{status: 503, got: map[string]string{}}
	d, err := logout.New(logout.Defaults(), logout.Deps{Notices: i.Store, Clients: i.Registry, Tokens: i.Provider.Issuer, Fetcher: mail, Audit: audit.SinkFunc(i.record),
		Log: slog.New(slog.DiscardHandler), Now: i.Clock.Now})
	i.must(err)
	round := func() {
		t.Helper()
		_, err := d.Once(t.Context())
		i.must(err)
	}
	b, ids := signedIn(i, "quiet", "back", "back-pairwise")
	round()
	if len(mail.got) != 0 {
		t.Fatalf("told before anything ended: %v", mail.got)
	}
	b.Get("/logout?" + Query("id_token_hint", ids["back"]).Encode())
	round()
	i.Clock.Add(oneSecond * 2)
	mail.status = 200
	round()
	if n := i.Audited(audit.LogoutDelivered); n != 2 || len(mail.got) != 2 {
		t.Errorf("delivered %d, to %v", n, mail.got)
	}
	for _, id := range []string{"back", "back-pairwise"} {
		sub, _, sid, _ := claims(t, i, ids[id])
		checkLogoutToken(t, i, id, mail.got["https://"+id+".example.test/bc"], sub, sid)
	}
	i.Clock.Add(oneSecond * 3600)
	clear(mail.got)
	round()
	if len(mail.got) != 0 {
		t.Errorf("told again: %v", mail.got)
	}
}

// checkLogoutToken checks a logout token as the client would (Back-Channel Logout §2.6).
func checkLogoutToken(t *testing.T, i *Issuer, id, raw, sub, sid string) {
	t.Helper()
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	i.must(err)
	var set jose.JSONWebKeySet
	i.must(json.Unmarshal([]byte(i.Call(http.MethodGet, "/jwks.json", nil, nil).Raw), &set))
	payload, err := jws.Verify(&set)
	i.must(err)
	var got map[string]any
	i.must(json.Unmarshal(payload, &got))
	now := float64(i.Clock.Now().Unix())
	iat, _ := got["iat"].(float64)
	exp, _ := got["exp"].(float64)
	jti, _ := got["jti"].(string)
	events, _ := json.Marshal(got["events"])
	if got["iss"] != i.URL || got["aud"] != id || got["sub"] != sub || got["sid"] != sid || iat > now || exp <= iat || jti == "" || got["nonce"] != nil ||
		string(events) != `{"http://schemas.openid.net/event/backchannel-logout":{}}` {
		t.Errorf("Back-Channel Logout §2.4: %s, want sub %s sid %s", payload, sub, sid)
	}
	if typ := jws.Signatures[0].Protected.ExtraHeaders["typ"]; typ != "logout+jwt" {
		t.Errorf("Back-Channel Logout §2.4: typ %v", typ)
	}
}

// TestSessionChange computes as the check-session frame does.
func TestSessionChange(t *testing.T) {
	i := channelsIssuer(t)
	b, a := i.Browser(), i.App("quiet")
	unchanged := func(state, origin string) bool {
		_, salt, _ := strings.Cut(state, ".")
		now := ""
		for _, c := range b.Cookies() {
			if c.Name == "__Host-lk_opbs" {
				now = c.Value
			}
		}
		sum := sha256.Sum256([]byte(strings.Join([]string{a.ID, origin, now, salt}, " ")))
		return state == base64.RawURLEncoding.EncodeToString(sum[:])+"."+salt
	}
	answer := func(p *Page) url.Values {
		t.Helper()
		if p.Left == nil {
			t.Fatalf("%d %q", p.Status, p.Title())
		}
		return p.Left.Query()
	}
	const origin = "https://app.example.test"
	out := answer(b.Get(a.Authorize("prompt", "none")))
	if out.Get("error") != "login_required" || !unchanged(out.Get("session_state"), origin) {
		t.Errorf("Session Management §2 an error has one too: %v", out)
	}
	in := answer(b.Through(b.Get(a.Authorize()), "alice"))
	if in.Get("code") == "" || !unchanged(in.Get("session_state"), origin) || unchanged(in.Get("session_state"), "https://evil.test") || unchanged(out.Get("session_state"), origin) {
		t.Errorf("Session Management §3.2 signed in: %v", in)
	}
	again := answer(b.Through(b.Get(a.Authorize("prompt", "login")), "alice"))
	if again.Get("code") == "" || !unchanged(in.Get("session_state"), origin) {
		t.Error("Session Management §3.2 the same person again is no change")
	}
	b.Get("/logout").Submit()
	if unchanged(in.Get("session_state"), origin) {
		t.Error("Session Management §3.2 signed out is a change")
	}
	frame := i.Call(http.MethodGet, "/session/check", nil, nil)
	if frame.Status != 200 || !strings.Contains(frame.Raw, "__Host-lk_opbs") || !strings.Contains(frame.Header.Get("Content-Security-Policy"), "frame-ancestors *") {
		t.Errorf("%d %v", frame.Status, frame.Header)
	}
	if got := i.Call(http.MethodGet, "/.well-known/openid-configuration", nil, nil); got.Str("check_session_iframe") != i.URL+"/session/check" {
		t.Errorf("Session Management §3.3: %s", got.Raw)
	}
}
