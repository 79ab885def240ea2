package register

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/provider/client"
	"latchkey/storage"
)

func TestManage(t *testing.T) {
	g := newRig(t)
	a := g.register(t, shop+`,"client_name":"Shop","contacts":["me"],"scope":"openid"}`)
	id, secret := a.text("client_id"), a.text("client_secret")
	read := g.manage("GET", a, "")
	if read.status != 200 || read.text("client_secret") != "" || read.text("registration_access_token") != a.text("registration_access_token") ||
		read.header.Get("Cache-Control") != "no-store" {
		t.Errorf("RFC 7592 §2.1: %d %s", read.status, read.body)
	}
	for name, v := range a.json {
		if name != "client_secret" && name != "client_secret_expires_at" && read.body != "" && read.json[name] == nil {
			t.Errorf("RFC 7592 §2.1 %s (%v) is not told", name, v)
		}
	}
	g.now = g.now.Add(time.Hour)
	put := g.manage("PUT", a, shop+`,"client_id":"`+id+`","client_secret":"`+secret+`","client_uri":"https://shop.example/","contacts":null}`)
	if put.status != 200 || put.text("client_name") != "" || put.json["contacts"] != nil || put.text("client_uri") == "" || put.text("client_secret") != "" ||
		put.text("registration_access_token") != a.text("registration_access_token") || put.json["client_id_issued_at"] != a.json["client_id_issued_at"] {
		t.Errorf("RFC 7592 §2.2 the whole is replaced: %d %s", put.status, put.body)
	}
	c := g.stored(t, a)
	if c.Secrets[0].Hash != client.HashSecret(secret) || !c.ExpiresAt.Equal(g.now.Add(24*time.Hour)) || strings.Join(c.Scopes, " ") != "openid profile email offline_access" {
		t.Errorf("%+v", c)
	}
	grant := storage.Grant{ID: "g", ClientID: id, CreatedAt: g.now}
	if err := g.store.CreateGrant(t.Context(), grant, g.now); err != nil {
		t.Fatal(err)
	}
	if gone := g.manage("DELETE", a, ""); gone.status != http.StatusNoContent || gone.body != "" || gone.header.Get("Cache-Control") != "no-store" {
		t.Errorf("RFC 7592 §2.3: %d %s", gone.status, gone.body)
	}
	if _, err := g.store.Grant(t.Context(), storage.GrantKey{ID: "g"}, g.now); err == nil {
		t.Error("RFC 7592 §2.3: what was granted is still there")
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		if again := g.manage(method, a, "{}"); again.status != 401 {
			t.Errorf("RFC 7592 §2 %s of a client that is gone: %d", method, again.status)
		}
	}
	if got := strings.Join(g.events, ","); got != "client.changed registered,client.changed updated,client.changed deleted" {
		t.Error(got)
	}
}

func TestManageRefuses(t *testing.T) {
	g := newRig(t)
	a, other := g.register(t, shop+`}`), g.register(t, shop+`}`)
	own := `"client_id":"` + a.text("client_id") + `"`
	for _, row := range []struct {
		name, body, code, member string
	}{
		{"RFC 7592 §2.2 no ID", shop + `}`, "invalid_client_metadata", "client_id"},
		{"RFC 7592 §2.2 the ID of another", shop + `,"client_id":"` + other.text("client_id") + `"}`, "invalid_client_metadata", "client_id"},
		{"RFC 7592 §2.2 no string", shop + `,"client_id":{"a":1}}`, "invalid_client_metadata", "client_id"},
		{"RFC 7592 §2.2 the secret of another", shop + `,` + own + `,"client_secret":"` + other.text("client_secret") + `"}`, "invalid_client_metadata", "client_secret"},
		{"RFC 7592 §2.2 no secret", shop + `,` + own + `,"client_secret":7}`, "invalid_client_metadata", "client_secret"},
		{"RFC 7592 §2.2 the token", shop + `,` + own + `,"registration_access_token":"x"}`, "invalid_client_metadata", "registration_access_token"},
		{"RFC 7592 §2.2 the address", shop + `,` + own + `,"registration_client_uri":"https://x.example"}`, "invalid_client_metadata", "registration_client_uri"},
		{"RFC 7592 §2.2 the time", shop + `,` + own + `,"client_id_issued_at":1}`, "invalid_client_metadata", "client_id_issued_at"},
		{"RFC 7592 §2.2 the end", shop + `,` + own + `,"client_secret_expires_at":0}`, "invalid_client_metadata", "client_secret_expires_at"},
		{"as a registration", `{` + own + `,"redirect_uris":["https://shop.example/#x"]}`, "invalid_redirect_uri", "redirect_uris"},
		{"what is the operator's", shop + `,` + own + `,"skip_consent":true}`, "invalid_client_metadata", "skip_consent"},
	} {
		if put := g.manage("PUT", a, row.body); put.status != 400 || put.text("error") != row.code || !strings.Contains(put.text("error_description"), row.member) {
			t.Errorf("%s: %d %s", row.name, put.status, put.body)
		}
	}
	if c := g.stored(t, a); c.Version != 1 {
		t.Errorf("something was written: %+v", c)
	}
	path := strings.TrimPrefix(a.text("registration_client_uri"), g.Issuer)
	initial := g.token(t, storage.RegistrationToken{ID: "x"})
	for name, token := range map[string]string{"RFC 6750 §3.1 none": "", "RFC 7592 §2 of another client": other.text("registration_access_token"), "initial": initial,
		"unknown": "lkg_" + strings.Repeat("A", 43), "a secret": a.text("client_secret"), "prefix alone": "lkg_"} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			got := g.do(method, path, token, shop+`,`+own+`}`)
			if got.status != 401 || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer ") || got.text("error") != "invalid_token" {
				t.Errorf("%s, %s: %d %s", name, method, got.status, got.body)
			}
		}
	}
	for _, path := range []string{"/register/", "/register/" + strings.Repeat("x", 300), "/register/unknown"} {
		if got := g.do("GET", path, a.text("registration_access_token"), ""); got.status != 401 {
			t.Errorf("%.20s: %d", path, got.status)
		}
	}
}

// A client that was not registered by itself, is off, or has gone is not looked after, whatever its hash.
func TestManageOnlyRegistrants(t *testing.T) {
	for name, change := range map[string]func(*storage.Client){
		"made by an operator": func(c *storage.Client) { c.Registered = false },
		"without a token":     func(c *storage.Client) { c.RegistrationHash = "" },
		"disabled":            func(c *storage.Client) { c.Disabled = true },
	} {
		g := newRig(t)
		a := g.register(t, shop+`}`)
		c := g.stored(t, a)
		change(&c)
		if _, err := g.store.ReplaceClient(t.Context(), c, g.now); err != nil {
			t.Fatal(err)
		}
		if got := g.manage("GET", a, ""); got.status != 401 {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	g := newRig(t)
	a := g.register(t, shop+`}`)
	g.Declared = func(id string) bool { return id == a.text("client_id") }
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		if got := g.manage(method, a, shop+`,"client_id":"`+a.text("client_id")+`"}`); got.status != 401 {
			t.Errorf("%s of a client that the operator declared: %d", method, got.status)
		}
	}
	g = newRig(t)
	a = g.register(t, shop+`}`)
	g.now = g.now.Add(24 * time.Hour)
	if got := g.manage("GET", a, ""); got.status != 401 {
		t.Errorf("expired: %d", got.status)
	}
}

// What an operator gave stays; what a client needs of secrets follows its metadata.
func TestReplaceKeepsAndMakes(t *testing.T) {
	g := newRig(t)
	a := g.register(t, shop+`,"token_endpoint_auth_method":"none"}`)
	own := `,"client_id":"` + a.text("client_id") + `"}`
	c := g.stored(t, a)
	c.Audiences, c.AccessTokenTTL, c.PKCEExempt = []string{"https://api.example"}, time.Minute, true
	if _, err := g.store.ReplaceClient(t.Context(), c, g.now); err != nil {
		t.Fatal(err)
	}
	secret := ""
	for _, row := range []struct {
		name, with   string
		made, sealed bool
		secrets      int
	}{
		{"still public", `,"token_endpoint_auth_method":"none"`, false, false, 0},
		{"now with a secret", ``, true, false, 1},
		{"the same secret", `,"client_name":"x"`, false, false, 1},
		{"with a MAC: another secret, since the former is a hash alone", `,"token_endpoint_auth_method":"client_secret_jwt"`, true, true, 1},
		{"a MAC elsewhere", `,"id_token_signed_response_alg":"HS256"`, false, true, 1},
		{"with keys", `,"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"https://shop.example/jwks"`, false, false, 0},
		{"with keys and a MAC", `,"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"https://shop.example/jwks","userinfo_signed_response_alg":"HS256"`, true, true, 1},
	} {
		put := g.manage("PUT", a, shop+row.with+own)
		made := put.text("client_secret")
		c := g.stored(t, a)
		if put.status != 200 || (made != "") != row.made || len(c.Secrets) != row.secrets || row.secrets > 0 && (c.Secrets[0].Sealed != nil) != row.sealed {
			t.Errorf("%s: %d %s %+v", row.name, put.status, put.body, c.Secrets)
		}
		if made != "" {
			if _, told := put.json["client_secret_expires_at"]; !told || made == secret {
				t.Errorf("RFC 7591 §3.2.1 %s: %s", row.name, put.body)
			}
			secret = made
		}
		if len(c.Audiences) != 1 || c.AccessTokenTTL != time.Minute {
			t.Errorf("%s: what the operator gave is gone: %+v", row.name, c)
		}
		if public := c.AuthMethod == client.NoneMethod; public && c.PKCEExempt {
			t.Errorf("RFC 9700 §2.1.1 %s: a public client without PKCE", row.name)
		}
	}
}

// An update cannot get what a registration could not (the policy may have become stricter).
func TestReplaceIsJudgedByThePolicyOfNow(t *testing.T) {
	g := newRig(t)
	a := g.register(t, shop+`,"grant_types":["authorization_code","refresh_token"]}`)
	g.Policy.GrantTypes, g.Policy.Scopes, g.Policy.RedirectHosts = []string{"authorization_code"}, []string{"openid"}, []string{"other.example"}
	put := g.manage("PUT", a, shop+`,"client_id":"`+a.text("client_id")+`","grant_types":["authorization_code","refresh_token"]}`)
	if put.status != 400 || !strings.Contains(put.text("error_description"), "grant_types") || !strings.Contains(put.text("error_description"), "redirect_uris") {
		t.Errorf("%d %s", put.status, put.body)
	}
}
