package reconcile

import (
	"slices"
	"strings"
	"testing"

	"latchkey/cmd/latchkey/config"
	"latchkey/storage"
)

func TestGroupsOfAPerson(t *testing.T) {
	d := NewDirectory()
	d.Set(config.Declared{Groups: []config.Group{
		{Name: "closed", Members: []config.Member{{Email: "ada@example.com"}}},
		{Name: "open", ByCommand: true, Members: []config.Member{{Sub: "sub-ada"}, {Email: "ada@example.com"}}},
		{Name: "named", Members: []config.Member{{Username: "ada"}}},
		{Name: "nobody", Members: []config.Member{{Email: ""}}},
	}})
	for what, row := range map[string]struct {
		a    storage.Account
		want string
	}{
		"a proven address":               {storage.Account{Sub: "x", EmailKey: "ada@example.com", EmailVerified: true}, "closed open"},
		"an address that is not proven":  {storage.Account{Sub: "x", EmailKey: "ada@example.com"}, ""},
		"a sub":                          {storage.Account{Sub: "sub-ada"}, "open"},
		"a username":                     {storage.Account{Sub: "x", UsernameKey: "ada"}, "named"},
		"by several names, once":         {storage.Account{Sub: "sub-ada", EmailKey: "ada@example.com", EmailVerified: true}, "closed open"},
		"by command":                     {storage.Account{Sub: "x", Groups: []string{"open", "other"}}, "open other"},
		"by command, but it is the file": {storage.Account{Sub: "x", Groups: []string{"closed"}}, ""},
		"nobody":                         {storage.Account{Sub: "x"}, ""},
	} {
		if got := strings.Join(d.Of(row.a), " "); got != row.want {
			t.Errorf("%s: %q, want %q", what, got, row.want)
		}
	}
	d.Set(config.Declared{})
	if got := d.Of(storage.Account{Sub: "sub-ada", EmailKey: "ada@example.com", EmailVerified: true, Groups: []string{"closed"}}); !slices.Equal(got, []string{"closed"}) {
		t.Errorf("once no file has the group: %v", got)
	}
}

func TestTextOfScopes(t *testing.T) {
	d := NewDirectory()
	d.Set(config.Declared{Scopes: []config.Scope{
		{Name: "read", Descriptions: map[string]string{"": "See", "de": "Sehen", "pt-BR": "Ver"}, Claims: []string{"email"}},
		{Name: "secret", Hidden: true},
	}})
	for locale, want := range map[string]string{"en": "See", "de": "Sehen", "de-AT": "Sehen", "DE": "Sehen", "pt-br": "Ver", "pt": "See", "": "See"} {
		if got := d.Text("read", locale); got != want {
			t.Errorf("%s: %q, want %q", locale, got, want)
		}
	}
	if d.Text("secret", "en") != "" || d.Text("unknown", "en") != "" {
		t.Error("words for what has none")
	}
	if !slices.Equal(d.Listed(), []string{"read"}) || !slices.Equal(d.Claims()["read"], []string{"email"}) {
		t.Errorf("%v %v", d.Listed(), d.Claims())
	}
}
