package providertest

import (
	"encoding/json"
	"slices"
	"testing"

	"latchkey/provider"
	"latchkey/storage"
)

func TestTokensEndWithTheirClient(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(i *Issuer, all []storage.Client) []storage.Client
	}{
		{"the operator takes the client away", func(*Issuer, []storage.Client) []storage.Client { return nil }},
		{"the operator disables the client", func(_ *Issuer, all []storage.Client) []storage.Client {
			for n := range all {
				all[n].Disabled = true
			}
			return all
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := testIssuer(t)
			i.Person("alice")
			a := i.App("basic")
			access := a.Redeem(a.SignIn(i.Browser(), "alice", "scope", "openid")).Str("access_token")
			if got := i.Userinfo(access); got.Status != 200 {
				t.Fatalf("before: %d %s", got.Status, got.Raw)
			}
			i.Registry.Declare(c.end(i, i.Registry.Declared()))
			if got := i.Userinfo(access); got.Status != 401 {
				t.Errorf("after: %d %s", got.Status, got.Raw)
			}
		})
	}
}

func TestPromptCreateIsAnnouncedWhereSignUpIsOpen(t *testing.T) {
	for _, open := range []bool{true, false} {
		i := New(t, Config(func(c *provider.Config) { c.SignUpOpen = open }))
		var m struct {
			Prompts []string `json:"prompt_values_supported"`
		}
		if err := json.Unmarshal(i.Provider.Discovery(), &m); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(m.Prompts, "create") != open {
			t.Errorf("sign-up open %v: %v", open, m.Prompts)
		}
	}
}
