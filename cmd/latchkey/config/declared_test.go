package config

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/provider/client"
)

func folderOf(t *testing.T, files map[string]string) *Folder {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &Folder{Dir: dir, Keep: Keep{Hash: client.HashSecret}, Logger: slog.New(slog.DiscardHandler)}
}

const publicClient = "{client_id: %s, token_endpoint_auth_method: none, redirect_uris: ['https://a.example/']}\n"

// A file has one client, a list of them, or kinds; several documents are as several files.
func TestShapesOfFiles(t *testing.T) {
	one := func(id string) string { return fmt.Sprintf(publicClient, id) }
	for what, row := range map[string]struct{ file, clients, groups, scopes string }{
		"a client":            {one("a"), "a", "", ""},
		"a list":              {"- " + one("a") + "- " + one("b"), "a b", "", ""},
		"clients alone":       {"clients:\n- " + one("a"), "a", "", ""},
		"one under clients":   {"clients: " + one("a"), "a", "", ""},
		"every kind":          {"clients:\n- " + one("a") + "groups: [{name: staff}, {name: admins}]\nscopes: [{name: read}]\n", "a", "admins staff", "read"},
		"several documents":   {one("a") + "---\ngroups: [{name: staff}]\n---\n- " + one("b"), "a b", "staff", ""},
		"nothing":             {"# none yet\n", "", "", ""},
		"kinds without a one": {"clients:\ngroups:\nscopes:\n", "", "", ""},
	} {
		r, _, err := folderOf(t, map[string]string{"f.yaml": row.file}).Read()
		var groups, scopes []string
		for _, g := range r.Groups {
			groups = append(groups, g.Name)
		}
		for _, s := range r.Scopes {
			scopes = append(scopes, s.Name)
		}
		if err != nil || idsOf(r.Clients) != row.clients || strings.Join(groups, " ") != row.groups || strings.Join(scopes, " ") != row.scopes {
			t.Errorf("%s: %v %v %v, %v", what, idsOf(r.Clients), groups, scopes, err)
		}
		if any := row.clients+row.groups+row.scopes != ""; r.Complete != any {
			t.Errorf("%s: complete is %v: a folder that declares nothing never is", what, r.Complete)
		}
	}
}

func TestGroupsAndScopesOfFiles(t *testing.T) {
	f := folderOf(t, map[string]string{"a.yaml": `
groups:
- name: admins
  members: [Ada@Example.com, ada@example.com, 2F1E7A9C-0000-4000-8000-000000000001, Grace]
  by_command: true
scopes:
- name: invoices.read
  description: See your invoices
  description#de: Ihre Rechnungen sehen
  claims: [email, groups]
  hidden: true
`})
	f.Usernames = true
	r, _, err := f.Read()
	if err != nil {
		t.Fatal(err)
	}
	want := Declared{Groups: []Group{{Name: "admins", ByCommand: true, Members: []Member{
		{Sub: "2f1e7a9c-0000-4000-8000-000000000001"}, {Email: "ada@example.com"}, {Username: "grace"}}}},
		Scopes: []Scope{{Name: "invoices.read", Descriptions: map[string]string{"": "See your invoices", "de": "Ihre Rechnungen sehen"}, Claims: []string{"email", "groups"}, Hidden: true}}}
	r.Clients = nil
	if d := cmp.Diff(want, r.Declared); d != "" {
		t.Error(d)
	}
}

// Every fault tells the file and the line, and the file's objects of before stay.
func TestFaultsOfFiles(t *testing.T) {
	for what, row := range map[string]struct{ file, line, says string }{
		"unknown kind":          {"groups: []\nuser: []\n", ":2", "is not a known key"},
		"no list":               {"groups: {name: a}\n", ":1", "must be a list of groups"},
		"unknown member":        {"groups:\n- name: a\n  member: [x]\n", ":3", "is not a known key; did you mean"},
		"a group's name":        {"groups:\n- {name: 'a,b'}\n", ":2", "has a comma"},
		"a member's address":    {"groups:\n- {name: a, members: ['x@']}\n", ":2", "no e-mail address"},
		"a username":            {"groups:\n- {name: a, members: [ada]}\n", ":2", "whoever signs up could take it"},
		"a standard scope":      {"scopes:\n\n- {name: email}\n", ":3", "without being declared"},
		"the account API's":     {"scopes:\n- {name: account}\n", ":2", "without being declared"},
		"no scope token":        {"scopes:\n- {name: 'a b'}\n", ":2", "no scope"},
		"a claim nobody knows":  {"scopes:\n- {name: a, claims: [shoe_size]}\n", ":2", "shoe_size"},
		"sub as a claim":        {"scopes:\n- {name: a, claims: [sub]}\n", ":2", "sub"},
		"a description's bytes": {"scopes:\n- {name: a, description: \"a\\u202Eb\"}\n", ":2", "cannot be seen"},
		"no language":           {"scopes:\n- {name: a, 'description#!': x}\n", ":2", "no language"},
		"for nobody: no groups": {"clients:\n- client_id: a\n  redirect_uris: ['https://a.example/']\n  allowed_groups: []\n", ":4", "has no groups; leave it out for everybody"},
		"for nobody: null":      {"clients:\n- client_id: a\n  allowed_groups:\n", ":3", "has no groups; leave it out for everybody"},
		"for nobody: of null":   {"clients:\n- client_id: a\n  allowed_groups: [null]\n", ":3", "has no groups; leave it out for everybody"},
		"told none":             {"clients:\n- client_id: a\n  groups_filter: []\n", ":3", "has no groups; leave it out to tell all"},
		"told null":             {"clients:\n- client_id: a\n  groups_filter: ~\n", ":3", "has no groups; leave it out to tell all"},
		"a second document":     {"groups: []\n---\nclients: [{client_id: a}]\n", ":3", "redirect_uris"},
	} {
		f := folderOf(t, map[string]string{"a.yaml": "groups: [{name: before}]\n"})
		if _, _, err := f.Read(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(f.Dir, "a.yaml"), []byte(row.file), 0o600); err != nil {
			t.Fatal(err)
		}
		r, _, err := f.Read()
		if err == nil || !strings.Contains(err.Error(), row.says) || !strings.Contains(err.Error(), "a.yaml"+row.line) {
			t.Errorf("%s: %v", what, err)
		}
		if r.Complete || r.BadFiles != 1 || r.Stale["group"] != 1 || len(r.Groups) != 1 || r.Groups[0].Name != "before" {
			t.Errorf("%s: %+v", what, r)
		}
	}
}

func TestSecretsOfTheEnvironment(t *testing.T) {
	env := environ([]string{"SHOP_SECRET=first", "SHOP_SECRET=a secret of the shop", "EMPTY=", "LATCHKEY_X=a secret of the shop"})
	for name, good := range map[string]bool{"SHOP_SECRET": true, "EMPTY": false, "MISSING": false, "LATCHKEY_X": false} {
		f := folderOf(t, map[string]string{"a.yaml": "{client_id: a, redirect_uris: ['https://a.example/'], secrets: [{value_env: " + name + "}]}"})
		f.Keep.Env = env
		r, _, err := f.Read()
		if (err == nil) != good || good && r.Clients[0].Secrets[0].Hash != client.HashSecret("a secret of the shop") {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret of") {
			t.Errorf("%s: told by %v", name, err)
		}
	}
}
