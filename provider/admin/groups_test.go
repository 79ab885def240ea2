package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// files declares two groups: staff is of the file alone, ops of commands too.
type files struct{}

func (files) Declared() []DeclaredGroup {
	return []DeclaredGroup{{Name: "ops", ByCommand: true, Members: []string{"ada@example.com"}}, {Name: "staff", Members: []string{"ada@example.com", "bob@example.com", "eve@example.com"}}}
}

func (files) Of(a storage.Account) []string {
	out := slices.DeleteFunc(slices.Clone(a.Groups), func(g string) bool { return g == "staff" })
	if a.EmailVerified {
		for _, g := range (files{}).Declared() {
			if slices.Contains(g.Members, a.EmailKey) {
				out = append(out, g.Name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (p people) setMember(ctx context.Context, id int64, group string, member bool, _ account.Caller) (storage.Account, error) {
	a, err := p.Account(ctx, storage.AccountKey{ID: id})
	if err != nil {
		return a, err
	}
	change := storage.LeaveGroup
	if member {
		change = storage.JoinGroup
	}
	a.Groups = change(a.Groups, group)
	if len(a.Groups) > storage.MaxGroups {
		return a, account.ErrGroups
	}
	return p.ReplaceAccount(ctx, a, storage.Effects{}, time.Time{})
}

func TestGroups(t *testing.T) {
	f := newFixture(t, ring{})
	for i, name := range []string{"ada", "bob", "cyd"} {
		if _, err := f.store.CreateAccount(t.Context(), storage.Account{Sub: "sub-" + name, Username: name, UsernameKey: name, Email: name + "@example.com",
			EmailKey: name + "@example.com", EmailVerified: name == "ada", Groups: [][]string{nil, {"staff"}, nil}[i]}, storage.Effects{}, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct {
		name, method, path string
		status             int
		says               string
	}{
		{"what files declare, and the account of the file", "GET", "groups", 200, `[{"name":"ops","declared":true,"by_command":true,"count":1},{"name":"staff","declared":true,"by_command":false,"count":1}]`},
		{"who of a file does not count", "GET", "groups/staff", 200, `"waiting":[{"member":"bob@example.com","reason":"the address is not proven"},{"member":"eve@example.com","reason":"there is no such account"}]`},
		{"a group of the file is the file's", "PUT", "groups/staff/members/cyd", 400, "change it there"},
		{"a group of both", "PUT", "groups/ops/members/cyd", 200, `"groups":["ops"]`},
		{"a group of commands", "PUT", "groups/team%2Fred/members/cyd@example.com", 200, `"groups":["ops","team/red"]`},
		{"is there as long as it has members", "GET", "groups/team%2Fred", 200, `{"name":"team/red","declared":false,"by_command":true,"count":1,"members":[{"id":3,"username":"cyd","email":"cyd@example.com","by_command":true}]}`},
		{"of both: who is named by which", "GET", "groups/ops", 200, `"members":[{"id":1,"username":"ada","email":"ada@example.com","by_command":false},{"id":3,`},
		{"no name", "PUT", "groups/a,b/members/cyd", 400, "has a comma"},
		{"nobody", "PUT", "groups/ops/members/dan", 404, `there is no user \"dan\"`},
		{"whom the file names", "DELETE", "groups/ops/members/ada", 400, "a file names the user"},
		{"who is not in it", "DELETE", "groups/ops/members/bob", 400, "not in that group"},
		{"out of a group of the file, where commands left it", "DELETE", "groups/staff/members/bob", 200, `"username":"bob"`},
		{"out", "DELETE", "groups/team%2Fred/members/3", 200, `"groups":["ops"]`},
		{"then it is gone", "GET", "groups/team%2Fred", 404, `there is no group \"team/red\"`},
		{"a user has those that count", "GET", "users/ada", 200, `"groups":["ops","staff"]`},
	} {
		if status, body := f.call(row.method, row.path, ""); status != row.status || !strings.Contains(body, row.says) {
			t.Errorf("%s: %d %s", row.name, status, body)
		}
	}
	for i := range storage.MaxGroups - 1 {
		f.call("PUT", fmt.Sprintf("groups/g%d/members/cyd", i), "")
	}
	if status, body := f.call("PUT", "groups/more/members/cyd", ""); status != 400 || !strings.Contains(body, "100 groups already") {
		t.Errorf("%d %s", status, body)
	}
}

func TestDeclaration(t *testing.T) {
	f := newFixture(t, ring{})
	status, body := f.call("GET", "declared", "")
	var d Declaration
	if err := json.Unmarshal([]byte(body), &d); err != nil || status != 200 || d.Source != "server" || d.Clients[0].Text("client_id") != "a" {
		t.Errorf("%d %s %v", status, body, err)
	}
}

// A copy of a client that files have no more is shown as that; it can be deleted, and nothing else.
func TestInert(t *testing.T) {
	f := newFixture(t, ring{})
	for _, c := range []storage.Client{{ID: "gone", Declared: true, Disabled: true}, {ID: "fixed", Declared: true}, {ID: "made", Secrets: []storage.ClientSecret{{ID: "used"}, {ID: "idle"}}}} {
		if _, err := f.store.CreateClient(t.Context(), c, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct {
		name, method, path, body string
		status                   int
		says, lacks              string
	}{
		{"list", "GET", "clients", "", 200, `"inert":true`, ""},
		{"a page of copies alone is passed over", "GET", "clients?limit=1&after=a", "", 200, `"gone"`, `"fixed"`},
		{"show", "GET", "clients/gone", "", 200, `"inert":true`, ""},
		{"what is declared is not", "GET", "clients/fixed", "", 200, `"declared":true`, `"inert"`},
		{"secrets tell when they were used", "GET", "clients/made", "", 200, `{"id":"used","last_used_at":"2026-01-02T03:04:05Z"},{"id":"idle"}`, ""},
		{"no change", "PATCH", "clients/gone", `{"client_name":"x"}`, 400, "put it back there", ""},
		{"no secret", "POST", "clients/gone/secret", "", 400, "put it back there", ""},
		{"its ID is taken", "POST", "clients", `{"client_id":"gone","token_endpoint_auth_method":"none","redirect_uris":["https://a.example/"]}`, 409, "exists", ""},
		{"deleted", "DELETE", "clients/gone", "", 200, "", ""},
		{"and gone", "GET", "clients/gone", "", 404, "", ""},
	} {
		status, body := f.call(row.method, row.path, row.body)
		if status != row.status || !strings.Contains(body, row.says) || row.lacks != "" && strings.Contains(body, row.lacks) {
			t.Errorf("%s: %d %s", row.name, status, body)
		}
	}
}
