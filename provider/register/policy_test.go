package register

import (
	"strings"
	"testing"

	"latchkey/provider/client"
	"latchkey/storage"
)

func TestRedirectHosts(t *testing.T) {
	p := Policy{RedirectHosts: []string{"shop.example", ".Apps.example", "127.0.0.1", "com.example.app"}}
	for uri, want := range map[string]bool{
		"https://shop.example/cb": true, "https://SHOP.example:8443/cb": true, "https://x.shop.example/": false, "https://shop.example.evil/": false,
		"https://a.apps.example/": true, "https://a.b.apps.example/": true, "https://apps.example/": false, "https://evilapps.example/": false,
		"http://127.0.0.1:7/cb": true, "http://localhost/cb": false, "com.example.app:/cb": true, "com.example.app.evil:/cb": false, "com.example:/cb": false,
	} {
		for field, c := range map[string]storage.Client{"redirect_uris": {RedirectURIs: []string{uri}}, "post_logout_redirect_uris": {PostLogoutRedirectURIs: []string{uri}},
			"initiate_login_uri": {InitiateLoginURI: uri}} {
			faults := p.hosts("https://id.example", c)
			if (len(faults) == 0) != want || !want && faults[0].Field != field {
				t.Errorf("%s %s: %v", field, uri, faults)
			}
		}
	}
	if faults := (Policy{}).hosts("https://id.example", storage.Client{RedirectURIs: []string{"https://anything.example/"}}); faults != nil {
		t.Error(faults)
	}
}

func TestScopes(t *testing.T) {
	p := Policy{Scopes: []string{"openid", "email", "account", "api:read"}}
	for _, row := range []struct {
		name, grants, asked, want string
	}{
		{"RFC 7591 §2 none asked", "authorization_code", "", "openid email api:read"},
		{"RFC 7591 §2 some asked", "authorization_code", "email phone account", "email"},
		{"a machine", "client_credentials", "", "api:read"},
		{"a machine that asks", "client_credentials", "openid", "openid"},
		{"a device", "urn:ietf:params:oauth:grant-type:device_code", "", "openid email api:read"},
	} {
		c := storage.Client{GrantTypes: strings.Fields(row.grants), Scopes: strings.Fields(row.asked)}
		p.scopes(&c, row.asked != "")
		if got := strings.Join(c.Scopes, " "); got != row.want {
			t.Errorf("%s: %s", row.name, got)
		}
	}
	if strings.Join(p.Scopes, " ") != "openid email account api:read" {
		t.Error("the policy itself was changed")
	}
}

func TestNarrow(t *testing.T) {
	served := client.Served{GrantTypes: []string{"authorization_code", "implicit"}, ResponseTypes: []string{"code"}}
	got := Policy{GrantTypes: []string{"implicit", "client_credentials"}, AuthMethods: []string{"none"}}.narrow(served)
	if len(got.GrantTypes) != 1 || got.GrantTypes[0] != "implicit" || len(got.ResponseTypes) != 1 || len(got.AuthMethods) != 1 {
		t.Errorf("%+v", got)
	}
	if got := (Policy{GrantTypes: []string{"client_credentials"}}).narrow(served); got.GrantTypes == nil || len(got.GrantTypes) != 0 {
		t.Errorf("nothing in common is nothing, not everything: %#v", got.GrantTypes)
	}
}
