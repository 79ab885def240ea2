package providertest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/provider"
	"latchkey/provider/audit"
	"latchkey/provider/oauth"
	"latchkey/storage"
)

// front gives a client every response type of its own, and what they need.
func front(c *storage.Client) {
	c.GrantTypes = append(c.GrantTypes, "implicit")
	c.ResponseTypes = oauth.ResponseTypes()
	c.PKCEExempt = true
}

// everyType turns every response type on for all.
func everyType(c *provider.Config) { c.ResponseTypes = oauth.ResponseTypes() }

func TestResponseTypes(t *testing.T) {
	i := testIssuer(t, Clients(WebClient("front", front)))
	alice := i.Person("alice")
	for _, rt := range oauth.ResponseTypes() {
		for _, mode := range []oauth.ResponseMode{"", oauth.ModeFragment, oauth.ModeFormPost} {
			t.Run("OpenID Connect Core §3.2, §3.3 "+rt+" "+string(mode), func(t *testing.T) {
				a, b := i.App("front"), i.Browser()
				words := strings.Fields(rt)
				slices.Reverse(words) // Multiple Response Types §3: in any order
				p := b.Through(b.Get(a.Authorize("response_type", strings.Join(words, " "), "response_mode", string(mode))), "alice")
				got, by := p.Response()
				want := mode
				if mode == "" {
					if want = oauth.ModeFragment; rt == oauth.TypeCode {
						want = oauth.ModeQuery
					}
				}
				if by != want || got.Get("state") != "st" || got.Get("iss") != URL {
					t.Fatalf("by %s: %v", by, got)
				}
				fronted(t, a, rt, alice, got)
			})
		}
	}
}

// fronted checks what left, and that nothing else did.
func fronted(t *testing.T, a *App, rt string, who storage.Account, got url.Values) {
	t.Helper()
	names := map[string][]string{"code": {"code"}, "token": {"access_token", "token_type", "expires_in"}, "id_token": {"id_token"}}
	wanted := []string{"state", "iss"}
	for word, params := range names {
		if oauth.Answers(rt, word) {
			wanted = append(wanted, params...)
		}
	}
	if len(got) != len(wanted) || slices.ContainsFunc(wanted, func(n string) bool { return got.Get(n) == "" }) {
		t.Errorf("got %v, want %v", got, wanted)
	}
	if access := got.Get("access_token"); access != "" {
		if info := a.i.Userinfo(access); info.Status != 200 || info.Str("sub") != who.Sub || info.Str("name") != "Person alice" {
			t.Errorf("userinfo: %d %s", info.Status, info.Raw)
		}
		if got.Get("token_type") != "Bearer" || got.Get("expires_in") != "300" {
			t.Errorf("RFC 6749 §4.2.2: %v", got)
		}
	}
	var front map[string]any
	if raw := got.Get("id_token"); raw != "" {
		front = payload(t, raw)
		if front["nonce"] != "n-1" || front["acr"] != "1" || front["sid"] == "" || front["auth_time"] == nil || front["sub"] != who.Sub {
			t.Errorf("ID token: %v", front)
		}
		if (front["at_hash"] != nil) != oauth.Answers(rt, "token") || (front["c_hash"] != nil) != oauth.Answers(rt, "code") {
			t.Errorf("OpenID Connect Core §3.2.2.10, §3.3.2.11 hashes: %v", front)
		}
		if (front["name"] != nil) != (rt == oauth.TypeIDToken) {
			t.Errorf("OpenID Connect Core §5.4 claims of scopes: %v", front)
		}
	}
	if code := got.Get("code"); code != "" {
		ans := a.Redeem(code, "code_verifier", Verifier)
		if ans.Status != 200 {
			t.Fatalf("%d %s", ans.Status, ans.Raw)
		}
		back := payload(t, ans.Str("id_token"))
		if front != nil && (back["sub"] != front["sub"] || back["iss"] != front["iss"] || back["auth_time"] != front["auth_time"]) {
			t.Errorf("OpenID Connect Core §3.3.3.6: %v and %v", front, back)
		}
	}
}

// payload reads the claims of a JWT without checking it.
func payload(t *testing.T, raw string) map[string]any {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("no JWT: %q", raw)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFrontTokens(t *testing.T) {
	setup := func(t *testing.T, pairs ...string) (*Issuer, *App, *Browser, url.Values) {
		i := testIssuer(t, Clients(WebClient("front", front)))
		i.Person("alice")
		a, b := i.App("front"), i.Browser()
		got, _ := b.Through(b.Get(a.Authorize(pairs...)), "alice").Response()
		return i, a, b, got
	}
	t.Run("RFC 6749 §4.1.2 a replayed code kills the token that left beside it", func(t *testing.T) {
		i, a, _, got := setup(t, "response_type", "code token")
		if ans := a.Redeem(got.Get("code")); ans.Status != 200 {
			t.Fatal(ans.Raw)
		}
		if i.Userinfo(got.Get("access_token")).Status != 200 {
			t.Error("dead before")
		}
		a.Redeem(got.Get("code")).wants(t, 400, "invalid_grant")
		if i.Userinfo(got.Get("access_token")).Status != 401 {
			t.Error("alive after the replay")
		}
	})
	t.Run("OpenID Connect Core §3.3.2.5 a token outlives the code that nobody redeems", func(t *testing.T) {
		i, _, _, got := setup(t, "response_type", "code id_token token")
		i.Clock.Add(2 * time.Minute)
		if _, err := i.Store.Sweep(t.Context(), 100, i.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if got := i.Userinfo(got.Get("access_token")); got.Status != 200 {
			t.Errorf("%d %s", got.Status, got.Raw)
		}
	})
	t.Run("RFC 9700 §2.1.2 a token of the front dies with the session", func(t *testing.T) {
		i, _, _, got := setup(t, "response_type", "id_token token")
		a, err := i.Store.Account(t.Context(), storage.AccountKey{UsernameKey: "alice"})
		if err != nil {
			t.Fatal(err)
		}
		endSessions(t, i, a)
		if i.Userinfo(got.Get("access_token")).Status != 401 {
			t.Error("alive")
		}
	})
	t.Run("RFC 6749 §4.2.2 scope where it differs", func(t *testing.T) {
		_, _, _, got := setup(t, "response_type", "id_token token", "scope", "openid nonsense read offline_access")
		if got.Get("scope") != "openid read" { // OpenID Connect Core §11: offline_access needs a code
			t.Errorf("%q", got.Get("scope"))
		}
		if got.Has("refresh_token") {
			t.Error("RFC 6749 §4.2.2 a refresh token")
		}
	})
	t.Run("RFC 8707 §2 resources of a token of the front", func(t *testing.T) {
		_, _, _, got := setup(t, "response_type", "code token", "resource", API)
		aud, _ := payload(t, got.Get("access_token"))["aud"].([]any)
		if len(aud) != 2 || aud[0] != API || aud[1] != URL {
			t.Errorf("%v", aud)
		}
	})
	t.Run("OpenID Connect Core §3.2.2.5 an ID token alone stores no grant, and the session knows its client", func(t *testing.T) {
		i, a, b, _ := setup(t, "response_type", "id_token")
		if slices.Contains(i.Watch.Verbs(), "CreateGrant") {
			t.Errorf("%v", i.Watch.Verbs())
		}
		s := session(t, i, b)
		if !slices.Equal(s.Clients, []string{a.ID}) {
			t.Errorf("%v", s.Clients)
		}
		if i.Audited(audit.TokenIssued) != 1 {
			t.Error("not audited")
		}
	})
	t.Run("RFC 8252 §8.6 tokens of the front to a loopback port are never silent, secret or not", func(t *testing.T) {
		i := testIssuer(t, Clients(WebClient("desktop", front, func(c *storage.Client) {
			c.ApplicationType, c.RedirectURIs = "native", []string{"http://127.0.0.1/cb"}
		})))
		i.Person("alice")
		a, b := i.App("desktop"), i.Browser()
		b.Through(b.Get(a.Authorize("response_type", "id_token")), "alice").Response()
		if p := b.Get(a.Authorize("response_type", "id_token")); p.Title() != "Consent: openid profile" {
			t.Errorf("%q left %v", p.Title(), p.Left)
		}
		if got, _ := b.Get(a.Authorize()).Response(); got.Get("code") == "" {
			t.Errorf("a code needs the secret: %v", got)
		}
	})
}

// session is the browser's.
func session(t *testing.T, i *Issuer, b *Browser) storage.Session {
	t.Helper()
	for _, c := range b.Cookies() {
		if strings.HasSuffix(c.Name, "lk_session") {
			sid, _, _ := strings.Cut(c.Value, ".")
			s, err := i.Store.Session(t.Context(), sid, i.Clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	}
	t.Fatal("no session")
	return storage.Session{}
}

func TestResponseTypesRefused(t *testing.T) {
	own := func(types, grants string) func(c *storage.Client) {
		return func(c *storage.Client) {
			c.ResponseTypes, c.GrantTypes, c.PKCEExempt = strings.Split(types, ","), strings.Fields(grants), true
		}
	}
	registered := func(c *storage.Client) { c.Registered = true }
	i := testIssuer(t, Config(everyType), Clients(
		WebClient("front", front),
		WebClient("registered", own("code,id_token code", "authorization_code implicit"), registered),
		WebClient("listless", own("", "authorization_code implicit"), func(c *storage.Client) { c.ResponseTypes = nil }, registered),
		WebClient("no-implicit", own("code,id_token,code id_token", "authorization_code")),
		WebClient("no-code", own("code,id_token,code id_token", "implicit")),
		WebClient("dev", front, func(c *storage.Client) { c.RedirectURIs = []string{"http://localhost/cb"} }),
		WebClient("posted", front, func(c *storage.Client) { c.ResponseModes = []string{"form_post"} }),
	))
	for _, c := range []struct {
		name, client string
		pairs        []string
		mode         oauth.ResponseMode
		err          string // "" for a sign-in page
	}{
		{"RFC 6749 §4.1.2.1 token alone", "front", []string{"response_type", "token"}, oauth.ModeFragment, "unsupported_response_type"},
		{"Multiple Response Types §5 an unknown word beside a token", "front", []string{"response_type", "token foo"}, oauth.ModeFragment, "unsupported_response_type"},
		{"Multiple Response Types §4 none", "front", []string{"response_type", "none"}, oauth.ModeQuery, "unsupported_response_type"},
		{"Multiple Response Types §3 a word twice", "front", []string{"response_type", "code code"}, oauth.ModeQuery, "unsupported_response_type"},
		{"Multiple Response Types §5 query with a token", "front", []string{"response_type", "code token", "response_mode", "query"}, oauth.ModeFragment, "invalid_request"},
		{"Multiple Response Types §2.1 an unknown mode with a token", "front", []string{"response_type", "id_token", "response_mode", "x"}, oauth.ModeFragment, "invalid_request"},
		{"OpenID Connect Core §3.2.2.1 nonce, id_token", "front", []string{"response_type", "id_token", "nonce", ""}, oauth.ModeFragment, "invalid_request"},
		{"OpenID Connect Core §3.2.2.1 nonce, id_token token", "front", []string{"response_type", "id_token token", "nonce", ""}, oauth.ModeFragment, "invalid_request"},
		{"OpenID Connect Core §3.3.2.11 nonce, code id_token", "front", []string{"response_type", "code id_token", "nonce", ""}, oauth.ModeFragment, "invalid_request"},
		{"OpenID Connect Core §3.3.2.11 nonce, code id_token token", "front", []string{"response_type", "code id_token token", "nonce", ""}, oauth.ModeFragment, "invalid_request"},
		{"OpenID Connect Core §3.3.2.11 nonce, code token needs none", "front", []string{"response_type", "code token", "nonce", ""}, "", ""},
		{"Form Post Response Mode §2 an error by form_post", "front", []string{"response_type", "id_token", "nonce", "", "response_mode", "form_post"}, oauth.ModeFormPost, "invalid_request"},
		{"OpenID Connect Core §3.1.2.6 prompt=none at the front", "front", []string{"response_type", "id_token", "prompt", "none"}, oauth.ModeFragment, "login_required"},
		{"OpenID Connect Core §3.1.2.1 an ID token without openid", "front", []string{"response_type", "id_token", "scope", "read"}, oauth.ModeFragment, "invalid_scope"},
		{"OpenID Connect Core §3.2.2.1 http", "dev", []string{"response_type", "id_token"}, oauth.ModeFragment, "invalid_request"},
		{"OpenID Connect Core §3.1.2.1 http with a code", "dev", []string{"response_type", "code token"}, "", ""},
		{"RFC 7591 §2 registered for others", "registered", []string{"response_type", "id_token"}, oauth.ModeFragment, "unauthorized_client"},
		{"RFC 7591 §2 registered", "registered", []string{"response_type", "code id_token"}, "", ""},
		{"RFC 7591 §2 registered nothing", "listless", []string{"response_type", "id_token"}, oauth.ModeFragment, "unauthorized_client"},
		{"RFC 7591 §2 registered nothing means code", "listless", nil, "", ""},
		{"RFC 7591 §2.1 an ID token needs implicit", "no-implicit", []string{"response_type", "id_token"}, oauth.ModeFragment, "unauthorized_client"},
		{"RFC 7591 §2.1 hybrid needs implicit", "no-implicit", []string{"response_type", "code id_token"}, oauth.ModeFragment, "unauthorized_client"},
		{"RFC 7591 §2.1 hybrid needs authorization_code", "no-code", []string{"response_type", "code id_token"}, oauth.ModeFragment, "unauthorized_client"},
		{"RFC 7591 §2.1 implicit needs no authorization_code", "no-code", []string{"response_type", "id_token"}, "", ""},
		{"RFC 7636 §4.4.1 a hybrid code needs a challenge", "basic-front", []string{"response_type", "code id_token", "code_challenge", "", "code_challenge_method", ""}, oauth.ModeFragment, "invalid_request"},
		{"RFC 7636 §1 without a code there is nothing to prove", "basic-front", []string{"response_type", "id_token", "code_challenge", "x"}, "", ""},
		{"a mode that is not the client's", "posted", []string{"response_type", "id_token"}, oauth.ModeFragment, "invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.client == "basic-front" {
				i.Registry.Declare(append(i.Registry.Declared(), WebClient("basic-front", front, func(c *storage.Client) { c.PKCEExempt = false })))
			}
			p := i.Browser().Get(i.App(c.client).Authorize(c.pairs...))
			if c.err == "" {
				if p.Title() != "Sign in" {
					t.Errorf("got %d %q left %v", p.Status, p.Title(), p.Left)
				}
				return
			}
			got, mode := p.Response()
			if got.Get("error") != c.err || mode != c.mode || got.Get("state") != "st" || got.Get("iss") != URL || len(got) != 4 {
				t.Errorf("by %s: %v", mode, got)
			}
		})
	}
	t.Run("what a client says of itself turns nothing on", func(t *testing.T) {
		i := testIssuer(t, Clients(WebClient("registered", front, registered), WebClient("declared", front)))
		for id, want := range map[string]string{"registered": "unsupported_response_type", "declared": "login_required", "basic": "unsupported_response_type"} {
			got, _ := i.Browser().Get(i.App(id).Authorize("response_type", "id_token", "prompt", "none")).Response()
			if got.Get("error") != want {
				t.Errorf("%s: %v", id, got)
			}
		}
	})
	t.Run("RFC 6749 §3.1 response_type twice: what might be a token leaves by the fragment", func(t *testing.T) {
		q := i.App("front").Request()
		q["response_type"] = []string{"code", "id_token"}
		if got, mode := i.Browser().Get("/authorize?" + q.Encode()).Response(); mode != oauth.ModeFragment || got.Get("error") != "invalid_request" {
			t.Errorf("by %s: %v", mode, got)
		}
	})
}

// endedStore ends the session in the moment before a verb.
type endedStore struct {
	storage.Store
	armed *atomic.Bool
}

func (s endedStore) TouchSession(ctx context.Context, sid string, change storage.SessionChange, now time.Time) (storage.Session, error) {
	if change.AddClient != "" && s.armed.Load() {
		return storage.Session{}, storage.ErrNotFound
	}
	return s.Store.TouchSession(ctx, sid, change, now)
}

func TestSignedOutMeanwhile(t *testing.T) {
	skip := func(c *storage.Client) { c.SkipConsent = true }
	for _, rt := range []string{"code", "id_token", "id_token token"} {
		t.Run("OpenID Connect Core §3.1.2.6 the session ends in the last moment, "+rt, func(t *testing.T) {
			var armed atomic.Bool
			i := testIssuer(t, WrapStore(func(s storage.Store) storage.Store { return endedStore{s, &armed} }), Clients(WebClient("front", front), WebClient("operator", front, skip)))
			i.Person("alice")
			b := i.Browser()
			i.App("front").SignIn(b, "alice")
			armed.Store(true)
			a := i.App("operator")
			if p := b.Get(a.Authorize("response_type", rt)); p.Title() != "Sign in" {
				t.Errorf("%d %q left %v", p.Status, p.Title(), p.Left)
			}
			if got, _ := b.Get(a.Authorize("response_type", rt, "prompt", "none")).Response(); got.Get("error") != "login_required" {
				t.Errorf("%v", got)
			}
		})
	}
}
