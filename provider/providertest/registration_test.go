package providertest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/oauth"
	"latchkey/provider/register"
	"latchkey/storage"
)

// TestRegisteredClientLives goes with a client from its registration to its end, by each way to prove itself.
func TestRegisteredClientLives(t *testing.T) {
	s := newSide(t)
	inline, remote := newKeyring(t, "ES256"), newKeyring(t, "PS256")
	for _, c := range []struct {
		name string
		keys *keyring
		with object
	}{
		{"RFC 6749 §2.3.1 client_secret_basic", nil, object{}},
		{"RFC 6749 §2.3.1 client_secret_post", nil, object{"token_endpoint_auth_method": "client_secret_post", "id_token_signed_response_alg": "HS256"}},
		{"RFC 6749 §2.1, §3.2.1 none", nil, object{"token_endpoint_auth_method": "none"}},
		{"OpenID Connect Core §9 client_secret_jwt, RFC 7518 §3.2 HS512", &keyring{alg: "HS512"},
			object{"token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": "HS512"}},
		{"OpenID Connect Core §9 private_key_jwt by jwks", inline, object{"token_endpoint_auth_method": "private_key_jwt", "jwks": inline.public(t)}},
		{"OpenID Connect Core §9 private_key_jwt by jwks_uri, RFC 7517 §8.5, RFC 7518 §3.5 PS256", remote,
			object{"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": s.put("/jwks", remote.document(t)), "id_token_signed_response_alg": "ES256"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := New(t, registering(), fetching(t, s))
			alice := i.Person("alice")
			metadata := object{"client_name": "Shop", "redirect_uris": []string{Callback}, "grant_types": []string{"authorization_code", "refresh_token"}, "scope": "openid profile admin"}
			for name, v := range c.with {
				metadata[name] = v
			}
			reg := i.register(t, "", metadata)
			public := c.with["token_endpoint_auth_method"] == "none"
			if reg.Str("scope") != "openid profile" || (reg.Str("client_secret") != "") != (c.keys == nil && !public || c.keys != nil && c.keys.alg == "HS512") {
				t.Fatalf("RFC 7591 §3.2.1: %s", reg.Raw)
			}
			if id := reg.Str("client_id"); !strings.HasPrefix(id, "dcr-") || len(id) == len(alice.Sub) {
				t.Errorf("RFC 9700 §4.15 a client that could be a person: %s", id)
			}
			a, b := i.registered(t, reg, c.keys), i.Browser()
			if p := b.Through(b.Get(a.Authorize("code_challenge", "", "code_challenge_method", "")), "alice"); p.Left == nil || p.Left.Query().Get("error") != "invalid_request" {
				t.Errorf("RFC 9700 §2.1.1 without PKCE: %d %q %v", p.Status, p.Title(), p.Left)
			}
			ans := a.Redeem(a.SignIn(b, "alice"))
			if sub, _, _, _ := claims(t, i, ans.Str("id_token")); sub != alice.Sub {
				t.Errorf("OpenID Connect Core §3.1.3.7: sub %q", sub)
			}
			if cons, err := i.Store.Consent(t.Context(), alice.ID, a.ID); err != nil || !slices.Contains(cons.Scopes, "profile") {
				t.Errorf("nobody was asked: %+v %v", cons, err)
			}
			if ans = a.Refresh(ans.Str("refresh_token")); ans.Status != 200 {
				t.Fatalf("RFC 6749 §6: %d %s", ans.Status, ans.Raw)
			}
			if got := a.Post("/introspect", "token", ans.Str("access_token")); public && got.Status != 401 || !public && got.JSON["active"] != true {
				t.Errorf("RFC 7662 §2.1: %d %s", got.Status, got.Raw)
			}
			a.looksAfterItself(t, reg, metadata, ans)
		})
	}
}

// looksAfterItself reads, changes and deletes the registration (RFC 7592). ans is what the client holds.
func (a *App) looksAfterItself(t *testing.T, reg Answer, metadata object, ans Answer) {
	t.Helper()
	i, at, token := a.i, reg.Str("registration_client_uri"), reg.Str("registration_access_token")
	read := i.sendJSON("GET", at, token, nil)
	if read.Status != 200 || read.Str("client_name") != "Shop" || read.Str("client_secret") != "" {
		t.Errorf("RFC 7592 §2.1: %d %s", read.Status, read.Raw)
	}
	for name, bearer := range map[string]string{"an access token": ans.Str("access_token"), "nothing": "", "its secret": reg.Str("client_secret")} {
		if got := i.sendJSON("GET", at, bearer, nil); got.Status != 401 || got.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("RFC 7592 §2 by %s: %d %s", name, got.Status, got.Raw)
		}
	}
	changed := object{"client_id": a.ID, "client_name": "Other shop"}
	for name, v := range metadata {
		if name != "client_name" {
			changed[name] = v
		}
	}
	changed["redirect_uris"] = []string{Callback + "/new"}
	if put := i.sendJSON("PUT", at, token, changed); put.Status != 200 || put.Str("client_name") != "Other shop" || put.Str("client_secret") != "" {
		t.Fatalf("RFC 7592 §2.2: %d %s", put.Status, put.Raw)
	}
	if p := i.Browser().Get(a.Authorize()); p.Left != nil || p.Status != 400 {
		t.Errorf("RFC 6749 §3.1.2.3 the former redirect URI: %d left %v", p.Status, p.Left)
	}
	if again := a.Refresh(ans.Str("refresh_token")); again.Status != 200 {
		t.Errorf("RFC 7592 §2.2 what was granted stays: %d %s", again.Status, again.Raw)
	}
	if got := a.Post("/revoke", "token", ans.Str("access_token")); got.Status != 200 {
		t.Errorf("RFC 7009 §2.1: %d %s", got.Status, got.Raw)
	}
	if got := i.Userinfo(ans.Str("access_token")); got.Status != 401 {
		t.Errorf("RFC 7009 §2.2: %d", got.Status)
	}
	if gone := i.sendJSON("DELETE", at, token, nil); gone.Status != 204 || gone.Raw != "" {
		t.Errorf("RFC 7592 §2.3: %d %s", gone.Status, gone.Raw)
	}
	if got := a.Refresh(ans.Str("refresh_token")); got.Status != 401 || got.Str("error") != "invalid_client" {
		t.Errorf("RFC 7592 §2.3 its credentials: %d %s", got.Status, got.Raw)
	}
	if p := i.Browser().Get(a.Authorize("redirect_uri", Callback+"/new")); p.Left != nil || p.Status != 400 {
		t.Errorf("RFC 7592 §2.3 it is unknown: %d left %v", p.Status, p.Left)
	}
	if n := i.Audited(audit.ClientChanged); n != 3 {
		t.Errorf("%d changes were noted", n)
	}
}

func TestWhoMayRegister(t *testing.T) {
	metadata := object{"redirect_uris": []string{Callback}}
	t.Run("RFC 7591 §3 closed unless opened", func(t *testing.T) {
		i := New(t)
		if a := i.sendJSON("POST", "/register", "", metadata); a.Status != 404 {
			t.Errorf("%d %s", a.Status, a.Raw)
		}
		if a := i.Call("GET", "/.well-known/openid-configuration", nil, nil); a.JSON["registration_endpoint"] != nil {
			t.Error("RFC 8414 §2: it is announced")
		}
	})
	t.Run("RFC 7591 §3 by initial access token", func(t *testing.T) {
		i := New(t, registering(func(p *register.Policy) { p.Mode = register.Token }))
		initial := i.initial(storage.RegistrationToken{ID: "t", MaxUses: 1})
		if a := i.sendJSON("POST", "/register", "", metadata); a.Status != 401 || a.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("RFC 6750 §3.1: %d %s", a.Status, a.Raw)
		}
		i.register(t, initial, metadata)
		if a := i.sendJSON("POST", "/register", initial, metadata); a.Status != 401 {
			t.Errorf("used up: %d %s", a.Status, a.Raw)
		}
		if a := i.Call("GET", "/.well-known/openid-configuration", nil, nil); a.Str("registration_endpoint") != i.URL+"/register" {
			t.Errorf("RFC 8414 §2: %v", a.JSON["registration_endpoint"])
		}
	})
	t.Run("quota for all, and a budget for each address", func(t *testing.T) {
		i := New(t, registering(func(p *register.Policy) { p.MaxClients, p.PerAddress = 3, 5 }))
		from := func(address string) func(*http.Request) {
			return func(r *http.Request) { r.RemoteAddr = address + ":1" }
		}
		got := map[int]int{}
		for range 7 {
			got[i.sendJSON("POST", "/register", "", metadata, from("192.0.2.1")).Status]++
		}
		if got[201] != 3 || got[403] != 2 || got[429] != 2 {
			t.Errorf("%v", got)
		}
		if a := i.sendJSON("POST", "/register", "", metadata, from("192.0.2.2")); a.Status != 403 {
			t.Errorf("somebody else: %d", a.Status)
		}
		i.Clock.Add(unusedTTL) // nobody used them
		if _, err := i.Store.Sweep(t.Context(), 100, i.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		i.register(t, "", metadata)
	})
}

// TestUnusedClientsGo: a client that nobody uses goes with all that it had; every kind of use puts that off.
func TestUnusedClientsGo(t *testing.T) {
	i := New(t, registering())
	i.Person("alice")
	device := object{"token_endpoint_auth_method": "none", "grant_types": []string{oauth.DeviceGrant}}
	idle, busy, tv := i.register(t, "", object{"redirect_uris": []string{Callback}}), i.register(t, "", object{"redirect_uris": []string{Callback}}), i.register(t, "", device)
	used, screen := i.registered(t, busy, nil), i.registered(t, tv, nil)
	end := i.Clock.Now().Add(unusedTTL)
	for i.Clock.Now().Before(end) {
		i.Clock.Add(30 * 24 * time.Hour)
		used.Redeem(used.SignIn(i.Browser(), "alice"))
		screen.begin(t)
	}
	if _, err := i.Store.Sweep(t.Context(), 1000, i.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		reg    Answer
		status int
	}{"unused": {idle, 401}, "used by people": {busy, 200}, "used by a device": {tv, 200}} {
		if got := i.sendJSON("GET", row.reg.Str("registration_client_uri"), row.reg.Str("registration_access_token"), nil); got.Status != row.status {
			t.Errorf("%s: %d %s", name, got.Status, got.Raw)
		}
	}
	if _, err := i.Store.Client(t.Context(), idle.Str("client_id")); err == nil {
		t.Error("it is still there")
	}
}

// TestExemptByNamedToken: who holds the token that an operator marked needs no PKCE, and nobody else is excused, nor ever a public client.
func TestExemptByNamedToken(t *testing.T) {
	i := New(t, registering())
	i.Person("alice")
	exempt, other := i.initial(storage.RegistrationToken{ID: "exempt", PKCEExempt: true}), i.initial(storage.RegistrationToken{ID: "other"})
	metadata := func(method string) object {
		return object{"redirect_uris": []string{Callback}, "token_endpoint_auth_method": method}
	}
	for _, c := range []struct {
		name, initial, method string
		change                bool
		want                  string
	}{
		{"RFC 7636 §4.4.1 its client", exempt, "client_secret_basic", false, ""},
		{"RFC 7636 §4.4.1 its client, changed", exempt, "client_secret_basic", true, ""},
		{"RFC 9700 §2.1.1 a public client of it", exempt, "none", false, "invalid_request"},
		{"RFC 9700 §2.1.1 a public client of it that gets a secret", exempt, "none", true, "invalid_request"},
		{"RFC 9700 §2.1.1 another token", other, "client_secret_basic", false, "invalid_request"},
		{"RFC 9700 §2.1.1 no token", "", "client_secret_basic", false, "invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			reg := i.register(t, c.initial, metadata(c.method))
			if c.change {
				put := metadata("client_secret_basic")
				put["client_id"] = reg.Str("client_id")
				if a := i.sendJSON("PUT", reg.Str("registration_client_uri"), reg.Str("registration_access_token"), put); a.Status != 200 {
					t.Fatal(a.Raw)
				}
			}
			a := i.registered(t, reg, nil)
			p := i.Browser().Get(a.Authorize("code_challenge", "", "code_challenge_method", ""))
			got := ""
			if p.Left != nil {
				got = p.Left.Query().Get("error")
			}
			if got != c.want || c.want == "" && p.Title() != "Sign in" {
				t.Errorf("%d %q left %v", p.Status, p.Title(), p.Left)
			}
			if c.want == "" {
				if ans := a.Redeem(a.SignIn(i.Browser(), "alice", "code_challenge", "", "code_challenge_method", ""), "code_verifier", ""); ans.Status != 200 {
					t.Errorf("%d %s", ans.Status, ans.Raw)
				}
			}
		})
	}
}
