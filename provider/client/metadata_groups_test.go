package client

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/storage"
)

func TestCheckGroupsOfClients(t *testing.T) {
	for what, row := range map[string]struct {
		change func(*storage.Client)
		says   string
	}{
		"good": {func(c *storage.Client) {
			c.AllowedGroups, c.GroupsFilter = []string{"staff", "team/red"}, []string{"*", "app-*", "staff"}
		}, ""},
		"no beginnings who may":  {func(c *storage.Client) { c.AllowedGroups = []string{"staff*"} }, "allowed_groups"},
		"no name":                {func(c *storage.Client) { c.AllowedGroups = []string{"a,b"} }, "allowed_groups"},
		"an asterisk in between": {func(c *storage.Client) { c.GroupsFilter = []string{"a*b"} }, "groups_filter"},
		"nobody signs in to it": {func(c *storage.Client) {
			c.AllowedGroups, c.GrantTypes = []string{"staff"}, []string{"client_credentials"}
		}, "allowed_groups"},
		"too many":                 {func(c *storage.Client) { c.GroupsFilter = strings.Fields(strings.Repeat("a ", MaxListed+1)) }, "groups_filter"},
		"a machine may be without": {func(c *storage.Client) { c.GrantTypes = []string{"client_credentials"} }, ""},
	} {
		c := storage.Client{ID: "a", AuthMethod: BasicMethod, Secrets: []storage.ClientSecret{{}}, GrantTypes: []string{"authorization_code"},
			RedirectURIs: []string{"https://a.example/"}}
		row.change(&c)
		k := &checker{c: c}
		k.groups()
		if (row.says == "") != (len(k.faults) == 0) || row.says != "" && k.faults[0].Field != row.says {
			t.Errorf("%s: %v", what, k.faults)
		}
	}
}

// Who empties a list to shut people out must not open the application. Only null, alone, takes the list away.
func TestEmptyGroupsOfClients(t *testing.T) {
	for _, name := range []string{"allowed_groups", "groups_filter"} {
		for value, row := range map[string]struct {
			whole, good bool
		}{
			`[]`: {false, false}, `""`: {false, false}, `false`: {false, false}, `null`: {false, true}, `["staff"]`: {false, true},
			`[] `: {true, false}, `"" `: {true, false}, `null `: {true, false}, `["staff"] `: {true, true},
		} {
			c := storage.Client{}
			faults := ReadMetadata(&c, parse(t, `{"`+name+`": `+value+`}`), Operator, row.whole)
			if (faults == nil) != row.good || !row.good && (faults[0].Field != name || !strings.Contains(faults[0].Problem, "has no groups; leave it out")) {
				t.Errorf("%s: %s, whole %v: %v", name, value, row.whole, faults)
			}
		}
		if faults := ReadMetadata(&storage.Client{}, parse(t, `{"`+name+`": []}`), Registrant, true); faults != nil {
			t.Errorf("RFC 7591 §2: a registrant cannot ask for %s, and asks for nothing: %v", name, faults)
		}
	}
}

func TestSecretUse(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := newSecrets(nil)
	c := storage.Client{ID: "a", Secrets: []storage.ClientSecret{{ID: "one", Hash: HashSecret("first")}, {ID: "two", Hash: HashSecret("second")}}}
	if err := s.check(t.Context(), c, "second", now); err != nil {
		t.Fatal(err)
	}
	if err := s.check(t.Context(), c, "wrong", now.Add(time.Hour)); err == nil {
		t.Fatal("a wrong secret")
	}
	if !s.lastUsed("a", "one").IsZero() || !s.lastUsed("a", "two").Equal(now) || !s.lastUsed("b", "two").IsZero() {
		t.Errorf("%v %v", s.lastUsed("a", "one"), s.lastUsed("a", "two"))
	}
	for i := range 16*maxRemembered + 1 {
		s.note(fmt.Sprint(i), "", now)
	}
	if n := len(s.used); n > 16*maxRemembered {
		t.Errorf("%d are remembered", n)
	}
}
